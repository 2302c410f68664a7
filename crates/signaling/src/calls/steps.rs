//! What can happen to the members of a call, one step each.

use std::collections::BTreeSet;
use std::time::Instant;

use calling_model::{Endpoint, MediaType, UserId};

use super::CallsOutput;
use super::call::{Accepted, Call};
use super::ending::End;
use super::member::{Gone, Member, Ringing, Stage};
use crate::call::{Outcome, ParticipantOutcome};
use crate::protocol::Event;

/// What follows from one step of a call, besides its new state.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Whose media connection closes.
    pub(super) leave: Vec<Endpoint>,
    /// A device's way opens.
    pub(super) entered: Option<CallsOutput>,
    /// Whom to tell what.
    pub(super) notices: Vec<(Endpoint, Event)>,
    /// Whom to tell what if the call goes on.
    pub(super) if_alive: Vec<(Endpoint, Event)>,
    /// How the call ends if this step was its last.
    pub(super) end: Option<End>,
    /// Who rang whom in vain.
    pub(super) in_vain: Vec<(UserId, UserId)>,
    /// The members or the medium changed, as their group may see.
    pub(super) visible: bool,
}

/// Why somebody in a call leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// By their own wish.
    HungUp,
    /// They dropped out and did not come back.
    Lost,
    /// The server took them out.
    Removed,
}

impl Turn {
    fn tell(&mut self, devices: Vec<Endpoint>, event: &Event) {
        self.notices.extend(devices.into_iter().map(|device| (device, event.clone())));
    }
}

impl Call {
    /// `device`, rung, answers. The only way to the first [`Accepted`].
    pub(super) fn answer(&mut self, now: Instant, device: &Endpoint, until: Instant) -> Turn {
        let (at, call_id) = (self.wall(now), self.facts.call_id.clone());
        let mut turn = Turn { visible: true, ..Turn::default() };
        let Some(member) = self.member_mut(&device.user) else { return turn };
        if member.outcome != ParticipantOutcome::Called {
            member.outcome = ParticipantOutcome::Accepted;
        }
        let others = member.sit(device.clone(), Some(at));
        turn.entered = Some(if self.is_connected() {
            self.joined(device, now, true)
        } else {
            self.begin(now, device, until)
        });
        let accepted = Event::Accepted { call_id, user: device.user.clone() };
        turn.tell(self.concerned(&device.user), &accepted);
        self.stop_ringing(&mut turn, &device.user, &others, true);
        turn.leave.extend(others);
        turn
    }

    /// `device` enters the running call without being rung.
    pub(super) fn join(&mut self, now: Instant, device: &Endpoint) -> Turn {
        let (at, user) = (self.wall(now), device.user.clone());
        if self.member(&user).is_none() {
            // The stage lasts until the next line.
            let stage = Stage::Out(Gone::Left);
            self.members.push(Member::new(user.clone(), stage, ParticipantOutcome::Joined));
            self.facts.callees.push(user.clone());
        }
        if let Some(member) = self.member_mut(&user) {
            if member.joined_at.is_none() {
                member.outcome = ParticipantOutcome::Joined;
            }
            member.sit(device.clone(), Some(at));
        }
        let entered = Some(self.joined(device, now, false));
        let mut turn = Turn { entered, visible: true, ..Turn::default() };
        let event = Event::Joined { call_id: self.facts.call_id.clone(), user: user.clone() };
        turn.tell(self.audience(&user), &event);
        turn
    }

    /// `device`, rung, declines for its account.
    pub(super) fn decline(&mut self, now: Instant, device: &Endpoint, busy: bool) -> Turn {
        let (at, call_id, user) = (self.wall(now), self.facts.call_id.clone(), device.user.clone());
        let end = Some(End::Declined { by: user.clone() });
        let mut turn = Turn { end, visible: true, ..Turn::default() };
        let Some(member) = self.member_mut(&user) else { return turn };
        turn.in_vain.extend(rang_in_vain(member));
        let devices = member.go(if busy { Gone::Busy } else { Gone::Rejected }, at);
        let answer = if busy {
            Event::LineBusy { call_id: call_id.clone(), user: user.clone() }
        } else {
            Event::Rejected { call_id: call_id.clone(), user: user.clone() }
        };
        turn.tell(self.concerned(&user), &answer);
        let outcome = if busy { Outcome::Busy } else { Outcome::Rejected };
        let by = Some(user.clone());
        let last = Event::Ended { call_id, outcome, by, duration_ms: 0 };
        self.last_word(&mut turn, device, last);
        let mut others: BTreeSet<Endpoint> = devices.iter().cloned().collect();
        others.remove(device);
        self.stop_ringing(&mut turn, &user, &others, false);
        turn.leave.extend(devices);
        turn
    }

