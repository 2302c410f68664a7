//! What is said, and the packets it becomes.

use std::path::Path;

use calling_media::{
    AudioDecoder, AudioSource, Channels, OpusDecoder, SAMPLES_PER_TICK, Sender, SenderConfig,
    VoiceSource, WavSource,
};
use calling_testkit::seed;
use calling_wire::RtpView;

use crate::LabError;
use crate::trace::FRAME_MS;

/// Audio at 48 kHz mono with a name.
#[derive(Clone, Debug)]
pub(crate) struct Speech {
    pub(crate) name: String,
    /// Nobody said it: the built-in imitation.
    pub(crate) synthetic: bool,
    pub(crate) pcm: Vec<f32>,
}

/// Samples per frame.
pub(crate) const FRAME_SAMPLES: usize = FRAME_MS as usize * 48;
/// The built-in imitation always says the same.
const SYNTHETIC_SEED: u64 = 1;

impl Speech {
    /// The built-in imitation of speech.
    pub(crate) fn synthetic(seconds: u32) -> Self {
        let pcm = read(&mut VoiceSource::new(SYNTHETIC_SEED), seconds);
        Self { name: "synthetic".into(), synthetic: true, pcm }
    }

    /// A WAV file, from its beginning again when it ends.
    pub(crate) fn open(path: &Path, seconds: u32) -> Result<Self, LabError> {
        let mut source = WavSource::open(path)?.looping();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, synthetic: false, pcm: read(&mut source, seconds) })
    }
}

fn read(source: &mut impl AudioSource, seconds: u32) -> Vec<f32> {
    let mut pcm = vec![0.0; seconds as usize * 48_000];
    pcm.chunks_exact_mut(SAMPLES_PER_TICK).for_each(|tick| source.read(tick));
    pcm
}

/// What a sender makes of speech.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    /// `plain`; `fec` if each packet may restore the one before it; `red-3` or `red-9` if it also
    /// carries as many copies.
    pub(crate) name: &'static str,
    /// Frames before its own of which each packet carries a copy (RFC 2198).
    pub(crate) copies: u32,
    pub(crate) packets: Vec<Packet>,
}

/// One packet: a frame of 20 ms.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) payload: Vec<u8>,
    /// The audio level extension (RFC 6464), one byte.
    pub(crate) level: u8,
    /// It can restore the frame before it.
    pub(crate) restores: bool,
}

impl Stream {
    /// Opus at 32 kbit/s, 20 ms, with or without in-band FEC.
    pub(crate) fn encode(speech: &Speech, fec: bool) -> Result<Self, LabError> {
        let mut config = SenderConfig::voice(1);
        config.in_band_fec = fec;
        if !fec {
            config.expected_loss_percent = 0;
        }
        let mut sender = Sender::new(config, seed(1))?;
        let decoder = OpusDecoder::new(Channels::Mono)?;
        let mut packets = Vec::with_capacity(speech.pcm.len() / FRAME_SAMPLES);
        for tick in speech.pcm.chunks_exact(SAMPLES_PER_TICK) {
            let Some(packet) = sender.push(tick)? else { continue };
            let view = RtpView::parse(packet).map_err(|_| LabError::Encoder)?;
            let level = view.extension(calling_media::AUDIO_LEVEL_ID);
            let info = decoder.inspect(view.payload());
            packets.push(Packet {
                payload: view.payload().to_vec(),
                level: level.and_then(|level| level.first().copied()).unwrap_or(0),
                restores: info.is_some_and(|info| info.fec_samples > 0),
            });
        }
        Ok(Self { name: if fec { "fec" } else { "plain" }, copies: 0, packets })
    }

    /// The same, each packet with so many copies of those before it.
    pub(crate) fn with_copies(self, name: &'static str, copies: u32) -> Self {
        Self { name, copies, ..self }
    }

    /// The packets that bring frame `index` itself: its own, and those with copies of it.
    pub(crate) fn carriers(&self, index: usize) -> std::ops::RangeInclusive<usize> {
        index..=index + self.copies as usize
    }

    /// Whether the frame after `index` restores it.
    pub(crate) fn restores(&self, index: usize) -> bool {
        self.packets.get(index + 1).is_some_and(|packet| packet.restores)
    }
}
