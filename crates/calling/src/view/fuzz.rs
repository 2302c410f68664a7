//! Anything that can happen around a call window.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use calling_model::{CallId, InviteId, MediaType, RoomId, UnixMillis, UserId, VideoTrack, Volume};
use calling_signaling::call::{CallFacts, Outcome, Role};
use calling_signaling::client::{
    ClientPhase, Connection, ListenerEvent, NetworkQuality, UserQuality,
};
use calling_signaling::protocol::{Code, ProtocolError, UserVolume};

use super::model::{ViewEvent, ViewInput, ViewModel};
use super::queue::ViewQueue;
use crate::state::CallState;

/// Operations on a [`ViewModel`] and on a view that takes its callbacks now and then: two bytes
/// each, what happens and whom it concerns.
///
/// Holds for every input, before and after callbacks are merged: each call has a show, then
/// updates, then one close, and no two calls are open at once; nobody is listed twice; never more
/// than two callbacks wait; a view that reads on sees the newest snapshot.
///
/// # Panics
/// If any of that does not hold.
pub fn view(data: &[u8]) {
    let Some(words) = Words::new() else { return };
    let mut model = ViewModel::new(words.user(0));
    let (mut direct, mut merged) = (Brackets::default(), Brackets::default());
    let mut queue = ViewQueue::default();
    let mut now = words.epoch;
    for (step, pair) in data.chunks_exact(2).take(MOST_STEPS).enumerate() {
        now += Duration::from_millis(u64::from(pair[1]) * 40);
        for event in model.apply(now, &words.input(pair[0], pair[1])) {
            direct.take(&event);
            queue.push(event);
            assert!(queue.len() <= 2, "{} callbacks wait", queue.len());
        }
        if step % 5 == usize::from(pair[1] % 5) {
            drain(&mut queue, &mut merged);
            assert_eq!(merged.newest.as_ref(), model.current(), "a reader is up to date");
        }
    }
    for event in model.apply(now, &ViewInput::Closed) {
        direct.take(&event);
        queue.push(event);
    }
    drain(&mut queue, &mut merged);
    assert!(direct.newest.is_none() && merged.newest.is_none(), "all is closed at the end");
}

const MOST_STEPS: usize = 512;

fn drain(queue: &mut ViewQueue, brackets: &mut Brackets) {
    while let Some(event) = queue.pop() {
        brackets.take(&event);
    }
}

/// What a view has open.
#[derive(Default)]
struct Brackets {
    newest: Option<std::sync::Arc<super::CallViewState>>,
}

impl Brackets {
    fn take(&mut self, event: &ViewEvent) {
        let call = event.call();
        let users: BTreeSet<_> = call.members.iter().map(|member| &member.user).collect();
        assert_eq!(users.len(), call.members.len(), "somebody is listed twice");
        let open = self.newest.as_ref().map(|open| &open.call_id);
        match event {
            ViewEvent::ShowIncoming(_) | ViewEvent::ShowCall(_) => {
                assert!(open.is_none_or(|open| *open == call.call_id), "two calls are open");
            }
            ViewEvent::Update(_) | ViewEvent::Close(_) => {
                assert_eq!(open, Some(&call.call_id), "told without a show");
            }
        }
        let closes = matches!(event, ViewEvent::Close(_));
        assert_eq!(closes, call.is_over(), "closed is over, and over is closed");
        self.newest = (!closes).then(|| std::sync::Arc::clone(call));
    }
}

/// The things of which inputs are made.
struct Words {
    epoch: Instant,
    users: Vec<UserId>,
    calls: Vec<CallId>,
    invite: InviteId,
    room: RoomId,
}

impl Words {
    fn new() -> Option<Self> {
        let users = (0..8).map(|number| UserId::new(format!("user{number}")));
        let calls = (0..4).map(|number| CallId::new(format!("call{number}")));
        Some(Self {
            epoch: Instant::now(),
            users: users.collect::<Result<_, _>>().ok()?,
            calls: calls.collect::<Result<_, _>>().ok()?,
            invite: InviteId::new("invite").ok()?,
            room: RoomId::new(1).ok()?,
        })
    }

    fn user(&self, argument: u8) -> UserId {
        self.users[usize::from(argument) % self.users.len()].clone()
    }

    fn call(&self, argument: u8) -> CallId {
        self.calls[usize::from(argument) % self.calls.len()].clone()
    }

