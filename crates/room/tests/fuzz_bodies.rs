//! The fuzz body on random operations, and on operations that mostly make sense.

use calling_room::fuzz::room_operations;
use calling_testkit::epoch;
use proptest::prelude::*;

/// Everybody is in and the gate is open.
const OPEN: [u8; 7] = [0, 0, 0, 1, 0, 2, 2];

/// Operations that keep media flowing, with some that disturb it.
fn operation() -> impl Strategy<Value = Vec<u8>> {
    let participant = 0_u8..4;
    prop_oneof![
        8 => (participant.clone(), any::<u8>()).prop_map(|(from, step)| vec![10, from, step]),
        1 => (participant.clone(), any::<u8>()).prop_map(|(who, muted)| vec![3, who, muted]),
        1 => (participant.clone(), participant.clone(), any::<u8>())
            .prop_map(|(from, to, subscribed)| vec![4, from, to, subscribed]),
        1 => (participant.clone(), any::<[u8; 6]>())
            .prop_map(|(from, place)| [&[7, from][..], &place].concat()),
        1 => (0_u8..8, any::<u8>()).prop_map(|(high, low)| vec![9, high, low]),
        1 => participant.clone().prop_map(|who| vec![0, who]),
        1 => (participant, any::<u8>()).prop_map(|(who, reason)| vec![1, who, reason]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_bytes(data in prop::collection::vec(any::<u8>(), 0..400)) {
        room_operations(epoch(), &data);
    }

    #[test]
    fn every_receiver_gets_one_stream_without_jumps_back(
        operations in prop::collection::vec(operation(), 0..200),
    ) {
        let data = [&OPEN[..], &operations.concat()].concat();
        room_operations(epoch(), &data);
    }
}
