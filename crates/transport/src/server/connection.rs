use std::net::SocketAddr;
use std::time::{Duration, Instant};

use calling_model::ConnectionId;

use super::deadlines::Deadline;
use crate::feedback::{TransportFeedback, Unreported};
use crate::ice::IceCredentials;
use crate::session::{SecureSession, TimeoutReason};

/// Addresses one client may be heard from at a time: interfaces, relays, a change of network.
const MAX_ADDRESSES: usize = 8;
/// A deadline that is still due after it was handled waits this long, so that nothing spins.
const LEAST_WAIT: Duration = Duration::from_millis(10);

/// One client.
///
/// Consent is kept for each address (RFC 7675 section 5.1): an address not heard from for the
/// consent timeout is forgotten, and with the last address the connection ends.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) local: IceCredentials,
    pub(super) remote: IceCredentials,
    pub(super) session: SecureSession,
    /// Until it is connected.
    pub(super) connect_by: Option<Instant>,
    pub(super) scheduled: Option<Deadline>,
    /// What is told of its packets, if it was agreed on.
    pub(super) feedback: Option<Box<TransportFeedback>>,
    /// Whether there ever was a path.
    pub(super) had_path: bool,
    path: Option<SocketAddr>,
    addresses: Vec<Validated>,
    challenge: Option<Challenge>,
}

/// A question to an address that wants to become the path: whoever answers is really there.
#[derive(Clone, Copy, Debug)]
struct Challenge {
    address: SocketAddr,
    transaction_id: [u8; 12],
}

#[derive(Debug)]
struct Validated {
    address: SocketAddr,
    /// When the last authenticated datagram came from it.
    heard: Instant,
}

impl Connection {
    pub(super) const fn new(
        id: ConnectionId,
        local: IceCredentials,
        remote: IceCredentials,
        session: SecureSession,
        connect_by: Instant,
    ) -> Self {
        Self {
            id,
            local,
            remote,
            session,
            connect_by: Some(connect_by),
            scheduled: None,
            feedback: None,
            had_path: false,
            path: None,
            addresses: Vec::new(),
            challenge: None,
        }
    }

    /// Other credentials. Media goes on over the path there is, until another is nominated.
    pub(super) fn restart(&mut self, local: IceCredentials, remote: IceCredentials) {
        (self.local, self.remote) = (local, remote);
        // What was asked under the old ones cannot be answered any more.
        self.challenge = None;
    }

    /// Where to send, if its consent is fresh at `now`.
    pub(super) fn path(&self, now: Instant, consent_timeout: Duration) -> Option<SocketAddr> {
        let path = self.path?;
        let validated = self.addresses.iter().find(|it| it.address == path)?;
        (validated.heard + consent_timeout > now).then_some(path)
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.addresses.iter().map(|it| it.address)
    }

    /// Notes an authenticated datagram from an address validated before.
    pub(super) fn hear(&mut self, now: Instant, address: SocketAddr) {
        if let Some(validated) = self.addresses.iter_mut().find(|it| it.address == address) {
            validated.heard = validated.heard.max(now);
        }
    }

    /// Notes an authentic RTP packet for the feedback; `true` if that changes when it is due.
    pub(super) fn observe(&mut self, now: Instant, packet: &[u8]) -> bool {
        let Some(feedback) = &mut self.feedback else { return false };
        let before = feedback.due();
        feedback.observe(now, packet);
        feedback.due() != before
    }

    /// The packets since the last call that the feedback will not tell of.
    pub(super) fn take_unreported(&mut self) -> Unreported {
        self.feedback.as_mut().map(|feedback| feedback.take_unreported()).unwrap_or_default()
    }

    /// Notes an authenticated check. Gives an address that had to make room.
    pub(super) fn validate(&mut self, now: Instant, address: SocketAddr) -> Option<SocketAddr> {
        if self.addresses.iter().any(|it| it.address == address) {
            self.hear(now, address);
            return None;
        }
        let evicted = if self.addresses.len() < MAX_ADDRESSES { None } else { self.evict() };
        self.addresses.push(Validated { address, heard: now });
        evicted
    }

    /// Whether `address`, from which a check came, should become the path: it was nominated, or
    /// nothing comes from the path any more.
    pub(super) fn wants(
        &self,
        now: Instant,
        address: SocketAddr,
        nominated: bool,
        consent_timeout: Duration,
    ) -> bool {
        let Some(path) = self.path else { return true };
        // Checks come every second, so half the consent timeout is a long silence.
        let quiet = |it: &Validated| it.address != path || it.heard + consent_timeout / 2 <= now;
        path != address && (nominated || self.addresses.iter().all(quiet))
    }

    /// Sends to `address` from now on.
    pub(super) const fn select(&mut self, address: SocketAddr) {
        self.path = Some(address);
        self.had_path = true;
        self.challenge = None;
    }

    /// Asks `address` to prove itself; gives the transaction to ask with. Asking again repeats the
    /// question, so that no timer is needed: clients check every second.
    pub(super) fn challenge(&mut self, address: SocketAddr, fresh: [u8; 12]) -> [u8; 12] {
        match self.challenge {
            Some(challenge) if challenge.address == address => challenge.transaction_id,
            Some(_) | None => {
                self.challenge = Some(Challenge { address, transaction_id: fresh });
                fresh
            }
        }
    }

    /// The question `address` was asked.
    pub(super) fn challenged(&self, address: SocketAddr) -> Option<[u8; 12]> {
        self.challenge.filter(|it| it.address == address).map(|it| it.transaction_id)
    }

    pub(super) const fn is_connected(&self) -> bool {
        self.connect_by.is_none()
    }

    /// Forgets addresses not heard from in time; gives them.
    pub(super) fn expire(&mut self, now: Instant, consent_timeout: Duration) -> Vec<SocketAddr> {
        let silent = |it: &mut Validated| it.heard + consent_timeout <= now;
        let expired: Vec<_> = self.addresses.extract_if(.., silent).map(|it| it.address).collect();
        self.path = self.path.filter(|path| !expired.contains(path));
        expired
    }

    /// When something is due, as things stand.
    pub(super) fn deadline(&self, consent_timeout: Duration) -> Option<Deadline> {
        let connect = self.connect_by.map(|at| (at, TimeoutReason::Connect));
        let consent = self.addresses.iter().map(|it| it.heard + consent_timeout).min();
        let consent = consent.map(|at| (at, TimeoutReason::Consent));
        let deadlines = connect.into_iter().chain(consent).chain(self.session.poll_timeout());
        deadlines.chain(self.feedback_due()).min()
    }

    pub(super) fn feedback_due(&self) -> Option<Deadline> {
        let due = self.feedback.as_ref()?.due()?;
        Some((due, TimeoutReason::Feedback))
    }

    /// The deadline after everything due at `now` was handled.
    pub(super) fn next_deadline(
        &self,
        now: Instant,
        consent_timeout: Duration,
    ) -> Option<Deadline> {
        let (at, reason) = self.deadline(consent_timeout)?;
        Some((if at <= now { now + LEAST_WAIT } else { at }, reason))
    }

    fn evict(&mut self) -> Option<SocketAddr> {
        let path = self.path;
        let others = self.addresses.iter().enumerate().filter(|(_, it)| Some(it.address) != path);
        let (oldest, _) = others.min_by_key(|(_, it)| it.heard)?;
        Some(self.addresses.swap_remove(oldest).address)
    }
}
