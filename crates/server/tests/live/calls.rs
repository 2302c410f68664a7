use calling_callrecord::quality::mos_estimate;
use calling_signaling::call::Outcome;
use calling_signaling::protocol::{
    Code, Event, HeardQuality, HistoryParams, ProtocolError, QualityCause, Reply, Request,
};

use crate::server::TestServer;

fn code(result: Result<impl std::fmt::Debug, ProtocolError>) -> Code {
    result.unwrap_err().code
}

fn is_ended(event: &Event, wanted: Outcome) -> bool {
    matches!(event, Event::Ended { outcome, .. } if *outcome == wanted)
}

#[tokio::test]
async fn ring_accept_hang_up_record() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call = alice.call("bob").await.unwrap();
    let call_id = call.facts.call_id.clone();
    assert_eq!(bob.invited().await, call_id);
    alice.event(|event| matches!(event, Event::Ringing { .. })).await;
    bob.accept(&call_id).await;
    alice.accepted().await;
    alice.hang_up(&call_id).await;
    for client in [&mut alice, &mut bob] {
        assert!(is_ended(&client.ended().await, Outcome::Completed));
        let event = client.event(|event| matches!(event, Event::Message(_))).await;
        let Event::Message(message) = event else { unreachable!() };
        assert_eq!(message.call_id, Some(call_id.clone()));
    }
    let history = HistoryParams {
        peer: Some("alice".parse().unwrap()),
        group_id: None,
        limit: None,
        before: None,
    };
    let reply = bob.ask(Request::History(history)).await.unwrap();
    assert!(matches!(reply, Reply::History(history) if history.messages.len() == 1));
    let records = server.stop().await;
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!((&record.call_id, record.outcome), (&call_id, Outcome::Completed));
    assert_eq!(record.ended_by, Some("alice".parse().unwrap()));
    assert!(record.accepted_at.is_some());
}

#[tokio::test]
async fn the_record_keeps_the_worse_of_what_both_heard_and_nobody_elses_word() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut mallory = server.client("mallory", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    let told = |concealed_ms| {
        let (worst_mos, cause) = (Some(2.25), Some(QualityCause::Jitter));
        let heard = HeardQuality {
            packets: 50,
            played_ms: 1_000,
            concealed_ms,
            concealment_events: 1,
            worst_mos,
            cause,
            ..clean()
        };
        Request::ReportQuality { call_id: call_id.clone(), heard }
    };
    bob.invited().await;
    assert_eq!(alice.ask(told(0)).await.unwrap_err().code, Code::InviteNotFound);
    bob.accept(&call_id).await;
    alice.accepted().await;
    alice.hang_up(&call_id).await;
    alice.ended().await;
    for (client, concealed_ms) in [(&mut alice, 100), (&mut bob, 10)] {
        assert_eq!(client.ask(told(concealed_ms)).await.unwrap(), Reply::Done {});
    }
    assert_eq!(mallory.ask(told(900)).await.unwrap_err().code, Code::InviteNotFound);
    let quality = server.stop().await[0].quality.unwrap();
    assert!((quality.concealed_share - 0.1).abs() < 1e-6, "{quality:?}");
    assert_eq!((quality.worst_mos, quality.cause), (Some(2.25), Some(QualityCause::Jitter)));
    // Five packets in a row are a burst.
    assert_eq!(quality.mos, (mos_estimate(0.1, 2.0, 61.5) * 100.0).round() / 100.0);
}

fn clean() -> HeardQuality {
    HeardQuality { mean_delay_ms: 30.0, jitter_ms: 1.0, rtt_ms: 10.0, ..HeardQuality::default() }
}

#[tokio::test]
async fn reject_busy_cancel_and_offline() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    for (busy, outcome) in [(false, Outcome::Rejected), (true, Outcome::Busy)] {
        alice.call("bob").await.unwrap();
        let call_id = bob.invited().await;
        bob.ask(Request::Reject { call_id, busy }).await.unwrap();
        assert!(is_ended(&alice.ended().await, outcome));
        bob.ended().await;
    }
    let call = alice.call("bob").await.unwrap();
    bob.invited().await;
    alice.hang_up(&call.facts.call_id).await;
    assert!(is_ended(&alice.ended().await, Outcome::Cancelled));
    bob.event(|event| matches!(event, Event::Cancelled { .. })).await;
    let outcomes: Vec<_> = server.stop().await.iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes, [Outcome::Cancelled, Outcome::Busy, Outcome::Rejected], "latest first");
}

