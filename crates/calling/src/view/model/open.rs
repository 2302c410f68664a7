use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::{CallId, GroupId, MediaType, UserId};
use calling_signaling::call::{CallFacts, Outcome, Role};

use super::ViewEvent;
use crate::view::members::{Members, Names};
use crate::view::state::{CallPhase, CallViewState, MemberState, ViewEnd, ViewNotice};

/// The call that is shown.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) call_id: CallId,
    pub(super) role: Role,
    pub(super) media_type: MediaType,
    pub(super) group_id: Option<GroupId>,
    pub(super) members: Members,
    pub(super) started_at: Instant,
    pub(super) rings_until: Option<Instant>,
    pub(super) connected_at: Option<Instant>,
    pub(super) notice: Option<ViewNotice>,
    /// The user accepts.
    pub(super) accepting: bool,
    /// This device is in the media room.
    pub(super) entered: bool,
    /// Left here.
    pub(super) closing: bool,
    pub(super) signalling_lost: bool,
    pub(super) media_lost: bool,
    /// Whether the window is that of an incoming call.
    pub(super) rings_here: bool,
    /// What was told last; `None` before the first show.
    pub(super) shown: Option<Arc<CallViewState>>,
}

/// How the call shown ended.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) end: ViewEnd,
    /// As the server says; `None` if it said nothing.
    pub(super) duration_ms: Option<u64>,
    pub(super) by: Option<UserId>,
}

impl End {
    pub(super) const fn by_itself(end: ViewEnd) -> Self {
        Self { end, duration_ms: None, by: None }
    }

    pub(super) const fn unanswered(outcome: Outcome, by: Option<UserId>) -> Self {
        Self { end: ViewEnd::Outcome(outcome), duration_ms: Some(0), by }
    }
}

impl Open {
    pub(super) fn new(
        at: Instant,
        own: UserId,
        call_id: CallId,
        role: Role,
        media_type: MediaType,
    ) -> Self {
        Self {
            call_id,
            role,
            media_type,
            group_id: None,
            members: Members::new(own),
            started_at: at,
            rings_until: None,
            connected_at: None,
            notice: None,
            accepting: false,
            entered: false,
            closing: false,
            signalling_lost: false,
            media_lost: false,
            rings_here: false,
            shown: None,
        }
    }

    /// Takes in the facts of the call, as often as they are told.
    pub(super) fn learn(&mut self, facts: &CallFacts, names: &Names) {
        self.media_type = facts.media_type;
        self.group_id.clone_from(&facts.group_id);
        self.members.add(names, &facts.caller, MemberState::Connected);
        for callee in &facts.callees {
            self.members.add(names, callee, MemberState::Pending);
        }
        self.members.arrange(std::iter::once(&facts.caller).chain(&facts.callees));
        let answered = self.connected_at.is_some();
        if self.role == Role::Caller && !answered && self.rings_until.is_none() {
            let rings = Duration::from_secs(u64::from(facts.timeout_s));
            self.rings_until = self.started_at.checked_add(rings);
        }
    }

    /// The conversation begins.
    pub(super) fn begin(&mut self, at: Instant, names: &Names, own: &UserId) {
        self.connected_at.get_or_insert(at);
        self.rings_until = None;
        self.members.join(names, own);
    }

    /// The callback that tells what has changed, if anything has.
    pub(super) fn show(&mut self, muted: bool, camera_on: bool) -> Option<ViewEvent> {
        let call = self.snapshot(self.phase(), muted, camera_on);
        if self.shown.as_deref() == Some(&call) {
            return None;
        }
        let rings_here = match call.phase {
            CallPhase::Incoming => true,
            CallPhase::Outgoing
            | CallPhase::Connecting
            | CallPhase::Connected
            | CallPhase::Reconnecting => false,
            CallPhase::Ending | CallPhase::Ended { .. } => self.rings_here,
        };
        let same_window = self.shown.is_some() && rings_here == self.rings_here;
        self.rings_here = rings_here;
        let call = Arc::new(call);
        self.shown = Some(Arc::clone(&call));
        Some(match (same_window, rings_here) {
            (true, _) => ViewEvent::Update(call),
            (false, true) => ViewEvent::ShowIncoming(call),
            (false, false) => ViewEvent::ShowCall(call),
        })
    }

    /// The call as it was when it ended, if it was shown.
    pub(super) fn last(&self, at: Instant, end: End, muted: bool) -> Option<Arc<CallViewState>> {
        let shown = self.shown.as_ref()?;
        let talked = self.connected_at.map_or(0, |since| {
            u64::try_from(at.saturating_duration_since(since).as_millis()).unwrap_or(u64::MAX)
        });
        let End { end, duration_ms, by } = end;
        let duration_ms = duration_ms.unwrap_or(talked);
        let phase = CallPhase::Ended { end, duration_ms, by };
        Some(Arc::new(self.snapshot(phase, muted, shown.camera_on)))
    }

    fn phase(&self) -> CallPhase {
        let lost = self.signalling_lost || self.media_lost;
        if self.closing {
            CallPhase::Ending
        } else if self.connected_at.is_none() && !self.accepting {
            match self.role {
                Role::Callee => CallPhase::Incoming,
                Role::Caller => CallPhase::Outgoing,
            }
        } else if self.connected_at.is_none() || !self.entered {
            CallPhase::Connecting
        } else if lost {
            CallPhase::Reconnecting
        } else {
            CallPhase::Connected
        }
    }

    fn snapshot(&self, phase: CallPhase, muted: bool, camera_on: bool) -> CallViewState {
        CallViewState {
            call_id: self.call_id.clone(),
            role: self.role,
            media_type: self.media_type,
            group_id: self.group_id.clone(),
            phase,
            members: self.members.list.clone(),
            more_members: self.members.more,
            muted,
            camera_on,
            started_at: self.started_at,
            rings_until: self.rings_until,
            connected_at: self.connected_at,
            notice: self.notice.clone(),
        }
    }
}
