//! Until a call is accepted no media passes, whatever came in which order.

use calling_signaling::protocol::{Event, Request};

use crate::client::Client;
use crate::phone::Phone;
use crate::server::TestServer;

/// When each side opens its media connection.
#[derive(Clone, Copy, PartialEq)]
enum Media {
    WhileRinging,
    AfterAccept,
}

async fn ssrc_of(client: &mut Client, wanted: &str) -> u32 {
    let entered =
        |event: &Event| matches!(event, Event::UserEntered { user, .. } if user.as_str() == wanted);
    let event = client.event(entered).await;
    let Event::UserEntered { audio_ssrc, .. } = event else { unreachable!() };
    audio_ssrc
}

/// Says `early` from both sides, and waits until the server has handled it.
async fn talk_early(phones: &mut [&mut Option<Phone>]) {
    for phone in phones.iter_mut().filter_map(|phone| phone.as_mut()) {
        for _ in 0..5 {
            phone.say(b"early").await;
        }
        phone.barrier().await;
    }
}

async fn a_call(caller_media: Media, callee_media: Media) {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    let (mut caller, mut callee) = (None, None);
    if caller_media == Media::WhileRinging {
        caller = Some(Phone::connect(&mut alice, &call_id, 0xa11ce).await);
    }
    if callee_media == Media::WhileRinging {
        callee = Some(Phone::connect(&mut bob, &call_id, 0xb0b).await);
    }
    talk_early(&mut [&mut caller, &mut callee]).await;
    let asked = bob.send(Request::Accept { call_id: call_id.clone() }).await;

    // Whoever hears of it first may talk at once: its first packet has to arrive.
    alice.accepted().await;
    let mut caller = match caller {
        Some(phone) => phone,
        None => Phone::connect(&mut alice, &call_id, 0xa11ce).await,
    };
    if callee.is_some() {
        caller.say(b"hello").await;
        caller.barrier().await;
    }
    bob.answer(asked).await.unwrap();
    let mut callee = match callee {
        Some(phone) => phone,
        None => Phone::connect(&mut bob, &call_id, 0xb0b).await,
    };
    if caller_media == Media::WhileRinging && callee_media == Media::WhileRinging {
        callee.hear(b"hello").await;
    }
    let (from_bob, from_alice) =
        (ssrc_of(&mut alice, "bob").await, ssrc_of(&mut bob, "alice").await);
    caller.say(b"from alice").await;
    assert_eq!(callee.hear(b"from alice").await, from_alice);
    callee.say(b"from bob").await;
    assert_eq!(caller.hear(b"from bob").await, from_bob);
    assert_ne!(from_alice, caller.ssrc, "the SSRC is the server's choice");
    for phone in [&caller, &callee] {
        assert!(!phone.has_heard(b"early"), "media passed before the acceptance");
    }

    alice.hang_up(&call_id).await;
    alice.ended().await;
    let packets = (caller.packets(), callee.packets());
    caller.say(b"late").await;
    callee.say(b"late").await;
    server.stop().await;
    assert_eq!((caller.packets(), callee.packets()), packets);
}

#[tokio::test]
async fn both_connect_while_it_rings() {
    a_call(Media::WhileRinging, Media::WhileRinging).await;
}

#[tokio::test]
async fn only_the_caller_connects_while_it_rings() {
    a_call(Media::WhileRinging, Media::AfterAccept).await;
}

#[tokio::test]
async fn only_the_callee_connects_while_it_rings() {
    a_call(Media::AfterAccept, Media::WhileRinging).await;
}

#[tokio::test]
async fn both_connect_after_the_acceptance() {
    a_call(Media::AfterAccept, Media::AfterAccept).await;
}

#[tokio::test]
async fn a_rejected_call_never_carries_media() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    let mut caller = Phone::connect(&mut alice, &call_id, 1).await;
    let mut callee = Phone::connect(&mut bob, &call_id, 2).await;
    bob.ask(Request::Reject { call_id: call_id.clone(), busy: false }).await.unwrap();
    alice.ended().await;
    caller.say(b"early").await;
    callee.say(b"early").await;
    // The connections are closed: checks are answered no more, and none may be opened.
    let offer = || calling_signaling::protocol::MediaOffer {
        ufrag: "ufrag".to_owned(),
        pwd: "p".repeat(24),
        fingerprint: calling_transport::Certificate::generate().unwrap().fingerprint().to_string(),
        candidates: Vec::new(),
        audio_ssrc: 3,
        video: Vec::new(),
        red: false,
    };
    let request = Request::ConnectMedia { call_id: call_id.clone(), offer: offer().into() };
    assert!(alice.ask(request).await.is_err());
    server.stop().await;
    assert_eq!((caller.packets(), callee.packets()), (0, 0));
}

#[tokio::test]
async fn the_devices_that_did_not_answer_hear_and_say_nothing() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut tablet = server.client("bob", "tablet").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    tablet.invited().await;
    let mut caller = Phone::connect(&mut alice, &call_id, 1).await;
    let mut callee = Phone::connect(&mut bob, &call_id, 2).await;
    let mut other = Phone::connect(&mut tablet, &call_id, 3).await;
    bob.accept(&call_id).await;
    alice.accepted().await;
    tablet.event(|event| matches!(event, Event::HandledElsewhere { .. })).await;
    other.say(b"from the tablet").await;
    caller.say(b"from alice").await;
    callee.hear(b"from alice").await;
    callee.say(b"from bob").await;
    caller.hear(b"from bob").await;
    assert!(!caller.has_heard(b"from the tablet"));
    assert_eq!(other.packets(), 0);
}

#[tokio::test]
async fn a_muted_microphone_passes_nothing() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    let mut caller = Phone::connect(&mut alice, &call_id, 1).await;
    let mut callee = Phone::connect(&mut bob, &call_id, 2).await;
    bob.accept(&call_id).await;
    let mute = |muted| Request::SetMicMute { call_id: call_id.clone(), muted };
    alice.ask(mute(true)).await.unwrap();
    caller.say(b"muted").await;
    caller.barrier().await;
    alice.ask(mute(false)).await.unwrap();
    caller.say(b"unmuted").await;
    callee.hear(b"unmuted").await;
    assert!(!callee.has_heard(b"muted"));
}

#[tokio::test]
async fn volumes_audio_and_reports_flow_in_a_conversation() {
    let server = TestServer::with(|config| config.call.volume_interval_ms = 100).await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    let mut caller = Phone::connect(&mut alice, &call_id, 1).await;
    let mut callee = Phone::connect(&mut bob, &call_id, 2).await;
    bob.accept(&call_id).await;
    callee.say(b"one").await;
    callee.barrier().await;
    alice.event(|event| matches!(event, Event::AudioAvailable { available: true, .. })).await;
    alice.event(|event| matches!(event, Event::Volumes { .. })).await;
    bob.event(|event| matches!(event, Event::Volumes { .. })).await;
    callee.pump(|phone| phone.reports > 0).await;
    caller.hear(b"one").await;
}
