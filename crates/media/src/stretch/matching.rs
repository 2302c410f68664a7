use std::ops::RangeInclusive;

/// Finds where one piece of sound is most like another.
///
/// The similarity is the normalised cross-correlation of the two (W. Verhelst and M. Roelands, "An
/// overlap-add technique based on waveform similarity (WSOLA)", ICASSP 1993): 1 for the same shape
/// whatever its loudness, 0 for unrelated ones. It is looked for coarsely at 8 kHz, then around
/// the best place at 48 kHz, since a tenth of the multiplications are enough so.
#[derive(Debug)]
pub(super) struct Matcher {
    template: Vec<f32>,
    signal: Vec<f32>,
}

/// A place and how well it fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Match {
    /// Index into the signal.
    pub(super) at: usize,
    /// −1.0..=1.0; 0.0 if one of the two is silent.
    pub(super) similarity: f32,
}

/// 48 kHz to 8 kHz: pitch is below 500 Hz and its formants that matter below 4 kHz (NetEq searches
/// at 4 kHz).
const DECIMATION: usize = 6;
/// The coarse place is right to one of its steps.
const REACH: usize = DECIMATION + 1;
/// Energies below it are silence: 480 samples at −120 dBov.
const NO_ENERGY: f64 = 480.0 * 1e-12;

impl Matcher {
    /// For templates of at most `template` and signals of at most `signal` samples.
    pub(super) fn new(template: usize, signal: usize) -> Self {
        Self {
            template: Vec::with_capacity(template / DECIMATION),
            signal: Vec::with_capacity(signal / DECIMATION),
        }
    }

    /// The place within `range` of `signal`, from which on it is most like `template`; the first
    /// of equals. `signal` must reach as far as `template` laid at the last place.
    pub(super) fn best(
        &mut self,
        template: &[f32],
        signal: &[f32],
        range: RangeInclusive<usize>,
    ) -> Match {
        let (first, last) = range.into_inner();
        let last = last.min(signal.len().saturating_sub(template.len())).max(first);
        decimate(template, &mut self.template);
        decimate(signal, &mut self.signal);
        let coarse = first.div_ceil(DECIMATION)..=last / DECIMATION;
        if coarse.is_empty() || self.template.is_empty() {
            return scan(template, signal, first..=last);
        }
        let around = scan(&self.template, &self.signal, coarse).at * DECIMATION;
        let from = around.saturating_sub(REACH).max(first);
        scan(template, signal, from..=(around + REACH).min(last))
    }
}

/// Averages of six samples each: all the filter that a search for pitch needs.
fn decimate(pcm: &[f32], out: &mut Vec<f32>) {
    out.clear();
    out.extend(pcm.chunks_exact(DECIMATION).map(|chunk| chunk.iter().sum::<f32>()));
}

/// Tries every place.
fn scan(template: &[f32], signal: &[f32], range: RangeInclusive<usize>) -> Match {
    let length = template.len();
    let mut best = Match { at: *range.start(), similarity: f32::NEG_INFINITY };
    let Some(begin) = signal.get(best.at..best.at + length) else {
        return Match { similarity: 0.0, ..best };
    };
    let energy = f64::from(dot(template, template));
    let mut window = f64::from(dot(begin, begin));
    for at in range {
        let Some(candidate) = signal.get(at..at + length) else { break };
        let similarity = similarity(dot(template, candidate), energy, window);
        if similarity > best.similarity {
            best = Match { at, similarity };
        }
        // The energy of the next window: one sample leaves, one enters.
        let enters = signal.get(at + length).map_or(0.0, |sample| f64::from(*sample));
        let leaves = f64::from(signal[at]);
        window = (window + enters * enters - leaves * leaves).max(0.0);
    }
    best
}

fn similarity(product: f32, energy: f64, window: f64) -> f32 {
    if energy < NO_ENERGY || window < NO_ENERGY {
        return 0.0;
    }
    ((f64::from(product) / (energy * window).sqrt()) as f32).clamp(-1.0, 1.0)
}

/// How alike two pieces of one length are.
pub(super) fn likeness(a: &[f32], b: &[f32]) -> f32 {
    similarity(dot(a, b), f64::from(dot(a, a)), f64::from(dot(b, b)))
}

/// Sum of products, in lanes that the compiler can put into vector registers.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0_f32; LANES];
    let (a_lanes, b_lanes) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_lanes.remainder().iter().zip(b_lanes.remainder());
    let rest: f32 = rest.map(|(a, b)| a * b).sum();
    for (a, b) in a_lanes.zip(b_lanes) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(samples: usize) -> Vec<f32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..samples).map(|_| next()).collect()
    }

    #[test]
    fn a_piece_is_found_where_it_was_taken_from() {
        // Low-passed, as voices are: neighbouring places are alike.
        let noise = noise(1_300);
        let signal: Vec<f32> = noise.windows(50).map(|window| window.iter().sum()).collect();
        let mut matcher = Matcher::new(480, 1_200);
        for at in [0, 1, 119, 350, 601, 720] {
            let template: Vec<f32> =
                signal[at..at + 480].iter().map(|sample| sample * 0.3).collect();
            let found = matcher.best(&template, &signal[..1_200], 0..=720);
            assert_eq!(found.at, at);
            assert!(found.similarity > 0.999, "{found:?}");
        }
    }

    #[test]
    fn silence_is_like_nothing() {
        let mut matcher = Matcher::new(480, 1_200);
        let found = matcher.best(&[0.0; 480], &[0.1; 1_200], 120..=720);
        assert_eq!(found.similarity, 0.0);
        assert_eq!(likeness(&[0.5; 9], &[0.0; 9]), 0.0);
    }

    #[test]
    fn opposites_are_told_from_likes() {
        assert_eq!(likeness(&[0.5, -0.5], &[-0.1, 0.1]), -1.0);
        assert_eq!(likeness(&[0.5, 0.5], &[0.1, -0.1]), 0.0);
    }

    #[test]
    fn a_signal_that_is_too_short_is_survived() {
        let mut matcher = Matcher::new(480, 1_200);
        let found = matcher.best(&[0.1; 480], &[0.1; 300], 120..=720);
        assert_eq!(found, Match { at: 120, similarity: 0.0 });
    }
}
