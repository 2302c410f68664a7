use calling_model::AudioLevel;

/// The client-to-mixer audio level header extension (RFC 6464): how loud a packet is, readable
/// without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevelExtension {
    /// Loudness in −dBov, 0 is loudest.
    pub level: AudioLevel,
    /// The sender believes that the packet holds voice.
    pub voice: bool,
}

impl AudioLevelExtension {
    /// Reads the data of the extension element.
    ///
    /// `None` unless it is exactly one byte (RFC 6464 section 3).
    pub fn parse(data: &[u8]) -> Option<Self> {
        let &[byte] = data else { return None };
        Some(Self { level: AudioLevel::from_neg_dbov(byte & 0x7f), voice: byte & 0x80 != 0 })
    }

    /// The data of the extension element: the voice bit, then seven bits of level.
    pub const fn to_byte(self) -> u8 {
        self.level.neg_dbov() | (self.voice as u8) << 7
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_round_trips() {
        for byte in 0..=255 {
            assert_eq!(AudioLevelExtension::parse(&[byte]).unwrap().to_byte(), byte);
        }
    }

    #[test]
    fn voice_is_the_high_bit_and_zero_is_loudest() {
        let loud = AudioLevelExtension::parse(&[0x80]).unwrap();
        assert_eq!(loud, AudioLevelExtension { level: AudioLevel::LOUDEST, voice: true });
        let silent = AudioLevelExtension::parse(&[0x7f]).unwrap();
        assert_eq!(silent, AudioLevelExtension { level: AudioLevel::SILENCE, voice: false });
    }

    #[test]
    fn another_length_is_no_level() {
        assert_eq!(AudioLevelExtension::parse(&[]), None);
        assert_eq!(AudioLevelExtension::parse(&[30, 0]), None);
    }
}
