//! What a guest sends: packets of the size and the number of pictures and of sound, each with the
//! time it was made in it.

use std::time::Duration;

use calling_wire::{RtpHeader, write_header};

use super::offer::{AUDIO_MID, MID, OPUS, RID, RIDS, TRANSPORT_WIDE, VIDEO_MID, VP8};

/// Pictures in a second.
pub(in super::super) const FPS: u32 = 30;
/// Bits in a second of each size, smallest first.
pub(in super::super) const BITRATES: [u32; 3] = [150_000, 500_000, 1_500_000];
/// Bytes of a packet's payload at most.
const MOST_PAYLOAD: usize = 1_160;
/// Bytes of 20 ms of sound, Opus at 48 kbit/s.
const SOUND: usize = 120;
/// Of Opus: CELT only, full band, 20 ms, mono, one frame (RFC 6716 section 3.1).
const SOUND_KIND: u8 = 0xf8;
/// Bytes of a time in a payload.
const STAMP: usize = 8;
/// With room for what protects it.
const PACKET_BYTES: usize = 1_400;

/// What those send who do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Sends {
    Sound,
    /// And pictures of this one of the sizes.
    Picture(usize),
    /// And pictures of all sizes.
    AllSizes,
}

impl Sends {
    pub(in super::super) const fn has_pictures(self) -> bool {
        match self {
            Self::Sound => false,
            Self::Picture(_) | Self::AllSizes => true,
        }
    }

    fn has_size(self, size: usize) -> bool {
        match self {
            Self::Sound => false,
            Self::Picture(only) => only == size,
            Self::AllSizes => true,
        }
    }
}

/// All that one guest sends, unprotected.
pub(super) struct Film {
    /// Nothing if this guest only listens.
    pub(super) sends: Option<Sends>,
    layers: [Layer; RIDS.len()],
    audio_ssrc: u32,
    audio_packets: u16,
    /// Pictures sent.
    pictures: u32,
    /// The transport-wide number of the next packet.
    transport_wide: u16,
}

struct Layer {
    ssrc: u32,
    sequence_number: u16,
    /// The next picture is to need none before it.
    wants_key_frame: bool,
}

impl Film {
    /// The SSRCs of the three sizes follow that of the sound.
    pub(super) fn new(audio_ssrc: u32, sends: Option<Sends>) -> Self {
        let layer = |ssrc| Layer { ssrc, sequence_number: 0, wants_key_frame: true };
        Self {
            sends,
            layers: [audio_ssrc + 1, audio_ssrc + 2, audio_ssrc + 3].map(layer),
            audio_ssrc,
            audio_packets: 0,
            pictures: 0,
            transport_wide: 0,
        }
    }

    /// Somebody needs a key frame of a size.
    pub(super) fn want_key_frame(&mut self, ssrc: u32) {
        if let Some(layer) = self.layers.iter_mut().find(|layer| layer.ssrc == ssrc) {
            layer.wants_key_frame = true;
        }
    }

    /// One more picture in every size that is sent.
    pub(super) fn picture(&mut self, now: Duration) -> Vec<Vec<u8>> {
        self.pictures = self.pictures.wrapping_add(1);
        let timestamp = self.pictures.wrapping_mul(90_000 / FPS);
        let mut packets = Vec::new();
        let Some(sends) = self.sends else { return packets };
        for (index, layer) in self.layers.iter_mut().enumerate() {
            if !sends.has_size(index) {
                continue;
            }
            let bytes = (BITRATES[index] / 8 / FPS) as usize;
            let count = bytes.div_ceil(MOST_PAYLOAD);
            for number in 0..count {
                layer.sequence_number = layer.sequence_number.wrapping_add(1);
                let header = RtpHeader {
                    payload_type: VP8,
                    marker: number + 1 == count,
                    sequence_number: layer.sequence_number,
                    timestamp,
                    ssrc: layer.ssrc,
                };
                let rid = RIDS[index].as_bytes();
                let tags = [(MID, VIDEO_MID.as_bytes()), (RID, rid)];
                let mut packet = headed(&header, &tags, &mut self.transport_wide);
                let start = packet.len();
                packet.extend(descriptor(number == 0, self.pictures as u16));
                packet.push(u8::from(!layer.wants_key_frame));
                packet.extend(stamp(now));
                packet.resize(start + bytes / count, 0x5a);
                packets.push(packet);
            }
            layer.wants_key_frame = false;
        }
        packets
    }

