use std::collections::VecDeque;

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

use crate::{SAMPLE_RATE_HZ, SAMPLES_PER_TICK};

/// Device sound that waits at most: half a second. More means that nobody reads.
const MOST_WAITING_S: f64 = 0.5;
/// The rates of devices there are, in Hz.
const LEAST_RATE_HZ: u32 = 8_000;
const MOST_RATE_HZ: u32 = 192_000;

/// A rate that cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no conversion from {from_hz} to {to_hz} Hz; one must be 48,000, the other 8,000 to 192,000"
)]
pub struct ResamplerError {
    /// What was asked for.
    pub from_hz: u32,
    /// What was asked for.
    pub to_hz: u32,
}

/// Converts mono sound between the rate of a device and 48 kHz: any length in, whole blocks out
/// (10 ms of the rate that goes out). The crate `rubato`, by FFT; the delay is about a block.
pub struct CaptureResampler {
    /// `None` if both rates are the same.
    fft: Option<Fft<f32>>,
    waiting: VecDeque<f32>,
    most_waiting: usize,
    block: usize,
    input: Vec<f32>,
    output: Vec<f32>,
    dropped: u64,
}

impl std::fmt::Debug for CaptureResampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaptureResampler").field("block", &self.block).finish_non_exhaustive()
    }
}

impl CaptureResampler {
    /// From the rate of a microphone to 48 kHz.
    ///
    /// # Errors
    /// There is no such device.
    pub fn of_microphone(rate_hz: u32) -> Result<Self, ResamplerError> {
        Self::new(rate_hz, SAMPLE_RATE_HZ)
    }

    /// From 48 kHz to the rate of a loudspeaker.
    ///
    /// # Errors
    /// There is no such device.
    pub fn of_loudspeaker(rate_hz: u32) -> Result<Self, ResamplerError> {
        Self::new(SAMPLE_RATE_HZ, rate_hz)
    }

    fn new(from_hz: u32, to_hz: u32) -> Result<Self, ResamplerError> {
        let error = ResamplerError { from_hz, to_hz };
        let known = LEAST_RATE_HZ..=MOST_RATE_HZ;
        if !known.contains(&from_hz) || !known.contains(&to_hz) {
            return Err(error);
        }
        let block = (to_hz as usize * SAMPLES_PER_TICK).div_ceil(SAMPLE_RATE_HZ as usize);
        let (from, to) = (from_hz as usize, to_hz as usize);
        let fft = (from_hz != to_hz).then(|| Fft::new(from, to, block, 1, FixedSync::Output));
        let fft = fft.transpose().map_err(|_| error)?;
        let most_input = fft.as_ref().map_or(block, |fft| fft.input_frames_max());
        Ok(Self {
            fft,
            waiting: VecDeque::new(),
            most_waiting: (f64::from(from_hz) * MOST_WAITING_S) as usize,
            block,
            input: vec![0.0; most_input],
            output: vec![0.0; block],
            dropped: 0,
        })
    }

    /// Samples in a block that comes out.
    pub const fn block(&self) -> usize {
        self.block
    }

    /// Samples that were thrown away since nobody read.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes sound of any length. What is more than half a second old is thrown away.
    pub fn push(&mut self, pcm: &[f32]) {
        self.waiting.extend(pcm);
        let excess = self.waiting.len().saturating_sub(self.most_waiting);
        self.waiting.drain(..excess);
        self.dropped += excess as u64;
    }

    /// The next block, if there is enough sound for one.
    pub fn pop(&mut self) -> Option<&[f32]> {
        let needed = self.fft.as_ref().map_or(self.block, |fft| fft.input_frames_next());
        if self.waiting.len() < needed {
            return None;
        }
        self.waiting.drain(..needed).zip(&mut self.input).for_each(|(from, to)| *to = from);
        match &mut self.fft {
            None => self.output.copy_from_slice(&self.input[..self.block]),
            Some(fft) => {
                let input = InterleavedSlice::new(&self.input, 1, needed).ok()?;
                let mut output = InterleavedSlice::new_mut(&mut self.output, 1, self.block).ok()?;
                fft.process_into_buffer(&input, &mut output, None).ok()?;
            }
        }
        Some(&self.output)
    }
}
