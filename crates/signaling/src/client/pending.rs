use std::collections::BTreeMap;
use std::time::Instant;

use calling_model::CallId;

/// What a request that has not been answered was sent for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To place a call.
    Call,
    /// To answer one.
    Accept(CallId),
    /// To leave, withdraw or decline one.
    Close(CallId),
    /// To hear how one stands.
    GetCall(CallId),
}

/// The requests whose answers matter. There are few at a time: one to place or answer or leave a
/// call, one to ask about it.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    requests: BTreeMap<u64, (Purpose, Instant)>,
}

impl Pending {
    pub(super) fn insert(&mut self, id: u64, purpose: Purpose, until: Instant) {
        self.requests.insert(id, (purpose, until));
    }

    pub(super) fn take(&mut self, id: u64) -> Option<Purpose> {
        self.requests.remove(&id).map(|(purpose, _)| purpose)
    }

    pub(super) fn contains(&self, purpose: &Purpose) -> bool {
        self.requests.values().any(|(pending, _)| pending == purpose)
    }

    /// The connection is gone, and every answer with it.
    pub(super) fn clear(&mut self) {
        self.requests.clear();
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.requests.values().map(|(_, until)| *until).min()
    }

    /// A request whose time is up by `now`.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Purpose> {
        let id = *self.requests.iter().find(|(_, (_, until))| *until <= now)?.0;
        self.take(id)
    }
}
