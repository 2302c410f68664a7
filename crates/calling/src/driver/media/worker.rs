//! The life of a media thread.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use calling_media::{ReceiverConfig, SenderConfig, SilenceSource};
use calling_model::{Machine, UnixMillis, UserId, VideoTrack};
use calling_signaling::protocol::{MediaAnswer, ProtocolError, VideoStream};
use calling_transport::{CandidateKind, Certificate, CloseReason, Path};
use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::connect::{Attempt, Connected, connect, failure, is_loopback, secret_seed};
use super::video::{VideoCommand, VideoEvent, VideoThread};
use super::{MediaCommand, MediaEvent, MediaStart, Tells};
use crate::driver::ice::IcePath;
use crate::pipeline::{
    MOST_REMOTES, Pipeline, PipelineInput, PipelineOutput, PipelineSettings, VideoSettings,
};
use crate::stats::CallStats;
use crate::timings::Timings;
use crate::video::VideoQuality;

/// The longest datagram taken, in bytes: DTLS flights and voice stay below the Ethernet MTU.
const MOST_BYTES: usize = 2_048;
/// How long a session that the server closed waits to be stopped before it counts as failed: the
/// end of a call may overtake its announcement.
const FAREWELL: Duration = Duration::from_millis(500);
/// The longest search for the first path; it rings meanwhile.
const FIRST_SEARCH: Duration = Duration::from_secs(10);
/// A lost path is looked for once by this thread and as often again as the mirror asks, all of it
/// within the grace of a call.
const SEARCHES_PER_GRACE: u32 = 4;
/// The longest farewell to relays at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(200);
/// The component's numbers for a missing microphone and loudspeaker.
const NO_MICROPHONE: i32 = 1201;
const NO_LOUDSPEAKER: i32 = 1202;

/// Runs the media of one call to its end.
pub(super) async fn run(
    start: MediaStart,
    commands: mpsc::Receiver<MediaCommand>,
    tells: mpsc::Sender<MediaEvent>,
    stopped: CancellationToken,
) {
    let tells = Tells(tells);
    match Worker::new(start, tells.clone()) {
        Ok(mut worker) => {
            tokio::select! {
                () = worker.work(commands) => {}
                () = stopped.cancelled() => {}
            }
            worker.end().await;
        }
        Err(error) => tells.tell(MediaEvent::Failed(error)),
    }
}

/// What the session wished before there was a pipeline to do it.
pub(super) struct Wishes {
    pub(super) gate_open: bool,
    muted: bool,
    pub(super) remotes: BTreeMap<UserId, (u32, Vec<VideoStream>)>,
    /// About pictures, before there was a thread for them.
    pub(super) video: Vec<VideoCommand>,
    volume_interval: Option<Duration>,
}

pub(super) struct Worker {
    pub(super) start: MediaStart,
    pub(super) tells: Tells,
    certificate: Arc<Certificate>,
    audio_ssrc: u32,
    camera: VideoStream,
    screen: VideoStream,
    seed: [u8; 32],
    pub(super) wishes: Wishes,
    pipeline: Option<Pipeline>,
    pub(super) video: Option<VideoThread>,
    path: Option<IcePath>,
    phase: Phase,
    attempts: u32,
    candidate: Option<CandidateKind>,
    /// The moments of connecting; the others are the pipeline's.
    timings: Timings,
}

/// ```text
///      ┌───────────────────silence──────────────────────┐
///      ▼                                                │
///   Connecting ──path found──▶ Running ──closed by the server──▶ Closed
///      │  ▲ ▲                                                      │
///      │  │ └──────────────────────after a while───────────────────┘
///   failure │ Restart
///      ▼  │
///    Waiting
/// ```
enum Phase {
    /// Finding a path.
    Connecting(Pin<Box<dyn Future<Output = Result<Connected, ProtocolError>> + Send>>),
    /// There is a path.
    Running,
    /// The server closed the session; either the call ends now or this is a failure.
    Closed { until: Instant, reason: CloseReason },
    /// Told that it failed.
    Waiting,
}

/// What the worker woke up for.
enum Wake {
    Command(Option<MediaCommand>),
    Connected(Result<Box<Connected>, ProtocolError>),
    Received(Result<usize, calling_transport::PathError>),
    Video(Option<VideoEvent>),
    Due,
}

