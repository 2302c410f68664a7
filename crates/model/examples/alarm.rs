//! The smallest machine that follows the contract, and the loop that owns it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use calling_model::Machine;

/// Rings once, some time after it was set.
#[derive(Default)]
struct Alarm {
    due: Option<Instant>,
    outputs: VecDeque<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Ring,
}

impl Machine for Alarm {
    type Input<'a> = Duration;
    type Output = &'static str;
    type Misuse = Infallible;
    type Reason = Reason;

    fn handle_input(&mut self, now: Instant, after: Duration) -> Result<(), Infallible> {
        self.due = Some(now + after);
        self.outputs.push_back("set");
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.due.take_if(|due| *due <= now).is_some() {
            self.outputs.push_back("ring");
        }
    }

    fn poll_output(&mut self) -> Option<&'static str> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Instant, Reason)> {
        self.due.map(|due| (due, Reason::Ring))
    }
}

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "this is the shell")]
fn main() {
    // A real shell sleeps until the deadline; here time is set to it, so that nothing waits.
    let mut now = Instant::now();
    let mut alarm = Alarm::default();
    let Ok(()) = alarm.handle_input(now, Duration::from_secs(3_600));
    loop {
        while let Some(output) = alarm.poll_output() {
            println!("{output}");
        }
        let Some((due, reason)) = alarm.poll_timeout() else { break };
        println!("waiting {:?} to {reason:?}", due - now);
        now = due;
        alarm.handle_timeout(now);
    }
}
