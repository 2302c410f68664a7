use std::sync::Arc;

use calling::view::{CallView, CallViewState};
use tokio::sync::watch;

/// What the window has to show.
#[derive(Clone, Debug, Default)]
pub(super) enum Shown {
    /// No call so far.
    #[default]
    Nothing,
    /// A call.
    Open(Arc<CallViewState>),
    /// The call is over.
    Closed(Arc<CallViewState>),
}

impl Shown {
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }
}

/// The library's end of the window: hands the newest snapshot over and never waits.
pub(super) struct TerminalView(pub(super) watch::Sender<Shown>);

impl CallView for TerminalView {
    fn show_incoming(&self, call: Arc<CallViewState>) {
        self.0.send_replace(Shown::Open(call));
    }

    fn show_call(&self, call: Arc<CallViewState>) {
        self.0.send_replace(Shown::Open(call));
    }

    fn update(&self, call: Arc<CallViewState>) {
        self.0.send_replace(Shown::Open(call));
    }

    fn close(&self, call: Arc<CallViewState>) {
        self.0.send_replace(Shown::Closed(call));
    }
}
