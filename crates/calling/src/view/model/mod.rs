//! From what happens on a device to the callbacks of its call window.

mod event;
mod open;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use calling_model::{CallId, UserId};
use calling_signaling::client::ListenerEvent;

use super::members::Names;
use super::state::{CallViewState, ViewEnd};
use crate::state::CallState;
use open::{End, Open};

/// What a call window is made of, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum ViewInput {
    /// What listeners hear.
    Event(ListenerEvent),
    /// Where this device stands; tells of calls placed here and of the microphone.
    State(CallState),
    /// The user accepts the incoming call.
    Accepting,
    /// The accept failed.
    AcceptFailed,
    /// The own camera is, or is not, sent.
    Camera(bool),
    /// What to call somebody; empty for their account.
    DisplayName {
        /// Whom.
        user: UserId,
        /// What.
        name: String,
    },
    /// Nothing will happen any more: this device is signed out.
    Closed,
}

/// One callback of a [`CallView`](super::CallView).
#[derive(Clone, Debug, PartialEq)]
pub enum ViewEvent {
    /// [`CallView::show_incoming`](super::CallView::show_incoming).
    ShowIncoming(Arc<CallViewState>),
    /// [`CallView::show_call`](super::CallView::show_call).
    ShowCall(Arc<CallViewState>),
    /// [`CallView::update`](super::CallView::update).
    Update(Arc<CallViewState>),
    /// [`CallView::close`](super::CallView::close).
    Close(Arc<CallViewState>),
}

impl ViewEvent {
    /// The call it shows.
    pub const fn call(&self) -> &Arc<CallViewState> {
        match self {
            Self::ShowIncoming(call)
            | Self::ShowCall(call)
            | Self::Update(call)
            | Self::Close(call) => call,
        }
    }

    /// Whether it closes the window.
    pub const fn is_close(&self) -> bool {
        matches!(self, Self::Close(_))
    }

    /// Shows `call` instead.
    pub(super) fn refresh(&mut self, call: Arc<CallViewState>) {
        match self {
            Self::ShowIncoming(shown)
            | Self::ShowCall(shown)
            | Self::Update(shown)
            | Self::Close(shown) => *shown = call,
        }
    }
}

/// Turns what happens on a device into the callbacks of its call window. A pure function of its
/// inputs and the times it is told; it never waits, so it has no deadlines.
///
/// For every sequence of inputs: the callbacks of a call are bracketed by a show and one close, no
/// two calls are open at once, nobody is listed twice, and an input that changes nothing gives
/// nothing.
#[derive(Clone, Debug)]
pub struct ViewModel {
    user: UserId,
    names: Names,
    muted: bool,
    camera_on: bool,
    open: Option<Open>,
    /// The last call that was shown to its end; what is still heard of it is stale.
    over: Option<CallId>,
}

impl ViewModel {
    /// The model of a device of `user`, in no call.
    pub const fn new(user: UserId) -> Self {
        let names = Names::new();
        Self { user, names, muted: false, camera_on: false, open: None, over: None }
    }

    /// Takes one input in; the callbacks it leads to, in order.
    pub fn apply(&mut self, at: Instant, input: &ViewInput) -> Vec<ViewEvent> {
        let mut events = Vec::new();
        match input {
            ViewInput::Event(event) => self.event(at, event, &mut events),
            ViewInput::State(state) => self.state(at, state, &mut events),
            ViewInput::Accepting => self.accepting(true),
            ViewInput::AcceptFailed => self.accepting(false),
            ViewInput::Camera(on) => self.camera_on = *on,
            ViewInput::DisplayName { user, name } => self.name(user, name),
            ViewInput::Closed => self.end(at, End::by_itself(ViewEnd::SignedOut), &mut events),
        }
        self.show(&mut events);
        events
    }

    /// The call as it is shown now; `None` when there is none.
    pub fn current(&self) -> Option<&Arc<CallViewState>> {
        self.open.as_ref().and_then(|open| open.shown.as_ref())
    }

    /// The callback that opens a window on the call as it is now.
    pub fn reopened(&self) -> Option<ViewEvent> {
        let open = self.open.as_ref()?;
        let call = Arc::clone(open.shown.as_ref()?);
        Some(if open.rings_here {
            ViewEvent::ShowIncoming(call)
        } else {
            ViewEvent::ShowCall(call)
        })
    }

    fn accepting(&mut self, accepting: bool) {
        if let Some(open) = &mut self.open {
            open.accepting = accepting;
        }
    }

    /// Tells what has changed since it was told last.
    fn show(&mut self, events: &mut Vec<ViewEvent>) {
        if let Some(open) = &mut self.open {
            events.extend(open.show(self.muted, self.camera_on));
        }
    }

    fn name(&mut self, user: &UserId, name: &str) {
        if self.names.set(user, name)
            && let Some(open) = &mut self.open
        {
            open.members.rename(&self.names, user);
        }
    }
}
