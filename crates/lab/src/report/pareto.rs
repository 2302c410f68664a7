//! Delay and quality together: a panel per network, in it every player's mean with its spread. Down and to
//! the left is better in pictures of concealment; of scores, up and to the left.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::bench::Run;
use crate::measure::mean;
use crate::report::svg::escape;
use crate::report::table::{deviation, traces};

const COLUMNS: usize = 5;
const PANEL_WIDTH: f64 = 236.0;
const PANEL_HEIGHT: f64 = 190.0;
/// Higher than so many times what adapts, a point is drawn at the edge.
const FAR_OFF: f64 = 2.5;
/// Of a panel, around what is drawn in it.
const LEFT: f64 = 40.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 30.0;
/// Above the panels.
const HEAD: f64 = 56.0;

/// A recording's score, as `scripts/audio-lab-score.sh` writes it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Score {
    pub(crate) speech: String,
    pub(crate) trace: String,
    pub(crate) stream: String,
    pub(crate) player: String,
    /// PESQ-WB; `None` where it failed.
    pub(crate) pesq_wb: Option<f64>,
}

/// What a panel shows against the mean delay.
struct Quantity {
    name: &'static str,
    /// Where its axis begins.
    least: f64,
    /// Where it ends, if not by what is shown.
    most: Option<f64>,
}

const CONCEALED: Quantity = Quantity { name: "concealed %", least: 0.0, most: None };
const PESQ: Quantity = Quantity { name: "PESQ-WB", least: 1.0, most: Some(4.64) };

/// One player in one panel: per run, the mean delay and the quantity.
type Cloud = Vec<(f64, f64)>;
/// Panels in order, each by its network's name with its players' clouds.
type Panels<'a> = Vec<(&'a str, BTreeMap<&'a str, Cloud>)>;

/// Mean delay × concealed, of the runs of one stream.
pub(crate) fn concealment(stream: &str, runs: &[&Run]) -> String {
    let measured = |run: &Run| Some((run.measures.mean_delay_ms, run.measures.concealed_percent));
    draw(stream, &CONCEALED, &panels(runs, measured))
}

/// Mean delay × PESQ-WB, of the runs of one stream that were scored; `None` if none was.
pub(crate) fn pesq(stream: &str, runs: &[&Run], scores: &[Score]) -> Option<String> {
    let score = |run: &Run| {
        let same = |score: &&Score| {
            // The recordings are those of the first seed.
            run.seed == 1
                && (&score.speech, &score.trace, &score.stream, &score.player)
                    == (&run.speech, &run.trace, &run.stream, &run.player)
        };
        Some((run.measures.mean_delay_ms, scores.iter().find(same)?.pesq_wb?))
    };
    let panels = panels(runs, score);
    (!panels.is_empty()).then(|| draw(stream, &PESQ, &panels))
}

fn panels<'a>(runs: &[&'a Run], of: impl Fn(&Run) -> Option<(f64, f64)>) -> Panels<'a> {
    let panel = |trace: &'a str| {
        let mut clouds: BTreeMap<&str, Cloud> = BTreeMap::new();
        for run in runs.iter().filter(|run| run.trace == trace) {
            if let Some(point) = of(run) {
                clouds.entry(run.player.as_str()).or_default().push(point);
            }
        }
        (!clouds.is_empty()).then_some((trace, clouds))
    };
    traces(runs).into_iter().filter_map(panel).collect()
}

fn draw(stream: &str, quantity: &Quantity, panels: &Panels<'_>) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, stream, quantity, panels);
    out
}

fn write_all(
    out: &mut String,
    stream: &str,
    quantity: &Quantity,
    panels: &Panels<'_>,
) -> std::fmt::Result {
    let columns = COLUMNS.min(panels.len().max(3));
    let width = columns as f64 * PANEL_WIDTH;
    let height = HEAD + panels.len().div_ceil(columns) as f64 * PANEL_HEIGHT;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"10\"><rect width=\"100%\" height=\"100%\" \
         fill=\"#fff\"/>\n<text x=\"12\" y=\"20\" font-size=\"14\">Mean delay ms × {}, stream {}; \
         means, bars one standard deviation; hollow: off the panel</text>",
        quantity.name,
        escape(stream)
    )?;
    let players: BTreeMap<&str, ()> =
        panels.iter().flat_map(|(_, clouds)| clouds.keys().map(|player| (*player, ()))).collect();
    legend(out, players.into_keys())?;
    for (at, (trace, clouds)) in panels.iter().enumerate() {
        let x = (at % columns) as f64 * PANEL_WIDTH;
        let y = HEAD + (at / columns) as f64 * PANEL_HEIGHT;
        writeln!(out, "<g transform=\"translate({x} {y})\">")?;
        panel(out, trace, quantity, clouds)?;
        writeln!(out, "</g>")?;
    }
    writeln!(out, "</svg>")
}

