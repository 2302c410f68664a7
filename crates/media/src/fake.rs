//! A decoder whose output shows where it came from, for tests and benches without a codec.

use crate::codec::{AudioDecoder, CodecError, DeepSpan, PayloadInfo};
use crate::units::Channels;

/// Decodes [`fake_payload`]s: every sample is the number of its packet, in thousandths.
#[derive(Clone, Debug)]
pub struct FakeDecoder {
    channels: usize,
}

/// Every sample that it makes up.
pub const CONCEALED: f32 = 0.777;
/// Payload durations are told in multiples of 2.5 ms.
const GRAIN: usize = 120;

/// A payload that the fake decoder plays as `number`.
pub fn fake_payload(info: PayloadInfo, number: u16) -> [u8; 5] {
    let [high, low] = number.to_be_bytes();
    let grains = |samples: usize| u8::try_from(samples / GRAIN).unwrap_or(u8::MAX);
    [grains(info.samples), grains(info.fec_samples), u8::from(info.silence_follows), high, low]
}

/// The same, describing so many frames of its own length before it.
pub fn describing_payload(info: PayloadInfo, number: u16, frames: u8) -> [u8; 6] {
    let [samples, fec, silence, high, low] = fake_payload(info, number);
    [samples, fec, silence, high, low, frames]
}

impl FakeDecoder {
    /// A decoder of that layout.
    pub const fn new(channels: Channels) -> Self {
        Self { channels: channels.count() }
    }

    fn fill(&self, samples: usize, value: f32, out: &mut [f32]) -> Result<usize, CodecError> {
        let out = out.get_mut(..samples * self.channels).ok_or(CodecError::new("too long"))?;
        out.fill(value);
        Ok(samples)
    }
}

fn number(payload: &[u8]) -> Result<u16, CodecError> {
    let &[_, _, _, high, low, ..] = payload else { return Err(CodecError::new("no fake payload")) };
    Ok(u16::from_be_bytes([high, low]))
}

impl AudioDecoder for FakeDecoder {
    fn inspect(&self, payload: &[u8]) -> Option<PayloadInfo> {
        let &[samples, fec, silence, ..] = payload else { return None };
        let samples = usize::from(samples) * GRAIN;
        (1..=5_760).contains(&samples).then_some(PayloadInfo {
            samples,
            fec_samples: usize::from(fec) * GRAIN,
            silence_follows: silence != 0,
        })
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        let number = number(payload)?;
        self.fill(usize::from(payload[0]) * GRAIN, f32::from(number) / 1_000.0, out)
    }

    fn decode_fec(
        &mut self,
        payload: &[u8],
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        let before = number(payload)?.wrapping_sub(1);
        self.fill(samples, f32::from(before) / 1_000.0, out)
    }

    fn conceal(&mut self, samples: usize, out: &mut [f32]) -> Result<usize, CodecError> {
        self.fill(samples, CONCEALED, out)
    }

    fn deep_span(&mut self, payload: &[u8]) -> Option<DeepSpan> {
        let &[samples, _, _, _, _, frames] = payload else { return None };
        let reach = usize::from(samples) * usize::from(frames) * GRAIN;
        (reach > 0).then_some(DeepSpan { reach, end: 0 })
    }

    fn decode_deep(
        &mut self,
        payload: &[u8],
        back: usize,
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        let span = self.deep_span(payload).ok_or(CodecError::new("it describes nothing"))?;
        if back > span.reach || samples > back {
            return Err(CodecError::new("it does not describe that"));
        }
        let frames_back = back.div_ceil(usize::from(payload[0]) * GRAIN);
        let before = number(payload)?.wrapping_sub(frames_back as u16);
        self.fill(samples, f32::from(before) / 1_000.0, out)
    }

    fn reset(&mut self) {}
}
