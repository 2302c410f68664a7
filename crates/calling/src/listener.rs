use calling_model::{CallId, GroupId, MediaType, RoomId, UserId, VideoTrack, Volume};
use calling_signaling::call::{Outcome, Role};
use calling_signaling::client::{Connection, ListenerEvent, NetworkQuality, UserQuality};
use calling_signaling::protocol::{
    Code, MessageEvent, ProtocolError, RunningCall, Target, UserVolume,
};

/// Callbacks, one for each thing that happens; override those you need.
///
/// Each listener has a task of its own: callbacks come in order, one at a time, never under a lock.
/// A slow listener delays neither media nor other listeners; while it is behind, volume and quality
/// callbacks are dropped (and counted), all others wait for it. To place or answer calls from a
/// callback, spawn a task that does.
///
/// The names are those of the component this project matches, in Rust's spelling.
#[expect(unused_variables, reason = "the defaults do nothing; names are for those who override")]
pub trait CallingListener: Send + Sync {
    /// Something failed that no command is waiting for; show it to the user.
    fn on_error(&self, code: Code, message: &str) {}

    /// Something non-fatal happened.
    fn on_warning(&self, code: i32, message: &str) {}

    /// This device entered the room after so many milliseconds (at least 1), or why not.
    fn on_enter_room(&self, result: Result<u32, &ProtocolError>) {}

    /// `user` is in the room.
    fn on_user_enter(&self, user: &UserId) {}

    /// `user` left the room: 0 by itself, 1 its network was gone for too long, 2 it was removed.
    fn on_user_leave(&self, user: &UserId, reason: u8) {}

    /// Somebody calls this account.
    fn on_invited(&self, invite: &Invite<'_>) {}

    /// To the caller: a device of `user` rings.
    fn on_ringing(&self, user: &UserId) {}

    /// `user` answered. To the caller; in a group call to everybody else in it, as the next three.
    fn on_accept(&self, user: &UserId) {}

    /// `user` declined.
    fn on_reject(&self, user: &UserId) {}

    /// `user` did not answer in time or could not be reached.
    fn on_no_resp(&self, user: &UserId) {}

    /// `user` is busy.
    fn on_line_busy(&self, user: &UserId) {}

    /// To a callee: the caller gave up.
    fn on_calling_cancel(&self, caller: &UserId) {}

    /// To a callee: it rang too long; `users` are the others who did not answer, empty for this
    /// account alone.
    fn on_calling_timeout(&self, users: &[UserId]) {}

    /// To a callee: another device of this account answered (`accepted`) or declined.
    fn on_handled_elsewhere(&self, call_id: &CallId, accepted: bool) {}

    /// The conversation begins.
    fn on_call_begin(&self, call_id: &CallId, room: RoomId, media: MediaType, role: Role) {}

    /// The call is over on this device, after `duration_ms` of conversation.
    fn on_call_end(
        &self,
        call_id: &CallId,
        outcome: Outcome,
        duration_ms: u64,
        by: Option<&UserId>,
    ) {
    }

    /// Somebody else in the call rings more people into it; `users` are all invited so far.
    fn on_group_call_invitee_list_update(&self, by: &UserId, users: &[UserId]) {}

    /// The call became a video call, or a voice call.
    fn on_call_media_type_changed(&self, by: Option<&UserId>, old: MediaType, new: MediaType) {}

    /// The running call of one of this user's groups began, changed or is over (`None`).
    fn on_group_call_changed(&self, group_id: &GroupId, call: Option<&RunningCall>) {}

    /// The camera of `user` begins or stops to flow. Show it by
    /// [`CallEngine::start_remote_view`](crate::CallEngine::start_remote_view).
    fn on_user_video_available(&self, user: &UserId, available: bool) {}

    /// The screen of `user` begins or stops to flow.
    fn on_user_sub_stream_available(&self, user: &UserId, available: bool) {}

    /// The first picture of a view was shown; of this account's own view under its own name.
    fn on_first_video_frame(&self, user: &UserId, track: VideoTrack, width: u32, height: u32) {}

    /// The voice of `user` begins or stops to flow.
    fn on_user_audio_available(&self, user: &UserId, available: bool) {}

    /// How loud everybody is, 0..=100; `total` is all remote members together. Also when nobody
    /// speaks.
    fn on_user_voice_volume(&self, volumes: &[UserVolume], total: Volume) {}

    /// How well the network carries the call.
    fn on_network_quality(&self, local: NetworkQuality, remotes: &[UserQuality]) {}

    /// A message arrived in a conversation of this account.
    fn on_message(&self, message: &MessageEvent) {}

    /// A message was taken back, by whoever wrote it or by an operator (`None`).
    fn on_message_recalled(&self, conversation: &Target, seq: u64, by: Option<&UserId>) {}

    /// Another device of this account read a conversation up to a message.
    fn on_read(&self, conversation: &Target, seq: u64) {}

    /// A group of this account began, changed or is over.
    fn on_group_changed(&self, group_id: &GroupId) {}

    /// The same account signed in on another terminal; this one is signed out.
    fn on_kicked_offline(&self) {}

    /// The connection is gone; it is tried again.
    fn on_connection_lost(&self, connection: Connection) {}

    /// The connection is being tried again.
    fn on_try_to_reconnect(&self, connection: Connection) {}

    /// The connection is back.
    fn on_connection_recovery(&self, connection: Connection) {}
}

/// An incoming call, as [`CallingListener::on_invited`] is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invite<'a> {
    /// The call.
    pub call_id: &'a CallId,
    /// Who calls.
    pub sponsor: &'a UserId,
    /// Who is invited too, this user aside.
    pub user_ids: &'a [UserId],
    /// Whether the invite belongs to a chat group.
    pub is_from_group: bool,
    /// That group.
    pub group_id: Option<&'a calling_model::GroupId>,
    /// Voice or video.
    pub call_type: MediaType,
    /// Free text of the caller's application.
    pub user_data: &'a str,
    /// How long it still rings, in milliseconds.
    pub remaining_ms: u32,
    /// Who talks in the call already.
    pub in_call: &'a [UserId],
}

