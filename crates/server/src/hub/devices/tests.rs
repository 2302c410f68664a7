use super::*;
use crate::gateway::{Inbox, outbox};

fn devices() -> Devices {
    Devices::new(Duration::from_secs(30), Duration::from_secs(30))
}

fn endpoint(user: &str, device: &str) -> Endpoint {
    Endpoint { user: UserId::new(user).unwrap(), device: DeviceId::new(device).unwrap() }
}

fn sign_in(devices: &mut Devices, who: &Endpoint, id: u64) -> (Session, Inbox) {
    let session = Session { endpoint: who.clone(), id: SessionId(id) };
    let (outbox, inbox) = outbox(2);
    devices.sign_in(session.clone(), outbox);
    (session, inbox)
}

fn received(inbox: &mut Inbox) -> Vec<String> {
    std::iter::from_fn(|| inbox.frames.try_recv().ok()).map(|text| text.to_string()).collect()
}

const KICKED: &str = r#"{"event":"kicked_offline","params":{}}"#;

#[test]
fn a_second_sign_in_replaces_the_first() {
    let mut devices = devices();
    let who = endpoint("alice", "phone");
    let (old, mut old_inbox) = sign_in(&mut devices, &who, 1);
    let (new, mut new_inbox) = sign_in(&mut devices, &who, 2);
    assert_eq!(received(&mut old_inbox), [KICKED]);
    assert_eq!(old_inbox.close.try_recv(), Ok(Closing::Replaced));
    assert!(!devices.leave(&old), "the end of the older connection changes nothing");
    devices.notify(&who, Event::KickedOffline {});
    assert_eq!(received(&mut new_inbox), [r#"{"event":"kicked_offline","params":{},"seq":1}"#]);
    assert!(devices.leave(&new));
    assert_eq!(devices.len(), 0);
}

#[test]
fn a_client_that_does_not_read_is_closed_and_reported_once() {
    let mut devices = devices();
    let who = endpoint("alice", "phone");
    let (_, mut inbox) = sign_in(&mut devices, &who, 1);
    for _ in 0..5 {
        devices.notify(&who, Event::KickedOffline {});
    }
    assert_eq!(inbox.close.try_recv(), Ok(Closing::TooSlow));
    assert_eq!(devices.take_lost(), [who]);
    assert_eq!((devices.take_lost().len(), devices.len()), (0, 0));
}

#[test]
fn an_account_is_all_of_its_devices_and_no_other() {
    let mut devices = devices();
    let names = [("alice", "-"), ("alice", "zz"), ("alic", "x"), ("alice0", "-"), ("bob", "1")];
    let mut inboxes: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(id, (user, device))| sign_in(&mut devices, &endpoint(user, device), id as u64).1)
        .collect();
    devices.notify_user(&UserId::new("alice").unwrap(), &Event::KickedOffline {});
    let counts: Vec<_> = inboxes.iter_mut().map(|inbox| received(inbox).len()).collect();
    assert_eq!(counts, [1, 1, 0, 0, 0]);
}

#[test]
fn a_connection_that_vanished_is_swept() {
    let mut devices = devices();
    let who = endpoint("alice", "phone");
    let (_, inbox) = sign_in(&mut devices, &who, 1);
    devices.sweep(Instant::now());
    assert_eq!(devices.take_lost().len(), 0);
    drop(inbox);
    devices.sweep(Instant::now());
    assert_eq!(devices.take_lost(), [who]);
}

fn message(number: u64) -> Event {
    let call_id = format!("c{number}").parse().unwrap();
    Event::Ringing { call_id, user: UserId::new("bob").unwrap() }
}

/// The numbers of the events in `frames`.
fn seqs(frames: &[String]) -> Vec<u64> {
    let seq = |text: &String| match protocol::decode_server_frame(text).unwrap() {
        ServerFrame::Event(frame) => frame.seq,
        ServerFrame::Reply { .. } | ServerFrame::Error { .. } => None,
    };
    frames.iter().filter_map(seq).collect()
}

fn welcome() -> ServerFrame {
    ServerFrame::Reply { id: 1, result: protocol::Reply::Done {} }
}

fn resume(
    devices: &mut Devices,
    old: &Session,
    id: u64,
    last_event: u64,
) -> Option<(Session, Vec<u64>)> {
    if !devices.can_resume(&old.endpoint, old.id, last_event) {
        return None;
    }
    let session = Session { endpoint: old.endpoint.clone(), id: SessionId(id) };
    let (outbox, mut inbox) = outbox(512);
    devices.resume(&session, outbox, &welcome(), last_event);
    Some((session, seqs(&received(&mut inbox))))
}

#[test]
fn a_session_is_taken_up_with_what_was_not_heard() {
    let mut devices = devices();
    let who = endpoint("alice", "phone");
    let (old, inbox) = sign_in(&mut devices, &who, 1);
    devices.notify(&who, message(1));
    assert!(devices.lose(&old) && devices.len() == 0);
    drop(inbox);
    for number in 2..5 {
        devices.notify(&who, message(number));
    }
    devices.notify_user(&who.user, &message(5));
    let (new, told) = resume(&mut devices, &old, 2, 1).unwrap();
    assert_eq!((told, devices.len()), (vec![2, 3, 4, 5], 1));
    assert!(resume(&mut devices, &old, 3, 5).is_none(), "the older token is worth nothing now");
    // Lost again at once: what was heard before is not told, nothing is missed.
    devices.lose(&new);
    assert_eq!(resume(&mut devices, &new, 4, 3).unwrap().1, [4, 5]);
}

/// Whatever is cut when, each event is heard once and in order.
#[test]
fn nothing_is_missed_or_doubled_wherever_the_line_is_cut() {
    for cut in 0..20_u64 {
        let mut devices = devices();
        let who = endpoint("alice", "phone");
        let (mut session, _inbox) = sign_in(&mut devices, &who, 1);
        let mut heard: Vec<u64> = Vec::new();
        for number in 1..=20 {
            devices.notify(&who, message(number));
            if number % (cut + 1) == 0 {
                devices.lose(&session);
                let last = heard.last().copied().unwrap_or(0);
                let (again, told) = resume(&mut devices, &session, 100 + number, last).unwrap();
                heard.extend(told);
                session = again;
            }
        }
        let last = heard.last().copied().unwrap_or(0);
        heard.extend(resume(&mut devices, &session, 1_000, last).unwrap().1);
        assert_eq!(heard, (1..=20).collect::<Vec<_>>(), "{cut}");
    }
}

#[test]
fn sessions_that_cannot_be_taken_up() {
    let mut devices = devices();
    let who = endpoint("alice", "phone");
    let (old, _inbox) = sign_in(&mut devices, &who, 1);
    devices.notify(&who, message(1));
    devices.lose(&old);
    assert!(!devices.can_resume(&who, old.id, 2), "more was heard than was said");
    assert!(!devices.can_resume(&endpoint("alice", "tablet"), old.id, 1));
    assert!(!devices.can_resume(&who, SessionId(9), 1));
    // So much was said meanwhile that not all of it is kept.
    for number in 0..200 {
        devices.notify(&who, message(number));
    }
    assert!(!devices.can_resume(&who, old.id, 1) && devices.can_resume(&who, old.id, 100));
    devices.sweep(Instant::now() + Duration::from_secs(29));
    assert!(devices.can_resume(&who, old.id, 100));
    devices.sweep(Instant::now() + Duration::from_secs(30));
    assert!(!devices.can_resume(&who, old.id, 100), "too late");
}

#[test]
fn a_session_outlives_neither_a_kick_nor_a_sign_out() {
    for kicked in [true, false] {
        let mut devices = devices();
        let who = endpoint("alice", "phone");
        let (old, _inbox) = sign_in(&mut devices, &who, 1);
        if kicked {
            devices.kick(&who);
        } else {
            devices.leave(&old);
        }
        assert!(!devices.can_resume(&who, old.id, 0) && devices.len() == 0);
    }
}

#[test]
fn a_connection_that_looks_alive_is_replaced() {
    let mut devices = devices();
    let who = endpoint("alice", "phone");
    let (old, mut inbox) = sign_in(&mut devices, &who, 1);
    let (new, _) = resume(&mut devices, &old, 2, 0).unwrap();
    assert_eq!(inbox.close.try_recv(), Ok(Closing::Replaced));
    assert!(received(&mut inbox).is_empty(), "the device was not kicked");
    assert!(!devices.lose(&old) && devices.is_current(&new));
}

#[test]
fn absent_devices_are_bounded() {
    let mut devices = devices();
    for number in 0..MAX_ABSENT + 10 {
        let who = endpoint("alice", &format!("d{number}"));
        let (session, _inbox) = sign_in(&mut devices, &who, number as u64);
        devices.lose(&session);
    }
    assert_eq!((devices.table.len(), devices.len()), (MAX_ABSENT, 0));
}

#[test]
fn volumes_are_neither_numbered_nor_kept() {
    let mut devices = devices();
    let who = endpoint("alice", "phone");
    let (old, mut inbox) = sign_in(&mut devices, &who, 1);
    let total = calling_model::Volume::from_percent(1);
    let call_id = "c1".parse().unwrap();
    devices.notify(&who, Event::Volumes { call_id, volumes: Vec::new(), total });
    assert_eq!((received(&mut inbox).len(), devices.table[&who].told.last), (1, 0));
    assert!(devices.can_resume(&who, old.id, 0));
}
