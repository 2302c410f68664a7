use super::{DiscardCounts, InboundAudioStats};

/// What a receiver has seen and done since it was made.
///
/// Differences of two snapshots give an interval. Times are counted in audio played, not on a
/// clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReceiverStats {
    /// Packets of the stream that came, duplicates and late ones included.
    pub packets_received: u64,
    /// Packets expected by sequence number less packets received (RFC 3550 appendix A.3);
    /// negative when duplicates outnumber losses.
    pub packets_lost: i64,
    /// Packets decoded and played.
    pub packets_played: u64,
    /// Packets that came and were not played, by reason.
    pub packets_discarded: DiscardCounts,
    /// Audio decoded from packets of its own, in samples per channel.
    pub decoded_samples: u64,
    /// Audio restored from the redundancy of the packet after it, in samples per channel.
    pub fec_samples: u64,
    /// Audio decoded from copies in later packets (RFC 2198), in samples per channel.
    pub red_samples: u64,
    /// Audio restored from descriptions in later packets (DRED), in samples per channel.
    pub dred_samples: u64,
    /// Audio made up by a neural network (deep PLC), in samples per channel, whether or not it was
    /// played in the end.
    pub deep_plc_samples: u64,
    /// Packets of the stream that carried copies of earlier frames (RFC 2198).
    pub packets_with_copies: u64,
    /// Audible audio made up where neither packet nor redundancy was there in time, in samples
    /// per channel. What is made up after the last packet of a stream counts only once it lasts
    /// for a second or the stream goes on: the end of a call is no concealment.
    pub concealed_samples: u64,
    /// The same between packets that both hold silence, in samples per channel; not part of
    /// `concealed_samples`.
    pub silent_concealed_samples: u64,
    /// Comfort noise while the sender announced silence (DTX), in samples per channel.
    pub comfort_noise_samples: u64,
    /// Audio repeated to lengthen the delay, in samples per channel.
    pub inserted_samples: u64,
    /// Audio left out to shorten the delay, in samples per channel.
    pub dropped_samples: u64,
    /// Times that concealment began.
    pub concealment_events: u64,
    /// Times that the stream began anew: SSRC, sequence number or timestamp jumped.
    pub restarts: u64,
    /// Sum over all packets played of the time from arrival to playout, in milliseconds: the
    /// ticks between the first pull after the packet's arrival and the pull that played its first
    /// sample. A packet played by the first pull after its arrival adds 0, so that this is the
    /// delay added beyond that of no buffer at all.
    pub playout_delay_sum_ms: f64,
    /// The same for the last packets, smoothed over about a second.
    pub playout_delay_ms: f64,
    /// The delay aimed at, in milliseconds beyond the fastest packet of the last two seconds.
    pub target_delay_ms: u32,
    /// Audio waiting to be played, in milliseconds.
    pub buffered_ms: u32,
    /// Interarrival jitter (RFC 3550 appendix A.8), in milliseconds.
    pub jitter_ms: f64,
    /// The same in the words of W3C `webrtc-stats`.
    pub webrtc: InboundAudioStats,
}

impl ReceiverStats {
    /// Mean time from arrival to playout over all packets played, in milliseconds; see
    /// [`playout_delay_sum_ms`](Self::playout_delay_sum_ms).
    pub fn mean_playout_delay_ms(&self) -> f64 {
        if self.packets_played == 0 {
            return 0.0;
        }
        self.playout_delay_sum_ms / self.packets_played as f64
    }

    /// [`concealed_samples`](Self::concealed_samples) in milliseconds.
    pub fn concealed_ms(&self) -> f64 {
        crate::units::milliseconds(self.concealed_samples)
    }

    /// [`silent_concealed_samples`](Self::silent_concealed_samples) in milliseconds.
    pub fn silent_concealed_ms(&self) -> f64 {
        crate::units::milliseconds(self.silent_concealed_samples)
    }

    /// [`fec_samples`](Self::fec_samples) in milliseconds.
    pub fn fec_recovered_ms(&self) -> f64 {
        crate::units::milliseconds(self.fec_samples)
    }

    /// [`red_samples`](Self::red_samples) in milliseconds.
    pub fn red_recovered_ms(&self) -> f64 {
        crate::units::milliseconds(self.red_samples)
    }

    /// [`dred_samples`](Self::dred_samples) in milliseconds.
    pub fn dred_recovered_ms(&self) -> f64 {
        crate::units::milliseconds(self.dred_samples)
    }

    /// Share of the audio whose own packet did not come in time that descriptions in later packets
    /// (DRED) brought back, 0.0..=1.0; adds to [`recovered_shares`](Self::recovered_shares).
    pub fn dred_share(&self) -> f64 {
        self.share_of_missed(self.dred_samples)
    }

    fn share_of_missed(&self, samples: u64) -> f64 {
        let made_up = self.concealed_samples + self.silent_concealed_samples;
        let missed = self.red_samples + self.fec_samples + self.dred_samples + made_up;
        if missed > 0 { samples as f64 / missed as f64 } else { 0.0 }
    }

    /// Shares of the audio whose own packet did not come in time that came back all the same: from
    /// copies in later packets, and from in-band FEC, 0.0..=1.0 together. The rest was described
    /// in later packets ([`dred_share`](Self::dred_share)) or made up.
    pub fn recovered_shares(&self) -> (f64, f64) {
        (self.share_of_missed(self.red_samples), self.share_of_missed(self.fec_samples))
    }

    /// Audio that the sender meant to be heard, in milliseconds: decoded, restored or made up.
    pub fn media_ms(&self) -> f64 {
        crate::units::milliseconds(
            self.decoded_samples
                + self.fec_samples
                + self.red_samples
                + self.dred_samples
                + self.concealed_samples
                + self.silent_concealed_samples,
        )
    }

    /// Share of [`media_ms`](Self::media_ms) that was audibly made up, 0.0..=1.0.
    pub fn concealment_ratio(&self) -> f64 {
        let media = self.media_ms();
        if media > 0.0 { self.concealed_ms() / media } else { 0.0 }
    }
}
