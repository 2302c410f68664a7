//! Four endpoints that do anything on a network that loses, doubles and reorders.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use calling_bridge::{BridgeAction, BridgeConfig, BridgeInput, MediaChange};
use calling_model::{CallId, GroupId, MediaType};
use common::party::{NAMES, group, seconds, talking, users};
use common::{World, user, weather, who_hangs_up};
use proptest::prelude::*;

fn act(world: &mut World, end: usize, what: u8, group_id: Option<GroupId>) {
    let others: Vec<&str> = NAMES.iter().copied().filter(|name| *name != NAMES[end]).collect();
    let (media_type, timeout_s) = (MediaType::Audio, Some(8));
    let Some(call) = world.ends[end].bridge.call() else {
        let shown = group_id.as_ref().and_then(|group| world.attributes.get(group)?.clone());
        let user_data = String::new();
        let action = match (what % 4, shown) {
            (0, Some(call)) => BridgeAction::Join { call },
            (1, _) => {
                let callee = user(others[usize::from(what / 4 % 3)]);
                BridgeAction::Call { callee, media_type, timeout_s, user_data }
            }
            _ => {
                let callees = users(&others[..2 + usize::from(what / 4 % 2)]);
                BridgeAction::GroupCall { callees, group_id, media_type, timeout_s, user_data }
            }
        };
        world.request(end, action);
        return;
    };
    let call_id = call.facts.call_id.clone();
    let action = match what % 12 {
        0..=5 => BridgeAction::Accept { call_id },
        6 => BridgeAction::Reject { call_id, busy: what > 128 },
        7 | 8 => BridgeAction::Hangup { call_id },
        9 => {
            let media_type = if what > 128 { MediaType::Video } else { MediaType::Audio };
            BridgeAction::SwitchMediaType { call_id, media_type }
        }
        _ => BridgeAction::InviteUsers { call_id, users: users(&others), timeout_s },
    };
    world.request(end, action);
}

/// What the media rooms show: who is in the same room, and who is not.
fn show_rooms(world: &mut World) {
    let rooms: Vec<_> = (0..NAMES.len())
        .map(|end| world.ends[end].bridge.call().filter(|call| call.connected))
        .map(|call| call.map(|call| call.facts.room_id))
        .collect();
    for end in 0..NAMES.len() {
        for other in (0..NAMES.len()).filter(|other| *other != end) {
            let Some(call) = world.ends[end].bridge.call().filter(|call| call.connected) else {
                continue;
            };
            let together = rooms[end].is_some() && rooms[end] == rooms[other];
            let change = if together { MediaChange::Entered } else { MediaChange::Left };
            let (call_id, user) = (call.facts.call_id, user(NAMES[other]));
            world.input(end, BridgeInput::MemberMedia { call_id, user, change });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_day_ends(
        number in 0_u64..1_000, loss in 0.0_f64..0.6, duplicate in 0.0_f64..0.5,
        jitter_ms in 0_u64..9_000, in_group: bool,
        acts in proptest::collection::vec((0_usize..4, any::<u8>(), 0_u64..6_000), 1..40),
    ) {
        let config = BridgeConfig { max_call_length: seconds(600), ..who_hangs_up() };
        let mut world = World::new(&NAMES, &config, weather(loss, duplicate, jitter_ms), number);
        for (end, what, pause) in acts {
            act(&mut world, end, what, in_group.then(group));
            world.run(Duration::from_millis(pause));
        }
        world.run(seconds(700));
        prop_assert_eq!(world.in_call(), [false; 4]);
        for end in &world.ends {
            let (begun, over) = end.told();
            prop_assert!(over >= begun, "{:?}", end.heard());
            // Each conversation has one record, also if it went over to another room.
            let recorded: Vec<&CallId> =
                end.records.iter().map(|record| &record.facts.call_id).collect();
            let once: BTreeSet<&CallId> = recorded.iter().copied().collect();
            prop_assert_eq!(once.len(), recorded.len());
            for (facts, _) in &end.connected {
                prop_assert!(once.contains(&facts.call_id));
            }
        }
    }

    /// Whatever was late, doubled or lost: once the media rooms show who is there, all who talk
    /// agree on who talks, in a group and without one.
    #[test]
    fn with_the_media_room_all_agree(
        number in 0_u64..1_000, loss in 0.0_f64..0.3, duplicate in 0.0_f64..0.5,
        jitter_ms in 0_u64..1_500, in_group: bool,
        acts in proptest::collection::vec((0_usize..4, any::<u8>(), 0_u64..4_000), 1..40),
    ) {
        let mut world =
            World::new(&NAMES, &who_hangs_up(), weather(loss, duplicate, jitter_ms), number);
        for (end, what, pause) in acts {
            act(&mut world, end, what, in_group.then(group));
            world.run(Duration::from_millis(pause));
        }
        for _ in 0..5 {
            world.run(seconds(60));
            show_rooms(&mut world);
        }
        for end in 0..4 {
            for other in talking(&world, end) {
                let there = NAMES.iter().position(|name| *name == other).unwrap();
                prop_assert_eq!(talking(&world, end), talking(&world, there));
                let room = |end: usize| world.ends[end].bridge.call().unwrap().facts.room_id;
                prop_assert_eq!(room(end), room(there));
            }
        }
    }
}
