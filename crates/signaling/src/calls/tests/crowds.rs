//! How many may be called, ring and be in one call.

use std::time::Duration;

use super::groups::{TEAM, in_group, invite, join, reject, to_many};
use super::*;

/// Attack 5: a list of 9, 100 and 10,000 names.
#[test]
fn long_lists_are_refused_whole() {
    let names: Vec<String> = (0..10_000).map(|number| format!("user{number}")).collect();
    let list = |count: usize| {
        let names: Vec<&str> = names[..count].iter().map(String::as_str).collect();
        to_many(&names)
    };
    for (count, granted) in [(9, true), (49, true), (50, false), (100, false), (10_000, false)] {
        let mut desk = Desk::with(&["alice/a1"]);
        let result = desk.call_with("alice/a1", list(count)).map_err(|error| error.code);
        assert_eq!(result.is_ok(), granted, "{count}");
        assert!(granted || result == Err(Code::BadParameter));
        assert_eq!(desk.calls.live_calls(), usize::from(granted));
    }
}

#[test]
fn a_call_never_has_more_members_than_allowed() {
    let config = CallsConfig { max_members: 3, ..CallsConfig::default() };
    let mut desk = Desk::configured(config, TEAM);
    let call_id = desk.call_with("alice/a1", in_group(&["bob", "carol"])).unwrap().facts.call_id;
    desk.accept("bob/b1", &call_id).unwrap();
    assert_eq!(desk.code("alice/a1", invite(&call_id, &["dave"])), Code::WrongState);
    assert_eq!(desk.code("dave/d1", join(&call_id)), Code::WrongState);
    desk.ask("carol/c1", reject(&call_id)).unwrap();
    desk.ask("dave/d1", join(&call_id)).unwrap();
    // However often people come and go, the list of who was there is bounded.
    for number in 0..100 {
        desk.hang_up("dave/d1", &call_id).unwrap();
        desk.seconds(2);
        let name = format!("guest{number}");
        let _ = desk.ask("alice/a1", invite(&call_id, &[&name]));
        desk.seconds(30);
        let _ = desk.ask("dave/d1", join(&call_id));
    }
    assert_eq!(desk.calls.call(&call_id).unwrap().members.len(), 12);
}

#[test]
fn ringing_many_is_throttled() {
    let mut desk = Desk::with(&["mallory/m1"]);
    let mut rang = 0;
    for round in 0..20 {
        let names: Vec<String> = (0..49).map(|number| format!("victim{round}x{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match desk.call_with("mallory/m1", to_many(&names)) {
            Ok(call) => {
                rang += 49;
                desk.hang_up("mallory/m1", &call.facts.call_id).unwrap();
            }
            Err(error) => assert_eq!(error.code, Code::RateLimited),
        }
    }
    assert_eq!(rang, 196);
}

/// Whatever a call has been through, one member's action is told to each other member once.
#[test]
fn notices_grow_with_the_members_and_no_faster() {
    let names: Vec<String> = (0..49).map(|number| format!("user{number}")).collect();
    let mut desk = Desk::with(&["alice/a1"]);
    for name in &names {
        desk.sign_in(&format!("{name}/x"));
    }
    let list: Vec<&str> = names.iter().map(String::as_str).collect();
    let call_id = desk.call_with("alice/a1", to_many(&list)).unwrap().facts.call_id;
    for name in &names {
        desk.out.clear();
        desk.accept(&format!("{name}/x"), &call_id).unwrap();
        assert_eq!(desk.out.len(), 50, "one way opens, 49 others are told");
    }
    desk.out.clear();
    desk.hang_up("alice/a1", &call_id).unwrap();
    assert_eq!(desk.out.len(), 1 + 1 + 49);
    desk.out.clear();
    desk.advance(Duration::from_secs(1));
    assert!(desk.out.is_empty());
}
