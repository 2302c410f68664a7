use super::{AudioDecoder, CodecError, PayloadInfo, Toc};
#[cfg(feature = "dred")]
use super::{DeepSpan, deep::DeepDecoder};
use crate::units::Channels;
#[cfg(not(feature = "dred"))]
use crate::units::SAMPLE_RATE_HZ;

/// libopus, with its own concealment and in-band FEC (RFC 6716); with feature `dred` its deep
/// redundancy and concealment by neural networks as well.
#[derive(Debug)]
pub struct OpusDecoder {
    #[cfg(not(feature = "dred"))]
    decoder: opus::Decoder,
    #[cfg(feature = "dred")]
    decoder: DeepDecoder,
    clip: opus::SoftClip,
    channels: usize,
}

/// Payloads of at most this many bytes say that the sender falls silent.
const SILENCE_BYTES: usize = 2;

impl OpusDecoder {
    /// A decoder that has seen nothing.
    ///
    /// # Errors
    /// libopus found no memory.
    pub fn new(channels: Channels) -> Result<Self, CodecError> {
        let layout = match channels {
            Channels::Mono => opus::Channels::Mono,
            Channels::Stereo => opus::Channels::Stereo,
        };
        Ok(Self {
            #[cfg(not(feature = "dred"))]
            decoder: opus::Decoder::new(SAMPLE_RATE_HZ, layout)?,
            #[cfg(feature = "dred")]
            decoder: DeepDecoder::new(match channels {
                Channels::Mono => calling_opus_dred::Channels::Mono,
                Channels::Stereo => calling_opus_dred::Channels::Stereo,
            })?,
            clip: opus::SoftClip::new(layout),
            channels: channels.count(),
        })
    }

    fn run(
        &mut self,
        payload: &[u8],
        samples: usize,
        fec: bool,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        let room = samples * self.channels;
        let out = out.get_mut(..room).ok_or(CodecError::new("the output is too short"))?;
        #[cfg(not(feature = "dred"))]
        let made = self.decoder.decode_float(payload, out, fec)?;
        #[cfg(feature = "dred")]
        let made = self.decoder.run(payload, out, fec)?;
        self.tame(&mut out[..made * self.channels]);
        Ok(made)
    }

    /// Damaged payloads can decode to anything.
    fn tame(&mut self, pcm: &mut [f32]) {
        for sample in pcm.iter_mut().filter(|sample| !sample.is_finite()) {
            *sample = 0.0;
        }
        self.clip.apply(pcm);
    }
}

impl AudioDecoder for OpusDecoder {
    fn inspect(&self, payload: &[u8]) -> Option<PayloadInfo> {
        let samples = Toc::packet_samples(payload)?;
        Some(PayloadInfo {
            samples,
            fec_samples: fec_samples(payload),
            silence_follows: payload.len() <= SILENCE_BYTES,
        })
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        let samples = Toc::packet_samples(payload).ok_or(CodecError::new("no Opus packet"))?;
        self.run(payload, samples, false, out)
    }

    fn decode_fec(
        &mut self,
        payload: &[u8],
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        self.run(payload, samples, true, out)
    }

    fn conceal(&mut self, samples: usize, out: &mut [f32]) -> Result<usize, CodecError> {
        self.run(&[], samples, false, out)
    }

    #[cfg(feature = "dred")]
    fn deep_span(&mut self, payload: &[u8]) -> Option<DeepSpan> {
        self.decoder.span(payload)
    }

    #[cfg(feature = "dred")]
    fn decode_deep(
        &mut self,
        payload: &[u8],
        back: usize,
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        let room = samples * self.channels;
        let out = out.get_mut(..room).ok_or(CodecError::new("the output is too short"))?;
        let made = self.decoder.decode_deep(payload, back, out)?;
        self.tame(&mut out[..made * self.channels]);
        Ok(made)
    }

    #[cfg(feature = "dred")]
    fn conceals_deeply(&self) -> bool {
        true
    }

    #[cfg(feature = "dred")]
    fn reset(&mut self) {
        self.decoder.reset();
    }

    #[cfg(not(feature = "dred"))]
    fn reset(&mut self) {
        // Fails only for a null decoder, which cannot be made.
        let _ = self.decoder.reset_state();
    }
}

/// Samples of the frame before `packet` that its low bit-rate redundancy restores (RFC 6716
/// sections 2.1.7 and 4.2.3 to 4.2.4: each SILK channel begins with one voice bit per 20 ms, then
/// the bit that tells of redundancy).
fn fec_samples(packet: &[u8]) -> usize {
    let Some((&first, rest)) = packet.split_first() else { return 0 };
    let toc = Toc(first);
    if !toc.has_silk() {
        return 0;
    }
    let Some(&header) = first_frame(first, rest).and_then(<[u8]>::first) else { return 0 };
    let per_channel = (toc.frame_samples() / 960).max(1);
    let mid = header >> (7 - per_channel) & 1;
    let side = if toc.is_stereo() { header >> (6 - 2 * per_channel) & 1 } else { 0 };
    if mid | side != 0 { toc.frame_samples() } else { 0 }
}

/// The bytes from the first frame on, which may belong to later frames or padding; `None` if the
/// first frame is empty.
fn first_frame(toc: u8, rest: &[u8]) -> Option<&[u8]> {
    match toc & 0b11 {
        0 | 1 => Some(rest),
        2 => skip_lengths(rest, 1),
        _ => {
            let (&count, rest) = rest.split_first()?;
            let rest = if count & 0x40 != 0 { skip_padding_lengths(rest)? } else { rest };
            let variable = count & 0x80 != 0;
            let lengths = if variable { (count & 0x3f).checked_sub(1)? } else { 0 };
            skip_lengths(rest, lengths)
        }
    }
}

/// Skips the lengths of all frames but the last; `None` if the first of them is zero. A length
/// takes two bytes from 252 on (RFC 6716 section 3.2.1).
fn skip_lengths(bytes: &[u8], lengths: u8) -> Option<&[u8]> {
    if lengths > 0 && bytes.first() == Some(&0) {
        return None;
    }
    (0..lengths).try_fold(bytes, |bytes, _| match *bytes.first()? {
        252..=255 => bytes.get(2..),
        _ => bytes.get(1..),
    })
}

/// Padding lengths of 255 continue (RFC 6716 section 3.2.5).
fn skip_padding_lengths(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|length| *length != 255)?;
    bytes.get(end + 1..)
}
