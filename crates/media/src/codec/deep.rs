use calling_opus_dred::{Channels, Decoder, Dred, DredParser};

use super::{CodecError, DeepSpan};

/// From this complexity on a neural network conceals, and not yet does one paint over what is
/// decoded: nothing while nothing is lost.
const DEEP_CONCEALMENT: u8 = 5;
/// More than that far back nothing is said to be of use, in samples per channel.
const MOST_SAMPLES: usize = 48_000;

/// libopus with its networks.
#[derive(Debug)]
pub(super) struct DeepDecoder {
    decoder: Decoder,
    /// Made when first something is lost.
    descriptions: Option<Descriptions>,
}

/// What the payload that was looked at last describes.
#[derive(Debug)]
struct Descriptions {
    parser: DredParser,
    dred: Dred,
    payload: Vec<u8>,
    span: Option<DeepSpan>,
}

impl DeepDecoder {
    pub(super) fn new(channels: Channels) -> Result<Self, CodecError> {
        let mut decoder = Decoder::new(channels)?;
        decoder.set_complexity(DEEP_CONCEALMENT)?;
        Ok(Self { decoder, descriptions: None })
    }

    /// Decodes, restores the frame before (`fec`), or conceals if there is no payload.
    pub(super) fn run(
        &mut self,
        payload: &[u8],
        out: &mut [f32],
        fec: bool,
    ) -> Result<usize, CodecError> {
        let made = match (payload, fec) {
            ([], _) => self.decoder.conceal(out),
            (_, true) => self.decoder.decode_fec(payload, out),
            (_, false) => self.decoder.decode(payload, out),
        };
        Ok(made?)
    }

    pub(super) fn span(&mut self, payload: &[u8]) -> Option<DeepSpan> {
        self.read(payload).ok()?.span
    }

    pub(super) fn decode_deep(
        &mut self,
        payload: &[u8],
        back: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        self.read(payload)?;
        let none = CodecError::new("nothing was read");
        let Descriptions { parser, dred, .. } = self.descriptions.as_mut().ok_or(none)?;
        parser.prepare(dred)?;
        Ok(self.decoder.decode_dred(dred, back, out)?)
    }

    fn read(&mut self, payload: &[u8]) -> Result<&mut Descriptions, CodecError> {
        let descriptions = match self.descriptions.take() {
            Some(descriptions) => descriptions,
            None => Descriptions::new()?,
        };
        let descriptions = self.descriptions.insert(descriptions);
        descriptions.read(payload);
        Ok(descriptions)
    }

    pub(super) fn reset(&mut self) {
        self.decoder.reset();
    }
}

impl Descriptions {
    fn new() -> Result<Self, CodecError> {
        let (parser, dred) = (DredParser::new()?, Dred::new()?);
        Ok(Self { parser, dred, payload: Vec::new(), span: None })
    }

    /// Reads `payload`, unless it was the last.
    fn read(&mut self, payload: &[u8]) {
        if self.payload == payload {
            return;
        }
        self.payload.clear();
        self.payload.extend_from_slice(payload);
        let parsed = self.parser.parse(payload, MOST_SAMPLES, &mut self.dred);
        self.span = parsed.ok().flatten().and_then(|span| {
            // What a stranger says to be older is not kept that long.
            let reach = span.reach.min(MOST_SAMPLES);
            // From where the description ends to the packet nobody spoke: the decoder fades out.
            (span.end < reach).then_some(DeepSpan { reach, end: 0 })
        });
    }
}
