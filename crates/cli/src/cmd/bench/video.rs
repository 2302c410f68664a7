//! What a video call of some people costs the server, without a browser.

use serde::Serialize;

use super::crowd::{self, BITRATES, FPS, Measured, Sends, Shape};
use super::{Report, of_a_server};
use crate::args::BenchVideoArgs;
use crate::demo::figures::row;
use crate::exit::Failure;
use crate::output::{self, BOLD, paint};

/// What a call showed.
#[derive(Debug, Serialize)]
struct VideoReport {
    seconds: f64,
    people: u32,
    /// Of each picture sent, smallest size first.
    layers_bps: [u32; BITRATES.len()],
    frames_per_second: u32,
    packets_in_per_second: f64,
    packets_out_per_second: f64,
    bits_out_per_second: f64,
    /// Packets that guests did not get, of all that were on the way to them.
    lost_share: f64,
    /// Datagrams that told senders which of their packets came.
    feedback_per_second: f64,
    /// Of one core.
    server_cpu_percent: f64,
    server_cpu_us_per_packet_out: f64,
    generator_cores: f64,
}

/// Has some people see each other at a server process of its own, and prints what that took.
pub(crate) async fn video(args: &BenchVideoArgs) -> Result<(), Failure> {
    let publishers = args.people.clamp(2, 9);
    let shape = Shape { rooms: 1, publishers, subscribers: 0, sends: Sends::AllSizes };
    of_a_server(&args.server, async |server| {
        let measured = crowd::measure(server, shape, args.seconds).await?;
        Ok(VideoReport::of(publishers, &measured))
    })
    .await
}

impl VideoReport {
    fn of(people: u32, measured: &Measured) -> Self {
        let Measured { seconds, counts, cpu, .. } = *measured;
        let on_the_way = (counts.received + counts.lost).max(1);
        Self {
            seconds,
            people,
            layers_bps: BITRATES,
            frames_per_second: FPS,
            packets_in_per_second: counts.sent as f64 / seconds,
            packets_out_per_second: counts.received as f64 / seconds,
            bits_out_per_second: 8.0 * counts.received_bytes as f64 / seconds,
            lost_share: counts.lost as f64 / on_the_way as f64,
            feedback_per_second: counts.feedback as f64 / seconds,
            server_cpu_percent: 100.0 * cpu.server.as_secs_f64() / seconds,
            server_cpu_us_per_packet_out: 1e6 * cpu.server.as_secs_f64()
                / counts.received.max(1) as f64,
            generator_cores: cpu.generator.as_secs_f64() / seconds,
        }
    }
}

impl Report for VideoReport {
    fn print(&self) {
        let title = format!("{} people see each other in 720p", self.people);
        output::line(paint(BOLD, title));
        let (into, out) = (self.packets_in_per_second, self.packets_out_per_second);
        row("packets", format!("{into:.0} in, {out:.0} out a second"));
        row("out", format!("{:.1} Mbit/s", self.bits_out_per_second / 1e6));
        row("lost", format!("{:.3} %", 100.0 * self.lost_share));
        row("feedback", format!("{:.0} a second", self.feedback_per_second));
        let (share, each) = (self.server_cpu_percent, self.server_cpu_us_per_packet_out);
        row("server CPU", format!("{share:.1} % of a core, {each:.1} µs a packet out"));
        row("this program", format!("{:.2} cores", self.generator_cores));
    }
}
