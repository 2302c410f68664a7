//! The encoder. Every call of C of it is in this file.
#![expect(unsafe_code, reason = "libvpx is C")]

use std::ptr;

use vpx_sys::{
    VPX_DL_REALTIME, VPX_EFLAG_FORCE_KF, VPX_ENCODER_ABI_VERSION, VPX_ERROR_RESILIENT_DEFAULT,
    VPX_FRAME_IS_KEY, vp8e_enc_control_id, vpx_codec_control_, vpx_codec_ctx, vpx_codec_cx_pkt,
    vpx_codec_cx_pkt_kind, vpx_codec_destroy, vpx_codec_enc_cfg, vpx_codec_enc_config_default,
    vpx_codec_enc_config_set, vpx_codec_enc_init_ver, vpx_codec_encode, vpx_codec_err_t,
    vpx_codec_get_cx_data, vpx_codec_vp8_cx, vpx_image_t, vpx_img_fmt, vpx_img_wrap, vpx_kf_mode,
    vpx_rc_mode,
};

use crate::{MAX_DIMENSION, Planes, VpxError};

/// What an encoder begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderSettings {
    /// Pixels a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Bits per second aimed at.
    pub bitrate_bps: u32,
    /// Threads to encode with, 1..=16.
    pub threads: u32,
    /// Speed over quality, 0 (best) ..=16 (fastest).
    pub speed: i32,
}

/// Ticks per second of `pts`: the RTP clock of video.
const CLOCK_HZ: i32 = 90_000;
/// A picture is never shown shorter than this for the rate control, in ticks.
const SHORTEST: u64 = 90;

/// A VP8 encoder for live pictures: no lag, constant bitrate, key frames only when asked for.
pub struct Encoder {
    /// Boxed, so that its address is the same for ever.
    context: Box<vpx_codec_ctx>,
    config: vpx_codec_enc_cfg,
    next_pts: i64,
}

// SAFETY: libvpx ties a context to no thread; it only must not be used by two at once, which
// `&mut self` everywhere excludes.
unsafe impl Send for Encoder {}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("width", &self.config.g_w)
            .field("height", &self.config.g_h)
            .finish_non_exhaustive()
    }
}

impl Encoder {
    /// Opens an encoder.
    ///
    /// # Errors
    /// No memory, a size of 0 or above [`MAX_DIMENSION`], or a libvpx of another ABI.
    pub fn new(settings: EncoderSettings) -> Result<Self, VpxError> {
        let EncoderSettings { width, height, .. } = settings;
        if width == 0 || height == 0 || width > MAX_DIMENSION || height > MAX_DIMENSION {
            return Err(VpxError("no picture has that size"));
        }
        let config = live_config(settings)?;
        let mut context = Box::<vpx_codec_ctx>::default();
        // SAFETY: `context` is zeroed and `config` complete, as `vpx_codec_enc_init` wants them;
        // both outlive the call, which copies `config`. It compares the ABI.
        let opened = unsafe {
            vpx_codec_enc_init_ver(
                &raw mut *context,
                vpx_codec_vp8_cx(),
                &raw const config,
                0,
                VPX_ENCODER_ABI_VERSION as i32,
            )
        };
        check(opened, "the encoder did not open")?;
        let mut encoder = Self { context, config, next_pts: 0 };
        // Negative: as fast as this value, whatever the machine's load.
        encoder.control(vp8e_enc_control_id::VP8E_SET_CPUUSED, -settings.speed.clamp(0, 16))?;
        encoder.control(vp8e_enc_control_id::VP8E_SET_NOISE_SENSITIVITY, 0)?;
        encoder.control(vp8e_enc_control_id::VP8E_SET_STATIC_THRESHOLD, 1)?;
        // A key frame may be three times as large as a picture at the target bitrate.
        encoder.control(vp8e_enc_control_id::VP8E_SET_MAX_INTRA_BITRATE_PCT, 300)?;
        Ok(encoder)
    }

    fn control(&mut self, id: vp8e_enc_control_id, value: i32) -> Result<(), VpxError> {
        // SAFETY: the context is open, and all controls used here take one int by value.
        let done = unsafe { vpx_codec_control_(&raw mut *self.context, id as i32, value) };
        check(done, "a control was refused")
    }

    /// Aims at another bitrate from the next picture on.
    ///
    /// # Errors
    /// libvpx refused; the old one stays.
    pub fn set_bitrate(&mut self, bps: u32) -> Result<(), VpxError> {
        let before = std::mem::replace(&mut self.config.rc_target_bitrate, kilobits(bps));
        // SAFETY: the context is open and the configuration complete; it is copied.
        let set =
            unsafe { vpx_codec_enc_config_set(&raw mut *self.context, &raw const self.config) };
        check(set, "the bitrate was refused").inspect_err(|_| {
            self.config.rc_target_bitrate = before;
        })
    }

