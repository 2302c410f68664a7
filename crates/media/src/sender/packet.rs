use calling_model::AudioLevel;
use calling_wire::{AudioLevelExtension, RtpHeader, WriteHeaderError, write_header};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::SenderConfig;

/// Room for a header with the audio level (20 bytes) and the largest Opus packet that libopus is
/// asked for: 1,276 bytes per 20 ms frame, three of them in 60 ms.
pub(super) const MAX_PACKET_BYTES: usize = 4_096;

/// The RTP side of a stream: sequence number, timestamp, marker.
#[derive(Debug)]
pub(super) struct Packetizer {
    header: RtpHeader,
    audio_level_id: u8,
}

impl Packetizer {
    pub(super) fn new(config: &SenderConfig, seed: [u8; 32]) -> Self {
        let mut rng = ChaCha8Rng::from_seed(seed);
        let header = RtpHeader {
            payload_type: config.payload_type,
            marker: true,
            // In the lower half, so that a receiver that misses the start of the stream does not
            // take a wrap for the start (RFC 3711 section 3.3.1).
            sequence_number: rng.random_range(0..1 << 15),
            timestamp: rng.random(),
            ssrc: config.ssrc,
        };
        Self { header, audio_level_id: config.audio_level_id }
    }

    /// Writes the header of the next packet and returns its length.
    pub(super) fn write(
        &self,
        payload_type: u8,
        level: AudioLevel,
        voice: bool,
        out: &mut [u8],
    ) -> Result<usize, WriteHeaderError> {
        let header = RtpHeader { payload_type, ..self.header };
        if self.audio_level_id == 0 {
            return write_header(&header, &[], out);
        }
        let extension = [AudioLevelExtension { level, voice }.to_byte()];
        write_header(&header, &[(self.audio_level_id, &extension)], out)
    }

    /// A packet went out: the next one is no beginning.
    pub(super) const fn sent(&mut self) {
        self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
        self.header.marker = false;
    }

    /// Time passed, sent or not.
    pub(super) const fn advance(&mut self, samples: usize) {
        // A frame is at most 2,880 samples.
        self.header.timestamp = self.header.timestamp.wrapping_add(samples as u32);
    }

    /// The next packet begins a talk spurt (RFC 3551 section 4.1).
    pub(super) const fn begin_spurt(&mut self) {
        self.header.marker = true;
    }

    pub(super) const fn sequence_number(&self) -> u16 {
        self.header.sequence_number
    }

    pub(super) const fn timestamp(&self) -> u32 {
        self.header.timestamp
    }
}
