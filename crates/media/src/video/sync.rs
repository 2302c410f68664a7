//! Lips in step with words: when a picture must be shown so that it comes with its sound.

use std::time::{Duration, Instant};

use calling_wire::SenderInfo;

use super::VIDEO_CLOCK_HZ;
use crate::SAMPLE_RATE_HZ;

/// A moment of a stream of video and when it is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncPoint {
    /// An RTP timestamp of the video.
    pub rtp_timestamp: u32,
    /// When a picture of it is to be shown, no earlier.
    pub at: Instant,
}

/// Follows the clocks of one person's sound and picture.
///
/// Sender reports say which RTP timestamp belongs to which moment of the sender's clock (RFC 3550
/// section 6.4.1). From the arrival of sound and its delay until it is heard follows how much later
/// than that moment things are heard here; pictures are to be shown as much later.
#[derive(Clone, Debug)]
pub struct LipSync {
    origin: Instant,
    audio: Option<Mapping>,
    video: Option<Mapping>,
    /// Local time less the sender's at the arrival of sound, in seconds.
    transit: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mapping {
    ntp_time: u64,
    rtp_timestamp: u32,
}

/// Units of NTP time per second.
const NTP_UNITS: f64 = (1_u64 << 32) as f64;
/// How much a packet moves the mean of arrivals.
const WEIGHT: f64 = 1.0 / 32.0;
/// Arrivals this far from the mean are another clock, in seconds.
const LARGEST_STEP: f64 = 1.0;
/// More than this between sound and picture is no matter of lips, in seconds.
const MOST_APART: f64 = 10.0;

impl LipSync {
    /// Knows nothing yet. `now` is only where local time is counted from.
    pub const fn new(now: Instant) -> Self {
        Self { origin: now, audio: None, video: None, transit: None }
    }

    /// A sender report about the sound.
    pub fn audio_report(&mut self, report: &SenderInfo) {
        let mapping = Mapping::of(report);
        if let (Some(before), Some(transit)) = (self.audio, &mut self.transit) {
            // Counted from the report's time.
            *transit -= seconds_between(before.ntp_time, mapping.ntp_time);
        }
        self.audio = Some(mapping);
    }

    /// A sender report about the video.
    pub fn video_report(&mut self, report: &SenderInfo) {
        self.video = Some(Mapping::of(report));
    }

    /// A packet of the sound arrived.
    pub fn audio_packet(&mut self, now: Instant, rtp_timestamp: u32) {
        let Some(audio) = self.audio else { return };
        let since_report = ticks_between(audio.rtp_timestamp, rtp_timestamp, SAMPLE_RATE_HZ);
        let local = now.saturating_duration_since(self.origin).as_secs_f64();
        let seen = local - since_report;
        self.transit = Some(match self.transit {
            Some(mean) if (seen - mean).abs() < LARGEST_STEP => mean + (seen - mean) * WEIGHT,
            Some(_) | None => seen,
        });
    }

