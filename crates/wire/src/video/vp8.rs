/// The payload descriptor of VP8 (RFC 7741 section 4.2), as far as a forwarder reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vp8Descriptor {
    /// A key frame begins with this payload.
    pub starts_key_frame: bool,
    /// The picture id, of 7 or 15 bits.
    pub picture_id: Option<u16>,
    /// The running number of base-layer frames, `TL0PICIDX`.
    pub tl0_pic_idx: Option<u8>,
    /// Where the picture id is and whether it has 15 bits.
    picture_id_at: Option<(usize, bool)>,
    tl0_at: Option<usize>,
}

/// What is added to the running numbers of VP8 on the way to a receiver, so that they run on where
/// one source of pictures follows another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vp8Shift {
    /// To the picture id, modulo 2^15 (or 2^7, where it is that short).
    pub picture_id: u16,
    /// To `TL0PICIDX`, modulo 2^8.
    pub tl0_pic_idx: u8,
}

const EXTENDED: u8 = 0x80;
const START_OF_PARTITION: u8 = 0x10;
const PARTITION: u8 = 0x07;
const HAS_PICTURE_ID: u8 = 0x80;
const HAS_TL0_PIC_IDX: u8 = 0x40;
const HAS_TID_OR_KEYIDX: u8 = 0x30;
const LONG_PICTURE_ID: u8 = 0x80;
/// Of the first byte of a frame (RFC 7741 section 4.3): 0 in key frames.
const INTER_FRAME: u8 = 0x01;
const PICTURE_ID_MASK: u16 = 0x7fff;

impl Vp8Descriptor {
    /// Reads the descriptor at the start of a payload; `None` if the payload ends within it.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let mut at = 1;
        let mut read = Self {
            starts_key_frame: false,
            picture_id: None,
            tl0_pic_idx: None,
            picture_id_at: None,
            tl0_at: None,
        };
        if first & EXTENDED != 0 {
            let extension = *payload.get(at)?;
            at = read.extension(payload, extension, at + 1)?;
        }
        let begins = first & START_OF_PARTITION != 0 && first & PARTITION == 0;
        let frame = payload.get(at)?;
        read.starts_key_frame = begins && frame & INTER_FRAME == 0;
        Some(read)
    }

    /// Gives where the descriptor ends.
    fn extension(&mut self, payload: &[u8], extension: u8, mut at: usize) -> Option<usize> {
        if extension & HAS_PICTURE_ID != 0 {
            let head = *payload.get(at)?;
            let is_long = head & LONG_PICTURE_ID != 0;
            self.picture_id_at = Some((at, is_long));
            self.picture_id = Some(if is_long {
                u16::from_be_bytes([head, *payload.get(at + 1)?]) & PICTURE_ID_MASK
            } else {
                u16::from(head)
            });
            at += 1 + usize::from(is_long);
        }
        if extension & HAS_TL0_PIC_IDX != 0 {
            self.tl0_at = Some(at);
            self.tl0_pic_idx = Some(*payload.get(at)?);
            at += 1;
        }
        Some(at + usize::from(extension & HAS_TID_OR_KEYIDX != 0))
    }
}

impl Vp8Shift {
    /// What takes the numbers of `first`, the first of a new source, to those after `newest`.
    pub fn between(newest: Vp8Numbers, first: &Vp8Descriptor) -> Self {
        let after = |id: u16, of: u16| id.wrapping_add(1).wrapping_sub(of) & PICTURE_ID_MASK;
        let picture_id = newest.picture_id.zip(first.picture_id);
        let tl0_pic_idx = newest.tl0_pic_idx.zip(first.tl0_pic_idx);
        Self {
            picture_id: picture_id.map_or(0, |(id, of)| after(id, of)),
            tl0_pic_idx: tl0_pic_idx.map_or(0, |(id, of)| id.wrapping_add(1).wrapping_sub(of)),
        }
    }

    /// The numbers of a payload once shifted.
    pub fn of(self, descriptor: &Vp8Descriptor) -> Vp8Numbers {
        let picture_id = descriptor.picture_id;
        let tl0_pic_idx = descriptor.tl0_pic_idx;
        Vp8Numbers {
            picture_id: picture_id.map(|id| id.wrapping_add(self.picture_id) & PICTURE_ID_MASK),
            tl0_pic_idx: tl0_pic_idx.map(|id| id.wrapping_add(self.tl0_pic_idx)),
        }
    }

    /// Shifts the numbers of a payload, in place. One that is malformed is left alone.
    pub fn apply(self, payload: &mut [u8]) {
        let Some(descriptor) = Vp8Descriptor::parse(payload) else { return };
        let numbers = self.of(&descriptor);
        if let Some(((at, is_long), id)) = descriptor.picture_id_at.zip(numbers.picture_id) {
            let [high, low] = id.to_be_bytes();
            if is_long {
                payload[at] = high | LONG_PICTURE_ID;
                payload[at + 1] = low;
            } else {
                payload[at] = low & !LONG_PICTURE_ID;
            }
        }
        if let Some((at, index)) = descriptor.tl0_at.zip(numbers.tl0_pic_idx) {
            payload[at] = index;
        }
    }
}

