//! What the application asks of a session.

use std::time::{Duration, Instant};

use calling_model::{CallId, Machine};
use calling_signaling::client::{ClientInput, ClientPhase, Command, CommandToken};
use calling_signaling::protocol::{ProtocolError, Reply, Request};
use tokio::sync::oneshot;

use super::signalling::{Own, Signalling};
use super::{Answer, Session, VideoWish, Waiting};
use crate::driver::media::MediaCommand;
use crate::error::CommandError;
use crate::stats::CallStats;
use crate::timings::Timings;
use crate::view::ViewInput;

type Asked = oneshot::Sender<Result<Reply, CommandError>>;

/// What the application asks of a session.
pub(crate) enum SessionCommand {
    /// Something about a call.
    Do { command: Command, answer: Answer },
    /// Something that has nothing to do with the state of this device's call.
    Ask { request: Request, answer: Asked },
    /// Tell of the incoming call again; whether there is one.
    InviteAgain { answer: oneshot::Sender<bool> },
    /// Whether this call comes in.
    IsIncoming { call_id: CallId, answer: oneshot::Sender<bool> },
    /// The figures of the running or the last call.
    Stats { answer: oneshot::Sender<CallStats> },
    /// Tell volumes this often, measured here; `None` leaves it to the server.
    VolumeInterval(Option<Duration>),
    /// Something about pictures.
    Video(VideoWish),
    /// End everything.
    Destroy { done: oneshot::Sender<()> },
}

impl Session {
    pub(super) async fn obey(&mut self, command: SessionCommand) {
        match command {
            SessionCommand::Do { command, answer } => self.command(command, answer),
            SessionCommand::Ask { request, answer } => self.ask_server(request, answer).await,
            SessionCommand::InviteAgain { answer } => self.invite_again(answer),
            SessionCommand::IsIncoming { call_id, answer } => {
                // Whoever asked may have gone.
                let _ = answer.send(self.rings(&call_id));
            }
            SessionCommand::Stats { answer } => self.tell_stats(answer),
            SessionCommand::VolumeInterval(interval) => {
                self.volume_interval = interval;
                self.media.tell(MediaCommand::VolumeInterval(interval));
            }
            SessionCommand::Video(wish) => self.wish_video(wish),
            // Handled by the loop.
            SessionCommand::Destroy { .. } => {}
        }
    }

    fn command(&mut self, command: Command, answer: Answer) {
        if self.signalling.is_gone() {
            let _ = answer.send(Err(CommandError::SignedOut));
            return;
        }
        let now = Instant::now();
        let places_call = matches!(command, Command::Call(_));
        let joins =
            if let Command::Join(call_id) = &command { Some(call_id.clone()) } else { None };
        // To join what rings is to answer it.
        let answers = joins.as_ref().is_some_and(|call_id| self.rings(call_id));
        let (joins, accepts) = (joins.filter(|_| !answers), answers || command == Command::Accept);
        let mutes = matches!(command, Command::SetMicMute(_));
        let token = self.take_token();
        match self.mirror.handle_input(now, ClientInput::Command { token, command }) {
            Ok(()) => {
                self.waiting.insert(token, Waiting { answer, places_call, accepts });
                if places_call || joins.is_some() {
                    self.begin_stats(now);
                    self.stats.call_id = joins;
                }
                if accepts {
                    Timings::mark(&mut self.stats.timings.accept_asked, now);
                    self.fanout.views.input(now, &ViewInput::Accepting);
                }
                if mutes {
                    self.media.tell(MediaCommand::Mute(self.mirror.is_muted()));
                }
            }
            Err(misuse) => {
                let error = ProtocolError::new(misuse.code(), misuse.to_string());
                let _ = answer.send(Err(error.into()));
            }
        }
    }

    /// Whether this call comes in.
    fn rings(&self, call_id: &CallId) -> bool {
        let is_it = self.mirror.call().is_some_and(|facts| facts.call_id == *call_id);
        is_it && self.mirror.phase() == ClientPhase::Incoming
    }

    fn take_token(&mut self) -> CommandToken {
        self.next_token += 1;
        CommandToken(self.next_token)
    }

    async fn ask_server(&mut self, request: Request, answer: Asked) {
        if self.signalling.is_gone() {
            let _ = answer.send(Err(CommandError::SignedOut));
        } else if self.signalling.is_up() {
            self.ask(request, Own::Asked(answer)).await;
        } else {
            let _ = answer.send(Err(CommandError::Disconnected));
        }
    }

    fn invite_again(&mut self, answer: oneshot::Sender<bool>) {
        let now = Instant::now();
        let rings = self.mirror.phase() == ClientPhase::Incoming;
        let again = self.invite.as_ref().filter(|_| rings).and_then(|invite| invite.again(now));
        // Whoever asked may have gone.
        let _ = answer.send(again.is_some());
        if let Some(event) = again {
            self.fanout.emit(now, event);
        }
    }

    /// Hangs up whatever there is, as when nobody is left to own the call.
    pub(super) fn hang_up(&mut self) {
        if !matches!(self.mirror.phase(), ClientPhase::Idle | ClientPhase::Closing) {
            let token = self.take_token();
            self.input(ClientInput::Command { token, command: Command::Hangup });
        }
    }

    /// The figures of a new call begin.
    pub(super) fn begin_stats(&mut self, now: Instant) {
        self.stats = CallStats::default();
        self.stats.timings.started = Some(now);
    }

    /// Ends the call, signs out and frees everything.
    pub(super) async fn say_goodbye(&mut self) {
        self.hang_up();
        self.drain().await;
        self.media.stop();
        if self.signalling.is_up() {
            self.ask(Request::SignOut {}, Own::SignOut).await;
        }
        let before = std::mem::replace(&mut self.signalling, Signalling::Gone);
        before.close().await;
        self.mirror_end();
        self.drain().await;
        self.media.wait_until_stopped().await;
    }

    /// The call is over for this object, whatever the server would still say.
    fn mirror_end(&mut self) {
        while !matches!(self.mirror.phase(), ClientPhase::Idle) {
            let Some((due, _)) = self.mirror.poll_timeout() else { break };
            self.mirror.handle_timeout(due);
        }
    }
}