/// Calls the one callback of `listener` that stands for `event`.
pub fn dispatch(listener: &dyn CallingListener, event: &ListenerEvent) {
    use ListenerEvent as E;
    match event {
        E::Error { code, message } => listener.on_error(*code, message),
        E::Warning { code, message } => listener.on_warning(*code, message),
        E::EnterRoom { result } => listener.on_enter_room(result.as_ref().copied()),
        E::UserEnter { user } => listener.on_user_enter(user),
        E::UserLeave { user, reason } => listener.on_user_leave(user, *reason),
        E::Invited { .. } => dispatch_invite(listener, event),
        E::Ringing { user } => listener.on_ringing(user),
        E::Accept { user } => listener.on_accept(user),
        E::Reject { user } => listener.on_reject(user),
        E::NoResp { user } => listener.on_no_resp(user),
        E::LineBusy { user } => listener.on_line_busy(user),
        E::CallingCancel { user } => listener.on_calling_cancel(user),
        E::CallingTimeout { user_ids } => listener.on_calling_timeout(user_ids),
        E::HandledElsewhere { call_id, accepted } => {
            listener.on_handled_elsewhere(call_id, *accepted);
        }
        E::CallBegin { call_id, room_id, media_type, role } => {
            listener.on_call_begin(call_id, *room_id, *media_type, *role);
        }
        E::CallEnd { call_id, outcome, duration_ms, by } => {
            listener.on_call_end(call_id, *outcome, *duration_ms, by.as_ref());
        }
        E::InviteesChanged { by, user_ids } => {
            listener.on_group_call_invitee_list_update(by, user_ids);
        }
        E::MediaTypeChanged { by, old, new } => {
            listener.on_call_media_type_changed(by.as_ref(), *old, *new);
        }
        E::GroupCallChanged { group_id, call } => {
            listener.on_group_call_changed(group_id, call.as_ref());
        }
        E::UserVideoAvailable { user, track, available } => match track {
            VideoTrack::Camera => listener.on_user_video_available(user, *available),
            VideoTrack::Screen => listener.on_user_sub_stream_available(user, *available),
        },
        E::FirstVideoFrame { user, track, width, height } => {
            listener.on_first_video_frame(user, *track, *width, *height);
        }
        E::UserAudioAvailable { user, available } => {
            listener.on_user_audio_available(user, *available);
        }
        E::UserVoiceVolume { volumes, total } => listener.on_user_voice_volume(volumes, *total),
        E::NetworkQuality { local, remotes } => listener.on_network_quality(*local, remotes),
        E::Message(message) => listener.on_message(message),
        E::MessageRecalled { conversation, seq, by } => {
            listener.on_message_recalled(conversation, *seq, by.as_ref());
        }
        E::Read { conversation, seq } => listener.on_read(conversation, *seq),
        E::GroupChanged { group_id } => listener.on_group_changed(group_id),
        E::KickedOffline {} => listener.on_kicked_offline(),
        E::ConnectionLost { connection } => listener.on_connection_lost(*connection),
        E::Reconnecting { connection } => listener.on_try_to_reconnect(*connection),
        E::Recovered { connection } => listener.on_connection_recovery(*connection),
    }
}

fn dispatch_invite(listener: &dyn CallingListener, event: &ListenerEvent) {
    let ListenerEvent::Invited {
        call_id,
        sponsor,
        user_ids,
        is_from_group,
        group_id,
        call_type,
        user_data,
        remaining_ms,
        in_call,
    } = event
    else {
        return;
    };
    listener.on_invited(&Invite {
        call_id,
        sponsor,
        user_ids,
        is_from_group: *is_from_group,
        group_id: group_id.as_ref(),
        call_type: *call_type,
        user_data,
        remaining_ms: *remaining_ms,
        in_call,
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Names(Mutex<Vec<String>>);

    impl Names {
        fn note(&self, name: impl Into<String>) {
            self.0.lock().unwrap().push(name.into());
        }
    }

    impl CallingListener for Names {
        fn on_invited(&self, invite: &Invite<'_>) {
            self.note(format!("invited by {}", invite.sponsor.as_str()));
        }

        fn on_enter_room(&self, result: Result<u32, &ProtocolError>) {
            self.note(format!("room {}", result.is_ok()));
        }

        fn on_kicked_offline(&self) {
            self.note("kicked");
        }
    }

    #[test]
    fn each_event_reaches_its_callback_and_the_rest_do_nothing() {
        let names = Names::default();
        let alice = UserId::new("alice").unwrap();
        let error = ProtocolError::new(Code::Internal, "no");
        for event in [
            ListenerEvent::Invited {
                call_id: CallId::new("c1").unwrap(),
                sponsor: alice.clone(),
                user_ids: vec![],
                is_from_group: false,
                group_id: None,
                call_type: MediaType::Audio,
                user_data: String::new(),
                remaining_ms: 30_000,
                in_call: Vec::new(),
            },
            ListenerEvent::EnterRoom { result: Err(error) },
            ListenerEvent::UserEnter { user: alice },
            ListenerEvent::KickedOffline {},
        ] {
            dispatch(&names, &event);
        }
        assert_eq!(*names.0.lock().unwrap(), ["invited by alice", "room false", "kicked"]);
    }
}
