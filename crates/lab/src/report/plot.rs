//! One call as a picture: when packets came, when they were played, what the delay was to be, and
//! below it what each tick was made of.

use std::fmt::Write as _;

use crate::bench::Run;
use crate::measure::delays;
use crate::player::{Op, Played, TICK_MS};
use crate::report::svg::escape;
use crate::trace::Trace;

const WIDTH: f64 = 1_200.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
const HEIGHT: f64 = 300.0;
/// The strip of operations.
const STRIP: f64 = 24.0;

/// Draws the call as SVG.
pub(crate) fn render(run: &Run, trace: &Trace, played: &Played) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, run, trace, played);
    out
}

/// From milliseconds to the picture.
struct Scale {
    end_ms: f64,
    top_ms: f64,
}

impl Scale {
    fn x(&self, ms: f64) -> f64 {
        LEFT + ms / self.end_ms * (WIDTH - LEFT - 20.0)
    }

    fn y(&self, ms: f64) -> f64 {
        TOP + HEIGHT - (ms / self.top_ms).clamp(0.0, 1.0) * HEIGHT
    }
}

fn write_all(out: &mut String, run: &Run, trace: &Trace, played: &Played) -> std::fmt::Result {
    let delays = delays(trace, &played.frames);
    let highest = delays.iter().copied().fold(50.0, f64::max);
    let end_ms = played.ticks.len().max(1) as f64 * TICK_MS;
    let scale = Scale { end_ms, top_ms: (highest * 1.15 / 50.0).ceil() * 50.0 };
    let total = TOP + HEIGHT + 2.0 * STRIP + 50.0;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {total}\" \
         font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" \
         fill=\"#fff\"/>"
    )?;
    let title =
        escape(&format!("{} · {} · {} · {}", run.trace, run.stream, run.player, run.speech));
    let figures = format!(
        "{:.2} % concealed, {:.0} ms mean, {:.2} × above optimal",
        run.measures.concealed_percent, run.measures.mean_delay_ms, run.measures.times_optimal
    );
    writeln!(out, "<text x=\"{LEFT}\" y=\"20\" font-size=\"15\">{title}: {figures}</text>")?;
    axes(out, &scale)?;
    packets(out, &scale, trace)?;
    targets(out, &scale, played)?;
    delay_line(out, &scale, trace, played, &delays)?;
    strip(out, &scale, played)?;
    legend(out, total)?;
    writeln!(out, "</svg>")
}

fn axes(out: &mut String, scale: &Scale) -> std::fmt::Result {
    for step in 0..=5 {
        let ms = scale.top_ms * f64::from(step) / 5.0;
        let y = scale.y(ms);
        writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{ms:.0} ms</text>",
            WIDTH - 20.0,
            LEFT - 6.0,
            y + 4.0
        )?;
    }
    for step in 0..=10 {
        let ms = scale.end_ms * f64::from(step) / 10.0;
        writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{:.0} s</text>",
            scale.x(ms),
            TOP + HEIGHT + STRIP + 24.0,
            ms / 1_000.0
        )?;
    }
    Ok(())
}

/// A dot per packet: how much later than the fastest it came.
fn packets(out: &mut String, scale: &Scale, trace: &Trace) -> std::fmt::Result {
    let base_us = trace.base_us();
    write!(out, "<path stroke=\"#9bb\" stroke-width=\"1.5\" d=\"")?;
    for arrival in &trace.arrivals {
        let late_ms =
            (arrival.at_us as i64 - trace.sent_us(arrival.index) - base_us) as f64 / 1_000.0;
        let (x, y) = (scale.x(arrival.at_us as f64 / 1_000.0), scale.y(late_ms));
        write!(out, "M{x:.1} {y:.1}h1.5")?;
    }
    writeln!(out, "\"/>")
}

fn targets(out: &mut String, scale: &Scale, played: &Played) -> std::fmt::Result {
    let known = played.ticks.iter().enumerate();
    let known = known.filter_map(|(tick, made)| Some((tick as f64 * TICK_MS, made.target_ms?)));
    line(out, "#e90", known.map(|(at, ms)| (scale.x(at), scale.y(f64::from(ms)))))
}

