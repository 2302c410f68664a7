use std::collections::VecDeque;

use calling_model::CallId;

use super::model::ViewEvent;

/// What waits for a view that is behind, merged: never more than two callbacks, that is the close
/// of the call the view has open and the show of the next.
#[derive(Clone, Debug, Default)]
pub struct ViewQueue {
    waiting: VecDeque<ViewEvent>,
    /// The call the view has open, by what was taken from here.
    open: Option<CallId>,
    merged: u64,
}

impl ViewQueue {
    /// Appends `event`, merged with what waits of the same call: a newer snapshot takes the place
    /// of an older one, and a call whose show still waits when it closes is not told at all.
    pub fn push(&mut self, event: ViewEvent) {
        let call_id = event.call().call_id.clone();
        match event {
            ViewEvent::Update(call) => match self.waiting.back_mut() {
                Some(last) if last.call().call_id == call_id && !last.is_close() => {
                    last.refresh(call);
                    self.merged += 1;
                }
                Some(_) | None => self.waiting.push_back(ViewEvent::Update(call)),
            },
            ViewEvent::ShowIncoming(_) | ViewEvent::ShowCall(_) => {
                self.forget(&call_id);
                self.waiting.push_back(event);
            }
            ViewEvent::Close(_) => {
                self.forget(&call_id);
                // An id that comes back may be closing already.
                let closing = self.waiting.iter().any(ViewEvent::is_close);
                if self.open.as_ref() == Some(&call_id) && !closing {
                    self.waiting.push_back(event);
                } else {
                    self.merged += 1;
                }
            }
        }
    }

    /// The next callback to make.
    pub fn pop(&mut self) -> Option<ViewEvent> {
        let event = self.waiting.pop_front()?;
        match &event {
            ViewEvent::ShowIncoming(call) | ViewEvent::ShowCall(call) => {
                self.open = Some(call.call_id.clone());
            }
            ViewEvent::Update(_) => {}
            ViewEvent::Close(_) => self.open = None,
        }
        Some(event)
    }

    /// How many callbacks wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Callbacks that were merged into others because the view was behind.
    pub const fn merged(&self) -> u64 {
        self.merged
    }

    /// Drops what waits of a call and is not its close.
    fn forget(&mut self, call_id: &CallId) {
        let before = self.waiting.len();
        self.waiting.retain(|event| event.is_close() || event.call().call_id != *call_id);
        self.merged += (before - self.waiting.len()) as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use calling_model::{MediaType, UserId};
    use calling_signaling::client::ListenerEvent;
    use calling_testkit::epoch;

    use super::super::model::{ViewInput, ViewModel};
    use super::super::state::CallViewState;
    use super::*;

    /// A call of alice, its ring ending `version` milliseconds from the beginning.
    fn snapshot(id: &str, version: u64) -> Arc<CallViewState> {
        let invited = ListenerEvent::Invited {
            call_id: CallId::new(id).unwrap(),
            sponsor: UserId::new("alice").unwrap(),
            user_ids: vec![],
            is_from_group: false,
            group_id: None,
            call_type: MediaType::Audio,
            user_data: String::new(),
            remaining_ms: u32::try_from(version).unwrap(),
            in_call: Vec::new(),
        };
        let mut model = ViewModel::new(UserId::new("bob").unwrap());
        let events = model.apply(epoch(), &ViewInput::Event(invited));
        Arc::clone(events[0].call())
    }

    fn told(queue: &mut ViewQueue) -> Vec<String> {
        let version =
            |call: &CallViewState| call.rings_for(epoch()).unwrap_or(Duration::ZERO).as_millis();
        let words = |event: ViewEvent| {
            let what = match &event {
                ViewEvent::ShowIncoming(_) => "incoming",
                ViewEvent::ShowCall(_) => "call",
                ViewEvent::Update(_) => "update",
                ViewEvent::Close(_) => "close",
            };
            let call = event.call();
            format!("{what} {} {}", call.call_id.as_str(), version(call))
        };
        std::iter::from_fn(|| queue.pop()).map(words).collect()
    }

    #[test]
    fn a_view_that_keeps_up_hears_everything() {
        let mut queue = ViewQueue::default();
        let mut heard = Vec::new();
        for event in [
            ViewEvent::ShowIncoming(snapshot("a", 1)),
            ViewEvent::Update(snapshot("a", 2)),
            ViewEvent::ShowCall(snapshot("a", 3)),
            ViewEvent::Close(snapshot("a", 4)),
        ] {
            queue.push(event);
            heard.extend(told(&mut queue));
        }
        assert_eq!(heard, ["incoming a 1", "update a 2", "call a 3", "close a 4"]);
        assert_eq!(queue.merged(), 0);
    }

    #[test]
    fn a_view_that_is_behind_gets_the_newest_of_each_call() {
        let mut queue = ViewQueue::default();
        queue.push(ViewEvent::ShowIncoming(snapshot("a", 1)));
        told(&mut queue);
        for version in 2..100 {
            queue.push(ViewEvent::Update(snapshot("a", version)));
        }
        queue.push(ViewEvent::ShowCall(snapshot("a", 100)));
        queue.push(ViewEvent::Update(snapshot("a", 101)));
        assert_eq!((queue.len(), queue.merged()), (1, 99));
        queue.push(ViewEvent::Close(snapshot("a", 102)));
        queue.push(ViewEvent::ShowIncoming(snapshot("b", 1)));
        queue.push(ViewEvent::Update(snapshot("b", 2)));
        assert_eq!(told(&mut queue), ["close a 102", "incoming b 2"]);
    }

    #[test]
    fn a_call_that_came_and_went_meanwhile_is_not_told() {
        let mut queue = ViewQueue::default();
        for id in ["a", "b", "c"] {
            queue.push(ViewEvent::ShowIncoming(snapshot(id, 1)));
            queue.push(ViewEvent::Close(snapshot(id, 2)));
        }
        assert!(queue.is_empty());
        assert_eq!(queue.merged(), 6);
    }
}
