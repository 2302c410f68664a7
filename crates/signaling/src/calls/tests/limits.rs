use std::time::Duration;

use super::*;
use crate::calls::CallsMisuse;

#[test]
fn a_caller_may_call_so_often_and_no_more() {
    let config = CallsConfig { redial_free: 1_000, ..CallsConfig::default() };
    let mut desk = Desk::configured(config, &["alice/a1", "bob/b1"]);
    let attempt = |desk: &mut Desk| -> Result<(), Code> {
        let call = desk.call_with("alice/a1", to("bob")).map_err(|error| error.code)?;
        desk.hang_up("alice/a1", &call.facts.call_id).unwrap();
        Ok(())
    };
    for _ in 0..30 {
        assert_eq!(attempt(&mut desk), Ok(()));
    }
    assert_eq!(attempt(&mut desk), Err(Code::RateLimited));
    desk.advance(Duration::from_millis(500));
    assert_eq!(attempt(&mut desk), Ok(()));
    assert_eq!(attempt(&mut desk), Err(Code::RateLimited));
    assert_eq!(desk.ended().len(), 31);
}

#[test]
fn a_full_server_refuses_calls_and_changes_nothing() {
    let config = CallsConfig { max_calls: 1, ..CallsConfig::default() };
    let mut desk = Desk::configured(config, &["alice/a1", "bob/b1", "carol/c1", "dave/d1"]);
    desk.call("alice/a1", "bob");
    desk.out.clear();
    assert_eq!(desk.call_with("carol/c1", to("dave")).unwrap_err().code, Code::RateLimited);
    assert!(desk.out.is_empty());
}

#[test]
fn a_full_house_takes_no_more_devices() {
    let config = CallsConfig { max_endpoints: 2, ..CallsConfig::default() };
    let mut desk = Desk::configured(config, &["alice/a1", "bob/b1"]);
    let newcomer = CallsInput::SignedIn { endpoint: device("carol/c1") };
    let refused = desk.calls.handle_input(desk.now, newcomer);
    assert_eq!(refused, Err(CallsMisuse::Full { limit: 2 }));
    desk.sign_in("bob/b1");
    assert_eq!(desk.calls.signed_in_devices(), 2);
}

#[test]
fn one_device_too_many_kicks_the_oldest_that_is_in_no_call() {
    let config = CallsConfig { max_devices_per_user: 2, ..CallsConfig::default() };
    let mut desk = Desk::configured(config, &["alice/a1", "bob/b1", "bob/b2"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.accept("bob/b1", &call_id).unwrap();
    desk.out.clear();
    desk.sign_in("bob/b3");
    assert_eq!(desk.told("bob/b2"), [Event::KickedOffline {}]);
    assert!(desk.told("bob/b1").is_empty() && desk.told("bob/b3").is_empty());
    assert_eq!(desk.calls.devices_of(&user("bob")).len(), 2);
    assert!(desk.ended().is_empty());
}

#[test]
fn a_device_that_comes_and_goes_under_new_names_rings_on_few() {
    let mut desk = Desk::with(&["alice/a1"]);
    let call_id = desk.call("alice/a1", "bob");
    for number in 0..500 {
        let name = format!("bob/d{number}");
        desk.sign_in(&name);
        desk.disconnect(&name);
    }
    let invited = desk.out.iter().filter(|output| {
        matches!(output, CallsOutput::Notify { event: Event::Invited { .. }, .. })
    });
    assert_eq!(invited.count(), 32);
    desk.hang_up("alice/a1", &call_id).unwrap();
    assert_eq!(desk.calls.signed_in_devices(), 1);
}
