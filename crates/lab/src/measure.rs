//! What a run comes to in numbers. Delays are playout times less the earliest that the path
//! allows: sent, plus the least time that any packet of the trace took.

use calling_callrecord::quality::{burst_ratio, mos_estimate};
use serde::{Deserialize, Serialize};

use crate::oracle::{self, Frame};
use crate::player::{FramePlayed, Played, Source};
use crate::speech::Stream;
use crate::trace::{FRAME_MS, Trace};

/// The figures of one player on one trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measures {
    /// Mean delay in force over all frames, in milliseconds.
    pub(crate) mean_delay_ms: f64,
    /// The delay that 95 % of frames are not above, in milliseconds.
    pub(crate) p95_delay_ms: f64,
    /// Mean time from arrival to playout of packets played, in milliseconds.
    pub(crate) mean_wait_ms: f64,
    /// Share of packets that never came.
    pub(crate) lost_percent: f64,
    /// Share of packets that came and were not played.
    pub(crate) unused_percent: f64,
    /// Share of audio that was made up, silence included.
    pub(crate) concealed_percent: f64,
    /// The part of it that the player calls audible.
    pub(crate) audible_concealed_percent: f64,
    /// Times that making up began, per minute.
    pub(crate) concealments_per_minute: f64,
    /// Of the frames whose packet never came: the share restored, by source.
    pub(crate) recovered_percent: Recovered,
    /// Of those of them that hold sound, −50 dBov or more: the share restored from anything.
    pub(crate) sound_recovered_percent: f64,
    /// Audio inserted and removed to change the delay, as a share of all.
    pub(crate) stretched_percent: f64,
    /// The least constant delay at the same cost; see [`crate::oracle`].
    pub(crate) best_constant_delay_ms: f64,
    /// The least mean delay at the same cost; see [`crate::oracle`].
    pub(crate) optimal_delay_ms: f64,
    /// `mean_delay_ms` over it, both taken for a tick at least.
    pub(crate) times_optimal: f64,
    /// What a call would report of itself: the score of the fullband E-model (ITU-T G.107.2) for
    /// what was missing and how it fell together, delay aside: what full-reference scores judge.
    pub(crate) mos_listening: f64,
    /// The same with the delay, mouth to ear without devices.
    pub(crate) mos_conversation: f64,
}

/// The least that the built-in networks take, one way, in milliseconds; recorded traces do not tell
/// theirs.
const PATH_MS: f64 = 40.0;
/// What Opus looks ahead, in milliseconds.
const LOOKAHEAD_MS: f64 = 6.5;

/// At −50 dBov and below nothing is heard in a call.
const SILENT_NEG_DBOV: u8 = 50;

/// Shares of lost frames restored, by what restored them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recovered {
    /// In-band FEC.
    pub(crate) fec: f64,
    /// Copies in later packets (RFC 2198).
    pub(crate) red: f64,
    /// Descriptions in later packets (DRED).
    pub(crate) dred: f64,
}

/// Delays below a tick are no different to a player of ticks, in milliseconds.
const LEAST_DELAY_MS: f64 = crate::player::TICK_MS;

