//! From a source to encoded pictures, in time and within a bitrate.

mod ladder;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::Machine;

use super::{
    EncodedPicture, EncoderTarget, I420Frame, VideoCodec, VideoCodecError, VideoEncoder,
    VideoSource,
};
pub use ladder::{Rung, rung};

/// The bitrates that are aimed at, in bits per second; others are brought inside.
pub const BITRATE_RANGE_BPS: [u32; 2] = [30_000, 20_000_000];
/// Key frames are no closer than this, whoever asks.
const KEY_FRAME_INTERVAL: Duration = Duration::from_millis(300);
/// Pictures missed by more than this are skipped instead of caught up.
const MOST_BEHIND: Duration = Duration::from_millis(100);
/// The size of pictures changes no more often than this, but for the first time.
const RUNG_INTERVAL: Duration = Duration::from_secs(3);
/// Outputs nobody polled.
const MOST_OUTPUTS: usize = 16;

/// How pictures are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureSettings {
    /// The codec.
    pub codec: VideoCodec,
    /// Bits per second to begin with.
    pub bitrate_bps: u32,
    /// Pixels a line and lines at most, whatever the source gives.
    pub most_pixels: [usize; 2],
    /// Pictures per second at most.
    pub most_frame_rate: u32,
}

impl Default for CaptureSettings {
    /// The first codec there is, 640 by 360 at 30 pictures and 600 kbit/s.
    fn default() -> Self {
        Self {
            codec: VideoCodec::available().next().unwrap_or(VideoCodec::Vp8),
            bitrate_bps: 600_000,
            most_pixels: [640, 360],
            most_frame_rate: 30,
        }
    }
}

/// What happens to a [`VideoCapture`].
pub enum CaptureInput {
    /// Read from this source instead.
    Source(Box<dyn VideoSource>),
    /// Read nothing for a while, or again.
    Pause(bool),
    /// Somebody needs a key frame.
    KeyFrame,
    /// The bitrate to aim at, in bits per second.
    Bitrate(u32),
    /// Encode so from now on.
    Settings(CaptureSettings),
}

/// What a [`VideoCapture`] gives.
#[derive(Clone, Debug)]
pub enum CaptureOutput {
    /// A picture was taken, as it is; for one's own view.
    Taken(Arc<I420Frame>),
    /// A picture was encoded.
    Encoded {
        /// The picture.
        picture: EncodedPicture,
        /// When it was taken.
        captured: Instant,
    },
    /// The source has ended.
    Ended,
    /// Encoding failed; the next picture may succeed.
    Failed(VideoCodecError),
}

/// Why a [`VideoCapture`] has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureReason {
    /// The next picture is due.
    Picture,
}

/// What was encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureStats {
    /// Pictures read.
    pub taken: u64,
    /// Pictures encoded.
    pub encoded: u64,
    /// Of them key frames.
    pub key_frames: u64,
    /// Pictures that the rate control left out.
    pub dropped: u64,
    /// Pictures not read because the program was behind.
    pub skipped: u64,
    /// Size and rate of the newest.
    pub rung: Option<Rung>,
}

/// Reads a source at its rate, scales to what the bitrate carries, encodes. Inputs never fail.
pub struct VideoCapture {
    settings: CaptureSettings,
    source: Box<dyn VideoSource>,
    source_ended: bool,
    paused: bool,
    due: Option<Instant>,
    /// Pictures read, for halving the rate.
    read: u64,
    encoder: Option<Box<dyn VideoEncoder>>,
    rung: Option<Rung>,
    rung_since: Option<Instant>,
    wants_key_frame: bool,
    last_key_frame: Option<Instant>,
    outputs: VecDeque<CaptureOutput>,
    stats: CaptureStats,
}