fn legend<'a>(out: &mut String, players: impl Iterator<Item = &'a str>) -> std::fmt::Result {
    let mut x = 12.0;
    for player in players {
        let colour = colour(player);
        writeln!(
            out,
            "<circle cx=\"{}\" cy=\"38\" r=\"4\" fill=\"{colour}\"/><text x=\"{}\" y=\"42\" \
             font-size=\"12\">{}</text>",
            x + 4.0,
            x + 12.0,
            escape(player)
        )?;
        x += 34.0 + player.len() as f64 * 7.0;
    }
    Ok(())
}

fn colour(player: &str) -> &'static str {
    match player {
        "ours" => "#06c",
        "webrtc-neteq" => "#d22",
        "neteq-crate" => "#e90",
        "fixed-60" => "#bbb",
        "fixed-120" => "#888",
        "fixed-200" => "#555",
        _ => "#000",
    }
}

/// From values to a panel.
struct Scale {
    x_most: f64,
    y_least: f64,
    y_most: f64,
}

impl Scale {
    fn of(quantity: &Quantity, clouds: &BTreeMap<&str, Cloud>) -> Self {
        let most =
            |of: fn(&(f64, f64)) -> f64| clouds.values().flatten().map(of).fold(0.0, f64::max);
        // A buffer that cannot follow the network would press all others together.
        let adapting = clouds.iter().filter(|(player, _)| !player.starts_with("fixed"));
        let adapting = adapting.flat_map(|(_, cloud)| cloud).map(|point| point.1);
        let adapting = adapting.fold(0.0, f64::max);
        let highest = most(|point| point.1);
        let shown = if adapting > 0.0 { highest.min(FAR_OFF * adapting) } else { highest };
        Self {
            x_most: round_up(most(|point| point.0) * 1.08),
            y_least: quantity.least,
            y_most: quantity.most.unwrap_or_else(|| round_up(shown.max(0.1) * 1.15)),
        }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (value / self.x_most).clamp(0.0, 1.0) * (PANEL_WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.y_least) / (self.y_most - self.y_least);
        PANEL_HEIGHT - BOTTOM - share.clamp(0.0, 1.0) * (PANEL_HEIGHT - TOP - BOTTOM)
    }
}

/// The next round number: a step times a power of ten.
fn round_up(value: f64) -> f64 {
    let power = 10.0_f64.powf(value.max(1e-6).log10().floor());
    let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].into_iter();
    steps.map(|step| step * power).find(|step| *step >= value).unwrap_or(value)
}

fn panel(
    out: &mut String,
    trace: &str,
    quantity: &Quantity,
    clouds: &BTreeMap<&str, Cloud>,
) -> std::fmt::Result {
    let scale = Scale::of(quantity, clouds);
    writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"16\" font-size=\"12\" font-weight=\"bold\">{}</text>",
        escape(trace)
    )?;
    axes(out, &scale)?;
    for (player, cloud) in clouds {
        point(out, &scale, player, cloud)?;
    }
    Ok(())
}

fn axes(out: &mut String, scale: &Scale) -> std::fmt::Result {
    let (bottom, right) = (PANEL_HEIGHT - BOTTOM, PANEL_WIDTH - RIGHT);
    for share in [0.0, 0.5, 1.0] {
        let value = scale.y_least + share * (scale.y_most - scale.y_least);
        // Halves of round numbers.
        let digits = if scale.y_most < 1.0 { 3 } else { 1 };
        let y = scale.y(value);
        writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.digits$}</text>",
            LEFT - 4.0,
            y + 3.0
        )?;
        let value = share * scale.x_most;
        let x = scale.x(value);
        let anchor = if share < 1.0 { "middle" } else { "end" };
        writeln!(
            out,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\" stroke=\"#ddd\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{value:.0} ms</text>",
            bottom + 13.0
        )?;
    }
    Ok(())
}

