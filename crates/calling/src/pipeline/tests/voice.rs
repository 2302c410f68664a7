//! How voices sounded, and when their packets came.

use calling_media::trace;
use calling_signaling::protocol::QualityCause;

use super::*;

#[test]
fn a_clean_call_is_as_good_as_it_gets_in_both_directions() {
    let mut pair = Pair::talking(10);
    pair.run_ms(11_000);
    let stats = pair.sides[0].pipeline.stats();
    for voice in [stats.voice_sent, stats.received[0].voice] {
        let last = voice.last.expect("two intervals are over");
        assert!(last.mos > 4.4, "{last:?}");
        assert_eq!((last.cause, voice.summary.cause()), (None, None));
    }
}

#[test]
fn a_lossy_leg_is_named_at_both_of_its_ends_and_forgotten_when_it_heals() {
    let mut pair = Pair::talking(10);
    pair.run_ms(5_000);
    let lossy = Impairment {
        delay: Duration::from_millis(10),
        loss: 0.4,
        burst: Duration::from_millis(60),
        ..Default::default()
    };
    pair.sides[0].incoming.impair(lossy.clone());
    pair.run_ms(10_500);
    let heard = pair.sides[0].pipeline.stats().received[0].voice;
    let said = pair.sides[1].pipeline.stats().voice_sent;
    let (heard, said) = (heard.last.unwrap(), said.last.unwrap());
    assert!(heard.mos < 3.5 && said.mos < 3.5, "{heard:?} {said:?}");
    assert_eq!(heard.cause, Some(QualityCause::Downlink));
    assert_eq!(said.cause, Some(QualityCause::Uplink));
    pair.sides[0].incoming.impair(Impairment { loss: 0.0, burst: Duration::ZERO, ..lossy });
    pair.run_ms(11_000);
    let voice = pair.sides[0].pipeline.stats().received[0].voice;
    assert!(voice.last.unwrap().mos > 4.3, "{voice:?}");
    assert_eq!(voice.summary.cause(), Some(QualityCause::Downlink), "the call remembers");
    assert!(voice.summary.worst_mos.unwrap() <= heard.mos);
}

#[test]
fn a_trace_tells_what_the_statistics_tell() {
    let mut pair = Pair::talking(10);
    pair.sides[0].incoming.impair(Impairment {
        delay: Duration::from_millis(10),
        jitter: Duration::from_millis(35),
        loss: 0.1,
        duplicate: 0.02,
        ..Default::default()
    });
    pair.run_ms(8_000);
    let figures = pair.sides[0].pipeline.stats().received[0].clone();
    let file = figures.trace.expect("it is recorded");
    assert!(file.len() < 1_500, "{}", file.len());
    let trace = trace::read(&file).unwrap();
    assert_eq!(trace.arrivals.len() as u64, figures.stats.packets_received);
    let lost = trace.first_arrivals().iter().filter(|at| at.is_none()).count();
    let twice = figures.stats.packets_discarded.duplicate as i64;
    assert_eq!(lost as i64, figures.stats.packets_lost + twice);
    assert!((7.8..8.0).contains(&trace.span().as_secs_f64()), "{:?}", trace.span());
}

#[cfg(feature = "processing")]
mod processing {
    use calling_media::{AudioProcessing, LevelMeter, VoiceSource};

    use super::*;

    /// A microphone beside a loudspeaker: it hears, quieter and 40 ms later, what that played.
    struct Room(Device, usize);

    impl AudioSource for Room {
        fn read(&mut self, out: &mut [f32]) {
            let played = self.0.heard.lock().unwrap();
            for sample in out {
                let at = self.1.checked_sub(1_920);
                *sample = at.and_then(|at| played.get(at)).map_or(0.0, |sample| sample * 0.3);
                self.1 += 1;
            }
        }
    }

    /// How loud the left side's echo of the right side's voice is to the right side.
    fn echo(processing: AudioProcessing) -> f64 {
        let mut pair = Pair::with(10, None, processing);
        pair.secure();
        pair.run_ms(500);
        let (left, right) = (pair.sides[0].device.clone(), pair.sides[1].device.clone());
        pair.open_with(0, Box::new(Room(left, 0)));
        pair.open_with(1, Box::new(VoiceSource::new(4).in_silence()));
        pair.announce(0);
        pair.announce(1);
        pair.run_ms(8_000);
        let heard = right.heard.lock().unwrap();
        let tail = heard[heard.len() - 96_000..].chunks_exact(SAMPLES);
        tail.map(|tick| f64::from(LevelMeter::measure(tick).volume().percent())).sum()
    }

    const SAMPLES: usize = 480;

    #[test]
    fn who_speaks_hears_no_echo_from_the_other_side() {
        let as_it_is = echo(AudioProcessing::default());
        assert!(as_it_is > 500.0, "{as_it_is}");
        let echo_cancellation = true;
        let cancelled = echo(AudioProcessing { echo_cancellation, ..Default::default() });
        assert!(cancelled < as_it_is / 4.0, "{cancelled} of {as_it_is}");
    }
}