/// The running numbers of VP8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vp8Numbers {
    /// The picture id.
    pub picture_id: Option<u16>,
    /// `TL0PICIDX`.
    pub tl0_pic_idx: Option<u8>,
}

impl Vp8Numbers {
    /// Takes note of `others` as far as they are newer.
    pub fn advance(&mut self, others: Self) {
        if let Some(id) = others.picture_id {
            let is_newer = |before: u16| {
                let ahead = id.wrapping_sub(before) & PICTURE_ID_MASK;
                ahead != 0 && ahead <= PICTURE_ID_MASK / 2
            };
            if self.picture_id.is_none_or(is_newer) {
                self.picture_id = Some(id);
            }
        }
        if let Some(index) = others.tl0_pic_idx {
            let is_newer = |before: u8| (1..=0x7f).contains(&index.wrapping_sub(before));
            if self.tl0_pic_idx.is_none_or(is_newer) {
                self.tl0_pic_idx = Some(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bare_descriptor() {
        let key = Vp8Descriptor::parse(&[0x10, 0x00, 1]).unwrap();
        assert!(key.starts_key_frame);
        assert_eq!((key.picture_id, key.tl0_pic_idx), (None, None));
        assert!(!Vp8Descriptor::parse(&[0x10, 0x01]).unwrap().starts_key_frame, "an inter frame");
        assert!(!Vp8Descriptor::parse(&[0x00, 0x00]).unwrap().starts_key_frame, "goes on");
        assert!(!Vp8Descriptor::parse(&[0x11, 0x00]).unwrap().starts_key_frame, "partition 1");
    }

    #[test]
    fn every_field_of_the_extension_is_passed_over() {
        // I, L, T, K with 15 bits of picture id.
        let payload = [0x90, 0xf0, 0x81, 0x02, 7, 0x20, 0x00];
        let read = Vp8Descriptor::parse(&payload).unwrap();
        assert_eq!((read.picture_id, read.tl0_pic_idx), (Some(0x102), Some(7)));
        assert!(read.starts_key_frame);
        for len in 0..payload.len() {
            assert_eq!(Vp8Descriptor::parse(&payload[..len]), None, "cut to {len}");
        }
        let short = Vp8Descriptor::parse(&[0x90, 0x80, 0x7f, 0x01]).unwrap();
        assert_eq!((short.picture_id, short.starts_key_frame), (Some(0x7f), false));
    }

    #[test]
    fn numbers_run_on_over_the_wrap() {
        let first = Vp8Descriptor::parse(&[0x90, 0xc0, 0x80, 0x05, 200, 0x00]).unwrap();
        let newest = Vp8Numbers { picture_id: Some(0x7fff), tl0_pic_idx: Some(255) };
        let shift = Vp8Shift::between(newest, &first);
        assert_eq!(shift.of(&first), Vp8Numbers { picture_id: Some(0), tl0_pic_idx: Some(0) });
        let mut payload = [0x90, 0xc0, 0x80, 0x06, 201, 0x00];
        shift.apply(&mut payload);
        assert_eq!(payload, [0x90, 0xc0, 0x80, 0x01, 1, 0x00]);
        let mut short = [0x90, 0x80, 0x7f, 0x01];
        Vp8Shift { picture_id: 2, tl0_pic_idx: 0 }.apply(&mut short);
        assert_eq!(short, [0x90, 0x80, 0x01, 0x01]);
    }

    #[test]
    fn what_came_late_is_not_newest() {
        let mut newest = Vp8Numbers::default();
        for (id, index) in [(0x7ffe, 254), (0x7fff, 255), (0, 0), (0x7fff, 255)] {
            newest.advance(Vp8Numbers { picture_id: Some(id), tl0_pic_idx: Some(index) });
        }
        assert_eq!(newest, Vp8Numbers { picture_id: Some(0), tl0_pic_idx: Some(0) });
    }

    proptest! {
        #[test]
        fn shifting_changes_the_numbers_alone(
            payload in prop::collection::vec(any::<u8>(), 0..12),
            picture_id in 0_u16..0x8000,
            tl0_pic_idx in any::<u8>(),
        ) {
            let shift = Vp8Shift { picture_id, tl0_pic_idx };
            let mut shifted = payload.clone();
            shift.apply(&mut shifted);
            let Some(before) = Vp8Descriptor::parse(&payload) else {
                prop_assert_eq!(shifted, payload);
                return Ok(());
            };
            let after = Vp8Descriptor::parse(&shifted).unwrap();
            prop_assert_eq!(after.starts_key_frame, before.starts_key_frame);
            prop_assert_eq!(after.picture_id_at, before.picture_id_at);
            let mask = if before.picture_id_at.is_some_and(|(_, long)| !long) { 0x7f } else { 0x7fff };
            prop_assert_eq!(after.picture_id, shift.of(&before).picture_id.map(|id| id & mask));
            prop_assert_eq!(after.tl0_pic_idx, shift.of(&before).tl0_pic_idx);
            let back = Vp8Shift {
                picture_id: 0x8000 - picture_id,
                tl0_pic_idx: 0_u8.wrapping_sub(tl0_pic_idx),
            };
            back.apply(&mut shifted);
            prop_assert_eq!(shifted, payload);
        }
    }
}
