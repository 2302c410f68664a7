use std::sync::Arc;

use super::{
    I420Frame, ReceivedPicture, VideoCodec, VideoCodecError, VideoDecoder, VideoFrame, VideoSink,
};

/// A picture was not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// It does not follow what was decoded; a key frame is needed.
    #[error("a key frame is needed: {0}")]
    NeedsKeyFrame(VideoCodecError),
    /// No key frame came to begin with, or none since the decoder stumbled.
    #[error("a key frame is needed to begin with")]
    NoKeyFrameYet,
    /// This program has no decoder for it.
    #[error(transparent)]
    NoDecoder(VideoCodecError),
}

/// Decodes pictures and shows them.
pub struct VideoPlayer {
    decoder: Option<(VideoCodec, Box<dyn VideoDecoder>)>,
    sink: Box<dyn VideoSink>,
    /// Pictures are passed over until a key frame; so many were.
    broken: Option<u32>,
    shown: u64,
}

impl std::fmt::Debug for VideoPlayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoPlayer").field("shown", &self.shown).finish_non_exhaustive()
    }
}

/// Pictures passed over after which the need for a key frame is told again.
const OVERHEARD: u32 = 30;

impl VideoPlayer {
    /// Shows in `sink`.
    pub const fn new(sink: Box<dyn VideoSink>) -> Self {
        Self { decoder: None, sink, broken: Some(0), shown: 0 }
    }

    /// Decodes a picture and shows it. Those that cannot be shown until a key frame comes are
    /// passed over; the first gives an error, and every thirtieth, should it have been overheard.
    ///
    /// # Errors
    /// It cannot be decoded: ask for a key frame.
    pub fn play(&mut self, received: &ReceivedPicture) -> Result<(), PlayError> {
        let picture = &received.picture;
        if picture.is_key {
            self.broken = None;
        } else if let Some(passed) = &mut self.broken {
            *passed += 1;
            let again = *passed % OVERHEARD == 1;
            return if again { Err(PlayError::NoKeyFrameYet) } else { Ok(()) };
        }
        let decoded = self.decode(received.codec, &picture.data).inspect_err(|_| {
            // This error is the first.
            self.broken = Some(1);
        })?;
        if let Some(decoded) = decoded {
            self.shown += 1;
            self.sink.show(&VideoFrame {
                picture: Arc::new(decoded),
                rtp_timestamp: received.rtp_timestamp,
                due: received.due,
            });
        }
        Ok(())
    }

    /// Pictures shown.
    pub const fn shown(&self) -> u64 {
        self.shown
    }

    /// Shows in another sink from now on.
    pub fn set_sink(&mut self, sink: Box<dyn VideoSink>) {
        self.sink = sink;
    }

    fn decode(&mut self, codec: VideoCodec, data: &[u8]) -> Result<Option<I420Frame>, PlayError> {
        let fitting = self.decoder.take().filter(|(opened, _)| *opened == codec);
        let (_, decoder) = match fitting {
            Some(fitting) => self.decoder.insert(fitting),
            None => {
                let opened = codec.decoder().map_err(PlayError::NoDecoder)?;
                self.decoder.insert((codec, opened))
            }
        };
        decoder.decode(data).map_err(PlayError::NeedsKeyFrame)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use calling_testkit::epoch;

    use super::*;
    use crate::video::{EncodedPicture, EncoderTarget, TestPattern};

    #[test]
    fn who_begins_in_the_middle_says_so_and_again_should_nobody_listen() {
        let mut player = VideoPlayer::new(Box::new(|_: &VideoFrame| ()));
        let received = ReceivedPicture {
            codec: VideoCodec::Vp8,
            picture: EncodedPicture { data: vec![1; 40].into(), is_key: false },
            rtp_timestamp: 0,
            due: epoch(),
        };
        let told: Vec<_> = (0..70).filter(|_| player.play(&received).is_err()).collect();
        assert_eq!(told, [0, 30, 60]);
    }

    #[test]
    fn it_shows_what_follows_and_waits_for_a_key_frame_after_damage() {
        for codec in VideoCodec::available() {
            let target =
                EncoderTarget { width: 320, height: 180, frame_rate: 30, bitrate_bps: 500_000 };
            let mut encoder = codec.encoder(target).unwrap();
            let (tell, told) = mpsc::channel();
            let mut player = VideoPlayer::new(Box::new(move |frame: &VideoFrame| {
                let _ = tell.send(TestPattern::number_of(&frame.picture));
            }));
            let pattern = TestPattern::new(320, 180, 30);
            let mut errors = 0;
            for number in 0..8 {
                let picture =
                    encoder.encode(&pattern.picture(number), number == 6).unwrap().unwrap();
                let picture = if number == 3 {
                    // Claims to be a key frame and is none.
                    EncodedPicture { data: vec![0x10; 40].into(), is_key: true }
                } else {
                    picture
                };
                let received =
                    ReceivedPicture { codec, picture, rtp_timestamp: number * 3_000, due: epoch() };
                errors += usize::from(player.play(&received).is_err());
            }
            let shown: Vec<_> = told.try_iter().collect();
            assert_eq!(shown, [0, 1, 2, 6, 7].map(Some), "{codec:?}");
            assert_eq!((errors, player.shown()), (1, 5), "{codec:?}");
        }
    }
}
