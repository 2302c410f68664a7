//! What is said, and the packets it becomes.

use std::path::Path;

use calling_media::{
    AudioDecoder, AudioSource, Channels, LossPattern, OpusDecoder, PlannerConfig, SAMPLES_PER_TICK,
    Sender, SenderConfig, VoiceSource, WavSource,
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

/// Frames that a packet describes at most: 1,040 ms.
const MOST_DESCRIBED: usize = 52;
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
    /// carries as many copies; `dred-100` and so on if it also describes so many milliseconds.
    pub(crate) name: &'static str,
    /// Frames before its own of which each packet carries a copy (RFC 2198).
    pub(crate) copies: u32,
    /// Speech before its own that each packet is to describe (DRED), in milliseconds.
    pub(crate) dred_ms: u32,
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
    /// Frames before its own that it describes.
    pub(crate) describes: u32,
}

impl Stream {
    /// Opus at 32 kbit/s, 20 ms, with or without in-band FEC.
    pub(crate) fn encode(speech: &Speech, fec: bool) -> Result<Self, LabError> {
        let mut config = SenderConfig::voice(1);
        config.in_band_fec = fec;
        if !fec {
            config.expected_loss_percent = 0;
        }
        Self::encode_as(speech, if fec { "fec" } else { "plain" }, config)
    }

    /// The same with in-band FEC and what a planner adds, who was told of much loss: descriptions
    /// of so many milliseconds, and the bits for them.
    pub(crate) fn describe(
        speech: &Speech,
        name: &'static str,
        dred_ms: u32,
    ) -> Result<Self, LabError> {
        let config = SenderConfig { most_dred_ms: dred_ms, ..SenderConfig::voice(1) };
        let lost = LossPattern { fraction_lost: 0.3, mean_burst: Some(1_000.0) };
        let plan = PlannerConfig::of(&config).plan_for(lost);
        let config = SenderConfig {
            bitrate: plan.bitrate,
            expected_loss_percent: plan.expected_loss_percent,
            dred_ms: plan.dred_ms,
            ..config
        };
        Self::encode_as(speech, name, config)
    }

    fn encode_as(
        speech: &Speech,
        name: &'static str,
        config: SenderConfig,
    ) -> Result<Self, LabError> {
        let dred_ms = config.dred_ms;
        let mut sender = Sender::new(config, seed(1))?;
        let mut decoder = OpusDecoder::new(Channels::Mono)?;
        let mut packets = Vec::with_capacity(speech.pcm.len() / FRAME_SAMPLES);
        for tick in speech.pcm.chunks_exact(SAMPLES_PER_TICK) {
            let Some(packet) = sender.push(tick)? else { continue };
            let view = RtpView::parse(packet).map_err(|_| LabError::Encoder)?;
            let level = view.extension(calling_media::AUDIO_LEVEL_ID);
            let info = decoder.inspect(view.payload());
            let span = (dred_ms > 0).then(|| decoder.deep_span(view.payload())).flatten();
            packets.push(Packet {
                payload: view.payload().to_vec(),
                level: level.and_then(|level| level.first().copied()).unwrap_or(0),
                restores: info.is_some_and(|info| info.fec_samples > 0),
                describes: span.map_or(0, |span| (span.reach / FRAME_SAMPLES) as u32),
            });
        }
        Ok(Self { name, copies: 0, dred_ms, packets })
    }

    /// The same, each packet with so many copies of those before it.
    pub(crate) fn with_copies(self, name: &'static str, copies: u32) -> Self {
        Self { name, copies, ..self }
    }

    /// The packets that bring frame `index` itself: its own, and those with copies of it.
    pub(crate) fn carriers(&self, index: usize) -> std::ops::RangeInclusive<usize> {
        index..=index + self.copies as usize
    }

    /// The packets that describe frame `index`.
    pub(crate) fn describers(&self, index: usize) -> impl Iterator<Item = usize> {
        let most = if self.dred_ms > 0 { MOST_DESCRIBED } else { 0 };
        let after = index + 1..=index + most;
        let reaches = move |later: &usize| {
            self.packets
                .get(*later)
                .is_some_and(|packet| packet.describes as usize >= later - index)
        };
        after.filter(reaches)
    }

    /// Whether the frame after `index` restores it.
    pub(crate) fn restores(&self, index: usize) -> bool {
        self.packets.get(index + 1).is_some_and(|packet| packet.restores)
    }
}
