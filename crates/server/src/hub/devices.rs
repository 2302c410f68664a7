use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use calling_model::{DeviceId, Endpoint, UserId};
use calling_signaling::protocol::{self, Event, EventFrame, ServerFrame};

use super::{Session, SessionId};
use crate::gateway::{Closing, Outbox, Pushed};

/// Events kept for one device, for it to be told again.
const MAX_KEPT: usize = 128;

/// Bytes of them.
const MAX_KEPT_BYTES: usize = 64 * 1024;

/// Devices whose connection is lost and whose session is kept.
const MAX_ABSENT: usize = 4_096;

/// The signed-in devices and how to reach them.
///
/// A device whose connection is lost stays for a while: what it is told meanwhile is kept, and when
/// it takes its session up again it is told just what it has not heard.
#[derive(Debug)]
pub(super) struct Devices {
    table: BTreeMap<Endpoint, Device>,
    /// How many of them are connected.
    connected: usize,
    /// How long a session outlives its connection.
    grace: Duration,
    /// How long a connection may be dead before that is noticed.
    unnoticed: Duration,
    /// Devices found gone while something was sent to them.
    lost: Vec<Endpoint>,
}

#[derive(Debug)]
struct Device {
    session: SessionId,
    /// Took up an earlier session.
    resumed: bool,
    line: Line,
    told: Told,
}

#[derive(Debug)]
enum Line {
    Connected(Outbox),
    Absent { since: Instant },
}

/// The events of a session: how many there were, and those that may have to be told again.
#[derive(Debug, Default)]
struct Told {
    last: u64,
    kept: VecDeque<Kept>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    seq: u64,
    at: Instant,
    text: Utf8Bytes,
}

impl Devices {
    /// Sessions outlive their connection by `grace`; a dead connection may go `unnoticed` that
    /// long.
    pub(super) fn new(grace: Duration, unnoticed: Duration) -> Self {
        Self { table: BTreeMap::new(), connected: 0, grace, unnoticed, lost: Vec::new() }
    }

    /// Adds a device; its older connection is told and closed.
    pub(super) fn sign_in(&mut self, session: Session, outbox: Outbox) {
        let Session { endpoint, id } = session;
        // A loss noticed of the older connection says nothing about the newer.
        self.lost.retain(|lost| *lost != endpoint);
        let (line, told) = (Line::Connected(outbox), Told::default());
        let device = Device { session: id, resumed: false, line, told };
        if let Some(older) = self.table.insert(endpoint, device) {
            self.connected -= usize::from(older.is_connected());
            older.kick();
        }
        self.connected += 1;
    }

    /// Whether the session `id` of a device can be taken up by who has heard its events up to
    /// `last_event`: it is that device's newest, and all later events are kept.
    pub(super) fn can_resume(&self, endpoint: &Endpoint, id: SessionId, last_event: u64) -> bool {
        let device = self.table.get(endpoint).filter(|device| device.session == id);
        device.is_some_and(|device| device.told.covers(last_event))
    }

    /// Takes up a session that can be: the older connection is closed, and the newer is sent
    /// `welcome` and what was not heard.
    pub(super) fn resume(
        &mut self,
        session: &Session,
        outbox: Outbox,
        welcome: &ServerFrame,
        last_event: u64,
    ) {
        let Some(device) = self.table.get_mut(&session.endpoint) else { return };
        self.lost.retain(|lost| *lost != session.endpoint);
        outbox.push(welcome);
        device.told.heard(last_event);
        for kept in &device.told.kept {
            outbox.push_text(kept.text.clone());
        }
        self.connected += usize::from(!device.is_connected());
        (device.session, device.resumed) = (session.id, true);
        if let Line::Connected(older) = std::mem::replace(&mut device.line, Line::Connected(outbox))
        {
            older.close(Closing::Replaced);
        }
    }

    /// Whether the device took up an earlier session.
    pub(super) fn has_resumed(&self, endpoint: &Endpoint) -> bool {
        self.table.get(endpoint).is_some_and(|device| device.resumed)
    }

