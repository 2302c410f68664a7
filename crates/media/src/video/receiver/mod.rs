//! The receive side: packets in at any time, complete pictures out when they are to be shown.
//!
//! ```text
//! packet ─▶ Reception ─▶ Packets ─▶ pictures, in order ─▶ Timing ─▶ shown when due
//!               └──▶ Missing ─▶ NACK            └─ a hole too old ─▶ key frame wanted
//! ```

mod config;
mod missing;
mod packets;
mod reception;
mod stats;
#[cfg(test)]
mod tests;
mod timing;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use calling_model::Machine;
use calling_wire::{ReportBlock, RtpView};

use super::payload::{self, Fragment};
use super::{EncodedPicture, SyncPoint, VideoCodec, VideoFeedback, rtx};
pub use config::{
    ReceivedPicture, VideoReceiverConfig, VideoReceiverInput, VideoReceiverOutput,
    VideoReceiverReason,
};
use missing::Missing;
use packets::{MOST_PACKETS, Packets, Span, Stored};
use reception::{Admission, Place, Reception};
pub use stats::{VideoDiscard, VideoReceiverStats};
use timing::Timing;

/// Complete pictures that wait to be shown.
const MOST_WAITING: usize = 64;
/// The longest that sound makes pictures wait.
const MOST_SYNC: Duration = Duration::from_secs(2);
/// What is missing is given up after this and so many round trips.
const PATIENCE: Duration = Duration::from_millis(150);
const PATIENCE_ROUND_TRIPS: u32 = 3;
const MOST_PATIENCE: Duration = Duration::from_millis(800);
/// Key frames are asked for no faster than this and a round trip.
const KEY_FRAME_INTERVAL: Duration = Duration::from_millis(250);
/// A stream that is silent so long is asked for nothing.
const SILENCE: Duration = Duration::from_secs(2);
/// Before anything was measured.
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);
const MOST_ROUND_TRIP: Duration = Duration::from_secs(1);

/// Puts the pictures of one stream together: orders packets, asks again for what is missing, for a
/// key frame if that does not help, and gives each picture out when it is to be shown.
///
/// Inputs never fail: what is not taken is counted. A picture is given out only if all before it
/// were, from a key frame on, so that a decoder never misses what it refers to.
#[derive(Debug)]
pub struct VideoReceiver {
    config: VideoReceiverConfig,
    reception: Reception,
    packets: Packets,
    missing: Missing,
    progress: Progress,
    /// The highest sequence number that came.
    newest: Option<u64>,
    /// When a key frame is asked for next.
    key_frame_due: Option<Instant>,
    key_frame_asked: Option<Instant>,
    heard: Option<Instant>,
    timing: Timing,
    sync: Option<SyncPoint>,
    round_trip: Duration,
    waiting: VecDeque<ReceivedPicture>,
    outputs: VecDeque<VideoReceiverOutput>,
    stats: VideoReceiverStats,
}

/// ```text
///   WaitsForKey ──a complete key frame──▶ Follows ──a hole given up, a stumble──▶ WaitsForKey
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Only a key frame can be shown, from that sequence number on.
    WaitsForKey { from: u64 },
    /// The next picture begins with that sequence number.
    Follows { next: u64 },
}

impl VideoReceiver {
    /// A receiver that has seen nothing.
    pub fn new(config: VideoReceiverConfig) -> Self {
        Self {
            timing: Timing::new(config.max_delay),
            config,
            reception: Reception::default(),
            packets: Packets::default(),
            missing: Missing::default(),
            progress: Progress::WaitsForKey { from: 0 },
            newest: None,
            key_frame_due: None,
            key_frame_asked: None,
            heard: None,
            sync: None,
            round_trip: FIRST_ROUND_TRIP,
            waiting: VecDeque::new(),
            outputs: VecDeque::new(),
            stats: VideoReceiverStats::default(),
        }
    }

    /// What was seen and done so far.
    pub fn stats(&self) -> VideoReceiverStats {
        VideoReceiverStats {
            target_delay_ms: self.timing.target_ms(),
            jitter_ms: self.reception.jitter_ms(),
            ..self.stats
        }
    }

