use std::collections::BTreeMap;

use calling_model::{DeviceId, Endpoint, UserId};

/// Which devices are signed in, each account's in the order they signed in.
#[derive(Clone, Debug, Default)]
pub(super) struct Presence {
    devices: BTreeMap<UserId, Vec<DeviceId>>,
    count: usize,
}

impl Presence {
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    pub(super) fn contains(&self, endpoint: &Endpoint) -> bool {
        self.devices_of(&endpoint.user).contains(&endpoint.device)
    }

    /// The devices of `user`, the one that signed in longest ago first.
    pub(super) fn devices_of(&self, user: &UserId) -> &[DeviceId] {
        self.devices.get(user).map_or(&[], Vec::as_slice)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&UserId, &[DeviceId])> {
        self.devices.iter().map(|(user, devices)| (user, devices.as_slice()))
    }

    /// Puts `endpoint` last among its account's devices, whether it was there or not.
    pub(super) fn insert(&mut self, endpoint: &Endpoint) {
        self.remove(endpoint);
        self.devices.entry(endpoint.user.clone()).or_default().push(endpoint.device.clone());
        self.count += 1;
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, endpoint: &Endpoint) -> bool {
        let Some(devices) = self.devices.get_mut(&endpoint.user) else { return false };
        let before = devices.len();
        devices.retain(|device| *device != endpoint.device);
        let removed = before != devices.len();
        if devices.is_empty() {
            self.devices.remove(&endpoint.user);
        }
        self.count -= usize::from(removed);
        removed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(user: &str, device: &str) -> Endpoint {
        Endpoint { user: user.parse().unwrap(), device: device.parse().unwrap() }
    }

    #[test]
    fn the_newest_sign_in_is_last_and_counted_once() {
        let mut presence = Presence::default();
        for device in ["one", "two", "one"] {
            presence.insert(&endpoint("bob", device));
        }
        let names: Vec<&str> =
            presence.devices_of(&"bob".parse().unwrap()).iter().map(DeviceId::as_str).collect();
        assert_eq!((names, presence.len()), (vec!["two", "one"], 2));
        assert!(presence.remove(&endpoint("bob", "one")));
        assert!(!presence.remove(&endpoint("bob", "one")));
        assert!(presence.remove(&endpoint("bob", "two")));
        assert_eq!((presence.len(), presence.devices.len()), (0, 0));
    }
}
