//! How much redundancy a sender adds, chosen from the losses that are reported.
//!
//! ```text
//!   reports ──► held loss ──────────► copies that leave 1 % ──► bitrate, length of packets ──► plan
//!               up at once,           of losses in runs, or     within the budget
//!               down by half in 3 s   as much described (DRED)
//! ```

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use calling_model::Bitrate;
use calling_wire::{MAX_COPIES, MAX_OFFSET};

use crate::sender::{FrameDuration, MAX_COPIED_BYTES, MOST_DRED_MS, SenderConfig};

/// What reports say of the losses on the way to those who hear a voice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossPattern {
    /// Share of packets lost, 0.0..=1.0.
    pub fraction_lost: f64,
    /// Packets lost in a row, on average; `None` if that is not known.
    pub mean_burst: Option<f64>,
}

impl LossPattern {
    /// Over two legs, one after the other, that lose independently. Runs are taken for as long as
    /// those of the worse leg.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let passes = (1.0 - share(self.fraction_lost)) * (1.0 - share(next.fraction_lost));
        let bursts = [self.mean_burst, next.mean_burst].into_iter().flatten();
        Self { fraction_lost: 1.0 - passes, mean_burst: bursts.reduce(f64::max) }
    }
}

/// How packets are made from now on; see [`Sender::apply`](crate::Sender::apply).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedundancyPlan {
    /// Each packet carries a coarse copy of the frame before it.
    pub in_band_fec: bool,
    /// The loss that in-band FEC is prepared for, in percent: what copies leave.
    pub expected_loss_percent: u8,
    /// Copies of earlier frames in each packet (RFC 2198).
    pub red_copies: u8,
    /// So much speech before it each packet describes (DRED), in milliseconds.
    pub dred_ms: u32,
    /// Of Opus, descriptions included, without copies and headers.
    pub bitrate: Bitrate,
    /// Audio per packet.
    pub frame_duration: FrameDuration,
}

impl RedundancyPlan {
    /// What goes over the wire, copies and all headers included, at a constant bit rate.
    pub fn wire_bitrate(&self) -> Bitrate {
        let copies = u64::from(self.red_copies);
        let headers = HEADER_BYTES + if copies > 0 { 1 + 4 * copies } else { 0 };
        let packets_per_hour = 3_600_000 / u64::from(self.frame_duration.ms());
        let headers_bps = (headers * 8 * packets_per_hour).div_ceil(3_600);
        Bitrate::from_bps(self.bitrate.bps() * (1 + copies) + headers_bps)
    }

    /// Bytes of the payload of a packet, copies included.
    fn payload_bytes(&self) -> u64 {
        let frame = (self.bitrate.bps() * u64::from(self.frame_duration.ms())).div_ceil(8_000);
        frame * (1 + u64::from(self.red_copies)) + 1 + 4 * u64::from(self.red_copies)
    }
}

/// What a [`Planner`] may choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannerConfig {
    /// The plan while nothing is lost. None has fewer copies, a higher bitrate or shorter packets.
    pub base: RedundancyPlan,
    /// The most that may go over the wire, headers included. What [`base`](Self::base) needs may
    /// always.
    pub budget: Bitrate,
    /// Copies in a packet at most; 0 if none were agreed on.
    pub most_copies: u8,
    /// Speech that a packet describes at most (DRED), in milliseconds; 0 if none.
    pub most_dred_ms: u32,
}

impl PlannerConfig {
    /// What a sender is set up for.
    pub fn of(sender: &SenderConfig) -> Self {
        let most_copies = sender.red_payload_type.map_or(0, |_| sender.red_most_copies);
        let most_copies = most_copies.min(MAX_COPIES as u8);
        let base = RedundancyPlan {
            in_band_fec: sender.in_band_fec,
            expected_loss_percent: sender.expected_loss_percent.min(100),
            red_copies: sender.red_copies.min(most_copies),
            dred_ms: if cfg!(feature = "dred") { sender.dred_ms.min(MOST_DRED_MS) } else { 0 },
            bitrate: sender.bitrate,
            frame_duration: sender.frame_duration,
        };
        // Without the feature nobody could describe it.
        let most_dred_ms = if cfg!(feature = "dred") { sender.most_dred_ms } else { 0 };
        let most_dred_ms = most_dred_ms.min(MOST_DRED_MS);
        Self { base, budget: sender.most_bitrate, most_copies, most_dred_ms }
    }
}

/// Chooses plans from reports. It knows no packet and reads no clock.
///
/// Loss is believed at once and forgotten by half every three seconds, so that a plan follows the
/// worst of late; where copies begin and where they end are two thresholds.
#[derive(Clone, Debug)]
pub struct Planner {
    config: PlannerConfig,
    held: LossPattern,
    reported_at: Option<Instant>,
    plan: RedundancyPlan,
}