impl Worker {
    fn new(start: MediaStart, tells: Tells) -> Result<Self, ProtocolError> {
        let certificate =
            Certificate::generate().map_err(|error| failure("no certificate", &error))?;
        let ssrc = || OsRng.try_next_u32().map_err(|error| failure("no randomness", &error));
        let audio_ssrc = ssrc()?;
        let stream = |track| {
            let (ssrc, rtx_ssrc) = (ssrc()?, ssrc()?);
            Ok::<_, ProtocolError>(VideoStream { track, ssrc, rtx_ssrc })
        };
        let (camera, screen) = (stream(VideoTrack::Camera)?, stream(VideoTrack::Screen)?);
        let mut worker = Self {
            wishes: Wishes {
                gate_open: false,
                muted: start.muted,
                remotes: BTreeMap::new(),
                video: Vec::new(),
                volume_interval: start.volume_interval,
            },
            certificate: Arc::new(certificate),
            audio_ssrc,
            camera,
            screen,
            seed: secret_seed()?,
            start,
            tells,
            pipeline: None,
            video: None,
            path: None,
            phase: Phase::Waiting,
            attempts: 0,
            candidate: None,
            timings: Timings::default(),
        };
        worker.begin();
        Ok(worker)
    }

    /// Works until told to stop, or until nobody can tell any more.
    async fn work(&mut self, mut commands: mpsc::Receiver<MediaCommand>) {
        let mut buffer = vec![0; MOST_BYTES];
        loop {
            self.flush().await;
            match self.wake(&mut commands, &mut buffer).await {
                Wake::Command(None | Some(MediaCommand::Stop)) => return,
                Wake::Command(Some(command)) => self.obey(command),
                Wake::Connected(Ok(connected)) => self.connected(*connected),
                Wake::Connected(Err(error)) => self.failed(error),
                Wake::Received(Ok(length)) => {
                    self.input(PipelineInput::Datagram(&mut buffer[..length]));
                }
                Wake::Received(Err(error)) => self.lost(&error),
                Wake::Video(event) => self.video_event(event),
                Wake::Due => self.due(),
            }
        }
    }

    async fn wake(
        &mut self,
        commands: &mut mpsc::Receiver<MediaCommand>,
        buffer: &mut [u8],
    ) -> Wake {
        let due = self.next_deadline().map(tokio::time::Instant::from_std);
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let path = self.path.as_ref();
        let receive = async {
            match path {
                Some(path) => path.receive(buffer).await,
                None => std::future::pending().await,
            }
        };
        let video = self.video.as_mut();
        let video = async {
            match video {
                Some(video) => video.next().await,
                None => std::future::pending().await,
            }
        };
        let phase = &mut self.phase;
        let connecting = async {
            match phase {
                Phase::Connecting(attempt) => attempt.await,
                Phase::Running | Phase::Closed { .. } | Phase::Waiting => {
                    std::future::pending().await
                }
            }
        };
        tokio::select! {
            biased;
            () = timer => Wake::Due,
            command = commands.recv() => Wake::Command(command),
            event = video => Wake::Video(event),
            received = receive => Wake::Received(received),
            connected = connecting => Wake::Connected(connected.map(Box::new)),
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let farewell = match self.phase {
            Phase::Closed { until, .. } => Some(until),
            Phase::Connecting(_) | Phase::Running | Phase::Waiting => None,
        };
        let pipeline = self.pipeline.as_ref().and_then(Machine::poll_timeout).map(|(at, _)| at);
        farewell.into_iter().chain(pipeline).min()
    }

    fn due(&mut self) {
        let now = Instant::now();
        if let Some(pipeline) = &mut self.pipeline {
            pipeline.handle_timeout(now);
        }
        if let Phase::Closed { until, reason } = self.phase
            && until <= now
        {
            self.lost(&reason);
        }
    }

    /// The session is over: what ended well may be had anew, what never began is a failure.
    fn closed(&mut self, reason: CloseReason) {
        match reason {
            CloseReason::PeerClosed | CloseReason::ConsentLost => {
                self.phase = Phase::Closed { until: Instant::now() + FAREWELL, reason };
            }
            CloseReason::FingerprintMismatch
            | CloseReason::HandshakeFailed
            | CloseReason::HandshakeTimeout
            | CloseReason::NoSrtpProfile => {
                self.failed(failure("media could not be secured", &reason));
            }
        }
    }

    /// The path is gone: looks for another at once, before the server gives this device up.
    fn lost(&mut self, why: &dyn std::fmt::Display) {
        tracing::debug!(%why, "media is lost, connecting anew");
        self.tells.tell(MediaEvent::Lost);
        self.phase = Phase::Waiting;
        self.begin();
    }

    fn obey(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Restart => self.begin(),
            MediaCommand::OpenGate => {
                self.wishes.gate_open = true;
                self.open_gate();
            }
            MediaCommand::RemoteMedia { user, ssrc, video } => {
                let known = self.wishes.remotes.contains_key(&user);
                if known || self.wishes.remotes.len() < MOST_REMOTES {
                    self.wishes.remotes.insert(user.clone(), (ssrc, video.clone()));
                }
                self.remote(user, ssrc, video);
            }
            MediaCommand::Video(command) => self.video_command(command),
            MediaCommand::RemoteLeft { user } => {
                self.wishes.remotes.remove(&user);
                self.input(PipelineInput::RemoteLeft { user });
            }
            MediaCommand::Mute(muted) => {
                self.wishes.muted = muted;
                self.input(PipelineInput::Mute(muted));
            }
            MediaCommand::VolumeInterval(interval) => {
                self.wishes.volume_interval = interval;
                self.input(PipelineInput::VolumeInterval(interval));
            }
            MediaCommand::Stats { mut base, reply } => {
                self.complete(&mut base);
                // Whoever asked may have gone.
                let _ = reply.send(*base);
            }
            // Handled by the loop.
            MediaCommand::Stop => {}
        }
    }

