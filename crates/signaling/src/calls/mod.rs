//! The call machine, authoritative on the server.
//!
//! [`Calls`] is told who signs in, what they ask and who is lost, and says in [`CallsOutput`]s
//! what to store, whom to tell and when media may pass. It follows the contract of
//! [`Machine`]: drain [`poll_output`](Machine::poll_output) after each call, then wait for
//! [`poll_timeout`](Machine::poll_timeout).
//!
//! What holds whatever happens:
//!
//! * each request gets exactly one reply, each [`CallsOutput::Started`] exactly one
//!   [`CallsOutput::Ended`];
//! * a call connects only by the wish of one of the callee's devices, and only of one; the same
//!   holds of everybody who comes to it later;
//! * every call has a deadline, so that nobody stays in one for ever;
//! * an account is in, or rung by, one call at most.
//!
//! # Rules
//!
//! * A call of a group or with several callees is a *group call*: what becomes of anybody in it is
//!   told to all. It lives while two talk, or one talks and somebody is rung; before anybody has
//!   answered it lives while the caller waits and somebody is rung.
//! * Who is rung is not in a call: they may place, answer or join another, and what rang is
//!   declined as busy. To others they are busy. That nobody keeps a line busy by ringing it,
//!   [`CallsConfig::redial_free`] sees to: whoever rang somebody in vain a few times has to wait,
//!   longer each time.
//! * Two who call each other alone are connected, whoever was first. A one-to-one call that meets a
//!   group call finds its callee busy.

mod call;
mod canonical;
mod collision;
mod config;
mod ending;
mod ids;
mod input;
mod member;
mod members;
mod memory;
mod output;
mod placing;
mod presence;
mod rate;
mod redial;
mod refusal;
mod registry;
mod requests;
mod snapshot;
mod steps;

use std::collections::VecDeque;
use std::time::Instant;

use calling_model::{CallId, Endpoint, Machine, UserId};

#[doc(hidden)]
pub use canonical::Names;
pub use collision::Collision;
pub use config::CallsConfig;
pub use input::{CallAction, CallsInput, RequestToken};
pub use output::CallsOutput;
pub use snapshot::{CallSnapshot, CallsStats};

use call::{Call, Standing};
use config::later;
use ending::{Closing, End};
use ids::Ids;
use memory::Memory;
use placing::ringing_notice;
use presence::Presence;
use rate::RateLimiter;
use redial::Redial;
use registry::Registry;
use steps::{Leaving, Turn};

use crate::call::CallFacts;
use crate::protocol::Event;

/// The shell asked for something the machine cannot do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallsMisuse {
    /// A device signed in although [`CallsConfig::max_endpoints`] are.
    #[error("{limit} devices are signed in; refuse the connection or raise max_endpoints")]
    Full {
        /// The limit.
        limit: usize,
    },
}

/// Why [`Calls`] has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallsReason {
    /// A call has rung long enough.
    RingTimeout,
    /// A device that dropped out has not come back.
    PeerLost,
    /// A call has lasted the longest time allowed.
    MaxLength,
}

/// All calls of one server.
#[derive(Clone, Debug)]
pub struct Calls {
    config: CallsConfig,
    ids: Ids,
    presence: Presence,
    live: Registry,
    memory: Memory,
    limiter: RateLimiter,
    rings: RateLimiter,
    redial: Redial,
    stopping: bool,
    stats: CallsStats,
    outputs: VecDeque<CallsOutput>,
}

impl Calls {
    /// No calls yet. `seed` is the source of every id: 32 bytes of the operating system's
    /// randomness in production, a constant in tests.
    pub fn new(config: CallsConfig, seed: [u8; 32]) -> Self {
        Self {
            ids: Ids::new(seed),
            presence: Presence::default(),
            live: Registry::default(),
            memory: Memory::new(config.memory, config.max_remembered),
            limiter: RateLimiter::new(
                config.call_burst,
                config.call_interval,
                config.max_endpoints,
            ),
            rings: RateLimiter::new(config.ring_burst, config.ring_interval, config.max_endpoints),
            redial: Redial::new(
                config.redial_free,
                config.redial_pause,
                config.max_redial_pause,
                config.max_endpoints,
            ),
            stopping: false,
            stats: CallsStats::default(),
            outputs: VecDeque::new(),
            config,
        }
    }