impl Measures {
    pub(crate) fn of(stream: &Stream, trace: &Trace, played: &Played) -> Self {
        let frame_ms = f64::from(FRAME_MS);
        let total_ms = f64::from(trace.frames.max(1)) * frame_ms;
        let arrivals = trace.first_arrivals();
        let delays = delays(trace, &played.frames);
        let mean_delay_ms = mean(&delays);
        let missed_ms =
            played.frames.iter().filter(|frame| frame.is_none()).count() as f64 * frame_ms;
        // What was cut out is as lost to the listener as what was made up.
        let cost_ms = missed_ms.max(played.concealed_ms);
        let knowledge = knowledge(stream, trace);
        let burst = burst_ratio(cost_ms / frame_ms, total_ms / frame_ms, played.concealment_events);
        let mos = |delay_ms: f64| mos_estimate(cost_ms / total_ms, burst, delay_ms);
        let optimal_delay_ms = oracle::least_delay(&knowledge, cost_ms);
        let lost = share(&played.frames, &arrivals, |_, arrival| arrival.is_none());
        let restored = |source: Source| {
            let restored = share(&played.frames, &arrivals, |frame, arrival| {
                arrival.is_none() && frame.is_some_and(|frame| frame.source == source)
            });
            if lost > 0.0 { 100.0 * restored / lost } else { 0.0 }
        };
        let sounds = |index: usize| {
            stream.packets.get(index).is_some_and(|packet| packet.level & 0x7f < SILENT_NEG_DBOV)
        };
        let lost_sound = played.frames.iter().zip(&arrivals).enumerate();
        let lost_sound = lost_sound.filter(|(index, (_, at))| at.is_none() && sounds(*index));
        let (found, missing): (Vec<_>, Vec<_>) =
            lost_sound.map(|(_, (frame, _))| frame.is_some()).partition(|found| *found);
        let lost_sounds = (found.len() + missing.len()).max(1);
        let unused = share(&played.frames, &arrivals, |frame, arrival| {
            arrival.is_some() && frame.is_none_or(|frame| frame.source != Source::Own)
        });
        Self {
            mean_delay_ms,
            p95_delay_ms: quantile(&delays, 0.95),
            mean_wait_ms: mean(&waits(&played.frames, &arrivals)),
            lost_percent: 100.0 * lost,
            unused_percent: 100.0 * unused,
            concealed_percent: 100.0 * played.concealed_ms / total_ms,
            audible_concealed_percent: 100.0 * played.audible_concealed_ms / total_ms,
            concealments_per_minute: played.concealment_events as f64 / total_ms * 60_000.0,
            recovered_percent: Recovered {
                fec: restored(Source::Fec),
                red: restored(Source::Red),
                dred: restored(Source::Dred),
            },
            sound_recovered_percent: 100.0 * found.len() as f64 / lost_sounds as f64,
            stretched_percent: 100.0 * (played.inserted_ms + played.removed_ms) / total_ms,
            best_constant_delay_ms: oracle::best_constant(&knowledge, cost_ms),
            optimal_delay_ms,
            times_optimal: mean_delay_ms.max(LEAST_DELAY_MS) / optimal_delay_ms.max(LEAST_DELAY_MS),
            mos_listening: mos(0.0),
            mos_conversation: mos(PATH_MS + frame_ms + LOOKAHEAD_MS + mean_delay_ms),
        }
    }
}

/// The delay in force at each frame, in milliseconds: its own, or that of the last one played.
pub(crate) fn delays(trace: &Trace, frames: &[Option<FramePlayed>]) -> Vec<f64> {
    let base_us = trace.base_us();
    let own = |(index, frame): (usize, &Option<FramePlayed>)| {
        let earliest_ms = (trace.sent_us(index as u32) + base_us) as f64 / 1_000.0;
        frame.map(|frame| frame.at_ms - earliest_ms)
    };
    let own: Vec<Option<f64>> = frames.iter().enumerate().map(own).collect();
    let mut in_force = own.iter().flatten().next().copied().unwrap_or(0.0);
    let follow = |delay: Option<f64>| {
        in_force = delay.unwrap_or(in_force);
        in_force
    };
    own.into_iter().map(follow).collect()
}

/// What the oracle is told: packets as they came and what they restore.
fn knowledge(stream: &Stream, trace: &Trace) -> Vec<Frame> {
    let arrivals = trace.first_arrivals();
    let came = |index: usize| arrivals.get(index).copied().flatten();
    let base_us = trace.base_us();
    let frame = |index: usize| {
        let nominal_us = index as i64 * i64::from(FRAME_MS) * 1_000;
        let carried = |index: usize| stream.carriers(index).filter_map(came).min();
        let redundant = carried(index + 1).filter(|_| stream.restores(index));
        let described = stream.describers(index).filter_map(came).min();
        let ready = carried(index).into_iter().chain(redundant).chain(described).min();
        Frame {
            ready_us: ready.map(|at| at as i64 - nominal_us),
            reference_us: trace.sent_us(index as u32) + base_us - nominal_us,
        }
    };
    (0..trace.frames as usize).map(frame).collect()
}

fn waits(frames: &[Option<FramePlayed>], arrivals: &[Option<u64>]) -> Vec<f64> {
    let wait = |(frame, arrival): (&Option<FramePlayed>, &Option<u64>)| {
        let frame = frame.filter(|frame| frame.source == Source::Own)?;
        Some(frame.at_ms - (*arrival)? as f64 / 1_000.0)
    };
    frames.iter().zip(arrivals).filter_map(wait).collect()
}

