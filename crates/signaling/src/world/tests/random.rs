use proptest::prelude::*;

use crate::world::call_operations;

/// Operations in the shares in which real days bring them: mostly frames, often commands, now and
/// then a cut line, seldom a restart.
fn likely() -> impl Strategy<Value = [u8; 2]> {
    let what = prop_oneof![
        4 => 0_u8..8,
        4 => Just(8_u8),
        6 => 9_u8..14,
        3 => 14_u8..18,
        2 => 18_u8..20,
        2 => 20_u8..22,
        1 => 22_u8..24,
        3 => 24_u8..28,
    ];
    (what, any::<u8>()).prop_map(|(what, detail)| [what, detail])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn no_script_of_bytes_breaks_an_invariant(
        script in prop::collection::vec(any::<u8>(), 0..800)
    ) {
        call_operations(&script);
    }

    #[test]
    fn no_day_breaks_an_invariant(script in prop::collection::vec(likely(), 0..150)) {
        call_operations(script.as_flattened());
    }
}
