use std::sync::Arc;
use std::time::Duration;

use calling_model::{CallId, GroupId, MediaType, UserId};
use calling_signaling::client::Command;
use calling_signaling::protocol::{CallParams, Reply, Request, RunningCall};
use tokio::sync::{mpsc, oneshot, watch};

use super::events::Fanout;
use super::session::{SessionCommand, unexpected};
use crate::audio::AudioRoute;
use crate::config::Config;
use crate::error::CommandError;
use crate::options::CallOptions;
use crate::state::CallState;
use crate::stats::CallStats;

/// Commands that may wait for the session, which takes each in microseconds.
pub(super) const MOST_COMMANDS: usize = 256;

/// The shortest interval of volume events.
const LEAST_VOLUME_INTERVAL: Duration = Duration::from_millis(100);

/// What is done with a call: answer, decline, hang up, mute, measure.
///
/// A cheap handle: clone it into tasks and callbacks. It does not keep the [`Calling`] it is from
/// alive; after that is gone every command gives [`CommandError::SignedOut`].
///
/// All futures are cancel-safe: a command whose future is dropped still takes effect, except
/// [`call`](Self::call), whose call is then withdrawn.
///
/// [`Calling`]: crate::Calling
#[derive(Clone, Debug)]
pub struct CallEngine {
    commands: mpsc::Sender<SessionCommand>,
    pub(super) state: watch::Receiver<CallState>,
    pub(super) config: Arc<Config>,
    pub(super) fanout: Arc<Fanout>,
}

impl CallEngine {
    pub(super) fn new(
        commands: mpsc::Sender<SessionCommand>,
        state: watch::Receiver<CallState>,
        config: Arc<Config>,
        fanout: Arc<Fanout>,
    ) -> Self {
        Self { commands, state, config, fanout }
    }

    /// Calls `user`. Gives the call's id once the server has placed it; what becomes of it, events
    /// tell. Dropping the future before that withdraws the call.
    ///
    /// # Errors
    /// Why the server or the state of this device does not allow it.
    pub async fn call(&self, user: UserId, media_type: MediaType) -> Result<CallId, CommandError> {
        self.calls(vec![user], media_type, CallOptions::default()).await
    }

