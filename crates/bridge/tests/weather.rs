//! Two endpoints on any network: everything ends, nobody is left alone in a call for ever.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use calling_bridge::{BridgeAction, BridgeConfig};
use calling_model::MediaType;
use common::{World, user, weather, who_hangs_up};
use proptest::prelude::*;

/// Does what a user may do at `end`, and what is left of the day.
fn act(world: &mut World, end: usize, what: u8) {
    let callee = user(["bob", "alice"][end]);
    let Some(call) = world.ends[end].bridge.call() else {
        let media_type = MediaType::Audio;
        let user_data = String::new();
        let call = BridgeAction::Call { callee, media_type, timeout_s: Some(8), user_data };
        world.request(end, call);
        return;
    };
    let call_id = call.facts.call_id;
    let action = match what % 8 {
        0..=3 => BridgeAction::Accept { call_id },
        4 => BridgeAction::Reject { call_id, busy: what > 128 },
        5 | 6 => BridgeAction::Hangup { call_id },
        _ => BridgeAction::SwitchMediaType { call_id, media_type: MediaType::Video },
    };
    world.request(end, action);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_day_ends(
        number in 0_u64..1_000, loss in 0.0_f64..0.6, duplicate in 0.0_f64..0.5,
        jitter_ms in 0_u64..9_000,
        acts in proptest::collection::vec((0_usize..2, any::<u8>(), 0_u64..6_000), 1..40),
    ) {
        let config = BridgeConfig {
            max_call_length: Duration::from_secs(600),
            ..who_hangs_up()
        };
        let mut world =
            World::new(&["alice", "bob"], &config, weather(loss, duplicate, jitter_ms), number);
        for (end, what, pause) in acts {
            act(&mut world, end, what);
            world.run(Duration::from_millis(pause));
        }
        world.run(Duration::from_secs(700));
        prop_assert_eq!(world.in_call(), [false, false]);
        for end in &world.ends {
            // Each call that was told of is told over, each connected one has its record.
            let (begun, over) = end.told();
            prop_assert!(over >= begun, "{:?}", end.heard());
            prop_assert!(end.records.len() >= end.connected.len());
        }
    }

    /// Nothing is lost, though late and twice: both always agree at last, without any deadline but
    /// those of ringing.
    #[test]
    fn without_loss_both_agree(
        number in 0_u64..1_000, duplicate in 0.0_f64..0.5, jitter_ms in 0_u64..2_000,
        acts in proptest::collection::vec((0_usize..2, any::<u8>(), 0_u64..4_000), 1..40),
    ) {
        let mut world = World::new(
            &["alice", "bob"], &who_hangs_up(), weather(0.0, duplicate, jitter_ms), number,
        );
        for (end, what, pause) in acts {
            act(&mut world, end, what);
            world.run(Duration::from_millis(pause));
        }
        world.run(Duration::from_secs(60));
        let calls: Vec<_> = world.ends.iter().map(|end| end.bridge.call()).collect();
        match (&calls[0], &calls[1]) {
            (Some(one), Some(other)) => {
                prop_assert!(one.connected && other.connected);
                prop_assert_eq!(one.facts.room_id, other.facts.room_id);
                prop_assert_eq!(&one.facts.caller, &other.facts.caller);
            }
            (None, None) => {}
            _ => prop_assert!(false, "one is alone: {calls:?}"),
        }
    }
}
