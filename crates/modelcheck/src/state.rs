use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use calling_model::{Endpoint, Machine};
use calling_signaling::calls::Calls;

use crate::Space;
use crate::ledger::Ledger;
use crate::symmetry::{Named, Symmetry};

/// The server and what is known of it outside.
///
/// Two states are the same if their digests are. The digest covers all that the future depends on:
/// the machine but for its rate limiters, which are set never to bite, and its counters; what was
/// seen of the calls; what of the space is used up. Times count from now on, calls by the order in
/// which they were placed, and devices and accounts up to an exchange of one for another: of the
/// digests under all exchanges the smallest stands for all.
#[derive(Clone)]
pub struct State {
    pub(crate) server: Calls,
    pub(crate) symmetry: Arc<Symmetry>,
    pub(crate) now: Instant,
    pub(crate) ledger: Ledger,
    pub(crate) restarts: u8,
    pub(crate) pauses: u8,
    digest: u64,
}

impl State {
    pub(crate) fn new(server: Calls, space: &Space, now: Instant) -> Self {
        let (ledger, symmetry) = (Ledger::default(), Arc::new(Symmetry::of(space)));
        let mut state = Self { server, symmetry, now, ledger, restarts: 0, pauses: 0, digest: 0 };
        state.seal();
        state
    }

    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        self.symmetry.endpoints()
    }

    pub(crate) fn is_present(&self, device: usize) -> bool {
        let endpoint = &self.endpoints()[device];
        self.server.devices_of(&endpoint.user).contains(&endpoint.device)
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.server.poll_timeout().map(|(at, _)| at)
    }

    /// To be called after every change.
    pub(crate) fn seal(&mut self) {
        let as_named = |names: Named<'_>| {
            let mut hasher = DefaultHasher::new();
            self.server.canonical(self.now, &names, &mut hasher);
            self.ledger.canonical(&names, &mut hasher);
            (self.restarts, self.pauses).hash(&mut hasher);
            hasher.finish()
        };
        let digests = self.symmetry.namings(self.ledger.ids()).map(as_named);
        self.digest = digests.min().unwrap_or_default();
    }

    /// What the digest is of, without leaving anything out.
    #[cfg(test)]
    pub(crate) fn exact(&self) -> String {
        let mut text = format!("{:?}{:?}{}{}", self.now, self.ledger, self.restarts, self.pauses);
        self.server.digest(&mut text);
        text
    }

    #[cfg(test)]
    pub(crate) const fn digest(&self) -> u64 {
        self.digest
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.digest.hash(hasher);
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ledger, restarts, pauses, .. } = self;
        write!(f, "{ledger:?} restarts {restarts} pauses {pauses}")
    }
}
