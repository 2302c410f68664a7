//! Findings as markdown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::bench::{Findings, Run, Speed};
use crate::measure::{Measures, mean};
use crate::report::versus;

/// All tables. `speed` is told if it was measured.
pub(crate) fn render(findings: &Findings, speed: Option<&Speed>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, findings, speed);
    text
}

fn write_all(out: &mut String, findings: &Findings, speed: Option<&Speed>) -> std::fmt::Result {
    let said = match findings.synthetic_speech {
        true => "a built-in imitation of speech (scores of quality would mislead)",
        false => "recorded speech",
    };
    writeln!(
        out,
        "# Audio laboratory\n\n{said}, {} s per call, seeds 1 to {}; ± is the standard deviation over \
         speech and seeds.",
        findings.seconds, findings.seeds
    )?;
    for stream in unique(findings, |run| run.stream.as_str()) {
        let runs: Vec<&Run> = findings.runs.iter().filter(|run| run.stream == stream).collect();
        if runs.iter().any(|run| run.player == "ours") {
            writeln!(out, "\n## ours, stream {stream}\n")?;
            one_player(out, &runs)?;
        }
        writeln!(out, "\n## all, stream {stream}: concealed %, mean delay ms, × above optimal\n")?;
        all_players(out, &runs)?;
        if runs.iter().any(|run| run.player == versus::OTHER) {
            writeln!(out, "\n## ours against NetEq of libwebrtc, stream {stream}\n")?;
            versus::write(out, &runs)?;
        }
    }
    if let Some(speed) = speed {
        writeln!(
            out,
            "\nSpeed on one thread: {:.0} × real time without the codec, {:.0} × with Opus decoding.",
            speed.engine_times_real_time, speed.with_opus_times_real_time
        )?;
    }
    Ok(())
}

pub(super) fn unique<'a, T: Eq + Copy>(
    findings: &'a Findings,
    of: impl Fn(&'a Run) -> T,
) -> Vec<T> {
    let mut seen = Vec::new();
    for value in findings.runs.iter().map(of) {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

pub(super) fn traces<'a>(runs: &[&'a Run]) -> Vec<&'a str> {
    let mut known = BTreeSet::new();
    runs.iter().map(|run| run.trace.as_str()).filter(|name| known.insert(*name)).collect()
}

const HEAD: &str = "\
| trace | lost % | concealed % | mean delay ms | p95 ms | wait ms | FEC restored % | copies restored % | described restored % | \
stretched % | best constant ms | optimal ms | × above optimal |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|";

/// Everything about the project's receiver.
fn one_player(out: &mut String, runs: &[&Run]) -> std::fmt::Result {
    writeln!(out, "{HEAD}")?;
    let mut near = 0;
    for trace in traces(runs) {
        let of = Figures::of(runs, trace, "ours");
        if of.0.is_empty() {
            continue;
        }
        near += usize::from(of.mean(|measures| measures.times_optimal) <= NEAR);
        writeln!(
            out,
            "| {trace} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            of.cell(1, |measures| measures.lost_percent),
            of.cell(2, |measures| measures.concealed_percent),
            of.cell(0, |measures| measures.mean_delay_ms),
            of.cell(0, |measures| measures.p95_delay_ms),
            of.cell(0, |measures| measures.mean_wait_ms),
            of.cell(1, |measures| measures.recovered_percent.fec),
            of.cell(1, |measures| measures.recovered_percent.red),
            of.cell(1, |measures| measures.recovered_percent.dred),
            of.cell(2, |measures| measures.stretched_percent),
            of.cell(0, |measures| measures.best_constant_delay_ms),
            of.cell(0, |measures| measures.optimal_delay_ms),
            of.cell(2, |measures| measures.times_optimal),
        )?;
    }
    writeln!(out, "\nAt most {NEAR} × above optimal on {near} of {} traces.", traces(runs).len())
}

/// As near to the optimum as is aimed at.
const NEAR: f64 = 1.15;

/// The figures that players are compared by.
fn all_players(out: &mut String, runs: &[&Run]) -> std::fmt::Result {
    let mut players = Vec::new();
    for run in runs {
        if !players.contains(&run.player.as_str()) {
            players.push(&run.player);
        }
    }
    writeln!(out, "| trace | {} |", players.join(" | "))?;
    writeln!(out, "|---|{}", "--:|".repeat(players.len()))?;
    for trace in traces(runs) {
        write!(out, "| {trace} |")?;
        for player in &players {
            let of = Figures::of(runs, trace, player);
            let concealed = of.mean(|measures| measures.concealed_percent);
            let delay = of.mean(|measures| measures.mean_delay_ms);
            let times = of.mean(|measures| measures.times_optimal);
            write!(out, " {concealed:.2} · {delay:.0} · {times:.2} |")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The figures of one player on one trace, one per speech and seed.
pub(super) struct Figures<'a>(pub(super) Vec<&'a Measures>);

impl<'a> Figures<'a> {
    pub(super) fn of(runs: &[&'a Run], trace: &str, player: &str) -> Self {
        let chosen = runs.iter().filter(|run| run.trace == trace && run.player == player);
        Self(chosen.map(|run| &run.measures).collect())
    }

    pub(super) fn values(&self, of: impl Fn(&Measures) -> f64) -> Vec<f64> {
        self.0.iter().map(|measures| of(measures)).collect()
    }

    pub(super) fn mean(&self, of: impl Fn(&Measures) -> f64) -> f64 {
        mean(&self.values(of))
    }

    /// The mean, and the standard deviation if there is one.
    pub(super) fn cell(&self, digits: usize, of: impl Fn(&Measures) -> f64) -> String {
        let values = self.values(of);
        let middle = mean(&values);
        let spread = deviation(&values);
        let shown = format!("{spread:.digits$}");
        match shown.trim_matches(['0', '.']).is_empty() {
            true => format!("{middle:.digits$}"),
            false => format!("{middle:.digits$} ± {shown}"),
        }
    }
}

/// The sample standard deviation; 0 of fewer than two.
pub(super) fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let middle = mean(values);
    let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Recovered;

    fn run(player: &str, stream: &str, seed: u64, concealed_percent: f64) -> Run {
        let measures = Measures {
            mean_delay_ms: 41.4,
            p95_delay_ms: 80.0,
            mean_wait_ms: 30.0,
            lost_percent: 5.0,
            concealed_percent,
            recovered_percent: Recovered { fec: 75.0, red: 12.5, dred: 6.2 },
            stretched_percent: 0.5,
            best_constant_delay_ms: 40.0,
            optimal_delay_ms: 20.7,
            times_optimal: 2.0,
            ..Default::default()
        };
        let (speech, trace) = ("synthetic".into(), "loss-5".into());
        Run { speech, trace, stream: stream.into(), player: player.into(), seed, measures }
    }

    #[test]
    fn tables_show_means_and_spread() {
        let runs = vec![
            run("ours", "fec", 1, 1.0),
            run("ours", "fec", 2, 3.0),
            run("fixed-60", "fec", 1, 4.0),
            run("fixed-60", "fec", 2, 4.0),
        ];
        let findings = Findings { synthetic_speech: true, seconds: 60, seeds: 2, runs };
        let speed = Speed { engine_times_real_time: 5_000.0, with_opus_times_real_time: 300.4 };
        insta::assert_snapshot!(render(&findings, Some(&speed)));
    }

    #[test]
    fn deviation_is_of_a_sample() {
        assert_eq!(deviation(&[1.0, 3.0]), 2.0_f64.sqrt());
        assert_eq!(deviation(&[5.0]), 0.0);
    }
}
