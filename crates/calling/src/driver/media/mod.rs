//! The media of one call: a thread with a small runtime of its own.
//!
//! Everything an ICE agent spawns and opens lives in that runtime and ends with it, however the call
//! ends; and the 10 ms ticks wait for no task of the application.

mod connect;
mod pictures;
mod video;
mod worker;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use calling_model::{CallId, UserId, VideoTrack};
use calling_signaling::client::{NetworkQuality, UserQuality};
use calling_signaling::protocol::{IceServer, MediaAnswer, MediaOffer, ProtocolError, VideoStream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) use video::VideoCommand;

use crate::config::Config;
use crate::pipeline::VolumeReport;
use crate::stats::CallStats;

/// Events on their way to the session; volumes are dropped when half of it is full.
const MOST_EVENTS: usize = 256;
/// Commands that may wait for the thread, which takes each in microseconds.
const MOST_COMMANDS: usize = 1_024;

/// The name of the threads, as debuggers show it.
pub(crate) const THREAD_NAME: &str = "calling-media";

/// What a media thread begins with.
pub(crate) struct MediaStart {
    pub(crate) config: Arc<Config>,
    pub(crate) call_id: CallId,
    /// STUN and TURN servers the calling server named.
    pub(crate) servers: Vec<IceServer>,
    /// The server is on this machine.
    pub(crate) loopback: bool,
    pub(crate) muted: bool,
    pub(crate) volume_interval: Option<Duration>,
}

/// What a media thread is told.
pub(crate) enum MediaCommand {
    /// Connect anew after `Failed`.
    Restart,
    /// The call was answered.
    OpenGate,
    /// The voice of `user` arrives under `ssrc`, their pictures under `video`.
    RemoteMedia { user: UserId, ssrc: u32, video: Vec<VideoStream> },
    /// Something about pictures.
    Video(VideoCommand),
    /// `user` left the room.
    RemoteLeft { user: UserId },
    /// Mute or unmute the microphone.
    Mute(bool),
    /// Tell volumes this often, or no longer.
    VolumeInterval(Option<Duration>),
    /// Complete these figures and hand them on.
    Stats { base: Box<CallStats>, reply: oneshot::Sender<CallStats> },
    /// End.
    Stop,
}

/// What a media thread tells.
pub(crate) enum MediaEvent {
    /// This offer wants the server's answer.
    Offer { offer: MediaOffer, answer: oneshot::Sender<Result<MediaAnswer, ProtocolError>> },
    /// Media can flow.
    Up,
    /// The path went silent; another is looked for. `Up` or `Failed` follows.
    Lost,
    /// No connection could be made; `Restart` tries again.
    Failed(ProtocolError),
    /// The first picture of a view was shown; without a user it is our own.
    FirstFrame { user: Option<UserId>, track: VideoTrack, width: u32, height: u32 },
    /// The camera or the screen gives no picture any more.
    VideoEnded(VideoTrack),
    /// Something about pictures failed that nobody is waiting for.
    VideoFailed { code: i32, message: String },
    /// The microphone or the loudspeaker is missing.
    Warning { code: i32, message: String },
    /// How loud everybody is.
    Volumes(VolumeReport),
    /// How well the network carries the call.
    Quality { local: NetworkQuality, remotes: Vec<UserQuality> },
    /// The thread is about to end; its last figures.
    Stopped(Box<CallStats>),
}

/// A running media thread. Dropping it ends the thread and frees its sockets.
pub(crate) struct MediaThread {
    commands: mpsc::Sender<MediaCommand>,
    events: mpsc::Receiver<MediaEvent>,
    stop: CancellationToken,
    _stop: DropGuard,
}

impl MediaThread {
    /// Starts the thread, which begins to connect at once.
    pub(crate) fn spawn(start: MediaStart) -> io::Result<Self> {
        let (commands, told) = mpsc::channel(MOST_COMMANDS);
        let (tells, events) = mpsc::channel(MOST_EVENTS);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        std::thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build()
            else {
                return;
            };
            runtime.block_on(worker::run(start, told, tells, stopped));
            // Lookups of names may still run; nobody waits for them.
            runtime.shutdown_background();
        })?;
        Ok(Self { commands, events, stop: stop.clone(), _stop: stop.drop_guard() })
    }

    /// Tells the thread; nothing happens if it has ended. One that does not listen is stopped, and
    /// is then found ended.
    pub(crate) fn tell(&self, command: MediaCommand) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.commands.try_send(command) {
            tracing::warn!("the media thread does not listen and is stopped");
            self.stop.cancel();
        }
    }

    /// The next event; `None` if the thread has ended. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<MediaEvent> {
        self.events.recv().await
    }
}

/// The worker's way to tell.
#[derive(Clone)]
struct Tells(mpsc::Sender<MediaEvent>);

impl Tells {
    fn tell(&self, event: MediaEvent) {
        let expendable = matches!(event, MediaEvent::Volumes(_) | MediaEvent::Quality { .. });
        if expendable && self.0.capacity() < MOST_EVENTS / 2 {
            return;
        }
        // Full only if the session stands still for minutes; gone if it ended.
        if self.0.try_send(event).is_err() {
            tracing::debug!("a media event had no taker");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_does_not_listen_is_stopped_before_memory_runs_out() {
        let (commands, _nobody_listens) = mpsc::channel(MOST_COMMANDS);
        let (_, events) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let thread =
            MediaThread { commands, events, stop: stop.clone(), _stop: stop.clone().drop_guard() };
        for _ in 0..MOST_COMMANDS {
            thread.tell(MediaCommand::Mute(true));
        }
        assert!(!stop.is_cancelled());
        thread.tell(MediaCommand::Mute(true));
        assert!(stop.is_cancelled());
    }
}
