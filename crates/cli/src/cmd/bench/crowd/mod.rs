//! Guests of calls at a server process: each has a line of its own, a real media connection, and
//! sends or only listens.

mod film;
mod guest;
mod late;
mod offer;
mod seat;

use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::{MediaType, UserId};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub(super) use self::film::{BITRATES, FPS, Sends};
pub(super) use self::guest::Counts;
use self::late::Lateness;
use self::seat::Seat;
use super::child::Child;
use super::cpu::Used;
use crate::exit::Failure;
use crate::keys::user_id;

const WARM_UP: Duration = Duration::from_secs(2);

/// Who is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Calls, each of its own people.
    pub(super) rooms: u32,
    /// People of each who send and see each other.
    pub(super) publishers: u32,
    /// People of each who only see those.
    pub(super) subscribers: u32,
    pub(super) sends: Sends,
}

/// What a server did with a crowd.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) seconds: f64,
    pub(super) counts: Counts,
    /// From the sealing of a packet to its opening by a receiver: 50, 90, 99 and 100 % of them
    /// were not later.
    pub(super) late: [Duration; 4],
    /// How late senders were with what they had to send: 99 % of it was not later.
    pub(super) behind: Duration,
    pub(super) cpu: Used,
    pub(super) server_rss_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    WarmingUp,
    Measuring,
    Over,
}

/// What all guests share.
#[derive(Clone, Debug)]
struct Common {
    shape: Shape,
    phase: watch::Receiver<Phase>,
    ready: mpsc::Sender<()>,
    began: Instant,
    late: Arc<Lateness>,
    behind: Arc<Lateness>,
}

/// Has a crowd talk for `seconds`.
pub(super) async fn measure(
    server: &Child,
    shape: Shape,
    seconds: u32,
) -> Result<Measured, Failure> {
    let (tell, phase) = watch::channel(Phase::WarmingUp);
    let (ready, mut waiting) = mpsc::channel(64);
    let (late, behind) = (Arc::new(Lateness::new()), Arc::new(Lateness::new()));
    let began = Instant::now();
    let common =
        Common { shape, phase, ready, began, late: Arc::clone(&late), behind: Arc::clone(&behind) };
    let mut guests = JoinSet::new();
    for room in 0..shape.rooms {
        for seat in Seat::take_all(server, room, &common).await? {
            guests.spawn(seat.attend());
        }
    }
    drop(common);
    until_all_are_ready(&mut guests, &mut waiting).await?;
    tokio::time::sleep(WARM_UP).await;
    let before = Used::now(server)?;
    let _ = tell.send(Phase::Measuring);
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(seconds.max(1).into())).await;
    let measured = began.elapsed();
    let cpu = Used::now(server)?.since(before);
    let server_rss_bytes = server.rss_bytes()?;
    let _ = tell.send(Phase::Over);
    let mut counts = Counts::default();
    while let Some(guest) = guests.join_next().await {
        counts = counts.plus(guest.map_err(Failure::internal)??);
    }
    Ok(Measured {
        seconds: measured.as_secs_f64(),
        counts,
        late: [0.5, 0.9, 0.99, 1.0].map(|share| late.at(share)),
        behind: behind.at(0.99),
        cpu,
        server_rss_bytes,
    })
}

/// Waits until every guest sees all it is to see; fails with the first that cannot.
async fn until_all_are_ready(
    guests: &mut JoinSet<Result<Counts, Failure>>,
    waiting: &mut mpsc::Receiver<()>,
) -> Result<(), Failure> {
    for _ in 0..guests.len() {
        tokio::select! {
            biased;
            Some(()) = waiting.recv() => {}
            ended = guests.join_next() => {
                ended.transpose().map_err(Failure::internal)?.transpose()?;
                return Err(Failure::internal("a guest left before the others came"));
            }
        }
    }
    Ok(())
}

impl Shape {
    pub(super) const fn people(&self) -> u32 {
        self.publishers + self.subscribers
    }

    const fn media_type(&self) -> MediaType {
        match self.sends {
            Sends::Sound => MediaType::Audio,
            Sends::Picture(_) | Sends::AllSizes => MediaType::Video,
        }
    }

    fn user(room: u32, number: u32) -> Result<UserId, Failure> {
        user_id(&format!("guest-{room}-{number}"))
    }
}
