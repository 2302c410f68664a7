use proptest::prelude::*;

use super::*;

const CHANNELS: [usize; 2] = [1, 2];
/// Strict, and as much as there is room for.
const STRICT: Demand = Demand { least: 0, most: MAX_LAG, similarity: 0.9 };
const ANY: Demand = Demand { least: 0, most: MAX_LAG, similarity: -1.0 };

/// A sine of amplitude 0.5; a second channel is a quarter turn behind.
fn sine(frequency_hz: f32, samples: usize, channels: usize) -> Vec<f32> {
    let at = |index: usize| {
        let (frame, channel) = (index / channels, index % channels);
        let turns = f64::from(frequency_hz) * frame as f64 / 48_000.0 - channel as f64 / 4.0;
        0.5 * (turns * std::f64::consts::TAU).sin() as f32
    };
    (0..samples * channels).map(at).collect()
}

fn noise(samples: usize, mut state: u32) -> Vec<f32> {
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..samples).map(|_| next()).collect()
}

fn channel(pcm: &[f32], channel: usize, channels: usize) -> Vec<f32> {
    pcm.iter().skip(channel).step_by(channels).copied().collect()
}

fn largest_step(pcm: &[f32]) -> f32 {
    pcm.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

#[derive(Clone, Copy, PartialEq)]
enum Change {
    Shorten,
    Lengthen,
}

/// Plays `pcm` in ticks and changes its length before every third of them; what was heard, and by
/// how many samples it was changed.
fn play(pcm: &[f32], channels: usize, change: Change, demand: Demand) -> (Vec<f32>, usize) {
    let mut stretcher = Stretcher::new(channels);
    let (mut waiting, mut heard, mut changed) = (pcm.to_vec(), Vec::new(), 0);
    let tick = SAMPLES_PER_TICK * channels;
    let mut ticks = 0;
    while waiting.len() >= LOOKAHEAD * channels {
        ticks += 1;
        if ticks > 3 && ticks % 3 == 0 {
            match change {
                Change::Shorten => {
                    let removed = stretcher.shorten(&mut waiting, demand);
                    waiting.drain(..removed * channels);
                    changed += removed;
                }
                Change::Lengthen => {
                    let inserted = stretcher.lengthen(&waiting, demand).to_vec();
                    changed += inserted.len() / channels;
                    waiting.splice(..0, inserted);
                }
            }
        }
        let played: Vec<f32> = waiting.drain(..tick).collect();
        stretcher.remember(&played);
        heard.extend_from_slice(&played);
    }
    heard.extend_from_slice(&waiting);
    (heard, changed)
}

/// Share of the energy of `pcm` that is a sine of that frequency, by least squares.
fn purity(pcm: &[f32], frequency_hz: f32) -> f64 {
    let turn = |at: usize| f64::from(frequency_hz) * at as f64 / 48_000.0 * std::f64::consts::TAU;
    let (mut sine, mut cosine, mut energy) = (0.0, 0.0, 0.0);
    for (at, sample) in pcm.iter().enumerate() {
        let sample = f64::from(*sample);
        sine += sample * turn(at).sin();
        cosine += sample * turn(at).cos();
        energy += sample * sample;
    }
    (sine * sine + cosine * cosine) * 2.0 / pcm.len() as f64 / energy
}

/// Rising crossings of zero per second.
fn frequency_of(pcm: &[f32]) -> f32 {
    let rising = |at: &usize| pcm[*at - 1] < 0.0 && pcm[*at] >= 0.0;
    let crossings: Vec<usize> = (1..pcm.len()).filter(rising).collect();
    let (first, last) = (crossings[0], crossings[crossings.len() - 1]);
    (crossings.len() - 1) as f32 * 48_000.0 / (last - first) as f32
}

#[test]
fn a_sine_keeps_its_frequency_and_its_purity() {
    for change in [Change::Shorten, Change::Lengthen] {
        for frequency in [80.0, 117.3, 220.0, 441.7, 997.0, 2_500.0, 5_100.0] {
            let pcm = sine(frequency, 48_000, 1);
            let (heard, changed) = play(&pcm, 1, change, STRICT);
            assert!(changed > 4_800, "{frequency} Hz: {changed}");
            let expected = match change {
                Change::Shorten => pcm.len() - changed,
                Change::Lengthen => pcm.len() + changed,
            };
            assert_eq!(heard.len(), expected);
            let heard_hz = frequency_of(&heard);
            assert!((heard_hz / frequency - 1.0).abs() < 0.005, "{frequency} → {heard_hz} Hz");
            // A sine of amplitude 0.5 moves by so much per sample.
            let step = std::f32::consts::PI * frequency / 48_000.0;
            let most = largest_step(&heard);
            assert!(most < step * 1.05 + 1e-4, "{frequency} Hz: {most}, not {step}");
            // Around each joint, where phases could differ by half a sample, it is still one tone.
            for piece in heard.chunks_exact(4_800) {
                let purity = purity(piece, heard_hz);
                assert!(purity > 0.97, "{frequency} Hz: {purity}");
            }
        }
    }
}

#[test]
fn channels_stay_in_phase() {
    for change in [Change::Shorten, Change::Lengthen] {
        let pcm = sine(310.0, 48_000, 2);
        let (heard, changed) = play(&pcm, 2, change, STRICT);
        assert!(changed > 4_800, "{changed}");
        let (left, right) = (channel(&heard, 0, 2), channel(&heard, 1, 2));
        // A quarter turn: sin² + cos² is the square of the amplitude, everywhere.
        for (at, (left, right)) in left.iter().zip(&right).enumerate() {
            let radius = left.hypot(*right);
            assert!((radius - 0.5).abs() < 0.01, "{radius} at {at}");
        }
    }
}

#[test]
fn both_channels_change_where_the_louder_one_repeats_itself() {
    // One channel is faint noise, in either place.
    for loud in [0, 1] {
        let (tone, hiss) = (sine(200.0, 24_000, 1), noise(24_000, 3));
        let pair = |(tone, hiss): (&f32, &f32)| {
            let faint = hiss * 0.01;
            if loud == 0 { [*tone, faint] } else { [faint, *tone] }
        };
        let pcm: Vec<f32> = tone.iter().zip(&hiss).flat_map(pair).collect();
        let (heard, changed) = play(&pcm, 2, Change::Shorten, STRICT);
        assert!(changed > 2_400);
        assert!(largest_step(&channel(&heard, loud, 2)) < 0.015);
    }
}

#[test]
fn what_never_repeats_itself_is_left_alone_unless_told() {
    let pcm = noise(24_000, 7);
    for change in [Change::Shorten, Change::Lengthen] {
        let (heard, changed) = play(&pcm, 1, change, STRICT);
        assert_eq!((changed, heard == pcm), (0, true));
        assert!(play(&pcm, 1, change, ANY).1 > 2_400);
    }
}

#[test]
fn silence_is_changed_by_all_that_is_wanted() {
    for channels in CHANNELS {
        for change in [Change::Shorten, Change::Lengthen] {
            let pcm: Vec<f32> =
                noise(24_000 * channels, 1).iter().map(|sample| sample * 0.001).collect();
            let demand = Demand { least: 0, most: 480, ..STRICT };
            let (_, changed) = play(&pcm, channels, change, demand);
            assert!(changed >= 3_840 && changed % 480 == 0, "{changed}");
        }
    }
}

#[test]
fn too_little_to_look_at_is_left_alone() {
    let mut stretcher = Stretcher::new(1);
    let mut pcm = sine(200.0, OVERLAP + MIN_LAG - 1, 1);
    let before = pcm.clone();
    assert_eq!((stretcher.shorten(&mut pcm, ANY), pcm == before), (0, true));
    assert_eq!(
        stretcher.shorten(&mut sine(200.0, 1_200, 1), Demand { least: 0, most: 119, ..ANY }),
        0
    );
    assert!(stretcher.lengthen(&pcm[..OVERLAP - 1], ANY).is_empty());
    assert!(stretcher.lengthen(&pcm, Demand { least: 0, most: 119, ..ANY }).is_empty());
    assert_eq!(stretcher.shorten(&mut sine(200.0, OVERLAP + 240, 1), STRICT), 240);
}

/// Plays `before`, of which `waiting` samples are not yet played and the last `made_up` of those
/// made up, then `new` joined to it while playing is `excess` too late. Returns what is heard, and
/// by how many samples it is longer than before and new.
fn joined(
    (before, waiting, made_up): (&[f32], usize, usize),
    new: &[f32],
    channels: usize,
    excess: i64,
) -> (Vec<f32>, i64) {
    let mut stretcher = Stretcher::new(channels);
    let (played, waiting) = before.split_at(before.len() - waiting * channels);
    let whole = played.chunks_exact(SAMPLES_PER_TICK * channels);
    whole.for_each(|tick| stretcher.remember(tick));
    let mut faded = new.to_vec();
    let Joint { keep, inserted, skip } = stretcher.merge(waiting, made_up, &mut faded, excess);
    assert!(inserted.is_empty() || keep == made_up, "made up twice");
    let left_out = made_up - keep;
    let kept = &before[..before.len() - left_out * channels];
    let heard = [kept, inserted, &faded[skip * channels..]].concat();
    (heard, (inserted.len() / channels) as i64 - (left_out + skip) as i64)
}

/// The same with nothing made up that could be left out, and delay to spare.
fn merged(before: &[f32], waiting: usize, new: &[f32], channels: usize) -> (Vec<f32>, usize) {
    let (heard, change) = joined((before, waiting, 0), new, channels, -4_800);
    (heard, usize::try_from(change).unwrap())
}

#[test]
fn what_was_made_up_and_waits_gives_way_to_the_new() {
    let tone = sine(220.0, 48_000, 1);
    let mut least = 0;
    for phase in [0, 40, 109, 170, 217] {
        for made_up in [100, 240, 470] {
            let before = &tone[..2_400 + made_up];
            let new = &tone[9_600 + phase..14_400];
            let (heard, change) = joined((before, made_up, made_up), new, 1, 0);
            assert!((-470..655).contains(&change), "three periods of 220 Hz are 654: {change}");
            least = least.min(change);
            assert!(largest_step(&heard) < 0.0155, "phase {phase}, {made_up} made up");
            let purity = purity(&heard[1_920..3_840], 220.0);
            assert!(purity > 0.96, "phase {phase}, {made_up} made up: {purity}");
        }
    }
    assert!(least < -400, "most of it is left out where that fits: {least}");
}

#[test]
fn a_merge_too_late_begins_within_the_new() {
    let tone = sine(220.0, 48_000, 1);
    let mut shortest = 0;
    for phase in [0, 40, 109, 170, 217] {
        let new = &tone[9_600 + phase..14_400];
        let (heard, change) = joined((&tone[..2_400], 0, 0), new, 1, 300);
        assert!((-500..=0).contains(&change), "{change}");
        shortest = shortest.min(change);
        assert!(largest_step(&heard) < 0.0155, "phase {phase}");
        let purity = purity(&heard[1_920..3_840], 220.0);
        assert!(purity > 0.96, "phase {phase}: {purity}");
    }
    assert!(shortest < -150, "{shortest}");
    // What has no phase is played from its beginning.
    let (_, change) = joined((&noise(2_400, 3), 0, 0), &noise(960, 5), 1, 300);
    assert_eq!(change, 0);
}

#[test]
fn a_merge_waits_until_both_are_in_phase() {
    let tone = sine(220.0, 48_000, 1);
    // 480 samples are 2.2 periods.
    for phase in [0, 40, 109, 170, 217] {
        for waiting in [0, 100, 480, 1_440] {
            let before = &tone[..2_400 + waiting];
            let (heard, inserted) = merged(before, waiting, &tone[9_600 + phase..14_400], 1);
            assert!(inserted < MAX_LAG);
            let step = largest_step(&heard);
            assert!(step < 0.0155, "phase {phase}, {waiting} waiting: {step}");
            let joint = &heard[2_400 + waiting - 480..2_400 + waiting + 1_440];
            let purity = purity(joint, 220.0);
            assert!(purity > 0.96, "phase {phase}, {waiting} waiting: {purity}");
        }
    }
}

#[test]
fn a_merge_of_what_fits_already_inserts_nothing() {
    for channels in CHANNELS {
        let tone = sine(220.0, 9_600, channels);
        let (before, new) = tone.split_at(4_800 * channels);
        let (heard, inserted) = merged(before, 0, new, channels);
        assert_eq!(inserted, 0);
        let off = heard.iter().zip(&tone).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 0.05, "{off}");
    }
}

