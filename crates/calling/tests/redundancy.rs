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

/// What `bob` heard of `alice` after ten seconds of bursts of 160 ms on her way to the server.
#[cfg(feature = "dred")]
async fn heard_through_bursts(most_dred_ms: u32) -> (ReceiverStats, calling_media::SenderStats) {
    let world = World::new().await;
    let weather = Impairment {
        loss: 0.3,
        burst: Duration::from_millis(160),
        delay: Duration::from_millis(10),
        ..Impairment::default()
    };
    let storm = Storm::to(world.server.media_addr(), weather, 7).await;
    let mut config = world.config("alice");
    config.ice.media_via = Some(storm.address);
    config.voice.most_dred_ms = most_dred_ms;
    let (mut alice, mut bob) = (Person::new(config).await, world.person("bob").await);
    alice.talk_with(&mut bob).await;
    // From when the sender was told of its losses on.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let before = voice_heard(&bob).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut heard = voice_heard(&bob).await;
    heard.concealed_samples -= before.concealed_samples;
    heard.dred_samples -= before.dred_samples;
    heard.packets_lost -= before.packets_lost;
    (heard, alice.engine.stats().await.unwrap().sent)
}

/// The same weather with and without, through a real server.
#[cfg(feature = "dred")]
#[tokio::test(flavor = "multi_thread")]
async fn what_bursts_take_comes_back_from_descriptions() {
    let (with, without) = tokio::join!(heard_through_bursts(1_000), heard_through_bursts(0));
    assert!(with.1.dred_ms >= 300 && without.1.dred_ms == 0, "{:?} {:?}", with.1, without.1);
    assert!(with.0.dred_samples > 20 * 960, "{:?}", with.0);
    assert_eq!(without.0.dred_samples, 0);
    // Copies may do as well for bursts this long: what counts is what would have been missing.
    let (made_up_ms, lost_ms) = (with.0.concealed_ms(), 20.0 * with.0.packets_lost as f64);
    assert!(made_up_ms < lost_ms / 2.0, "{made_up_ms} ms made up of {lost_ms} lost");
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
