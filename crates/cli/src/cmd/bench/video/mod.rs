//! What a video call of some people costs the server, without a browser.

mod film;
mod guest;
mod offer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::{CallId, MediaType, UserId};
use calling_signaling::protocol::{CallParams, Event, Reply, Request};
use calling_transport::sdp::SessionDescription;
use calling_transport::{Certificate, IceCredentials};
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::film::{BITRATES, FPS, Film};
use self::guest::{Counts, Guest};
use self::offer::Offerer;
use super::child::Child;
use super::line::Line;
use super::{Report, cpu, of_a_server};
use crate::args::BenchVideoArgs;
use crate::demo::figures::row;
use crate::exit::Failure;
use crate::keys::user_id;
use crate::output::{self, BOLD, paint};

const WARM_UP: Duration = Duration::from_secs(2);
/// Until everybody is in the room and known to all.
const ENTER_WITHIN: Duration = Duration::from_secs(10);

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    WarmingUp,
    Measuring,
    Over,
}

/// A guest's signalling, and what its media is known by.
struct Seat {
    line: Line,
    certificate: Arc<Certificate>,
    credentials: IceCredentials,
    number: u32,
}

/// Has some people see each other at a server process of its own, and prints what that took.
pub(crate) async fn video(args: &BenchVideoArgs) -> Result<(), Failure> {
    of_a_server(args.server_core, args.json, async |server| measure(args, server).await).await
}

async fn measure(args: &BenchVideoArgs, server: &Child) -> Result<VideoReport, Failure> {
    let mut seats = Vec::new();
    for number in 0..args.people.clamp(2, 9) {
        seats.push(Seat::take(server, number).await?);
    }
    let call = talk(&mut seats).await?;
    let (tell, phase) = watch::channel(Phase::WarmingUp);
    let mut guests = JoinSet::new();
    for seat in &mut seats {
        let guest = seat.connect(&call).await?;
        guests.spawn(guest.run(phase.clone()));
    }
    see_each_other(&mut seats, &call).await?;
    for mut seat in seats {
        // Read on, so that the server finds everybody awake.
        tokio::spawn(async move { seat.line.event(|_| None::<()>).await });
    }
    tokio::time::sleep(WARM_UP).await;
    let unknown = || Failure::machine("CPU times cannot be read on this system");
    let own = || cpu::of_process("self").ok_or_else(unknown);
    let (cpu_before, own_before) = (server.cpu()?, own()?);
    let _ = tell.send(Phase::Measuring);
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(args.seconds.max(1).into())).await;
    let measured = began.elapsed();
    let (cpu, own) = (server.cpu()?.saturating_sub(cpu_before), own()?.saturating_sub(own_before));
    let _ = tell.send(Phase::Over);
    let people = guests.len() as u32;
    let mut counts = Counts::default();
    while let Some(guest) = guests.join_next().await {
        counts = counts.plus(guest.map_err(Failure::internal)??);
    }
    Ok(VideoReport::of(people, measured, &counts, cpu, own))
}

/// The first calls all others, who accept.
async fn talk(seats: &mut [Seat]) -> Result<CallId, Failure> {
    let [caller, others @ ..] = seats else { return Err(Failure::internal("nobody to call")) };
    let params = CallParams {
        callees: others.iter().map(|seat| seat.line.user.clone()).collect(),
        media_type: MediaType::Video,
        group_id: None,
        timeout_s: None,
        user_data: String::new(),
        sent_at: None,
    };
    let Reply::Call(reply) = caller.line.ask(Request::Call(params)).await? else {
        return Err(Failure::server("no call came of a request to call"));
    };
    let call_id = reply.facts.call_id.clone();
    for seat in others {
        seat.line.event(|event| matches!(event, Event::Invited { .. }).then_some(())).await?;
        seat.line.ask(Request::Accept { call_id: call_id.clone() }).await?;
    }
    Ok(call_id)
}

/// Everybody offers places for all others, until all of them are in the room.
async fn see_each_other(seats: &mut [Seat], call: &CallId) -> Result<(), Failure> {
    let users: Vec<UserId> = seats.iter().map(|seat| seat.line.user.clone()).collect();
    let give_up = Instant::now() + ENTER_WITHIN;
    for seat in seats {
        let others: Vec<UserId> =
            users.iter().filter(|user| **user != seat.line.user).cloned().collect();
        let mut version = 1;
        loop {
            version += 1;
            let answer = seat.offer(call, version, &others).await?;
            let received = answer.sections.iter().filter(|section| section.direction.sends());
            if received.count() == 2 * others.len() {
                break;
            }
            if Instant::now() > give_up {
                return Err(Failure::server("not everybody was in the room within ten seconds"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

impl Seat {
    async fn take(server: &Child, number: u32) -> Result<Self, Failure> {
        let line = Line::sign_in(server, user_id(&format!("guest-{number}"))?).await?;
        let certificate = Arc::new(Certificate::generate().map_err(Failure::machine)?);
        let credentials = IceCredentials::generate(&mut rand::rng());
        Ok(Self { line, certificate, credentials, number })
    }

    async fn connect(&mut self, call: &CallId) -> Result<Guest, Failure> {
        let answer = self.offer(call, 1, &[]).await?;
        let film = Film::new(self.audio_ssrc());
        Guest::connect(&answer, &self.credentials, Arc::clone(&self.certificate), film).await
    }

    async fn offer(
        &mut self,
        call: &CallId,
        version: u64,
        others: &[UserId],
    ) -> Result<SessionDescription, Failure> {
        let offerer = Offerer {
            session: u64::from(self.number) + 1,
            version,
            credentials: &self.credentials,
            fingerprint: self.certificate.fingerprint(),
            audio_ssrc: self.audio_ssrc(),
        };
        let offer = offerer.offer(others).into();
        let request = Request::ConnectMedia { call_id: call.clone(), offer };
        let Reply::MediaSdp(answer) = self.line.ask(request).await? else {
            return Err(Failure::server("no answer came to an offer"));
        };
        answer.sdp.parse().map_err(Failure::server)
    }

    const fn audio_ssrc(&self) -> u32 {
        (self.number + 1) * 1_000
    }
}

impl VideoReport {
    fn of(people: u32, measured: Duration, counts: &Counts, cpu: Duration, own: Duration) -> Self {
        let seconds = measured.as_secs_f64();
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
            server_cpu_percent: 100.0 * cpu.as_secs_f64() / seconds,
            server_cpu_us_per_packet_out: 1e6 * cpu.as_secs_f64() / counts.received.max(1) as f64,
            generator_cores: own.as_secs_f64() / seconds,
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
