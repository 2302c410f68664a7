//! The video thread of a call: reads camera and screen and encodes, decodes and shows. It takes
//! milliseconds at a time, which sound must not wait for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use calling_media::video::{
    CaptureInput, CaptureOutput, EncodedPicture, PlayError, ReceivedPicture, VideoCapture,
    VideoCodec, VideoFrame, VideoPlayer, VideoSink,
};
use calling_model::{CallId, Machine, UserId, VideoTrack};
use tokio::sync::mpsc;

use crate::config::Config;
use crate::video::{VideoQuality, View, capture_settings};

/// The name of the threads, as debuggers show it.
const THREAD_NAME: &str = "calling-video";
/// Commands that may wait.
const MOST_COMMANDS: usize = 512;
/// Pictures that may wait to be decoded; more mean that this machine is too slow.
const MOST_PICTURES: usize = 64;
/// What the thread tells and nobody has read yet.
const MOST_TOLD: usize = 64;
/// How often a thread without work looks whether it is still wanted.
const IDLE: Duration = Duration::from_secs(5);

/// What a video thread is told.
pub(crate) enum VideoCommand {
    /// Open this camera or this screen, in place of another one.
    Open { track: VideoTrack, id: String },
    /// Close the camera, or share the screen no longer.
    Close(VideoTrack),
    /// Read nothing from the camera for a while, or again.
    Mute(bool),
    /// Show our own picture here, or no longer.
    LocalView(Option<View>),
    /// Show this picture here.
    RemoteView { user: UserId, track: VideoTrack, view: View },
    /// Show this picture no longer.
    NoRemoteView { user: UserId, track: VideoTrack },
    /// Encode the camera so.
    Quality(VideoQuality),
    /// Somebody needs a key frame.
    KeyFrame(VideoTrack),
    /// Aim at this many bits per second.
    Bitrate { track: VideoTrack, bps: u32 },
    /// Decode and show.
    Show { user: UserId, track: VideoTrack, picture: ReceivedPicture },
}

/// What a video thread tells.
pub(super) enum VideoEvent {
    /// A picture to send.
    Encoded { track: VideoTrack, codec: VideoCodec, picture: EncodedPicture, captured: Instant },
    /// What the camera or the screen is read from has ended.
    Ended(VideoTrack),
    /// The decoder of this picture stumbled.
    Stumbled { user: UserId, track: VideoTrack },
    /// The first picture of a view was shown; without a user it is our own.
    FirstFrame { user: Option<UserId>, track: VideoTrack, width: u32, height: u32 },
    /// The camera or a codec failed.
    Failed { code: i32, message: String },
}

/// The component's number for a camera that cannot be opened.
const CAMERA_FAILED: i32 = -1301;
/// The same for a picture that cannot be encoded.
const ENCODE_FAILED: i32 = -1303;
/// The same for a screen that cannot be read.
const SCREEN_FAILED: i32 = -1308;

/// A running video thread. Dropping it ends the thread.
pub(super) struct VideoThread {
    commands: SyncSender<VideoCommand>,
    waiting: Arc<AtomicUsize>,
    events: mpsc::Receiver<VideoEvent>,
}

impl VideoThread {
    pub(super) fn spawn(config: Arc<Config>, call_id: CallId) -> std::io::Result<Self> {
        let (commands, told) = sync_channel(MOST_COMMANDS);
        let (tells, events) = mpsc::channel(MOST_TOLD);
        let waiting = Arc::new(AtomicUsize::new(0));
        let worker = Worker::new(config, call_id, tells, Arc::clone(&waiting));
        std::thread::Builder::new()
            .name(THREAD_NAME.to_owned())
            .spawn(move || worker.work(&told))?;
        Ok(Self { commands, waiting, events })
    }

    /// Tells the thread; false if it is too far behind to take it, or has ended.
    pub(super) fn tell(&self, command: VideoCommand) -> bool {
        let is_picture = matches!(command, VideoCommand::Show { .. });
        if is_picture && self.waiting.load(Ordering::Relaxed) >= MOST_PICTURES {
            return false;
        }
        if is_picture {
            self.waiting.fetch_add(1, Ordering::Relaxed);
        }
        match self.commands.try_send(command) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                if is_picture {
                    self.waiting.fetch_sub(1, Ordering::Relaxed);
                }
                false
            }
        }
    }

    /// The next event; `None` if the thread has ended. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<VideoEvent> {
        self.events.recv().await
    }
}

