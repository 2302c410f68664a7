//! Two endpoints call each other over a messaging service in memory, without a server of ours.
//!
//! `cargo run -p calling-bridge --example without_a_server`
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::time::Duration;

use calling_bridge::{
    Bridge, BridgeConfig, EndMessage, InMemoryIm, Incoming, Notice, SignalingTransport,
};
use calling_impair::Impairment;
use calling_model::MediaType;
use calling_signaling::invite::decode_envelope;
use calling_signaling::protocol::Event;
use calling_testkit::seed;
use tokio::sync::mpsc;

/// The next notice that `pick` wants; the others are printed and passed over.
async fn wait<T>(
    who: &str,
    notices: &mut mpsc::Receiver<Notice>,
    pick: impl Fn(&Notice) -> Option<T>,
) -> Result<T, Box<dyn Error>> {
    loop {
        let next = tokio::time::timeout(Duration::from_secs(60), notices.recv()).await?;
        let notice = next.ok_or("the bridge stopped")?;
        match &notice {
            Notice::Event(event) => println!("{who:<6} hears  {}", serde_json::to_string(event)?),
            Notice::Connected { room, .. } => println!("{who:<6} enters {room:?}"),
            Notice::LeaveMedia { .. } => println!("{who:<6} leaves the room"),
            Notice::Ended(ended) => println!("{who:<6} stores {:?}", ended.outcome),
        }
        if let Some(found) = pick(&notice) {
            return Ok(found);
        }
    }
}

fn show(message: &Incoming) -> Result<(), Box<dyn Error>> {
    let text = std::str::from_utf8(&message.bytes)?;
    println!("       wire   {:?}", decode_envelope(text)?.signal()?);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Somebody else's service: 20 to 60 ms, a tenth of all messages comes twice.
    let weather = Impairment {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(40),
        duplicate: 0.1,
        ..Impairment::default()
    };
    let im = InMemoryIm::start(weather, 7);

    // No media room here that would tell who left, so that who hangs up says so.
    let config = BridgeConfig { end_message: EndMessage::WhoHangsUp, ..BridgeConfig::default() };
    let (alice, bob) = ("alice".parse()?, "bob".parse()?);
    let alices = im.sign_in(alice).await?;
    let bobs = im.sign_in(bob).await?;
    // A second device of Bob's that only looks on.
    let mut witness = im.sign_in("bob".parse()?).await?;
    let (alice, mut to_alice) = Bridge::start(alices, config.clone(), "alice".parse()?, seed(1));
    let (bob, mut to_bob) = Bridge::start(bobs, config, "bob".parse()?, seed(2));

    let call = alice.call("bob".parse()?, MediaType::Audio).await?;
    println!("alice  calls  bob, in room {}", call.facts.room_id.get());
    let ringing = wait("bob", &mut to_bob, |notice| match notice {
        Notice::Event(Event::Invited { facts, .. }) => Some(facts.clone()),
        Notice::Event(_)
        | Notice::Connected { .. }
        | Notice::LeaveMedia { .. }
        | Notice::Ended(_) => None,
    })
    .await?;
    // The ids differ, which are each machine's own; invite and room are the same.
    assert_eq!(ringing.invite_id, call.facts.invite_id);
    bob.accept(&ringing.call_id).await?;
    wait("alice", &mut to_alice, |notice| matches!(notice, Notice::Connected { .. }).then_some(()))
        .await?;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    alice.hangup(&call.facts.call_id).await?;
    for (who, notices) in [("alice", &mut to_alice), ("bob", &mut to_bob)] {
        wait(who, notices, |notice| {
            matches!(notice, Notice::Event(Event::Ended { .. })).then_some(())
        })
        .await?;
    }
    while let Ok(Some(message)) =
        tokio::time::timeout(Duration::from_millis(100), witness.receive()).await
    {
        show(&message)?;
    }
    Ok(())
}
