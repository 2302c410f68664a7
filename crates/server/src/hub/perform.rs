use std::time::{Duration, Instant};

use calling_model::{CallId, Endpoint, RoomId, UnixMillis, UserId};
use calling_room::LeaveReason;
use calling_signaling::call::{CallFacts, EndedCall, Outcome};
use calling_signaling::calls::{CallAction, CallsInput, CallsOutput, RequestToken};
use calling_signaling::protocol::{Code, Event, ProtocolError, Reply, ServerFrame};
use metrics::{counter, histogram};
use tokio::sync::oneshot;

use super::actor::{Actor, Finished};
use super::{CallStore, quality, wall_clock, writes};
use crate::shard::ShardCommand;
use crate::storage::Delivery;
use crate::telemetry::names;
use crate::webhooks::event::{CallEvent, What};

/// How long a shard may take to open a gate before the call goes on without an answer. It takes
/// microseconds; a shard that takes this long is broken and found so elsewhere.
const GATE_TIMEOUT: Duration = Duration::from_secs(1);

/// Something to be done in its call's order.
#[derive(Debug)]
pub(super) enum Effect {
    /// As the machine says.
    Output(CallsOutput),
    /// These devices know that they are in the conversation: tell them who is in the room
    /// already, and the others of them.
    Introduce { call_id: CallId, devices: Vec<Endpoint> },
    /// Tell a device of something that happened in the room.
    Tell { call_id: CallId, to: Endpoint, event: Event },
}

/// Whether what comes next for a call has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    GoesOn,
    Waits,
}

impl<S: CallStore> Actor<S> {
    /// Does `effect` now, or once its call waits for nothing.
    pub(super) async fn offer(&mut self, effect: Effect) {
        let Some(call_id) = self.call_of(&effect) else {
            self.perform(effect).await;
            return;
        };
        if let Some(effect) = self.lanes.pass(&call_id, effect)
            && self.perform(effect).await == Flow::Waits
        {
            self.lanes.hold(call_id);
        }
    }

    pub(super) async fn tell(&mut self, call_id: &CallId, told: Vec<(Endpoint, Event)>) {
        for (to, event) in told {
            self.offer(Effect::Tell { call_id: call_id.clone(), to, event }).await;
        }
    }

    /// Goes on with what a call waited for.
    pub(super) async fn finish(&mut self, finished: Finished) {
        match finished {
            Finished::Started { call_id, stored } => {
                if stored {
                    counter!(names::CALLS_STARTED).increment(1);
                } else {
                    self.refuse(&call_id);
                }
                self.resume(&call_id).await;
            }
            Finished::AcceptStored | Finished::Forgotten => {}
            Finished::InvitedStored { call_id } | Finished::GateOpen { call_id } => {
                self.resume(&call_id).await;
            }
            Finished::Done { asker } => self.answer(&asker, Ok(Reply::Done {})),
            Finished::Ended { call_id, messages, notices } => {
                for (to, event) in notices {
                    self.devices.notify(&to, event);
                }
                for Delivery { users, message, .. } in messages {
                    for user in users {
                        self.devices.notify_user(&user, &Event::Message(message.event(&user)));
                    }
                }
                self.resume(&call_id).await;
            }
            Finished::GroupMembers { group_id, members } => {
                self.tell_group(&group_id, &members);
            }
            Finished::MediaOpened { asker, connection, opened, reply } => {
                self.media_opened(&asker, connection, opened, &reply);
            }
            Finished::Renegotiated { asker, local, answering } => {
                self.renegotiated(&asker, local.as_ref(), &answering);
            }
        }
    }

    async fn resume(&mut self, call_id: &CallId) {
        while let Some(effect) = self.lanes.next(call_id) {
            if self.perform(effect).await == Flow::Waits {
                return;
            }
        }
    }

    /// The call an effect has to keep its order in.
    fn call_of(&self, effect: &Effect) -> Option<CallId> {
        match effect {
            Effect::Introduce { call_id, .. } | Effect::Tell { call_id, .. } => {
                Some(call_id.clone())
            }
            Effect::Output(output) => match output {
                CallsOutput::Started { facts } => Some(facts.call_id.clone()),
                CallsOutput::Reply { request, result, .. } => self.call_of_reply(*request, result),
                CallsOutput::Notify { event, .. } => event.call_id().cloned(),
                CallsOutput::Connected { call_id, .. }
                | CallsOutput::Joined { call_id, .. }
                | CallsOutput::Invited { call_id, .. }
                | CallsOutput::GroupCall { call_id, .. } => Some(call_id.clone()),
                // Media stops at once, whatever the database does.
                CallsOutput::LeaveMedia { .. } => None,
                CallsOutput::Ended { ended, .. } => Some(ended.facts.call_id.clone()),
            },
        }
    }

