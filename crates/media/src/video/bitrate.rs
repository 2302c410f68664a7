use super::BITRATE_RANGE_BPS;

/// Chooses a bitrate by the loss that reports tell, as WebRTC's sender-side control does
/// (draft-ietf-rmcat-gcc-02 section 6): above a tenth it shrinks by half the loss, below a fiftieth it
/// grows by a twentieth, in between it stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossController {
    bps: f64,
    most_bps: f64,
}

const MUCH: f64 = 0.10;
const LITTLE: f64 = 0.02;
const GROWTH: f64 = 1.05;

impl LossController {
    /// Begins at `most_bps`, which it never exceeds, brought inside
    /// [`BITRATE_RANGE_BPS`].
    pub fn new(most_bps: u32) -> Self {
        let [least, most] = BITRATE_RANGE_BPS;
        let most_bps = f64::from(most_bps.clamp(least, most));
        Self { bps: most_bps, most_bps }
    }

    /// Another ceiling.
    pub fn set_most(&mut self, most_bps: u32) {
        let before = *self;
        *self = Self::new(most_bps);
        // What was held back by loss stays so.
        if before.bps < before.most_bps {
            self.bps = before.bps.min(self.most_bps);
        }
    }

    /// A report said that this share was lost, 0.0..=1.0; the bitrate from now on.
    pub fn reported(&mut self, fraction_lost: f64) -> u32 {
        let factor = match fraction_lost {
            loss if loss > MUCH => 1.0 - loss.min(1.0) / 2.0,
            loss if loss < LITTLE => GROWTH,
            _ => 1.0,
        };
        self.bps = (self.bps * factor).clamp(f64::from(BITRATE_RANGE_BPS[0]), self.most_bps);
        self.bitrate_bps()
    }

    /// The bitrate to aim at, in bits per second.
    pub const fn bitrate_bps(&self) -> u32 {
        // Within the range.
        self.bps as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shrinks_with_loss_and_recovers_to_its_ceiling() {
        let mut control = LossController::new(1_000_000);
        assert_eq!(control.reported(0.0), 1_000_000);
        assert_eq!(control.reported(0.2), 900_000);
        assert_eq!(control.reported(0.05), 900_000);
        control.set_most(2_000_000);
        assert_eq!(control.bitrate_bps(), 900_000);
        assert_eq!(control.reported(0.01), 945_000);
        for _ in 0..50 {
            control.reported(0.0);
        }
        assert_eq!(control.bitrate_bps(), 2_000_000);
        for _ in 0..50 {
            control.reported(1.0);
        }
        assert_eq!(control.bitrate_bps(), BITRATE_RANGE_BPS[0]);
        control.set_most(0);
        assert_eq!(control.bitrate_bps(), BITRATE_RANGE_BPS[0]);
    }
}
