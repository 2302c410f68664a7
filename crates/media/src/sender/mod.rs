//! The send side: 10 ms of PCM in per push, an RTP packet out per frame.

mod config;
mod packet;
mod packet_store;
mod redundancy;
#[cfg(test)]
mod tests;
mod voice_activity;

use crate::SAMPLES_PER_TICK;
use crate::codec::{CodecError, OpusEncoder};
use crate::mix::LevelMeter;
use crate::planner::{PlannerConfig, RedundancyPlan};
use config::MAX_PAYLOAD_BYTES;
pub(crate) use config::MOST_DRED_MS;
pub use config::{FrameDuration, SenderConfig, SenderConfigError};
use packet::{MAX_PACKET_BYTES, Packetizer};
pub use packet_store::PacketStore;
pub(crate) use redundancy::MAX_COPIED_BYTES;
use redundancy::Redundancy;
use voice_activity::VoiceActivity;

/// Why a push failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// Not one tick.
    #[error("push {SAMPLES_PER_TICK} samples at a time (10 ms at 48 kHz mono), not {0}")]
    Length(usize),
    /// The encoder refused; the frame is lost, the next may succeed.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// What a sender has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderStats {
    /// RTP packets.
    pub packets_sent: u64,
    /// Bytes of payload, without headers.
    pub payload_bytes_sent: u64,
    /// Frames not sent because nobody spoke (DTX).
    pub frames_suppressed: u64,
    /// Bits per second of Opus now, without copies and headers.
    pub bitrate_bps: u64,
    /// Audio per packet now, in milliseconds.
    pub frame_ms: u32,
    /// Each packet carries a coarse copy of the frame before it now.
    pub in_band_fec: bool,
    /// The loss that in-band FEC is prepared for, in percent.
    pub expected_loss_percent: u8,
    /// Copies of earlier frames in each packet now (RFC 2198).
    pub red_copies: u8,
    /// So much speech before it each packet describes now (DRED), in milliseconds.
    pub dred_ms: u32,
    /// Bytes of the payloads sent that were copies and their headers.
    pub red_bytes_sent: u64,
}

/// Encodes and packetises one microphone.
#[derive(Debug)]
pub struct Sender {
    config: SenderConfig,
    /// How packets are made now.
    plan: RedundancyPlan,
    /// Audio per packet from the next frame on.
    next_duration: FrameDuration,
    encoder: OpusEncoder,
    packetizer: Packetizer,
    store: PacketStore,
    redundancy: Option<Redundancy>,
    /// The payload encoded last.
    payload: Vec<u8>,
    activity: VoiceActivity,
    muted: bool,
    /// PCM of the frame under way.
    frame: Vec<f32>,
    voice_in_frame: bool,
    /// The packet sent last.
    packet: Vec<u8>,
    /// The packet sent last announced silence.
    in_dtx: bool,
    stats: SenderStats,
}

/// libopus says "nothing to send" with packets of at most this many bytes.
const DTX_BYTES: usize = 2;

impl Sender {
    /// A sender whose initial sequence number and timestamp come from `seed` (RFC 3550 section
    /// 5.1 wants them unpredictable).
    ///
    /// # Errors
    /// A setting cannot be.
    pub fn new(config: SenderConfig, seed: [u8; 32]) -> Result<Self, SenderConfigError> {
        config.check()?;
        let plan = PlannerConfig::of(&config).base;
        let mut sender = Self {
            plan,
            next_duration: config.frame_duration,
            payload: vec![0; MAX_PAYLOAD_BYTES],
            redundancy: Redundancy::new(&config),
            encoder: OpusEncoder::new(&config)?,
            packetizer: Packetizer::new(&config, seed),
            store: PacketStore::new(config.stored_packets),
            activity: VoiceActivity::new(),
            muted: false,
            frame: Vec::with_capacity(FrameDuration::Ms60.samples()),
            voice_in_frame: false,
            packet: vec![0; MAX_PACKET_BYTES],
            in_dtx: false,
            stats: SenderStats::default(),
            config,
        };
        sender.tell_plan();
        Ok(sender)
    }

    /// Takes one tick of mono PCM (480 samples in −1.0..=1.0) and returns the packet that it
    /// completes, if any.
    ///
    /// # Errors
    /// Not one tick, or the encoder refused.
    pub fn push(&mut self, pcm: &[f32]) -> Result<Option<&[u8]>, PushError> {
        if pcm.len() != SAMPLES_PER_TICK {
            return Err(PushError::Length(pcm.len()));
        }
        let start = self.frame.len();
        if start == 0 {
            self.plan.frame_duration = self.next_duration;
            self.stats.frame_ms = self.next_duration.ms();
        }
        if self.muted {
            self.frame.resize(start + SAMPLES_PER_TICK, 0.0);
        } else {
            self.frame.extend(pcm.iter().map(|sample| finite(*sample)));
        }
        let level = LevelMeter::measure(&self.frame[start..]);
        self.voice_in_frame |= self.activity.update(level);
        if self.frame.len() < self.plan.frame_duration.samples() {
            return Ok(None);
        }
        let sent = self.send_frame();
        self.packetizer.advance(self.frame.len());
        self.frame.clear();
        self.voice_in_frame = false;
        Ok(sent?.map(|length| &self.packet[..length]))
    }

