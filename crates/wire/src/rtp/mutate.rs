use super::extension::Form;
use super::{FIXED_HEADER_LEN, RtpError, VERSION};

/// The fixed header of an RTP packet, to be rewritten in place.
#[derive(Debug)]
pub struct RtpViewMut<'a> {
    fixed: &'a mut [u8; FIXED_HEADER_LEN],
}

impl<'a> RtpViewMut<'a> {
    /// Checks version and length of the fixed header; the rest is not looked at.
    ///
    /// # Errors
    /// [`RtpError::Version`] and [`RtpError::Truncated`].
    #[inline]
    pub fn parse(packet: &'a mut [u8]) -> Result<Self, RtpError> {
        let fixed = packet.first_chunk_mut().ok_or(RtpError::Truncated)?;
        if fixed[0] >> 6 != VERSION {
            return Err(RtpError::Version);
        }
        Ok(Self { fixed })
    }

    /// Sets the marker bit.
    pub const fn set_marker(&mut self, marker: bool) {
        self.fixed[1] = self.fixed[1] & 0x7f | (marker as u8) << 7;
    }

    /// The payload type.
    pub const fn payload_type(&self) -> u8 {
        self.fixed[1] & 0x7f
    }

    /// Sets the payload type; only its low seven bits exist.
    pub const fn set_payload_type(&mut self, payload_type: u8) {
        self.fixed[1] = self.fixed[1] & 0x80 | payload_type & 0x7f;
    }

    /// Sets the sequence number.
    pub fn set_sequence_number(&mut self, sequence_number: u16) {
        self.fixed[2..4].copy_from_slice(&sequence_number.to_be_bytes());
    }

    /// Sets the timestamp.
    pub fn set_timestamp(&mut self, timestamp: u32) {
        self.fixed[4..8].copy_from_slice(&timestamp.to_be_bytes());
    }

    /// Sets the synchronisation source.
    pub fn set_ssrc(&mut self, ssrc: u32) {
        self.fixed[8..12].copy_from_slice(&ssrc.to_be_bytes());
    }
}

/// Gives the elements of the header extension other ids, in place: `rename` says which. Elements it
/// gives none, or one that the form has no room for, become padding. A header extension of another
/// profile than those of RFC 8285 is left alone.
///
/// # Errors
/// [`RtpError::Version`], [`RtpError::Truncated`], and [`RtpError::ExtensionOverflow`] for an
/// element beyond the end, with those before it renamed.
pub fn rename_extensions(
    packet: &mut [u8],
    rename: impl Fn(u8) -> Option<u8>,
) -> Result<(), RtpError> {
    let first = *packet.first().ok_or(RtpError::Truncated)?;
    if first >> 6 != VERSION {
        return Err(RtpError::Version);
    }
    if first & 0x10 == 0 {
        return Ok(());
    }
    let head = FIXED_HEADER_LEN + usize::from(first & 0x0f) * 4;
    let rest = packet.get_mut(head..).ok_or(RtpError::Truncated)?;
    let (block, rest) = rest.split_first_chunk_mut::<4>().ok_or(RtpError::Truncated)?;
    let len = usize::from(u16::from_be_bytes([block[2], block[3]])) * 4;
    let elements = rest.get_mut(..len).ok_or(RtpError::Truncated)?;
    let renamed = match Form::of(u16::from_be_bytes([block[0], block[1]])) {
        Form::OneByte => rename_one_byte(elements, rename),
        Form::TwoByte => rename_two_byte(elements, rename),
        Form::Opaque => Some(()),
    };
    renamed.ok_or(RtpError::ExtensionOverflow)
}

/// `None` if an element is too long. What follows the id 15 is ignored by everybody.
fn rename_one_byte(elements: &mut [u8], rename: impl Fn(u8) -> Option<u8>) -> Option<()> {
    let mut at = 0;
    while let Some(&head) = elements.get(at) {
        let len = match head >> 4 {
            0 => 1,
            15 => return Some(()),
            _ => 2 + usize::from(head & 0x0f),
        };
        let element = elements.get_mut(at..at + len)?;
        match rename(head >> 4).filter(|id| len > 1 && (1..=14).contains(id)) {
            Some(id) => element[0] = id << 4 | head & 0x0f,
            None => element.fill(0),
        }
        at += len;
    }
    Some(())
}

fn rename_two_byte(elements: &mut [u8], rename: impl Fn(u8) -> Option<u8>) -> Option<()> {
    let mut at = 0;
    while let Some(&id) = elements.get(at) {
        let len = if id == 0 { 1 } else { 2 + usize::from(*elements.get(at + 1)?) };
        let element = elements.get_mut(at..at + len)?;
        match rename(id).filter(|_| len > 1) {
            Some(id) => element[0] = id,
            None => element.fill(0),
        }
        at += len;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{RtpHeader, RtpView, write_header};

    const HEADER: RtpHeader =
        RtpHeader { payload_type: 111, marker: false, sequence_number: 1, timestamp: 2, ssrc: 3 };

    fn level_to_7(id: u8) -> Option<u8> {
        (id == 1).then_some(7)
    }

    #[test]
    fn one_element_is_renamed_and_the_others_are_padding() {
        let mut packet = [9; 64];
        let elements: [(u8, &[u8]); 3] = [(4, b"0"), (1, &[0x9e]), (3, &[1, 2])];
        let len = write_header(&HEADER, &elements, &mut packet).unwrap();
        rename_extensions(&mut packet, level_to_7).unwrap();
        let view = RtpView::parse(&packet).unwrap();
        assert_eq!(view.header_len(), len, "nothing moves");
        assert_eq!(view.extensions().collect::<Vec<_>>(), [(7, &[0x9e][..])]);
    }

    #[test]
    fn two_byte_elements_are_renamed() {
        let mut packet = vec![0x90, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0x10, 0, 0, 2];
        packet.extend([1, 1, 0x9e, 20, 0, 4, 1, b'0']);
        rename_extensions(&mut packet, level_to_7).unwrap();
        let view = RtpView::parse(&packet).unwrap();
        assert_eq!(view.extensions().collect::<Vec<_>>(), [(7, &[0x9e][..])]);
    }

    #[test]
    fn an_id_without_room_becomes_padding() {
        let mut packet = [0; 64];
        write_header(&HEADER, &[(1, &[5])], &mut packet).unwrap();
        rename_extensions(&mut packet, |_| Some(15)).unwrap();
        assert_eq!(RtpView::parse(&packet).unwrap().extensions().count(), 0);
    }

    proptest! {
        /// What could be read before can be read after, and is of the same size.
        #[test]
        fn a_packet_stays_a_packet(
            mut packet in prop::collection::vec(any::<u8>(), 0..60),
            form in prop::sample::select(vec![[0xbe, 0xde], [0x10, 0x00]]),
            words in 0_u8..8,
        ) {
            if let Some(head) = packet.get_mut(..16) {
                head[0] = 0x90;
                head[12..14].copy_from_slice(&form);
                head[14..].copy_from_slice(&[0, words]);
            }
            let before = RtpView::parse(&packet).ok().map(|it| it.header_len());
            let renamed = rename_extensions(&mut packet, level_to_7);
            if let Some(before) = before {
                prop_assert_eq!(renamed, Ok(()));
                let view = RtpView::parse(&packet).unwrap();
                prop_assert_eq!(view.header_len(), before);
                prop_assert!(view.extensions().all(|(id, _)| id == 7));
            }
        }
    }
}
