//! The payload descriptor of VP9 (RFC 9628 section 4.2).

const HAS_PICTURE_ID: u8 = 0x80;
const INTER_PICTURE: u8 = 0x40;
const HAS_LAYERS: u8 = 0x20;
const START_OF_FRAME: u8 = 0x08;
const LONG_PICTURE_ID: u8 = 0x80;
/// Of the byte of layer indices.
const SPATIAL_LAYER: u8 = 0x0e;

/// The payload begins a frame of the lowest spatial layer that refers to none before it.
pub(super) fn starts_key_frame(payload: &[u8]) -> bool {
    let Some((&first, rest)) = payload.split_first() else { return false };
    if first & INTER_PICTURE != 0 || first & START_OF_FRAME == 0 {
        return false;
    }
    if first & HAS_LAYERS == 0 {
        return !rest.is_empty();
    }
    layers(first, rest).is_some_and(|layers| layers & SPATIAL_LAYER == 0)
}

fn layers(first: u8, rest: &[u8]) -> Option<u8> {
    let at = if first & HAS_PICTURE_ID == 0 {
        0
    } else if rest.first()? & LONG_PICTURE_ID == 0 {
        1
    } else {
        2
    };
    rest.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::starts_key_frame;

    #[test]
    fn only_the_start_of_a_frame_that_refers_to_none() {
        assert!(starts_key_frame(&[0x88, 0x81, 0x02, 0]));
        assert!(!starts_key_frame(&[0xc8, 0x81, 0x02, 0]), "refers to others");
        assert!(!starts_key_frame(&[0x80, 0x81, 0x02, 0]), "no start");
        assert!(!starts_key_frame(&[0x08]), "nothing follows");
    }

    #[test]
    fn only_the_lowest_spatial_layer() {
        assert!(starts_key_frame(&[0xa8, 0x81, 0x02, 0x20, 0]));
        assert!(!starts_key_frame(&[0xa8, 0x81, 0x02, 0x22, 0]));
        assert!(starts_key_frame(&[0xa8, 0x01, 0x00]));
        assert!(starts_key_frame(&[0x28, 0x00]));
        assert!(!starts_key_frame(&[0xa8, 0x81]), "cut off");
    }
}
