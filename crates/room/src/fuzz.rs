//! Bodies of fuzz targets: never panic, whatever the input.

mod pictures;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use calling_model::{Machine, ParticipantId, UserId};
use calling_wire::{
    RedBlock, RedPayload, RtpHeader, RtpView, SequenceExtender, write_header, write_red,
};

use crate::{AudioSource, AudioTerms, Receives};
use crate::{Forward, Forwards, LeaveReason, Room, RoomConfig, RoomOutput};

/// Participants the operations speak of; few, so that they meet.
const PARTICIPANTS: u8 = 4;
/// The payload type of packets with copies.
const RED: u8 = 63;

/// Applies operations read from `data` to a room, and checks after each what every receiver relies
/// on: nothing passes a closed gate, nobody gets their own packets, no header is used twice, and
/// what is newer never has the earlier time.
///
/// # Panics
/// If one of these is broken.
pub fn room_operations(now: Instant, data: &[u8]) {
    let mut world = World::new(now);
    let mut operations = Operations(data);
    while world.step(&mut operations).is_some() {
        world.drain();
    }
}

/// Applies operations on pictures read from `data` to an open room, and checks what every receiver
/// relies on: it gets what it asked for and nothing that is muted, under headers that are used once
/// and whose time never runs back, and what is shown anew begins with a key frame.
///
/// # Panics
/// If one of these is broken.
pub fn picture_operations(now: Instant, data: &[u8]) {
    let mut world = pictures::World::new(now);
    let mut operations = Operations(data);
    while world.step(&mut operations).is_some() {}
}

struct Operations<'a>(&'a [u8]);

impl<'a> Operations<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from(self.u16()?) << 16 | u32::from(self.u16()?))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::from(self.byte()?).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        Some(bytes)
    }

    fn participant(&mut self) -> Option<ParticipantId> {
        Some(ParticipantId(u64::from(self.byte()? % PARTICIPANTS)))
    }
}

struct World {
    now: Instant,
    room: Room,
    forwards: Forwards,
    /// Where each participant's honest stream is.
    streams: BTreeMap<ParticipantId, (u16, u32)>,
    /// Who agreed on copies of earlier frames.
    red: BTreeSet<ParticipantId>,
    /// What each receiver saw under each SSRC.
    received: BTreeMap<(ParticipantId, u32), Received>,
}

impl World {
    fn new(now: Instant) -> Self {
        Self {
            now,
            room: Room::new(RoomConfig { max_participants: 3, ..RoomConfig::default() }, [7; 32]),
            forwards: Forwards::new(),
            streams: BTreeMap::new(),
            red: BTreeSet::new(),
            received: BTreeMap::new(),
        }
    }

    /// One operation; `None` once there is none left. Misuse is fine as long as it is an error.
    fn step(&mut self, operations: &mut Operations<'_>) -> Option<()> {
        match operations.byte()? % 12 {
            0 => self.join(operations.participant()?),
            1 => self.leave(operations.participant()?, operations.byte()?),
            2 => self.room.open(self.now),
            3 => {
                let (participant, muted) = (operations.participant()?, operations.byte()? % 2 == 0);
                let _ = self.room.set_muted(self.now, participant, muted);
            }
            4 => {
                let (publisher, receiver) = (operations.participant()?, operations.participant()?);
                let subscribed = operations.byte()? % 2 == 0;
                let _ = self.room.set_subscribed(publisher, receiver, subscribed);
            }
            5 => {
                let from = operations.participant()?;
                let _ = self.room.handle_rtcp(self.now, from, operations.bytes()?);
            }
            6 => self.rtp(operations.participant()?, operations.bytes()?),
            7 => {
                let from = operations.participant()?;
                self.voice(from, operations.u16()?, operations.u32()?);
            }
            8 => {
                let _ = self.room.set_audio_ssrc(operations.participant()?, operations.u32()? % 5);
            }
            10 => self.negotiate(operations.participant()?, operations.byte()?),
            9 => self.pass(u64::from(operations.u16()?)),
            _ => self.continue_stream(operations.participant()?, operations.byte()?),
        }
        Some(())
    }

    fn join(&mut self, participant: ParticipantId) {
        let Ok(user) = UserId::new(format!("user{}", participant.0 % 3)) else { return };
        if self.room.join(self.now, participant, user, participant.0 as u32).is_ok() {
            // A new connection, which remembers nothing.
            self.received.retain(|(to, _), _| *to != participant);
            self.red.remove(&participant);
        }
    }

