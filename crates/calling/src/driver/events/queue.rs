use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use crate::event::TimedEvent;

/// While more than this many events wait, expendable ones (volume, quality) are dropped.
const EXPENDABLE_BELOW: usize = 64;

/// No queue holds more than this: a reader that far behind is not coming back.
const MOST_EVENTS: usize = 16_384;

/// The way of events to one reader: bounded, never blocking the writer.
#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    reader: AtomicWaker,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<TimedEvent>,
    closed: bool,
}

/// The writing end.
#[derive(Debug)]
pub(crate) struct QueueWriter(Arc<Queue>);

/// The reading end.
#[derive(Debug)]
pub(crate) struct QueueReader(Arc<Queue>);

pub(crate) fn queue() -> (QueueWriter, QueueReader) {
    let queue = Arc::new(Queue::default());
    (QueueWriter(Arc::clone(&queue)), QueueReader(queue))
}

impl QueueWriter {
    /// Appends `event`; `false` if the reader is gone.
    pub(crate) fn push(&self, event: TimedEvent) -> bool {
        {
            let mut state = self.0.lock();
            if state.closed {
                return false;
            }
            let most = if event.is_expendable() { EXPENDABLE_BELOW } else { MOST_EVENTS };
            if state.events.len() >= most {
                self.0.dropped.fetch_add(1, Ordering::Relaxed);
                return true;
            }
            state.events.push_back(event);
        }
        self.0.reader.wake();
        true
    }

    /// Drops what waits, so that the reader's next step is its end.
    pub(crate) fn abandon(&self) {
        self.0.lock().events.clear();
    }

    /// Events dropped because the reader was behind.
    pub(crate) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for QueueWriter {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.reader.wake();
    }
}

impl QueueReader {
    /// The next event; `None` once the writer is gone and all was read.
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<TimedEvent>> {
        self.0.reader.register(cx.waker());
        let mut state = self.0.lock();
        match state.events.pop_front() {
            Some(event) => Poll::Ready(Some(event)),
            None if state.closed => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// The next event if one waits.
    pub(crate) fn try_next(&self) -> Option<TimedEvent> {
        self.0.lock().events.pop_front()
    }

    /// Events dropped because this reader was behind.
    pub(crate) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for QueueReader {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.events.clear();
    }
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing panics while it is held; a poisoned state would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use calling_model::{CallId, GroupId, MediaType, UserId, Volume};
    use calling_signaling::client::ListenerEvent;
    use calling_signaling::protocol::Target;

    use super::*;

    fn volume() -> TimedEvent {
        let event = ListenerEvent::UserVoiceVolume { volumes: vec![], total: Volume::SILENT };
        TimedEvent { at: Instant::now(), event }
    }

    fn kicked() -> TimedEvent {
        TimedEvent { at: Instant::now(), event: ListenerEvent::KickedOffline {} }
    }

    #[test]
    fn a_reader_that_is_behind_misses_volumes_and_nothing_else() {
        let (writer, reader) = queue();
        for _ in 0..1_000 {
            assert!(writer.push(volume()));
        }
        for _ in 0..1_000 {
            assert!(writer.push(kicked()));
        }
        let read: Vec<_> = std::iter::from_fn(|| reader.try_next()).collect();
        let kept = read.iter().filter(|read| !read.is_expendable()).count();
        assert_eq!((read.len() - kept, kept), (EXPENDABLE_BELOW, 1_000));
        assert_eq!(writer.dropped(), 1_000 - EXPENDABLE_BELOW as u64);
    }

    #[test]
    fn a_reader_that_never_comes_costs_bounded_memory() {
        let (writer, reader) = queue();
        for _ in 0..MOST_EVENTS + 10 {
            writer.push(kicked());
        }
        assert_eq!(reader.dropped(), 10);
    }

    #[test]
    fn each_end_learns_that_the_other_is_gone() {
        let (writer, reader) = queue();
        drop(reader);
        assert!(!writer.push(kicked()));
        let (writer, reader) = queue();
        writer.push(kicked());
        drop(writer);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(matches!(reader.poll_next(&mut cx), Poll::Ready(Some(_))));
        assert_eq!(reader.poll_next(&mut cx), Poll::Ready(None));
    }

    /// One event of each kind that a reader may not miss.
    fn lasting() -> Vec<ListenerEvent> {
        let (user, group_id) = (UserId::new("bob").unwrap(), GroupId::new("team").unwrap());
        let call_id = CallId::new("c1").unwrap();
        let conversation = Target::Group(group_id.clone());
        vec![
            ListenerEvent::UserEnter { user: user.clone() },
            ListenerEvent::InviteesChanged { by: user.clone(), user_ids: vec![] },
            ListenerEvent::MediaTypeChanged {
                by: None,
                old: MediaType::Audio,
                new: MediaType::Video,
            },
            ListenerEvent::GroupCallChanged { group_id: group_id.clone(), call: None },
            ListenerEvent::HandledElsewhere { call_id, accepted: true },
            ListenerEvent::MessageRecalled { conversation: conversation.clone(), seq: 1, by: None },
            ListenerEvent::Read { conversation, seq: 2 },
            ListenerEvent::GroupChanged { group_id },
            ListenerEvent::UserLeave { user, reason: 0 },
        ]
    }

    #[test]
    fn what_lasts_is_kept_in_order_however_much_noise_is_between() {
        let (writer, reader) = queue();
        let mut expected = Vec::new();
        for _ in 0..100 {
            for event in lasting() {
                writer.push(volume());
                expected.push(event.clone());
                writer.push(TimedEvent { at: Instant::now(), event });
            }
        }
        let kept = std::iter::from_fn(|| reader.try_next()).filter(|read| !read.is_expendable());
        let kept: Vec<_> = kept.map(|read| read.event).collect();
        assert_eq!(kept, expected);
    }
}
