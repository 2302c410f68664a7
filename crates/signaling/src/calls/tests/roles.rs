//! A client can never move a call into a state its role does not allow: every role in every state
//! asks for everything, and either it is theirs to ask or nothing changes.

use super::*;
use crate::protocol::InviteParams;

/// Who asks, as device.
const ASKERS: [&str; 7] =
    ["alice/a1", "alice/a2", "bob/b1", "bob/b2", "carol/c1", "dave/d1", "mallory/m1"];

/// The states of Alice's call to Bob and Carol.
#[derive(Clone, Copy, Debug)]
enum State {
    /// It rings at both.
    Ringing,
    /// Bob talks on his first device, Carol is rung.
    OneAnswered,
    /// Bob talks, Carol declined.
    OneDeclined,
    /// All three talk.
    AllTalk,
    /// Alice left, Bob and Carol talk.
    CallerLeft,
    /// It is over.
    Over,
}

const STATES: [State; 6] = [
    State::Ringing,
    State::OneAnswered,
    State::OneDeclined,
    State::AllTalk,
    State::CallerLeft,
    State::Over,
];

#[derive(Clone, Copy, Debug)]
enum Ask {
    Accept,
    Reject,
    Hangup,
    Invite,
    Join,
    JoinOutside,
    Switch,
    Get,
}

const ASKS: [Ask; 8] = [
    Ask::Accept,
    Ask::Reject,
    Ask::Hangup,
    Ask::Invite,
    Ask::Join,
    Ask::JoinOutside,
    Ask::Switch,
    Ask::Get,
];

fn desk(state: State) -> (Desk, CallId) {
    let mut desk = Desk::with(&ASKERS);
    desk.sign_in("erin/e1");
    let group_id = Some("@TGS#1".parse().unwrap());
    let params = CallParams { callees: vec![user("bob"), user("carol")], group_id, ..to("bob") };
    let call_id = desk.call_with("alice/a1", params).unwrap().facts.call_id;
    let carol_talks = matches!(state, State::AllTalk | State::CallerLeft | State::Over);
    if !matches!(state, State::Ringing) {
        desk.accept("bob/b1", &call_id).unwrap();
    }
    if carol_talks {
        desk.accept("carol/c1", &call_id).unwrap();
    }
    if matches!(state, State::OneDeclined) {
        desk.hang_up("carol/c1", &call_id).unwrap();
    }
    if matches!(state, State::CallerLeft | State::Over) {
        desk.hang_up("alice/a1", &call_id).unwrap();
    }
    if matches!(state, State::Over) {
        desk.hang_up("bob/b1", &call_id).unwrap();
    }
    desk.out.clear();
    (desk, call_id)
}

fn action(ask: Ask, call_id: &CallId) -> CallAction {
    let call_id = call_id.clone();
    match ask {
        Ask::Accept => CallAction::Accept { call_id },
        Ask::Reject => CallAction::Reject { call_id, busy: false },
        Ask::Hangup => CallAction::Hangup { call_id },
        Ask::Invite => CallAction::InviteUsers {
            params: InviteParams { call_id, users: vec![user("erin")], timeout_s: None },
            unknown: Vec::new(),
            outsiders: Vec::new(),
        },
        Ask::Join => CallAction::Join { call_id, insider: true },
        Ask::JoinOutside => CallAction::Join { call_id, insider: false },
        Ask::Switch => CallAction::SwitchMediaType { call_id, media_type: MediaType::Video },
        Ask::Get => CallAction::GetCall { call_id },
    }
}

/// Where the asker stands in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Talks,
    Waits,
    Rung,
    Elsewhere,
    Gone,
    Stranger,
}

fn standing(asker: &str, state: State) -> Standing {
    use Standing::{Elsewhere, Gone, Rung, Stranger, Talks, Waits};
    let over = matches!(state, State::Over);
    let ringing = matches!(state, State::Ringing);
    match asker {
        "dave/d1" | "mallory/m1" => Stranger,
        _ if over => Gone,
        "alice/a1" if ringing => Waits,
        "alice/a1" | "alice/a2" if matches!(state, State::CallerLeft) => Gone,
        "alice/a1" => Talks,
        "alice/a2" => Elsewhere,
        "bob/b1" | "bob/b2" if ringing => Rung,
        "bob/b1" => Talks,
        "bob/b2" => Elsewhere,
        "carol/c1" => match state {
            State::Ringing | State::OneAnswered => Rung,
            State::OneDeclined => Gone,
            State::AllTalk | State::CallerLeft | State::Over => Talks,
        },
        other => panic!("{other}"),
    }
}

/// Whether the request is the asker's to make: the table.
fn granted(ask: Ask, standing: Standing, state: State) -> bool {
    use Standing::{Elsewhere, Gone, Rung, Stranger, Talks, Waits};
    let running = !matches!(state, State::Ringing | State::Over);
    match (ask, standing) {
        (Ask::Accept | Ask::Reject, Rung) => true,
        (Ask::Hangup | Ask::Get, Rung | Talks | Waits) => true,
        (Ask::Invite | Ask::Switch, Talks | Waits) => true,
        (Ask::Join, Rung) | (Ask::JoinOutside, Rung) => true,
        (Ask::Join, Stranger) => running,
        (Ask::Join | Ask::JoinOutside, Gone) => running,
        (Ask::Accept | Ask::Reject, Talks | Waits | Elsewhere | Gone | Stranger)
        | (Ask::Hangup | Ask::Get, Elsewhere | Gone | Stranger)
        | (Ask::Invite | Ask::Switch, Rung | Elsewhere | Gone | Stranger)
        | (Ask::Join, Talks | Waits | Elsewhere)
        | (Ask::JoinOutside, Talks | Waits | Elsewhere | Stranger) => false,
    }
}

#[test]
fn every_role_in_every_state_asks_for_everything() {
    let mut allowed = 0;
    for state in STATES {
        for asker in ASKERS {
            for ask in ASKS {
                let (mut desk, call_id) = desk(state);
                let before = desk.calls.call(&call_id);
                let result = desk.ask(asker, action(ask, &call_id));
                let wanted = granted(ask, standing(asker, state), state);
                assert_eq!(result.is_ok(), wanted, "{asker} {ask:?} {state:?}: {result:?}");
                if result.is_err() {
                    assert_eq!(desk.calls.call(&call_id), before, "{asker} {ask:?} {state:?}");
                    assert!(desk.winners().is_empty());
                    let to_others = desk.out.iter().any(|output| {
                        !matches!(output, CallsOutput::Notify { to, .. } if *to == device(asker))
                    });
                    assert!(!to_others, "{asker} {ask:?} {state:?}: {:?}", desk.out);
                }
                allowed += u32::from(wanted);
                desk.seconds(24 * 60 * 60);
                assert_eq!(desk.calls.live_calls(), 0, "nobody stays for ever");
            }
        }
    }
    assert!(allowed > 50, "{allowed}");
}