/// A player's mean, with bars of one standard deviation both ways.
fn point(out: &mut String, scale: &Scale, player: &str, cloud: &Cloud) -> std::fmt::Result {
    let (delays, values): (Vec<f64>, Vec<f64>) = cloud.iter().copied().unzip();
    let [(delay, delay_by), (value, value_by)] =
        [delays, values].map(|all| (mean(&all), deviation(&all)));
    let (x, y, colour) = (scale.x(delay), scale.y(value), colour(player));
    let fill = if value > scale.y_most { "#fff" } else { colour };
    writeln!(
        out,
        "<g stroke=\"{colour}\" fill=\"{fill}\"><path d=\"M{:.1} {y:.1}H{:.1}M{x:.1} {:.1}V{:.1}\"/>\
         <circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"><title>{}: {delay:.1} ± {delay_by:.1} ms, \
         {value:.2} ± {value_by:.2}</title></circle></g>",
        scale.x(delay - delay_by),
        scale.x(delay + delay_by),
        scale.y(value - value_by),
        scale.y(value + value_by),
        escape(player)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measures;

    fn run(trace: &str, player: &str, seed: u64, at: (f64, f64)) -> Run {
        let (mean_delay_ms, concealed_percent) = at;
        let measures = Measures { concealed_percent, mean_delay_ms, ..Default::default() };
        let (speech, stream) = ("en".into(), "plain".into());
        Run { speech, trace: trace.into(), stream, player: player.into(), seed, measures }
    }

    fn runs() -> Vec<Run> {
        vec![
            run("a<b", "ours", 1, (10.0, 1.0)),
            run("a<b", "ours", 2, (30.0, 3.0)),
            run("a<b", "webrtc-neteq", 1, (40.0, 1.0)),
            run("clean", "ours", 1, (0.0, 0.0)),
        ]
    }

    #[test]
    fn every_network_has_a_panel_and_every_player_a_point_with_its_spread() {
        let runs = runs();
        let svg = concealment("plain", &runs.iter().collect::<Vec<_>>());
        assert_eq!(svg.matches("<g transform").count(), 2);
        assert_eq!(svg.matches("<title>").count(), 3);
        assert!(svg.contains("<title>ours: 20.0 ± 14.1 ms, 2.00 ± 1.41</title>"), "{svg}");
        assert!(svg.contains(">a&lt;b</text>") && svg.trim_end().ends_with("</svg>"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn less_delay_is_further_left_and_less_concealment_further_down() {
        let scale = Scale { x_most: 100.0, y_least: 0.0, y_most: 10.0 };
        assert!(scale.x(10.0) < scale.x(20.0) && scale.y(1.0) > scale.y(2.0));
        assert_eq!(scale.x(1e9), PANEL_WIDTH - RIGHT);
    }

    #[test]
    fn what_is_far_off_is_hollow_at_the_edge() {
        let clouds: BTreeMap<&str, Cloud> =
            [("fixed-60", vec![(60.0, 50.0)]), ("ours", vec![(50.0, 1.0)])].into();
        let svg = draw("plain", &CONCEALED, &vec![("a", clouds)]);
        let hollow: Vec<&str> =
            svg.lines().filter(|line| line.contains("fill=\"#fff\"><path")).collect();
        assert_eq!(hollow.len(), 1, "{svg}");
        assert!(hollow[0].contains(&format!("V{TOP:.1}")), "{svg}");
    }

    #[test]
    fn scores_are_drawn_of_the_first_seed_where_there_are_some() {
        let runs = runs();
        let runs: Vec<&Run> = runs.iter().collect();
        assert_eq!(pesq("plain", &runs, &[]), None);
        let score = |player: &str, pesq_wb| Score {
            speech: "en".into(),
            trace: "a<b".into(),
            stream: "plain".into(),
            player: player.into(),
            pesq_wb,
        };
        let scores = [score("ours", Some(3.5)), score("webrtc-neteq", None)];
        let svg = pesq("plain", &runs, &scores).unwrap();
        assert_eq!(svg.matches("<title>").count(), 1, "{svg}");
        assert!(svg.contains("<title>ours: 10.0 ± 0.0 ms, 3.50 ± 0.00</title>"), "{svg}");
    }

    #[test]
    fn ends_of_axes_are_round() {
        let ends = [2.8, 1.0, 3.1, 41.0, 99.0, 560.0].map(round_up);
        assert_eq!(ends, [3.0, 1.0, 4.0, 50.0, 100.0, 600.0]);
    }
}
