use calling_model::{InviteId, MediaType, UserId};

use super::{
    ActionType, Business, CallAction, Command, Envelope, MAX_PAYLOAD_VERSION, Payload, PayloadData,
    Signal,
};
use crate::call::CallFacts;

/// What `platform` says in messages of this project.
pub const PLATFORM: &str = "Calling";

/// How long a wish to switch may stay unanswered, in seconds.
const SWITCH_TIMEOUT_S: u32 = 30;

/// The message in which `sender` tells `signal` about a call, in the form that every generation
/// understands: version 4 with every newer field, and the legacy marks where they apply.
///
/// `invite_id` is the call's own for everything about the invite itself. A hangup and a wish to
/// switch are invites of their own, with an id of their own.
///
/// Hangups differ from all other messages, each time for the sake of a known reader: they alone
/// have `call_end`, since some take its mere presence for the end; it is at least 1, since others
/// take 0 for no end; and the room stands in `data` only, since browsers take an invite with a room
/// for no end.
pub fn compose(
    facts: &CallFacts,
    invite_id: InviteId,
    sender: &UserId,
    signal: &Signal,
) -> Envelope {
    let action = action(signal);
    let (inviter, invitees) = people(facts, sender, signal);
    Envelope {
        action,
        invite_id: Some(invite_id),
        inviter: Some(inviter),
        invitees,
        group_id: facts.group_id.clone(),
        timeout_s: timeout_s(facts, signal),
        online_user_only: false,
        payload: payload(facts, signal),
    }
}

const fn action(signal: &Signal) -> ActionType {
    match signal {
        Signal::Invite { .. }
        | Signal::Hangup { .. }
        | Signal::SwitchToAudio
        | Signal::SwitchToVideo
        | Signal::SyncInfo(_) => ActionType::Invite,
        Signal::Cancel => ActionType::Cancel,
        Signal::Accept | Signal::SwitchAccepted { .. } => ActionType::Accept,
        Signal::Reject | Signal::Busy | Signal::SwitchRejected { .. } => ActionType::Reject,
        Signal::Timeout | Signal::SwitchUnanswered { .. } => ActionType::Timeout,
        Signal::Modified => ActionType::Modify,
    }
}

/// Only what somebody still waits for has a timer.
const fn timeout_s(facts: &CallFacts, signal: &Signal) -> u32 {
    match signal {
        Signal::Invite { .. } | Signal::Modified => facts.timeout_s,
        Signal::SwitchToAudio | Signal::SwitchToVideo => SWITCH_TIMEOUT_S,
        Signal::Cancel
        | Signal::Accept
        | Signal::Reject
        | Signal::Busy
        | Signal::Timeout
        | Signal::Hangup { .. }
        | Signal::SwitchAccepted { .. }
        | Signal::SwitchRejected { .. }
        | Signal::SwitchUnanswered { .. }
        | Signal::SyncInfo(_) => 0,
    }
}

/// `inviter` and `inviteeList`.
fn people(facts: &CallFacts, sender: &UserId, signal: &Signal) -> (UserId, Vec<UserId>) {
    let caller = || facts.caller.clone();
    match signal {
        Signal::Invite { .. } | Signal::Cancel | Signal::Modified => {
            (caller(), facts.callees.clone())
        }
        // Told by the one who did not answer, or by the caller about all who did not.
        Signal::Timeout if *sender == facts.caller => (caller(), facts.callees.clone()),
        Signal::Accept | Signal::Reject | Signal::Busy | Signal::Timeout => {
            (caller(), vec![sender.clone()])
        }
        Signal::Hangup { .. }
        | Signal::SwitchToAudio
        | Signal::SwitchToVideo
        | Signal::SyncInfo(_) => (sender.clone(), others(facts, sender)),
        Signal::SwitchAccepted { .. }
        | Signal::SwitchRejected { .. }
        | Signal::SwitchUnanswered { .. } => {
            let asker = others(facts, sender).into_iter().next();
            (asker.unwrap_or_else(caller), vec![sender.clone()])
        }
    }
}

/// Everybody in the call but `sender`, the caller first.
fn others(facts: &CallFacts, sender: &UserId) -> Vec<UserId> {
    let everybody = std::iter::once(&facts.caller).chain(&facts.callees);
    everybody.filter(|user| *user != sender).cloned().collect()
}

