/// The configuration byte every Opus packet begins with (RFC 6716 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Toc(pub(crate) u8);

/// The longest Opus packet is 120 ms (RFC 6716 section 3.2.5, requirement R5).
const MAX_SAMPLES: usize = crate::units::MAX_PACKET_SAMPLES;

impl Toc {
    /// 0..=31: mode, bandwidth and frame size together.
    const fn config(self) -> u8 {
        self.0 >> 3
    }

    /// Whether frames begin with a SILK layer, the only one with in-band FEC.
    pub(crate) const fn has_silk(self) -> bool {
        self.config() < 16
    }

    /// Whether frames are stereo.
    pub(crate) const fn is_stereo(self) -> bool {
        self.0 & 0b100 != 0
    }

    /// Samples per channel of one frame at 48 kHz (RFC 6716 table 2).
    pub(crate) const fn frame_samples(self) -> usize {
        const SILK: [usize; 4] = [480, 960, 1_920, 2_880];
        const HYBRID: [usize; 2] = [480, 960];
        const CELT: [usize; 4] = [120, 240, 480, 960];
        let config = self.config() as usize;
        match config {
            0..=11 => SILK[config % 4],
            12..=15 => HYBRID[config % 2],
            _ => CELT[config % 4],
        }
    }

    /// Samples per channel of a whole packet, or `None` if it holds no frame or over 120 ms.
    pub(crate) fn packet_samples(packet: &[u8]) -> Option<usize> {
        let (&toc, rest) = packet.split_first()?;
        let frames = match toc & 0b11 {
            0 => 1,
            1 | 2 => 2,
            // Code 3 tells the number of frames in six bits.
            _ => usize::from(*rest.first()? & 0b11_1111),
        };
        let samples = frames * Self(toc).frame_samples();
        (1..=MAX_SAMPLES).contains(&samples).then_some(samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_first_two_bytes_agree_with_libopus() {
        for first in 0..=255 {
            for second in 0..=255 {
                let packet = [first, second, 0];
                let theirs = opus::packet::get_nb_samples(&packet, 48_000).ok().filter(|n| *n > 0);
                assert_eq!(Toc::packet_samples(&packet), theirs, "{packet:?}");
                assert_eq!(
                    Toc(first).frame_samples(),
                    opus::packet::get_samples_per_frame(&packet, 48_000).unwrap(),
                );
            }
        }
    }

    #[test]
    fn nothing_and_code_three_without_count_are_no_packet() {
        assert_eq!(Toc::packet_samples(&[]), None);
        assert_eq!(Toc::packet_samples(&[0b11]), None);
    }
}
