//! NAL units and their packing (RFC 6184 sections 1.3, 5.2 to 5.8).

const TYPE: u8 = 0x1f;
const IDR_SLICE: u8 = 5;
const SEQUENCE_PARAMETERS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
/// Of the header of a fragment: the unit begins with it.
const FU_START: u8 = 0x80;

/// The payload holds a sequence parameter set, or the start of the first slice of an IDR picture.
pub(super) fn starts_key_frame(payload: &[u8]) -> bool {
    let Some((&head, rest)) = payload.split_first() else { return false };
    match head & TYPE {
        STAP_A => starts_in_aggregate(rest),
        FU_A => rest.split_first().is_some_and(|(&fragment, slice)| {
            fragment & FU_START != 0 && starts(fragment & TYPE, slice)
        }),
        single => starts(single, rest),
    }
}

fn starts(unit_type: u8, unit: &[u8]) -> bool {
    match unit_type {
        SEQUENCE_PARAMETERS => true,
        IDR_SLICE => is_first_slice(unit),
        _ => false,
    }
}

/// `first_mb_in_slice` is the first field of a slice, and its code for 0 is one bit set
/// (ITU-T H.264 sections 7.3.3 and 9.1).
fn is_first_slice(slice: &[u8]) -> bool {
    slice.first().is_some_and(|first| first & 0x80 != 0)
}

/// Units, each after its length of 16 bits (section 5.7.1).
fn starts_in_aggregate(mut units: &[u8]) -> bool {
    while let Some((len, rest)) = units.split_first_chunk::<2>() {
        let Some((unit, rest)) = rest.split_at_checked(u16::from_be_bytes(*len).into()) else {
            return false;
        };
        if unit.split_first().is_some_and(|(&head, slice)| starts(head & TYPE, slice)) {
            return true;
        }
        units = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::starts_key_frame;

    #[test]
    fn single_units() {
        assert!(starts_key_frame(&[0x67, 0x42]), "SPS");
        assert!(starts_key_frame(&[0x65, 0x88]), "the first slice of an IDR picture");
        assert!(!starts_key_frame(&[0x65, 0x08]), "a later slice");
        assert!(!starts_key_frame(&[0x65]), "cut off");
        assert!(!starts_key_frame(&[0x41, 0x9a]), "a slice of another picture");
        assert!(!starts_key_frame(&[0x68, 0xce]), "PPS");
    }

    #[test]
    fn aggregates() {
        assert!(starts_key_frame(&[24, 0, 2, 0x67, 0x42, 0, 1, 0x68]));
        assert!(starts_key_frame(&[24, 0, 1, 0x09, 0, 2, 0x65, 0x88]));
        assert!(!starts_key_frame(&[24, 0, 1, 0x68, 0, 9, 0x67]), "longer than the payload");
        assert!(!starts_key_frame(&[24, 0, 0, 0]));
    }

    #[test]
    fn fragments() {
        assert!(starts_key_frame(&[0x7c, 0x85, 0x88]));
        assert!(!starts_key_frame(&[0x7c, 0x05, 0x88]), "not the first fragment");
        assert!(!starts_key_frame(&[0x7c, 0x81, 0x9a]), "of another picture");
        assert!(!starts_key_frame(&[0x7c]));
    }
}