    /// What an RTCP report says of the stream; `None` before its first packet. The time since the
    /// last sender report is [`RtcpSession`](crate::RtcpSession)'s to fill in.
    pub fn reception_report(&mut self) -> Option<ReportBlock> {
        self.reception.report(self.config.ssrc)
    }

    fn packet(&mut self, now: Instant, packet: &RtpView<'_>) -> Result<(), VideoDiscard> {
        let is_again = self.config.rtx_ssrc == Some(packet.ssrc());
        if !is_again && packet.ssrc() != self.config.ssrc {
            return Err(VideoDiscard::Ssrc);
        }
        let types = self.config.payload_types;
        let payload_type = packet.payload_type();
        let codec =
            if is_again { types.codec_again(payload_type) } else { types.codec(payload_type) };
        let codec = codec.ok_or(VideoDiscard::PayloadType)?;
        let (place, payload) = if is_again {
            // Padding probes the bandwidth and says nothing.
            let (number, payload) = rtx::unwrap(packet).ok_or(VideoDiscard::Malformed)?;
            let place = self.reception.place_again(number, packet.timestamp());
            (place.ok_or(VideoDiscard::Late)?, payload)
        } else {
            (self.admit(now, packet)?, packet.payload())
        };
        self.check_place(place.number)?;
        let payload = Bytes::copy_from_slice(payload);
        let fragment = fragment(codec, &payload)?;
        self.heard = Some(now);
        self.note_missing(now, place.number);
        let Place { number, timestamp } = place;
        let marker = packet.marker();
        self.packets.insert(number, Stored { timestamp, marker, codec, fragment, payload });
        self.advance(now, number);
        self.bound(now);
        self.want_key_frame_if_lost(now, fragment);
        Ok(())
    }

    fn admit(&mut self, now: Instant, packet: &RtpView<'_>) -> Result<Place, VideoDiscard> {
        let admission = self.reception.admit(now, packet.sequence_number(), packet.timestamp());
        let place = match admission {
            Admission::Continues(place) => place,
            Admission::Begins(place) => {
                self.begin(place.number);
                place
            }
            Admission::Unconfirmed => return Err(VideoDiscard::Unconfirmed),
        };
        self.stats.packets_received += 1;
        Ok(place)
    }

    /// The stream begins, or begins anew, with `number`.
    fn begin(&mut self, number: u64) {
        if self.heard.is_some() {
            self.stats.restarts += 1;
            self.stats.packets_flushed += self.packets.len() as u64;
            self.stats.packets_given_up += self.missing.clear() as u64;
            self.packets.clear();
            self.timing.clear();
        }
        // What was reordered from before the first packet counts.
        let from = number.saturating_sub(u64::from(u8::MAX));
        self.progress = Progress::WaitsForKey { from };
        self.newest = None;
        self.key_frame_due = None;
    }

    fn check_place(&self, number: u64) -> Result<(), VideoDiscard> {
        let (Progress::WaitsForKey { from: first } | Progress::Follows { next: first }) =
            self.progress;
        if number < first {
            return Err(VideoDiscard::Late);
        }
        if self.packets.contains(number) {
            return Err(VideoDiscard::Duplicate);
        }
        Ok(())
    }

    fn note_missing(&mut self, now: Instant, number: u64) {
        if self.missing.came(number) {
            self.stats.packets_recovered += 1;
        }
        let newest = self.newest.unwrap_or(number);
        self.newest = Some(newest.max(number));
        if number > newest + 1 && !self.missing.begin(now, newest + 1..number) {
            self.interrupt(now, number);
        }
    }

    /// Gives out what is complete, after packet `number` came.
    fn advance(&mut self, now: Instant, number: u64) {
        if let Progress::WaitsForKey { .. } = self.progress {
            // The end of a picture may be told by the packet behind it.
            let around = self.packets.key_frame_around(number);
            let around = around.or_else(|| self.packets.key_frame_around(number.checked_sub(1)?));
            match around {
                Some(span) => self.follow_from(&span),
                None => return,
            }
        }
        self.give_out(now);
    }

