use calling_model::ParticipantId;
use calling_wire::{RtpError, RtpViewMut, rename_extensions};

use crate::HeaderRewrite;

/// One packet to send: to whom, and under which header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Whom to send it to.
    pub to: ParticipantId,
    /// The SSRC of the forwarded stream.
    pub ssrc: u32,
    /// The sequence number for this receiver.
    pub sequence_number: u16,
    /// The timestamp for this receiver.
    pub timestamp: u32,
    /// How the header changes beside its numbers; `None` if it does not.
    pub rewrite: Option<HeaderRewrite>,
}

impl Forward {
    /// Rewrites the header of `packet`, a copy of the packet that was handled.
    ///
    /// # Errors
    /// `packet` is no RTP packet and thus not the one that was handled.
    pub fn apply(&self, packet: &mut [u8]) -> Result<(), RtpError> {
        let mut header = RtpViewMut::parse(packet)?;
        header.set_ssrc(self.ssrc);
        header.set_sequence_number(self.sequence_number);
        header.set_timestamp(self.timestamp);
        let Some(HeaderRewrite { payload_type, audio_level }) = self.rewrite else { return Ok(()) };
        header.set_payload_type(payload_type);
        rename_extensions(packet, |id| {
            audio_level.filter(|(came, _)| *came == id).map(|(_, goes)| goes)
        })
    }
}

/// A list of forwards that is used again and again, so that forwarding allocates nothing once it
/// has grown to the size of the room.
#[derive(Clone, Debug, Default)]
pub struct Forwards(Vec<Forward>);

impl Forwards {
    /// An empty list.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The forwards of the packet that was handled last.
    pub fn as_slice(&self) -> &[Forward] {
        &self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn push(&mut self, forward: Forward) {
        self.0.push(forward);
    }
}

impl std::ops::Deref for Forwards {
    type Target = [Forward];

    fn deref(&self) -> &[Forward] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Forwards {
    type Item = &'a Forward;
    type IntoIter = std::slice::Iter<'a, Forward>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
