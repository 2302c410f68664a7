use super::window::ReplayWindow;

/// 2^48 packets may be protected with one key (RFC 3711 section 9.2).
pub(super) const RTP_INDEX_LIMIT: u64 = 1 << 48;
/// 2^31 control packets may be protected with one key (RFC 3711 section 9.2).
pub(super) const RTCP_INDEX_LIMIT: u32 = 1 << 31;

/// The index of a packet: rollover counter and sequence number, such that the index is nearest to
/// the highest one known (RFC 3711 section 3.3.1 and appendix A).
pub(super) fn estimate(window: Option<&ReplayWindow>, sequence_number: u16) -> u64 {
    const HALF: u64 = 1 << 15;
    let sequence_number = u64::from(sequence_number);
    let Some(highest) = window.and_then(ReplayWindow::highest) else { return sequence_number };
    let (rollovers, last) = (highest >> 16, highest & 0xffff);
    let rollovers = if last < HALF && sequence_number > last + HALF {
        // Before the first packet there is no earlier round to belong to.
        rollovers.saturating_sub(1)
    } else if last >= HALF && sequence_number < last - HALF {
        rollovers + 1
    } else {
        rollovers
    };
    rollovers << 16 | sequence_number
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn window(highest: u64) -> ReplayWindow {
        let mut window = ReplayWindow::default();
        window.record(highest);
        window
    }

    #[test]
    fn wraps_forward_and_back() {
        assert_eq!(estimate(None, 65_535), 65_535);
        assert_eq!(estimate(Some(&window(65_535)), 0), 65_536);
        assert_eq!(estimate(Some(&window(65_536)), 65_535), 65_535);
        assert_eq!(estimate(Some(&window(3)), 65_535), 65_535, "no round before the first");
    }

    proptest! {
        #[test]
        fn finds_every_index_within_half_a_round(highest in 1_u64 << 16..1 << 47, offset in -32_767_i64..32_767) {
            let index = highest.checked_add_signed(offset).unwrap();
            prop_assert_eq!(estimate(Some(&window(highest)), index as u16), index);
        }
    }
}
