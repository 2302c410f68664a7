use calling_signaling::call::CallFacts;

/// What rings while a call comes in; see
/// [`Calling::set_calling_bell`](crate::Calling::set_calling_bell).
///
/// Both run on a task of their own, one at a time and in turns, and should return soon: start or
/// stop a player and let it play elsewhere.
pub trait CallingBell: Send + Sync {
    /// A call comes in: begin to ring.
    fn ring(&self, call: &CallFacts);

    /// It was answered, declined or withdrawn, or rang too long, or is to be silent: stop.
    fn silence(&self);
}
