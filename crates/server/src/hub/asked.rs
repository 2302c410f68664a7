use std::collections::BTreeMap;

use calling_model::CallId;
use calling_signaling::calls::RequestToken;

use super::Session;

/// Who asked, so that the answer finds them.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) session: Session,
    /// The id of the request on that connection.
    pub(super) id: u64,
    /// The call asked about; none yet for one to be placed.
    pub(super) call_id: Option<CallId>,
    /// The name of the request in the protocol.
    pub(super) method: &'static str,
}

/// Requests the call machine has not answered yet. It answers each exactly once, and mostly at
/// once.
#[derive(Debug, Default)]
pub(super) struct Asked {
    next: u64,
    open: BTreeMap<RequestToken, Asker>,
}

impl Asked {
    pub(super) fn token(&mut self, asker: Asker) -> RequestToken {
        let token = self.unasked();
        self.open.insert(token, asker);
        token
    }

    /// A token whose answer nobody waits for.
    pub(super) const fn unasked(&mut self) -> RequestToken {
        self.next += 1;
        RequestToken(self.next)
    }

    pub(super) fn get(&self, token: RequestToken) -> Option<&Asker> {
        self.open.get(&token)
    }

    pub(super) fn take(&mut self, token: RequestToken) -> Option<Asker> {
        self.open.remove(&token)
    }
}