    fn negotiate(&mut self, participant: ParticipantId, choice: u8) {
        let source = match choice % 4 {
            0 => AudioSource::None,
            1 => AudioSource::Mid { id: 4, mid: "0".to_owned() },
            _ => AudioSource::Ssrc(participant.0 as u32),
        };
        let places = (0..PARTICIPANTS).filter(|number| choice >> 4 & 1 << number != 0);
        let places = places.filter_map(|number| {
            let whose = ParticipantId(u64::from(number));
            let mut present = self.room.participants();
            Some(present.find(|it| it.participant == whose)?.audio_ssrc)
        });
        let places = places.collect();
        let red = choice & 0x18 == 0x18;
        let terms = AudioTerms {
            payload_type: 111,
            red_payload_type: red.then_some(RED),
            audio_level_id: (choice & 4 != 0).then_some(2),
            source,
            receives: if choice & 8 != 0 { Receives::All } else { Receives::Only(places) },
        };
        let agreed = self.room.negotiate(participant, terms).is_ok();
        if agreed && red {
            self.red.insert(participant);
        } else if agreed {
            self.red.remove(&participant);
        }
    }

    fn leave(&mut self, participant: ParticipantId, reason: u8) {
        let reasons = [LeaveReason::Left, LeaveReason::TimedOut, LeaveReason::Removed];
        let reason = reasons[usize::from(reason) % reasons.len()];
        let _ = self.room.leave(self.now, participant, reason);
    }

    /// Mostly the next packet of the stream, sometimes one near it.
    fn continue_stream(&mut self, from: ParticipantId, step: u8) {
        let step = u16::from(step % 8);
        let (sequence_number, timestamp) = self.streams.get(&from).copied().unwrap_or_default();
        let next =
            (sequence_number.wrapping_add(step).wrapping_sub(2), timestamp.wrapping_add(960));
        self.streams.insert(from, next);
        self.voice(from, next.0, next.1);
        self.pass(20);
    }

    fn voice(&mut self, from: ParticipantId, sequence_number: u16, timestamp: u32) {
        let ssrc = from.0 as u32;
        let is_red = self.red.contains(&from) && !sequence_number.is_multiple_of(3);
        let payload_type = if is_red { RED } else { 111 };
        let header = RtpHeader { payload_type, marker: false, sequence_number, timestamp, ssrc };
        let mut packet = [7; 60];
        let level = [sequence_number as u8];
        let Ok(head) = write_header(&header, &[(1, &level)], &mut packet) else { return };
        let block = |offset| RedBlock { payload_type: 111, offset, payload: &[9; 5] };
        let copies = (1..=sequence_number % 4).rev().map(|back| block(u32::from(back) * 960));
        let written = match is_red {
            true => write_red(copies, block(0), &mut packet[head..]).map(|payload| head + payload),
            false => Ok(40),
        };
        if let Ok(length) = written {
            self.rtp(from, &packet[..length]);
        }
    }

    fn rtp(&mut self, from: ParticipantId, packet: &[u8]) {
        let handled = self.room.handle_rtp(self.now, from, packet, &mut self.forwards);
        assert!(handled.is_ok() || self.forwards.is_empty(), "a discard goes to nobody");
        assert!(self.room.is_open() || self.forwards.is_empty(), "the gate is closed");
        for forward in &self.forwards {
            assert_ne!(forward.to, from, "nobody gets their own packets");
            let mut sent = self.forwards.packet(packet).to_vec();
            assert_eq!(forward.apply(&mut sent), Ok(()), "what is forwarded can be sent");
            self.check_sent(forward.to, &sent);
            self.received.entry((forward.to, forward.ssrc)).or_default().take(forward);
        }
    }

    /// Copies go to those alone who can read them, and whole.
    fn check_sent(&self, to: ParticipantId, sent: &[u8]) {
        let view = RtpView::parse(sent);
        let payload_type = view.as_ref().map(RtpView::payload_type);
        if payload_type == Ok(RED) {
            assert!(self.red.contains(&to), "copies for somebody who cannot read them");
            let red = view.ok().map(|view| RedPayload::parse(view.payload()));
            assert!(red.is_some_and(|red| red.is_ok()), "copies that nobody can read");
        } else {
            assert_eq!(payload_type, Ok(111));
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
            if let RoomOutput::Rtcp { packet, .. } = output {
                let all = calling_wire::RtcpPackets::new(&packet).all(|part| part.is_ok());
                assert!(all && packet.len() <= 1_200, "a report is well formed and small");
            }
        }
    }
}

/// One stream as its receiver sees it.
#[derive(Default)]
struct Received {
    extender: SequenceExtender,
    seen: BTreeSet<u64>,
    newest_timestamp: Option<u32>,
}

impl Received {
    fn take(&mut self, forward: &Forward) {
        let highest = self.extender.highest();
        let sequence = self.extender.extend(forward.sequence_number);
        assert!(self.seen.insert(sequence), "a header is used twice");
        if highest.is_some_and(|highest| sequence < highest) {
            return;
        }
        if let Some(newest) = self.newest_timestamp.replace(forward.timestamp) {
            let ahead = forward.timestamp.wrapping_sub(newest) as i32;
            assert!(ahead >= 0, "time runs backwards by {ahead}");
        }
    }
}
