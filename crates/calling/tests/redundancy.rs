//! Copies of earlier frames through a real server.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::time::Duration;

use calling_impair::Impairment;
use calling_media::ReceiverStats;
use common::storm::Storm;
use common::{Person, World, soon};

async fn voice_heard(person: &Person) -> ReceiverStats {
    person.engine.stats().await.unwrap().received[0].stats
}

/// The server alone knows what is lost behind it, and tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_fifth_of_loss_on_the_last_leg_comes_back_from_copies() {
    let world = World::new().await;
    let delay = Duration::from_millis(10);
    let weather = Impairment { loss: 0.2, delay, ..Impairment::default() };
    let storm = Storm::to(world.server.media_addr(), weather, 5).await;
    let mut config = world.config("bob");
    config.ice.media_via = Some(storm.address);
    let (mut alice, mut bob) = (world.person("alice").await, Person::new(config).await);
    alice.talk_with(&mut bob).await;
    let restored = async {
        loop {
            let heard = voice_heard(&bob).await;
            if heard.red_samples > 40 * 960 {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let heard = soon("two seconds' losses from copies", restored).await;
    assert!(heard.packets_with_copies > 0 && heard.packets_lost > 0, "{heard:?}");
    assert!(heard.recovered_shares().0 > 0.3, "{:?}", heard.recovered_shares());
    let stats = alice.engine.stats().await.unwrap();
    assert!(stats.sent.red_copies > 0, "{:?}", stats.sent);
    assert_eq!(stats.packets_repeated, 0, "her own way to the server loses nothing");
}
