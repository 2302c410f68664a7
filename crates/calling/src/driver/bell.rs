//! Rings while a call comes in.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use calling_model::CallId;
use calling_signaling::call::CallFacts;
use calling_signaling::client::ClientPhase;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::bell::CallingBell;
use crate::state::CallState;

/// The bell, if there is one, and whether it is to be silent.
pub(super) struct Bell {
    muted: watch::Sender<bool>,
    ringing: Mutex<Option<DropGuard>>,
}

impl Bell {
    pub(super) fn new() -> Self {
        Self { muted: watch::Sender::new(false), ringing: Mutex::default() }
    }

    /// Rings `bell` from now on in place of the one before, which falls silent.
    pub(super) fn set(
        &self,
        runtime: &Handle,
        state: watch::Receiver<CallState>,
        bell: Option<Arc<dyn CallingBell>>,
    ) {
        let stop = CancellationToken::new();
        let guard = bell.map(|bell| {
            runtime.spawn(follow(bell, state, self.muted.subscribe(), stop.clone()));
            stop.drop_guard()
        });
        *self.ringing.lock().unwrap_or_else(PoisonError::into_inner) = guard;
    }

    pub(super) fn mute(&self, muted: bool) {
        self.muted.send_replace(muted);
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bell").field("muted", &*self.muted.borrow()).finish_non_exhaustive()
    }
}

/// Rings and silences until `stop`, or until this device is signed out.
async fn follow(
    bell: Arc<dyn CallingBell>,
    mut state: watch::Receiver<CallState>,
    mut muted: watch::Receiver<bool>,
    stop: CancellationToken,
) {
    let mut rung: Option<CallId> = None;
    loop {
        let silent = *muted.borrow_and_update();
        let incoming = incoming(&state.borrow_and_update()).filter(|_| !silent);
        let due = incoming.as_ref().map(|call| call.call_id.clone());
        if due != rung {
            if rung.is_some() {
                bell.silence();
            }
            if let Some(call) = &incoming {
                bell.ring(call);
            }
            rung = due;
        }
        let goes_on = tokio::select! {
            () = stop.cancelled() => false,
            changed = state.changed() => changed.is_ok(),
            changed = muted.changed() => changed.is_ok(),
        };
        if !goes_on {
            break;
        }
    }
    if rung.is_some() {
        bell.silence();
    }
}

fn incoming(state: &CallState) -> Option<CallFacts> {
    state.call.clone().filter(|_| state.phase == ClientPhase::Incoming)
}