    /// Somebody in the call is in it no more.
    pub(super) fn leave(&mut self, now: Instant, user: &UserId, how: Leaving) -> Turn {
        let (at, call_id, talking) =
            (self.wall(now), self.facts.call_id.clone(), self.is_connected());
        let (end, reason, gone) = match how {
            Leaving::HungUp => (End::HungUp { by: user.clone() }, 0, Gone::Left),
            Leaving::Lost => (End::Lost, 1, Gone::Left),
            Leaving::Removed => (End::Operator, 2, Gone::Removed),
        };
        let mut turn = Turn { end: Some(end), visible: true, ..Turn::default() };
        let Some(member) = self.member_mut(user) else { return turn };
        turn.leave = member.go(gone, at);
        let duration_ms = member.talked_ms(at);
        let (outcome, by) = match how {
            Leaving::HungUp if talking => (Outcome::Completed, Some(user.clone())),
            Leaving::HungUp => (Outcome::Cancelled, Some(user.clone())),
            Leaving::Lost if talking => (Outcome::PeerLost, None),
            Leaving::Lost => (Outcome::Cancelled, None),
            Leaving::Removed => (Outcome::Interrupted, None),
        };
        let last = Event::Ended { call_id: call_id.clone(), outcome, by, duration_ms };
        for device in turn.leave.clone() {
            self.last_word(&mut turn, &device, last.clone());
        }
        let left = Event::MemberLeft { call_id, user: user.clone(), reason };
        let audience = self.audience(user);
        turn.if_alive = audience.into_iter().map(|device| (device, left.clone())).collect();
        turn
    }

    /// The server takes `user` out of the call, or stops ringing them.
    pub(super) fn remove(&mut self, now: Instant, user: &UserId) -> Option<Turn> {
        match self.member(user)?.stage {
            Stage::In(_) => return Some(self.leave(now, user, Leaving::Removed)),
            Stage::Ringing(_) => {}
            Stage::Out(_) => return None,
        }
        let (at, call_id) = (self.wall(now), self.facts.call_id.clone());
        let caller = self.facts.caller.clone();
        let mut turn = Turn { end: Some(End::Operator), visible: true, ..Turn::default() };
        turn.leave = self.member_mut(user)?.go(Gone::Removed, at);
        let cancelled = Event::Cancelled { call_id: call_id.clone(), user: caller };
        for device in turn.leave.clone() {
            self.last_word(&mut turn, &device, cancelled.clone());
        }
        let left = Event::MemberLeft { call_id, user: user.clone(), reason: 2 };
        let audience = self.audience(user);
        turn.if_alive = audience.into_iter().map(|device| (device, left.clone())).collect();
        Some(turn)
    }

    /// Whoever was to answer until `by` has not.
    pub(super) fn ring_out(&mut self, now: Instant, by: Instant) -> Turn {
        let (at, call_id) = (self.wall(now), self.facts.call_id.clone());
        let mut turn = Turn { end: Some(End::RangOut), visible: true, ..Turn::default() };
        let mut out = Vec::new();
        for member in &mut self.members {
            if member.ringing().is_some_and(|ringing| ringing.until <= by) {
                turn.in_vain.extend(rang_in_vain(member));
                out.push((member.user.clone(), member.go(Gone::NoAnswer, at)));
            }
        }
        let users: Vec<UserId> = out.iter().map(|(user, _)| user.clone()).collect();
        for (user, devices) in out {
            let unheard = Event::NoResponse { call_id: call_id.clone(), user: user.clone() };
            turn.tell(self.concerned(&user), &unheard);
            let timed_out = Event::TimedOut { call_id: call_id.clone(), users: users.clone() };
            for device in devices {
                self.last_word(&mut turn, &device, timed_out.clone());
                turn.leave.push(device);
            }
        }
        turn
    }

