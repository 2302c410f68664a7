use super::playout::Waited;
use crate::{SAMPLE_RATE_HZ, SAMPLES_PER_TICK};

/// What a receiver has seen and done, in the words of W3C `webrtc-stats`
/// (`RTCInboundRtpStreamStats` of kind audio), so that figures can be compared with those of
/// browsers.
///
/// Everything counts from the beginning of the receiver; [`since`](Self::since) gives an interval.
/// Samples are samples per channel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InboundAudioStats {
    /// `packetsReceived`: packets of the stream, late ones and duplicates included.
    pub packets_received: u64,
    /// `packetsLost` (RFC 3550 appendix A.3): negative when duplicates outnumber losses.
    pub packets_lost: i64,
    /// `packetsDiscarded`: packets that came too late or too early to be played. Duplicates are
    /// not among them.
    pub packets_discarded: u64,
    /// `jitter` (RFC 3550 appendix A.8).
    pub jitter_seconds: f64,
    /// `totalSamplesReceived`: samples played since the stream began, concealed ones included.
    pub total_samples_received: u64,
    /// `totalSamplesDuration`: the same as time.
    pub total_samples_duration_seconds: f64,
    /// `totalAudioEnergy`: the sum of squared loudness (1.0 is full scale) times duration.
    pub total_audio_energy: f64,
    /// `concealedSamples`: samples made up because nothing was there to be played, silent ones
    /// included, whatever comes after them. Silence that the sender announced is not concealed.
    pub concealed_samples: u64,
    /// `silentConcealedSamples`: those of them that are silence, or stand for what followed
    /// silence.
    pub silent_concealed_samples: u64,
    /// `concealmentEvents`: times that a concealed sample followed one that was not.
    pub concealment_events: u64,
    /// `insertedSamplesForDeceleration`: samples repeated so that the delay grows.
    pub inserted_samples_for_deceleration: u64,
    /// `removedSamplesForAcceleration`: samples left out so that the delay shrinks.
    pub removed_samples_for_acceleration: u64,
    /// `jitterBufferEmittedCount`: samples decoded from packets of their own.
    pub jitter_buffer_emitted_samples: u64,
    /// `jitterBufferDelay`: the sum over these samples of the time from arrival to playout.
    pub jitter_buffer_delay_seconds: f64,
    /// `jitterBufferTargetDelay`: the sum over these samples of the delay aimed at.
    pub jitter_buffer_target_delay_seconds: f64,
    /// `jitterBufferMinimumDelay`: the sum over these samples of the delay that the network alone
    /// asked for, without the least delay of the configuration.
    pub jitter_buffer_minimum_delay_seconds: f64,
}

impl InboundAudioStats {
    /// What happened after `earlier`, which was taken from the same receiver.
    /// [`jitter_seconds`](Self::jitter_seconds) is a state, not a count, and stays.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let count = |field: fn(&Self) -> u64| field(self).saturating_sub(field(earlier));
        let sum = |field: fn(&Self) -> f64| field(self) - field(earlier);
        Self {
            packets_received: count(|s| s.packets_received),
            packets_lost: self.packets_lost - earlier.packets_lost,
            packets_discarded: count(|s| s.packets_discarded),
            jitter_seconds: self.jitter_seconds,
            total_samples_received: count(|s| s.total_samples_received),
            total_samples_duration_seconds: sum(|s| s.total_samples_duration_seconds),
            total_audio_energy: sum(|s| s.total_audio_energy),
            concealed_samples: count(|s| s.concealed_samples),
            silent_concealed_samples: count(|s| s.silent_concealed_samples),
            concealment_events: count(|s| s.concealment_events),
            inserted_samples_for_deceleration: count(|s| s.inserted_samples_for_deceleration),
            removed_samples_for_acceleration: count(|s| s.removed_samples_for_acceleration),
            jitter_buffer_emitted_samples: count(|s| s.jitter_buffer_emitted_samples),
            jitter_buffer_delay_seconds: sum(|s| s.jitter_buffer_delay_seconds),
            jitter_buffer_target_delay_seconds: sum(|s| s.jitter_buffer_target_delay_seconds),
            jitter_buffer_minimum_delay_seconds: sum(|s| s.jitter_buffer_minimum_delay_seconds),
        }
    }

    /// Mean time from arrival to playout, in milliseconds; 0.0 before anything was played.
    pub fn mean_jitter_buffer_delay_ms(&self) -> f64 {
        self.mean_ms(self.jitter_buffer_delay_seconds)
    }

    /// Mean delay aimed at, in milliseconds; 0.0 before anything was played.
    pub fn mean_jitter_buffer_target_delay_ms(&self) -> f64 {
        self.mean_ms(self.jitter_buffer_target_delay_seconds)
    }

    fn mean_ms(&self, sum_seconds: f64) -> f64 {
        if self.jitter_buffer_emitted_samples == 0 {
            return 0.0;
        }
        sum_seconds * 1_000.0 / self.jitter_buffer_emitted_samples as f64
    }

    /// Share of what was played that was made up, 0.0..=1.0.
    pub fn concealed_ratio(&self) -> f64 {
        if self.total_samples_received == 0 {
            return 0.0;
        }
        self.concealed_samples as f64 / self.total_samples_received as f64
    }
}

