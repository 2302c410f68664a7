mod answers;
mod call;
mod hearing;
mod invited;
mod local;
mod party;
mod recent;
mod switching;
mod telling;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use calling_model::{CallId, DeviceId, Endpoint, InviteId, Machine, UserId};
use calling_signaling::calls::{
    CallAction, Calls, CallsInput, CallsMisuse, CallsReason, RequestToken,
};
use calling_signaling::invite::SyncInfo;
use calling_signaling::protocol::{CallReply, Code, ProtocolError, Reply};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use crate::{BridgeConfig, BridgeInput, BridgeOutput, BridgeStats};
use call::{Origin, WireCall};
use party::{Overheard, Party, PartyOrigin};
use recent::Recent;

/// Why a [`BridgeEndpoint`] has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BridgeReason {
    /// One of the call machine's.
    Call(CallsReason),
    /// A wish to switch the medium has waited long enough.
    SwitchUnanswered,
}

/// One user's end of calls over a messaging service.
///
/// ```text
///   local user ── requests ──▶ ┌───────────────┐ ◀── messages ── peers
///                              │     Calls     │
///   local user ◀── events ──── └───────────────┘ ── messages ──▶ peers
/// ```
///
/// Follows the contract of [`Machine`]. What a message does is decided by the call machine within,
/// to which each peer is a device; here is only what is particular to messages: whose they are,
/// which call they mean, and whether they come too late.
#[derive(Clone, Debug)]
pub struct BridgeEndpoint {
    config: BridgeConfig,
    me: UserId,
    /// The local user's device, as the machine within knows it…
    here: Endpoint,
    /// …and any other device of the local user.
    elsewhere: Endpoint,
    calls: Calls,
    /// Who is signed in to the machine within.
    present: BTreeSet<Endpoint>,
    /// Calls of two…
    live: BTreeMap<CallId, WireCall>,
    /// …and of several.
    parties: BTreeMap<CallId, Party>,
    recent: Recent,
    overheard: Overheard,
    /// What was relayed before the invite came that it is about.
    early: VecDeque<(UserId, SyncInfo)>,
    ids: ChaCha12Rng,
    /// What is known of the call that the machine starts next.
    origin: Option<Origin>,
    /// The same of a call of several.
    party_origin: Option<PartyOrigin>,
    /// The machine is asked in somebody's name: its reply is no reply to the local user.
    asking: bool,
    /// The machine's answer to what was asked in a peer's name.
    answer: Option<Result<Reply, ProtocolError>>,
    stats: BridgeStats,
    outputs: VecDeque<BridgeOutput>,
}

impl BridgeEndpoint {
    /// The end of `me`, in no call. `seed` is the source of every id: 32 bytes of the operating
    /// system's randomness in production, a constant in tests.
    pub fn new(config: BridgeConfig, me: UserId, seed: [u8; 32]) -> Self {
        let mut ids = ChaCha12Rng::from_seed(seed);
        // A stream of its own: the machine within draws from the first.
        ids.set_stream(1);
        Self {
            calls: Calls::new(config.calls(), seed),
            here: device(me.clone(), "here"),
            elsewhere: device(me.clone(), "elsewhere"),
            present: BTreeSet::new(),
            live: BTreeMap::new(),
            parties: BTreeMap::new(),
            overheard: Overheard::default(),
            early: VecDeque::new(),
            recent: Recent::new(config.memory, config.max_remembered),
            ids,
            origin: None,
            party_origin: None,
            asking: false,
            answer: None,
            stats: BridgeStats::default(),
            outputs: VecDeque::new(),
            me,
            config,
        }
    }

    /// The local user.
    pub const fn me(&self) -> &UserId {
        &self.me
    }

    /// The call the local user is in, ringing or connected.
    pub fn call(&self) -> Option<CallReply> {
        let reply = self.calls.call_of(&self.here)?;
        Some(self.in_words(reply))
    }

    /// The call in the words of the messages.
    fn in_words(&self, reply: CallReply) -> CallReply {
        let call_id = &reply.facts.call_id;
        match (self.live.get(call_id), self.parties.get(call_id)) {
            (Some(call), _) => call.reply(reply, &self.me),
            (None, Some(party)) => party.reply(reply, &self.me),
            (None, None) => reply,
        }
    }

    /// Counters since the start.
    pub const fn stats(&self) -> &BridgeStats {
        &self.stats
    }

    /// Whether the machine's parts agree, and nothing grows; for tests and fuzzing.
    #[doc(hidden)]
    pub fn is_consistent(&self) -> bool {
        let alive = |id: &CallId| self.calls.call(id).is_some();
        self.calls.is_consistent()
            && self.live.keys().chain(self.parties.keys()).all(alive)
            && self.live.len() + self.parties.len() == self.calls.live_calls()
            && self.live.len() + self.parties.len() <= 1
            && self.present.len() == self.calls.signed_in_devices()
            && self.present.len()
                <= if self.parties.is_empty() { 2 } else { self.config.max_members }
            && self.recent.len() <= self.config.max_remembered
    }