fn payload(facts: &CallFacts, signal: &Signal) -> Payload {
    let mut payload = Payload {
        version: MAX_PAYLOAD_VERSION,
        business: Business::AvCall,
        platform: PLATFORM.to_owned(),
        media_type: Some(facts.media_type),
        room_id: (!matches!(signal, Signal::Hangup { .. })).then_some(facts.room_id),
        ..Payload::default()
    };
    let mut data = PayloadData {
        command: Some(command(facts, signal)),
        room_id: Some(facts.room_id),
        users: facts.callees.clone(),
        inviter: Some(facts.caller.clone()),
        ..PayloadData::default()
    };
    if matches!(signal, Signal::Invite { .. } | Signal::Modified) {
        payload.user_data.clone_from(&facts.user_data);
    }
    add_marks(signal, &mut payload, &mut data);
    payload.data = Some(data);
    payload
}

fn command(facts: &CallFacts, signal: &Signal) -> Command {
    match signal {
        Signal::Invite { media_type } => Command::call(*media_type),
        Signal::Cancel
        | Signal::Accept
        | Signal::Reject
        | Signal::Busy
        | Signal::Timeout
        | Signal::Modified => Command::call(facts.media_type),
        Signal::Hangup { .. } => Command::Hangup,
        Signal::SwitchToAudio => Command::SwitchToAudio,
        Signal::SwitchToVideo => Command::SwitchToVideo,
        Signal::SwitchAccepted { to }
        | Signal::SwitchRejected { to, .. }
        | Signal::SwitchUnanswered { to } => match to {
            MediaType::Audio => Command::SwitchToAudio,
            MediaType::Video => Command::SwitchToVideo,
        },
        Signal::SyncInfo(_) => Command::SyncInfo,
    }
}

/// What older readers look at.
fn add_marks(signal: &Signal, payload: &mut Payload, data: &mut PayloadData) {
    match signal {
        Signal::Busy => {
            payload.line_busy = true;
            data.message = "lineBusy".to_owned();
        }
        Signal::Hangup { seconds } => {
            let seconds = (*seconds).max(1);
            payload.call_end_s = Some(seconds);
            data.command_info = seconds.to_string();
        }
        Signal::SwitchToAudio
        | Signal::SwitchAccepted { to: MediaType::Audio }
        | Signal::SwitchUnanswered { to: MediaType::Audio } => {
            payload.switch_to_audio = Some(true);
        }
        Signal::SwitchRejected { to, reason } => {
            // The mark says what it is about; that it is denied, the action says.
            payload.switch_to_audio = (*to == MediaType::Audio).then_some(true);
            data.message.clone_from(reason);
        }
        Signal::SyncInfo(event) => {
            payload.call_action = Some(event.action);
            payload.call_id.clone_from(&event.call_id);
            payload.user.clone_from(&event.user);
            data.users.clone_from(&event.users);
            data.message.clone_from(&event.message);
            data.invite_time_ms = event.at.map(|at| at.0);
        }
        Signal::Invite { media_type } => payload.media_type = Some(*media_type),
        Signal::Cancel
        | Signal::Accept
        | Signal::Reject
        | Signal::Timeout
        | Signal::SwitchToVideo
        | Signal::SwitchAccepted { to: MediaType::Video }
        | Signal::SwitchUnanswered { to: MediaType::Video }
        | Signal::Modified => {}
    }
}

/// The message without an envelope in which the caller of several people relays an event.
impl From<&super::SyncInfo> for Payload {
    fn from(event: &super::SyncInfo) -> Self {
        let signal = Signal::SyncInfo(event.clone());
        let mut payload = Self {
            version: MAX_PAYLOAD_VERSION,
            business: Business::AvCall,
            platform: PLATFORM.to_owned(),
            ..Self::default()
        };
        let mut data = PayloadData { command: Some(Command::SyncInfo), ..PayloadData::default() };
        add_marks(&signal, &mut payload, &mut data);
        payload.data = Some(data);
        payload
    }
}

impl CallAction {
    /// The relayed form of what an invitee did; `None` for what is never relayed.
    pub const fn of(signal: &Signal) -> Option<Self> {
        match signal {
            Signal::Invite { .. } => Some(Self::Call),
            Signal::Cancel => Some(Self::Cancel),
            Signal::Accept => Some(Self::Accept),
            Signal::Reject => Some(Self::Reject),
            Signal::Busy => Some(Self::Busy),
            Signal::Timeout => Some(Self::Timeout),
            Signal::Hangup { .. } => Some(Self::End),
            Signal::SwitchToAudio => Some(Self::SwitchToAudio),
            Signal::SwitchAccepted { .. } => Some(Self::AcceptSwitch),
            Signal::SwitchRejected { .. } => Some(Self::RejectSwitch),
            Signal::SwitchToVideo
            | Signal::SwitchUnanswered { .. }
            | Signal::SyncInfo(_)
            | Signal::Modified => None,
        }
    }
}
