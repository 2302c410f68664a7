//! The project's receiver against libwebrtc's NetEq on the same packets.

use std::fmt::Write as _;

use crate::bench::Run;
use crate::measure::Measures;

use super::table::{Figures, traces};

/// The other player.
pub(super) const OTHER: &str = "webrtc-neteq";
/// A share of NetEq's mean delay that counts as clearly less: 20 % less.
const CLEARLY_LESS: f64 = 0.8;

const HEAD: &str = "\
| trace | concealed %: ours | NetEq | mean delay ms: ours | NetEq | delay, ours / NetEq | p95 ms: ours | NetEq | \
stretched %: ours | NetEq | less or equal concealment at ≥ 20 % less delay |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|";

/// How often ours is better, in traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    traces: usize,
    no_more_concealed: usize,
    clearly_less_delay: usize,
    both: usize,
    /// No worse in either: NetEq does not have the better of it in anything.
    dominates: usize,
    /// Worse in both or worse in one and equal in the other.
    dominated: usize,
}

/// The table and the counts under it. The traces are those that both have played.
pub(super) fn write(out: &mut String, runs: &[&Run]) -> std::fmt::Result {
    writeln!(out, "{HEAD}")?;
    let mut tally = Tally::default();
    for trace in traces(runs) {
        let [ours, other] = ["ours", OTHER].map(|player| Figures::of(runs, trace, player));
        if !ours.0.is_empty() && !other.0.is_empty() {
            let both = tally.take(&ours, &other);
            line(out, trace, &ours, &other, both)?;
        }
    }
    let of = tally.traces;
    writeln!(
        out,
        "\nOf {of} traces, by the means over seeds: equal or less concealment at ≥ 20 % less mean delay \
         on {}; equal or less concealment on {}; ≥ 20 % less mean delay on {}. In neither worse on {}, in \
         neither better on {}.",
        tally.both,
        tally.no_more_concealed,
        tally.clearly_less_delay,
        tally.dominates,
        tally.dominated
    )
}

impl Tally {
    /// Counts a trace; whether ours has both.
    fn take(&mut self, ours: &Figures<'_>, other: &Figures<'_>) -> bool {
        let [our_cost, its_cost] = [ours, other].map(|it| it.mean(|of| of.concealed_percent));
        let [our_delay, its_delay] = [ours, other].map(|it| it.mean(|of| of.mean_delay_ms));
        let no_more = our_cost <= its_cost;
        let less = our_delay <= CLEARLY_LESS * its_delay;
        self.traces += 1;
        self.no_more_concealed += usize::from(no_more);
        self.clearly_less_delay += usize::from(less);
        self.both += usize::from(no_more && less);
        self.dominates += usize::from(no_more && our_delay <= its_delay);
        self.dominated += usize::from(our_cost >= its_cost && our_delay >= its_delay);
        no_more && less
    }
}

fn line(
    out: &mut String,
    trace: &str,
    ours: &Figures<'_>,
    other: &Figures<'_>,
    both: bool,
) -> std::fmt::Result {
    let pair = |digits, of: fn(&Measures) -> f64| {
        format!("{} | {}", ours.cell(digits, of), other.cell(digits, of))
    };
    let share = ours.mean(|of| of.mean_delay_ms) / other.mean(|of| of.mean_delay_ms).max(0.1);
    writeln!(
        out,
        "| {trace} | {} | {} | {share:.2} | {} | {} | {} |",
        pair(2, |of| of.concealed_percent),
        pair(0, |of| of.mean_delay_ms),
        pair(0, |of| of.p95_delay_ms),
        pair(2, |of| of.stretched_percent),
        if both { "yes" } else { "no" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(trace: &str, player: &str, concealed_percent: f64, mean_delay_ms: f64) -> Run {
        let measures = Measures { concealed_percent, mean_delay_ms, ..Default::default() };
        let (speech, stream) = ("en".into(), "plain".into());
        Run { speech, trace: trace.into(), stream, player: player.into(), seed: 1, measures }
    }

    fn written(runs: &[Run]) -> String {
        let mut out = String::new();
        write(&mut out, &runs.iter().collect::<Vec<_>>()).unwrap();
        out
    }

    #[test]
    fn what_is_counted_as_better() {
        let text = written(&[
            run("both", "ours", 1.0, 80.0),
            run("both", OTHER, 1.0, 100.0),
            run("too little less", "ours", 0.9, 81.0),
            run("too little less", OTHER, 1.0, 100.0),
            run("a trade", "ours", 1.1, 50.0),
            run("a trade", OTHER, 1.0, 100.0),
            run("worse", "ours", 2.0, 120.0),
            run("worse", OTHER, 1.0, 100.0),
            run("alone", "ours", 0.0, 1.0),
        ]);
        let yes: Vec<&str> = text.lines().filter(|line| line.ends_with("| yes |")).collect();
        assert_eq!(yes.len(), 1, "{text}");
        assert!(yes[0].starts_with("| both | 1.00 | 1.00 | 80 | 100 | 0.80 |"), "{text}");
        let counts = "Of 4 traces, by the means over seeds: equal or less concealment at ≥ 20 % less \
                      mean delay on 1; equal or less concealment on 2; ≥ 20 % less mean delay on 2. In \
                      neither worse on 2, in neither better on 1.";
        assert!(text.contains(counts), "{text}");
        assert!(!text.contains("alone"), "{text}");
    }
}