    fn signed_in(&mut self, now: Instant, endpoint: Endpoint) -> Result<(), CallsMisuse> {
        self.arrive(now, &endpoint)?;
        self.resume(now, endpoint);
        Ok(())
    }

    fn returned(&mut self, now: Instant, endpoint: Endpoint) -> Result<(), CallsMisuse> {
        self.arrive(now, &endpoint)?;
        self.welcome_back(now, endpoint);
        Ok(())
    }

    fn arrive(&mut self, now: Instant, endpoint: &Endpoint) -> Result<(), CallsMisuse> {
        let limit = self.config.max_endpoints;
        if self.presence.len() >= limit && !self.presence.contains(endpoint) {
            return Err(CallsMisuse::Full { limit });
        }
        self.presence.insert(endpoint);
        self.kick_surplus(now, endpoint);
        Ok(())
    }

    /// Tells a device that took up its session how its call stands, should an answer have been
    /// lost; and of what rings only if it does not ring there yet.
    fn welcome_back(&mut self, now: Instant, endpoint: Endpoint) {
        let Some(call) = self.live.of_user(&endpoint.user) else { return };
        let call_id = call.facts.call_id.clone();
        match (call.standing(&endpoint), call.role_of(&endpoint)) {
            (Standing::Rung, None) => {
                let told = self.invite(now, &call_id, endpoint);
                self.outputs.extend(told);
            }
            (Standing::Here, Some(role)) => {
                let event = Event::Resumed(call.reply(&endpoint, role));
                self.outputs.push_back(CallsOutput::Notify { to: endpoint.clone(), event });
                self.live.update(&call_id, |call| call.set_signalling(&endpoint, None));
            }
            (
                Standing::Rung
                | Standing::Here
                | Standing::Elsewhere
                | Standing::Out
                | Standing::Stranger,
                _,
            ) => {}
        }
    }

    /// Tells a device that signed in what it is in the middle of.
    fn resume(&mut self, now: Instant, endpoint: Endpoint) {
        let Some(call) = self.live.of_user(&endpoint.user) else { return };
        let call_id = call.facts.call_id.clone();
        if call.standing(&endpoint) == Standing::Rung {
            let told = self.invite(now, &call_id, endpoint);
            self.outputs.extend(told);
            return;
        }
        let Some(role) = call.role_of(&endpoint) else { return };
        let event = Event::Resumed(call.reply(&endpoint, role));
        self.outputs.push_back(CallsOutput::Notify { to: endpoint.clone(), event });
        let rings = call.members.iter().filter(|member| {
            member
                .ringing()
                .is_some_and(|ringing| ringing.inviter == endpoint.user && !ringing.rang.is_empty())
        });
        self.outputs.extend(rings.filter_map(|member| ringing_notice(call, &member.user)));
        self.live.update(&call_id, |call| call.set_signalling(&endpoint, None));
    }

    /// Signs out the account's devices beyond the limit, those that signed in longest ago first.
    /// The newcomer stays, and so does one in a call unless only one device is allowed at all.
    fn kick_surplus(&mut self, now: Instant, newcomer: &Endpoint) {
        let devices = self.presence.devices_of(&newcomer.user);
        let limit = self.config.max_devices_per_user.max(1);
        let surplus = devices.len().saturating_sub(limit);
        let call = self.live.of_user(&newcomer.user).filter(|_| limit > 1);
        let kicked: Vec<Endpoint> = devices
            .iter()
            .map(|device| Endpoint { user: newcomer.user.clone(), device: device.clone() })
            .filter(|device| device != newcomer && !call.is_some_and(|call| call.holds(device)))
            .take(surplus)
            .collect();
        for endpoint in kicked {
            self.kick(now, endpoint);
        }
    }

    fn kick(&mut self, now: Instant, to: Endpoint) {
        self.signed_out(now, &to);
        self.outputs.push_back(CallsOutput::Notify { to, event: Event::KickedOffline {} });
    }

