use calling_model::{CallId, Endpoint, UserId};
use calling_signaling::calls::Names;

use crate::Space;

/// The devices of a space, and every way to exchange some for others so that nothing is different:
/// the devices of an account for each other, and one account with its devices for the other.
#[derive(Debug)]
pub(crate) struct Symmetry {
    endpoints: Vec<Endpoint>,
    devices: usize,
    /// For each device its number, once for every way.
    ways: Vec<Vec<u8>>,
}

impl Symmetry {
    pub(crate) fn of(space: &Space) -> Self {
        let devices = space.devices;
        let orders = orders(devices);
        let mut ways = Vec::new();
        for (ours, theirs) in [(0, devices), (devices, 0)] {
            for first in &orders {
                for second in &orders {
                    let number = |offset: usize, order: &[usize]| {
                        order.iter().map(|place| number(offset + place)).collect::<Vec<u8>>()
                    };
                    ways.push([number(ours, first), number(theirs, second)].concat());
                }
            }
        }
        Self { endpoints: space.endpoints(), devices, ways }
    }

    /// The devices of the one account, then those of the other.
    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Every way to name the devices, and the calls by their order.
    pub(crate) fn namings<'a>(
        &'a self,
        calls: &'a [CallId],
    ) -> impl Iterator<Item = Named<'a>> + 'a {
        self.ways.iter().map(move |numbers| Named { of: self, numbers, calls })
    }
}

/// One way to name everything.
#[derive(Debug)]
pub(crate) struct Named<'a> {
    of: &'a Symmetry,
    numbers: &'a [u8],
    calls: &'a [CallId],
}

impl Names for Named<'_> {
    fn devices_per_user(&self) -> usize {
        self.of.devices
    }

    fn device(&self, device: &Endpoint) -> u8 {
        let place = self.of.endpoints.iter().position(|known| known == device);
        place.map_or(u8::MAX, |place| self.numbers[place])
    }

    fn user(&self, user: &UserId) -> u8 {
        let first = self.of.endpoints.iter().position(|known| known.user == *user);
        first.map_or(u8::MAX, |place| self.numbers[place] / number(self.of.devices))
    }

    fn call(&self, call_id: &CallId) -> u8 {
        self.calls.iter().position(|known| known == call_id).map_or(u8::MAX, number)
    }
}

/// Spaces are small.
fn number(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(last) {
        for place in 0..=order.len() {
            let mut longer = order.clone();
            longer.insert(place, last);
            all.push(longer);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::FULL;

    #[test]
    fn every_way_gives_each_device_a_number_and_keeps_accounts_together() {
        let symmetry = Symmetry::of(&FULL[0]);
        assert_eq!(symmetry.ways.iter().collect::<BTreeSet<_>>().len(), 8);
        for names in symmetry.namings(&[]) {
            let numbers: BTreeSet<u8> =
                symmetry.endpoints().iter().map(|device| names.device(device)).collect();
            assert_eq!(numbers, BTreeSet::from([0, 1, 2, 3]));
            for device in symmetry.endpoints() {
                assert_eq!(names.user(&device.user), names.device(device) / 2);
            }
        }
    }
}
