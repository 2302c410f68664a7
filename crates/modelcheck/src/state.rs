use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use std::sync::Arc;

use calling_model::{Endpoint, Machine};
use calling_signaling::calls::Calls;

use crate::ledger::Ledger;

/// The server and what is known of it outside.
///
/// Two states are the same if their digests are. The digest covers all that the future depends on:
/// the whole of the machine but its rate limiters, which are set never to bite, and its counters;
/// the clock; what of the space is used up; and the source of ids, which is decided by how often
/// the server started and how many calls it placed since. Ids come in the order of the calls and
/// name the time, so the nth call of any history has the same one if it is placed at the same
/// moment. Times are compared as they are rather than
/// relative to now: that merges fewer states than it could, never too many.
#[derive(Clone)]
pub struct State {
    pub(crate) server: Calls,
    pub(crate) endpoints: Arc<[Endpoint]>,
    pub(crate) now: Instant,
    pub(crate) ledger: Ledger,
    pub(crate) restarts: u8,
    pub(crate) pauses: u8,
    /// Calls placed since the last start.
    pub(crate) placed: usize,
    digest: u64,
}

impl State {
    pub(crate) fn new(server: Calls, endpoints: Arc<[Endpoint]>, now: Instant) -> Self {
        let ledger = Ledger::default();
        let mut state =
            Self { server, endpoints, now, ledger, restarts: 0, pauses: 0, placed: 0, digest: 0 };
        state.seal();
        state
    }

    pub(crate) fn is_present(&self, device: usize) -> bool {
        let endpoint = &self.endpoints[device];
        self.server.devices_of(&endpoint.user).contains(&endpoint.device)
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.server.poll_timeout().map(|(at, _)| at)
    }

    /// To be called after every change.
    pub(crate) fn seal(&mut self) {
        let mut hasher = Text(DefaultHasher::new());
        self.server.digest(&mut hasher);
        let mut hasher = hasher.0;
        (self.now, &self.ledger, self.restarts, self.pauses, self.placed).hash(&mut hasher);
        self.digest = hasher.finish();
    }
}

/// Hashes text as it is written.
struct Text(DefaultHasher);

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
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