    /// A device signs in to the machine within, unless it is.
    fn sign_in(&mut self, now: Instant, endpoint: &Endpoint) {
        if self.present.insert(endpoint.clone()) {
            self.feed(now, CallsInput::SignedIn { endpoint: endpoint.clone() });
        }
    }

    /// As many as fit into a call: of more it is refused.
    fn sign_in_peers(&mut self, now: Instant, users: &[UserId]) {
        for user in users.iter().take(self.config.max_members) {
            if *user != self.me {
                self.sign_in(now, &peer_device(user.clone()));
            }
        }
    }

    /// Ends what the local user is not in any more, and signs out everybody who is in no call but
    /// the local user.
    fn sweep(&mut self, now: Instant) {
        self.leave_parties(now);
        let idle = |endpoint: &&Endpoint| {
            **endpoint != self.here && self.calls.call_of(endpoint).is_none()
        };
        let idle: Vec<Endpoint> = self.present.iter().filter(idle).cloned().collect();
        for endpoint in idle {
            self.present.remove(&endpoint);
            self.feed(now, CallsInput::SignedOut { endpoint });
        }
    }

    /// Asks the machine within in the name of somebody else than the local user here.
    fn ask(
        &mut self,
        now: Instant,
        from: &Endpoint,
        action: CallAction,
    ) -> Result<Reply, ProtocolError> {
        self.answer = None;
        // Nobody looks at the token: these replies are told by whom they are to.
        let request = RequestToken(0);
        self.asking = true;
        self.feed(now, CallsInput::Request { from: from.clone(), request, action });
        self.asking = false;
        let missing = || Err(ProtocolError::new(Code::Internal, "The machine gave no reply."));
        self.answer.take().unwrap_or_else(missing)
    }

    fn feed(&mut self, now: Instant, input: CallsInput) {
        match self.calls.handle_input(now, input) {
            // Those of one call are signed in at once, and elsewhere and one more peer for the
            // duration of one message: fewer than the limit.
            Ok(()) | Err(CallsMisuse::Full { .. }) => self.drain(now),
        }
    }

    fn drain(&mut self, now: Instant) {
        while let Some(output) = self.calls.poll_output() {
            self.translate(now, output);
        }
    }

    fn new_invite_id(&mut self) -> InviteId {
        let hex = format!("{:032x}", self.ids.random::<u128>());
        InviteId::new(hex).unwrap_or_else(|_| unreachable!("hexadecimal digits are graphic"))
    }

    fn fire(&mut self, now: Instant) {
        self.calls.handle_timeout(now);
        self.drain(now);
        self.give_up_wishes(now);
    }
}

impl Machine for BridgeEndpoint {
    type Input<'a> = BridgeInput;
    type Output = BridgeOutput;
    /// There is nothing to get wrong: what cannot be done is told in the reply.
    type Misuse = std::convert::Infallible;
    type Reason = BridgeReason;

    fn handle_input(&mut self, now: Instant, input: BridgeInput) -> Result<(), Self::Misuse> {
        let here = self.here.clone();
        self.sign_in(now, &here);
        self.fire(now);
        match input {
            BridgeInput::Request { request, action, at } => self.request(now, request, action, at),
            BridgeInput::Received { message, at } => self.received(now, at, &message),
            BridgeInput::SendFailed { call_id } => self.send_failed(now, &call_id),
            BridgeInput::PeerLeft { call_id } => self.peer_left(now, &call_id),
            BridgeInput::PeerLost { call_id } => self.peer_media(now, call_id, false),
            BridgeInput::PeerBack { call_id } => self.peer_media(now, call_id, true),
            BridgeInput::MemberMedia { call_id, user, change } => {
                self.member_media(now, call_id, user, change);
            }
            BridgeInput::Shutdown => self.feed(now, CallsInput::Shutdown),
        }
        self.sweep(now);
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.fire(now);
        self.sweep(now);
    }

    fn poll_output(&mut self) -> Option<BridgeOutput> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Instant, BridgeReason)> {
        let call = self.calls.poll_timeout().map(|(at, reason)| (at, BridgeReason::Call(reason)));
        // An account is in one call at most.
        let wishes = self.live.values().filter_map(|call| call.wish.as_ref());
        let wish = wishes.map(|wish| (wish.until, BridgeReason::SwitchUnanswered)).min();
        call.into_iter().chain(wish).min()
    }
}

/// How the machine within knows a peer.
fn peer_device(user: UserId) -> Endpoint {
    device(user, "peer")
}

fn device(user: UserId, name: &'static str) -> Endpoint {
    // The names are words.
    let device = DeviceId::new(name).unwrap_or_else(|_| unreachable!("{name} is a word"));
    Endpoint { user, device }
}
