//! What DRED says of the speech before a packet. Every call of C for it is in this file.
#![expect(unsafe_code, reason = "libopus is C")]

use std::ptr::{self, NonNull};

use opusic_sys::{
    OpusDRED, OpusDREDDecoder, opus_dred_alloc, opus_dred_decoder_create,
    opus_dred_decoder_destroy, opus_dred_free, opus_dred_get_size, opus_dred_parse,
    opus_dred_process,
};

use crate::{OpusError, SAMPLE_RATE_HZ, c_length};

/// What one packet says of the speech before it.
pub struct Dred {
    raw: NonNull<OpusDRED>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing was parsed, or it had none.
    Empty,
    /// The bits are read.
    Parsed,
    /// The network turned them into features of speech.
    Prepared,
}

// SAFETY: it is memory of its own that no thread is tied to; `&Dred` gives no way to change it,
// and is not shared since it is not `Sync`.
unsafe impl Send for Dred {}

impl std::fmt::Debug for Dred {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dred").field("stage", &self.stage).finish_non_exhaustive()
    }
}

impl Dred {
    /// Room for one packet's.
    ///
    /// # Errors
    /// No memory.
    pub fn new() -> Result<Self, OpusError> {
        let mut error = 0;
        // SAFETY: `error` outlives the call.
        let raw = unsafe { opus_dred_alloc(&raw mut error) };
        let raw = NonNull::new(raw).ok_or_else(|| OpusError::of(error))?;
        // SAFETY: it takes nothing.
        let size = OpusError::check(unsafe { opus_dred_get_size() }).unwrap_or(0);
        // libopus leaves the memory as it finds it.
        // SAFETY: `raw` is `size` bytes that are ours, of integers and floats alone.
        unsafe { ptr::write_bytes(raw.as_ptr().cast::<u8>(), 0, size) };
        Ok(Self { raw, stage: Stage::Empty })
    }

    pub(crate) fn is_prepared(&self) -> bool {
        self.stage == Stage::Prepared
    }

    pub(crate) const fn as_ptr(&self) -> *const OpusDRED {
        self.raw.as_ptr()
    }
}

impl Drop for Dred {
    fn drop(&mut self) {
        // SAFETY: it was made by `new` and is freed nowhere else.
        unsafe { opus_dred_free(self.raw.as_ptr()) };
    }
}

/// What is described, in samples before the first sample of the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// It begins so far back.
    pub reach: usize,
    /// And ends so far back.
    pub end: usize,
}

/// Reads DRED out of packets.
pub struct DredParser {
    raw: NonNull<OpusDREDDecoder>,
}

// SAFETY: libopus ties it to no thread; it only must not be used by two at once, which `&mut self`
// everywhere excludes.
unsafe impl Send for DredParser {}

impl std::fmt::Debug for DredParser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DredParser").finish_non_exhaustive()
    }
}

impl DredParser {
    /// Opens a parser.
    ///
    /// # Errors
    /// No memory, or a libopus without DRED.
    pub fn new() -> Result<Self, OpusError> {
        let mut error = 0;
        // SAFETY: `error` outlives the call.
        let raw = unsafe { opus_dred_decoder_create(&raw mut error) };
        let raw = NonNull::new(raw).ok_or_else(|| OpusError::of(error))?;
        Ok(Self { raw })
    }

    /// Reads into `dred` what `packet` says of at most `samples` before it; `None` if nothing.
    /// [`prepare`](Self::prepare) it before it is decoded.
    ///
    /// # Errors
    /// The packet is damaged.
    pub fn parse(
        &mut self,
        packet: &[u8],
        samples: usize,
        dred: &mut Dred,
    ) -> Result<Option<Span>, OpusError> {
        dred.stage = Stage::Empty;
        if packet.is_empty() {
            return Err(OpusError("the packet has no bytes"));
        }
        let length = c_length(packet.len())?;
        // `DRED_MAX_LATENTS` of 40 ms; libopus multiplies it by 100.
        let samples = samples.min(2 * SAMPLE_RATE_HZ as usize) as i32;
        let mut end = 0;
        // SAFETY: both are open; `packet` is `length` bytes that are only read; `end` outlives the
        // call. Processing is deferred.
        let reach = unsafe {
            opus_dred_parse(
                self.raw.as_ptr(),
                dred.raw.as_ptr(),
                packet.as_ptr(),
                length,
                samples,
                SAMPLE_RATE_HZ,
                &raw mut end,
                1,
            )
        };
        let (reach, end) = (OpusError::check(reach)?, OpusError::check(end)?);
        if reach <= end {
            return Ok(None);
        }
        dred.stage = Stage::Parsed;
        Ok(Some(Span { reach, end }))
    }

    /// Makes of what was parsed the features of speech that a decoder needs.
    ///
    /// # Errors
    /// Nothing was parsed.
    pub fn prepare(&mut self, dred: &mut Dred) -> Result<(), OpusError> {
        match dred.stage {
            Stage::Empty => return Err(OpusError("the packet describes nothing")),
            Stage::Prepared => return Ok(()),
            Stage::Parsed => {}
        }
        let raw = dred.raw.as_ptr();
        // SAFETY: both are open, and `dred` was parsed; source and destination may be the same.
        let code = unsafe { opus_dred_process(self.raw.as_ptr(), raw, raw) };
        OpusError::check(code)?;
        dred.stage = Stage::Prepared;
        Ok(())
    }
}

impl Drop for DredParser {
    fn drop(&mut self) {
        // SAFETY: it was opened by `new` and is closed nowhere else.
        unsafe { opus_dred_decoder_destroy(self.raw.as_ptr()) };
    }
}
