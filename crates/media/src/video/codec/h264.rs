use bytes::Bytes;
use openh264::OpenH264API;
use openh264::decoder::{Decoder, DecoderConfig, Flush};
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Profile,
    RateControlMode, SpsPpsStrategy, UsageType, VuiConfig,
};
use openh264::formats::{YUVSlices, YUVSource};

use super::{
    EncodedPicture, EncoderTarget, VideoCodecError, VideoDecoder, VideoEncoder, same_size,
};
use crate::video::frame::I420Frame;

pub(super) struct H264Encoder {
    encoder: Encoder,
    target: EncoderTarget,
    /// A bitrate that waits for the next key frame, or for a change that is worth one.
    wanted_bps: u32,
    /// Nothing was encoded yet: the first picture is a key frame anyhow.
    is_fresh: bool,
}

impl std::fmt::Debug for H264Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("H264Encoder").field("target", &self.target).finish_non_exhaustive()
    }
}

impl H264Encoder {
    pub(super) fn new(target: EncoderTarget) -> Result<Self, VideoCodecError> {
        let wanted_bps = target.bitrate_bps;
        Ok(Self { encoder: open(target)?, target, wanted_bps, is_fresh: true })
    }

    /// openh264 takes a bitrate only when it is opened, and what is opened begins with a key
    /// frame: so less than this share of the old bitrate, in percent, or more than that, is worth
    /// one, and anything else waits for a key frame that comes anyhow.
    const WORTH_A_KEY_FRAME: [u64; 2] = [75, 150];

    fn must_reopen(&self, force_key: bool) -> bool {
        let (now, wanted) = (u64::from(self.target.bitrate_bps), u64::from(self.wanted_bps));
        let [less, more] = Self::WORTH_A_KEY_FRAME;
        let far = wanted * 100 < now * less || wanted * 100 > now * more;
        now != wanted && (force_key || far)
    }
}

fn open(target: EncoderTarget) -> Result<Encoder, VideoCodecError> {
    let config = EncoderConfig::new()
        .profile(Profile::Baseline)
        .usage_type(UsageType::CameraVideoRealTime)
        .complexity(Complexity::Low)
        .rate_control_mode(RateControlMode::Bitrate)
        .bitrate(BitRate::from_bps(target.bitrate_bps.max(1_000)))
        .max_frame_rate(FrameRate::from_hz(target.frame_rate.max(1) as f32))
        .sps_pps_strategy(SpsPpsStrategy::ConstantId)
        // Key frames when asked for only.
        .intra_frame_period(IntraFramePeriod::auto())
        .scene_change_detect(false)
        // What pictures are in here; browsers take BT.709 where nothing is said.
        .vui(VuiConfig::bt601())
        .skip_frames(true)
        .num_threads(1);
    Ok(Encoder::with_api_config(OpenH264API::from_source(), config)?)
}

impl VideoEncoder for H264Encoder {
    fn encode(
        &mut self,
        frame: &I420Frame,
        force_key: bool,
    ) -> Result<Option<EncodedPicture>, VideoCodecError> {
        same_size(self.target, frame)?;
        if self.must_reopen(force_key) {
            self.target.bitrate_bps = self.wanted_bps;
            self.encoder = open(self.target)?;
            self.is_fresh = true;
        }
        if force_key && !self.is_fresh {
            self.encoder.force_intra_frame();
        }
        let (width, height) = (frame.width(), frame.height());
        let [y, u, v] = frame.planes();
        let strides = (width, width / 2, width / 2);
        let encoded = self.encoder.encode(&YUVSlices::new((y, u, v), (width, height), strides))?;
        self.is_fresh = false;
        let is_key = match encoded.frame_type() {
            FrameType::IDR => true,
            FrameType::Skip | FrameType::Invalid => return Ok(None),
            FrameType::I | FrameType::P | FrameType::IPMixed => false,
        };
        Ok(Some(EncodedPicture { data: Bytes::from(encoded.to_vec()), is_key }))
    }

    fn set_bitrate(&mut self, bps: u32) -> Result<(), VideoCodecError> {
        self.wanted_bps = bps;
        Ok(())
    }
}

pub(super) struct H264Decoder {
    decoder: Decoder,
}

impl std::fmt::Debug for H264Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("H264Decoder").finish_non_exhaustive()
    }
}

impl H264Decoder {
    pub(super) fn new() -> Result<Self, VideoCodecError> {
        // Nothing is reordered in baseline, so nothing is ever held back.
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let decoder = Decoder::with_api_config(OpenH264API::from_source(), config)?;
        Ok(Self { decoder })
    }
}

impl VideoDecoder for H264Decoder {
    fn decode(&mut self, data: &[u8]) -> Result<Option<I420Frame>, VideoCodecError> {
        let Some(picture) = self.decoder.decode(data)? else { return Ok(None) };
        let (width, height) = picture.dimensions();
        let (y, u, v) = picture.strides();
        if y == 0 || u == 0 || v == 0 {
            return Err(VideoCodecError::Size { width, height });
        }
        let lines = [picture.y().chunks(y), picture.u().chunks(u), picture.v().chunks(v)];
        let frame = I420Frame::from_lines(width, height, lines);
        frame.map(Some).map_err(|error| VideoCodecError::Library(error.to_string()))
    }
}

impl From<openh264::Error> for VideoCodecError {
    fn from(error: openh264::Error) -> Self {
        Self::Library(format!("openh264: {error}"))
    }
}
