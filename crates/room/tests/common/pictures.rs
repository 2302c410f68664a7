//! Pictures in a room: VP8 frames of one packet each, and who watches whom.

use calling_model::{VideoSize, VideoTrack};
use calling_room::{
    Forward, RoomOutput, RtcpDiscard, RtpDiscard, VideoSourceSsrcs, VideoTerms, VideoViews,
};
use calling_wire::{Feedback, RtcpPackets, RtpHeader, RtpView, Vp8Descriptor, write_header};

use super::{Table, id, user};

pub(crate) const VP8: u8 = 96;
pub(crate) const VP8_RTX: u8 = 97;

/// The SSRC under which participant `number` announces its camera.
pub(crate) fn camera(number: u64) -> u32 {
    1_000 + number as u32
}

pub(crate) fn camera_rtx(number: u64) -> u32 {
    2_000 + number as u32
}

pub(crate) fn screen(number: u64) -> u32 {
    3_000 + number as u32
}

/// One packet of video.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) ssrc: u32,
    pub(crate) payload_type: u8,
    pub(crate) sequence_number: u16,
    pub(crate) timestamp: u32,
    pub(crate) picture_id: u16,
    pub(crate) is_key: bool,
}

impl Frame {
    /// Frame `number` of the camera of participant `from`, at 30 a second; the first is a key
    /// frame.
    pub(crate) fn nth(from: u64, number: u64) -> Self {
        Self {
            ssrc: camera(from),
            payload_type: VP8,
            sequence_number: number as u16,
            timestamp: (number * 3_000) as u32,
            picture_id: number as u16 & 0x7fff,
            is_key: number == 0,
        }
    }

    pub(crate) fn key(self) -> Self {
        Self { is_key: true, ..self }
    }

    pub(crate) fn payload(&self) -> Vec<u8> {
        let [high, low] = self.picture_id.to_be_bytes();
        vec![0x90, 0xc0, 0x80 | high, low, low, u8::from(!self.is_key), 0xaa, 0xbb]
    }

    pub(crate) fn with_payload(&self, extensions: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
        let header = RtpHeader {
            payload_type: self.payload_type,
            marker: true,
            sequence_number: self.sequence_number,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        let mut bytes = vec![0; 80];
        let len = write_header(&header, extensions, &mut bytes).expect("it fits");
        bytes.truncate(len);
        bytes.extend_from_slice(payload);
        bytes
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.with_payload(&[], &self.payload())
    }

    /// As its sender sends it again.
    pub(crate) fn again(&self, ssrc: u32, sequence_number: u16) -> Vec<u8> {
        let payload = [&self.sequence_number.to_be_bytes()[..], &self.payload()].concat();
        Self { ssrc, sequence_number, payload_type: VP8_RTX, ..*self }.with_payload(&[], &payload)
    }
}

/// What a receiver gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) ssrc: u32,
    pub(crate) payload_type: u8,
    pub(crate) sequence_number: u16,
    pub(crate) timestamp: u32,
    pub(crate) picture_id: u16,
    pub(crate) is_key: bool,
}

impl Seen {
    pub(crate) fn read(packet: &[u8]) -> Self {
        let view = RtpView::parse(packet).expect("it is well formed");
        let vp8 = Vp8Descriptor::parse(view.payload()).expect("it is VP8");
        Self {
            ssrc: view.ssrc(),
            payload_type: view.payload_type(),
            sequence_number: view.sequence_number(),
            timestamp: view.timestamp(),
            picture_id: vp8.picture_id.expect("each has one"),
            is_key: vp8.starts_key_frame,
        }
    }
}

pub(crate) fn native_terms(number: u64) -> VideoTerms {
    let ssrcs = |media, rtx| VideoSourceSsrcs { media, rtx: Some(rtx) };
    VideoTerms::native([
        (VideoTrack::Camera, ssrcs(camera(number), camera_rtx(number))),
        (VideoTrack::Screen, ssrcs(screen(number), 4_000 + number as u32)),
    ])
}

impl Table {
    /// An open room of participants 1..=n who may send pictures.
    pub(crate) fn with_pictures(participants: u64) -> Self {
        let mut table = Self::open(participants);
        for number in 1..=participants {
            table.show(number);
        }
        table
    }

    pub(crate) fn show(&mut self, number: u64) {
        let terms = native_terms(number);
        self.room.negotiate_video(self.now, id(number), terms).expect("it is in the room");
        self.drain();
    }

