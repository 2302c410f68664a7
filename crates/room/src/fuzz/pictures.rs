//! Operations on the pictures of a room, and what they may never lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use calling_model::{Machine as _, ParticipantId, UserId, VideoSize, VideoTrack};
use calling_wire::{RtpHeader, RtpView, SequenceExtender, write_header};

use super::{Operations, PARTICIPANTS};
use crate::{
    Forward, Forwards, LeaveReason, Room, RoomConfig, RoomOutput, VideoExtensions, VideoSource,
    VideoSourceSsrcs, VideoStream, VideoTerms, VideoViews,
};

const MID: u8 = 4;
const RID: u8 = 5;
const REPAIRED_RID: u8 = 6;
const RIDS: [&str; 3] = ["q", "h", "f"];
const PAYLOAD_TYPE: u8 = 96;

pub(super) struct World {
    now: Instant,
    room: Room,
    forwards: Forwards,
    /// Under which SSRC each picture is forwarded.
    pictures: BTreeMap<u32, (ParticipantId, VideoStream)>,
    watching: BTreeMap<ParticipantId, VideoViews>,
    muted: BTreeSet<(ParticipantId, VideoTrack)>,
    /// The newest packet that was sent under an SSRC: its number, time and picture.
    sent: BTreeMap<u32, (u16, u32)>,
    received: BTreeMap<(ParticipantId, u32), Received>,
}

/// One stream as its receiver sees it.
#[derive(Default)]
struct Received {
    extender: SequenceExtender,
    seen: BTreeSet<u64>,
    newest_timestamp: Option<u32>,
    /// The stream of its sender that is forwarded.
    source: Option<u32>,
}

impl World {
    pub(super) fn new(now: Instant) -> Self {
        let mut room = Room::new(RoomConfig::default(), [7; 32]);
        room.open(now);
        Self {
            now,
            room,
            forwards: Forwards::new(),
            pictures: BTreeMap::new(),
            watching: BTreeMap::new(),
            muted: BTreeSet::new(),
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
        }
    }

    /// One operation; `None` once there is none left. Misuse is fine as long as it is an error.
    pub(super) fn step(&mut self, operations: &mut Operations<'_>) -> Option<()> {
        match operations.byte()? % 10 {
            0 => self.join(operations.participant()?),
            1 => self.leave(operations.participant()?),
            2 => self.show(operations.participant()?, operations.byte()?),
            3 => self.watch(operations.participant()?, operations.u16()?),
            4 => self.mute(operations.participant()?, operations.byte()?),
            5 => self.feedback(operations)?,
            6 => {
                let from = operations.participant()?;
                self.rtp(from, operations.bytes()?);
            }
            7 => self.pass(u64::from(operations.u16()?)),
            _ => self.film(operations.participant()?, operations.byte()?, operations.byte()?),
        }
        self.drain();
        Some(())
    }

    fn join(&mut self, participant: ParticipantId) {
        let Ok(user) = user(participant) else { return };
        let ssrc = participant.0 as u32;
        if self.room.join(self.now, participant, user, ssrc).is_ok() {
            // A new connection, which remembers nothing.
            self.received.retain(|(to, _), _| *to != participant);
            self.watching.remove(&participant);
            self.muted.retain(|(who, _)| *who != participant);
        }
    }

    fn leave(&mut self, participant: ParticipantId) {
        let _ = self.room.leave(self.now, participant, LeaveReason::Left);
    }

    /// A camera in one size with announced SSRCs or in several without, or none.
    fn show(&mut self, participant: ParticipantId, choice: u8) {
        let camera = match choice % 3 {
            0 => None,
            1 => {
                let (media, rtx) = (ssrc(participant, 0), Some(ssrc(participant, 8)));
                Some(VideoSource::Ssrcs(VideoSourceSsrcs { media, rtx }))
            }
            _ => {
                let rids = RIDS.map(str::to_owned).to_vec();
                Some(VideoSource::Mid { mid: "1".to_owned(), rids })
            }
        };
        let extensions =
            VideoExtensions { mid: Some(MID), rid: Some(RID), repaired_rid: Some(REPAIRED_RID) };
        let mut terms = VideoTerms { extensions, ..VideoTerms::native([]) };
        terms.sends.extend(camera.map(|camera| (VideoTrack::Camera, camera)));
        let _ = self.room.negotiate_video(self.now, participant, terms);
    }