fn share(
    frames: &[Option<FramePlayed>],
    arrivals: &[Option<u64>],
    is: impl Fn(&Option<FramePlayed>, &Option<u64>) -> bool,
) -> f64 {
    let count = frames.iter().zip(arrivals).filter(|(frame, arrival)| is(frame, arrival)).count();
    count as f64 / frames.len().max(1) as f64
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The value that a share `at` of all is not above (nearest rank); 0 of nothing.
fn quantile(values: &[f64], at: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * at).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::player::Player;
    use crate::speech::Speech;
    use crate::trace::{Arrival, generate};

    fn trace(arrivals: &[(u32, u64)], frames: u32) -> Trace {
        let arrival = |&(index, ms): &(u32, u64)| Arrival { index, at_us: ms * 1_000 };
        let arrivals = arrivals.iter().map(arrival).collect();
        Trace { name: "by hand".into(), frames, drift_ppm: 0, arrivals }
    }

    fn played(source: Source, at_ms: f64) -> Option<FramePlayed> {
        Some(FramePlayed { source, at_ms })
    }

    #[test]
    fn figures_of_a_call_by_hand() {
        // Frame 1 is lost and restored, frame 3 is lost for good, frame 4 came too late.
        let trace = trace(&[(0, 40), (2, 85), (5, 140), (4, 150)], 6);
        let frames = vec![
            played(Source::Own, 60.0),
            played(Source::Fec, 90.0),
            played(Source::Own, 110.0),
            None,
            None,
            played(Source::Own, 170.0),
        ];
        let concealed_ms = 40.0;
        let run = Played { frames, concealed_ms, concealment_events: 1, ..Default::default() };
        let stream = Stream { name: "plain", copies: 0, dred_ms: 0, packets: Vec::new() };
        let measures = Measures::of(&stream, &trace, &run);
        assert_eq!(delays(&trace, &run.frames), [20.0, 30.0, 30.0, 30.0, 30.0, 30.0]);
        assert_eq!(measures.p95_delay_ms, 30.0);
        assert_eq!(measures.mean_wait_ms, (20.0 + 25.0 + 30.0) / 3.0);
        assert!((measures.lost_percent - 100.0 / 3.0).abs() < 1e-9);
        assert!((measures.unused_percent - 100.0 / 6.0).abs() < 1e-9);
        assert!((measures.recovered_percent.fec - 50.0).abs() < 1e-9);
        assert!((measures.concealed_percent - 100.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_fixed_buffer_delays_as_it_says_and_loses_what_is_later() {
        let speech = Speech::synthetic(10);
        let stream = Stream::encode(&speech, false).unwrap();
        let run = |name: &str, ms| {
            let trace = generate(name, 3, 10).unwrap();
            let played = Player::Fixed(ms).play(&stream, &trace, false).unwrap();
            Measures::of(&stream, &trace, &played)
        };
        let clean = run("clean", 60);
        assert_eq!((clean.mean_delay_ms, clean.concealed_percent), (60.0, 0.0));
        assert_eq!((clean.optimal_delay_ms, clean.times_optimal), (0.0, 6.0));
        // Of exponential jitter of mean 20 ms, exp(−6) or 0.25 % is above 120 ms, give or take
        // what the first packet had.
        let jitter = run("jitter-20", 120);
        assert!(jitter.concealed_percent < 1.5, "{jitter:?}");
        assert!(run("jitter-20", 60).concealed_percent > jitter.concealed_percent);
        assert!(jitter.times_optimal > 2.0, "{jitter:?}");
    }

    #[test]
    fn a_fixed_buffer_of_the_best_constant_delay_conceals_no_more() {
        let stream = Stream::encode(&Speech::synthetic(10), false).unwrap();
        let trace = generate("jitter-60", 4, 10).unwrap();
        let first = trace.first_arrivals()[0].unwrap() as i64;
        let first_ms = (first + 9_999) / 10_000 * 10 - trace.base_us() / 1_000;
        let play = |ms: u32| Player::Fixed(ms).play(&stream, &trace, false).unwrap();
        let measures = Measures::of(&stream, &trace, &play(0));
        assert!(measures.concealed_percent > 5.0, "{measures:?}");
        let best = measures.best_constant_delay_ms as i64;
        assert!((first_ms - 10..=first_ms).contains(&best), "{best} of {first_ms}");
    }

    #[test]
    fn redundancy_makes_the_receiver_conceal_less() {
        let speech = Speech::synthetic(10);
        let trace = generate("loss-10", 3, 10).unwrap();
        let [plain, fec] = [false, true].map(|fec| {
            let stream = Stream::encode(&speech, fec).unwrap();
            let played = Player::Ours.play(&stream, &trace, false).unwrap();
            Measures::of(&stream, &trace, &played)
        });
        assert_eq!(plain.recovered_percent.fec, 0.0);
        assert!(fec.recovered_percent.fec > 50.0, "{fec:?}");
        assert!(fec.concealed_percent < plain.concealed_percent / 2.0);
        for measures in [plain, fec] {
            assert!(measures.mean_delay_ms >= measures.optimal_delay_ms, "{measures:?}");
            assert!((measures.lost_percent - 100.0 * trace.loss()).abs() < 1e-9);
        }
    }

    #[test]
    fn quantiles_are_by_nearest_rank() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&values, 0.95), 95.0);
        assert_eq!(quantile(&[], 0.95), 0.0);
    }
}
