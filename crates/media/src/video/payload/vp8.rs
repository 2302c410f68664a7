//! VP8 (RFC 7741, RFC 6386).

use bytes::{Bytes, BytesMut};
use rtp::codecs::vp8::Vp8Packet;
use rtp::packetizer::Depacketizer;

use super::Fragment;

/// The crate takes no payload below this, though RFC 7741 allows a descriptor and one byte.
const SHORTEST_BYTES: usize = 4;

pub(super) fn inspect(payload: &Bytes) -> Option<Fragment> {
    let (descriptor, data) = parse(payload)?;
    let begins = descriptor.s == 1 && descriptor.pid == 0;
    // The first bit of a frame is 0 in key frames (RFC 6386 section 9.1).
    let begins_key = begins && data.first().is_some_and(|first| first & 1 == 0);
    Some(Fragment { begins, begins_key })
}

pub(super) fn depacketize(payload: &Bytes) -> Option<Bytes> {
    parse(payload).map(|(_, data)| data)
}

/// The descriptor and what follows it, a byte at least.
fn parse(payload: &Bytes) -> Option<(Vp8Packet, Bytes)> {
    let mut descriptor = Vp8Packet::default();
    if payload.len() >= SHORTEST_BYTES {
        let data = descriptor.depacketize(payload).ok()?;
        return (!data.is_empty()).then_some((descriptor, data));
    }
    if payload.is_empty() {
        return None;
    }
    let mut padded = BytesMut::from(&payload[..]);
    padded.resize(SHORTEST_BYTES, 0);
    let data = descriptor.depacketize(&padded.freeze()).ok()?;
    let start = SHORTEST_BYTES - data.len();
    (start < payload.len()).then(|| (descriptor, payload.slice(start..)))
}

/// Whether a frame is a key frame: its first bit, and the start code (RFC 6386 section 9.1).
pub(in crate::video) fn is_key(frame: &[u8]) -> bool {
    matches!(frame, [tag, _, _, 0x9d, 0x01, 0x2a, ..] if tag & 1 == 0)
}

/// Width and height that a key frame declares.
#[cfg(feature = "vp8")]
pub(in crate::video) fn key_size(frame: &[u8]) -> Option<(usize, usize)> {
    let &[tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = frame else { return None };
    // The upper two bits scale the display.
    let side = |low, high| usize::from(u16::from_le_bytes([low, high]) & 0x3fff);
    (tag & 1 == 0).then(|| (side(w0, w1), side(h0, h1)))
}
