//! What decides the future, apart from what it is called and when it is: for the model check, which
//! takes two states for one that differ in nothing else. Why that is sound stands in
//! `docs/model-check.md`.

use std::hash::{Hash, Hasher};
use std::time::{Duration, Instant};

use calling_model::{CallId, Endpoint, UserId};

use super::Calls;
use super::call::{Accepted, Call};
use super::member::{Link, Member, Ringing, Seat, Stage};
use super::memory::Remembered;
use super::presence::Presence;
use crate::call::CallFacts;
use crate::protocol::Event;

/// The numbers that stand for ids. Devices have numbers below 64.
#[doc(hidden)]
pub trait Names {
    /// How many devices an account may come to have.
    fn devices_per_user(&self) -> usize;
    fn device(&self, device: &Endpoint) -> u8;
    fn user(&self, user: &UserId) -> u8;
    fn call(&self, call_id: &CallId) -> u8;
}

impl Calls {
    /// Hashes all that a later step goes by, with times as they lie ahead of `now` and ids as
    /// `names` has them. Left out, besides what [`digest`](Self::digest) leaves out: times that
    /// have passed, which only end up in what people are told and in records; the order in which
    /// devices signed in, where no limit goes by it; and a limit on ringing in vain that is never
    /// reached.
    #[doc(hidden)]
    pub fn canonical(&self, now: Instant, names: &impl Names, out: &mut impl Hasher) {
        // Every field is named, so that a new one is not forgotten.
        let Self {
            config,
            ids: _,
            presence,
            live,
            memory,
            limiter: _,
            rings: _,
            redial,
            stopping,
            stats: _,
            outputs,
        } = self;
        (stopping, outputs.len()).hash(out);
        let room = names.devices_per_user() <= config.max_devices_per_user;
        hash_presence(presence, room, names, out);
        live.len().hash(out);
        for call in live.iter() {
            hash_call(call, now, names, out);
        }
        for (call_id, left, remembered) in memory.kept(now) {
            (names.call(call_id), left).hash(out);
            hash_remembered(remembered, names, out);
        }
        if config.redial_free != u32::MAX {
            let mut pairs: Vec<_> = redial
                .kept(now)
                .map(|((from, to), tries)| (names.user(from), names.user(to), tries))
                .collect();
            pairs.sort_unstable();
            pairs.hash(out);
        }
    }
}

/// What is left until `at`.
fn ahead(now: Instant, at: Instant) -> Duration {
    at.saturating_duration_since(now)
}

fn hash_presence(presence: &Presence, room: bool, names: &impl Names, out: &mut impl Hasher) {
    let mut all: Vec<(u8, Vec<u8>)> = Vec::new();
    for (user, devices) in presence.iter() {
        let number = |device: &calling_model::DeviceId| {
            names.device(&Endpoint { user: user.clone(), device: device.clone() })
        };
        let mut devices: Vec<u8> = devices.iter().map(number).collect();
        // Only who has to make room for another goes by the order.
        if room {
            devices.sort_unstable();
        }
        all.push((names.user(user), devices));
    }
    all.sort_unstable();
    all.hash(out);
}

fn hash_call(call: &Call, now: Instant, names: &impl Names, out: &mut impl Hasher) {
    // When it started only serves to tell the time.
    let Call { facts, placed_as, caller, started: _, members, accepted } = call;
    let CallFacts {
        call_id,
        // Unlike any other's, and told but never read.
        invite_id: _,
        room_id: _,
        caller: placed_by,
        callees,
        media_type,
        group_id,
        timeout_s,
        user_data,
        started_at: _,
    } = facts;
    (names.call(call_id), names.user(placed_by), names.device(caller)).hash(out);
    let callees: Vec<u8> = callees.iter().map(|user| names.user(user)).collect();
    (callees, media_type, placed_as, group_id.is_some(), timeout_s, user_data).hash(out);
    members.len().hash(out);
    for member in members {
        hash_member(member, now, names, out);
    }
    let accepted = accepted.as_ref().map(|Accepted { at: _, by, until }| {
        let until = ahead(now, *until);
        (names.device(by), until)
    });
    accepted.hash(out);
}

fn hash_member(member: &Member, now: Instant, names: &impl Names, out: &mut impl Hasher) {
    let Member { user, stage, outcome, joined_at, left_at, invites, last_words } = member;
    (names.user(user), outcome, joined_at.is_some(), left_at.is_some(), invites).hash(out);
    std::mem::discriminant(stage).hash(out);
    match stage {
        Stage::Ringing(Ringing { until, rang, inviter, attempt }) => {
            let rang = mask(rang.iter(), names);
            (ahead(now, *until), rang, names.user(inviter), attempt).hash(out);
        }
        Stage::In(Seat { device, link: Link { signalling, media } }) => {
            let left = [signalling, media].map(|until| until.map(|until| ahead(now, until)));
            (names.device(device), left).hash(out);
        }
        Stage::Out(gone) => std::mem::discriminant(gone).hash(out),
    }
    hash_words(last_words, names, out);
}

fn hash_remembered(remembered: &Remembered, names: &impl Names, out: &mut impl Hasher) {
    // The outcome is but a sentence for who asks late.
    let Remembered { members, outcome: _, last_words } = remembered;
    let mut members: Vec<u8> = members.iter().map(|user| names.user(user)).collect();
    members.sort_unstable();
    members.hash(out);
    hash_words(last_words, names, out);
}

/// Who is to be told something when they ask, and what kind of thing.
fn hash_words(words: &[(Endpoint, Event)], names: &impl Names, out: &mut impl Hasher) {
    let mut kinds: Vec<(u8, std::mem::Discriminant<Event>)> = words
        .iter()
        .map(|(device, event)| (names.device(device), std::mem::discriminant(event)))
        .collect();
    // Each device has one.
    kinds.sort_unstable_by_key(|(device, _)| *device);
    kinds.hash(out);
}

/// A set of devices.
fn mask<'a>(devices: impl Iterator<Item = &'a Endpoint>, names: &impl Names) -> u64 {
    devices.fold(0, |all, device| all | 1 << (names.device(device) & 63))
}