impl std::fmt::Debug for VideoCapture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoCapture").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl VideoCapture {
    /// Reads `source` from `now` on. Its first picture is a key frame.
    pub fn new(settings: CaptureSettings, source: Box<dyn VideoSource>, now: Instant) -> Self {
        Self {
            settings: sane(settings),
            source,
            source_ended: false,
            paused: false,
            due: Some(now),
            read: 0,
            encoder: None,
            rung: None,
            rung_since: None,
            wants_key_frame: false,
            last_key_frame: None,
            outputs: VecDeque::new(),
            stats: CaptureStats::default(),
        }
    }

    /// What was encoded so far.
    pub const fn stats(&self) -> CaptureStats {
        CaptureStats { rung: self.rung, ..self.stats }
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1) / self.source.frame_rate().clamp(1, 120)
    }

    /// Reads and encodes the picture that is due.
    fn take(&mut self, now: Instant) {
        let Some(due) = self.due.filter(|due| *due <= now) else { return };
        let interval = self.interval();
        let mut next = due + interval;
        if now > next + MOST_BEHIND {
            let missed = now.saturating_duration_since(next).as_nanos() / interval.as_nanos();
            self.stats.skipped = self.stats.skipped.saturating_add(missed as u64);
            next = now + interval;
        } else if next <= now {
            // Soon, but not at this very moment again.
            next = now + interval / 4;
        }
        self.due = Some(next);
        let Some(picture) = self.source.read() else {
            self.source_ended = true;
            self.due = None;
            self.output(CaptureOutput::Ended);
            return;
        };
        self.stats.taken += 1;
        let picture = Arc::new(picture);
        self.output(CaptureOutput::Taken(Arc::clone(&picture)));
        self.choose_rung(now, &picture);
        let every = self.source.frame_rate().max(1).div_ceil(self.frame_rate().max(1));
        self.read += 1;
        if self.read % u64::from(every.max(1)) == 1 % u64::from(every.max(1))
            && let Err(error) = self.encode(now, &picture)
        {
            self.encoder = None;
            self.output(CaptureOutput::Failed(error));
        }
    }

    fn frame_rate(&self) -> u32 {
        self.rung.map_or(self.settings.most_frame_rate, |rung| rung.frame_rate)
    }

    fn choose_rung(&mut self, now: Instant, picture: &I420Frame) {
        let CaptureSettings { most_pixels: [width, height], .. } = self.settings;
        let most = fit([picture.width(), picture.height()], [width, height]);
        let rate = self.source.frame_rate().min(self.settings.most_frame_rate);
        let wanted = rung(most, rate, self.settings.bitrate_bps, self.rung);
        let recent = |since: Instant| now.saturating_duration_since(since) < RUNG_INTERVAL;
        if self.rung == Some(wanted) || self.rung_since.is_some_and(recent) {
            return;
        }
        self.rung = Some(wanted);
        self.rung_since = Some(now);
        self.encoder = None;
    }

    fn encode(&mut self, now: Instant, picture: &I420Frame) -> Result<(), VideoCodecError> {
        let Some(Rung { width, height, frame_rate }) = self.rung else { return Ok(()) };
        let (encoder, fresh) = match self.encoder.take() {
            Some(encoder) => (encoder, false),
            None => {
                let bitrate_bps = self.settings.bitrate_bps;
                let target = EncoderTarget { width, height, frame_rate, bitrate_bps };
                (self.settings.codec.encoder(target)?, true)
            }
        };
        let encoder = self.encoder.insert(encoder);
        let size = |_| VideoCodecError::Size { width, height };
        let scaled = picture.scaled(width, height).map_err(size)?;
        let allowed = self.last_key_frame.is_none_or(|last| now >= last + KEY_FRAME_INTERVAL);
        let force_key = fresh || (self.wants_key_frame && allowed);
        match encoder.encode(&scaled, force_key)? {
            Some(picture) => {
                self.stats.encoded += 1;
                if picture.is_key {
                    self.stats.key_frames += 1;
                    self.wants_key_frame = false;
                    self.last_key_frame = Some(now);
                }
                self.output(CaptureOutput::Encoded { picture, captured: now });
            }
            None => {
                self.stats.dropped += 1;
                // What was left out was to be one.
                self.wants_key_frame |= force_key;
            }
        }
        Ok(())
    }

    fn set_bitrate(&mut self, bps: u32) {
        let [least, most] = BITRATE_RANGE_BPS;
        self.settings.bitrate_bps = bps.clamp(least, most);
        if let Some(encoder) = &mut self.encoder
            && let Err(error) = encoder.set_bitrate(self.settings.bitrate_bps)
        {
            self.output(CaptureOutput::Failed(error));
        }
    }

    fn replace_source(&mut self, now: Instant, source: Box<dyn VideoSource>) {
        self.source = source;
        self.source_ended = false;
        self.rung_since = None;
        self.wants_key_frame = true;
        self.due = (!self.paused).then_some(now);
    }

    fn output(&mut self, output: CaptureOutput) {
        // Whoever does not poll loses the oldest.
        if self.outputs.len() >= MOST_OUTPUTS {
            self.outputs.pop_front();
            self.wants_key_frame = true;
        }
        self.outputs.push_back(output);
    }
}

impl Machine for VideoCapture {
    type Input<'a> = CaptureInput;
    type Output = CaptureOutput;
    type Misuse = std::convert::Infallible;
    type Reason = CaptureReason;

    fn handle_input(&mut self, now: Instant, input: CaptureInput) -> Result<(), Self::Misuse> {
        match input {
            CaptureInput::Source(source) => self.replace_source(now, source),
            CaptureInput::Pause(paused) => {
                // Those who watch begin anew.
                self.wants_key_frame |= self.paused && !paused;
                self.paused = paused;
                let runs = !paused && !self.source_ended;
                self.due = runs.then(|| self.due.unwrap_or(now));
            }
            CaptureInput::KeyFrame => self.wants_key_frame = true,
            CaptureInput::Bitrate(bps) => self.set_bitrate(bps),
            CaptureInput::Settings(settings) => {
                self.settings = sane(settings);
                self.encoder = None;
                (self.rung, self.rung_since) = (None, None);
            }
        }
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.take(now);
    }

    fn poll_output(&mut self) -> Option<CaptureOutput> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Instant, CaptureReason)> {
        self.due.map(|due| (due, CaptureReason::Picture))
    }
}

fn sane(settings: CaptureSettings) -> CaptureSettings {
    let [least, most] = BITRATE_RANGE_BPS;
    CaptureSettings {
        bitrate_bps: settings.bitrate_bps.clamp(least, most),
        most_pixels: settings.most_pixels.map(|side| side.clamp(2, 4_096)),
        most_frame_rate: settings.most_frame_rate.clamp(1, 120),
        ..settings
    }
}

/// The largest size of the shape of `size` within `most`, whichever way round it is held.
fn fit(size: [usize; 2], most: [usize; 2]) -> [usize; 2] {
    let upright = (size[0] < size[1]) != (most[0] < most[1]);
    let most = if upright { [most[1], most[0]] } else { most };
    let scale = (most[0] as f64 / size[0] as f64).min(most[1] as f64 / size[1] as f64).min(1.0);
    size.map(|side| ((side as f64 * scale).round() as usize).max(1))
}
