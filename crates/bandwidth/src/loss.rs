use crate::time::{Micros, seconds};

/// Least time and packets of an observation.
const SPAN_US: Micros = 250_000;
const LEAST_PACKETS: u32 = 20;
/// An observation that few packets fill ends after this.
const LONGEST_US: Micros = 2_000_000;
/// Observations that count, and by how much one less than the one after it.
const KEPT: usize = 20;
const AGING: f64 = 0.9;
/// Losses of a path that have nothing to do with how much is sent: what is taken to be possible.
/// More than the last is congestion (draft-ietf-rmcat-gcc-02 section 6: above 10 %).
const INHERENT: [f64; 8] = [0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1];
/// More than this is less likely before anything is seen, by so much a share, as a logarithm.
const ORDINARY: f64 = 0.05;
const UNLIKELY: f64 = 200.0;
/// What may pass, as shares of the most that was sent.
const PASSES: [f64; 11] = [0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
/// How much likelier, as a logarithm, a limit has to be than none: odds of 400 to 1.
const EVIDENCE: f64 = 6.0;
/// Growth of the limit in a second while nothing speaks for it.
const GROWTH: f64 = 1.15;

/// The estimate from loss: a limit where losses grow with what is sent, which random losses do not.
///
/// Each quarter of a second tells how much was sent, and how much of that was lost. If a path
/// loses the share *p* of everything and passes *b*, of a rate *s* it loses *p*, and beyond *b*
/// also 1 − *b*/*s* of the rest. The limit is the likeliest *b*, if that explains what was seen
/// clearly better than *p* alone.
#[derive(Debug, Default)]
pub(crate) struct LossControl {
    seen: [Observation; KEPT],
    count: usize,
    current: Current,
    limit: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Observation {
    /// In bits a second.
    sent: f64,
    lost: f64,
    arrived: f64,
}

#[derive(Debug, Default)]
struct Current {
    began: Option<Micros>,
    until: Micros,
    bytes: u64,
    lost: u32,
    arrived: u32,
}

impl LossControl {
    /// A packet is told of.
    pub(crate) fn push(&mut self, sent: Micros, bytes: u32, is_lost: bool) {
        let current = &mut self.current;
        current.began.get_or_insert(sent);
        current.until = current.until.max(sent);
        current.bytes += u64::from(bytes);
        if is_lost {
            current.lost += 1;
        } else {
            current.arrived += 1;
        }
    }

    /// A packet told of as lost came after all.
    pub(crate) const fn came_after_all(&mut self) {
        self.current.lost = self.current.lost.saturating_sub(1);
        self.current.arrived += 1;
    }

    /// The limit in bits a second, if there is one.
    pub(crate) const fn limit(&self) -> Option<f64> {
        self.limit
    }

    /// Forgets the limit: something better is known.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes note of what was told of. A limit that nothing speaks for any more grows until it is
    /// clear of `estimate`, which goes without it.
    pub(crate) fn update(&mut self, estimate: f64) {
        let Some(span) = self.complete() else { return };
        let grown = self.limit.map(|limit| limit * GROWTH.powf(span));
        self.limit = self.likeliest().or(grown.filter(|limit| *limit < estimate * GROWTH));
    }

    /// Ends the observation if it is long enough; its length in seconds.
    fn complete(&mut self) -> Option<f64> {
        let Current { began, until, bytes, lost, arrived } = self.current;
        let span = until - began?;
        let is_full = span >= SPAN_US && lost + arrived >= LEAST_PACKETS;
        if !is_full && span < LONGEST_US {
            return None;
        }
        let span = seconds(span);
        let sent = bytes as f64 * 8.0 / span;
        self.seen[self.count % KEPT] =
            Observation { sent, lost: lost.into(), arrived: arrived.into() };
        self.count += 1;
        self.current = Current::default();
        Some(span)
    }

    /// What passes, if a limit explains the losses clearly better than none.
    fn likeliest(&self) -> Option<f64> {
        if self.recent().all(|(seen, _)| seen.lost == 0.0) {
            return None;
        }
        let unlimited = self.best_inherent(f64::MAX);
        let most = self.recent().map(|(seen, _)| seen.sent).fold(0.0, f64::max);
        let limits = PASSES.map(|share| share * most);
        let limited = limits.map(|limit| (limit, self.best_inherent(limit)));
        let best = limited.into_iter().max_by(|one, other| one.1.total_cmp(&other.1))?;
        (best.1 > unlimited + EVIDENCE).then_some(best.0)
    }

    fn best_inherent(&self, limit: f64) -> f64 {
        let prior = |share: f64| UNLIKELY * (share - ORDINARY).max(0.0);
        let likelihoods =
            INHERENT.iter().map(|share| self.likelihood(limit, *share) - prior(*share));
        likelihoods.fold(f64::MIN, f64::max)
    }

    /// The logarithm of how likely what was seen is.
    fn likelihood(&self, limit: f64, inherent: f64) -> f64 {
        let terms = self.recent().map(|(seen, weight)| {
            let beyond = if seen.sent > limit { 1.0 - limit / seen.sent } else { 0.0 };
            let loss = (inherent + (1.0 - inherent) * beyond).clamp(1e-6, 1.0 - 1e-6);
            weight * (seen.lost * loss.ln() + seen.arrived * (1.0 - loss).ln())
        });
        terms.sum()
    }

    /// Observations and their weight, the latest first.
    fn recent(&self) -> impl Iterator<Item = (&Observation, f64)> {
        (0..self.count.min(KEPT)).map(|back| {
            let index = (self.count - 1 - back) % KEPT;
            (&self.seen[index], AGING.powi(back as i32))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends at `bps` for `ms`; every `nth` packet is lost.
    fn send(control: &mut LossControl, at: &mut Micros, bps: f64, ms: i64, nth: u32) {
        let gap = (9_600.0 / bps * 1e6) as Micros;
        let until = *at + ms * 1_000;
        let mut number = 0;
        while *at < until {
            number += 1;
            control.push(*at, 1_200, nth != 0 && number % nth == 0);
            control.update(bps);
            *at += gap;
        }
    }

    #[test]
    fn losses_that_come_with_more_sent_are_a_limit() {
        let (mut control, mut at) = (LossControl::default(), 0);
        send(&mut control, &mut at, 1.5e6, 2_000, 0);
        assert_eq!(control.limit(), None);
        send(&mut control, &mut at, 2.5e6, 600, 5);
        let limit = control.limit().unwrap();
        assert!((1.7e6..=2.25e6).contains(&limit), "{limit}");
        send(&mut control, &mut at, 1.9e6, 6_000, 0);
        assert_eq!(control.limit(), None, "it is let go of");
    }

    #[test]
    fn losses_that_are_the_same_whatever_is_sent_are_none() {
        let (mut control, mut at) = (LossControl::default(), 0);
        for step in 0..20 {
            send(&mut control, &mut at, 1e6 + 2e5 * f64::from(step % 5), 1_000, 20);
            assert_eq!(control.limit(), None);
        }
    }

    #[test]
    fn heavy_loss_is_a_limit_at_any_rate() {
        let (mut control, mut at) = (LossControl::default(), 0);
        send(&mut control, &mut at, 2e6, 1_000, 2);
        assert!(control.limit().is_some_and(|limit| limit <= 1.2e6));
    }
}