    /// When a picture is to be shown, if sound is heard `audio_delay` after it arrives. `None`
    /// until both streams were reported on and sound arrived, or if they are too far apart.
    pub fn point(&self, now: Instant, audio_delay: Duration) -> Option<SyncPoint> {
        let (audio, video, transit) = (self.audio?, self.video?, self.transit?);
        let after_audio = seconds_between(audio.ntp_time, video.ntp_time);
        let local = after_audio + transit + audio_delay.as_secs_f64();
        let since_now = local - now.saturating_duration_since(self.origin).as_secs_f64();
        if since_now.abs() > MOST_APART {
            return None;
        }
        let distance = Duration::from_secs_f64(since_now.abs());
        let at =
            if since_now >= 0.0 { now.checked_add(distance) } else { now.checked_sub(distance) };
        Some(SyncPoint { rtp_timestamp: video.rtp_timestamp, at: at? })
    }
}

impl Mapping {
    const fn of(report: &SenderInfo) -> Self {
        Self { ntp_time: report.ntp_time, rtp_timestamp: report.rtp_timestamp }
    }
}

/// From one NTP time to another, in seconds; they wrap.
fn seconds_between(from: u64, to: u64) -> f64 {
    // Two's complement is what makes it signed.
    to.wrapping_sub(from) as i64 as f64 / NTP_UNITS
}

/// From one RTP timestamp to another, in seconds; they wrap.
pub(super) fn ticks_between(from: u32, to: u32, clock_hz: u32) -> f64 {
    f64::from(to.wrapping_sub(from) as i32) / f64::from(clock_hz)
}

impl SyncPoint {
    /// When a picture with another timestamp is to be shown; `None` if that cannot be told.
    pub fn at(&self, rtp_timestamp: u32) -> Option<Instant> {
        let seconds = ticks_between(self.rtp_timestamp, rtp_timestamp, VIDEO_CLOCK_HZ);
        let distance = Duration::from_secs_f64(seconds.abs());
        if seconds >= 0.0 { self.at.checked_add(distance) } else { self.at.checked_sub(distance) }
    }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    const SECOND: u64 = 1 << 32;

    fn info(ntp_time: u64, rtp_timestamp: u32) -> SenderInfo {
        SenderInfo { ntp_time, rtp_timestamp, packet_count: 0, octet_count: 0 }
    }

    fn ms(ms: u64) -> Instant {
        epoch() + Duration::from_millis(ms)
    }

    /// Sound begins at 5,000 and video at 4,294,967,000, both at second 100 of the sender; sound
    /// takes 40 ms to arrive and 60 to be heard.
    fn heard() -> LipSync {
        let mut sync = LipSync::new(epoch());
        sync.audio_report(&info(100 * SECOND, 5_000));
        for packet in 0..50 {
            sync.audio_packet(ms(40 + 20 * packet), 5_000 + 960 * packet as u32);
        }
        sync.video_report(&info(100 * SECOND, 4_294_967_000));
        sync
    }

    fn close(at: Instant, expected: Instant) -> bool {
        at.max(expected) - at.min(expected) < Duration::from_millis(1)
    }

    #[test]
    fn a_picture_is_shown_when_the_sound_of_its_moment_is_heard() {
        let sync = heard();
        let point = sync.point(ms(1_040), Duration::from_millis(60)).unwrap();
        assert!(close(point.at(4_294_967_000).unwrap(), ms(100)));
        // 33 ms later, across the wrap.
        assert!(close(point.at(4_294_967_000_u32.wrapping_add(2_970)).unwrap(), ms(133)));
    }

    #[test]
    fn reports_of_other_moments_change_nothing() {
        let mut sync = heard();
        sync.audio_report(&info(103 * SECOND, 5_000 + 3 * 48_000));
        sync.audio_packet(ms(3_060), 5_000 + 3 * 48_000 + 960);
        sync.video_report(&info(102 * SECOND, 4_294_967_000_u32.wrapping_add(180_000)));
        let point = sync.point(ms(3_060), Duration::from_millis(60)).unwrap();
        assert!(close(point.at(4_294_967_000).unwrap(), ms(100)));
    }

    #[test]
    fn without_both_reports_or_far_apart_nothing_is_said() {
        let mut sync = LipSync::new(epoch());
        sync.audio_packet(ms(1), 5);
        assert_eq!(sync.point(ms(1), Duration::ZERO), None);
        sync.audio_report(&info(100 * SECOND, 0));
        sync.video_report(&info(100 * SECOND, 0));
        assert_eq!(sync.point(ms(1), Duration::ZERO), None, "no sound yet");
        sync.audio_packet(ms(1), 0);
        assert!(sync.point(ms(1), Duration::ZERO).is_some());
        sync.video_report(&info(200 * SECOND, 0));
        assert_eq!(sync.point(ms(1), Duration::ZERO), None);
    }
}
