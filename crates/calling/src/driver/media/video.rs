//! The video thread of a call: reads the camera and encodes, decodes and shows. It takes
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
    /// Open this camera, in place of another one.
    OpenCamera(String),
    /// Close the camera.
    CloseCamera,
    /// Read nothing from the camera for a while, or again.
    Mute(bool),
    /// Show our own picture here, or no longer.
    LocalView(Option<View>),
    /// Show this picture here.
    RemoteView { user: UserId, track: VideoTrack, view: View },
    /// Show this picture no longer.
    NoRemoteView { user: UserId, track: VideoTrack },
    /// Encode so.
    Quality(VideoQuality),
    /// Somebody needs a key frame.
    KeyFrame,
    /// Aim at this many bits per second.
    Bitrate(u32),
    /// Decode and show.
    Show { user: UserId, track: VideoTrack, picture: ReceivedPicture },
}

/// What a video thread tells.
pub(super) enum VideoEvent {
    /// A picture to send.
    Encoded { codec: VideoCodec, picture: EncodedPicture, captured: Instant },
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
    bitrate_bps: Option<u32>,
    muted: bool,
    camera: Option<VideoCapture>,
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
            bitrate_bps: None,
            muted: false,
            camera: None,
            local: None,
            remote: BTreeMap::new(),
        }
    }

    /// Works until nobody can tell any more.
    fn work(mut self, commands: &Receiver<VideoCommand>) {
        loop {
            let due = self.camera.as_ref().and_then(Machine::poll_timeout).map(|(at, _)| at);
            let wait = due.map_or(IDLE, |due| due.saturating_duration_since(Instant::now()));
            match commands.recv_timeout(wait) {
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if let Some(camera) = &mut self.camera {
                camera.handle_timeout(Instant::now());
            }
            self.drain_camera();
        }
    }

    fn obey(&mut self, command: VideoCommand) {
        match command {
            VideoCommand::OpenCamera(id) => self.open_camera(&id),
            VideoCommand::CloseCamera => self.camera = None,
            VideoCommand::Mute(muted) => {
                self.muted = muted;
                self.tell_camera(CaptureInput::Pause(muted));
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
                    self.tell_camera(CaptureInput::Settings(settings));
                }
            }
            VideoCommand::KeyFrame => self.tell_camera(CaptureInput::KeyFrame),
            VideoCommand::Bitrate(bps) => {
                self.bitrate_bps = Some(bps);
                self.tell_camera(CaptureInput::Bitrate(bps));
            }
            VideoCommand::Show { user, track, picture } => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.show(user, track, &picture);
            }
        }
    }

    fn open_camera(&mut self, id: &str) {
        let Some(codec) = self.config.video.codec() else {
            let message = "this program was built without a codec for pictures".to_owned();
            return self.tell(VideoEvent::Failed { code: ENCODE_FAILED, message });
        };
        let source = match self.config.video.open(id, &self.call_id) {
            Ok(source) => source,
            Err(error) => {
                let (code, message) = (CAMERA_FAILED, error.0);
                return self.tell(VideoEvent::Failed { code, message });
            }
        };
        let now = Instant::now();
        if self.camera.is_some() {
            return self.tell_camera(CaptureInput::Source(source));
        }
        let mut settings = capture_settings(codec, self.quality);
        if let Some(bps) = self.bitrate_bps {
            settings.bitrate_bps = settings.bitrate_bps.min(bps);
        }
        self.camera = Some(VideoCapture::new(settings, source, now));
        self.tell_camera(CaptureInput::Pause(self.muted));
    }

    fn tell_camera(&mut self, input: CaptureInput) {
        if let Some(camera) = &mut self.camera {
            let Ok(()) = camera.handle_input(Instant::now(), input);
        }
    }

    fn drain_camera(&mut self) {
        while let Some(output) = self.camera.as_mut().and_then(Machine::poll_output) {
            match output {
                CaptureOutput::Taken(picture) => self.show_own(picture),
                CaptureOutput::Encoded { picture, captured } => {
                    let Some(codec) = self.config.video.codec() else { continue };
                    let event = VideoEvent::Encoded { codec, picture, captured };
                    if self.tells.try_send(event).is_err() {
                        // What follows needs what was left out.
                        self.tell_camera(CaptureInput::KeyFrame);
                    }
                }
                CaptureOutput::Ended => self.camera = None,
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
