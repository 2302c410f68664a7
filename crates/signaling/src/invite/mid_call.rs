use calling_model::{UnixMillis, UserId};

use super::{Envelope, Payload, PayloadData};

/// What an invite into a call that is under way says beyond any other (`initialCallId`,
/// `inCallUserIDs`, `inviteTime`, `consumed`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MidCall {
    /// The running call, as whoever placed it names it.
    pub call_id: String,
    /// Who is in it already.
    pub in_call: Vec<UserId>,
    /// When the invite was made.
    pub invited_at: Option<UnixMillis>,
    /// It was handled already: not to be rung again.
    pub consumed: bool,
}

impl Payload {
    /// What it says of the call under way that it invites into, if it does.
    pub fn mid_call(&self) -> Option<MidCall> {
        let data = self.data.as_ref().filter(|data| !data.initial_call_id.is_empty())?;
        Some(MidCall {
            call_id: data.initial_call_id.clone(),
            in_call: data.in_call_users.clone(),
            invited_at: data.invite_time_ms.map(UnixMillis),
            consumed: data.consumed == Some(true),
        })
    }
}

impl Envelope {
    /// The same invite, into a call that is under way. Readers that know nothing of such calls see
    /// an invite to the same room.
    #[must_use]
    pub fn into_mid_call(mut self, running: &MidCall) -> Self {
        let data = self.payload.data.get_or_insert_with(PayloadData::default);
        data.initial_call_id.clone_from(&running.call_id);
        data.in_call_users.clone_from(&running.in_call);
        data.invite_time_ms = running.invited_at.map(|at| at.0);
        data.consumed = Some(running.consumed);
        self
    }
}
