//! What a device was told, for it to be told again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use calling_signaling::protocol::{self, Event, EventFrame, ServerFrame};

/// Events kept for one device, for it to be told again.
const MAX_KEPT: usize = 128;

/// Bytes of them.
const MAX_KEPT_BYTES: usize = 64 * 1024;

/// The events of a session: how many there were, and those that may have to be told again.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) last: u64,
    kept: VecDeque<Kept>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    seq: u64,
    at: Instant,
    text: Utf8Bytes,
}

impl Told {
    /// The next event as text, kept for `span` if it is worth something later.
    pub(super) fn next(&mut self, now: Instant, span: Duration, event: Event) -> Utf8Bytes {
        if matches!(event, Event::Volumes { .. }) {
            return protocol::encode(&ServerFrame::from(event)).into();
        }
        self.last += 1;
        let frame = EventFrame { event, seq: Some(self.last) };
        let text = Utf8Bytes::from(protocol::encode(&ServerFrame::Event(frame)));
        self.bytes += text.len();
        self.kept.push_back(Kept { seq: self.last, at: now, text: text.clone() });
        self.forget(|kept, bytes, count| {
            now.saturating_duration_since(kept.at) > span
                || count > MAX_KEPT
                || bytes > MAX_KEPT_BYTES
        });
        text
    }

    /// Whether all events after `last_event` are kept.
    pub(super) fn covers(&self, last_event: u64) -> bool {
        let first = self.kept.front().map_or(self.last + 1, |kept| kept.seq);
        last_event <= self.last && first <= last_event.saturating_add(1)
    }

    /// The events that are kept, in order.
    pub(super) fn kept(&self) -> impl Iterator<Item = &Utf8Bytes> {
        self.kept.iter().map(|kept| &kept.text)
    }

    /// Everything up to `last_event` was heard.
    pub(super) fn heard(&mut self, last_event: u64) {
        self.forget(|kept, _, _| kept.seq <= last_event);
    }

    fn forget(&mut self, is_over: impl Fn(&Kept, usize, usize) -> bool) {
        while let Some(oldest) = self.kept.front()
            && is_over(oldest, self.bytes, self.kept.len())
        {
            self.bytes -= oldest.text.len();
            self.kept.pop_front();
        }
    }
}
