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
//! * a call connects only by the wish of one of the callee's devices, and only of one;
//! * every call has a deadline, so that nobody stays in one for ever;
//! * an account is in one call at most.

mod call;
mod collision;
mod config;
mod ending;
mod ids;
mod input;
mod memory;
mod output;
mod placing;
mod presence;
mod rate;
mod refusal;
mod registry;
mod requests;
mod snapshot;

use std::collections::VecDeque;
use std::time::Instant;

use calling_model::{CallId, Endpoint, Machine};

pub use collision::Collision;
pub use config::CallsConfig;
pub use input::{CallAction, CallsInput, RequestToken};
pub use output::CallsOutput;
pub use snapshot::{CallSnapshot, CallsStats};

use call::{CallState, RingEnd, TalkEnd};
use config::later;
use ending::Closing;
use ids::Ids;
use memory::Memory;
use placing::ringing_notice;
use presence::Presence;
use rate::RateLimiter;
use registry::Registry;

use crate::call::Role;
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
            stopping: false,
            stats: CallsStats::default(),
            outputs: VecDeque::new(),
            config,
        }
    }

    fn signed_in(&mut self, now: Instant, endpoint: Endpoint) -> Result<(), CallsMisuse> {
        let limit = self.config.max_endpoints;
        if self.presence.len() >= limit && !self.presence.contains(&endpoint) {
            return Err(CallsMisuse::Full { limit });
        }
        self.presence.insert(&endpoint);
        self.kick_surplus(now, &endpoint);
        self.resume(now, endpoint);
        Ok(())
    }

    /// Tells a device that signed in what it is in the middle of.
    fn resume(&mut self, now: Instant, endpoint: Endpoint) {
        let Some(call) = self.live.of_user(&endpoint.user) else { return };
        let call_id = call.facts.call_id.clone();
        if matches!(call.state, CallState::Ringing(_)) && call.callee == endpoint.user {
            let told = self.invite(now, &call_id, endpoint);
            self.outputs.extend(told);
            return;
        }
        let Some(role) = call.role_of(&endpoint) else { return };
        let event = Event::Resumed(call.reply(role));
        self.outputs.push_back(CallsOutput::Notify { to: endpoint.clone(), event });
        if let CallState::Ringing(ringing) = &call.state
            && !ringing.rang.is_empty()
        {
            self.outputs.push_back(ringing_notice(call));
        }
        self.live.update(&call_id, |call| call.set_signalling(&endpoint, None));
    }

    /// Signs out the account's devices beyond the limit, those that signed in longest ago first.
    /// One in a call stays, and so does the newcomer.
    fn kick_surplus(&mut self, now: Instant, newcomer: &Endpoint) {
        let devices = self.presence.devices_of(&newcomer.user);
        let limit = self.config.max_devices_per_user.max(2);
        let surplus = devices.len().saturating_sub(limit);
        let call = self.live.of_user(&newcomer.user);
        let kicked: Vec<Endpoint> = devices
            .iter()
            .map(|device| Endpoint { user: newcomer.user.clone(), device: device.clone() })
            .filter(|device| device != newcomer && !call.is_some_and(|call| call.holds(device)))
            .take(surplus)
            .collect();
        for to in kicked {
            self.signed_out(now, &to);
            self.outputs.push_back(CallsOutput::Notify { to, event: Event::KickedOffline {} });
        }
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
        match (&call.state, call.role_of(endpoint)) {
            (_, None) => {}
            (CallState::Ringing(_), Some(Role::Caller)) => {
                self.end_ringing(now, &call_id, &RingEnd::Withdrawn);
            }
            // It goes on ringing: on the other devices, and for whoever signs in.
            (CallState::Ringing(_), Some(Role::Callee)) => {
                self.leave_media(&call_id, [endpoint.clone()]);
            }
            (CallState::Connected(_), Some(_)) => {
                self.end_talk(now, &call_id, &TalkEnd::HungUp { by: endpoint.clone() });
            }
        }
    }

    fn media(&mut self, call_id: &CallId, endpoint: &Endpoint, lost_until: Option<Instant>) {
        let known = self.live.update(call_id, |call| call.set_media(endpoint, lost_until));
        if known != Some(true) {
            self.stats.stale += 1;
        }
    }

    fn end_ringing(&mut self, now: Instant, call_id: &CallId, end: &RingEnd) {
        let Some(call) = self.live.remove(call_id) else { return };
        if let CallState::Ringing(ringing) = &call.state {
            let outputs = self.close(now, Closing::of_ringing(&call, ringing, now, end));
            self.outputs.extend(outputs);
        }
    }

    fn end_talk(&mut self, now: Instant, call_id: &CallId, end: &TalkEnd) {
        let Some(call) = self.live.remove(call_id) else { return };
        if let CallState::Connected(talk) = &call.state {
            let outputs = self.close(now, Closing::of_talk(&call, talk, now, end));
            self.outputs.extend(outputs);
        }
    }

    /// Ends what is due. A deadline that has passed has passed, whatever is handled first.
    fn expire(&mut self, now: Instant) {
        while let Some(call_id) = self.live.due(now).cloned()
            && let Some(call) = self.live.remove(&call_id)
        {
            let outputs = self.close(now, Closing::of_deadline(&call, now));
            self.outputs.extend(outputs);
        }
    }

    fn shut_down(&mut self, now: Instant) {
        self.stopping = true;
        while let Some(call_id) = self.live.any().cloned()
            && let Some(call) = self.live.remove(&call_id)
        {
            let outputs = self.close(now, Closing::of_shutdown(&call, now));
            self.outputs.extend(outputs);
        }
    }

    fn end_by_operator(&mut self, now: Instant, call_id: &CallId) {
        let Some(call) = self.live.remove(call_id) else {
            self.stats.stale += 1;
            return;
        };
        let outputs = self.close(now, Closing::of_shutdown(&call, now));
        self.outputs.extend(outputs);
    }

    /// The last outputs of a call that was taken out of the registry: media stops first, then the
    /// record is stored, then people are told.
    fn close(&mut self, now: Instant, closing: Closing) -> Vec<CallsOutput> {
        let Closing { ended, notices, leave, remembered } = closing;
        let call_id = ended.facts.call_id.clone();
        *self.stats.ended.entry(ended.outcome).or_default() += 1;
        self.memory.insert(now, call_id.clone(), remembered);
        let stop = |endpoint| CallsOutput::LeaveMedia { call_id: call_id.clone(), endpoint };
        let mut outputs: Vec<_> = leave.into_iter().map(stop).collect();
        outputs.push(CallsOutput::Ended { ended, notices });
        outputs
    }

    fn leave_media(&mut self, call_id: &CallId, endpoints: impl IntoIterator<Item = Endpoint>) {
        let call_id = call_id.clone();
        let leave = |endpoint| CallsOutput::LeaveMedia { call_id: call_id.clone(), endpoint };
        self.outputs.extend(endpoints.into_iter().map(leave));
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
            CallsInput::Disconnected { endpoint } => self.disconnected(now, &endpoint),
            CallsInput::SignedOut { endpoint } => self.signed_out(now, &endpoint),
            CallsInput::Request { from, request, action } => {
                self.request(now, from, request, action);
            }
            CallsInput::PeerLost { call_id, endpoint } => {
                let until = later(now, self.config.media_grace);
                self.media(&call_id, &endpoint, Some(until));
            }
            CallsInput::PeerBack { call_id, endpoint } => self.media(&call_id, &endpoint, None),
            CallsInput::End { call_id } => self.end_by_operator(now, &call_id),
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
