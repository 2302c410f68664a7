//! The aggregation header of AV1 (RTP payload format for AV1, section 4.4).

/// A coded video sequence begins with this packet.
const NEW_SEQUENCE: u8 = 0x08;

pub(super) fn starts_key_frame(payload: &[u8]) -> bool {
    payload.first().is_some_and(|header| header & NEW_SEQUENCE != 0) && payload.len() > 1
}

#[cfg(test)]
mod tests {
    use super::starts_key_frame;

    #[test]
    fn the_bit_tells() {
        assert!(starts_key_frame(&[0x18, 0x0a]));
        assert!(!starts_key_frame(&[0x10, 0x32]));
        assert!(!starts_key_frame(&[0x08]), "nothing follows");
    }
}
