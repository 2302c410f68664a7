//! H.264 in packetization mode 1: single NAL units, STAP-A and FU-A (RFC 6184).

use bytes::Bytes;
use rtp::codecs::h264::{
    FUA_HEADER_SIZE, FUA_NALU_TYPE, H264Packet, NALU_TYPE_BITMASK, SPS_NALU_TYPE,
    STAPA_HEADER_SIZE, STAPA_NALU_LENGTH_SIZE, STAPA_NALU_TYPE,
};
use rtp::packetizer::Depacketizer;

use super::Fragment;

/// A slice of a picture that needs no other (ITU-T H.264 table 7-1).
const IDR_NALU_TYPE: u8 = 5;
const START: u8 = 0x80;
const END: u8 = 0x40;

/// What a payload holds.
enum Form {
    /// One NAL unit, or several.
    Whole,
    /// A part of one.
    Part { first: bool, last: bool },
}

/// Checks a payload's form, which the crate takes on trust.
fn form(payload: &[u8]) -> Option<Form> {
    let (first, rest) = payload.split_first()?;
    match first & NALU_TYPE_BITMASK {
        1..=23 if rest.len() > 1 => Some(Form::Whole),
        STAPA_NALU_TYPE => units(payload).all(|unit| unit.is_some()).then_some(Form::Whole),
        FUA_NALU_TYPE if payload.len() > FUA_HEADER_SIZE => {
            let header = rest[0];
            let (first, last) = (header & START != 0, header & END != 0);
            // Both at once are forbidden (section 5.8).
            (!(first && last)).then_some(Form::Part { first, last })
        }
        _ => None,
    }
}

/// The NAL units of a STAP-A; `None` where it is cut short.
fn units(payload: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = payload.get(STAPA_HEADER_SIZE..).unwrap_or_default();
    let mut begun = false;
    std::iter::from_fn(move || {
        if rest.is_empty() && begun {
            return None;
        }
        begun = true;
        let unit =
            rest.split_first_chunk::<STAPA_NALU_LENGTH_SIZE>().and_then(|(length, after)| {
                let (unit, after) =
                    after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
                rest = after;
                (!unit.is_empty()).then_some(unit)
            });
        if unit.is_none() {
            rest = &[];
        }
        Some(unit)
    })
}

pub(super) fn inspect(payload: &Bytes) -> Option<Fragment> {
    form(payload)?;
    let begins_key = match payload[0] & NALU_TYPE_BITMASK {
        SPS_NALU_TYPE => true,
        STAPA_NALU_TYPE => {
            units(payload).flatten().any(|unit| unit[0] & NALU_TYPE_BITMASK == SPS_NALU_TYPE)
        }
        _ => false,
    };
    // A decoder can begin only where the parameter sets are, and they come first.
    Some(Fragment { begins: begins_key, begins_key })
}

/// Joins the payloads of one picture.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    packet: H264Packet,
    /// Within a NAL unit that has begun and not ended.
    open: bool,
}

impl Assembly {
    pub(super) fn depacketize(&mut self, payload: &Bytes) -> Option<Bytes> {
        let follows = match form(payload)? {
            Form::Whole => !self.open,
            Form::Part { first, last } => {
                let follows = first != self.open;
                self.open = !last;
                follows
            }
        };
        if follows { self.packet.depacketize(payload).ok() } else { None }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.open
    }
}

/// Whether NAL units with start codes hold a slice of a picture that needs no other.
pub(in crate::video) fn is_key(data: &[u8]) -> bool {
    let starts = data.windows(4).filter(|window| window[..3] == [0, 0, 1]);
    starts.map(|window| window[3] & NALU_TYPE_BITMASK).any(|kind| kind == IDR_NALU_TYPE)
}
