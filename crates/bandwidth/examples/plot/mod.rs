//! Draws what went on: rates above, the queue below.

use std::fmt::Write;

use crate::sim::{FlowKind, Sample};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 20.0;
/// Top and height of the two charts.
const RATES: (f64, f64) = (48.0, 200.0);
const QUEUE: (f64, f64) = (284.0, 70.0);
const HEIGHT: f64 = 390.0;
const COLOURS: [&str; 2] = ["#0b66c3", "#c2410c"];
const CAPACITY: &str = "#d4d4d8";
/// Every so many samples are drawn.
const STEP: usize = 2;

/// An SVG of it.
pub(crate) fn draw(title: &str, flows: &[(u64, FlowKind)], samples: &[Sample]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#27272a\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    text(&mut svg, (LEFT, 20.0), "start", title);
    let end = samples.last().map_or(1.0, |sample| sample.at);
    let most = nice(samples.iter().map(|sample| sample.capacity).fold(0.0, f64::max) * 1.2);
    let queue = nice(samples.iter().map(|sample| sample.waited).fold(10.0, f64::max));
    axes(&mut svg, RATES, end, (most, "kbit/s"));
    axes(&mut svg, QUEUE, end, (queue, "ms of queue"));
    let line = |svg: &mut String, area, most, style: &str, of: &dyn Fn(&Sample) -> f64| {
        let points = samples.iter().step_by(STEP).map(|sample| {
            let (x, y) = place(area, (sample.at / end, of(sample) / most));
            format!("{x:.1},{y:.1}")
        });
        let points = points.collect::<Vec<_>>().join(" ");
        let _ = writeln!(svg, "<polyline points=\"{points}\" fill=\"none\" {style}/>");
    };
    let capacity = format!("stroke=\"{CAPACITY}\" stroke-width=\"4\"");
    line(&mut svg, RATES, most, &capacity, &|sample| sample.capacity);
    legend(&mut svg, 0, CAPACITY, "capacity");
    for (index, (_, kind)) in flows.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let thin = format!("stroke=\"{colour}\" stroke-width=\"1\" opacity=\"0.5\"");
        line(&mut svg, RATES, most, &thin, &|sample| sample.came[index]);
        let label = match kind {
            FlowKind::Ours(_) => {
                let bold = format!("stroke=\"{colour}\" stroke-width=\"2\"");
                line(&mut svg, RATES, most, &bold, &|sample| sample.estimates[index]);
                "estimate, thin: arrives"
            }
            FlowKind::Cubic => "TCP arrives",
        };
        legend(&mut svg, index + 1, colour, label);
    }
    let bold = format!("stroke=\"{}\" stroke-width=\"1.5\"", COLOURS[0]);
    line(&mut svg, QUEUE, queue, &bold, &|sample| sample.waited);
    svg.push_str("</svg>\n");
    svg
}

/// A point of an area, from shares of its width and height.
fn place((top, height): (f64, f64), (x, y): (f64, f64)) -> (f64, f64) {
    (LEFT + x * (WIDTH - LEFT - RIGHT), top + height * (1.0 - y.clamp(0.0, 1.0)))
}

fn axes(svg: &mut String, area: (f64, f64), end: f64, (most, unit): (f64, &str)) {
    for fifth in (0..=4).map(f64::from) {
        let (left, y) = place(area, (0.0, fifth / 4.0));
        let (right, _) = place(area, (1.0, 0.0));
        let _ = writeln!(
            svg,
            "<path d=\"M{left} {y}H{right}\" stroke=\"#e4e4e7\" stroke-width=\"0.7\"/>"
        );
        text(svg, (left - 6.0, y + 4.0), "end", &format!("{:.0}", most * fifth / 4.0));
    }
    let mut second = 0.0;
    while second <= end {
        let (x, y) = place(area, (second / end, 0.0));
        text(svg, (x, y + 16.0), "middle", &format!("{second:.0} s"));
        second += 10.0;
    }
    text(svg, (LEFT, area.0 - 8.0), "start", unit);
}

fn legend(svg: &mut String, index: usize, colour: &str, label: &str) {
    let x = LEFT + 260.0 + 180.0 * index as f64;
    let _ = writeln!(svg, "<path d=\"M{x} 36h20\" stroke=\"{colour}\" stroke-width=\"3\"/>");
    text(svg, (x + 26.0, 40.0), "start", label);
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\">{text}</text>");
}

/// The next number that is four times a round one.
fn nice(most: f64) -> f64 {
    let unit = 10_f64.powf((most / 4.0).log10().floor());
    let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0];
    steps.iter().map(|step| step * unit * 4.0).find(|round| *round >= most).unwrap_or(most)
}
