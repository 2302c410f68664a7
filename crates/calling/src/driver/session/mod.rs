//! One signed-in device: the signalling connection, the mirror of the server's call machine and
//! the media of its call.

mod commands;
mod ice_servers;
mod invite;
mod keep_alive;
mod media;
mod outputs;
mod quality;
mod signalling;
mod video;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::{CallId, Machine, VideoTrack};
use calling_signaling::client::{ClientCalls, ClientConfig, ClientInput, CommandToken};
use calling_signaling::protocol::ServerFrame;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub(crate) use commands::SessionCommand;
use invite::Invite;
use media::Media;
use quality::QualityReport;
pub(crate) use signalling::unexpected;
use signalling::{Own, Signalling};
use video::Pictures;
pub(crate) use video::VideoWish;

use super::events::Fanout;
use super::link::{LinkLost, Resume, SignedIn};
use super::media::MediaEvent;
use super::server_url::ServerUrl;
use crate::config::Config;
use crate::error::{CommandError, InitError};
use crate::state::CallState;
use crate::stats::CallStats;
use crate::view::ViewInput;

/// The longest farewell when the object is dropped.
const FAREWELL: Duration = Duration::from_millis(500);

type Answer = oneshot::Sender<Result<Option<CallId>, CommandError>>;

/// A command whose end somebody waits for.
struct Waiting {
    answer: Answer,
    /// It places a call: nobody would own the call if nobody waits any more.
    places_call: bool,
    /// It answers one.
    accepts: bool,
}

/// One signed-in device.
pub(crate) struct Session {
    config: Arc<Config>,
    url: ServerUrl,
    mirror: ClientCalls,
    signalling: Signalling,
    /// The connection the session begins with, until it runs.
    first: Option<SignedIn>,
    /// What takes up this session should its connection be lost.
    resume: Option<Resume>,
    commands: mpsc::Receiver<SessionCommand>,
    waiting: BTreeMap<CommandToken, Waiting>,
    next_token: u64,
    own: BTreeMap<u64, Own>,
    media: Media,
    pictures: Pictures,
    /// Signalling's part of the figures of the running call, all figures of the last one.
    stats: CallStats,
    quality: QualityReport,
    volume_interval: Option<Duration>,
    invite: Option<Invite>,
    fanout: Arc<Fanout>,
    state: watch::Sender<CallState>,
}

/// What a session begins with.
pub(crate) struct SessionStart {
    pub(crate) config: Arc<Config>,
    pub(crate) url: ServerUrl,
    pub(crate) mirror: ClientCalls,
    pub(crate) signed_in: SignedIn,
    pub(crate) commands: mpsc::Receiver<SessionCommand>,
    pub(crate) fanout: Arc<Fanout>,
    pub(crate) state: watch::Sender<CallState>,
}

/// What the session woke up for.
enum Wake {
    Stopped,
    Command(Option<SessionCommand>),
    Frame(Result<ServerFrame, LinkLost>),
    SignedIn(Result<Box<SignedIn>, InitError>),
    Media(Option<MediaEvent>),
    Due,
}

/// A new mirror for `config`.
pub(crate) fn mirror(config: &Config) -> ClientCalls {
    let settings = ClientConfig {
        request_timeout: config.request_timeout,
        signalling_grace: config.grace,
        ..ClientConfig::default()
    };
    ClientCalls::new(settings, config.user_id.clone())
}

impl Session {
    pub(crate) fn new(start: SessionStart) -> Self {
        let SessionStart { config, url, mirror, signed_in, commands, fanout, state } = start;
        Self {
            media: Media::default(),
            pictures: Pictures::default(),
            signalling: Signalling::Gone,
            first: Some(signed_in),
            resume: None,
            config,
            url,
            mirror,
            commands,
            waiting: BTreeMap::new(),
            next_token: 1,
            own: BTreeMap::new(),
            stats: CallStats::default(),
            quality: QualityReport::default(),
            volume_interval: None,
            invite: None,
            fanout,
            state,
        }
    }

    /// Works until destroyed, or until `stopped` because the object was dropped.
    pub(crate) async fn run(mut self, stopped: CancellationToken) {
        if let Some(signed_in) = self.first.take() {
            self.begin(signed_in);
        }
        self.drain().await;
        loop {
            match self.wake(&stopped).await {
                Wake::Stopped | Wake::Command(None) => break,
                Wake::Command(Some(SessionCommand::Destroy { done })) => {
                    self.say_goodbye().await;
                    // Whoever waited may have gone.
                    let _ = done.send(());
                    return;
                }
                Wake::Command(Some(command)) => self.obey(command).await,
                Wake::Frame(Ok(frame)) => self.frame(frame),
                Wake::Frame(Err(lost)) => self.signalling_lost(&lost.to_string()),
                Wake::SignedIn(signed_in) => self.signed_in(signed_in.map(|in_| *in_)).await,
                Wake::Media(event) => self.media_event(event).await,
                Wake::Due => self.due().await,
            }
            self.drain().await;
        }
        let _ = tokio::time::timeout(FAREWELL, self.say_goodbye()).await;
    }

    async fn wake(&mut self, stopped: &CancellationToken) -> Wake {
        let due = self.next_deadline().map(tokio::time::Instant::from_std);
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let Self { commands, signalling, media, .. } = self;
        tokio::select! {
            biased;
            () = stopped.cancelled() => Wake::Stopped,
            signalled = signalling.next() => signalled,
            event = media.next() => Wake::Media(event),
            command = commands.recv() => Wake::Command(command),
            () = timer => Wake::Due,
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let mirror = self.mirror.poll_timeout().map(|(at, _)| at);
        mirror.into_iter().chain(self.signalling.next_deadline(self.is_in_call())).min()
    }

    async fn due(&mut self) {
        let now = Instant::now();
        self.mirror.handle_timeout(now);
        self.keep_alive(now).await;
    }

    /// Tells the mirror; what it refuses is the driver's mistake and has no effect.
    fn input(&mut self, input: ClientInput) {
        if let Err(misuse) = self.mirror.handle_input(Instant::now(), input) {
            tracing::debug!(%misuse, "the mirror refused an input");
        }
    }

    /// Publishes where this device stands.
    fn publish(&self) {
        let state = CallState {
            phase: self.mirror.phase(),
            call: self.mirror.call().cloned(),
            mic_muted: self.mirror.is_muted(),
            camera_open: self.pictures.is_open(VideoTrack::Camera),
            video_muted: self.pictures.is_muted(),
            screen_shared: self.pictures.is_open(VideoTrack::Screen),
            signed_in: self.signalling.is_up(),
        };
        self.state.send_if_modified(|before| {
            let changed = *before != state;
            if changed {
                let (now, camera_on) = (Instant::now(), state.camera_open && !state.video_muted);
                self.fanout.views.input(now, &ViewInput::Camera(camera_on));
                self.fanout.views.input(now, &ViewInput::State(state.clone()));
                *before = state;
            }
            changed
        });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.state.send_modify(|state| *state = CallState::default());
        self.fanout.close();
    }
}
