use std::fmt;

use calling_model::{CallId, Endpoint, MediaType, UnixMillis};
use calling_signaling::calls::CallAction;
use calling_signaling::protocol::{CallParams, InviteParams};

use crate::Space;
use crate::state::State;

/// One thing that can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// It happens, and the server lives on.
    Whole(Step),
    /// The server is killed while it does what follows from the step: only the first `written`
    /// writes to its store were done, and nothing that was to happen after them. It starts anew.
    Torn {
        /// What it was doing.
        step: Step,
        /// How many writes it had done.
        written: usize,
    },
    /// The server is killed while it does nothing, and starts anew.
    Killed,
}

/// Something the server has to deal with. Devices are counted as in [`Space::endpoints`], calls in
/// the order in which they were placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A frame of this device arrives: sent a moment or an hour ago, for the first time or again.
    Asks(usize, Ask),
    /// The device signs in, for the first time or on a new connection.
    SignsIn(usize),
    /// The device takes up its session.
    Returns(usize),
    /// The device's connection is gone: it crashed, or its network did.
    Vanishes(usize),
    /// The device signs out.
    SignsOut(usize),
    /// The media connection of the device in the call died.
    MediaLost(usize, usize),
    /// The media connection of the device in the call is up.
    MediaBack(usize, usize),
    /// Time passes to the next deadline.
    Wait,
    /// Time passes to just before the next deadline.
    Pause,
    /// The operator ends the call.
    OperatorEnds(usize),
    /// The operator takes the owner of this device out of the call.
    OperatorRemoves(usize, usize),
    /// The server stops in good order.
    Shutdown,
}

impl Step {
    /// Whether calls may start or end by it, so that a kill can tear it. That the others never
    /// write is itself checked, see [`Rule::SoundCheck`](crate::Rule::SoundCheck).
    pub(crate) const fn may_write(self) -> bool {
        match self {
            Self::Asks(_, Ask::Get(_) | Ask::Video(_))
            | Self::Vanishes(_)
            | Self::MediaLost(..)
            | Self::MediaBack(..)
            | Self::Pause => false,
            Self::Asks(..)
            | Self::SignsIn(_)
            | Self::Returns(_)
            | Self::SignsOut(_)
            | Self::Wait
            | Self::OperatorEnds(_)
            | Self::OperatorRemoves(..)
            | Self::Shutdown => true,
        }
    }
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// To call the other account.
    Call,
    /// To answer.
    Accept(usize),
    /// To decline.
    Reject(usize),
    /// To decline as busy.
    Busy(usize),
    /// To withdraw or leave.
    Hangup(usize),
    /// How the call stands.
    Get(usize),
    /// To enter the running call.
    Join(usize),
    /// To ring the other account.
    Invite(usize),
    /// To make it a video call.
    Video(usize),
}

impl Action {
    /// Everything that can happen in `state`.
    pub(crate) fn all(space: &Space, state: &State, out: &mut Vec<Self>) {
        let steps = steps(space, state);
        if state.restarts < space.restarts {
            out.push(Self::Killed);
            for step in steps.iter().filter(|step| step.may_write()) {
                // The start of a call, and the end of each.
                out.extend((0..=space.calls).map(|written| Self::Torn { step: *step, written }));
            }
        }
        out.extend(steps.into_iter().map(Self::Whole));
    }
}

fn steps(space: &Space, state: &State) -> Vec<Step> {
    let calls = state.ledger.count();
    let mut all = Vec::new();
    for device in 0..state.endpoints().len() {
        all.extend(asks(space, calls).into_iter().map(|ask| Step::Asks(device, ask)));
        all.push(Step::SignsIn(device));
        if state.is_present(device) {
            all.extend([Step::Vanishes(device), Step::SignsOut(device)]);
        } else {
            all.push(Step::Returns(device));
        }
        for call in 0..calls {
            all.extend([Step::MediaLost(device, call), Step::MediaBack(device, call)]);
        }
    }
    if state.next_deadline().is_some() {
        all.push(Step::Wait);
        if state.pauses < space.pauses {
            all.push(Step::Pause);
        }
    }
    if space.operator {
        all.push(Step::Shutdown);
        for call in 0..calls {
            all.push(Step::OperatorEnds(call));
            all.extend([0, space.devices].map(|device| Step::OperatorRemoves(device, call)));
        }
    }
    all
}

fn asks(space: &Space, calls: usize) -> Vec<Ask> {
    let mut all = Vec::new();
    if calls < space.calls {
        all.push(Ask::Call);
    }
    for call in 0..calls {
        all.extend(
            [Ask::Accept, Ask::Reject, Ask::Busy, Ask::Hangup, Ask::Get].map(|ask| ask(call)),
        );
        all.push(Ask::Join(call));
        all.push(Ask::Invite(call));
        if space.group {
            all.push(Ask::Video(call));
        }
    }
    all
}

impl Ask {
    /// As it reaches the machine from `from`. `other`: a device of the other account.
    pub(crate) fn action(
        self,
        space: &Space,
        other: &Endpoint,
        calls: &[CallId],
        at: UnixMillis,
    ) -> CallAction {
        let users = vec![other.user.clone()];
        match self {
            Self::Call => CallAction::Call {
                params: CallParams {
                    callees: users,
                    media_type: MediaType::Audio,
                    group_id: space.group_id(),
                    timeout_s: None,
                    user_data: String::new(),
                    sent_at: None,
                },
                unknown: Vec::new(),
                outsiders: Vec::new(),
                at,
            },
            Self::Accept(call) => CallAction::Accept { call_id: calls[call].clone() },
            Self::Reject(call) => CallAction::Reject { call_id: calls[call].clone(), busy: false },
            Self::Busy(call) => CallAction::Reject { call_id: calls[call].clone(), busy: true },
            Self::Hangup(call) => CallAction::Hangup { call_id: calls[call].clone() },
            Self::Get(call) => CallAction::GetCall { call_id: calls[call].clone() },
            Self::Join(call) => {
                CallAction::Join { call_id: calls[call].clone(), insider: space.group }
            }
            Self::Invite(call) => CallAction::InviteUsers {
                params: InviteParams { call_id: calls[call].clone(), users, timeout_s: None },
                unknown: Vec::new(),
                outsiders: Vec::new(),
            },
            Self::Video(call) => CallAction::SwitchMediaType {
                call_id: calls[call].clone(),
                media_type: MediaType::Video,
            },
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(step) => write!(f, "{step:?}"),
            Self::Torn { step, written } => {
                write!(f, "{step:?}, killed after {written} writes, restarted")
            }
            Self::Killed => write!(f, "killed, restarted"),
        }
    }
}