    fn call_of_reply(
        &self,
        request: RequestToken,
        result: &Result<Reply, ProtocolError>,
    ) -> Option<CallId> {
        match result {
            Ok(Reply::Call(call)) => Some(call.facts.call_id.clone()),
            Ok(
                Reply::Done {}
                | Reply::Hello(_)
                | Reply::IceServers(_)
                | Reply::SignedIn(_)
                | Reply::Media(_)
                | Reply::MediaSdp(_)
                | Reply::GroupCall(_)
                | Reply::History(_)
                | Reply::Chat(_),
            )
            | Err(_) => self.asked.get(request)?.call_id.clone(),
        }
    }

    async fn perform(&mut self, effect: Effect) -> Flow {
        match effect {
            Effect::Introduce { call_id, devices } => self.introduce(&call_id, &devices),
            Effect::Tell { to, event, .. } => self.devices.notify(&to, event),
            Effect::Output(output) => return self.perform_output(output).await,
        }
        Flow::GoesOn
    }

    async fn perform_output(&mut self, output: CallsOutput) -> Flow {
        match output {
            CallsOutput::Started { facts } => self.start(facts),
            CallsOutput::Reply { request, result, to: _ } => {
                self.reply(request, result);
                Flow::GoesOn
            }
            CallsOutput::Notify { to, event } => {
                self.notify(&to, event);
                Flow::GoesOn
            }
            CallsOutput::Connected { call_id, room_id, caller, callee, accepted_at } => {
                self.store_accept(&call_id, &callee, accepted_at);
                self.converse(call_id, room_id, &[caller, callee]).await
            }
            CallsOutput::Joined { call_id, room_id, endpoint, at, rung } => {
                if !rung {
                    let what = What::Joined(endpoint.user.clone());
                    self.store.emit(CallEvent { call_id: call_id.clone(), at, what });
                }
                self.converse(call_id, room_id, &[endpoint]).await
            }
            CallsOutput::Invited { call_id, by, users } => {
                self.store_invited(&call_id, users.clone());
                let what = What::Invited { by, users };
                self.store.emit(CallEvent { call_id, at: wall_clock(), what });
                Flow::Waits
            }
            CallsOutput::GroupCall { group_id, .. } => {
                self.look_up_members(group_id);
                Flow::GoesOn
            }
            CallsOutput::LeaveMedia { call_id, endpoint } => {
                // Of a call that is over, who hung up is told of as its end is.
                if self.calls.call(&call_id).is_some() {
                    self.running.part(&call_id, &endpoint);
                }
                if let Some(connection) = self.running.disconnect(&call_id, &endpoint) {
                    let reason = LeaveReason::Left;
                    self.command_shard(ShardCommand::Disconnect { connection, reason }).await;
                }
                Flow::GoesOn
            }
            CallsOutput::Ended { ended, notices } => self.end(ended, notices).await,
        }
    }

    fn start(&mut self, facts: CallFacts) -> Flow {
        let call_id = facts.call_id.clone();
        self.running.begin(call_id.clone(), facts.room_id, self.placing.take());
        let store = self.store.clone();
        self.waiting.push(Box::pin(async move {
            let stored = writes::start(store, facts).await;
            Finished::Started { call_id, stored }
        }));
        Flow::Waits
    }

    /// The start of a call cannot be stored: to everybody but its caller it never was.
    fn refuse(&mut self, call_id: &CallId) {
        let (store, refused) = (self.store.clone(), call_id.clone());
        self.waiting.push(Box::pin(async move {
            writes::refused(store, refused).await;
            Finished::Forgotten
        }));
        let Some(call) = self.running.get_mut(call_id) else { return };
        call.refused = true;
        let Some(from) = call.caller.clone() else { return };
        let (request, call_id) = (self.asked.unasked(), call_id.clone());
        let action = CallAction::Hangup { call_id };
        self.input(CallsInput::Request { from, request, action });
    }

    fn is_refused(&self, call_id: &CallId) -> bool {
        self.running.get(call_id).is_some_and(|call| call.refused)
    }

    fn reply(&mut self, request: RequestToken, result: Result<Reply, ProtocolError>) {
        let call_id = self.call_of_reply(request, &result);
        let result = match result {
            Ok(_) if call_id.is_some_and(|call_id| self.is_refused(&call_id)) => {
                Err(ProtocolError::new(
                    Code::Internal,
                    "The call could not be stored, so it was not placed; try again later.",
                ))
            }
            result => result,
        };
        match self.asked.take(request) {
            Some(asker) => self.answer(&asker, result),
            None => self.answer_operator(request, result),
        }
    }