    /// Calls one or several: one is a call of two, several talk together. With a group in the
    /// options the call is that group's, and its members may join.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn calls(
        &self,
        users: Vec<UserId>,
        media_type: MediaType,
        options: CallOptions,
    ) -> Result<CallId, CommandError> {
        let CallOptions { group_id, timeout_s, user_data } = options;
        self.call_with(CallParams {
            callees: users,
            media_type,
            group_id,
            timeout_s,
            user_data,
            sent_at: None,
        })
        .await
    }

    /// Rings more people into the call this device placed or is talking in. How many a call may
    /// have is the server's to say. They ring as long as others of this call, or for `timeout_s`
    /// seconds.
    ///
    /// # Errors
    /// There is no such call, or the server does not allow it.
    pub async fn invite_user(
        &self,
        users: Vec<UserId>,
        timeout_s: Option<u32>,
    ) -> Result<(), CommandError> {
        self.command(Command::InviteUsers { users, timeout_s }).await.map(drop)
    }

    /// Enters a running call without being rung: one of a group of this account's, or one that was
    /// left or declined before. One that rings here is answered. Done once this device is in it.
    ///
    /// # Errors
    /// This device is in another call, or the server does not allow it.
    pub async fn join(&self, call: CallId) -> Result<(), CommandError> {
        self.command(Command::Join(call)).await.map(drop)
    }

    /// Makes the call a video call, or a voice call, for everybody in it.
    ///
    /// # Errors
    /// There is none, or the server does not allow it.
    pub async fn switch_call_media_type(&self, to: MediaType) -> Result<(), CommandError> {
        self.command(Command::SwitchMediaType(to)).await.map(drop)
    }

    /// The running call of a group of this account's, if there is one. Its changes come as
    /// [`ListenerEvent::GroupCallChanged`](crate::ListenerEvent::GroupCallChanged).
    ///
    /// # Errors
    /// The server refused, or cannot be reached.
    pub async fn running_call(
        &self,
        group_id: GroupId,
    ) -> Result<Option<RunningCall>, CommandError> {
        let Reply::GroupCall(reply) = self.ask(Request::GroupCall { group_id }).await? else {
            return Err(unexpected().into());
        };
        Ok(reply.call)
    }

    /// Calls several: as [`calls`](Self::calls), with nothing but a group.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn group_call(
        &self,
        users: Vec<UserId>,
        media_type: MediaType,
        group_id: Option<GroupId>,
    ) -> Result<CallId, CommandError> {
        self.calls(users, media_type, CallOptions { group_id, ..CallOptions::default() }).await
    }

    /// Places a call with everything that can be said about it.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_with(&self, params: CallParams) -> Result<CallId, CommandError> {
        self.command(Command::Call(params)).await?.ok_or(CommandError::SignedOut)
    }

    /// Answers the incoming call; done once the conversation has begun.
    ///
    /// # Errors
    /// There is none, or it is over.
    pub async fn accept(&self) -> Result<(), CommandError> {
        self.command(Command::Accept).await.map(drop)
    }

    /// Declines the incoming call.
    ///
    /// # Errors
    /// There is none, or it was answered.
    pub async fn reject(&self) -> Result<(), CommandError> {
        self.command(Command::Reject).await.map(drop)
    }

    /// Declines the incoming call; the caller sees "line busy".
    ///
    /// # Errors
    /// As [`reject`](Self::reject).
    pub async fn ignore(&self) -> Result<(), CommandError> {
        self.command(Command::Ignore).await.map(drop)
    }

    /// Leaves the call, withdraws it while it rings, declines it if it comes in.
    ///
    /// # Errors
    /// There is none.
    pub async fn hangup(&self) -> Result<(), CommandError> {
        self.command(Command::Hangup).await.map(drop)
    }

    /// Mutes or unmutes the microphone, in this call and those to come. Muted, silence is sent in
    /// its place, so that the way of media stays open.
    ///
    /// # Errors
    /// This device is signed out.
    pub async fn set_mic_mute(&self, muted: bool) -> Result<(), CommandError> {
        self.command(Command::SetMicMute(muted)).await.map(drop)
    }

    /// Loudspeaker (`true`) or earpiece: tells the hook given to
    /// [`Audio::with_route`](crate::Audio::with_route), on this task.
    pub fn set_hands_free(&self, hands_free: bool) {
        let route = if hands_free { AudioRoute::Speaker } else { AudioRoute::Earpiece };
        self.select_audio_playback_device(route);
    }

    /// As [`set_hands_free`](Self::set_hands_free), by the name of the route.
    pub fn select_audio_playback_device(&self, route: AudioRoute) {
        self.config.audio.follow(route);
    }

    /// Measures volumes here and tells them every `interval`, at least 100 ms; 300 ms is usual.
    /// `None` leaves it to the server, which tells them at its own interval.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    pub fn enable_audio_volume_evaluation(
        &self,
        interval: Option<Duration>,
    ) -> Result<(), CommandError> {
        let interval = interval
            .filter(|interval| !interval.is_zero())
            .map(|interval| interval.max(LEAST_VOLUME_INTERVAL));
        self.tell(SessionCommand::VolumeInterval(interval))
    }

    /// The account signed in.
    pub fn account(&self) -> &UserId {
        &self.config.user_id
    }

    /// Where this device stands.
    pub fn state(&self) -> CallState {
        self.state.borrow().clone()
    }

    /// Waits until `reached` holds of where this device stands; `None` if it is signed out first.
    pub async fn wait_for(&self, reached: impl Fn(&CallState) -> bool) -> Option<CallState> {
        let mut state = self.state.clone();
        state.wait_for(reached).await.ok().map(|state| state.clone())
    }

    /// The figures of the running call, or of the last one.
    ///
    /// # Errors
    /// This device is signed out.
    pub async fn stats(&self) -> Result<CallStats, CommandError> {
        let (answer, stats) = oneshot::channel();
        self.tell(SessionCommand::Stats { answer })?;
        stats.await.map_err(|_| CommandError::SignedOut)
    }

    /// Whether `user` is the account signed in.
    pub fn check_is_self(&self, user: &UserId) -> bool {
        self.account() == user
    }

    /// Whether `call` still comes in: neither answered, declined nor withdrawn, and its time not
    /// over. Ask before showing what a push notification told of.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    pub async fn is_valid_invite(&self, call: &CallId) -> Result<bool, CommandError> {
        let (answer, told) = oneshot::channel();
        self.tell(SessionCommand::IsIncoming { call_id: call.clone(), answer })?;
        told.await.map_err(|_| CommandError::SignedOut)
    }

    /// Tells of the incoming call once more, as [`ListenerEvent::Invited`] with what is left of its
    /// time: for an application that comes to the foreground and did not look when it came.
    /// Whether there is one.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    ///
    /// [`ListenerEvent::Invited`]: crate::ListenerEvent::Invited
    pub async fn query_offline_calling(&self) -> Result<bool, CommandError> {
        let (answer, told) = oneshot::channel();
        self.tell(SessionCommand::InviteAgain { answer })?;
        told.await.map_err(|_| CommandError::SignedOut)
    }

    /// Asks the server something that has nothing to do with the state of the call.
    pub(super) async fn ask(&self, request: Request) -> Result<Reply, CommandError> {
        let (answer, reply) = oneshot::channel();
        self.tell(SessionCommand::Ask { request, answer })?;
        match tokio::time::timeout(self.config.request_timeout, reply).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(_)) => Err(CommandError::Disconnected),
            Err(_) => Err(CommandError::TimedOut),
        }
    }

    async fn command(&self, command: Command) -> Result<Option<CallId>, CommandError> {
        let (answer, done) = oneshot::channel();
        self.tell(SessionCommand::Do { command, answer })?;
        done.await.map_err(|_| CommandError::SignedOut)?
    }

    pub(super) fn tell(&self, command: SessionCommand) -> Result<(), CommandError> {
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CommandError::TooMany,
            mpsc::error::TrySendError::Closed(_) => CommandError::SignedOut,
        })
    }

    /// As [`tell`](Self::tell); waits its turn.
    pub(super) async fn tell_patiently(&self, command: SessionCommand) -> Result<(), CommandError> {
        self.commands.send(command).await.map_err(|_| CommandError::SignedOut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commands_that_wait_are_bounded() {
        let (commands, waiting) = mpsc::channel(MOST_COMMANDS);
        let (_, state) = watch::channel(CallState::default());
        let user = UserId::new("alice").unwrap();
        let fanout = Arc::new(Fanout::new(user.clone()));
        let config = Arc::new(Config::new("ws://127.0.0.1:1", 1, user, "sig"));
        let engine = CallEngine::new(commands, state, config, fanout);
        for _ in 0..MOST_COMMANDS {
            engine.enable_audio_volume_evaluation(None).unwrap();
        }
        assert_eq!(engine.accept().await, Err(CommandError::TooMany));
        drop(waiting);
        assert_eq!(engine.accept().await, Err(CommandError::SignedOut));
    }
}
