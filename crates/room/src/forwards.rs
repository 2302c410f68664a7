use calling_model::ParticipantId;
use calling_wire::{RtpError, RtpView, RtpViewMut, Vp8Shift, rename_extensions, rename_red};

use crate::descriptions;
use crate::video::{Found, Published};
use crate::{HeaderRewrite, OwnFrame, RedRewrite, RtpDiscard};

/// The bit of the first byte that announces padding (RFC 3550 section 5.1).
const PADDING: u8 = 0x20;

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
    /// The frame that the packet was sent for, if copies of earlier ones are before it.
    pub own: Option<OwnFrame>,
}

impl Forward {
    /// Rewrites the header of `packet`, a copy of the packet that was handled, and takes copies of
    /// earlier frames out of it if the receiver cannot read them. Nothing is allocated.
    ///
    /// # Errors
    /// `packet` is no RTP packet, or shorter, and thus not the one that was handled.
    pub fn apply(&self, packet: &mut Vec<u8>) -> Result<(), RtpError> {
        let mut header = RtpViewMut::parse(packet)?;
        header.set_ssrc(self.ssrc);
        header.set_sequence_number(self.sequence_number);
        header.set_timestamp(self.timestamp);
        let Some(HeaderRewrite { payload_type, red, audio_level, vp8 }) = self.rewrite else {
            return Ok(());
        };
        let copies = red.zip(self.own);
        let goes = copies.and_then(|(red, _)| red.goes);
        header.set_payload_type(goes.unwrap_or(payload_type));
        match copies {
            Some((RedRewrite { goes: Some(_), .. }, own)) => {
                let payload = packet.get_mut(own.payload_at..).ok_or(RtpError::Truncated)?;
                rename_red(payload, payload_type);
            }
            Some((RedRewrite { goes: None, .. }, own)) => take_copies_out(packet, own)?,
            None => {}
        }
        rename_extensions(packet, |id| {
            audio_level.filter(|(came, _)| *came == id).map(|(_, goes)| goes)
        })?;
        match vp8.filter(|shift| *shift != Vp8Shift::default()) {
            Some(shift) => renumber(shift, packet),
            None => Ok(()),
        }
    }
}

/// Leaves of a packet of copies the frame that it was sent for, without padding.
fn take_copies_out(packet: &mut Vec<u8>, own: OwnFrame) -> Result<(), RtpError> {
    let OwnFrame { payload_at, begin, end } = own;
    if packet.len() < end || end < begin || begin < payload_at {
        return Err(RtpError::Truncated);
    }
    packet.truncate(end);
    packet.drain(payload_at..begin);
    if let Some(first) = packet.first_mut() {
        *first &= !PADDING;
    }
    Ok(())
}

fn renumber(shift: Vp8Shift, packet: &mut [u8]) -> Result<(), RtpError> {
    let payload_at = RtpView::parse(packet)?.header_len();
    shift.apply(&mut packet[payload_at..]);
    Ok(())
}

/// A list of forwards that is used again and again, so that forwarding allocates nothing once it
/// has grown to the size of the room.
#[derive(Clone, Debug, Default)]
pub struct Forwards {
    list: Vec<Forward>,
    /// What goes in place of the packet that came: what it repaired, or itself without copies.
    replaced: Vec<u8>,
    is_replaced: bool,
}

impl Forwards {
    /// An empty list.
    pub const fn new() -> Self {
        Self { list: Vec::new(), replaced: Vec::new(), is_replaced: false }
    }

    /// The forwards of the packet that was handled last.
    pub fn as_slice(&self) -> &[Forward] {
        &self.list
    }

    /// What goes to those in the list: `came`, the packet that was handled last, or the packet
    /// that it was a retransmission of, or what of it may pass.
    pub fn packet<'a>(&'a self, came: &'a [u8]) -> &'a [u8] {
        if self.is_replaced { &self.replaced } else { came }
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.is_replaced = false;
    }

    /// Has the packet that came, all of which is `raw`, go to nobody with the copies in it.
    pub(crate) fn take_copies_out(&mut self, raw: &[u8], own: OwnFrame, payload_type: u8) {
        self.replaced.clear();
        self.replaced.extend_from_slice(raw);
        // It is the packet that `own` was found in; otherwise it goes as it came.
        let taken = take_copies_out(&mut self.replaced, own);
        self.is_replaced = taken.is_ok();
        if let Ok(mut header) = RtpViewMut::parse(&mut self.replaced) {
            header.set_payload_type(payload_type);
        }
    }

    /// Has the packet that came, all of which is `raw`, go to nobody with what it may describe of
    /// the sound before it. Copies were taken out before.
    pub(crate) fn take_descriptions_out(&mut self, raw: &[u8]) {
        if !self.is_replaced {
            self.replaced.clear();
            self.replaced.extend_from_slice(raw);
        }
        // It was read before.
        let Ok(view) = RtpView::parse(&self.replaced) else { return };
        let (begin, end) = (view.header_len(), view.header_len() + view.payload().len());
        self.replaced.truncate(end);
        self.replaced[0] &= !PADDING;
        descriptions::take_out(&mut self.replaced, begin);
        self.is_replaced = true;
    }

    pub(crate) fn push(&mut self, forward: Forward) {
        self.list.push(forward);
    }

    pub(crate) const fn list(&mut self) -> &mut Vec<Forward> {
        &mut self.list
    }

    /// Makes the packet that `packet`, all of which is `raw`, is a retransmission of
    /// (RFC 4588 section 4).
    pub(crate) fn repair(
        &mut self,
        packet: &RtpView<'_>,
        raw: &[u8],
        found: &Found,
        published: &Published,
    ) -> Result<(&mut Vec<Forward>, &[u8]), RtpDiscard> {
        let ssrc = published.layers.get(found.layer).and_then(|layer| layer.ssrc);
        let ssrc = ssrc.ok_or(RtpDiscard::ForeignSsrc)?;
        let (number, payload) = packet.payload().split_first_chunk().ok_or(RtpDiscard::Probe)?;
        if payload.is_empty() {
            return Err(RtpDiscard::Probe);
        }
        self.replaced.clear();
        self.replaced.extend_from_slice(&raw[..packet.header_len()]);
        self.replaced.extend_from_slice(payload);
        // Its padding went.
        self.replaced[0] &= !PADDING;
        let mut header = RtpViewMut::parse(&mut self.replaced).map_err(RtpDiscard::Malformed)?;
        header.set_ssrc(ssrc);
        header.set_payload_type(found.payload_type);
        header.set_sequence_number(u16::from_be_bytes(*number));
        self.is_replaced = true;
        Ok((&mut self.list, &self.replaced))
    }
}

impl std::ops::Deref for Forwards {
    type Target = [Forward];

    fn deref(&self) -> &[Forward] {
        &self.list
    }
}

impl<'a> IntoIterator for &'a Forwards {
    type Item = &'a Forward;
    type IntoIter = std::slice::Iter<'a, Forward>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}