    /// Removes the device if this is its newest connection: it signed out.
    pub(super) fn leave(&mut self, session: &Session) -> bool {
        let newest = self.is_current(session);
        if newest && self.table.remove(&session.endpoint).is_some() {
            self.connected -= 1;
        }
        newest
    }

    /// The device's connection is lost, if this was its newest.
    pub(super) fn lose(&mut self, session: &Session) -> bool {
        let newest = self.is_current(session);
        if newest {
            self.disconnect(&session.endpoint, Closing::Gone);
        }
        newest
    }

    pub(super) fn is_current(&self, session: &Session) -> bool {
        let device = self.table.get(&session.endpoint);
        device.is_some_and(|device| device.session == session.id && device.is_connected())
    }

    /// Sends a frame to the connection that asked; nothing if it is not the newest any more.
    pub(super) fn answer(&mut self, session: &Session, frame: &ServerFrame) {
        if self.is_current(session) {
            self.send(&session.endpoint, protocol::encode(frame).into());
        }
    }

    /// Tells a device of an event; nothing if it has no session.
    pub(super) fn notify(&mut self, to: &Endpoint, event: Event) {
        let (now, span) = (Instant::now(), self.unnoticed + self.grace);
        let Some(device) = self.table.get_mut(to) else { return };
        let text = device.told.next(now, span, event);
        match (&device.line, text) {
            (Line::Connected(_), text) => self.send(to, text),
            (Line::Absent { .. }, _) => {}
        }
    }

    /// Tells all devices of an account.
    pub(super) fn notify_user(&mut self, user: &UserId, event: &Event) {
        for endpoint in self.of_user(user) {
            self.notify(&endpoint, event.clone());
        }
    }

    /// Tells all devices of an account but the connection that knows already.
    pub(super) fn notify_others(
        &mut self,
        user: &UserId,
        event: &Event,
        except: Option<SessionId>,
    ) {
        for endpoint in self.of_user(user) {
            let session = self.table.get(&endpoint).map(|device| device.session);
            if except.is_none() || session != except {
                self.notify(&endpoint, event.clone());
            }
        }
    }

    /// The signed-in devices of an account.
    pub(super) fn devices_of(&self, user: &UserId) -> Vec<DeviceId> {
        self.of_user(user).into_iter().map(|endpoint| endpoint.device).collect()
    }

    pub(super) fn is_signed_in(&self, endpoint: &Endpoint) -> bool {
        self.table.contains_key(endpoint)
    }

    /// Tells a device that another took its place, and closes its connection.
    pub(super) fn kick(&mut self, endpoint: &Endpoint) {
        if let Some(device) = self.table.remove(endpoint) {
            self.connected -= usize::from(device.is_connected());
            device.kick();
        }
    }

    /// Closes every connection, once it was sent what waits for it.
    pub(super) fn close_all(&mut self) {
        self.connected = 0;
        for device in std::mem::take(&mut self.table).into_values() {
            if let Line::Connected(outbox) = device.line {
                outbox.close(Closing::ServerStops);
            }
        }
    }

    /// Devices that were found gone or too slow since the last time.
    pub(super) fn take_lost(&mut self) -> Vec<Endpoint> {
        std::mem::take(&mut self.lost)
    }

    /// Looks for connections that ended without a word, and for sessions nobody took up in time.
    pub(super) fn sweep(&mut self, now: Instant) {
        let gone = |device: &Device| match &device.line {
            Line::Connected(outbox) => outbox.is_gone(),
            Line::Absent { .. } => false,
        };
        let lost: Vec<_> =
            self.table.iter().filter(|(_, device)| gone(device)).map(|(e, _)| e.clone()).collect();
        for endpoint in lost {
            self.disconnect(&endpoint, Closing::Gone);
            self.lost.push(endpoint);
        }
        let grace = self.grace;
        self.table.retain(|_, device| match device.line {
            Line::Connected(_) => true,
            Line::Absent { since } => now.saturating_duration_since(since) < grace,
        });
    }