    /// Two bits for each participant: not at all, small, large, large.
    fn watch(&mut self, participant: ParticipantId, choice: u16) {
        let wish = |number: u8| {
            let size = match choice >> (2 * number) & 3 {
                0 => return None,
                1 => VideoSize::Small,
                _ => VideoSize::Large,
            };
            let user = user(ParticipantId(u64::from(number))).ok()?;
            Some(((user, VideoTrack::Camera), size))
        };
        let views: VideoViews = (0..PARTICIPANTS).filter_map(wish).collect();
        if self.room.set_views(self.now, participant, views.clone()).is_ok() {
            self.watching.insert(participant, views);
        }
    }

    fn mute(&mut self, participant: ParticipantId, choice: u8) {
        let (track, muted) = (VideoTrack::Camera, choice.is_multiple_of(2));
        if self.room.set_video_muted(participant, track, muted).is_ok() {
            let muted_one = (participant, track);
            if muted {
                self.muted.insert(muted_one);
            } else {
                self.muted.remove(&muted_one);
            }
        }
    }

    /// A NACK or a wish for a key frame, of a stream that there is or of any.
    fn feedback(&mut self, operations: &mut Operations<'_>) -> Option<()> {
        let from = operations.participant()?;
        let (choice, which) = (operations.byte()?, operations.u16()?);
        let known = self.pictures.keys().nth(usize::from(choice >> 1) % 8).copied();
        let ssrc = known.unwrap_or_else(|| u32::from(which));
        let newest = self.received.get(&(from, ssrc)).and_then(|it| it.extender.highest());
        let mut packet = if choice % 2 == 0 {
            vec![0x81, 205, 0, 3, 0, 0, 0, 1]
        } else {
            vec![0x81, 206, 0, 2, 0, 0, 0, 1]
        };
        packet.extend(ssrc.to_be_bytes());
        if choice % 2 == 0 {
            let first = newest.unwrap_or_default().wrapping_sub(u64::from(which % 64)) as u16;
            packet.extend(first.to_be_bytes());
            packet.extend(which.to_be_bytes());
        }
        let _ = self.room.handle_rtcp(self.now, from, &packet);
        Some(())
    }

    /// Mostly the next frame of a layer, sometimes one near it or one sent again.
    fn film(&mut self, from: ParticipantId, layer: u8, step: u8) {
        let layer = usize::from(layer) % RIDS.len();
        let ssrc = ssrc(from, layer as u32);
        let (sequence_number, timestamp) = self.sent.get(&ssrc).copied().unwrap_or_default();
        let sequence_number = sequence_number.wrapping_add(u16::from(step % 8)).wrapping_sub(2);
        let timestamp = timestamp.wrapping_add(3_000);
        let is_rtx = step & 0x40 != 0;
        let payload = payload(step & 0x80 != 0, sequence_number);
        let number = sequence_number.to_be_bytes();
        let payload = if is_rtx { [&number[..], &payload].concat() } else { payload };
        if !is_rtx {
            self.sent.insert(ssrc, (sequence_number, timestamp));
        }
        let header = RtpHeader {
            payload_type: PAYLOAD_TYPE + u8::from(is_rtx),
            marker: true,
            sequence_number,
            timestamp,
            ssrc: ssrc + if is_rtx { 8 } else { 0 },
        };
        let id = if is_rtx { REPAIRED_RID } else { RID };
        let extensions = [(MID, &b"1"[..]), (id, RIDS[layer].as_bytes())];
        let mut packet = vec![0; 64];
        let Ok(len) = write_header(&header, &extensions, &mut packet) else { return };
        packet.truncate(len);
        packet.extend(payload);
        self.rtp(from, &packet);
        self.pass(33);
    }

