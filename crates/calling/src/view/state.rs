use std::time::{Duration, Instant};

use calling_model::{CallId, GroupId, MediaType, UserId, Volume};
use calling_signaling::call::{Outcome, Role};
use calling_signaling::client::NetworkQuality;

/// Everything a call window shows, as it was at one moment. Immutable: each change makes a new one.
#[derive(Clone, Debug, PartialEq)]
pub struct CallViewState {
    /// The call.
    pub call_id: CallId,
    /// This side.
    pub role: Role,
    /// Voice or video.
    pub media_type: MediaType,
    /// The chat group the call belongs to, if any.
    pub group_id: Option<GroupId>,
    /// How far the call is.
    pub phase: CallPhase,
    /// Everybody in the call, this user included: the caller first, then the callees in the
    /// caller's order, then who joined later. Who left stays, marked so.
    pub members: Vec<MemberView>,
    /// Whether there are more members than the 1,000 that are listed at most.
    pub more_members: bool,
    /// Whether the own microphone is muted.
    pub muted: bool,
    /// Whether the own camera is sent.
    pub camera_on: bool,
    /// When the call was placed here or began to ring here, on this process's monotonic clock.
    pub started_at: Instant,
    /// Until when it rings; `None` once answered or if unknown.
    pub rings_until: Option<Instant>,
    /// When the conversation began; `None` before.
    pub connected_at: Option<Instant>,
    /// The last error or warning of this call; for the user.
    pub notice: Option<ViewNotice>,
}

/// How far a call is, as a window tells it.
///
/// ```text
///   Incoming ──accept──▶ Connecting ──in the room──▶ Connected ◀──▶ Reconnecting
///   Outgoing ──accepted────▲
///   all ──hang up──▶ Ending ──▶ Ended        all ──▶ Ended
/// ```
///
/// `Connecting` falls back to `Incoming` if the accept failed and the call still rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallPhase {
    /// Rings here.
    Incoming,
    /// Rings at the others.
    Outgoing,
    /// Answered; sound is on its way.
    Connecting,
    /// In conversation.
    Connected,
    /// In conversation, but a connection to the server is lost and being tried again.
    Reconnecting,
    /// Left here; the server's last word is awaited.
    Ending,
    /// Over.
    Ended {
        /// Why.
        end: ViewEnd,
        /// Conversation time, in milliseconds.
        duration_ms: u64,
        /// Who ended it; `None` when a timer or the server did.
        by: Option<UserId>,
    },
}

/// Why a call is over on this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewEnd {
    /// It ended for everybody.
    Outcome(Outcome),
    /// Another device of this account answered.
    AnsweredElsewhere,
    /// Another device of this account declined.
    RejectedElsewhere,
    /// This device was signed out.
    SignedOut,
    /// Another call took its place before its end was heard of.
    Replaced,
}

/// One member of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Who.
    pub user: UserId,
    /// What to call them: as given to `Calling::set_display_name`, else the account. Foreign text:
    /// it may hold anything, control characters too.
    pub display_name: String,
    /// Whether it is this user.
    pub is_self: bool,
    /// Where they are.
    pub state: MemberState,
    /// How loud they are, 0..=100.
    pub volume: Volume,
    /// Whether their voice flows. Of this user: not known here, see [`CallViewState::muted`].
    pub audio_available: bool,
    /// Whether their picture flows.
    pub video_available: bool,
    /// How good their network is.
    pub network: NetworkQuality,
}

/// Where a member of a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemberState {
    /// Invited; no device of theirs is known to ring.
    Pending,
    /// A device of theirs rings.
    Ringing,
    /// Answered, and not yet in the room.
    Accepted,
    /// Takes part. The caller does from the beginning.
    Connected,
    /// Not, or no longer, in the call.
    Left(LeftReason),
}

/// Why a member is not in the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeftReason {
    /// Left by themselves.
    HungUp,
    /// Their network was gone for too long.
    Lost,
    /// Was removed.
    Removed,
    /// Declined.
    Rejected,
    /// Was in another call, or chose "busy".
    Busy,
    /// Did not answer in time or could not be reached.
    NoAnswer,
}

/// An error or a warning, for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewNotice {
    /// When.
    pub at: Instant,
    /// The stable code.
    pub code: i32,
    /// A plain sentence.
    pub message: String,
}

impl CallViewState {
    /// Conversation time: until `now`, or in all if the call is over; zero before it was answered.
    pub fn elapsed(&self, now: Instant) -> Duration {
        if let CallPhase::Ended { duration_ms, .. } = &self.phase {
            return Duration::from_millis(*duration_ms);
        }
        self.connected_at.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// How long it still rings at `now`; `None` if it does not ring or nobody knows.
    pub fn rings_for(&self, now: Instant) -> Option<Duration> {
        let rings = matches!(self.phase, CallPhase::Incoming | CallPhase::Outgoing);
        self.rings_until.filter(|_| rings).map(|until| until.saturating_duration_since(now))
    }

    /// The others, in order.
    pub fn others(&self) -> impl Iterator<Item = &MemberView> + Clone {
        self.members.iter().filter(|member| !member.is_self)
    }

    /// This user; `None` only if there are more members than are listed.
    pub fn own(&self) -> Option<&MemberView> {
        self.members.iter().find(|member| member.is_self)
    }

    /// Who placed the call, if that is known yet.
    pub fn caller(&self) -> Option<&MemberView> {
        match self.role {
            Role::Caller => self.own(),
            Role::Callee => self.members.first().filter(|member| !member.is_self),
        }
    }

    /// Whether the call is over.
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, CallPhase::Ended { .. })
    }
}