    /// A key frame is complete: everything before it is passed over.
    fn follow_from(&mut self, span: &Span) {
        let next = *span.start();
        self.stats.packets_flushed += self.packets.drop_before(next) as u64;
        self.stats.packets_given_up += self.missing.drop_before(next) as u64;
        self.progress = Progress::Follows { next };
        self.key_frame_due = None;
    }

    fn give_out(&mut self, now: Instant) {
        while let Progress::Follows { next } = self.progress {
            let start = self.packets.after_padding(next);
            self.packets.drop_before(start);
            self.progress = Progress::Follows { next: start };
            let Some(span) = self.packets.complete_from(start) else { return };
            self.progress = Progress::Follows { next: span.end() + 1 };
            let parts = self.packets.take(&span);
            if !self.complete(now, &parts) {
                self.stats.malformed_pictures += 1;
                self.interrupt(now, span.end() + 1);
            }
        }
    }

    /// Puts a picture together; false if it cannot be.
    fn complete(&mut self, now: Instant, parts: &[Stored]) -> bool {
        let Some(first) = parts.first() else { return false };
        let codec = first.codec;
        let same = parts.iter().all(|part| part.codec == codec);
        let payloads = parts.iter().map(|part| &part.payload).filter(|payload| !payload.is_empty());
        let Some(data) = same.then(|| payload::assemble(codec, payloads).ok()).flatten() else {
            return false;
        };
        let is_key = codec.is_key(&data);
        self.stats.pictures += 1;
        self.stats.key_frames += u64::from(is_key);
        if is_key {
            self.key_frame_due = None;
        }
        // The wire has the lower half.
        let rtp_timestamp = first.timestamp as u32;
        let due = self.due(now, first.timestamp);
        let picture = EncodedPicture { data, is_key };
        self.waiting.push_back(ReceivedPicture { codec, picture, rtp_timestamp, due });
        true
    }

    /// When a picture that is complete at `now` is shown: with its sound, no earlier than the one
    /// before it.
    fn due(&mut self, now: Instant, timestamp: u64) -> Instant {
        let own = self.timing.due(now, timestamp);
        let with_sound = self.sync.and_then(|point| point.at(timestamp as u32));
        let due = with_sound.map_or(own, |at| at.min(own + MOST_SYNC).max(own));
        let due = due.min(now + self.config.max_delay + MOST_SYNC);
        let before = self.waiting.back().map(|picture| picture.due);
        due.max(now).max(before.unwrap_or(now))
    }

    /// Only a key frame helps from `from` on.
    fn interrupt(&mut self, now: Instant, from: u64) {
        if let Progress::Follows { .. } = self.progress {
            self.stats.interruptions += 1;
        }
        self.stats.packets_given_up += self.missing.drop_before(from) as u64;
        self.stats.packets_flushed += self.packets.drop_before(from) as u64;
        self.progress = Progress::WaitsForKey { from };
        match self.packets.first_key_frame(from) {
            Some(span) => {
                self.follow_from(&span);
            }
            None => self.key_frame_due = Some(self.next_request(now)),
        }
    }

    /// A stream that does not begin with a key frame is asked for one.
    fn want_key_frame_if_lost(&mut self, now: Instant, fragment: Fragment) {
        if let Progress::WaitsForKey { .. } = self.progress
            && self.key_frame_due.is_none()
        {
            let patience = if fragment.begins_key { self.patience() } else { Duration::ZERO };
            self.key_frame_due = Some(self.next_request(now).max(now + patience));
        }
    }

    fn next_request(&self, now: Instant) -> Instant {
        let again = self.key_frame_asked.map(|at| at + KEY_FRAME_INTERVAL + self.round_trip);
        again.map_or(now, |again| again.max(now))
    }

    fn patience(&self) -> Duration {
        (PATIENCE + self.round_trip * PATIENCE_ROUND_TRIPS).min(MOST_PATIENCE)
    }

    /// When a hole before what waits is given up.
    fn patience_ends(&self) -> Option<Instant> {
        match self.progress {
            Progress::Follows { .. } => Some(self.missing.first_since()? + self.patience()),
            Progress::WaitsForKey { .. } => None,
        }
    }