/// IP, UDP, RTP with an audio level, the tag of SRTP: 20 + 8 + 20 + 16 bytes.
const HEADER_BYTES: u64 = 64;
/// Loss that copies are to leave, as a share of frames: from there on concealment is hardly heard.
const RESIDUAL: f64 = 0.01;
/// Copies begin at such a loss, 3 %: below it FEC and concealment do.
const BEGIN: f64 = 0.03;
/// And end below such a one.
const END: f64 = 0.015;
/// The held loss falls by half in this time.
const HALF_LIFE: Duration = Duration::from_secs(3);
/// Copies may cost the voice quality down to this bitrate, where Opus still codes wideband speech
/// well (RFC 6716 section 2.1.1 names 16 to 20 kbit/s).
const LEAST_BPS: u64 = 16_000;
/// What describing costs however little is described (`estimate_dred_bitrate` of libopus).
const DRED_BPS: u64 = 9_000;
/// And for each millisecond of it.
const DRED_BPS_PER_MS: u64 = 23;
/// With more libopus describes finer, not farther (`compute_dred_bitrate`: from 52.8 kbit/s on in all).
const MOST_DRED_BPS: u64 = 20_500;
/// Descriptions get the largest share of bits from here on, in percent (`compute_dred_bitrate`: 0.7
/// of what is above 20 kbit/s).
const LEAST_DRED_PERCENT: u8 = 24;
/// How finely the length of descriptions is chosen, in milliseconds.
const DRED_STEP_MS: u32 = 100;
/// With copies and below this bitrate the bits of in-band FEC are of more use to the voice.
const LEAST_FEC_BPS: u64 = 24_000;

impl Planner {
    /// A planner that knows of no loss.
    pub const fn new(config: PlannerConfig) -> Self {
        let held = LossPattern { fraction_lost: 0.0, mean_burst: None };
        Self { plan: config.base, config, held, reported_at: None }
    }

    /// Takes a report and returns the plan from now on.
    pub fn report(&mut self, now: Instant, pattern: LossPattern) -> RedundancyPlan {
        let passed =
            self.reported_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.reported_at = Some(now);
        let left = 0.5_f64.powf(passed.as_secs_f64() / HALF_LIFE.as_secs_f64());
        let fading_burst = self.held.mean_burst.map(|burst| 1.0 + (burst - 1.0) * left);
        let reported_burst = pattern.mean_burst.filter(|burst| burst.is_finite());
        self.held = LossPattern {
            fraction_lost: share(pattern.fraction_lost).max(self.held.fraction_lost * left),
            mean_burst: fading_burst.into_iter().chain(reported_burst).reduce(f64::max),
        };
        let base = self.config.base;
        let adds = self.plan.red_copies > base.red_copies || self.plan.dred_ms > base.dred_ms;
        let least = if adds { END } else { BEGIN };
        let counts = self.held.fraction_lost >= least;
        let pattern = if counts { self.held } else { LossPattern::default() };
        self.plan = self.config.plan_for(pattern);
        self.plan
    }

    /// The plan in force.
    pub const fn plan(&self) -> RedundancyPlan {
        self.plan
    }
}

impl PlannerConfig {
    /// The plan for losses of this pattern, without regard to what was before: copies, which are
    /// as good as what was lost, or descriptions where copies leave too much.
    pub fn plan_for(&self, pattern: LossPattern) -> RedundancyPlan {
        let plan = self.plan_of_copies(pattern);
        let left = share(pattern.fraction_lost)
            * loss_after_loss(pattern).powi(i32::from(plan.red_copies));
        if left <= RESIDUAL || share(pattern.fraction_lost) < END {
            return plan;
        }
        self.plan_of_descriptions(pattern).unwrap_or(plan)
    }

    /// Each packet describes what is needed of the speech before it (DRED); `None` if there is no
    /// room for it, or no need.
    fn plan_of_descriptions(&self, pattern: LossPattern) -> Option<RedundancyPlan> {
        let from = |duration: &FrameDuration| *duration >= self.base.frame_duration;
        let durations = FrameDuration::ALL.into_iter().filter(from);
        let plan = durations.filter_map(|duration| self.describe(pattern, duration)).next()?;
        // What room there is besides is for copies: those who cannot read descriptions read them.
        let copied = |red_copies| RedundancyPlan { red_copies, ..plan };
        let mut copied = (self.base.red_copies + 1..=self.most_copies).rev().map(copied);
        Some(copied.find(|plan| self.has_room_for(plan)).unwrap_or(plan))
    }

