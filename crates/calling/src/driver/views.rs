//! The way of call snapshots from the driver to the view of the application.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use calling_model::UserId;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::view::{CallView, CallViewState, ViewEvent, ViewInput, ViewModel, ViewQueue};

/// The call as windows show it, and the one view that does.
#[derive(Debug)]
pub(crate) struct Views(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    model: ViewModel,
    view: Option<Arc<Outlet>>,
    /// The application shows windows itself: the view hears nothing.
    custom: bool,
}

/// What waits for one view. Its task ends once it is ended and read.
#[derive(Default)]
struct Outlet {
    waiting: Mutex<Waiting>,
    wake: Notify,
}

#[derive(Default)]
struct Waiting {
    queue: ViewQueue,
    ended: bool,
}

impl Views {
    pub(crate) const fn new(user: UserId) -> Self {
        Self(Mutex::new(Inner { model: ViewModel::new(user), view: None, custom: false }))
    }

    /// Takes in what happened. Never blocks and never runs anybody else's code.
    pub(crate) fn input(&self, at: Instant, input: &ViewInput) {
        let mut inner = self.lock();
        for event in inner.model.apply(at, input) {
            inner.tell(event);
        }
    }

    /// Shows calls by `view` from now on, the running one at once; the view before is closed.
    pub(crate) fn set(&self, runtime: &Handle, view: Arc<dyn CallView>) {
        let outlet = Arc::new(Outlet::default());
        {
            let mut inner = self.lock();
            inner.dismiss();
            inner.view = Some(Arc::clone(&outlet));
            inner.reopen();
        }
        runtime.spawn(serve(view, outlet));
    }

    /// Shows calls no longer.
    pub(crate) fn remove(&self) {
        self.lock().dismiss();
    }

    pub(crate) fn set_custom(&self, custom: bool) {
        let mut inner = self.lock();
        if custom == inner.custom {
            return;
        }
        if custom {
            inner.close();
        }
        inner.custom = custom;
        inner.reopen();
    }

    pub(crate) fn custom(&self) -> bool {
        self.lock().custom
    }

    pub(crate) fn current(&self) -> Option<Arc<CallViewState>> {
        self.lock().model.current().cloned()
    }

    /// Nothing will happen any more: the window closes, and the task of the view ends.
    pub(crate) fn close(&self, at: Instant) {
        self.input(at, &ViewInput::Closed);
        self.remove();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // Nobody else's code runs while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn tell(&self, event: ViewEvent) {
        if let Some(outlet) = self.view.as_ref().filter(|_| !self.custom) {
            outlet.change(|waiting| waiting.queue.push(event));
        }
    }

    /// Opens the window on the running call, if there is one.
    fn reopen(&self) {
        if let Some(event) = self.model.reopened() {
            self.tell(event);
        }
    }

    /// Closes the window on the running call, which goes on.
    fn close(&self) {
        if let Some(call) = self.model.current() {
            self.tell(ViewEvent::Close(Arc::clone(call)));
        }
    }

    fn dismiss(&mut self) {
        self.close();
        if let Some(outlet) = self.view.take() {
            outlet.change(|waiting| waiting.ended = true);
        }
    }
}

impl Outlet {
    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        // As above.
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    /// The next callback; `None` after the end.
    async fn next(&self) -> Option<ViewEvent> {
        loop {
            {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                match waiting.queue.pop() {
                    Some(event) => return Some(event),
                    None if waiting.ended => return None,
                    None => {}
                }
            }
            self.wake.notified().await;
        }
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

async fn serve(view: Arc<dyn CallView>, outlet: Arc<Outlet>) {
    while let Some(event) = outlet.next().await {
        match event {
            ViewEvent::ShowIncoming(call) => view.show_incoming(call),
            ViewEvent::ShowCall(call) => view.show_call(call),
            ViewEvent::Update(call) => view.update(call),
            ViewEvent::Close(call) => view.close(call),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Condvar;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use calling_model::{CallId, MediaType};
    use calling_signaling::client::ListenerEvent;

    use super::*;

    /// A view that stands still until its gate opens.
    #[derive(Default)]
    struct Slow {
        gate: (Mutex<bool>, Condvar),
        entered: AtomicUsize,
        told: Mutex<Vec<String>>,
    }

    impl Slow {
        fn take(&self, what: &str, call: &CallViewState) {
            self.entered.fetch_add(1, Ordering::SeqCst);
            let open = self.gate.0.lock().unwrap();
            drop(self.gate.1.wait_while(open, |open| !*open).unwrap());
            self.told.lock().unwrap().push(format!("{what} {}", call.call_id.as_str()));
        }
    }

    impl CallView for Slow {
        fn show_incoming(&self, call: Arc<CallViewState>) {
            self.take("incoming", &call);
        }

        fn show_call(&self, call: Arc<CallViewState>) {
            self.take("call", &call);
        }

        fn update(&self, call: Arc<CallViewState>) {
            self.take(&format!("update to {}", call.members.len()), &call);
        }

        fn close(&self, call: Arc<CallViewState>) {
            self.take("close", &call);
        }
    }

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn invited(id: &str) -> ListenerEvent {
        ListenerEvent::Invited {
            call_id: CallId::new(id).unwrap(),
            sponsor: user("alice"),
            user_ids: vec![],
            is_from_group: false,
            group_id: None,
            call_type: MediaType::Audio,
            user_data: String::new(),
            remaining_ms: 30_000,
            in_call: Vec::new(),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_slow_view_gets_the_newest_in_order_and_holds_up_nobody() {
        let views = Views::new(user("bob"));
        let now = Instant::now();
        let happen = |event| views.input(now, &ViewInput::Event(event));
        let view = Arc::new(Slow::default());
        views.set(&Handle::current(), Arc::clone(&view) as Arc<dyn CallView>);
        happen(invited("c1"));
        while view.entered.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        for number in 0..500 {
            happen(ListenerEvent::UserEnter { user: user(&format!("u{number}")) });
        }
        happen(ListenerEvent::CallingCancel { user: user("alice") });
        happen(invited("c2"));
        happen(ListenerEvent::CallingCancel { user: user("alice") });
        happen(invited("c3"));
        happen(ListenerEvent::UserEnter { user: user("carol") });
        views.close(now);
        *view.gate.0.lock().unwrap() = true;
        view.gate.1.notify_all();
        while Arc::strong_count(&view) > 1 {
            tokio::task::yield_now().await;
        }
        // The second call came and went, and the third was over, before the view looked.
        assert_eq!(*view.told.lock().unwrap(), ["incoming c1", "close c1"]);
    }
}
