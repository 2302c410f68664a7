use std::collections::BTreeMap;

use calling_model::{DeviceId, Endpoint, UserId};
use calling_signaling::protocol::{Event, ServerFrame};

use super::{Session, SessionId};
use crate::gateway::{Closing, Outbox, Pushed};

/// The signed-in devices and how to reach them.
#[derive(Debug, Default)]
pub(super) struct Devices {
    table: BTreeMap<Endpoint, Device>,
    /// Devices found gone while something was sent to them.
    lost: Vec<Endpoint>,
}

#[derive(Debug)]
struct Device {
    session: SessionId,
    outbox: Outbox,
}

impl Devices {
    /// Adds a device; its older connection is told and closed.
    pub(super) fn sign_in(&mut self, session: Session, outbox: Outbox) {
        let Session { endpoint, id } = session;
        // A loss noticed of the older connection says nothing about the newer.
        self.lost.retain(|lost| *lost != endpoint);
        let device = Device { session: id, outbox };
        if let Some(older) = self.table.insert(endpoint, device) {
            older.kick();
        }
    }

    /// Removes the device if this is its newest connection.
    pub(super) fn leave(&mut self, session: &Session) -> bool {
        let newest = self.is_current(session);
        if newest {
            self.table.remove(&session.endpoint);
        }
        newest
    }

    pub(super) fn is_current(&self, session: &Session) -> bool {
        self.table.get(&session.endpoint).is_some_and(|device| device.session == session.id)
    }

    /// Sends a frame to the connection that asked; nothing if it is not the newest any more.
    pub(super) fn answer(&mut self, session: &Session, frame: &ServerFrame) {
        if self.is_current(session) {
            self.send(&session.endpoint, frame);
        }
    }

    /// Tells a device of an event; nothing if it is not signed in.
    pub(super) fn notify(&mut self, to: &Endpoint, event: Event) {
        self.send(to, &event.into());
    }

    /// Tells all devices of an account.
    pub(super) fn notify_user(&mut self, user: &UserId, event: &Event) {
        let frame = ServerFrame::from(event.clone());
        for endpoint in self.of_user(user) {
            self.send(&endpoint, &frame);
        }
    }

    /// Tells all devices of an account but the connection that knows already.
    pub(super) fn notify_others(
        &mut self,
        user: &UserId,
        event: &Event,
        except: Option<SessionId>,
    ) {
        let frame = ServerFrame::from(event.clone());
        for endpoint in self.of_user(user) {
            let session = self.table.get(&endpoint).map(|device| device.session);
            if except.is_none() || session != except {
                self.send(&endpoint, &frame);
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
            device.kick();
        }
    }

    /// Closes every connection, once it was sent what waits for it.
    pub(super) fn close_all(&mut self) {
        for device in std::mem::take(&mut self.table).into_values() {
            device.outbox.close(Closing::ServerStops);
        }
    }

    /// Devices that were found gone or too slow since the last time, removed already.
    pub(super) fn take_lost(&mut self) -> Vec<Endpoint> {
        std::mem::take(&mut self.lost)
    }

    /// Looks for connections that ended without a word.
    pub(super) fn sweep(&mut self) {
        let gone = |device: &Device| device.outbox.is_gone();
        let lost: Vec<_> =
            self.table.iter().filter(|(_, device)| gone(device)).map(|(e, _)| e.clone()).collect();
        for endpoint in lost {
            self.table.remove(&endpoint);
            self.lost.push(endpoint);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    fn send(&mut self, to: &Endpoint, frame: &ServerFrame) {
        let Some(device) = self.table.get(to) else { return };
        let closing = match device.outbox.push(frame) {
            Pushed::Queued => return,
            Pushed::Full => Closing::TooSlow,
            Pushed::Gone => Closing::Gone,
        };
        if let Some(device) = self.table.remove(to) {
            device.outbox.close(closing);
        }
        self.lost.push(to.clone());
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
    fn kick(self) {
        self.outbox.push(&Event::KickedOffline {}.into());
        self.outbox.close(Closing::Replaced);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::{Inbox, outbox};

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
        let mut devices = Devices::default();
        let who = endpoint("alice", "phone");
        let (old, mut old_inbox) = sign_in(&mut devices, &who, 1);
        let (new, mut new_inbox) = sign_in(&mut devices, &who, 2);
        assert_eq!(received(&mut old_inbox), [KICKED]);
        assert_eq!(old_inbox.close.try_recv(), Ok(Closing::Replaced));
        assert!(!devices.leave(&old), "the end of the older connection changes nothing");
        devices.notify(&who, Event::KickedOffline {});
        assert_eq!(received(&mut new_inbox), [KICKED]);
        assert!(devices.leave(&new));
        assert_eq!(devices.len(), 0);
    }

    #[test]
    fn a_client_that_does_not_read_is_closed_and_reported_once() {
        let mut devices = Devices::default();
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
        let mut devices = Devices::default();
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
        let mut devices = Devices::default();
        let who = endpoint("alice", "phone");
        let (_, inbox) = sign_in(&mut devices, &who, 1);
        devices.sweep();
        assert_eq!(devices.take_lost().len(), 0);
        drop(inbox);
        devices.sweep();
        assert_eq!(devices.take_lost(), [who]);
    }
}
