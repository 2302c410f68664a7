use crate::meter::RateMeter;
use crate::time::Micros;

/// Less than this share of the estimate is sent: the application is the limit, not the path.
const BEGINS: f64 = 0.65;
/// It no longer is above this.
const ENDS: f64 = 0.8;

/// Whether the application sends less than it may, and how much it sends.
///
/// What a path does with a tenth of the estimate says nothing about the rest, so an estimate must
/// neither rise nor sink by it.
#[derive(Debug)]
pub(crate) struct AppLimit {
    sent: RateMeter<26>,
    is_limited: bool,
}

impl Default for AppLimit {
    fn default() -> Self {
        Self { sent: RateMeter::new(), is_limited: true }
    }
}

impl AppLimit {
    /// A packet of so many bytes goes out while so much may be sent.
    pub(crate) fn sent(&mut self, now: Micros, bytes: u32, estimate: f64) {
        self.sent.add(now, bytes);
        if let Some(sent) = self.sent.bps() {
            self.is_limited = sent < estimate * if self.is_limited { ENDS } else { BEGINS };
        }
    }

    /// In bits a second, over half a second.
    pub(crate) fn sent_bps(&self) -> Option<f64> {
        self.sent.bps()
    }

    pub(crate) const fn is_limited(&self) -> bool {
        self.is_limited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_sent_is_a_limit_and_much_is_none() {
        let mut limit = AppLimit::default();
        let mut at = 0;
        let mut send = |bytes: u32| {
            for _ in 0..60 {
                at += 20_000;
                limit.sent(at, bytes, 1e6);
            }
            limit.is_limited()
        };
        assert!(send(1_500), "600 kbit/s of 1000");
        assert!(send(1_900), "760 kbit/s: not yet");
        assert!(!send(2_200), "880 kbit/s");
        assert!(!send(1_700), "680 kbit/s: not yet");
        assert!(send(1_500));
    }
}