fn delay_line(
    out: &mut String,
    scale: &Scale,
    trace: &Trace,
    played: &Played,
    delays: &[f64],
) -> std::fmt::Result {
    let base_us = trace.base_us();
    let at =
        |index: usize, delay: f64| (trace.sent_us(index as u32) + base_us) as f64 / 1e3 + delay;
    let frames = delays.iter().zip(&played.frames).enumerate();
    let frames = frames.filter(|(_, (_, frame))| frame.is_some());
    line(out, "#06c", frames.map(|(n, (delay, _))| (scale.x(at(n, *delay)), scale.y(*delay))))
}

fn line(
    out: &mut String,
    colour: &str,
    points: impl Iterator<Item = (f64, f64)>,
) -> std::fmt::Result {
    write!(out, "<polyline fill=\"none\" stroke=\"{colour}\" points=\"")?;
    for (x, y) in points {
        write!(out, "{x:.1},{y:.1} ")?;
    }
    writeln!(out, "\"/>")
}

/// Operations other than the normal one, and concealment across the whole picture.
fn strip(out: &mut String, scale: &Scale, played: &Played) -> std::fmt::Result {
    let top = TOP + HEIGHT + 6.0;
    for run in played.ticks.iter().enumerate().collect::<Vec<_>>().chunk_by(|a, b| a.1.op == b.1.op)
    {
        let Some(((begin, tick), colour)) =
            run.first().and_then(|&first| Some((first, colour(first.1.op)?)))
        else {
            continue;
        };
        let x = scale.x(begin as f64 * TICK_MS);
        let width = scale.x((begin + run.len()) as f64 * TICK_MS) - x;
        writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{STRIP}\" fill=\"{colour}\"/>"
        )?;
        if tick.op == Op::Conceal {
            writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{HEIGHT}\" \
                 fill=\"{colour}\" opacity=\"0.15\"/>"
            )?;
        }
    }
    Ok(())
}

const fn colour(op: Op) -> Option<&'static str> {
    match op {
        Op::Idle | Op::Normal => None,
        Op::ComfortNoise => Some("#bbb"),
        Op::Shorten => Some("#093"),
        Op::Lengthen => Some("#95c"),
        Op::Restore => Some("#0ac"),
        Op::Conceal => Some("#d22"),
        Op::Other => Some("#000"),
    }
}

fn legend(out: &mut String, total: f64) -> std::fmt::Result {
    let entries = [
        ("#9bb", "packet, later than the fastest"),
        ("#06c", "delay"),
        ("#e90", "target"),
        ("#d22", "concealed"),
        ("#0ac", "restored"),
        ("#093", "shortened"),
        ("#95c", "lengthened"),
        ("#bbb", "comfort noise"),
        ("#000", "another operation"),
    ];
    let y = total - 10.0;
    let mut x = LEFT;
    for (colour, label) in entries {
        writeln!(
            out,
            "<rect x=\"{x}\" y=\"{}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"{y}\">{label}</text>",
            y - 9.0,
            x + 14.0
        )?;
        x += 34.0 + label.len() as f64 * 6.5;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measures;
    use crate::player::Player;
    use crate::speech::{Speech, Stream};
    use crate::trace::generate;

    fn plotted(name: &str) -> (String, Played) {
        let speech = Speech::synthetic(6);
        let stream = Stream::encode(&speech, false).unwrap();
        let trace = Trace { name: "a<b".into(), ..generate(name, 1, 6).unwrap() };
        let played = Player::Ours.play(&stream, &trace, false).unwrap();
        let measures = Measures::of(&stream, &trace, &played);
        let (speech, player) = (speech.name, "ours".into());
        let run = Run {
            speech,
            trace: trace.name.clone(),
            stream: "plain".into(),
            player,
            seed: 1,
            measures,
        };
        (render(&run, &trace, &played), played)
    }

    #[test]
    fn every_stretch_of_concealment_is_shown_twice() {
        let (svg, played) = plotted("loss-30");
        let runs = played.ticks.chunk_by(|a, b| a.op == b.op);
        assert_ne!(played.ticks.last().map(|tick| tick.op), Some(Op::Conceal), "the end is none");
        let concealed = runs.filter(|run| run[0].op == Op::Conceal).count();
        assert!(concealed > 10, "{concealed}");
        // And once in the legend.
        assert_eq!(svg.matches("fill=\"#d22\"").count(), 2 * concealed + 1);
    }

    #[test]
    fn a_plot_is_finite_and_holds_no_markup_of_others() {
        for name in ["clean", "jitter-1000"] {
            let (svg, _) = plotted(name);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
            assert!(svg.contains("a&lt;b · plain · ours") && svg.trim_end().ends_with("</svg>"));
        }
    }
}