#[tokio::test]
async fn calls_that_make_no_sense() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    assert_eq!(code(alice.call("alice").await), Code::BadParameter);
    assert_eq!(code(alice.call("nobody").await), Code::UserNotFound);
    let call = alice.call("bob").await.unwrap();
    assert_eq!(code(alice.call("bob").await), Code::Repeated);
    let call_id = bob.invited().await;
    let mut eve = server.client("eve", "phone").await;
    for request in [
        Request::Hangup { call_id: call_id.clone() },
        Request::Accept { call_id: call_id.clone() },
        Request::GetCall { call_id: call_id.clone() },
    ] {
        assert_eq!(code(eve.ask(request).await), Code::NotYourCall);
    }
    assert_eq!(
        code(eve.ask(Request::Hangup { call_id: "0".parse().unwrap() }).await),
        Code::InviteNotFound
    );
    let many = Request::Call(calling_signaling::protocol::CallParams {
        callees: (0..5_000).map(|number| format!("u{number}").parse().unwrap()).collect(),
        media_type: calling_model::MediaType::Audio,
        group_id: None,
        timeout_s: None,
        user_data: String::new(),
        sent_at: None,
    });
    assert!(eve.ask(many).await.is_err());
    bob.accept(&call.facts.call_id).await;
    assert_eq!(server.stop().await.len(), 1, "one call was placed");
}

#[tokio::test]
async fn two_devices_ring_and_one_answers() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut phone = server.client("bob", "phone").await;
    let mut tablet = server.client("bob", "tablet").await;
    alice.call("bob").await.unwrap();
    let call_id = phone.invited().await;
    assert_eq!(tablet.invited().await, call_id);
    // Both at once: one is told yes, the other no.
    let (asked_phone, asked_tablet) = (
        phone.send(Request::Accept { call_id: call_id.clone() }).await,
        tablet.send(Request::Accept { call_id: call_id.clone() }).await,
    );
    let answers = (phone.answer(asked_phone).await, tablet.answer(asked_tablet).await);
    assert!(answers.0.is_ok() != answers.1.is_ok(), "{answers:?}");
    let (winner, loser) =
        if answers.0.is_ok() { (&mut phone, &mut tablet) } else { (&mut tablet, &mut phone) };
    loser.event(|event| matches!(event, Event::HandledElsewhere { accepted: true, .. })).await;
    alice.accepted().await;
    assert!(loser.ask(Request::Hangup { call_id: call_id.clone() }).await.is_err());
    winner.hang_up(&call_id).await;
    assert!(is_ended(&alice.ended().await, Outcome::Completed));
}

#[tokio::test]
async fn the_same_device_twice_replaces_the_older_connection() {
    let server = TestServer::start().await;
    let mut old = server.client("bob", "phone").await;
    let mut new = server.client("bob", "phone").await;
    old.event(|event| matches!(event, Event::KickedOffline {})).await;
    assert_eq!(old.closed().await, 4003);
    let mut alice = server.client("alice", "phone").await;
    alice.call("bob").await.unwrap();
    new.invited().await;
}

#[tokio::test]
async fn a_call_rings_on_a_device_that_signs_in_later() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    drop(server.client("bob", "phone").await);
    let call = alice.call("bob").await.unwrap();
    let mut tablet = server.client("bob", "tablet").await;
    assert_eq!(tablet.invited().await, call.facts.call_id);
    alice.event(|event| matches!(event, Event::Ringing { .. })).await;
}

#[tokio::test]
async fn it_rings_no_longer_than_asked() {
    let server = TestServer::with(|config| config.call.ring_timeout_s = 1).await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    alice.call("bob").await.unwrap();
    bob.invited().await;
    assert!(is_ended(&alice.ended().await, Outcome::NoAnswer));
    bob.event(|event| matches!(event, Event::TimedOut { .. })).await;
}