    /// The same in packets of that length.
    fn describe(&self, pattern: LossPattern, duration: FrameDuration) -> Option<RedundancyPlan> {
        let dred_ms = dred_for(pattern, duration).min(self.most_dred_ms);
        let base = self.base;
        let nothing =
            RedundancyPlan { frame_duration: duration, bitrate: Bitrate::from_bps(0), ..base };
        let budget = self.budget.max(base.wire_bitrate()).bps();
        let free_bps = budget.checked_sub(nothing.wire_bitrate().bps())?;
        let described_bps = DRED_BPS + DRED_BPS_PER_MS * u64::from(dred_ms);
        let described_bps = described_bps.min(MOST_DRED_BPS);
        let opus_bps = free_bps / (1 + u64::from(base.red_copies));
        let voice_bps = opus_bps.checked_sub(described_bps)?.min(base.bitrate.bps());
        if voice_bps < base.bitrate.bps().min(LEAST_BPS) || dred_ms <= base.dred_ms {
            return None;
        }
        let percent = (share(pattern.fraction_lost) * 100.0).ceil() as u8;
        Some(RedundancyPlan {
            // libopus gives descriptions bits by the loss it expects.
            expected_loss_percent: percent.clamp(LEAST_DRED_PERCENT, 100),
            dred_ms,
            bitrate: Bitrate::from_bps(voice_bps + described_bps),
            ..nothing
        })
    }

    fn has_room_for(&self, plan: &RedundancyPlan) -> bool {
        let reach = u64::from(plan.red_copies) * plan.frame_duration.samples() as u64;
        plan.wire_bitrate() <= self.budget
            && plan.payload_bytes() <= MAX_COPIED_BYTES as u64
            && reach <= u64::from(MAX_OFFSET)
    }

    /// The copies for losses of this pattern.
    fn plan_of_copies(&self, pattern: LossPattern) -> RedundancyPlan {
        let base = self.base;
        let loss = share(pattern.fraction_lost);
        let again = loss_after_loss(pattern);
        let wanted = copies_for(loss, again, self.most_copies).max(base.red_copies);
        let mut best = base;
        for frame_duration in FrameDuration::ALL {
            if frame_duration < base.frame_duration {
                continue;
            }
            // Longer packets only for copies that shorter ones have no room for.
            let more = (best.red_copies + 1..=wanted).rev();
            let mut plans = more.filter_map(|copies| self.afford(frame_duration, copies));
            best = plans.next().unwrap_or(best);
        }
        let squeezed = best.bitrate < base.bitrate && best.bitrate.bps() < LEAST_FEC_BPS;
        let left_percent = (loss * again.powi(i32::from(best.red_copies)) * 100.0).ceil() as u8;
        RedundancyPlan {
            in_band_fec: base.in_band_fec && !(best.red_copies > 0 && squeezed),
            expected_loss_percent: left_percent.clamp(base.expected_loss_percent, 100),
            ..best
        }
    }

    /// So many copies in packets of that length, at the best bitrate that fits; `None` if none does.
    fn afford(&self, frame_duration: FrameDuration, copies: u8) -> Option<RedundancyPlan> {
        let budget = self.budget.bps().max(self.base.wire_bitrate().bps());
        let free = RedundancyPlan {
            red_copies: copies,
            frame_duration,
            bitrate: Bitrate::from_bps(0),
            ..self.base
        };
        let frames = 1 + u64::from(copies);
        let for_frames = budget.checked_sub(free.wire_bitrate().bps())? / frames;
        let base_bps = self.base.bitrate.bps();
        let bps = for_frames.min(base_bps);
        let plan = RedundancyPlan { bitrate: Bitrate::from_bps(bps), ..free };
        let reach = u64::from(copies) * frame_duration.samples() as u64;
        let fits =
            plan.payload_bytes() <= MAX_COPIED_BYTES as u64 && reach <= u64::from(MAX_OFFSET);
        (bps >= base_bps.min(LEAST_BPS) && fits).then_some(plan)
    }
}

/// The probability that a loss follows a loss (Gilbert, 1960: runs of mean length *b* go on with
/// 1 − 1/*b*); that of any loss if runs are no longer than chance makes them.
fn loss_after_loss(pattern: LossPattern) -> f64 {
    let burst = pattern.mean_burst.map_or(1.0, |burst| burst.max(1.0));
    share(pattern.fraction_lost).max(1.0 - 1.0 / burst)
}

/// The least copies, at most `most`, with which at most [`RESIDUAL`] is left. A frame is lost for
/// good if its own packet is and so are all that copy it, which follow it.
fn copies_for(loss: f64, again: f64, most: u8) -> u8 {
    let left = |copies: u8| loss * again.powi(i32::from(copies));
    let enough = |copies: &u8| left(*copies) <= RESIDUAL + f64::EPSILON;
    if loss < END { 0 } else { (0..most).find(enough).unwrap_or(most) }
}

/// The least speech to describe, in milliseconds, with which at most [`RESIDUAL`] is left: as with
/// copies, a frame is lost for good if all packets that describe it are.
fn dred_for(pattern: LossPattern, frame: FrameDuration) -> u32 {
    let (loss, again) = (share(pattern.fraction_lost), loss_after_loss(pattern));
    let packets = (RESIDUAL / loss.max(RESIDUAL)).ln() / again.clamp(f64::EPSILON, 0.999).ln();
    // What a packet describes ends up to 40 ms short of what it is told.
    let ms = (packets.ceil() * f64::from(frame.ms())) as u32 + DRED_STEP_MS / 2;
    ms.next_multiple_of(DRED_STEP_MS)
}

fn share(fraction: f64) -> f64 {
    if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 1.0) }
}
