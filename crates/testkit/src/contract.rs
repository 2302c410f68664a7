use std::time::Instant;

use calling_model::Machine;

/// What one complete drain of a machine gave.
#[derive(Debug)]
pub struct Drained<M: Machine> {
    /// Outputs, oldest first.
    pub outputs: Vec<M::Output>,
    /// The deadline after the drain.
    pub timeout: Option<(Instant, M::Reason)>,
}

/// Outputs one mutation may give before it counts as a machine that never falls silent.
const MOST_OUTPUTS: usize = 100_000;

/// Drains `machine` as its owner must after each mutation.
///
/// # Panics
/// If the machine breaks the contract: it does not fall silent, or `poll_timeout` is not stable.
pub fn drain<M: Machine>(machine: &mut M) -> Drained<M> {
    let mut outputs = Vec::new();
    while let Some(output) = machine.poll_output() {
        outputs.push(output);
        assert!(outputs.len() <= MOST_OUTPUTS, "the machine never falls silent");
    }
    let timeout = machine.poll_timeout();
    assert_eq!(timeout, machine.poll_timeout(), "poll_timeout changed without a mutation");
    Drained { outputs, timeout }
}

impl<M: Machine> Drained<M> {
    /// Fires `machine`'s timers up to `now` one deadline at a time, draining after each.
    ///
    /// # Panics
    /// If a drained timeout leaves a deadline that is not later than the time it was given.
    pub fn run_until(mut self, machine: &mut M, now: Instant) -> Self {
        while let Some((due, reason)) = self.timeout.filter(|(due, _)| *due <= now) {
            machine.handle_timeout(due);
            let next = drain(machine);
            if let Some((at, _)) = next.timeout {
                assert!(at > due, "deadline {reason:?} was handled but is still due");
            }
            self.outputs.extend(next.outputs);
            self.timeout = next.timeout;
        }
        self
    }
}
