//! Repetition on a lossy way to the server.
//!
//! In-band FEC restores one lost frame; it is of no use where two packets in a row are lost, and on
//! two lossy legs that happens often. While the server reports loss, each packet is therefore sent
//! a second time behind the next one, so that only what is lost twice is lost. The server's replay
//! window discards the copy it does not need. This costs bitrate only while there is loss.
//!
//! Where everybody who listens reads copies of earlier frames in later packets (RFC 2198), those do
//! the same on all of the way, and nothing is repeated.

use std::time::{Duration, Instant};

/// Reported loss that begins repetition: below it, FEC alone restores nearly everything.
const BEGIN: f64 = 0.03;
/// How long repetition goes on after the last reported loss. The reports see only what is lost
/// twice, so an end that came too early would have to be learned again by losing.
const HOLD: Duration = Duration::from_secs(10);

/// Decides whether to repeat, and keeps the one packet that would be.
#[derive(Debug, Default)]
pub(super) struct Repeat {
    until: Option<Instant>,
    last: Option<Vec<u8>>,
    repeated: u64,
}

impl Repeat {
    /// The server reported this share of packets lost since its report before, 0.0..=1.0.
    pub(super) fn reported(&mut self, now: Instant, fraction_lost: f64) {
        let on = self.is_on(now);
        if fraction_lost >= BEGIN || (on && fraction_lost > 0.0) {
            self.until = Some(now + HOLD);
        }
    }

    /// Takes the protected packet that was just sent; the one to send again behind it, if any.
    pub(super) fn sent(&mut self, now: Instant, packet: &[u8]) -> Option<Vec<u8>> {
        if !self.is_on(now) {
            self.last = None;
            return None;
        }
        let again = self.last.replace(packet.to_vec());
        self.repeated += u64::from(again.is_some());
        again
    }

    /// Forgets the packet of a session that is gone.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// Packets sent a second time.
    pub(super) fn repeated(&self) -> u64 {
        self.repeated
    }

    fn is_on(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    #[test]
    fn a_clean_network_costs_nothing() {
        let mut repeat = Repeat::default();
        repeat.reported(epoch(), 0.0);
        repeat.reported(epoch(), 0.02);
        assert_eq!((repeat.sent(epoch(), &[1]), repeat.sent(epoch(), &[2])), (None, None));
        assert_eq!(repeat.repeated(), 0);
    }

    #[test]
    fn under_loss_each_packet_follows_the_next_one() {
        let mut repeat = Repeat::default();
        repeat.reported(epoch(), 0.1);
        assert_eq!(repeat.sent(epoch(), &[1]), None);
        assert_eq!(repeat.sent(epoch(), &[2]), Some(vec![1]));
        assert_eq!(repeat.sent(epoch(), &[3]), Some(vec![2]));
        repeat.forget();
        assert_eq!(repeat.sent(epoch(), &[4]), None);
        assert_eq!(repeat.repeated(), 2);
    }

    #[test]
    fn it_goes_on_while_anything_is_lost_and_ends_when_the_network_heals() {
        let mut repeat = Repeat::default();
        let at = |seconds| epoch() + Duration::from_secs(seconds);
        repeat.reported(at(0), 0.1);
        repeat.reported(at(8), 0.01);
        assert_eq!(repeat.sent(at(15), &[1]), None);
        assert_eq!(repeat.sent(at(15), &[2]), Some(vec![1]));
        repeat.reported(at(16), 0.0);
        assert_eq!(repeat.sent(at(19), &[3]), None, "healed for ten seconds");
        assert_eq!(repeat.sent(at(19), &[4]), None);
    }
}
