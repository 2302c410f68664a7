//! What operators ask of the hub over REST, and what the chat has it deliver.

use std::collections::BTreeMap;

use calling_model::{CallId, DeviceId, Endpoint, UnixMillis, UserId};
use calling_signaling::call::CallFacts;
use calling_signaling::calls::{CallAction, CallsInput, RequestToken};
use calling_signaling::protocol::{CallParams, CallReply, Code, Event, ProtocolError, Reply};
use tokio::sync::oneshot;

use super::actor::Actor;
use super::{CallStore, Hub, HubCommand, HubGone, SessionId, wall_clock};

/// The device that calls started by operators are placed from. It exists in the call machine alone.
const OPERATOR_DEVICE: &str = "operator";

/// A call in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LiveCall {
    pub(crate) facts: CallFacts,
    /// Since when people talk; `None` while it rings.
    pub(crate) connected_at: Option<UnixMillis>,
}

/// A call to be placed by an operator.
#[derive(Debug)]
pub(crate) struct OperatorCall {
    /// The account in whose name it rings.
    pub(crate) caller: UserId,
    pub(crate) params: CallParams,
    /// Those of the callees who have no account.
    pub(crate) unknown: Vec<UserId>,
}

/// Who is told what: the same event to several accounts.
pub(crate) type Told = (Vec<UserId>, Event);

/// A wish with the way its answer goes back.
#[derive(Debug)]
pub(crate) enum AdminCommand {
    ListCalls(oneshot::Sender<Vec<LiveCall>>),
    /// Whether there was such a call.
    EndCall(CallId, oneshot::Sender<bool>),
    StartCall(OperatorCall, oneshot::Sender<Result<CallReply, ProtocolError>>),
    Devices(UserId, oneshot::Sender<Vec<DeviceId>>),
    /// One device, or all of the account; how many there were.
    Kick(UserId, Option<DeviceId>, oneshot::Sender<usize>),
    /// All devices of these accounts but one connection.
    Tell(Vec<Told>, Option<SessionId>),
}

/// Calls that operators placed, and answers they wait for.
#[derive(Debug, Default)]
pub(super) struct Operators {
    asked: BTreeMap<RequestToken, Asked>,
    calls: BTreeMap<CallId, Endpoint>,
}

#[derive(Debug)]
struct Asked {
    from: Endpoint,
    reply: oneshot::Sender<Result<CallReply, ProtocolError>>,
}

impl Hub {
    /// Asks for something and waits for the answer.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> AdminCommand,
    ) -> Result<T, HubGone> {
        let (reply, answer) = oneshot::channel();
        self.send(HubCommand::Admin(command(reply))).await?;
        answer.await.map_err(|_| HubGone)
    }

    /// Has devices told of something.
    pub(crate) async fn tell(
        &self,
        told: Vec<Told>,
        except: Option<SessionId>,
    ) -> Result<(), HubGone> {
        self.send(HubCommand::Admin(AdminCommand::Tell(told, except))).await
    }
}

impl<S: CallStore> Actor<S> {
    pub(super) fn admin(&mut self, command: AdminCommand) {
        // Whoever asked may have stopped waiting; then nobody is answered.
        match command {
            AdminCommand::ListCalls(reply) => {
                let _ = reply.send(self.live_calls());
            }
            AdminCommand::EndCall(call_id, reply) => {
                let found = self.calls.call(&call_id).is_some();
                self.input(CallsInput::End { call_id });
                let _ = reply.send(found);
            }
            AdminCommand::StartCall(call, reply) => self.start_for_operator(call, reply),
            AdminCommand::Devices(user, reply) => {
                let _ = reply.send(self.devices.devices_of(&user));
            }
            AdminCommand::Kick(user, device, reply) => {
                let _ = reply.send(self.kick(&user, device.as_ref()));
            }
            AdminCommand::Tell(told, except) => {
                for (users, event) in told {
                    for user in users {
                        self.devices.notify_others(&user, &event, except);
                    }
                }
            }
        }
    }

    fn live_calls(&self) -> Vec<LiveCall> {
        let live = self.calls.calls().map(|call| LiveCall {
            facts: call.facts,
            connected_at: call.answered.map(|(_, at)| at),
        });
        live.collect()
    }

    fn kick(&mut self, user: &UserId, device: Option<&DeviceId>) -> usize {
        let mut kicked = self.devices.devices_of(user);
        kicked.retain(|own| device.is_none_or(|wanted| wanted == own));
        for device in &kicked {
            let endpoint = Endpoint { user: user.clone(), device: device.clone() };
            self.devices.kick(&endpoint);
            self.input(CallsInput::SignedOut { endpoint });
        }
        kicked.len()
    }

    /// Places a call from a device that is signed in for this call alone.
    fn start_for_operator(
        &mut self,
        call: OperatorCall,
        reply: oneshot::Sender<Result<CallReply, ProtocolError>>,
    ) {
        let OperatorCall { caller, params, unknown } = call;
        let from = match self.operator_device(&caller) {
            Ok(from) => from,
            Err(error) => {
                let _ = reply.send(Err(error));
                return;
            }
        };
        let request = self.asked.unasked();
        self.operators.asked.insert(request, Asked { from: from.clone(), reply });
        self.placing = Some(from.clone());
        let action = CallAction::Call { params, unknown, outsiders: Vec::new(), at: wall_clock() };
        self.input(CallsInput::Request { from, request, action });
    }

    fn operator_device(&mut self, user: &UserId) -> Result<Endpoint, ProtocolError> {
        let refuse = |code, sentence: &str| Err(ProtocolError::new(code, sentence));
        if self.lanes.len() >= self.settings.max_waiting_calls {
            return refuse(Code::Internal, "the server cannot store calls at the moment");
        }
        let is_in = |facts: &CallFacts| facts.caller == *user || facts.callees.contains(user);
        if self.calls.calls().any(|call| is_in(&call.facts)) {
            return refuse(Code::WrongState, "the account is in a call");
        }
        if self.calls.devices_of(user).len() >= self.settings.calls.max_devices_per_user {
            return refuse(Code::WrongState, "the account has too many devices signed in");
        }
        let device = DeviceId::new(OPERATOR_DEVICE)
            .map_err(|error| ProtocolError::new(Code::Internal, error.to_string()))?;
        let endpoint = Endpoint { user: user.clone(), device };
        if self.devices.is_signed_in(&endpoint) {
            return refuse(Code::WrongState, "a device of that account calls itself `operator`");
        }
        self.input(CallsInput::SignedIn { endpoint: endpoint.clone() });
        Ok(endpoint)
    }

    /// The machine's answer to a request that no device made.
    pub(super) fn answer_operator(
        &mut self,
        request: RequestToken,
        result: Result<Reply, ProtocolError>,
    ) {
        let Some(Asked { from, reply }) = self.operators.asked.remove(&request) else { return };
        let answer = match result {
            Ok(Reply::Call(call)) => Ok(call),
            Ok(_) => Err(ProtocolError::new(Code::Internal, "the call was not placed")),
            Err(error) => Err(error),
        };
        match &answer {
            Ok(call) => {
                self.operators.calls.insert(call.facts.call_id.clone(), from);
            }
            Err(_) => self.input(CallsInput::SignedOut { endpoint: from }),
        }
        let _ = reply.send(answer);
    }

    /// The device of a call that an operator placed goes with the call.
    pub(super) fn forget_operator(&mut self, call_id: &CallId) {
        if let Some(endpoint) = self.operators.calls.remove(call_id) {
            self.input(CallsInput::SignedOut { endpoint });
        }
    }
}