    fn disconnected(&mut self, now: Instant, endpoint: &Endpoint) {
        if !self.presence.remove(endpoint) {
            self.stats.stale += 1;
            return;
        }
        let until = later(now, self.config.signalling_grace);
        if let Some(call) = self.live.of_user(&endpoint.user) {
            let call_id = call.facts.call_id.clone();
            self.live.update(&call_id, |call| call.set_signalling(endpoint, Some(until)));
        }
    }

    fn signed_out(&mut self, now: Instant, endpoint: &Endpoint) {
        if !self.presence.remove(endpoint) {
            self.stats.stale += 1;
        }
        let Some(call) = self.live.of_user(&endpoint.user) else { return };
        let call_id = call.facts.call_id.clone();
        match call.standing(endpoint) {
            Standing::Here => self.leave(now, &call_id, &endpoint.user, Leaving::HungUp),
            // It goes on ringing: on the other devices, and for whoever signs in.
            Standing::Rung if call.role_of(endpoint).is_some() => {
                let endpoint = endpoint.clone();
                self.outputs.push_back(CallsOutput::LeaveMedia { call_id, endpoint });
            }
            Standing::Rung | Standing::Elsewhere | Standing::Out | Standing::Stranger => {}
        }
    }

    fn media(&mut self, call_id: &CallId, endpoint: &Endpoint, lost_until: Option<Instant>) {
        let known = self.live.update(call_id, |call| call.set_media(endpoint, lost_until));
        if known != Some(true) {
            self.stats.stale += 1;
        }
    }

    fn leave(&mut self, now: Instant, call_id: &CallId, user: &UserId, how: Leaving) {
        let turn = self.live.update(call_id, |call| call.leave(now, user, how));
        let outputs = self.conclude(now, call_id, turn.unwrap_or_default()).all();
        self.outputs.extend(outputs);
    }

    /// Does what is due. A deadline that has passed has passed, whatever is handled first.
    fn expire(&mut self, now: Instant) {
        while let Some(call_id) = self.live.due(now).cloned()
            && let Some((at, reason)) = self.live.get(&call_id).map(Call::deadline)
        {
            match reason {
                CallsReason::RingTimeout => {
                    let turn = self.live.update(&call_id, |call| call.ring_out(now, at));
                    let outputs = self.conclude(now, &call_id, turn.unwrap_or_default()).all();
                    self.outputs.extend(outputs);
                }
                CallsReason::PeerLost => {
                    let lost = self.live.get(&call_id).map(|call| call.lost(at));
                    for user in lost.unwrap_or_default() {
                        self.leave(now, &call_id, &user, Leaving::Lost);
                    }
                }
                CallsReason::MaxLength => self.end(now, &call_id, End::TooLong),
            }
        }
    }

    fn shut_down(&mut self, now: Instant) {
        self.stopping = true;
        while let Some(call_id) = self.live.any().cloned() {
            self.end(now, &call_id, End::Stopped);
        }
    }

    fn end(&mut self, now: Instant, call_id: &CallId, end: End) {
        let Some(call) = self.live.remove(call_id) else {
            self.stats.stale += 1;
            return;
        };
        let turn = Turn { end: Some(end), visible: true, ..Turn::default() };
        let outputs = self.finish(now, call, turn);
        self.outputs.extend(outputs);
    }

    /// Draws the conclusions of a step: the call goes on or is over.
    fn conclude(&mut self, now: Instant, call_id: &CallId, turn: Turn) -> Concluded {
        if self.live.get(call_id).is_some_and(Call::is_over)
            && let Some(call) = self.live.remove(call_id)
        {
            return Concluded { first: self.finish(now, call, turn), then: Vec::new() };
        }
        self.note_in_vain(now, &turn.in_vain);
        let stop = |endpoint| CallsOutput::LeaveMedia { call_id: call_id.clone(), endpoint };
        let first = turn.leave.into_iter().map(stop).chain(turn.entered).collect();
        let tell = |(to, event)| CallsOutput::Notify { to, event };
        let mut then: Vec<_> = turn.notices.into_iter().chain(turn.if_alive).map(tell).collect();
        if turn.visible
            && let Some(call) = self.live.get(call_id).filter(|call| call.is_connected())
        {
            then.extend(self.group_changed(&call.facts));
        }
        Concluded { first, then }
    }