    /// Encodes the complete frame into `self.packet`; `None` if it need not be sent.
    fn send_frame(&mut self) -> Result<Option<usize>, CodecError> {
        let bytes = self.encoder.encode(&self.frame, &mut self.payload)?;
        let silent = self.config.dtx && bytes <= DTX_BYTES;
        if silent && self.in_dtx {
            self.stats.frames_suppressed += 1;
            self.packetizer.begin_spurt();
            return Ok(None);
        }
        self.in_dtx = silent;
        let length = self.write_packet(bytes)?;
        self.store.store(self.packetizer.sequence_number(), &self.packet[..length]);
        if let Some(redundancy) = &mut self.redundancy {
            redundancy.sent(self.packetizer.timestamp(), &self.payload[..bytes]);
        }
        self.packetizer.sent();
        self.stats.packets_sent += 1;
        Ok(Some(length))
    }

    /// Writes the packet of the payload of so many bytes, with copies of those before it if there
    /// are any. Returns its length.
    fn write_packet(&mut self, bytes: usize) -> Result<usize, CodecError> {
        let level = LevelMeter::measure(&self.frame);
        let voice = self.voice_in_frame;
        let own = &self.payload[..bytes];
        if let Some(redundancy) = &self.redundancy {
            let header = self
                .packetizer
                .write(redundancy.payload_type, level, voice, &mut self.packet)
                .map_err(|_| CodecError::new("the header has no room"))?;
            let written = redundancy
                .write(self.packetizer.timestamp(), own, &mut self.packet[header..])
                .map_err(|_| CodecError::new("the copies have no room"))?;
            if written > 0 {
                self.stats.payload_bytes_sent += written as u64;
                self.stats.red_bytes_sent += (written - bytes) as u64;
                return Ok(header + written);
            }
        }
        let header = self
            .packetizer
            .write(self.config.payload_type, level, voice, &mut self.packet)
            .map_err(|_| CodecError::new("the header has no room"))?;
        self.packet[header..header + bytes].copy_from_slice(own);
        self.stats.payload_bytes_sent += bytes as u64;
        Ok(header + bytes)
    }

    /// Replaces the microphone by silence until unmuted. Packets keep flowing, of the same size
    /// and rate, so that neither timing nor address bindings suffer and the receiver's statistics
    /// stay meaningful; their audio level says 127 (silence). With DTX they cease as in any
    /// silence.
    pub const fn set_muted(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// Whether the microphone is replaced by silence.
    pub const fn is_muted(&self) -> bool {
        self.muted
    }

    /// Makes packets as `plan` says: the length of packets from the next frame on, everything else
    /// at once. What was not agreed on, as copies without a payload type for them, is left out; so
    /// is what the encoder refuses.
    pub fn apply(&mut self, plan: &RedundancyPlan) {
        let before = self.plan;
        if plan.bitrate != before.bitrate && self.encoder.set_bitrate(plan.bitrate).is_ok() {
            self.plan.bitrate = plan.bitrate;
        }
        let fec = plan.in_band_fec;
        if fec != before.in_band_fec && self.encoder.set_in_band_fec(fec).is_ok() {
            self.plan.in_band_fec = fec;
        }
        let loss = plan.expected_loss_percent.min(100);
        if loss != before.expected_loss_percent && self.encoder.set_expected_loss(loss).is_ok() {
            self.plan.expected_loss_percent = loss;
        }
        let dred_ms = plan.dred_ms.min(MOST_DRED_MS);
        if dred_ms != before.dred_ms && self.encoder.set_dred(dred_ms).is_ok() {
            self.plan.dred_ms = dred_ms;
        }
        self.next_duration = plan.frame_duration;
        if let Some(redundancy) = &mut self.redundancy {
            redundancy.set_copies(plan.red_copies);
        }
        self.tell_plan();
    }

    fn tell_plan(&mut self) {
        // At most 32.
        self.plan.red_copies = self.redundancy.as_ref().map_or(0, Redundancy::copies) as u8;
        self.stats.bitrate_bps = self.plan.bitrate.bps();
        self.stats.frame_ms = self.plan.frame_duration.ms();
        self.stats.in_band_fec = self.plan.in_band_fec;
        self.stats.expected_loss_percent = self.plan.expected_loss_percent;
        self.stats.dred_ms = self.plan.dred_ms;
        self.stats.red_copies = self.plan.red_copies;
    }

    /// Packets sent lately, for retransmission.
    pub const fn store(&self) -> &PacketStore {
        &self.store
    }

    /// What was sent so far.
    pub const fn stats(&self) -> SenderStats {
        self.stats
    }

    /// The stream's SSRC.
    pub const fn ssrc(&self) -> u32 {
        self.config.ssrc
    }

    /// The RTP timestamp of the next frame.
    pub const fn next_timestamp(&self) -> u32 {
        self.packetizer.timestamp()
    }
}

/// A device may hand over anything; the encoder must not see it.
fn finite(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
}
