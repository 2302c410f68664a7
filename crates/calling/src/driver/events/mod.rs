//! The way of events from the driver to listeners and streams.

mod queue;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use calling_model::UserId;
use calling_signaling::client::ListenerEvent;
use futures_util::Stream;
use queue::{QueueReader, QueueWriter};
use tokio::runtime::Handle;

use super::views::Views;
use crate::event::TimedEvent;
use crate::listener::{CallingListener, dispatch};
use crate::view::ViewInput;

/// A stream of everything that happens from its creation on. Ends when the `Calling` it is from
/// does.
///
/// While its reader is behind, volume and quality events are dropped (and counted); all others wait
/// for it.
#[derive(Debug)]
pub struct Events(QueueReader);

impl Events {
    /// The next event; `None` after the end. Cancel-safe.
    pub async fn next(&mut self) -> Option<TimedEvent> {
        std::future::poll_fn(|cx| self.0.poll_next(cx)).await
    }

    /// The next event if one waits already.
    pub fn try_next(&mut self) -> Option<TimedEvent> {
        self.0.try_next()
    }

    /// Reads until `wanted` gives something for an event; `None` after the end. Cancel-safe.
    pub async fn find<T>(&mut self, wanted: impl Fn(&ListenerEvent) -> Option<T>) -> Option<T> {
        loop {
            let found = wanted(&self.next().await?.event);
            if found.is_some() {
                return found;
            }
        }
    }

    /// Events dropped because this reader was behind.
    pub fn dropped(&self) -> u64 {
        self.0.dropped()
    }
}

impl Stream for Events {
    type Item = TimedEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<TimedEvent>> {
        self.0.poll_next(cx)
    }
}

/// Who hears what happens: one queue per listener and per stream, and the call window.
#[derive(Debug)]
pub(crate) struct Fanout {
    outlets: Mutex<Outlets>,
    pub(crate) views: Views,
}

#[derive(Debug, Default)]
struct Outlets {
    closed: bool,
    streams: Vec<QueueWriter>,
    listeners: Vec<Heard>,
}

struct Heard {
    listener: Arc<dyn CallingListener>,
    queue: QueueWriter,
}

impl Fanout {
    /// Nobody hears yet what happens to `user`.
    pub(crate) fn new(user: UserId) -> Self {
        Self { outlets: Mutex::default(), views: Views::new(user) }
    }

    /// Tells everybody. Never blocks and never runs anybody else's code.
    pub(crate) fn emit(&self, at: Instant, event: ListenerEvent) {
        let input = ViewInput::Event(event);
        self.views.input(at, &input);
        let ViewInput::Event(event) = input else { return };
        let event = TimedEvent { at, event };
        let mut outlets = self.lock();
        outlets.streams.retain(|queue| queue.push(event.clone()));
        outlets.listeners.retain(|heard| heard.queue.push(event.clone()));
    }

    /// A new stream; already at its end if this is closed.
    pub(crate) fn events(&self) -> Events {
        let (writer, reader) = queue::queue();
        let mut outlets = self.lock();
        if !outlets.closed {
            outlets.streams.push(writer);
        }
        Events(reader)
    }

    /// Calls `listener` from a task of its own, until it is removed. Adding it twice changes
    /// nothing.
    pub(crate) fn add(&self, runtime: &Handle, listener: Arc<dyn CallingListener>) {
        let (queue, reader) = queue::queue();
        {
            let mut outlets = self.lock();
            let known = outlets.listeners.iter().any(|heard| heard.is(&listener));
            if outlets.closed || known {
                return;
            }
            outlets.listeners.push(Heard { listener: Arc::clone(&listener), queue });
        }
        runtime.spawn(listen(listener, Events(reader)));
    }

    /// Takes `listener` out; what waits for it is dropped. A callback under way runs to its end.
    pub(crate) fn remove(&self, listener: &Arc<dyn CallingListener>) {
        self.lock().listeners.retain(|heard| {
            let keep = !heard.is(listener);
            if !keep {
                heard.queue.abandon();
            }
            keep
        });
    }

    /// Events dropped because listeners were behind.
    pub(crate) fn dropped(&self) -> u64 {
        self.lock().listeners.iter().map(|heard| heard.queue.dropped()).sum()
    }

    /// Ends all streams, listener tasks and the view's once they have read what waits for them.
    pub(crate) fn close(&self) {
        self.views.close(Instant::now());
        let mut outlets = self.lock();
        outlets.closed = true;
        outlets.streams.clear();
        outlets.listeners.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Outlets> {
        // Nobody else's code runs while it is held.
        self.outlets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    fn is(&self, listener: &Arc<dyn CallingListener>) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.listener), Arc::as_ptr(listener))
    }
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heard").field("queue", &self.queue).finish_non_exhaustive()
    }
}

async fn listen(listener: Arc<dyn CallingListener>, mut events: Events) {
    while let Some(happened) = events.next().await {
        dispatch(&*listener, &happened.event);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Condvar;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use calling_model::Volume;

    use super::*;

    #[derive(Default)]
    struct Counter {
        kicked: AtomicUsize,
        gate: (Mutex<bool>, Condvar),
    }

    impl CallingListener for Counter {
        fn on_kicked_offline(&self) {
            let open = self.gate.0.lock().unwrap();
            drop(self.gate.1.wait_while(open, |open| !*open).unwrap());
            self.kicked.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn kicked(fanout: &Fanout) {
        fanout.emit(Instant::now(), ListenerEvent::KickedOffline {});
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_stuck_listener_holds_up_nobody() {
        let fanout = Fanout::new(UserId::new("bob").unwrap());
        let stuck = Arc::new(Counter::default());
        fanout.add(&Handle::current(), stuck.clone());
        let mut events = fanout.events();
        for _ in 0..300 {
            kicked(&fanout);
            let volume = ListenerEvent::UserVoiceVolume { volumes: vec![], total: Volume::SILENT };
            fanout.emit(Instant::now(), volume);
        }
        let mut heard = 0;
        while events.try_next().is_some() {
            heard += 1;
        }
        assert!(heard >= 300, "{heard}");
        assert!(fanout.dropped() > 0);
        *stuck.gate.0.lock().unwrap() = true;
        stuck.gate.1.notify_all();
        fanout.close();
        while stuck.kicked.load(Ordering::SeqCst) < 300 {
            tokio::task::yield_now().await;
        }
        assert_eq!(events.next().await, None);
    }

    #[tokio::test]
    async fn a_removed_listener_hears_nothing_more_and_its_task_ends() {
        let fanout = Fanout::new(UserId::new("bob").unwrap());
        let counter = Arc::new(Counter::default());
        *counter.gate.0.lock().unwrap() = true;
        let listener: Arc<dyn CallingListener> = counter.clone();
        fanout.add(&Handle::current(), Arc::clone(&listener));
        fanout.add(&Handle::current(), Arc::clone(&listener));
        kicked(&fanout);
        fanout.remove(&listener);
        kicked(&fanout);
        drop(listener);
        while Arc::strong_count(&counter) > 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(counter.kicked.load(Ordering::SeqCst), 0);
    }
}
