use std::marker::PhantomData;

use bytes::{Buf, BufMut, BytesMut};
use serde::Serialize;
use tokio_util::codec::{Decoder, Encoder};

use super::{
    ClientFrame, FrameError, MAX_FRAME_BYTES, MAX_SERVER_FRAME_BYTES, ServerFrame,
    decode_client_frame, decode_server_frame,
};

const LENGTH_BYTES: usize = 4;

/// Encodes a frame as one line of JSON.
pub fn encode(frame: &impl Serialize) -> String {
    // Serialising fails for maps with keys that are no strings and for types that refuse it;
    // frames have neither.
    serde_json::to_string(frame).expect("a frame is always JSON")
}

/// A frame of one direction; implemented by [`ClientFrame`] and [`ServerFrame`] alone.
pub trait Frame: Serialize + Sized + sealed::Sealed {
    /// The largest frame of this direction, in bytes.
    const MAX_BYTES: usize;

    /// Decodes one frame.
    ///
    /// # Errors
    /// The frame is not understood.
    fn decode(text: &str) -> Result<Self, FrameError>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::ClientFrame {}
    impl Sealed for super::ServerFrame {}
}

impl Frame for ClientFrame {
    const MAX_BYTES: usize = MAX_FRAME_BYTES;

    fn decode(text: &str) -> Result<Self, FrameError> {
        decode_client_frame(text)
    }
}

impl Frame for ServerFrame {
    const MAX_BYTES: usize = MAX_SERVER_FRAME_BYTES;

    fn decode(text: &str) -> Result<Self, FrameError> {
        decode_server_frame(text)
    }
}

/// What a server uses: decodes requests, encodes replies and events.
pub type ServerCodec = FrameCodec<ClientFrame, ServerFrame>;

/// What a client uses: encodes requests, decodes replies and events.
pub type ClientCodec = FrameCodec<ServerFrame, ClientFrame>;

/// Frames over any byte stream: a length (`u32`, big-endian, in bytes), then that much JSON.
///
/// A frame that is merely not understood is an item (`Err(FrameError)`), so that the stream goes
/// on and the peer can be answered. A hostile one ends the stream; its length alone gives an
/// oversized frame away, before a byte of it is stored.
#[derive(Debug)]
pub struct FrameCodec<I, O> {
    directions: PhantomData<fn(O) -> I>,
}

impl<I, O> FrameCodec<I, O> {
    /// A codec without state.
    pub const fn new() -> Self {
        Self { directions: PhantomData }
    }
}

impl<I, O> Default for FrameCodec<I, O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I, O> Clone for FrameCodec<I, O> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

/// Why a stream of frames is at its end.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The length announced exceeds what its direction allows.
    #[error("a frame of {length} bytes was announced; at most {max} are allowed")]
    Oversize {
        /// As announced, or as encoded.
        length: usize,
        /// The largest frame of this direction.
        max: usize,
    },
    /// The frame is one that no honest program sends.
    #[error("hostile frame: {0}")]
    Hostile(FrameError),
    /// The stream failed, or ended within a frame.
    #[error("the stream failed: {0}")]
    Io(#[from] std::io::Error),
}

impl<I: Frame, O> Decoder for FrameCodec<I, O> {
    type Item = Result<I, FrameError>;
    type Error = CodecError;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Self::Item>, CodecError> {
        let Some(header) = source.first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
        if length > I::MAX_BYTES {
            return Err(CodecError::Oversize { length, max: I::MAX_BYTES });
        }
        let missing = (LENGTH_BYTES + length).saturating_sub(source.len());
        if missing > 0 {
            // At most one frame ahead, and its size was just checked.
            source.reserve(missing);
            return Ok(None);
        }
        source.advance(LENGTH_BYTES);
        let body = source.split_to(length);
        let item = match std::str::from_utf8(&body) {
            Ok(text) => I::decode(text),
            Err(_) => Err(FrameError::malformed(None, "the frame is not UTF-8")),
        };
        match item {
            Err(error) if error.hostile => Err(CodecError::Hostile(error)),
            item => Ok(Some(item)),
        }
    }
}

impl<I, O: Frame> Encoder<O> for FrameCodec<I, O> {
    type Error = CodecError;

    fn encode(&mut self, frame: O, target: &mut BytesMut) -> Result<(), CodecError> {
        let text = encode(&frame);
        let oversize = CodecError::Oversize { length: text.len(), max: O::MAX_BYTES };
        if text.len() > O::MAX_BYTES {
            return Err(oversize);
        }
        let length = u32::try_from(text.len()).map_err(|_| oversize)?;
        target.reserve(LENGTH_BYTES + text.len());
        target.put_u32(length);
        target.put_slice(text.as_bytes());
        Ok(())
    }
}