    /// How many devices are connected.
    pub(super) const fn len(&self) -> usize {
        self.connected
    }

    fn send(&mut self, to: &Endpoint, text: Utf8Bytes) {
        let Some(Device { line: Line::Connected(outbox), .. }) = self.table.get(to) else { return };
        let closing = match outbox.push_text(text) {
            Pushed::Queued => return,
            Pushed::Full => Closing::TooSlow,
            Pushed::Gone => Closing::Gone,
        };
        self.disconnect(to, closing);
        self.lost.push(to.clone());
    }

    /// Closes the connection of a device and keeps its session for a while.
    fn disconnect(&mut self, endpoint: &Endpoint, closing: Closing) {
        let absent = self.table.len() - self.connected;
        let keep = !self.grace.is_zero() && absent < MAX_ABSENT;
        let Some(device) = self.table.get_mut(endpoint) else { return };
        let away = Line::Absent { since: Instant::now() };
        if let Line::Connected(outbox) = std::mem::replace(&mut device.line, away) {
            self.connected -= 1;
            outbox.close(closing);
        }
        if !keep {
            self.table.remove(endpoint);
        }
    }

    fn of_user(&self, user: &UserId) -> Vec<Endpoint> {
        // The least device id sorts first within an account.
        let Ok(least) = DeviceId::new("-") else { return Vec::new() };
        let first = Endpoint { user: user.clone(), device: least };
        let devices = self.table.range(first..).map(|(endpoint, _)| endpoint);
        devices.take_while(|endpoint| endpoint.user == *user).cloned().collect()
    }
}

impl Device {
    const fn is_connected(&self) -> bool {
        match self.line {
            Line::Connected(_) => true,
            Line::Absent { .. } => false,
        }
    }

    fn kick(self) {
        if let Line::Connected(outbox) = self.line {
            outbox.push(&Event::KickedOffline {}.into());
            outbox.close(Closing::Replaced);
        }
    }
}