    fn rtp(&mut self, from: ParticipantId, packet: &[u8]) {
        let handled = self.room.handle_rtp(self.now, from, packet, &mut self.forwards);
        assert!(handled.is_ok() || self.forwards.is_empty(), "a discard goes to nobody");
        self.drain();
        let came = self.forwards.packet(packet);
        for forward in &self.forwards {
            let Some((publisher, stream)) = self.pictures.get(&forward.ssrc) else { continue };
            assert_eq!(*publisher, from, "a stream is its sender's");
            assert!(is_watched(&self.watching, forward.to, from, stream.track), "nobody asked");
            assert!(!self.muted.contains(&(from, stream.track)), "it is muted");
            let mut copy = came.to_vec();
            assert_eq!(forward.apply(&mut copy), Ok(()));
            let received = self.received.entry((forward.to, forward.ssrc)).or_default();
            received.take(forward, came);
        }
    }

    fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        if self.room.poll_timeout().is_some_and(|(due, _)| due <= self.now) {
            self.room.handle_timeout(self.now);
        }
        self.drain();
        assert!(self.room.poll_timeout().is_none_or(|(due, _)| due > self.now), "it would spin");
    }

    fn drain(&mut self) {
        while let Some(output) = self.room.poll_output() {
            match output {
                RoomOutput::UserEntered { participant, video, .. } => {
                    self.pictures.retain(|_, (publisher, _)| *publisher != participant);
                    for stream in video {
                        self.pictures.insert(stream.ssrc, (participant, stream));
                    }
                }
                RoomOutput::Rtp { to, packet } => self.sent_again(to, &packet),
                RoomOutput::Rtcp { packet, .. } => {
                    let all = calling_wire::RtcpPackets::new(&packet).all(|part| part.is_ok());
                    assert!(all && packet.len() <= 1_300, "a report is well formed and small");
                }
                RoomOutput::UserLeft { .. }
                | RoomOutput::AudioAvailable { .. }
                | RoomOutput::VideoAvailable { .. }
                | RoomOutput::Volumes { .. } => {}
            }
        }
    }

    fn sent_again(&mut self, to: ParticipantId, packet: &[u8]) {
        let packet = RtpView::parse(packet).expect("it is well formed");
        let mut pictures = self.pictures.values();
        let found = pictures.find(|(_, stream)| stream.rtx_ssrc == packet.ssrc());
        let (publisher, stream) = found.expect("it is of a picture");
        assert!(is_watched(&self.watching, to, *publisher, stream.track), "nobody asked");
        assert!(!self.muted.contains(&(*publisher, stream.track)), "it is muted");
        let received = self.received.entry((to, packet.ssrc())).or_default();
        let sequence = received.extender.extend(packet.sequence_number());
        assert!(received.seen.insert(sequence), "a header is used twice");
    }
}

impl Received {
    fn take(&mut self, forward: &Forward, came: &[u8]) {
        let view = RtpView::parse(came).expect("it was forwarded");
        let is_key = view.payload().get(1) == Some(&0);
        let highest = self.extender.highest();
        let sequence = self.extender.extend(forward.sequence_number);
        assert!(self.seen.insert(sequence), "a header is used twice");
        if highest.is_some_and(|highest| sequence < highest) {
            return;
        }
        if self.source.replace(view.ssrc()) != Some(view.ssrc()) {
            assert!(is_key, "what is shown anew begins with a key frame");
        }
        if let Some(newest) = self.newest_timestamp.replace(forward.timestamp) {
            let ahead = forward.timestamp.wrapping_sub(newest) as i32;
            assert!(ahead >= 0, "time runs backwards by {ahead}");
        }
    }
}

fn is_watched(
    watching: &BTreeMap<ParticipantId, VideoViews>,
    to: ParticipantId,
    from: ParticipantId,
    track: VideoTrack,
) -> bool {
    let views = watching.get(&to);
    let user = user(from).ok();
    user.is_some_and(|user| views.is_some_and(|views| views.contains_key(&(user, track))))
}

fn user(participant: ParticipantId) -> Result<UserId, calling_model::InvalidId> {
    UserId::new(format!("user{}", participant.0))
}

fn ssrc(participant: ParticipantId, layer: u32) -> u32 {
    100 * (participant.0 as u32 + 1) + layer
}

/// A frame of VP8 in one packet.
fn payload(is_key: bool, content: u16) -> Vec<u8> {
    let [high, low] = content.to_be_bytes();
    vec![0x10, u8::from(!is_key), high, low]
}
