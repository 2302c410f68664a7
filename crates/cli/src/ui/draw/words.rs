//! What the window says.

use std::time::Duration;

use calling::view::{CallPhase, CallViewState, LeftReason, MemberState, MemberView, ViewEnd};
use calling::{MediaType, NetworkQuality, Outcome, Role};

use super::text::clean;

pub(super) fn kind(call: &CallViewState) -> &'static str {
    let group = call.group_id.is_some() || call.others().nth(1).is_some();
    match (group, call.media_type) {
        (false, MediaType::Audio) => "Voice call",
        (false, MediaType::Video) => "Video call",
        (true, MediaType::Audio) => "Group voice call",
        (true, MediaType::Video) => "Group video call",
    }
}

pub(super) fn phase(call: &CallViewState) -> String {
    match &call.phase {
        CallPhase::Incoming => format!("Incoming {}", kind(call).to_lowercase()),
        CallPhase::Outgoing => {
            let rings = call.others().any(|member| member.state == MemberState::Ringing);
            if rings { "Ringing" } else { "Calling" }.to_owned()
        }
        CallPhase::Connecting => "Connecting…".to_owned(),
        CallPhase::Connected => "Connected".to_owned(),
        CallPhase::Reconnecting => "Connection lost, trying again…".to_owned(),
        CallPhase::Ending => "Hanging up…".to_owned(),
        CallPhase::Ended { end, .. } => self::end(*end, call.role).to_owned(),
    }
}

const fn end(end: ViewEnd, role: Role) -> &'static str {
    let caller = matches!(role, Role::Caller);
    match end {
        ViewEnd::Outcome(Outcome::Completed) => "Call ended",
        ViewEnd::Outcome(Outcome::Rejected) if caller => "The call was declined",
        ViewEnd::Outcome(Outcome::Rejected) => "Declined",
        ViewEnd::Outcome(Outcome::NoAnswer) if caller => "Nobody answered",
        ViewEnd::Outcome(Outcome::NoAnswer) => "Missed call",
        ViewEnd::Outcome(Outcome::Offline) => "Not online",
        ViewEnd::Outcome(Outcome::Busy) if caller => "The line is busy",
        ViewEnd::Outcome(Outcome::Busy) => "Declined as busy",
        ViewEnd::Outcome(Outcome::Cancelled) if caller => "Cancelled",
        ViewEnd::Outcome(Outcome::Cancelled) => "The caller gave up",
        ViewEnd::Outcome(Outcome::PeerLost) => "The other side was lost",
        ViewEnd::Outcome(Outcome::Interrupted) => "Interrupted by the server",
        ViewEnd::AnsweredElsewhere => "Answered on another device",
        ViewEnd::RejectedElsewhere => "Declined on another device",
        ViewEnd::SignedOut => "Signed out",
        ViewEnd::Replaced => "Call ended",
    }
}

pub(super) fn name(member: &MemberView) -> String {
    let name = clean(&member.display_name);
    if name.is_empty() { member.user.as_str().to_owned() } else { name }
}

/// The others by name: all of one or two, else the first two and how many more.
pub(super) fn names<'a>(members: impl Iterator<Item = &'a MemberView>) -> String {
    let names: Vec<_> = members.map(name).collect();
    match &*names {
        [] => "somebody".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

pub(super) const fn member(state: MemberState) -> &'static str {
    match state {
        MemberState::Pending => "invited",
        MemberState::Ringing => "ringing",
        MemberState::Accepted => "connecting",
        MemberState::Connected => "",
        MemberState::Left(LeftReason::HungUp) => "left",
        MemberState::Left(LeftReason::Lost) => "lost",
        MemberState::Left(LeftReason::Removed) => "removed",
        MemberState::Left(LeftReason::Rejected) => "declined",
        MemberState::Left(LeftReason::Busy) => "busy",
        MemberState::Left(LeftReason::NoAnswer) => "no answer",
    }
}

/// Bars of four columns, and a word for those who do not see their colour.
pub(super) const fn network(quality: NetworkQuality) -> (&'static str, &'static str) {
    match quality {
        NetworkQuality::Unknown => ("····", ""),
        NetworkQuality::Excellent => ("▂▄▆█", "excellent"),
        NetworkQuality::Good => ("▂▄▆·", "good"),
        NetworkQuality::Poor => ("▂▄··", "poor"),
        NetworkQuality::Bad => ("▂···", "bad"),
        NetworkQuality::VeryBad => ("!···", "very bad"),
        NetworkQuality::Down => ("××××", "down"),
    }
}

/// `mm:ss`, and hours once there are some.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}
