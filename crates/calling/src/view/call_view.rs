use std::sync::Arc;

use super::state::CallViewState;

/// A call window: shown when a call comes in or is placed, told of every change, closed with the
/// call. `Calling::set_view` takes one.
///
/// Each call is told as `show_incoming` and then, once answered, `show_call` (a call placed here:
/// `show_call` at once); any number of `update`s; exactly one `close`. A view never has two calls
/// open. Each callback brings the whole call as an immutable snapshot, so that a view needs no
/// memory of its own, keeps what it wants of it, and draws time from
/// [`CallViewState::elapsed`] and [`CallViewState::rings_for`].
///
/// The view has a task of its own: callbacks come in order, one at a time, never under a lock, and
/// delay neither the call nor listeners. While the view is behind, what waits for it is merged: it
/// gets the newest snapshot, misses those in between, and does not hear at all of a call that came
/// and went meanwhile. At most two callbacks ever wait.
///
/// To answer from a callback, spawn a task that does.
///
/// ```
/// use std::sync::Arc;
///
/// use calling::view::{CallPhase, CallView, CallViewState};
///
/// /// A window of one line.
/// struct Line;
///
/// impl Line {
///     fn draw(&self, call: &CallViewState) {
///         let names: Vec<_> = call.others().map(|member| &*member.display_name).collect();
///         println!("{} · {:?} · {:?}", names.join(", "), call.phase, call.elapsed(std::time::Instant::now()));
///     }
/// }
///
/// impl CallView for Line {
///     fn show_incoming(&self, call: Arc<CallViewState>) {
///         self.draw(&call);
///     }
///     fn show_call(&self, call: Arc<CallViewState>) {
///         self.draw(&call);
///     }
///     fn update(&self, call: Arc<CallViewState>) {
///         self.draw(&call);
///     }
///     fn close(&self, call: Arc<CallViewState>) {
///         if let CallPhase::Ended { end, .. } = &call.phase {
///             println!("over: {end:?}");
///         }
///     }
/// }
///
/// # #[cfg(feature = "tokio")]
/// # fn shown(calling: &calling::Calling) {
/// calling.set_view(Arc::new(Line));
/// # }
/// ```
pub trait CallView: Send + Sync {
    /// A call comes in: offer to accept or decline it. Comes again for a call that could not be
    /// answered and still rings.
    fn show_incoming(&self, call: Arc<CallViewState>);

    /// A call was placed here, or the incoming one is being answered.
    fn show_call(&self, call: Arc<CallViewState>);

    /// The call shown has changed.
    fn update(&self, call: Arc<CallViewState>);

    /// Take the window away. The call is over (its phase is
    /// [`CallPhase::Ended`](super::CallPhase::Ended)), or it goes on and this view is to show it
    /// no longer: another one was set, or custom views were enabled.
    fn close(&self, call: Arc<CallViewState>);
}
