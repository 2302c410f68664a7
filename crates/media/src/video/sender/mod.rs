//! The send side: encoded pictures in, paced RTP packets out.

mod pacer;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use calling_model::Machine;
use calling_wire::{RtpHeader, RtpView, write_header};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::payload::Cutter;
use super::{EncodedPicture, VIDEO_CLOCK_HZ, VideoCodec, VideoPayloadTypes, rtx};
use crate::{OwnStream, PacketStore};
use pacer::Pacer;

/// Bytes of a header without extensions.
const HEADER_BYTES: usize = 12;
/// Packets kept to be sent again: two seconds at 5 Mbit/s.
const STORED_PACKETS: usize = 1_024;
/// Nothing is sent again twice within this.
const AGAIN_INTERVAL: Duration = Duration::from_millis(20);
/// Packets sent again that are remembered.
const MOST_RECENT: usize = 256;

/// What a stream of video is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoSenderConfig {
    /// The SSRC of the stream.
    pub ssrc: u32,
    /// The SSRC for what is sent again; without one it goes out as it was.
    pub rtx_ssrc: Option<u32>,
    /// The codec.
    pub codec: VideoCodec,
    /// The numbers of the formats.
    pub payload_types: VideoPayloadTypes,
    /// Bits per second aimed at, which the pace follows.
    pub bitrate_bps: u32,
}

/// What happens to a [`VideoSender`].
#[derive(Debug)]
pub enum VideoSenderInput<'a> {
    /// A picture was encoded.
    Picture {
        /// The picture.
        picture: &'a EncodedPicture,
        /// When it was taken.
        captured: Instant,
    },
    /// These packets did not arrive.
    Nack(&'a [u16]),
    /// The bitrate aimed at, in bits per second.
    Bitrate(u32),
}

/// What a [`VideoSender`] wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VideoSenderOutput {
    /// Protect and send this RTP packet.
    Packet(Vec<u8>),
    /// Pictures were left out because packets pile up: encode a key frame.
    KeyFrameWanted,
}

/// Why a [`VideoSender`] has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoSenderReason {
    /// The next packet may leave.
    Pace,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VideoSenderStats {
    /// Pictures.
    pub pictures_sent: u64,
    /// Of them key frames.
    pub key_frames_sent: u64,
    /// Pictures left out because packets piled up.
    pub pictures_dropped: u64,
    /// RTP packets, without those sent again.
    pub packets_sent: u64,
    /// Their payload in bytes.
    pub payload_bytes_sent: u64,
    /// Packets sent again.
    pub packets_sent_again: u64,
    /// Packets asked for that are no longer kept.
    pub packets_gone: u64,
}

/// Packetises and paces one stream of pictures, and sends again what was lost.
///
/// Inputs never fail.
#[derive(Debug)]
pub struct VideoSender {
    config: VideoSenderConfig,
    cutter: Cutter,
    store: PacketStore,
    recent: VecDeque<(u16, Instant)>,
    pacer: Pacer,
    start: Instant,
    first_timestamp: u32,
    sequence_number: u16,
    rtx_sequence_number: u16,
    /// Pictures are left out until a key frame.
    broken: bool,
    wants_key_frame: bool,
    now: Instant,
    ready: Option<Vec<u8>>,
    stats: VideoSenderStats,
}

impl VideoSender {
    /// A sender whose initial sequence numbers and timestamp come from `seed` (RFC 3550 section
    /// 5.1 wants them unpredictable).
    pub fn new(config: VideoSenderConfig, seed: [u8; 32], now: Instant) -> Self {
        let mut rng = ChaCha8Rng::from_seed(seed);
        Self {
            cutter: Cutter::new(config.codec),
            store: PacketStore::new(STORED_PACKETS),
            recent: VecDeque::new(),
            pacer: Pacer::new(config.bitrate_bps),
            start: now,
            first_timestamp: rng.random(),
            // In the lower half, so that a receiver that misses the start of the stream does not
            // take a wrap for the start (RFC 3711 section 3.3.1).
            sequence_number: rng.random_range(0..1 << 15),
            rtx_sequence_number: rng.random_range(0..1 << 15),
            broken: false,
            wants_key_frame: false,
            now,
            ready: None,
            stats: VideoSenderStats::default(),
            config,
        }
    }

    /// Sends in another codec from the next picture on, which must be a key frame.
    pub fn set_codec(&mut self, codec: VideoCodec) {
        if codec != self.config.codec {
            self.config.codec = codec;
            self.cutter = Cutter::new(codec);
        }
    }

    /// The RTP timestamp of a moment.
    pub fn timestamp_at(&self, at: Instant) -> u32 {
        let since = at.saturating_duration_since(self.start);
        // Truncation is what wraps do.
        let ticks = since.as_nanos() * u128::from(VIDEO_CLOCK_HZ) / 1_000_000_000;
        self.first_timestamp.wrapping_add(ticks as u32)
    }

