mod told;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use calling_model::{DeviceId, Endpoint, UserId};
use calling_signaling::protocol::{self, Event, ServerFrame};

use super::{Session, SessionId};
use crate::gateway::{Closing, Outbox, Pushed};
use told::Told;

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
        for text in device.told.kept() {
            outbox.push_text(text.clone());
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

#[cfg(test)]
mod tests;