    fn bound(&mut self, now: Instant) {
        if self.packets.len() > MOST_PACKETS {
            self.interrupt(now, self.newest.unwrap_or(0));
        }
        while self.waiting.len() > MOST_WAITING {
            self.show_first();
        }
    }

    fn show_first(&mut self) {
        if let Some(picture) = self.waiting.pop_front() {
            self.outputs.push_back(VideoReceiverOutput::Picture(picture));
        }
    }

    /// Does everything that is due.
    fn run(&mut self, now: Instant) {
        while self.patience_ends().is_some_and(|end| end <= now) {
            let after = self.packets.oldest().or(self.newest).unwrap_or(0);
            self.interrupt(now, after);
            self.give_out(now);
        }
        while self.waiting.front().is_some_and(|picture| picture.due <= now) {
            self.show_first();
        }
        loop {
            let sequence_numbers = self.missing.take_due(now, self.round_trip);
            if sequence_numbers.is_empty() {
                break;
            }
            self.stats.nacks_sent += sequence_numbers.len() as u64;
            let ssrc = self.config.ssrc;
            self.feedback(VideoFeedback::Nack { ssrc, sequence_numbers });
        }
        if self.key_frame_due.is_some_and(|due| due <= now) {
            self.ask_for_key_frame(now);
        }
    }

    fn ask_for_key_frame(&mut self, now: Instant) {
        let silent = self.heard.is_none_or(|at| now.saturating_duration_since(at) >= SILENCE);
        if silent {
            // The next packet asks.
            self.key_frame_due = None;
            return;
        }
        self.key_frame_asked = Some(now);
        self.key_frame_due = Some(self.next_request(now));
        self.stats.key_frame_requests += 1;
        self.feedback(VideoFeedback::KeyFrame { ssrc: self.config.ssrc });
    }

    fn feedback(&mut self, feedback: VideoFeedback) {
        self.outputs.push_back(VideoReceiverOutput::Feedback(feedback));
    }
}

/// What a payload tells; padding tells nothing.
fn fragment(codec: VideoCodec, payload: &Bytes) -> Result<Fragment, VideoDiscard> {
    if payload.is_empty() {
        return Ok(Fragment::default());
    }
    payload::inspect(codec, payload).ok_or(VideoDiscard::Malformed)
}

impl Machine for VideoReceiver {
    type Input<'a> = VideoReceiverInput<'a>;
    type Output = VideoReceiverOutput;
    type Misuse = std::convert::Infallible;
    type Reason = VideoReceiverReason;

    fn handle_input(&mut self, now: Instant, input: Self::Input<'_>) -> Result<(), Self::Misuse> {
        match input {
            VideoReceiverInput::Packet(packet) => {
                if self.packet(now, packet).is_err() {
                    self.stats.packets_discarded += 1;
                }
            }
            VideoReceiverInput::RoundTrip(round_trip) => {
                self.round_trip = round_trip.min(MOST_ROUND_TRIP);
            }
            VideoReceiverInput::Sync(point) => self.sync = point,
            VideoReceiverInput::KeyFrameWanted => {
                let again = self.next_request(now);
                self.key_frame_due = Some(self.key_frame_due.map_or(again, |due| due.min(again)));
            }
            VideoReceiverInput::KeyFrameNeeded => {
                if let Progress::Follows { next } = self.progress {
                    self.waiting.clear();
                    self.interrupt(now, next);
                }
            }
        }
        self.run(now);
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.run(now);
    }

    fn poll_output(&mut self) -> Option<VideoReceiverOutput> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Instant, VideoReceiverReason)> {
        let playout = self.waiting.front().map(|picture| picture.due);
        [
            (playout, VideoReceiverReason::Playout),
            (self.missing.due(), VideoReceiverReason::Nack),
            (self.patience_ends(), VideoReceiverReason::Patience),
            (self.key_frame_due, VideoReceiverReason::KeyFrame),
        ]
        .into_iter()
        .filter_map(|(due, reason)| due.map(|due| (due, reason)))
        .min_by_key(|(due, _)| *due)
    }
}
