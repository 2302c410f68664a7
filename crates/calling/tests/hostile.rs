//! A server, or somebody in its place, that does not keep to the protocol.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[macro_use]
mod common;

use calling::{ClientPhase, Connection, ListenerEvent, Role};
use calling_signaling::protocol::{Event, Reply, Request};
use common::Person;
use common::fake::{Fake, Script, call_reply, facts};

async fn ringing() -> (Fake, Script, Person) {
    let fake = Fake::start().await;
    let (mut script, mut bob) = tokio::join!(fake.sign_in(), Person::new(fake.config("bob")));
    script.event(Event::invited(facts(), 30_000)).await;
    bob.invited().await;
    (fake, script, bob)
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_none_are_passed_over_and_hostile_ones_end_the_connection() {
    let (fake, mut script, mut bob) = ringing().await;
    for text in ["", "{", "[]", "null", "{\"event\":\"from the future\",\"params\":{}}"] {
        script.raw(text).await;
    }
    script.mark(1).await;
    bob.event("the mark", when!(ListenerEvent::Message(_) => ())).await;
    assert_eq!(bob.engine.state().phase, ClientPhase::Incoming);
    script.raw(&"[".repeat(100_000)).await;
    let lost = when!(ListenerEvent::ConnectionLost { connection: Connection::Signalling } => ());
    bob.event("the loss", lost).await;
    let _again = fake.sign_in().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn media_with_another_certificate_never_connects() {
    let (fake, mut script, bob) = ringing().await;
    let (id, offer) = script.offer().await;
    let Reply::Media(mut answer) = fake.media.answer(&offer) else { unreachable!("answers so") };
    answer.fingerprint = answer.fingerprint.replace(['A', 'B'], "C");
    script.reply(id, Reply::Media(answer)).await;
    // Once the call is answered another attempt is made.
    let engine = bob.engine.clone();
    let accept = tokio::spawn(async move { engine.accept().await });
    let request = script.request(|request| matches!(request, Request::Accept { .. })).await;
    script.reply(request.id, call_reply(Role::Callee, true)).await;
    accept.await.unwrap().unwrap();
    let (_, again) = script.offer().await;
    assert_ne!(again.ufrag, offer.ufrag);
    assert_eq!(fake.media.connected(), 0);
    assert_eq!(bob.engine.stats().await.unwrap().srtp_profile, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_answer_is_an_error_and_no_panic() {
    for spoil in [
        (|answer: &mut calling_signaling::protocol::MediaAnswer| answer.ufrag.clear())
            as fn(&mut _),
        |answer| answer.pwd = "short".to_owned(),
        |answer| answer.fingerprint = "md5 00".to_owned(),
        |answer| answer.candidates = vec!["nonsense".to_owned(), String::new()],
        |answer| answer.audio_payload_type = 200,
        |answer| answer.audio_level_id = 99,
    ] {
        let (fake, mut script, bob) = ringing().await;
        let (id, offer) = script.offer().await;
        let Reply::Media(mut answer) = fake.media.answer(&offer) else { unreachable!("so") };
        spoil(&mut answer);
        script.reply(id, Reply::Media(answer)).await;
        script.mark(1).await;
        bob.engine.stats().await.unwrap();
        assert_eq!(bob.engine.state().phase, ClientPhase::Incoming);
        assert_eq!(bob.devices.microphones_opened(), 0);
    }
}
