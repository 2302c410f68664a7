use std::time::Duration;

use calling_model::{Endpoint, GroupId};
use calling_signaling::calls::CallsConfig;

/// How much may happen. Whatever is not counted here may happen any number of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Its name in reports.
    pub name: &'static str,
    /// How many devices each of the two accounts has.
    pub devices: usize,
    /// How many calls are placed in all.
    pub calls: usize,
    /// How often the server is killed and starts anew.
    pub restarts: u8,
    /// How often time passes to just before the next deadline, rather than to it, so that what
    /// begins then has its deadlines beyond.
    pub pauses: u8,
    /// Calls belong to a group: who left may be invited again or join, and the medium may change.
    pub group: bool,
    /// A newer device of an account takes over from the older.
    pub one_device: bool,
    /// An operator ends calls and takes people out, and the server stops in good order.
    pub operator: bool,
}

const ALL: Space = Space {
    name: "two calls",
    devices: 2,
    calls: 2,
    restarts: 1,
    pauses: 1,
    group: false,
    one_device: false,
    operator: false,
};

/// What `make model-check` explores.
pub const FULL: &[Space] = &[
    ALL,
    Space { name: "two calls and an operator", restarts: 0, pauses: 0, operator: true, ..ALL },
    Space { name: "one device at a time", restarts: 0, pauses: 0, one_device: true, ..ALL },
    Space { name: "calls of a group", restarts: 0, pauses: 0, group: true, ..ALL },
];

/// What `make test` explores.
pub const SMALL: &[Space] = &[
    Space { name: "one call, four devices", calls: 1, restarts: 0, pauses: 0, ..ALL },
    Space { name: "one call, two devices", calls: 1, devices: 1, ..ALL },
    Space { name: "two calls, two devices", devices: 1, restarts: 0, pauses: 0, ..ALL },
];

impl Space {
    /// The devices of alice, then those of bob.
    ///
    /// # Panics
    /// Never: the names are ids.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let device = |user: &str, number: usize| {
            let (Ok(user), Ok(device)) = (user.parse(), format!("{user}-{number}").parse()) else {
                panic!("{user} is an id");
            };
            Endpoint { user, device }
        };
        let of = |user| (1..=self.devices).map(move |number| device(user, number));
        of("alice").chain(of("bob")).collect()
    }

    /// The settings of production, but for limits of rate: those are left out of the states
    /// compared, so they must never bite.
    pub fn config(&self) -> CallsConfig {
        CallsConfig {
            call_burst: 1_000_000,
            call_interval: Duration::from_millis(1),
            ring_burst: 1_000_000,
            ring_interval: Duration::from_millis(1),
            max_devices_per_user: if self.one_device { 1 } else { 8 },
            // In so few calls nobody rings in vain often enough to be told to wait.
            redial_free: if self.group { CallsConfig::default().redial_free } else { u32::MAX },
            ..CallsConfig::default()
        }
    }

    pub(crate) fn group_id(&self) -> Option<GroupId> {
        self.group.then(|| "team".parse().ok()).flatten()
    }
}