    /// Encodes one picture, shown for `duration` ticks of 1/90000 s, into `out`, which is cleared
    /// first. `Some(key)` says whether it is a key frame; `None` that the rate control dropped it.
    ///
    /// # Errors
    /// The picture has another size than the encoder, or libvpx failed.
    pub fn encode(
        &mut self,
        picture: &Planes<'_>,
        duration: u64,
        force_key: bool,
        out: &mut Vec<u8>,
    ) -> Result<Option<bool>, VpxError> {
        out.clear();
        if (picture.width, picture.height) != (self.config.g_w, self.config.g_h) {
            return Err(VpxError("the picture has another size than the encoder"));
        }
        let image = wrap(picture)?;
        let flags = if force_key { i64::from(VPX_EFLAG_FORCE_KF) } else { 0 };
        let duration = duration.max(SHORTEST);
        // SAFETY: the context is open, and `image` points to the planes of `picture`, which have
        // the encoder's size and live until the call returns; libvpx only reads them and copies.
        let encoded = unsafe {
            vpx_codec_encode(
                &raw mut *self.context,
                &raw const image,
                self.next_pts,
                duration,
                flags,
                u64::from(VPX_DL_REALTIME),
            )
        };
        check(encoded, "the picture was not encoded")?;
        self.next_pts = self.next_pts.saturating_add_unsigned(duration);
        Ok(self.take(out))
    }

    /// Copies out what was encoded.
    fn take(&mut self, out: &mut Vec<u8>) -> Option<bool> {
        let mut key = None;
        let mut iterator = ptr::null();
        loop {
            // SAFETY: the context is open, and `iterator` began as null and is libvpx's since.
            let packet =
                unsafe { vpx_codec_get_cx_data(&raw mut *self.context, &raw mut iterator) };
            // SAFETY: null or valid until the next call on the context, by its documentation.
            let Some(packet) = (unsafe { packet.as_ref() }) else { return key };
            if let Some((bytes, flags)) = frame_of(packet) {
                out.extend_from_slice(bytes);
                key = Some(key.unwrap_or(false) || flags & VPX_FRAME_IS_KEY != 0);
            }
        }
    }
}

/// The bytes and flags of a packet that is a frame.
fn frame_of(packet: &vpx_codec_cx_pkt) -> Option<(&[u8], u32)> {
    if packet.kind != vpx_codec_cx_pkt_kind::VPX_CODEC_CX_FRAME_PKT {
        return None;
    }
    // SAFETY: the kind says that this is the member in use.
    let frame = unsafe { packet.data.frame };
    let length = usize::try_from(frame.sz).ok()?;
    if frame.buf.is_null() {
        return None;
    }
    // SAFETY: libvpx gives `sz` bytes at `buf`, valid as long as the packet.
    let bytes = unsafe { std::slice::from_raw_parts(frame.buf.cast::<u8>(), length) };
    Some((bytes, frame.flags))
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: it was opened by `new` and is closed nowhere else.
        unsafe { vpx_codec_destroy(&raw mut *self.context) };
    }
}

fn live_config(settings: EncoderSettings) -> Result<vpx_codec_enc_cfg, VpxError> {
    let mut config = vpx_codec_enc_cfg::default();
    // SAFETY: it fills in the whole of a configuration that is ours.
    let made = unsafe { vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &raw mut config, 0) };
    check(made, "there is no VP8 encoder in this libvpx")?;
    (config.g_w, config.g_h) = (settings.width, settings.height);
    (config.g_timebase.num, config.g_timebase.den) = (1, CLOCK_HZ);
    config.g_threads = settings.threads.clamp(1, 16);
    config.g_lag_in_frames = 0;
    // A frame that depends on less can follow a lost one.
    config.g_error_resilient = VPX_ERROR_RESILIENT_DEFAULT;
    config.rc_end_usage = vpx_rc_mode::VPX_CBR;
    config.rc_target_bitrate = kilobits(settings.bitrate_bps);
    (config.rc_min_quantizer, config.rc_max_quantizer) = (2, 56);
    (config.rc_undershoot_pct, config.rc_overshoot_pct) = (100, 15);
    // Milliseconds of data: at most a second late, aiming at 600 ms.
    (config.rc_buf_initial_sz, config.rc_buf_optimal_sz, config.rc_buf_sz) = (500, 600, 1_000);
    // Drop a picture rather than let the delay grow.
    config.rc_dropframe_thresh = 30;
    config.kf_mode = vpx_kf_mode::VPX_KF_DISABLED;
    Ok(config)
}

fn kilobits(bps: u32) -> u32 {
    (bps / 1_000).max(1)
}

/// An image that borrows the picture's planes; it must not outlive them.
fn wrap(picture: &Planes<'_>) -> Result<vpx_image_t, VpxError> {
    let mut image = vpx_image_t::default();
    let [y, u, v] = picture.planes.map(|plane| plane.as_ptr().cast_mut());
    // SAFETY: it fills in `image` and stores the pointer without reading through it.
    let wrapped = unsafe {
        vpx_img_wrap(
            &raw mut image,
            vpx_img_fmt::VPX_IMG_FMT_I420,
            picture.width,
            picture.height,
            1,
            y,
        )
    };
    if wrapped.is_null() {
        return Err(VpxError("the picture was refused"));
    }
    // libvpx guesses planes with padding for odd sizes; ours have none.
    image.planes = [y, u, v, ptr::null_mut()];
    // At most 14 bits.
    let chroma = picture.width.div_ceil(2) as i32;
    image.stride = [picture.width as i32, chroma, chroma, 0];
    Ok(image)
}

fn check(code: vpx_codec_err_t, what: &'static str) -> Result<(), VpxError> {
    if code == vpx_codec_err_t::VPX_CODEC_OK { Ok(()) } else { Err(VpxError(what)) }
}
