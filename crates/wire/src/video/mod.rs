//! What a forwarder has to read of the payloads of video: where a key frame begins, and the running
//! numbers of VP8.

mod av1;
mod h264;
mod vp8;
mod vp9;

pub use vp8::{Vp8Descriptor, Vp8Numbers, Vp8Shift};

/// A video codec with an RTP payload format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VideoCodec {
    /// RFC 7741.
    Vp8,
    /// RFC 6184, `packetization-mode=1`.
    H264,
    /// RFC 9628.
    Vp9,
    /// The RTP payload format for AV1 of the Alliance for Open Media, version 1.0.
    Av1,
}

impl VideoCodec {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Vp8, Self::H264, Self::Vp9, Self::Av1];

    /// Whether a picture that needs none before it begins with this payload. Where what a payload
    /// says of itself is malformed, it does not.
    pub fn starts_key_frame(self, payload: &[u8]) -> bool {
        match self {
            Self::Vp8 => Vp8Descriptor::parse(payload).is_some_and(|it| it.starts_key_frame),
            Self::H264 => h264::starts_key_frame(payload),
            Self::Vp9 => vp9::starts_key_frame(payload),
            Self::Av1 => av1::starts_key_frame(payload),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Nothing in front of a payload that is cut off makes it a key frame that it is not.
        #[test]
        fn any_bytes_are_read(payload in prop::collection::vec(any::<u8>(), 0..64)) {
            for codec in VideoCodec::ALL {
                let whole = codec.starts_key_frame(&payload);
                let none = codec.starts_key_frame(&[]);
                prop_assert!(!none);
                if whole {
                    prop_assert!(!payload.is_empty());
                }
            }
        }
    }
}