struct Worker {
    config: Arc<Config>,
    call_id: CallId,
    tells: mpsc::Sender<VideoEvent>,
    waiting: Arc<AtomicUsize>,
    quality: VideoQuality,
    bitrate_bps: BTreeMap<VideoTrack, u32>,
    muted: bool,
    captures: BTreeMap<VideoTrack, VideoCapture>,
    local: Option<Watched>,
    remote: BTreeMap<(UserId, VideoTrack), RemoteView>,
}

/// A view, and whether its first picture was told of.
struct Watched {
    view: View,
    told: bool,
}

struct RemoteView {
    player: VideoPlayer,
    told: bool,
    /// The size of the last picture, left by the sink.
    size: std::sync::mpsc::Receiver<(u32, u32)>,
}

impl Worker {
    fn new(
        config: Arc<Config>,
        call_id: CallId,
        tells: mpsc::Sender<VideoEvent>,
        waiting: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            quality: config.video.quality(),
            config,
            call_id,
            tells,
            waiting,
            bitrate_bps: BTreeMap::new(),
            muted: false,
            captures: BTreeMap::new(),
            local: None,
            remote: BTreeMap::new(),
        }
    }

    /// Works until nobody can tell any more.
    fn work(mut self, commands: &Receiver<VideoCommand>) {
        loop {
            let due = self.captures.values().filter_map(Machine::poll_timeout).map(|(at, _)| at);
            let due = due.min();
            let wait = due.map_or(IDLE, |due| due.saturating_duration_since(Instant::now()));
            match commands.recv_timeout(wait) {
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            for track in VideoTrack::ALL {
                if let Some(capture) = self.captures.get_mut(&track) {
                    capture.handle_timeout(Instant::now());
                }
                self.drain(track);
            }
        }
    }

    fn obey(&mut self, command: VideoCommand) {
        match command {
            VideoCommand::Open { track, id } => self.open(track, &id),
            VideoCommand::Close(track) => {
                self.captures.remove(&track);
            }
            VideoCommand::Mute(muted) => {
                self.muted = muted;
                self.tell_capture(VideoTrack::Camera, CaptureInput::Pause(muted));
            }
            VideoCommand::LocalView(view) => {
                self.local = view.map(|view| Watched { view, told: false });
            }
            VideoCommand::RemoteView { user, track, view } => {
                self.remote.insert((user, track), RemoteView::new(view));
            }
            VideoCommand::NoRemoteView { user, track } => {
                self.remote.remove(&(user, track));
            }
            VideoCommand::Quality(quality) => {
                self.quality = quality;
                if let Some(codec) = self.config.video.codec() {
                    let settings = capture_settings(codec, quality);
                    self.tell_capture(VideoTrack::Camera, CaptureInput::Settings(settings));
                }
            }
            VideoCommand::KeyFrame(track) => self.tell_capture(track, CaptureInput::KeyFrame),
            VideoCommand::Bitrate { track, bps } => {
                self.bitrate_bps.insert(track, bps);
                self.tell_capture(track, CaptureInput::Bitrate(bps));
            }
            VideoCommand::Show { user, track, picture } => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.show(user, track, &picture);
            }
        }
    }

    fn open(&mut self, track: VideoTrack, id: &str) {
        let Some(codec) = self.config.video.codec() else {
            let message = "this program was built without a codec for pictures".to_owned();
            return self.failed(track, ENCODE_FAILED, message);
        };
        let source = match self.config.video.open(track, id, &self.call_id) {
            Ok(source) => source,
            Err(error) => {
                let code = match track {
                    VideoTrack::Camera => CAMERA_FAILED,
                    VideoTrack::Screen => SCREEN_FAILED,
                };
                return self.failed(track, code, error.0);
            }
        };
        let now = Instant::now();
        if self.captures.contains_key(&track) {
            return self.tell_capture(track, CaptureInput::Source(source));
        }
        let quality = match track {
            VideoTrack::Camera => self.quality,
            VideoTrack::Screen => VideoQuality::SCREEN,
        };
        let mut settings = capture_settings(codec, quality);
        if let Some(bps) = self.bitrate_bps.get(&track) {
            settings.bitrate_bps = settings.bitrate_bps.min(*bps);
        }
        self.captures.insert(track, VideoCapture::new(settings, source, now));
        if track == VideoTrack::Camera {
            self.tell_capture(track, CaptureInput::Pause(self.muted));
        }
    }

    /// Tells that nothing comes of what was to be opened, unless what was open before goes on.
    fn failed(&self, track: VideoTrack, code: i32, message: String) {
        self.tell(VideoEvent::Failed { code, message });
        if !self.captures.contains_key(&track) {
            self.tell(VideoEvent::Ended(track));
        }
    }

    fn tell_capture(&mut self, track: VideoTrack, input: CaptureInput) {
        if let Some(capture) = self.captures.get_mut(&track) {
            let Ok(()) = capture.handle_input(Instant::now(), input);
        }
    }

    fn drain(&mut self, track: VideoTrack) {
        while let Some(output) = self.captures.get_mut(&track).and_then(Machine::poll_output) {
            match output {
                CaptureOutput::Taken(picture) if track == VideoTrack::Camera => {
                    self.show_own(picture);
                }
                CaptureOutput::Taken(_) => {}
                CaptureOutput::Encoded { picture, captured } => {
                    let Some(codec) = self.config.video.codec() else { continue };
                    let event = VideoEvent::Encoded { track, codec, picture, captured };
                    if self.tells.try_send(event).is_err() {
                        // What follows needs what was left out.
                        self.tell_capture(track, CaptureInput::KeyFrame);
                    }
                }
                CaptureOutput::Ended => {
                    self.captures.remove(&track);
                    self.tell(VideoEvent::Ended(track));
                }
                CaptureOutput::Failed(error) => {
                    let (code, message) = (ENCODE_FAILED, error.to_string());
                    self.tell(VideoEvent::Failed { code, message });
                }
            }
        }
    }

    fn show_own(&mut self, picture: Arc<calling_media::video::I420Frame>) {
        let Some(local) = &mut self.local else { return };
        let (width, height) = (picture.width() as u32, picture.height() as u32);
        local.view.show(&VideoFrame { picture, rtp_timestamp: 0, due: Instant::now() });
        if !std::mem::replace(&mut local.told, true) {
            let track = VideoTrack::Camera;
            self.tell(VideoEvent::FirstFrame { user: None, track, width, height });
        }
    }

    fn show(&mut self, user: UserId, track: VideoTrack, picture: &ReceivedPicture) {
        let Some(remote) = self.remote.get_mut(&(user.clone(), track)) else { return };
        let played = remote.player.play(picture);
        let first = remote.first_size();
        if let Some((width, height)) = first {
            let user = Some(user.clone());
            self.tell(VideoEvent::FirstFrame { user, track, width, height });
        }
        match played {
            Ok(()) => {}
            Err(error @ (PlayError::NeedsKeyFrame(_) | PlayError::NoKeyFrameYet)) => {
                tracing::debug!(%error, "a picture was not shown");
                self.tell(VideoEvent::Stumbled { user, track });
            }
            Err(PlayError::NoDecoder(error)) => {
                self.remote.remove(&(user, track));
                let (code, message) = (ENCODE_FAILED, error.to_string());
                self.tell(VideoEvent::Failed { code, message });
            }
        }
    }

    fn tell(&self, event: VideoEvent) {
        // Full only if the media thread stands still.
        if self.tells.try_send(event).is_err() {
            tracing::debug!("an event of the video thread had no taker");
        }
    }
}

impl RemoteView {
    fn new(mut view: View) -> Self {
        let (leave, size) = sync_channel(1);
        let sink = move |frame: &VideoFrame| {
            // Only the first is read.
            let _ = leave.try_send((frame.picture.width() as u32, frame.picture.height() as u32));
            view.show(frame);
        };
        Self { player: VideoPlayer::new(Box::new(sink)), told: false, size }
    }

    /// The size of the first picture, once.
    fn first_size(&mut self) -> Option<(u32, u32)> {
        if self.told {
            return None;
        }
        let size = self.size.try_recv().ok()?;
        self.told = true;
        Some(size)
    }
}