    pub(super) fn input(&mut self, input: PipelineInput<'_>) {
        if let Some(pipeline) = &mut self.pipeline {
            let Ok(()) = pipeline.handle_input(Instant::now(), input);
        }
    }

    /// Begins to connect, unless that is under way.
    fn begin(&mut self) {
        if matches!(self.phase, Phase::Connecting(_)) {
            return;
        }
        self.attempts += 1;
        self.path = None;
        Timings::mark(&mut self.timings.media_started, Instant::now());
        let ice = self.start.config.ice.clone();
        self.phase = Phase::Connecting(Box::pin(connect(Attempt {
            loopback: is_loopback(self.start.loopback, ice.media_via),
            ice,
            servers: self.start.servers.clone(),
            certificate: Arc::clone(&self.certificate),
            audio_ssrc: self.audio_ssrc,
            pictures: [self.camera, self.screen],
            search: self.search(),
            tells: self.tells.clone(),
        })));
    }

    fn search(&self) -> Duration {
        let again = self.pipeline.is_some();
        if again { self.start.config.grace / SEARCHES_PER_GRACE } else { FIRST_SEARCH }
    }

    fn connected(&mut self, connected: Connected) {
        let Connected { path, session, answer, answered, found } = connected;
        Timings::mark(&mut self.timings.media_answered, answered);
        Timings::mark(&mut self.timings.ice_connected, found);
        self.candidate = path.local_kind();
        self.path = Some(path);
        self.phase = Phase::Running;
        if self.pipeline.is_none() {
            match self.new_pipeline(&answer) {
                Ok(()) => self.fulfil(),
                Err(error) => return self.failed(error),
            }
        }
        self.input(PipelineInput::Secure(Box::new(session)));
    }

    fn new_pipeline(&mut self, answer: &MediaAnswer) -> Result<(), ProtocolError> {
        let (payload_type, level_id) = (answer.audio_payload_type, answer.audio_level_id);
        let voice = &self.start.config.voice;
        let settings = PipelineSettings {
            user: self.start.config.user_id.clone(),
            sender: SenderConfig {
                red_payload_type: answer.red_payload_type,
                ..voice.sender(self.audio_ssrc, payload_type, level_id)
            },
            receiver: ReceiverConfig {
                red_payload_type: answer.red_payload_type,
                ..voice.receiver(payload_type, level_id)
            },
            // RFC 7022 section 4.2 asks for 96 random bits.
            cname: format!("{:032x}", u128::from_be_bytes(first_half(&secret_seed()?))),
            unix: wall_clock(),
            seed: self.seed,
            camera: sent(self.camera, self.start.config.video.quality()),
            screen: sent(self.screen, VideoQuality::SCREEN),
            #[cfg(feature = "processing")]
            processing: self.start.config.processing,
            record_traces: self.start.config.record_traces,
        };
        let pipeline = Pipeline::new(settings, Instant::now())
            .map_err(|error| failure("the voice settings cannot be used", &error))?;
        self.pipeline = Some(pipeline);
        Ok(())
    }

