use serde::{Deserialize, Serialize};

/// Loudness as RTP carries it: 0..=127 in −dBov, so that **0 is loudest** and 127 is silence
/// (RFC 6464 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AudioLevel(u8);

/// Loudness as people read it: 0..=100, so that **100 is loudest** and 0 is silence.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Volume(u8);

impl AudioLevel {
    /// Digital silence.
    pub const SILENCE: Self = Self(127);
    /// The overload point, 0 dBov.
    pub const LOUDEST: Self = Self(0);

    /// From −dBov; what exceeds 127 is silence.
    pub const fn from_neg_dbov(neg_dbov: u8) -> Self {
        if neg_dbov > 127 { Self::SILENCE } else { Self(neg_dbov) }
    }

    /// From the root mean square of samples in −1.0..=1.0, relative to a full-scale square wave.
    pub fn from_rms(rms: f32) -> Self {
        if rms <= 0.0 {
            return Self::SILENCE;
        }
        let neg_dbov = (-20.0 * rms.log10()).round().clamp(0.0, 127.0);
        // In range by the clamp above.
        Self(neg_dbov as u8)
    }

    /// Attenuation below the overload point, 0..=127.
    pub const fn neg_dbov(self) -> u8 {
        self.0
    }

    /// The same loudness on the 0..=100 scale, linear in decibels: −60 dBov and below is 0.
    pub fn volume(self) -> Volume {
        const FLOOR: u32 = 60;
        let above_floor = FLOOR.saturating_sub(u32::from(self.0));
        // At most 100 by construction.
        Volume((above_floor * 100 / FLOOR) as u8)
    }
}

impl Volume {
    /// Silence.
    pub const SILENT: Self = Self(0);

    /// From 0..=100; what exceeds 100 is 100.
    pub const fn from_percent(percent: u8) -> Self {
        if percent > 100 { Self(100) } else { Self(percent) }
    }

    /// 0 (silent) to 100 (loudest).
    pub const fn percent(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn louder_is_lower_level_and_higher_volume() {
        let shout = AudioLevel::from_rms(0.5);
        let whisper = AudioLevel::from_rms(0.01);
        assert!(shout.neg_dbov() < whisper.neg_dbov());
        assert!(shout.volume() > whisper.volume());
    }

    #[test]
    fn ends_of_the_scale() {
        assert_eq!(AudioLevel::LOUDEST.volume(), Volume::from_percent(100));
        assert_eq!(AudioLevel::SILENCE.volume(), Volume::SILENT);
        assert_eq!(AudioLevel::from_rms(0.0), AudioLevel::SILENCE);
        assert_eq!(AudioLevel::from_rms(1.0), AudioLevel::LOUDEST);
        assert_eq!(AudioLevel::from_neg_dbov(200), AudioLevel::SILENCE);
        assert_eq!(Volume::from_percent(200).percent(), 100);
    }
}
