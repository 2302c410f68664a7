//! The small spaces hold, and something happens in them.

use calling_modelcheck::{Order, SMALL, Twist, explore};

#[test]
fn no_history_of_the_small_spaces_breaks_a_rule() {
    for space in SMALL {
        let report = explore(*space, Twist::None, Order::DepthFirst, 2);
        assert_eq!(report.broken().count(), 0, "{report}");
        assert!(report.states > 200, "{report}");
        for seen in ["two talk", "a call is completed", "a call is rejected", "a side is lost"] {
            assert!(report.saw(seen), "{report}");
        }
    }
}