    /// What a sender report of `now` says.
    pub fn own_stream(&self, now: Instant) -> OwnStream {
        OwnStream {
            rtp_timestamp: self.timestamp_at(now),
            packets_sent: self.stats.packets_sent,
            payload_bytes_sent: self.stats.payload_bytes_sent,
        }
    }

    /// The SSRC of the stream.
    pub const fn ssrc(&self) -> u32 {
        self.config.ssrc
    }

    /// What was sent so far.
    pub const fn stats(&self) -> VideoSenderStats {
        self.stats
    }

    fn send(&mut self, picture: &EncodedPicture, captured: Instant) {
        if picture.is_key {
            self.broken = false;
        } else if !self.broken && self.pacer.is_congested() {
            self.broken = true;
            self.wants_key_frame = true;
        }
        let payloads = if self.broken { Vec::new() } else { self.cutter.cut(&picture.data) };
        if payloads.is_empty() || payloads.len() > self.pacer.room() {
            self.wants_key_frame |= !self.broken;
            self.broken = true;
            self.stats.pictures_dropped += 1;
            return;
        }
        let timestamp = self.timestamp_at(captured);
        let last = payloads.len() - 1;
        for (index, payload) in payloads.into_iter().enumerate() {
            self.send_payload(timestamp, index == last, &payload);
        }
        self.stats.pictures_sent += 1;
        self.stats.key_frames_sent += u64::from(picture.is_key);
    }

    fn send_payload(&mut self, timestamp: u32, marker: bool, payload: &Bytes) {
        let header = RtpHeader {
            payload_type: self.config.payload_types.of(self.config.codec),
            marker,
            sequence_number: self.sequence_number,
            timestamp,
            ssrc: self.config.ssrc,
        };
        let mut packet = vec![0; HEADER_BYTES];
        // It has room for just that.
        let _ = write_header(&header, &[], &mut packet);
        packet.extend_from_slice(payload);
        self.store.store(self.sequence_number, &packet);
        self.sequence_number = self.sequence_number.wrapping_add(1);
        self.stats.packets_sent += 1;
        self.stats.payload_bytes_sent += payload.len() as u64;
        self.pacer.push(packet, false);
    }

    fn send_again(&mut self, now: Instant, sequence_number: u16) {
        let is_recent = |(number, at): &(u16, Instant)| {
            *number == sequence_number && now.saturating_duration_since(*at) < AGAIN_INTERVAL
        };
        if self.recent.iter().any(is_recent) {
            return;
        }
        let Some(packet) = self.store.get(sequence_number) else {
            self.stats.packets_gone += 1;
            return;
        };
        let again = match self.config.rtx_ssrc {
            Some(ssrc) => {
                let Ok(view) = RtpView::parse(packet) else { return };
                let Some(payload_type) = self.config.payload_types.rtx_of(view.payload_type())
                else {
                    return;
                };
                let sequence_number = self.rtx_sequence_number;
                self.rtx_sequence_number = sequence_number.wrapping_add(1);
                let (marker, timestamp) = (view.marker(), view.timestamp());
                let header = RtpHeader { payload_type, marker, sequence_number, timestamp, ssrc };
                rtx::wrap(&view, header)
            }
            None => packet.to_vec(),
        };
        if self.recent.len() >= MOST_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((sequence_number, now));
        self.stats.packets_sent_again += 1;
        self.pacer.push(again, true);
    }

    fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
        if self.ready.is_none() {
            self.ready = self.pacer.pop(self.now);
        }
    }
}

impl Machine for VideoSender {
    type Input<'a> = VideoSenderInput<'a>;
    type Output = VideoSenderOutput;
    type Misuse = std::convert::Infallible;
    type Reason = VideoSenderReason;

    fn handle_input(&mut self, now: Instant, input: Self::Input<'_>) -> Result<(), Self::Misuse> {
        match input {
            VideoSenderInput::Picture { picture, captured } => self.send(picture, captured),
            VideoSenderInput::Nack(numbers) => {
                numbers.iter().for_each(|number| self.send_again(now, *number));
            }
            VideoSenderInput::Bitrate(bps) => self.pacer.set_bitrate(bps),
        }
        self.advance(now);
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
    }

    fn poll_output(&mut self) -> Option<VideoSenderOutput> {
        if std::mem::take(&mut self.wants_key_frame) {
            return Some(VideoSenderOutput::KeyFrameWanted);
        }
        let packet = self.ready.take()?;
        self.ready = self.pacer.pop(self.now);
        Some(VideoSenderOutput::Packet(packet))
    }

    fn poll_timeout(&self) -> Option<(Instant, VideoSenderReason)> {
        self.pacer.next().map(|at| (at, VideoSenderReason::Pace))
    }
}