    /// Tells a new pipeline what was wished before.
    fn fulfil(&mut self) {
        self.input(PipelineInput::Mute(self.wishes.muted));
        self.input(PipelineInput::VolumeInterval(self.wishes.volume_interval));
        for (user, (ssrc, video)) in self.wishes.remotes.clone() {
            self.remote(user, ssrc, video);
        }
        self.open_gate();
    }

    /// Opens microphone and loudspeaker; only here, and only once the call was answered.
    fn open_gate(&mut self) {
        if !self.wishes.gate_open || self.pipeline.is_none() {
            return;
        }
        let (audio, call) = (&self.start.config.audio, &self.start.call_id);
        let source = audio.open_source(call).unwrap_or_else(|error| {
            self.tells.tell(MediaEvent::Warning { code: NO_MICROPHONE, message: error.0 });
            Box::new(SilenceSource)
        });
        let sink = audio.open_sink(call).unwrap_or_else(|error| {
            self.tells.tell(MediaEvent::Warning { code: NO_LOUDSPEAKER, message: error.0 });
            Box::new(crate::echo::Discard)
        });
        self.input(PipelineInput::OpenGate { source, sink });
        self.open_video();
    }

    fn failed(&mut self, error: ProtocolError) {
        self.path = None;
        self.phase = Phase::Waiting;
        self.tells.tell(MediaEvent::Failed(error));
    }

    /// Does everything the pipeline wants done.
    async fn flush(&mut self) {
        while let Some(output) = self.pipeline.as_mut().and_then(Machine::poll_output) {
            match output {
                PipelineOutput::Transmit(datagram) => self.transmit(&datagram).await,
                PipelineOutput::Connected { .. } => self.tells.tell(MediaEvent::Up),
                PipelineOutput::Closed { reason } => self.closed(reason),
                PipelineOutput::Volumes(report) => self.tells.tell(MediaEvent::Volumes(report)),
                PipelineOutput::Quality { local, remotes } => {
                    self.tells.tell(MediaEvent::Quality { local, remotes });
                }
                PipelineOutput::Show { user, track, picture } => self.show(user, track, picture),
                PipelineOutput::KeyFrameWanted(track) => self.key_frame_wanted(track),
                PipelineOutput::VideoBitrate { track, bps } => {
                    self.tell_video(VideoCommand::Bitrate { track, bps });
                }
            }
        }
    }

    async fn transmit(&self, datagram: &[u8]) {
        if let Some(path) = &self.path
            && let Err(error) = path.send(datagram).await
        {
            // UDP may lose it anyway; a path that stays dead goes silent.
            tracing::trace!(%error, "a datagram was not sent");
        }
    }

    fn complete(&self, stats: &mut CallStats) {
        stats.media_attempts = self.attempts;
        stats.candidate = self.candidate;
        stats.timings = stats.timings.merged(&self.timings);
        if let Some(pipeline) = &self.pipeline {
            stats.absorb(pipeline.stats());
        }
    }

    /// Leaves the last figures and gives relays back.
    async fn end(&mut self) {
        let mut stats = Box::<CallStats>::default();
        self.complete(&mut stats);
        self.tells.tell(MediaEvent::Stopped(stats));
        self.pipeline = None;
        self.video = None;
        if let Some(path) = self.path.take() {
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, path.close()).await;
        }
    }
}

/// How a picture announced as `stream` is sent.
const fn sent(stream: VideoStream, quality: VideoQuality) -> VideoSettings {
    let VideoStream { ssrc, rtx_ssrc, track: _ } = stream;
    VideoSettings { ssrc, rtx_ssrc, bitrate_bps: quality.bitrate_bps }
}

fn first_half(seed: &[u8; 32]) -> [u8; 16] {
    std::array::from_fn(|index| seed[index])
}

fn wall_clock() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// For tests of the failure path.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cname_is_half_a_seed() {
        let seed = std::array::from_fn(|index| index as u8);
        assert_eq!(first_half(&seed)[15], 15);
        assert_eq!(i32::from(failure("a", &"b").code), -3301);
    }
}
