//! A machine owned as its contract demands, in virtual time: a metronome for one second.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use calling_model::Machine;
use calling_testkit::{drain, epoch};

const PERIOD: Duration = Duration::from_millis(250);

#[derive(Default)]
struct Metronome {
    next: Option<Instant>,
    ticks: u32,
    told: u32,
}

impl Machine for Metronome {
    type Input<'a> = ();
    type Output = u32;
    type Misuse = Infallible;
    type Reason = &'static str;

    fn handle_input(&mut self, now: Instant, (): ()) -> Result<(), Infallible> {
        self.next = Some(now + PERIOD);
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        while let Some(due) = self.next.filter(|due| *due <= now) {
            self.ticks += 1;
            self.next = Some(due + PERIOD);
        }
    }

    fn poll_output(&mut self) -> Option<u32> {
        (self.told < self.ticks).then(|| {
            self.told += 1;
            self.told
        })
    }

    fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.next.map(|due| (due, "tick"))
    }
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() {
    let mut metronome = Metronome::default();
    let Ok(()) = metronome.handle_input(epoch(), ());
    let drained = drain(&mut metronome).run_until(&mut metronome, epoch() + Duration::from_secs(1));
    println!("ticks in a second of virtual time: {:?}", drained.outputs);
    assert_eq!(drained.outputs, [1, 2, 3, 4]);
}