/// Counts what leaves the jitter buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Emission {
    played: u64,
    energy: f64,
    concealed: u64,
    silent: u64,
    events: u64,
    concealing: bool,
    emitted: u64,
    delay_sum: f64,
    /// Milliseconds times samples: exact.
    target_sum: u64,
    minimum_sum: u64,
}

impl Emission {
    /// So many samples of one packet were decoded, `delay_ms` after its arrival.
    pub(super) fn emit(&mut self, samples: usize, delay_ms: f64, waited: Waited) {
        self.concealing = false;
        self.emitted += samples as u64;
        self.delay_sum += delay_ms * samples as f64;
        self.target_sum += u64::from(waited.target_ms) * samples as u64;
        self.minimum_sum += u64::from(waited.minimum_ms) * samples as u64;
    }

    /// Audio was restored: what was missing is there.
    pub(super) const fn restore(&mut self) {
        self.concealing = false;
    }

    /// So many samples were made up.
    pub(super) const fn conceal(&mut self, samples: usize, silent: bool) {
        if samples == 0 {
            return;
        }
        if !self.concealing {
            self.events += 1;
        }
        self.concealing = true;
        self.concealed += samples as u64;
        if silent {
            self.silent += samples as u64;
        }
    }

    /// A tick was played.
    pub(super) const fn play(&mut self) {
        self.played += SAMPLES_PER_TICK as u64;
    }

    /// The tick that was played was so loud.
    pub(super) fn hear(&mut self, rms: f32) {
        const TICK_SECONDS: f64 = SAMPLES_PER_TICK as f64 / SAMPLE_RATE_HZ as f64;
        self.energy += f64::from(rms) * f64::from(rms) * TICK_SECONDS;
    }

    /// The part of the statistics that is counted here.
    pub(super) fn stats(&self) -> InboundAudioStats {
        let seconds = |ms_samples: f64| ms_samples / 1_000.0;
        InboundAudioStats {
            total_samples_received: self.played,
            total_samples_duration_seconds: self.played as f64 / f64::from(SAMPLE_RATE_HZ),
            total_audio_energy: self.energy,
            concealed_samples: self.concealed,
            silent_concealed_samples: self.silent,
            concealment_events: self.events,
            jitter_buffer_emitted_samples: self.emitted,
            jitter_buffer_delay_seconds: seconds(self.delay_sum),
            jitter_buffer_target_delay_seconds: seconds(self.target_sum as f64),
            jitter_buffer_minimum_delay_seconds: seconds(self.minimum_sum as f64),
            ..InboundAudioStats::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITED: Waited = Waited { delay_ms: 20, target_ms: 40, minimum_ms: 10, excess: 0 };

    #[test]
    fn sums_are_over_samples() {
        let mut emission = Emission::default();
        emission.emit(960, 20.0, WAITED);
        emission.emit(1_920, 50.0, Waited { target_ms: 70, ..WAITED });
        let stats = emission.stats();
        assert_eq!(stats.jitter_buffer_emitted_samples, 2_880);
        assert!((stats.mean_jitter_buffer_delay_ms() - 40.0).abs() < 1e-9);
        assert!((stats.mean_jitter_buffer_target_delay_ms() - 60.0).abs() < 1e-9);
        assert!((stats.jitter_buffer_minimum_delay_seconds - 28.8).abs() < 1e-9);
    }

    #[test]
    fn concealment_in_a_row_is_one_event() {
        let mut emission = Emission::default();
        emission.conceal(480, false);
        emission.conceal(480, true);
        emission.emit(960, 0.0, WAITED);
        emission.conceal(0, false);
        emission.conceal(480, false);
        emission.restore();
        emission.conceal(480, false);
        let stats = emission.stats();
        assert_eq!((stats.concealed_samples, stats.silent_concealed_samples), (1_920, 480));
        assert_eq!(stats.concealment_events, 3);
    }

    #[test]
    fn an_interval_is_the_difference() {
        let mut emission = Emission::default();
        let tick = |emission: &mut Emission| {
            emission.emit(480, 10.0, WAITED);
            emission.play();
            emission.hear(0.5);
        };
        tick(&mut emission);
        let earlier = emission.stats();
        tick(&mut emission);
        emission.conceal(240, false);
        let interval = emission.stats().since(&earlier);
        assert_eq!(interval.total_samples_received, 480);
        assert!((interval.total_audio_energy - 0.0025).abs() < 1e-12);
        assert!((interval.total_samples_duration_seconds - 0.01).abs() < 1e-12);
        assert!((interval.mean_jitter_buffer_delay_ms() - 10.0).abs() < 1e-9);
        assert!((interval.concealed_ratio() - 0.5).abs() < 1e-9);
        assert_eq!(InboundAudioStats::default().concealed_ratio(), 0.0);
    }
}
