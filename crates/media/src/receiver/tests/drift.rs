//! Clocks that do not agree.

use super::*;

/// A stream of 20 ms packets.
struct Stream {
    /// By how many millionths the sender's clock is faster than the pulls.
    drift_ppm: i64,
    hours: i64,
    /// Every sample, in thousandths.
    sound: u16,
}

impl Stream {
    /// Plays it and looks at the statistics every ten seconds, but for the first half a minute:
    /// that a clock is wrong by percents must be learned.
    fn play(&self, look: impl Fn(&ReceiverStats)) -> ReceiverStats {
        let decoder = FakeDecoder::new(Channels::Mono);
        let mut receiver = Receiver::with_decoder(calm(), decoder);
        let info = PayloadInfo { samples: 960, ..Default::default() };
        let mut packet = [0; 17];
        packet[12..].copy_from_slice(&fake_payload(info, self.sound));
        let mut pcm = [0.0; SAMPLES_PER_TICK];
        let mut sent: i64 = 0;
        for tick in 0..self.hours * 360_000 {
            while sent * 960 * 1_000_000 <= tick * 480 * (1_000_000 + self.drift_ppm) {
                let header = RtpHeader {
                    payload_type: 111,
                    marker: false,
                    // Both wrap, many times.
                    sequence_number: sent as u16,
                    timestamp: (sent * 960) as u32,
                    ssrc: SSRC,
                };
                write_header(&header, &[], &mut packet).unwrap();
                let _ = receiver.insert(epoch(), &RtpView::parse(&packet).unwrap());
                sent += 1;
            }
            receiver.pull(&mut pcm);
            if tick > 3_000 && tick % 1_000 == 0 {
                look(&receiver.stats());
            }
        }
        receiver.stats()
    }

    /// Its length was changed by what the clocks differ, within a second, and nothing else was
    /// done to it once the first seconds were over.
    fn assert_absorbed(&self, stats: &ReceiverStats, concealed_at_first: u64) {
        let changed = stats.dropped_samples as i64 - stats.inserted_samples as i64;
        let expected = self.hours * 172_800 * self.drift_ppm / 1_000;
        assert!((changed - expected).abs() < 48_000, "{changed}, not {expected}: {stats:?}");
        assert!(stats.webrtc.concealed_samples <= concealed_at_first, "{stats:?}");
        assert_eq!(stats.packets_discarded.total(), 0, "{stats:?}");
    }
}

#[test]
fn an_hour_of_drift_between_crystals_is_absorbed() {
    for drift_ppm in [300, -300] {
        let stream = Stream { drift_ppm, hours: 1, sound: 100 };
        let stats = stream.play(|stats| {
            let delay = stats.playout_delay_ms;
            assert!((15.0..55.0).contains(&delay), "{drift_ppm}: {delay}");
        });
        stream.assert_absorbed(&stats, 0);
    }
}

#[test]
fn an_hour_of_sound_a_tenth_off_is_absorbed() {
    for drift_ppm in [100_000, -100_000] {
        let stream = Stream { drift_ppm, hours: 1, sound: 100 };
        let stats = stream.play(|stats| {
            assert!(stats.playout_delay_ms < 100.0, "{stats:?}");
        });
        stream.assert_absorbed(&stats, 48_000);
    }
}

#[test]
fn a_day_of_a_clock_a_tenth_too_fast_is_absorbed() {
    let stream = Stream { drift_ppm: 100_000, hours: 24, sound: 0 };
    let stats = stream.play(|stats| assert!(stats.playout_delay_ms < 100.0, "{stats:?}"));
    stream.assert_absorbed(&stats, 0);
}

#[test]
fn a_day_of_a_clock_a_tenth_too_slow_is_absorbed() {
    let stream = Stream { drift_ppm: -100_000, hours: 24, sound: 0 };
    let stats = stream.play(|stats| assert!(stats.playout_delay_ms < 100.0, "{stats:?}"));
    stream.assert_absorbed(&stats, 48_000);
}
