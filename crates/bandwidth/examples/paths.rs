//! What an estimator does on paths of all kinds: prints a table in Markdown and, if told where,
//! draws each path.
//!
//! ```sh
//! cargo run -p calling-bandwidth --example paths docs/images
//! ```
#![allow(clippy::print_stdout, reason = "it is what the example is for")]
#![allow(clippy::unwrap_used, reason = "the world of the tests is shared")]

#[path = "../tests/paths/measure.rs"]
mod measure;
#[path = "plot/mod.rs"]
mod plot;
#[path = "../tests/paths/sim/mod.rs"]
mod sim;

use std::path::PathBuf;
use std::time::Instant;
use std::{env, fs, io};

use measure::{converged, measure, settled, share};
use sim::{Content, FlowKind, Path, World};

const CAMERA: FlowKind = FlowKind::Ours(Content::Camera(30_000));

struct Scenario {
    name: &'static str,
    title: &'static str,
    path: Path,
    flows: Vec<(u64, FlowKind)>,
    /// What is measured, in seconds.
    spans: Vec<(f64, f64)>,
}

#[expect(clippy::disallowed_methods, reason = "virtual time has to be counted from some instant")]
fn main() -> io::Result<()> {
    let directory = env::args().nth(1).map(PathBuf::from);
    let epoch = Instant::now();
    println!(
        "| path | seconds | used | queue, mean / p95 of 100 ms | shares | 90 % used after | queue ≤ 30 ms after | lost in the queue, all in all |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for scenario in scenarios() {
        let Scenario { name, title, path, flows, spans } = scenario;
        let mut world = World::new(epoch, path, 1, &flows);
        let end = spans.iter().map(|(_, to)| *to as u64).max().unwrap_or(0);
        world.run_until(end);
        for (from, to) in spans {
            print_row(&world, title, flows.len(), (from, to));
        }
        if let Some(directory) = &directory {
            let drawn = plot::draw(title, &flows, &world.samples);
            fs::write(directory.join(format!("bandwidth-{name}.svg")), drawn)?;
        }
    }
    Ok(())
}

fn print_row(world: &World, title: &str, flows: usize, (from, to): (f64, f64)) {
    let measured = measure(world, from, to);
    let shares = (0..flows).map(|flow| format!("{:.0}", share(world, flow, from, to) * 100.0));
    let shares = shares.collect::<Vec<_>>().join(" : ");
    let after = |seconds: Option<f64>| seconds.map_or("–".to_owned(), |it| format!("{it:.1} s"));
    let used = after(converged(world, from, to, 0.9));
    let drained = after(settled(world, from, to, 30.0));
    println!(
        "| {title} | {from:.0} to {to:.0} | {:.0} % | {:.0} / {:.0} ms | {shares} | {used} | {drained} | {:.1} % |",
        measured.utilisation * 100.0,
        measured.waited,
        measured.waited_p95,
        world.dropped() * 100.0,
    );
}

fn scenarios() -> Vec<Scenario> {
    let one = vec![(0, CAMERA)];
    let scenario = |name, title, path, flows: &[_], spans: &[_]| Scenario {
        name,
        title,
        path,
        flows: flows.to_vec(),
        spans: spans.to_vec(),
    };
    let steps = Path::new(&[(0, 1_000), (20, 2_500), (40, 800)], 500);
    let wide = Path::new(&[(0, 5_000), (20, 20_000), (40, 3_000)], 200);
    let thirds = [(0.0, 20.0), (20.0, 40.0), (40.0, 60.0), (26.0, 40.0), (46.0, 60.0)];
    let steady = |buffer| Path::new(&[(0, 2_500)], buffer);
    let shallow = |buffer| Path::new(&[(0, 4_000), (20, 2_000), (40, 4_000)], buffer);
    let stalls = Some((0.5, 30_000, 150_000));
    let layers = FlowKind::Ours(Content::Layers(&[150, 500, 1_700]));
    let audio = FlowKind::Ours(Content::AudioWanting(2_000));
    let beside_tcp = [(0, CAMERA), (10, FlowKind::Cubic)];
    let two = [(0, CAMERA), (10, CAMERA)];
    let busy = |buffer| Path::new(&[(0, 4_000)], buffer);
    let late = &[(20.0, 70.0)];
    let deep = Path::new(&[(0, 2_500), (20, 1_000)], 2_000);
    vec![
        scenario("steady", "2.5 Mbit/s, buffer 300 ms", steady(300), &one, &[(10.0, 60.0)]),
        scenario("steps", "1, 2.5, 0.8 Mbit/s, buffer 500 ms", steps, &one, &thirds),
        scenario("wide", "5, 20, 3 Mbit/s, buffer 200 ms", wide, &one, &thirds),
        scenario("deep", "2.5, 1 Mbit/s, buffer 2 s", deep, &one, &[(20.0, 40.0), (26.0, 40.0)]),
        scenario("shallow", "4, 2, 4 Mbit/s, buffer 25 ms", shallow(25), &one, &thirds[..3]),
        scenario("tiny", "4, 2, 4 Mbit/s, buffer 12 ms", shallow(12), &one, &thirds[..3]),
        scenario(
            "loss",
            "2.5 Mbit/s, 5 % lost at random",
            Path { loss: 0.05, ..steady(300) },
            &one,
            &[(10.0, 60.0)],
        ),
        scenario(
            "loss-8",
            "2.5 Mbit/s, 8 % lost at random",
            Path { loss: 0.08, ..steady(300) },
            &one,
            &[(10.0, 60.0)],
        ),
        scenario(
            "stalls",
            "5 Mbit/s, stalls of 30 to 150 ms every 2 s",
            Path { stalls, ..Path::new(&[(0, 5_000)], 300) },
            &one,
            &[(10.0, 60.0)],
        ),
        scenario("two", "4 Mbit/s, two of ours", busy(300), &two, &[(20.0, 90.0)]),
        scenario("tcp", "4 Mbit/s, beside TCP, buffer 200 ms", busy(200), &beside_tcp, late),
        scenario("tcp-50", "4 Mbit/s, beside TCP, buffer 50 ms", busy(50), &beside_tcp, late),
        scenario("tcp-1000", "4 Mbit/s, beside TCP, buffer 1 s", busy(1_000), &beside_tcp, late),
        scenario(
            "layers",
            "3 Mbit/s, layers of 0.15, 0.5, 1.7 Mbit/s",
            Path::new(&[(0, 3_000)], 300),
            &[(0, layers)],
            &[(3.0, 40.0)],
        ),
        scenario(
            "audio",
            "3 Mbit/s, audio alone, 2 Mbit/s wanted",
            Path::new(&[(0, 3_000)], 300),
            &[(0, audio)],
            &[(3.0, 40.0)],
        ),
    ]
}