    /// 20 ms of sound.
    pub(super) fn sound(&mut self, now: Duration) -> Vec<u8> {
        self.audio_packets = self.audio_packets.wrapping_add(1);
        let header = RtpHeader {
            payload_type: OPUS,
            marker: false,
            sequence_number: self.audio_packets,
            timestamp: u32::from(self.audio_packets).wrapping_mul(960),
            ssrc: self.audio_ssrc,
        };
        let mut packet = vec![0; PACKET_BYTES];
        let tags = [(MID, AUDIO_MID.as_bytes())];
        let len = write_header(&header, &tags, &mut packet).unwrap_or_default();
        packet.truncate(len);
        packet.push(SOUND_KIND);
        packet.extend(stamp(now));
        packet.resize(len + SOUND, 0x78);
        packet
    }
}

/// A packet's header, with a transport-wide number besides the tags.
fn headed(header: &RtpHeader, tags: &[(u8, &[u8]); 2], transport_wide: &mut u16) -> Vec<u8> {
    let number = transport_wide.to_be_bytes();
    *transport_wide = transport_wide.wrapping_add(1);
    let extensions = [tags[0], tags[1], (TRANSPORT_WIDE, &number[..])];
    let mut packet = vec![0; PACKET_BYTES];
    let len = write_header(header, &extensions, &mut packet).unwrap_or_default();
    packet.truncate(len);
    packet
}

const DESCRIPTOR: usize = 5;

/// RFC 7741 section 4.2: a picture id of 15 bits and the number of the base layer's picture.
fn descriptor(is_first: bool, picture: u16) -> [u8; DESCRIPTOR] {
    let [high, low] = (picture & 0x7fff).to_be_bytes();
    [if is_first { 0x90 } else { 0x80 }, 0xc0, 0x80 | high, low, low]
}

fn stamp(now: Duration) -> [u8; STAMP] {
    (now.as_nanos() as u64).to_be_bytes()
}

/// When the packet with this payload was made.
pub(super) fn made_at(payload_type: u8, payload: &[u8]) -> Option<Duration> {
    // Behind the descriptor and the byte that tells key frames, or behind what kind of sound it is.
    let start = if payload_type == VP8 { DESCRIPTOR + 1 } else { 1 };
    let stamp = payload.get(start..start + STAMP)?;
    Some(Duration::from_nanos(u64::from_be_bytes(stamp.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use calling_wire::{RtpView, Vp8Descriptor};

    use super::*;

    const NOW: Duration = Duration::from_micros(1_234_567);

    #[test]
    fn packets_tell_when_they_were_made() {
        let mut film = Film::new(10, Some(Sends::Picture(1)));
        let mut packets = film.picture(NOW);
        assert!(packets.iter().all(|packet| RtpView::parse(packet).unwrap().ssrc() == 12));
        packets.push(film.sound(NOW));
        assert!(packets.len() > 2);
        for packet in packets {
            let view = RtpView::parse(&packet).unwrap();
            assert_eq!(made_at(view.payload_type(), view.payload()), Some(NOW));
        }
        assert_eq!(made_at(OPUS, &[0; STAMP]), None);
        assert!(Film::new(10, None).picture(NOW).is_empty());
    }

    #[test]
    fn a_second_has_the_bits_it_is_to_have() {
        let mut film = Film::new(10, Some(Sends::AllSizes));
        let mut bits = [0_usize; 3];
        for _ in 0..FPS {
            for packet in film.picture(NOW) {
                let view = RtpView::parse(&packet).unwrap();
                assert!(view.payload().len() <= MOST_PAYLOAD);
                bits[(view.ssrc() - 11) as usize] += 8 * view.payload().len();
            }
        }
        for (bits, expected) in bits.iter().zip(BITRATES) {
            let share = *bits as f64 / f64::from(expected);
            assert!((0.99..=1.01).contains(&share), "{bits} of {expected}");
        }
    }

    #[test]
    fn key_frames_are_the_first_and_those_asked_for() {
        let mut film = Film::new(10, Some(Sends::AllSizes));
        let mut keys = |ssrc| {
            let packets = film.picture(NOW);
            let views = packets.iter().map(|packet| RtpView::parse(packet).unwrap());
            let starts =
                |view: &RtpView<'_>| Vp8Descriptor::parse(view.payload()).unwrap().starts_key_frame;
            let keys: Vec<u32> = views.filter(starts).map(|view| view.ssrc()).collect();
            film.want_key_frame(ssrc);
            keys
        };
        assert_eq!(keys(12), [11, 12, 13]);
        assert_eq!(keys(0), [12]);
        assert!(keys(0).is_empty());
    }
}
