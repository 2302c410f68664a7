use std::collections::BTreeMap;

use calling_model::{UserId, VideoTrack};

use crate::{AudioSource, Room, VideoStream};

/// The SSRCs under which somebody is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// Of their audio.
    pub audio: u32,
    /// Of their pictures, one for each track.
    pub video: [VideoStream; VideoTrack::ALL.len()],
}

/// Nothing is reserved; whoever comes is forwarded under SSRCs that the room chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReserveError {
    /// There are streams for this user already.
    #[error("streams are reserved for this user already; use those")]
    Repeated,
    /// One of the SSRCs is in use, or named twice.
    #[error("an SSRC is in use; draw others")]
    Taken,
    /// As many are reserved as may be in the room.
    #[error("streams are reserved for as many as the room holds")]
    Full,
}

/// Streams of those who are expected, by user.
#[derive(Debug, Default)]
pub(crate) struct Reserved(BTreeMap<UserId, Streams>);

impl Streams {
    /// All of them.
    pub fn ssrcs(&self) -> impl Iterator<Item = u32> {
        let pictures = self.video.into_iter().flat_map(|it| [it.ssrc, it.rtx_ssrc]);
        std::iter::once(self.audio).chain(pictures)
    }

    /// The SSRC of a picture, or of audio, and that of its retransmissions.
    pub fn of(&self, picture: Option<VideoTrack>) -> (u32, Option<u32>) {
        let stream = self.video.iter().find(|stream| Some(stream.track) == picture);
        stream.map_or((self.audio, None), |stream| (stream.ssrc, Some(stream.rtx_ssrc)))
    }

    /// Those drawn by `next`.
    pub fn drawn(mut next: impl FnMut() -> u32) -> Self {
        let audio = next();
        let video = |track| VideoStream { track, ssrc: next(), rtx_ssrc: next() };
        Self { audio, video: VideoTrack::ALL.map(video) }
    }
}

impl Reserved {
    fn has(&self, ssrc: u32) -> bool {
        self.0.values().any(|streams| streams.ssrcs().any(|it| it == ssrc))
    }
}

impl Room {
    /// Keeps SSRCs for the first device of `user` that joins, so that others can agree on places
    /// for its streams before it is there ([`Receives::Only`](crate::Receives::Only)). A device
    /// that joins after it gets others: under one SSRC there is one numbering (RFC 3711 section
    /// 3.2.3).
    ///
    /// # Errors
    /// See [`ReserveError`].
    pub fn reserve(&mut self, user: UserId, streams: Streams) -> Result<(), ReserveError> {
        if self.reserved.0.contains_key(&user) {
            return Err(ReserveError::Repeated);
        }
        if self.reserved.0.len() >= self.config.max_participants {
            return Err(ReserveError::Full);
        }
        let mut ssrcs: Vec<u32> = streams.ssrcs().collect();
        let are_free = ssrcs.iter().all(|ssrc| self.is_free(*ssrc, &AudioSource::None));
        ssrcs.sort_unstable();
        ssrcs.dedup();
        if !are_free || ssrcs.len() < streams.ssrcs().count() {
            return Err(ReserveError::Taken);
        }
        self.reserved.0.insert(user, streams);
        Ok(())
    }

    /// The streams of somebody who joins.
    pub(crate) fn take_streams(&mut self, user: &UserId, source: &AudioSource) -> Streams {
        let kept = self.reserved.0.remove(user);
        // Somebody may have announced one of them for themselves meanwhile.
        let fits = |streams: &Streams| streams.ssrcs().all(|ssrc| self.is_free(ssrc, source));
        match kept.filter(fits) {
            Some(streams) => streams,
            None => self.draw_streams(source),
        }
    }

    fn draw_streams(&mut self, source: &AudioSource) -> Streams {
        let mut drawn = Vec::new();
        Streams::drawn(|| {
            loop {
                let ssrc = self.draw_ssrc();
                if self.is_free(ssrc, source) && !drawn.contains(&ssrc) {
                    drawn.push(ssrc);
                    return ssrc;
                }
            }
        })
    }

    /// Whether nobody in the room uses it or is to, so that no client mistakes a stream for its
    /// own; `source` is what somebody who joins announced.
    fn is_free(&self, ssrc: u32, source: &AudioSource) -> bool {
        let is_announced = || {
            self.participants.values().any(|other| {
                let mut layers = other.video.layers();
                other.audio_ssrc == Some(ssrc) || layers.any(|layer| layer.has(ssrc))
            })
        };
        ssrc != 0
            && ssrc != self.ssrc
            && *source != AudioSource::Ssrc(ssrc)
            && !self.streams.contains_key(&ssrc)
            && !self.pictures.contains_key(&ssrc)
            && !self.reserved.has(ssrc)
            && !is_announced()
    }
}
