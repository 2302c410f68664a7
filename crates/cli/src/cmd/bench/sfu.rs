//! What forwarding costs: rooms of people who send and people who only listen, over real sockets
//! with real DTLS-SRTP.

use std::time::Duration;

use serde::Serialize;

use super::crowd::{self, Measured, Sends, Shape};
use super::{Report, of_a_server};
use crate::args::{BenchSfuArgs, PictureSize};
use crate::demo::figures::row;
use crate::exit::Failure;
use crate::output::{self, BOLD, paint};

/// Above this share of the cores it may use, this program is taken for the bottleneck.
const BUSY: f64 = 0.9;
/// Likewise if it sends later than this, in 1 % of all cases.
const BEHIND: Duration = Duration::from_millis(10);

/// What a load showed.
#[derive(Debug, Serialize)]
pub(super) struct SfuReport {
    pub(super) seconds: f64,
    pub(super) rooms: u32,
    /// Of each room.
    pub(super) publishers: u32,
    pub(super) subscribers: u32,
    pub(super) packets_in_per_second: f64,
    pub(super) packets_out_per_second: f64,
    pub(super) bits_out_per_second: f64,
    /// Packets that guests did not get, of all that were on the way to them.
    pub(super) lost_share: f64,
    pub(super) reordered_share: f64,
    /// From the sealing of a packet to its opening by a receiver, this program's own waiting
    /// included.
    pub(super) latency_us_p50: u64,
    pub(super) latency_us_p90: u64,
    pub(super) latency_us_p99: u64,
    pub(super) latency_us_max: u64,
    pub(super) server_cpu_percent: f64,
    pub(super) server_cpu_s_per_million_forwarded: f64,
    /// What a whole core would forward at this cost. Absent where this program was the bottleneck.
    pub(super) forwarded_per_core_second: Option<f64>,
    pub(super) server_rss_bytes: u64,
    pub(super) generator_cores: f64,
    /// How late this program was with what it had to send, 99 % of the time not more.
    pub(super) generator_behind_us_p99: u64,
    /// This program could do no more; the server might have.
    pub(super) generator_is_bottleneck: bool,
}

/// Puts a load on a server process of its own, and prints what that took.
pub(crate) async fn sfu(args: &BenchSfuArgs) -> Result<(), Failure> {
    let sends = match args.video {
        None => Sends::Sound,
        Some(PictureSize::P360) => Sends::Picture(1),
        Some(PictureSize::P720) => Sends::Picture(2),
    };
    let BenchSfuArgs { rooms, publishers, subscribers, .. } = *args;
    let shape = Shape { rooms, publishers, subscribers, sends };
    if shape.people() < 2 {
        return Err(Failure::usage("a room needs two people: raise --publishers or --subscribers"));
    }
    of_a_server(&args.server, async |server| {
        let measured = crowd::measure(server, shape, args.seconds).await?;
        Ok(SfuReport::of(shape, &measured, cores(args.server.core)))
    })
    .await
}

/// Cores this program may use.
fn cores(server_core: Option<u32>) -> f64 {
    let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (all - usize::from(server_core.is_some() && all > 1)) as f64
}

impl SfuReport {
    fn of(shape: Shape, measured: &Measured, cores: f64) -> Self {
        let Measured { seconds, counts, cpu, behind, .. } = *measured;
        let on_the_way = (counts.received + counts.lost).max(1) as f64;
        let server_s = cpu.server.as_secs_f64();
        let [p50, p90, p99, max] = measured.late.map(|late| late.as_micros() as u64);
        let generator_cores = cpu.generator.as_secs_f64() / seconds;
        let generator_is_bottleneck = generator_cores > BUSY * cores || behind > BEHIND;
        let forwarded = counts.received as f64;
        Self {
            seconds,
            rooms: shape.rooms,
            publishers: shape.publishers,
            subscribers: shape.subscribers,
            packets_in_per_second: counts.sent as f64 / seconds,
            packets_out_per_second: forwarded / seconds,
            bits_out_per_second: 8.0 * counts.received_bytes as f64 / seconds,
            lost_share: counts.lost as f64 / on_the_way,
            reordered_share: counts.reordered as f64 / on_the_way,
            latency_us_p50: p50,
            latency_us_p90: p90,
            latency_us_p99: p99,
            latency_us_max: max,
            server_cpu_percent: 100.0 * server_s / seconds,
            server_cpu_s_per_million_forwarded: 1e6 * server_s / forwarded.max(1.0),
            forwarded_per_core_second: (!generator_is_bottleneck && server_s > 0.0)
                .then_some(forwarded / server_s),
            server_rss_bytes: measured.server_rss_bytes,
            generator_cores,
            generator_behind_us_p99: behind.as_micros() as u64,
            generator_is_bottleneck,
        }
    }
}

impl Report for SfuReport {
    fn print(&self) {
        let Self { rooms, publishers, subscribers, .. } = self;
        let title = format!("{rooms} × ({publishers} who send + {subscribers} who listen)");
        output::line(paint(BOLD, title));
        let (into, out) = (self.packets_in_per_second, self.packets_out_per_second);
        row("packets", format!("{into:.0} in, {out:.0} out a second"));
        row("out", format!("{:.1} Mbit/s", self.bits_out_per_second / 1e6));
        let (lost, reordered) = (100.0 * self.lost_share, 100.0 * self.reordered_share);
        row("lost", format!("{lost:.3} %, {reordered:.3} % out of order"));
        let [p50, p90, p99, max] =
            [self.latency_us_p50, self.latency_us_p90, self.latency_us_p99, self.latency_us_max]
                .map(|micros| micros as f64 / 1e3);
        row("latency", format!("p50 {p50:.2}, p90 {p90:.2}, p99 {p99:.2}, max {max:.1} ms"));
        let (share, each) = (self.server_cpu_percent, self.server_cpu_s_per_million_forwarded);
        row("server CPU", format!("{share:.1} % of a core, {each:.2} µs a packet out"));
        match self.forwarded_per_core_second {
            Some(capacity) => row("at that cost", format!("{capacity:.0} packets a core-second")),
            None => row("at that cost", "unknown: this program was the bottleneck".to_owned()),
        }
        row("server memory", format!("{:.1} MiB", self.server_rss_bytes as f64 / 1_048_576.0));
        let behind = self.generator_behind_us_p99 as f64 / 1e3;
        let cores = self.generator_cores;
        row("this program", format!("{cores:.2} cores, at most {behind:.1} ms behind in 99 %"));
    }
}
