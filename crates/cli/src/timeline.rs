//! What happened in a call, as lines people read.

use std::time::Instant;

use calling::{ListenerEvent, NetworkQuality, Timings};
use calling_model::UserId;

use crate::output::{BAD, DIM, GOOD, NAME, WARN, paint};

/// One line of a timeline: a short name and a plain sentence; `None` for what only fills the
/// screen (volumes, quality that stays good).
pub(crate) fn describe(event: &ListenerEvent) -> Option<(&'static str, String)> {
    Some(match event {
        ListenerEvent::Error { code, message } => {
            ("error", format!("{} ({})", paint(BAD, message), i32::from(*code)))
        }
        ListenerEvent::Warning { message, .. } => ("warning", paint(WARN, message)),
        ListenerEvent::EnterRoom { result: Ok(took_ms) } => {
            ("media", format!("connected in {took_ms} ms"))
        }
        ListenerEvent::EnterRoom { result: Err(error) } => {
            ("media", paint(BAD, format!("failed: {error}")))
        }
        ListenerEvent::UserEnter { user } => ("room", format!("{} entered", name(user))),
        ListenerEvent::UserLeave { user, reason } => {
            let why = match reason {
                0 => "left",
                1 => "was lost",
                2.. => "was removed",
            };
            ("room", format!("{} {why}", name(user)))
        }
        ListenerEvent::Invited { sponsor, call_type, .. } => {
            ("invited", format!("{} calls ({call_type:?})", name(sponsor)))
        }
        ListenerEvent::Ringing { user } => ("ringing", format!("at {}", name(user))),
        ListenerEvent::Accept { user } => {
            ("accepted", format!("{} {}", name(user), paint(GOOD, "answered")))
        }
        ListenerEvent::Reject { user } => ("rejected", format!("{} declined", name(user))),
        ListenerEvent::NoResp { user } => ("no answer", format!("{} did not answer", name(user))),
        ListenerEvent::LineBusy { user } => ("busy", format!("{} is in another call", name(user))),
        ListenerEvent::CallingCancel { user } => ("cancelled", format!("{} gave up", name(user))),
        ListenerEvent::CallingTimeout { .. } => ("timeout", "it rang too long".to_owned()),
        ListenerEvent::CallBegin { .. } => ("talking", paint(GOOD, "the line is open")),
        ListenerEvent::CallEnd { outcome, duration_ms, by, .. } => {
            let by = by.as_ref().map_or(String::new(), |user| format!(", by {}", name(user)));
            let seconds = *duration_ms as f64 / 1_000.0;
            ("ended", format!("{outcome:?} after {seconds:.1} s{by}"))
        }
        ListenerEvent::HandledElsewhere { accepted, .. } => {
            let what = if *accepted { "answered" } else { "declined" };
            ("elsewhere", format!("{what} on another device"))
        }
        ListenerEvent::UserAudioAvailable { user, available } => {
            ("audio", format!("{} {}", name(user), if *available { "is heard" } else { "is mute" }))
        }
        ListenerEvent::UserVideoAvailable { user, track, available } => {
            let does = if *available { "is sent" } else { "is off" };
            ("video", format!("{}'s {} {does}", name(user), track.name()))
        }
        ListenerEvent::FirstVideoFrame { user, track, width, height } => {
            ("seen", format!("{}'s {} at {width}×{height}", name(user), track.name()))
        }
        ListenerEvent::InviteesChanged { by, user_ids } => {
            ("inviting", format!("{} rings more people, {} in all", name(by), user_ids.len()))
        }
        ListenerEvent::MediaTypeChanged { by, new, .. } => {
            let by = by.as_ref().map_or(String::new(), |user| format!(" by {}", name(user)));
            ("switched", format!("to {new:?}{by}"))
        }
        ListenerEvent::KickedOffline {} => {
            ("kicked", paint(BAD, "this account signed in elsewhere"))
        }
        ListenerEvent::ConnectionLost { connection } => {
            ("lost", paint(WARN, format!("{connection:?} connection lost; trying again")))
        }
        ListenerEvent::Reconnecting { connection } => ("lost", format!("{connection:?}: trying")),
        ListenerEvent::Recovered { connection } => {
            ("recovered", paint(GOOD, format!("{connection:?} connection is back")))
        }
        ListenerEvent::NetworkQuality { local, .. } if *local >= NetworkQuality::Poor => {
            ("network", paint(WARN, format!("{local:?}")))
        }
        ListenerEvent::GroupCallChanged { .. }
        | ListenerEvent::Message(_)
        | ListenerEvent::MessageRecalled { .. }
        | ListenerEvent::Read { .. }
        | ListenerEvent::GroupChanged { .. }
        | ListenerEvent::NetworkQuality { .. }
        | ListenerEvent::UserVoiceVolume { .. } => return None,
    })
}

/// The moments that no listener event tells, as (when, name, text): media ready, sound there.
pub(crate) fn moments(timings: &Timings) -> Vec<(Instant, &'static str, String)> {
    let moments = [
        (timings.ice_connected, "ICE connected", "a path to the server"),
        (timings.dtls_done, "DTLS done", "media is protected"),
        (timings.first_packet_sent, "first packet", "sent"),
        (timings.first_packet_received, "first packet", "received"),
        (timings.first_audio, "first audio", "at the loudspeaker"),
    ];
    moments.into_iter().filter_map(|(at, name, text)| Some((at?, name, text.to_owned()))).collect()
}

/// One printed line, its time counted from `start`.
pub(crate) fn row(start: Instant, at: Instant, event: &str, text: &str) -> String {
    let ms = at.saturating_duration_since(start).as_secs_f64() * 1_000.0;
    format!("{} {NAME}{event:<14}{NAME:#} {text}", paint(DIM, format!("{ms:9.1} ms")))
}

fn name(user: &UserId) -> &str {
    user.as_str()
}