    pub(crate) fn watch(&mut self, receiver: u64, views: &[(u64, VideoTrack, VideoSize)]) {
        let views = views.iter().map(|(whose, track, size)| ((user(*whose), *track), *size));
        let views: VideoViews = views.collect();
        self.room.set_views(self.now, id(receiver), views).expect("it is in the room");
        self.drain();
    }

    /// `receiver` wants the camera of `publisher`, large, and nothing else.
    pub(crate) fn watch_camera(&mut self, receiver: u64, publisher: u64) {
        self.watch(receiver, &[(publisher, VideoTrack::Camera, VideoSize::Large)]);
    }

    /// Sends a packet of video; gives what goes out, and to whom.
    pub(crate) fn send_bytes(
        &mut self,
        from: u64,
        packet: &[u8],
    ) -> Result<Vec<(u64, Vec<u8>)>, RtpDiscard> {
        let handled = self.room.handle_rtp(self.now, id(from), packet, &mut self.forwards);
        self.drain();
        handled?;
        let out = |forward: &Forward| {
            let mut copy = self.forwards.packet(packet).to_vec();
            forward.apply(&mut copy).expect("it is the packet that was handled");
            (forward.to.0, copy)
        };
        Ok(self.forwards.iter().map(out).collect())
    }

    /// Sends a frame; gives what `to` gets of it.
    pub(crate) fn film(&mut self, from: u64, frame: Frame, to: u64) -> Option<Seen> {
        let sent = self.send_bytes(from, &frame.bytes()).expect("it is of the sender");
        let mut to_it = sent.iter().filter(|(who, _)| *who == to);
        let seen = to_it.next().map(|(_, packet)| Seen::read(packet));
        assert_eq!(to_it.next(), None, "once at most");
        seen
    }

    pub(crate) fn rtcp(&mut self, from: u64, packet: &[u8]) -> Result<(), RtcpDiscard> {
        let handled = self.room.handle_rtcp(self.now, id(from), packet);
        self.drain();
        handled
    }

    pub(crate) fn refused(&self, discard: RtcpDiscard) -> u64 {
        self.room.stats().discards.rtcp(discard)
    }

    /// What senders were asked for since the last call: for key frames (`None`) or for packets.
    pub(crate) fn asked(&mut self) -> Vec<(u64, u32, Option<Vec<u16>>)> {
        let mut asked = Vec::new();
        for output in self.take() {
            let RoomOutput::Rtcp { to, packet } = output else { continue };
            for part in RtcpPackets::new(&packet) {
                let part = part.expect("it is well formed");
                match Feedback::parse(&part) {
                    Some(Feedback::PictureLoss { ssrc }) => asked.push((to.0, ssrc, None)),
                    Some(Feedback::Nack { ssrc, lost }) => {
                        asked.push((to.0, ssrc, Some(lost.collect())));
                    }
                    Some(Feedback::FullIntra { .. }) | None => {}
                }
            }
        }
        asked
    }

    /// What was sent again since the last call, and to whom.
    pub(crate) fn sent_again(&mut self) -> Vec<(u64, Vec<u8>)> {
        let outputs = self.take().into_iter();
        outputs
            .filter_map(|output| match output {
                RoomOutput::Rtp { to, packet } => Some((to.0, packet)),
                RoomOutput::Rtcp { .. }
                | RoomOutput::UserEntered { .. }
                | RoomOutput::UserLeft { .. }
                | RoomOutput::AudioAvailable { .. }
                | RoomOutput::VideoAvailable { .. }
                | RoomOutput::Volumes { .. } => None,
            })
            .collect()
    }
}

/// A generic NACK of one entry.
pub(crate) fn nack(ssrc: u32, first: u16, mask: u16) -> Vec<u8> {
    let mut packet = vec![0x81, 205, 0, 3, 0, 0, 0, 1];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(first.to_be_bytes());
    packet.extend(mask.to_be_bytes());
    packet
}

pub(crate) fn pli(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x81, 206, 0, 2, 0, 0, 0, 1];
    packet.extend(ssrc.to_be_bytes());
    packet
}

/// That a picture of participant `number` begins or stops.
pub(crate) fn shown(number: u64, track: VideoTrack, available: bool) -> RoomOutput {
    RoomOutput::VideoAvailable { user: user(number), participant: id(number), track, available }
}