    fn notify(&mut self, to: &Endpoint, event: Event) {
        if matches!(event, Event::KickedOffline {}) {
            self.devices.kick(to);
            return;
        }
        if event.call_id().is_some_and(|call_id| self.is_refused(call_id)) {
            return;
        }
        if let Event::Ringing { call_id, user } = &event {
            let what = What::Received(user.clone());
            self.store.emit(CallEvent { call_id: call_id.clone(), at: wall_clock(), what });
        }
        // Who comes back to a conversation has missed who is in the room.
        let missed = if let Event::Resumed(call) = &event
            && !self.devices.has_resumed(to)
        {
            let call_id = &call.facts.call_id;
            self.running.get(call_id).map_or_else(Vec::new, |call| call.missed(call_id, to))
        } else {
            Vec::new()
        };
        self.devices.notify(to, event);
        for event in missed {
            self.devices.notify(to, event);
        }
    }

    /// Stores the acceptance on the side: nobody waits for it.
    fn store_accept(&mut self, call_id: &CallId, callee: &Endpoint, at: UnixMillis) {
        let (store, call_id, by) = (self.store.clone(), call_id.clone(), callee.user.clone());
        self.waiting.push(Box::pin(async move {
            writes::accept(store, call_id, by, at).await;
            Finished::AcceptStored
        }));
    }

    /// Stores who is invited to a call that lives, before anybody is told.
    fn store_invited(&mut self, call_id: &CallId, users: Vec<UserId>) {
        let (store, call_id) = (self.store.clone(), call_id.clone());
        self.waiting.push(Box::pin(async move {
            writes::invited(store, call_id.clone(), users).await;
            Finished::InvitedStored { call_id }
        }));
    }

    /// Opens the gate of the room and lets these devices in, and has everything else wait until
    /// that is done: the first packet sent by whoever hears of the acceptance must pass.
    async fn converse(&mut self, call_id: CallId, room: RoomId, devices: &[Endpoint]) -> Flow {
        let media_due = Instant::now() + self.settings.media_timeout;
        let admit = self.running.converse(&call_id, devices, media_due);
        let (done, opened) = oneshot::channel();
        self.command_shard(ShardCommand::OpenGate { room, admit, done }).await;
        self.waiting.push(Box::pin(async move {
            if !matches!(tokio::time::timeout(GATE_TIMEOUT, opened).await, Ok(Ok(()))) {
                tracing::error!("a room's gate was not opened");
            }
            Finished::GateOpen { call_id }
        }));
        Flow::Waits
    }

    fn introduce(&mut self, call_id: &CallId, devices: &[Endpoint]) {
        let Some(call) = self.running.get_mut(call_id) else { return };
        for (to, event) in call.begin_telling(call_id, devices) {
            self.devices.notify(&to, event);
        }
    }

    async fn end(&mut self, ended: EndedCall, notices: Vec<(Endpoint, Event)>) -> Flow {
        let call_id = ended.facts.call_id.clone();
        self.forget_operator(&call_id);
        let Some(mut call) = self.running.end(&call_id) else { return Flow::GoesOn };
        let (tell, heard) = oneshot::channel();
        self.command_shard(ShardCommand::CloseRoom { room: call.room, heard: tell }).await;
        if call.refused {
            return Flow::GoesOn;
        }
        counter!(names::CALLS_ENDED, "outcome" => outcome(ended.outcome)).increment(1);
        measure(&ended);
        for (to, event) in call.hang_up(&call_id, ended.ended_by.as_ref()) {
            self.devices.notify(&to, event);
        }
        let store = self.store.clone();
        self.waiting.push(Box::pin(async move {
            let heard = quality::of_room(heard).await;
            let messages = writes::end(store, ended, heard).await;
            Finished::Ended { call_id, messages, notices }
        }));
        Flow::Waits
    }

    /// Has the shard do something. If its thread has ended, the hub learns so by other means.
    pub(super) async fn command_shard(&mut self, command: ShardCommand) -> bool {
        self.shard.send(command).await.is_ok()
    }

    pub(super) fn answer(
        &mut self,
        asker: &super::asked::Asker,
        result: Result<Reply, ProtocolError>,
    ) {
        let outcome = if result.is_ok() { "ok" } else { "error" };
        counter!(names::REQUESTS, "method" => asker.method, "result" => outcome).increment(1);
        let frame = match result {
            Ok(result) => ServerFrame::Reply { id: asker.id, result },
            Err(error) => ServerFrame::Error { id: Some(asker.id), error },
        };
        self.devices.answer(&asker.session, &frame);
    }
}

fn measure(ended: &EndedCall) {
    let Some(accepted_at) = ended.accepted_at else { return };
    let rang = accepted_at.saturating_since(ended.facts.started_at);
    histogram!(names::ANSWER_SECONDS).record(rang);
    histogram!(names::CALL_SECONDS).record(Duration::from_millis(ended.duration_ms()));
}

/// The `outcome` label of the metric.
const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Rejected => "rejected",
        Outcome::NoAnswer => "no_answer",
        Outcome::Offline => "offline",
        Outcome::Busy => "busy",
        Outcome::Cancelled => "cancelled",
        Outcome::PeerLost => "peer_lost",
        Outcome::Interrupted => "interrupted",
    }
}
