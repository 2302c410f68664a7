//! A room in virtual time, and packets to throw at it.
#![expect(dead_code, reason = "each test binary uses its part")]

pub(crate) mod pictures;

use std::time::{Duration, Instant};

use calling_model::{Machine, ParticipantId, UserId};
use calling_room::{
    AudioTerms, Forward, Forwards, Room, RoomConfig, RoomOutput, RtpDiscard, Streams,
};
use calling_testkit::{drain, epoch, seed};
use calling_wire::{RedBlock, RtpHeader, RtpView, write_header, write_red};

/// The id of participant `number`.
pub(crate) fn id(number: u64) -> ParticipantId {
    ParticipantId(number)
}

/// The account of participant `number`.
pub(crate) fn user(number: u64) -> UserId {
    UserId::new(format!("user{number}")).expect("it follows the rule")
}

/// The SSRC that participant `number` announces.
pub(crate) fn ssrc(number: u64) -> u32 {
    100 + number as u32
}

/// The SSRCs that a test may reserve for participant `number`.
pub(crate) fn streams(number: u64) -> Streams {
    let mut next = 50_000 + 100 * number as u32;
    Streams::drawn(|| {
        next += 1;
        next
    })
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The payload type of packets with copies.
pub(crate) const RED: u8 = 63;

/// The payload of the packet with that number.
pub(crate) fn frame(sequence_number: u16) -> Vec<u8> {
    vec![sequence_number as u8; 80]
}

/// A voice packet.
#[derive(Clone, Copy)]
pub(crate) struct Voice {
    pub(crate) ssrc: u32,
    pub(crate) payload_type: u8,
    pub(crate) sequence_number: u16,
    pub(crate) timestamp: u32,
    pub(crate) level: Option<u8>,
}

impl Voice {
    /// The packet `number` of an unbroken stream of participant `from`: 20 ms each, at −30 dBov.
    pub(crate) fn nth(from: u64, number: u64) -> Self {
        Self {
            ssrc: ssrc(from),
            payload_type: 111,
            sequence_number: number as u16,
            timestamp: (number * 960) as u32,
            level: Some(30),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.header(), frame(self.sequence_number)].concat()
    }

    /// As [`bytes`](Self::bytes), with copies of the frames of so many packets before.
    pub(crate) fn with_copies(&self, copies: u16) -> Vec<u8> {
        let before: Vec<_> = (1..=copies)
            .rev()
            .map(|back| (u32::from(back) * 960, frame(self.sequence_number.wrapping_sub(back))))
            .collect();
        let block = |offset, payload| RedBlock { payload_type: 111, offset, payload };
        let own = frame(self.sequence_number);
        let mut payload = vec![0; 4_096];
        let copies = before.iter().map(|(offset, frame)| block(*offset, frame));
        let len = write_red(copies, block(0, &own), &mut payload).expect("it fits");
        [Self { payload_type: RED, ..*self }.header(), payload[..len].to_vec()].concat()
    }

    pub(crate) fn header(&self) -> Vec<u8> {
        let header = RtpHeader {
            payload_type: self.payload_type,
            marker: false,
            sequence_number: self.sequence_number,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        let level = self.level.map(|level| [0x80 | level]);
        let extensions: Vec<(u8, &[u8])> = level.iter().map(|level| (1, &level[..])).collect();
        let mut bytes = vec![0; 40];
        let len = write_header(&header, &extensions, &mut bytes).expect("it fits");
        bytes.truncate(len);
        bytes
    }
}

/// A room with its owner's manners: drained after each call.
pub(crate) struct Table {
    pub(crate) room: Room,
    pub(crate) now: Instant,
    pub(crate) forwards: Forwards,
    pub(crate) outputs: Vec<RoomOutput>,
}

impl Table {
    /// `participants` 1..=n are in the room, the gate is closed.
    pub(crate) fn closed(participants: u64) -> Self {
        Self::with(RoomConfig::default(), participants)
    }

    pub(crate) fn with(config: RoomConfig, participants: u64) -> Self {
        let room = Room::new(config, seed(7));
        let mut table = Self { room, now: epoch(), forwards: Forwards::new(), outputs: Vec::new() };
        for number in 1..=participants {
            table.join(number);
        }
        table
    }

    /// `participants` 1..=n are in the room, the gate is open, and what that told is forgotten.
    pub(crate) fn open(participants: u64) -> Self {
        let mut table = Self::closed(participants);
        table.room.open(table.now);
        table.take();
        table
    }

    /// Returns the forwarded SSRC.
    pub(crate) fn join(&mut self, number: u64) -> u32 {
        let joined = self.room.join(self.now, id(number), user(number), ssrc(number));
        joined.expect("there is room")
    }

    /// The SSRC under which the audio of participant `number` is forwarded.
    pub(crate) fn stream_of(&self, number: u64) -> u32 {
        let mut present = self.room.participants();
        present.find(|it| it.participant == id(number)).expect("it is in the room").audio_ssrc
    }

    /// Participant `number` can send and read copies of earlier frames.
    pub(crate) fn agree_on_copies(&mut self, number: u64) {
        let terms = AudioTerms::native(&RoomConfig::default(), ssrc(number));
        let terms = AudioTerms { red_payload_type: Some(RED), ..terms };
        self.room.negotiate(id(number), terms).expect("it is in the room");
    }

    pub(crate) fn send(&mut self, from: u64, voice: Voice) -> Result<Vec<Forward>, RtpDiscard> {
        self.send_raw(from, &voice.bytes())
    }

    pub(crate) fn send_raw(
        &mut self,
        from: u64,
        packet: &[u8],
    ) -> Result<Vec<Forward>, RtpDiscard> {
        let handled = self.room.handle_rtp(self.now, id(from), packet, &mut self.forwards);
        self.drain();
        if handled.is_err() {
            assert!(self.forwards.is_empty(), "a discard goes to nobody");
        }
        handled.map(|()| self.forwards.to_vec())
    }

    /// Sends packet `number` of the stream of `from`, which must be forwarded.
    pub(crate) fn speak(&mut self, from: u64, number: u64) -> Vec<Forward> {
        self.send(from, Voice::nth(from, number)).expect("it is forwarded")
    }

    /// Sends packets `numbers` 20 ms apart; returns what participant `to` was sent.
    pub(crate) fn stream(
        &mut self,
        from: u64,
        to: u64,
        numbers: impl Iterator<Item = u64>,
    ) -> Vec<Forward> {
        let mut received = Vec::new();
        for number in numbers {
            let forwards = self.speak(from, number);
            received.extend(forwards.into_iter().filter(|forward| forward.to == id(to)));
            self.pass(20);
        }
        received
    }

    /// Time passes; timers fire one by one.
    pub(crate) fn pass(&mut self, millis: u64) {
        self.now += ms(millis);
        let drained = drain(&mut self.room).run_until(&mut self.room, self.now);
        self.outputs.extend(drained.outputs);
    }

    /// What was told since the last call.
    pub(crate) fn take(&mut self) -> Vec<RoomOutput> {
        self.drain();
        std::mem::take(&mut self.outputs)
    }

    /// The events told since the last call, without volumes and reports.
    pub(crate) fn events(&mut self) -> Vec<RoomOutput> {
        let mut events = self.take();
        events.retain(|output| match output {
            RoomOutput::Rtcp { .. } | RoomOutput::Rtp { .. } | RoomOutput::Volumes { .. } => false,
            RoomOutput::UserEntered { .. }
            | RoomOutput::UserLeft { .. }
            | RoomOutput::AudioAvailable { .. }
            | RoomOutput::VideoAvailable { .. } => true,
        });
        events
    }

    pub(crate) fn discarded(&self, discard: RtpDiscard) -> u64 {
        self.room.stats().discards.rtp(discard)
    }

    fn drain(&mut self) {
        while let Some(output) = self.room.poll_output() {
            self.outputs.push(output);
        }
    }
}

/// That audio of participant `number` begins or stops.
pub(crate) fn available(number: u64, available: bool) -> RoomOutput {
    RoomOutput::AudioAvailable { user: user(number), participant: id(number), available }
}

/// Checks that `forwards` are one unbroken stream: numbers up by one, times up by `ticks`.
pub(crate) fn assert_unbroken(forwards: &[Forward], ticks: u32) {
    for pair in forwards.windows(2) {
        assert_eq!(pair[1].sequence_number, pair[0].sequence_number.wrapping_add(1));
        assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(ticks));
        assert_eq!(pair[1].ssrc, pair[0].ssrc);
    }
}

/// The packet as it goes out.
pub(crate) fn rewritten(voice: Voice, forward: &Forward) -> Vec<u8> {
    let mut packet = voice.bytes();
    forward.apply(&mut packet).expect("it is the packet that was handled");
    assert!(RtpView::parse(&packet).is_ok());
    packet
}