#[test]
fn a_merge_with_something_else_fades_at_once() {
    for (before, new) in [
        (sine(310.0, 2_400, 1), noise(960, 5)),
        (noise(2_400, 5), sine(310.0, 960, 1)),
        (vec![0.0; 2_400], sine(310.0, 960, 1)),
        (sine(310.0, 2_400, 1), vec![0.0; 960]),
    ] {
        let (heard, inserted) = merged(&before, 0, &new, 1);
        assert_eq!((inserted, heard.len()), (0, 3_360));
        assert_eq!(heard[2_400 + MERGE_FADE..], new[MERGE_FADE..]);
        let joint = (heard[2_400] - heard[2_399]).abs();
        let natural = largest_step(&before);
        assert!(joint <= natural * 1.1 + 0.01, "{joint} where {natural} is natural");
    }
}

#[test]
fn the_shortest_packets_are_merged() {
    for samples in [0, 1, 120, 240] {
        let (heard, _) = merged(&sine(310.0, 2_400, 2), 0, &sine(310.0, samples, 2), 2);
        assert!(heard.len() >= (2_400 + samples) * 2);
        assert!(heard.iter().all(|sample| sample.abs() <= 0.51));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_sound_stays_finite_bounded_and_of_exact_length(
        pcm in prop::collection::vec(-1.0_f32..=1.0, 2_000..6_000),
        stereo in any::<bool>(),
        most in 0_usize..2_000,
        similarity in -1.0_f32..=1.0,
        waiting in 0_usize..1_000,
    ) {
        let channels = 1 + usize::from(stereo);
        let pcm = &pcm[..pcm.len() / channels * channels];
        let demand = Demand { least: 0, most, similarity };
        let bounded = |pcm: &[f32]| pcm.iter().all(|sample| (-1.0..=1.0).contains(sample));
        for (change, sign) in [(Change::Shorten, -1_i64), (Change::Lengthen, 1)] {
            let (heard, changed) = play(pcm, channels, change, demand);
            let expected = pcm.len() as i64 + sign * (changed * channels) as i64;
            prop_assert_eq!(heard.len() as i64, expected);
            prop_assert!(bounded(&heard));
        }
        let half = pcm.len() / 2 / channels * channels;
        let waiting = waiting.min(half / channels);
        for (made_up, excess) in [(0, -4_800), (waiting / 2, 0), (waiting, 300)] {
            let before = (&pcm[..half], waiting, made_up);
            let (heard, change) = joined(before, &pcm[half..], channels, excess);
            prop_assert_eq!(heard.len() as i64, pcm.len() as i64 + change * channels as i64);
            prop_assert!(change < MAX_LAG as i64 && bounded(&heard));
        }
    }

    #[test]
    fn damaged_sound_is_survived(
        pcm in prop::collection::vec(prop::num::f32::ANY, 2_400..3_000),
    ) {
        // Decoders give finite sound; if one does not, nothing panics here.
        for change in [Change::Shorten, Change::Lengthen] {
            play(&pcm, 1, change, STRICT);
        }
        merged(&pcm[..1_200], 600, &pcm[1_200..], 1);
    }
}
