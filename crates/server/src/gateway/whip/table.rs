use std::collections::{BTreeMap, btree_map};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use calling_model::{CallId, UserId};
use tokio::sync::mpsc;

use super::Kind;
use super::refusal::Refusal;
use super::resource::Order;

/// Orders that may wait for one session; requests wait beyond that.
const ORDERS: usize = 8;

/// All sessions there are.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    max: usize,
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    entries: BTreeMap<Box<str>, Entry>,
    /// The call that an account has sessions of a kind in, and how many: one, and while it is
    /// replaced another.
    calls: BTreeMap<(UserId, Kind), (CallId, usize)>,
}

#[derive(Clone, Debug)]
struct Entry {
    subject: Subject,
    orders: mpsc::Sender<Order>,
}

/// What a session is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) kind: Kind,
    pub(super) call_id: CallId,
    pub(super) user: UserId,
}

/// A session's place in the table; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    sessions: Sessions,
    /// 128 random bits: who does not know it cannot guess it.
    pub(super) id: Box<str>,
    pub(super) orders: mpsc::Receiver<Order>,
}

impl Sessions {
    pub(super) fn new(max: usize) -> Self {
        Self { max, table: Arc::default() }
    }

    /// Takes a place for a new session.
    pub(super) fn open(&self, subject: Subject) -> Result<Place, Refusal> {
        let mut table = self.lock();
        let key = (subject.user.clone(), subject.kind);
        if table.calls.get(&key).is_some_and(|(call_id, _)| *call_id != subject.call_id) {
            let sentence = "this account has a session in another call; delete it first";
            return Err(Refusal::new(StatusCode::CONFLICT, sentence));
        }
        if table.entries.len() >= self.max {
            let sentence = "the server has no room for more sessions";
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, sentence).later(5));
        }
        let id: Box<str> = format!("{:032x}", rand::random::<u128>()).into();
        let (orders, queue) = mpsc::channel(ORDERS);
        table.calls.entry(key).or_insert_with(|| (subject.call_id.clone(), 0)).1 += 1;
        table.entries.insert(id.clone(), Entry { subject, orders });
        Ok(Place { sessions: self.clone(), id, orders: queue })
    }

    /// The way to a session, for whom it is of.
    pub(super) fn find(&self, id: &str, subject: &Subject) -> Result<mpsc::Sender<Order>, Refusal> {
        let table = self.lock();
        let entry = table.entries.get(id).ok_or_else(Refusal::no_session)?;
        let Subject { kind, call_id, user } = &entry.subject;
        if (*kind, call_id) != (subject.kind, &subject.call_id) {
            return Err(Refusal::no_session());
        }
        if *user != subject.user {
            let sentence = "the session is another account's";
            return Err(Refusal::new(StatusCode::FORBIDDEN, sentence));
        }
        Ok(entry.orders.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table stays usable whatever happened to the thread that held it.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.sessions.lock();
        let Some(Entry { subject, .. }) = table.entries.remove(&self.id) else { return };
        if let btree_map::Entry::Occupied(mut call) =
            table.calls.entry((subject.user, subject.kind))
        {
            call.get_mut().1 -= 1;
            if call.get().1 == 0 {
                call.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(kind: Kind, call: char, user: &str) -> Subject {
        let call_id = call.to_string().repeat(32).parse().unwrap();
        Subject { kind, call_id, user: UserId::new(user).unwrap() }
    }

    fn status(result: Result<impl Sized, Refusal>) -> u16 {
        use axum::response::IntoResponse as _;
        result.map(|_| ()).unwrap_err().into_response().status().as_u16()
    }

    #[test]
    fn ten_thousand_sessions_and_not_one_more() {
        let sessions = Sessions::new(10_000);
        let open =
            |number: usize| sessions.open(subject(Kind::Publish, 'a', &format!("user{number}")));
        let mut places: Vec<Place> = (0..10_000).map(|number| open(number).unwrap()).collect();
        for number in 10_000..20_000 {
            assert_eq!(status(open(number)), 503);
        }
        assert_eq!(sessions.lock().entries.len(), 10_000);
        places.pop();
        open(20_000).unwrap();
        drop(places);
        let table = sessions.lock();
        let nothing = table.entries.is_empty() && table.calls.is_empty();
        assert!(nothing, "nothing is remembered of ended ones");
    }

    #[test]
    fn a_session_is_found_by_whom_it_is_of_alone() {
        let sessions = Sessions::new(4);
        let hers = subject(Kind::Publish, 'a', "alice");
        let place = sessions.open(hers.clone()).unwrap();
        assert_eq!(place.id.len(), 32);
        sessions.find(&place.id, &hers).unwrap();
        assert_eq!(status(sessions.find(&place.id, &subject(Kind::Publish, 'a', "bob"))), 403);
        assert_eq!(status(sessions.find(&place.id, &subject(Kind::Receive, 'a', "alice"))), 404);
        assert_eq!(status(sessions.find(&place.id, &subject(Kind::Publish, 'b', "alice"))), 404);
        assert_eq!(status(sessions.find(&"0".repeat(32), &hers)), 404);
        let id = place.id.clone();
        drop(place);
        assert_eq!(status(sessions.find(&id, &hers)), 404);
    }

    #[test]
    fn an_account_has_one_session_of_a_kind_in_one_call() {
        let sessions = Sessions::new(4);
        let _place = sessions.open(subject(Kind::Publish, 'a', "alice")).unwrap();
        assert_eq!(status(sessions.open(subject(Kind::Publish, 'b', "alice"))), 409);
        // In the same call it takes the place of the older one.
        sessions.open(subject(Kind::Publish, 'a', "alice")).unwrap();
    }
}
