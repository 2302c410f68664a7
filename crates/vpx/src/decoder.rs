//! The decoder. Every call of C of it is in this file.
#![expect(unsafe_code, reason = "libvpx is C")]

use std::ptr;

use vpx_sys::{
    VPX_DECODER_ABI_VERSION, vpx_codec_ctx, vpx_codec_dec_init_ver, vpx_codec_decode,
    vpx_codec_destroy, vpx_codec_err_t, vpx_codec_get_frame, vpx_codec_vp8_dx, vpx_image_t,
    vpx_img_fmt,
};

use crate::VpxError;

/// A VP8 decoder.
pub struct Decoder {
    /// Boxed, so that its address is the same for ever.
    context: Box<vpx_codec_ctx>,
}

// SAFETY: libvpx ties a context to no thread; it only must not be used by two at once, which
// `&mut self` everywhere excludes.
unsafe impl Send for Decoder {}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

/// A decoded I420 picture, which lies in the decoder.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Pixels a line.
    pub width: usize,
    /// Lines.
    pub height: usize,
    /// Luma and the two of chroma.
    planes: [(&'a [u8], usize); 3],
}

impl<'a> Picture<'a> {
    /// The lines of a plane: 0 is luma, 1 and 2 are chroma.
    pub fn lines(&self, plane: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (bytes, stride) = self.planes.get(plane).copied().unwrap_or((&[], 1));
        let (width, height) = plane_size(self.width, self.height, plane);
        bytes.chunks(stride).take(height).map(move |line| &line[..width.min(line.len())])
    }
}

impl Decoder {
    /// Opens a decoder.
    ///
    /// # Errors
    /// No memory, or a libvpx of another ABI.
    pub fn new() -> Result<Self, VpxError> {
        let mut context = Box::<vpx_codec_ctx>::default();
        // SAFETY: `context` is zeroed; no configuration is one of the choices. It compares the ABI.
        let opened = unsafe {
            vpx_codec_dec_init_ver(
                &raw mut *context,
                vpx_codec_vp8_dx(),
                ptr::null(),
                0,
                VPX_DECODER_ABI_VERSION as i32,
            )
        };
        if opened != vpx_codec_err_t::VPX_CODEC_OK {
            return Err(VpxError("the decoder did not open"));
        }
        Ok(Self { context })
    }

    /// Decodes one frame; `None` if it shows nothing.
    ///
    /// # Errors
    /// It is no VP8 frame, or not one that can follow the last.
    pub fn decode(&mut self, frame: &[u8]) -> Result<Option<Picture<'_>>, VpxError> {
        // To libvpx no bytes at all mean "conceal".
        let length = u32::try_from(frame.len()).ok().filter(|length| *length > 0);
        let length = length.ok_or(VpxError("the frame has no bytes, or too many"))?;
        // SAFETY: the context is open, and `frame` is `length` bytes that libvpx only reads until
        // the call returns.
        let decoded = unsafe {
            vpx_codec_decode(&raw mut *self.context, frame.as_ptr(), length, ptr::null_mut(), 0)
        };
        if decoded != vpx_codec_err_t::VPX_CODEC_OK {
            return Err(VpxError("the frame was not decoded"));
        }
        let mut iterator = ptr::null();
        // SAFETY: the context is open, and `iterator` is null, which means the first picture.
        let image = unsafe { vpx_codec_get_frame(&raw mut *self.context, &raw mut iterator) };
        // SAFETY: null or valid until the next call on the context, which the borrow excludes.
        Ok(unsafe { image.as_ref() }.and_then(picture_of))
    }
}

/// The picture in libvpx's image; `None` if it is none of I420.
fn picture_of(image: &vpx_image_t) -> Option<Picture<'_>> {
    if image.fmt != vpx_img_fmt::VPX_IMG_FMT_I420 {
        return None;
    }
    let (width, height) = (usize::try_from(image.d_w).ok()?, usize::try_from(image.d_h).ok()?);
    let plane = |index: usize| {
        let stride = usize::try_from(image.stride[index]).ok()?;
        let (columns, lines) = plane_size(width, height, index);
        let start = image.planes[index];
        if start.is_null() || stride < columns || lines == 0 {
            return None;
        }
        let length = stride * (lines - 1) + columns;
        // SAFETY: libvpx allocated `lines` lines of `stride` bytes from `start` on, and they stay
        // as long as the image does.
        Some((unsafe { std::slice::from_raw_parts(start, length) }, stride))
    };
    Some(Picture { width, height, planes: [plane(0)?, plane(1)?, plane(2)?] })
}

fn plane_size(width: usize, height: usize, plane: usize) -> (usize, usize) {
    if plane == 0 { (width, height) } else { (width.div_ceil(2), height.div_ceil(2)) }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: it was opened by `new` and is closed nowhere else.
        unsafe { vpx_codec_destroy(&raw mut *self.context) };
    }
}
