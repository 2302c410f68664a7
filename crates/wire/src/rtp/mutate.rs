use super::{FIXED_HEADER_LEN, RtpError, VERSION};

/// The fixed header of an RTP packet, to be rewritten in place.
#[derive(Debug)]
pub struct RtpViewMut<'a> {
    fixed: &'a mut [u8; FIXED_HEADER_LEN],
}

impl<'a> RtpViewMut<'a> {
    /// Checks version and length of the fixed header; the rest is not looked at.
    ///
    /// # Errors
    /// [`RtpError::Version`] and [`RtpError::Truncated`].
    #[inline]
    pub fn parse(packet: &'a mut [u8]) -> Result<Self, RtpError> {
        let fixed = packet.first_chunk_mut().ok_or(RtpError::Truncated)?;
        if fixed[0] >> 6 != VERSION {
            return Err(RtpError::Version);
        }
        Ok(Self { fixed })
    }

    /// Sets the marker bit.
    pub const fn set_marker(&mut self, marker: bool) {
        self.fixed[1] = self.fixed[1] & 0x7f | (marker as u8) << 7;
    }

    /// Sets the payload type; only its low seven bits exist.
    pub const fn set_payload_type(&mut self, payload_type: u8) {
        self.fixed[1] = self.fixed[1] & 0x80 | payload_type & 0x7f;
    }

    /// Sets the sequence number.
    pub fn set_sequence_number(&mut self, sequence_number: u16) {
        self.fixed[2..4].copy_from_slice(&sequence_number.to_be_bytes());
    }

    /// Sets the timestamp.
    pub fn set_timestamp(&mut self, timestamp: u32) {
        self.fixed[4..8].copy_from_slice(&timestamp.to_be_bytes());
    }

    /// Sets the synchronisation source.
    pub fn set_ssrc(&mut self, ssrc: u32) {
        self.fixed[8..12].copy_from_slice(&ssrc.to_be_bytes());
    }
}
