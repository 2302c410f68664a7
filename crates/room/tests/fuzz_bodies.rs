//! The fuzz body on random operations, and on operations that mostly make sense.

use calling_room::fuzz::{picture_operations, room_operations};
use calling_testkit::epoch;
use proptest::prelude::*;

/// Everybody is in and the gate is open.
const OPEN: [u8; 7] = [0, 0, 0, 1, 0, 2, 2];

/// Operations that keep media flowing, with some that disturb it.
fn operation() -> impl Strategy<Value = Vec<u8>> {
    let participant = 0_u8..4;
    prop_oneof![
        8 => (participant.clone(), any::<u8>()).prop_map(|(from, step)| vec![11, from, step]),
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

/// All are in, show their cameras in the two ways there are, and see everybody.
fn shown() -> Vec<u8> {
    let everybody = |participant: u8| {
        let (join, show) = ([0, participant], [2, participant, 1 + participant % 2]);
        [&join[..], &show, &[3, participant, 0xff, 0xff]].concat()
    };
    (0..4).flat_map(everybody).collect()
}

/// Operations that keep pictures flowing, with some that disturb it.
fn picture_operation() -> impl Strategy<Value = Vec<u8>> {
    let participant = 0_u8..4;
    prop_oneof![
        20 => (participant.clone(), any::<[u8; 2]>())
            .prop_map(|(from, [layer, step])| vec![9, from, layer, step]),
        3 => (participant.clone(), any::<[u8; 3]>())
            .prop_map(|(from, asked)| [&[5, from][..], &asked].concat()),
        2 => (participant.clone(), any::<[u8; 2]>())
            .prop_map(|(who, wish)| [&[3, who][..], &wish].concat()),
        1 => (participant.clone(), any::<[u8; 2]>())
            .prop_map(|(who, choice)| vec![2 + 2 * (choice[0] % 2), who, choice[1]]),
        1 => (0_u8..8, any::<u8>()).prop_map(|(high, low)| vec![7, high, low]),
        1 => (participant, any::<bool>()).prop_map(|(who, joins)| vec![u8::from(joins), who]),
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

    #[test]
    fn random_bytes_on_pictures(data in prop::collection::vec(any::<u8>(), 0..400)) {
        picture_operations(epoch(), &data);
    }

    #[test]
    fn every_receiver_sees_what_it_asked_for_and_nothing_else(
        operations in prop::collection::vec(picture_operation(), 0..300),
    ) {
        let data = [shown(), operations.concat()].concat();
        picture_operations(epoch(), &data);
    }
}