impl Told {
    /// The next event as text, kept for `span` if it is worth something later.
    fn next(&mut self, now: Instant, span: Duration, event: Event) -> Utf8Bytes {
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
    fn covers(&self, last_event: u64) -> bool {
        let first = self.kept.front().map_or(self.last + 1, |kept| kept.seq);
        last_event <= self.last && first <= last_event.saturating_add(1)
    }

    /// Everything up to `last_event` was heard.
    fn heard(&mut self, last_event: u64) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::{Inbox, outbox};

    fn devices() -> Devices {
        Devices::new(Duration::from_secs(30), Duration::from_secs(30))
    }

    fn endpoint(user: &str, device: &str) -> Endpoint {
        Endpoint { user: UserId::new(user).unwrap(), device: DeviceId::new(device).unwrap() }
    }

    fn sign_in(devices: &mut Devices, who: &Endpoint, id: u64) -> (Session, Inbox) {
        let session = Session { endpoint: who.clone(), id: SessionId(id) };
        let (outbox, inbox) = outbox(2);
        devices.sign_in(session.clone(), outbox);
        (session, inbox)
    }

    fn received(inbox: &mut Inbox) -> Vec<String> {
        std::iter::from_fn(|| inbox.frames.try_recv().ok()).map(|text| text.to_string()).collect()
    }

    const KICKED: &str = r#"{"event":"kicked_offline","params":{}}"#;

    #[test]
    fn a_second_sign_in_replaces_the_first() {
        let mut devices = devices();
        let who = endpoint("alice", "phone");
        let (old, mut old_inbox) = sign_in(&mut devices, &who, 1);
        let (new, mut new_inbox) = sign_in(&mut devices, &who, 2);
        assert_eq!(received(&mut old_inbox), [KICKED]);
        assert_eq!(old_inbox.close.try_recv(), Ok(Closing::Replaced));
        assert!(!devices.leave(&old), "the end of the older connection changes nothing");
        devices.notify(&who, Event::KickedOffline {});
        assert_eq!(received(&mut new_inbox), [r#"{"event":"kicked_offline","params":{},"seq":1}"#]);
        assert!(devices.leave(&new));
        assert_eq!(devices.len(), 0);
    }

    #[test]
    fn a_client_that_does_not_read_is_closed_and_reported_once() {
        let mut devices = devices();
        let who = endpoint("alice", "phone");
        let (_, mut inbox) = sign_in(&mut devices, &who, 1);
        for _ in 0..5 {
            devices.notify(&who, Event::KickedOffline {});
        }
        assert_eq!(inbox.close.try_recv(), Ok(Closing::TooSlow));
        assert_eq!(devices.take_lost(), [who]);
        assert_eq!((devices.take_lost().len(), devices.len()), (0, 0));
    }

    #[test]
    fn an_account_is_all_of_its_devices_and_no_other() {
        let mut devices = devices();
        let names = [("alice", "-"), ("alice", "zz"), ("alic", "x"), ("alice0", "-"), ("bob", "1")];
        let mut inboxes: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(id, (user, device))| sign_in(&mut devices, &endpoint(user, device), id as u64).1)
            .collect();
        devices.notify_user(&UserId::new("alice").unwrap(), &Event::KickedOffline {});
        let counts: Vec<_> = inboxes.iter_mut().map(|inbox| received(inbox).len()).collect();
        assert_eq!(counts, [1, 1, 0, 0, 0]);
    }

    #[test]
    fn a_connection_that_vanished_is_swept() {
        let mut devices = devices();
        let who = endpoint("alice", "phone");
        let (_, inbox) = sign_in(&mut devices, &who, 1);
        devices.sweep(Instant::now());
        assert_eq!(devices.take_lost().len(), 0);
        drop(inbox);
        devices.sweep(Instant::now());
        assert_eq!(devices.take_lost(), [who]);
    }

    fn message(number: u64) -> Event {
        let call_id = format!("c{number}").parse().unwrap();
        Event::Ringing { call_id, user: UserId::new("bob").unwrap() }
    }

    /// The numbers of the events in `frames`.
    fn seqs(frames: &[String]) -> Vec<u64> {
        let seq = |text: &String| match protocol::decode_server_frame(text).unwrap() {
            ServerFrame::Event(frame) => frame.seq,
            ServerFrame::Reply { .. } | ServerFrame::Error { .. } => None,
        };
        frames.iter().filter_map(seq).collect()
    }

    fn welcome() -> ServerFrame {
        ServerFrame::Reply { id: 1, result: protocol::Reply::Done {} }
    }

    fn resume(
        devices: &mut Devices,
        old: &Session,
        id: u64,
        last_event: u64,
    ) -> Option<(Session, Vec<u64>)> {
        if !devices.can_resume(&old.endpoint, old.id, last_event) {
            return None;
        }
        let session = Session { endpoint: old.endpoint.clone(), id: SessionId(id) };
        let (outbox, mut inbox) = outbox(512);
        devices.resume(&session, outbox, &welcome(), last_event);
        Some((session, seqs(&received(&mut inbox))))
    }

    #[test]
    fn a_session_is_taken_up_with_what_was_not_heard() {
        let mut devices = devices();
        let who = endpoint("alice", "phone");
        let (old, inbox) = sign_in(&mut devices, &who, 1);
        devices.notify(&who, message(1));
        assert!(devices.lose(&old) && devices.len() == 0);
        drop(inbox);
        for number in 2..5 {
            devices.notify(&who, message(number));
        }
        devices.notify_user(&who.user, &message(5));
        let (new, told) = resume(&mut devices, &old, 2, 1).unwrap();
        assert_eq!((told, devices.len()), (vec![2, 3, 4, 5], 1));
        assert!(resume(&mut devices, &old, 3, 5).is_none(), "the older token is worth nothing now");
        // Lost again at once: what was heard before is not told, nothing is missed.
        devices.lose(&new);
        assert_eq!(resume(&mut devices, &new, 4, 3).unwrap().1, [4, 5]);
    }

    /// Whatever is cut when, each event is heard once and in order.
    #[test]
    fn nothing_is_missed_or_doubled_wherever_the_line_is_cut() {
        for cut in 0..20_u64 {
            let mut devices = devices();
            let who = endpoint("alice", "phone");
            let (mut session, _inbox) = sign_in(&mut devices, &who, 1);
            let mut heard: Vec<u64> = Vec::new();
            for number in 1..=20 {
                devices.notify(&who, message(number));
                if number % (cut + 1) == 0 {
                    devices.lose(&session);
                    let last = heard.last().copied().unwrap_or(0);
                    let (again, told) = resume(&mut devices, &session, 100 + number, last).unwrap();
                    heard.extend(told);
                    session = again;
                }
            }
            let last = heard.last().copied().unwrap_or(0);
            heard.extend(resume(&mut devices, &session, 1_000, last).unwrap().1);
            assert_eq!(heard, (1..=20).collect::<Vec<_>>(), "{cut}");
        }
    }

    #[test]
    fn sessions_that_cannot_be_taken_up() {
        let mut devices = devices();
        let who = endpoint("alice", "phone");
        let (old, _inbox) = sign_in(&mut devices, &who, 1);
        devices.notify(&who, message(1));
        devices.lose(&old);
        assert!(!devices.can_resume(&who, old.id, 2), "more was heard than was said");
        assert!(!devices.can_resume(&endpoint("alice", "tablet"), old.id, 1));
        assert!(!devices.can_resume(&who, SessionId(9), 1));
        // So much was said meanwhile that not all of it is kept.
        for number in 0..200 {
            devices.notify(&who, message(number));
        }
        assert!(!devices.can_resume(&who, old.id, 1) && devices.can_resume(&who, old.id, 100));
        devices.sweep(Instant::now() + Duration::from_secs(29));
        assert!(devices.can_resume(&who, old.id, 100));
        devices.sweep(Instant::now() + Duration::from_secs(30));
        assert!(!devices.can_resume(&who, old.id, 100), "too late");
    }

    #[test]
    fn a_session_outlives_neither_a_kick_nor_a_sign_out() {
        for kicked in [true, false] {
            let mut devices = devices();
            let who = endpoint("alice", "phone");
            let (old, _inbox) = sign_in(&mut devices, &who, 1);
            if kicked {
                devices.kick(&who);
            } else {
                devices.leave(&old);
            }
            assert!(!devices.can_resume(&who, old.id, 0) && devices.len() == 0);
        }
    }

    #[test]
    fn a_connection_that_looks_alive_is_replaced() {
        let mut devices = devices();
        let who = endpoint("alice", "phone");
        let (old, mut inbox) = sign_in(&mut devices, &who, 1);
        let (new, _) = resume(&mut devices, &old, 2, 0).unwrap();
        assert_eq!(inbox.close.try_recv(), Ok(Closing::Replaced));
        assert!(received(&mut inbox).is_empty(), "the device was not kicked");
        assert!(!devices.lose(&old) && devices.is_current(&new));
    }

    #[test]
    fn absent_devices_are_bounded() {
        let mut devices = devices();
        for number in 0..MAX_ABSENT + 10 {
            let who = endpoint("alice", &format!("d{number}"));
            let (session, _inbox) = sign_in(&mut devices, &who, number as u64);
            devices.lose(&session);
        }
        assert_eq!((devices.table.len(), devices.len()), (MAX_ABSENT, 0));
    }

    #[test]
    fn volumes_are_neither_numbered_nor_kept() {
        let mut devices = devices();
        let who = endpoint("alice", "phone");
        let (old, mut inbox) = sign_in(&mut devices, &who, 1);
        let total = calling_model::Volume::from_percent(1);
        let call_id = "c1".parse().unwrap();
        devices.notify(&who, Event::Volumes { call_id, volumes: Vec::new(), total });
        assert_eq!((received(&mut inbox).len(), devices.table[&who].told.last), (1, 0));
        assert!(devices.can_resume(&who, old.id, 0));
    }
}