    /// The last outputs of a call that was taken out of the registry.
    fn finish(&mut self, now: Instant, call: Call, turn: Turn) -> Vec<CallsOutput> {
        let (facts, seen) = (call.facts.clone(), call.is_connected());
        let mut outputs = self.close(now, Closing::of(call, now, turn));
        if seen {
            outputs.extend(self.group_changed(&facts));
        }
        outputs
    }

    /// Media stops first, then the record is stored, then people are told.
    fn close(&mut self, now: Instant, closing: Closing) -> Vec<CallsOutput> {
        let Closing { ended, notices, leave, in_vain, remembered } = closing;
        self.note_in_vain(now, &in_vain);
        let call_id = ended.facts.call_id.clone();
        *self.stats.ended.entry(ended.outcome).or_default() += 1;
        self.memory.insert(now, call_id.clone(), remembered);
        let stop = |endpoint| CallsOutput::LeaveMedia { call_id: call_id.clone(), endpoint };
        let mut outputs: Vec<_> = leave.into_iter().map(stop).collect();
        outputs.push(CallsOutput::Ended { ended, notices });
        outputs
    }

    fn note_in_vain(&mut self, now: Instant, pairs: &[(UserId, UserId)]) {
        for (from, to) in pairs {
            self.redial.in_vain(now, from, to);
        }
    }

    /// What the members of the call's group are to see now.
    fn group_changed(&self, facts: &CallFacts) -> Option<CallsOutput> {
        let group_id = facts.group_id.clone()?;
        let call = self.live.of_group(&group_id).and_then(Call::running);
        Some(CallsOutput::GroupCall { group_id, call_id: facts.call_id.clone(), call })
    }
}

/// What follows from a step: before the reply to the request that led to it, and after.
struct Concluded {
    first: Vec<CallsOutput>,
    then: Vec<CallsOutput>,
}

impl Concluded {
    fn all(self) -> Vec<CallsOutput> {
        let mut all = self.first;
        all.extend(self.then);
        all
    }
}

impl Machine for Calls {
    type Input<'a> = CallsInput;
    type Output = CallsOutput;
    type Misuse = CallsMisuse;
    type Reason = CallsReason;

    fn handle_input(&mut self, now: Instant, input: CallsInput) -> Result<(), CallsMisuse> {
        self.expire(now);
        match input {
            CallsInput::SignedIn { endpoint } => self.signed_in(now, endpoint)?,
            CallsInput::Returned { endpoint } => self.returned(now, endpoint)?,
            CallsInput::Disconnected { endpoint } => self.disconnected(now, &endpoint),
            CallsInput::SignedOut { endpoint } => self.signed_out(now, &endpoint),
            CallsInput::Request { from, request, action } => {
                self.request(now, from, request, action);
            }
            CallsInput::PeerLost { call_id, endpoint } => {
                let until = later(now, self.config.media_grace);
                self.media(&call_id, &endpoint, Some(until));
            }
            CallsInput::PeerClosed { call_id, endpoint } => {
                let until = later(now, self.config.signalling_grace);
                self.media(&call_id, &endpoint, Some(until));
            }
            CallsInput::PeerBack { call_id, endpoint } => self.media(&call_id, &endpoint, None),
            CallsInput::End { call_id } => self.end(now, &call_id, End::Operator),
            CallsInput::RemoveMember { call_id, user } => self.remove_member(now, &call_id, &user),
            CallsInput::Kick { endpoint } => self.kick(now, endpoint),
            CallsInput::Shutdown => self.shut_down(now),
        }
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.expire(now);
    }

    fn poll_output(&mut self) -> Option<CallsOutput> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Instant, CallsReason)> {
        self.live.next_deadline()
    }
}

#[cfg(test)]
mod tests;
