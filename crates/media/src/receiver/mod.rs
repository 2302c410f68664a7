//! The receive side: packets in at any time, 10 ms of audio out per pull.

mod config;
mod decision;
mod discard;
mod stats;

use std::time::Instant;

use calling_model::AudioLevel;
use calling_wire::{ReportBlock, RtpView};

use crate::codec::{AudioDecoder, CodecError, OpusDecoder};
pub use config::ReceiverConfig;
pub use decision::Operation;
pub use discard::{DiscardCounts, InsertDiscard};
pub use stats::ReceiverStats;

/// What one [`Receiver::pull`] gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// How the tick came to be; the most serious if several were needed.
    pub operation: Operation,
    /// Its loudness.
    pub level: AudioLevel,
}

/// Plays one remote stream.
#[derive(Debug)]
pub struct Receiver<D = OpusDecoder> {
    config: ReceiverConfig,
    decoder: D,
}

impl Receiver {
    /// A receiver of Opus.
    ///
    /// # Errors
    /// libopus found no memory.
    pub fn new(config: ReceiverConfig) -> Result<Self, CodecError> {
        let decoder = OpusDecoder::new(config.channels)?;
        Ok(Self::with_decoder(config, decoder))
    }
}

impl<D: AudioDecoder> Receiver<D> {
    /// A receiver of what `decoder` decodes, which must give `config.channels`.
    pub fn with_decoder(config: ReceiverConfig, decoder: D) -> Self {
        Self { config, decoder }
    }

    /// Takes one packet that arrived at `now`.
    ///
    /// # Errors
    /// Why it was discarded; counted in the statistics, nothing to act on.
    pub fn insert(&mut self, now: Instant, packet: &RtpView<'_>) -> Result<(), InsertDiscard> {
        let _ = (now, packet, &self.config, &self.decoder);
        Ok(())
    }

    /// Plays one tick: fills `out`, which holds 480 samples per channel.
    ///
    /// The count of pulls is the clock of playout: pull once per 10 ms of the device, and insert
    /// what has arrived first.
    ///
    /// # Panics
    /// If `out` is not one tick long.
    pub fn pull(&mut self, out: &mut [f32]) -> Pulled {
        out.fill(0.0);
        Pulled { operation: Operation::Idle, level: AudioLevel::SILENCE }
    }

    /// What was seen and done so far.
    pub fn stats(&self) -> ReceiverStats {
        ReceiverStats::default()
    }

    /// What an RTCP report says of the stream; `None` before its first packet. The time since the
    /// last sender report is [`RtcpSession`](crate::RtcpSession)'s to fill in. Begins the next
    /// interval of `fraction_lost`.
    pub fn reception_report(&mut self) -> Option<ReportBlock> {
        None
    }
}
