use std::fmt::Debug;
use std::time::Instant;

/// The one contract every machine of this workspace follows.
///
/// A machine is pure: time, randomness and bytes come in through arguments, everything it wants
/// done comes out as values. After each mutation its owner drains [`poll_output`] until `None`,
/// then reads [`poll_timeout`].
///
/// * `poll_timeout` is O(1).
/// * A spurious `handle_timeout` is a no-op.
/// * After a drained timeout the next deadline is later than the `now` that was given.
///
/// [`poll_output`]: Machine::poll_output
/// [`poll_timeout`]: Machine::poll_timeout
pub trait Machine {
    /// What happens to the machine.
    type Input<'a>;
    /// What the machine wants done.
    type Output;
    /// The caller's mistake, told so that it can be corrected. Never raised by network input.
    type Misuse;
    /// Why a deadline exists.
    type Reason: Copy + Debug + Eq;

    /// Applies one input at `now`.
    ///
    /// # Errors
    /// Misuse of the API. What comes from the network is counted, never an error.
    fn handle_input(&mut self, now: Instant, input: Self::Input<'_>) -> Result<(), Self::Misuse>;

    /// Applies the passing of time up to `now`.
    fn handle_timeout(&mut self, now: Instant);

    /// The next thing to do, oldest first; `None` once drained.
    fn poll_output(&mut self) -> Option<Self::Output>;

    /// The earliest deadline and why it exists; `None` if the machine waits for input alone.
    fn poll_timeout(&self) -> Option<(Instant, Self::Reason)>;
}