    /// Everybody whom to give up on by `by`.
    pub(super) fn lost(&self, by: Instant) -> Vec<UserId> {
        let lost = |member: &&Member| {
            member.seat().is_some() && member.deadline().is_some_and(|(at, _)| at <= by)
        };
        self.members.iter().filter(lost).map(|member| member.user.clone()).collect()
    }

    /// `user` rings from now on; whether on a device, the machine sees to. `busy` ones do not ring.
    pub(super) fn call_in(&mut self, user: &UserId, ringing: Ringing, busy: bool) {
        let outcome = if busy { ParticipantOutcome::Busy } else { ParticipantOutcome::Pending };
        // A caller who left may be called back in, and stays the caller.
        if *user != self.facts.caller && !self.facts.callees.contains(user) {
            self.facts.callees.push(user.clone());
        }
        if self.member(user).is_none() {
            let stage = Stage::Out(Gone::Left);
            self.members.push(Member::new(user.clone(), stage, outcome));
        }
        let Some(member) = self.member_mut(user) else { return };
        if member.joined_at.is_none() && member.outcome != ParticipantOutcome::Called {
            member.outcome = outcome;
        }
        member.stage = if busy {
            Stage::Out(Gone::Busy)
        } else {
            let attempt = member.invites;
            member.invites = attempt.saturating_add(1);
            Stage::Ringing(Ringing { attempt, ..ringing })
        };
    }

    /// The call has another medium from now on.
    pub(super) fn switch(&mut self, by: &UserId, media_type: MediaType) -> Turn {
        self.facts.media_type = media_type;
        let mut turn = Turn { visible: true, ..Turn::default() };
        let call_id = self.facts.call_id.clone();
        let event = Event::MediaTypeChanged { call_id, by: by.clone(), media_type };
        turn.tell(self.audience(by), &event);
        turn
    }

    fn begin(&mut self, now: Instant, device: &Endpoint, until: Instant) -> CallsOutput {
        let at = self.wall(now);
        for member in &mut self.members {
            // The caller; whoever answers has sat down already.
            if member.seat().is_some() {
                member.joined_at = Some(at);
            }
        }
        self.accepted = Some(Accepted { at, by: device.clone(), until });
        CallsOutput::Connected {
            call_id: self.facts.call_id.clone(),
            room_id: self.facts.room_id,
            caller: self.caller.clone(),
            callee: device.clone(),
            accepted_at: at,
        }
    }

    fn joined(&self, device: &Endpoint, now: Instant, rung: bool) -> CallsOutput {
        CallsOutput::Joined {
            call_id: self.facts.call_id.clone(),
            room_id: self.facts.room_id,
            endpoint: device.clone(),
            at: self.wall(now),
            rung,
        }
    }

    /// Tells `others` that another device of theirs answered (`true`) or declined.
    fn stop_ringing(
        &mut self,
        turn: &mut Turn,
        user: &UserId,
        others: &BTreeSet<Endpoint>,
        accepted: bool,
    ) {
        let call_id = self.facts.call_id.clone();
        let event = Event::HandledElsewhere { call_id, accepted };
        let Some(member) = self.member_mut(user) else { return };
        for device in others {
            member.note(device, &event);
            turn.notices.push((device.clone(), event.clone()));
        }
    }

    fn last_word(&mut self, turn: &mut Turn, device: &Endpoint, event: Event) {
        if let Some(member) = self.member_mut(&device.user) {
            member.note(device, &event);
        }
        turn.notices.push((device.clone(), event));
    }
}

/// Who rang `member`, if it rang on a device and is about to end unanswered.
pub(super) fn rang_in_vain(member: &Member) -> Option<(UserId, UserId)> {
    let ringing = member.ringing().filter(|ringing| !ringing.rang.is_empty())?;
    Some((ringing.inviter.clone(), member.user.clone()))
}