    fn facts(&self, argument: u8) -> CallFacts {
        CallFacts {
            call_id: self.call(argument),
            invite_id: self.invite.clone(),
            room_id: self.room,
            caller: self.user(argument >> 2),
            callees: vec![self.user(argument >> 3), self.user(argument >> 4), self.user(0)],
            media_type: MediaType::Video,
            group_id: None,
            timeout_s: u32::from(argument),
            user_data: String::new(),
            started_at: UnixMillis(0),
        }
    }

    fn input(&self, operation: u8, argument: u8) -> ViewInput {
        const PHASES: [ClientPhase; 6] = [
            ClientPhase::Idle,
            ClientPhase::Requested,
            ClientPhase::Outgoing,
            ClientPhase::Incoming,
            ClientPhase::Connected,
            ClientPhase::Closing,
        ];
        match operation % 32 {
            0 => ViewInput::Accepting,
            1 => ViewInput::AcceptFailed,
            2 => ViewInput::Camera(argument.is_multiple_of(2)),
            3 => ViewInput::DisplayName {
                user: self.user(argument),
                name: char::from(argument).to_string(),
            },
            4 => ViewInput::Closed,
            phase @ 5..=10 => ViewInput::State(CallState {
                phase: PHASES[usize::from(phase - 5)],
                call: (argument < 250).then(|| self.facts(argument)),
                mic_muted: argument.is_multiple_of(3),
                signed_in: true,
                ..CallState::default()
            }),
            other => ViewInput::Event(self.event(other, argument)),
        }
    }

    fn event(&self, operation: u8, argument: u8) -> ListenerEvent {
        let user = self.user(argument);
        let call_id = self.call(argument);
        let available = argument >= 128;
        let connection =
            if argument.is_multiple_of(2) { Connection::Media } else { Connection::Signalling };
        match operation {
            11 => self.invited(argument),
            12 => ListenerEvent::Ringing { user },
            13 => ListenerEvent::Accept { user },
            14 => ListenerEvent::Reject { user },
            15 => ListenerEvent::NoResp { user },
            16 => ListenerEvent::LineBusy { user },
            17 => ListenerEvent::CallingCancel { user },
            18 => ListenerEvent::CallingTimeout { user_ids: vec![user] },
            19 => ListenerEvent::CallBegin {
                call_id,
                room_id: self.room,
                media_type: MediaType::Audio,
                role: if available { Role::Caller } else { Role::Callee },
            },
            20 => ListenerEvent::CallEnd {
                call_id,
                outcome: Outcome::Completed,
                duration_ms: u64::MAX,
                by: None,
            },
            21 => ListenerEvent::HandledElsewhere { call_id, accepted: available },
            22 => ListenerEvent::EnterRoom { result: Ok(1) },
            23 => ListenerEvent::UserEnter { user },
            24 => ListenerEvent::UserLeave { user, reason: argument },
            25 => ListenerEvent::UserAudioAvailable { user, available },
            26 => {
                let track = VideoTrack::ALL[usize::from(argument % 2)];
                ListenerEvent::UserVideoAvailable { user, track, available }
            }
            27 => {
                let volume = Volume::from_percent(argument);
                let volumes = vec![UserVolume { user, volume }];
                ListenerEvent::UserVoiceVolume { volumes, total: volume }
            }
            28 => {
                let quality = NetworkQuality::Poor;
                let remotes = vec![UserQuality { user, quality }];
                ListenerEvent::NetworkQuality { local: NetworkQuality::Good, remotes }
            }
            29 => ListenerEvent::ConnectionLost { connection },
            30 => ListenerEvent::Recovered { connection },
            _ if available => ListenerEvent::KickedOffline {},
            _ => {
                let error = ProtocolError::new(Code::Internal, "no");
                ListenerEvent::EnterRoom { result: Err(error) }
            }
        }
    }

    fn invited(&self, argument: u8) -> ListenerEvent {
        ListenerEvent::Invited {
            call_id: self.call(argument),
            sponsor: self.user(argument >> 2),
            user_ids: vec![self.user(argument >> 4), self.user(argument >> 5)],
            is_from_group: false,
            group_id: None,
            call_type: MediaType::Audio,
            user_data: String::new(),
            remaining_ms: u32::MAX,
            in_call: vec![self.user(argument >> 6)],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn any_script_keeps_the_rules(data in proptest::collection::vec(any::<u8>(), 0..400)) {
            super::view(&data);
        }
    }
}
