use std::collections::BTreeMap;
use std::time::Instant;

use calling_model::{CallId, MediaType};

use super::CommandToken;

/// What a request that has not been answered was sent for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To place a call, or to join one.
    Call,
    /// To answer one.
    Accept(CallId),
    /// To leave, withdraw or decline one.
    Close(CallId),
    /// To hear how one stands.
    GetCall(CallId),
    /// To ring more people.
    Invite(CommandToken, CallId),
    /// To give the call another medium.
    Switch(CommandToken, CallId, MediaType),
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
    pub(super) fn clear(&mut self) -> impl Iterator<Item = Purpose> + use<> {
        std::mem::take(&mut self.requests).into_values().map(|(purpose, _)| purpose)
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
