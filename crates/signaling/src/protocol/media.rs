use std::collections::BTreeMap;

use calling_model::{UserId, VideoSize, VideoTrack};
use serde::{Deserialize, Serialize};

use super::MediaOffer;

/// A client's half of a media connection, in either form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Either", into = "Either")]
pub enum ClientOffer {
    /// `offer`: as the Rust client makes it; answered with [`Reply::Media`](super::Reply::Media).
    Native(MediaOffer),
    /// `sdp`: as browsers make it; answered with [`Reply::MediaSdp`](super::Reply::MediaSdp).
    Sdp(SdpOffer),
}

/// An SDP offer and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdpOffer {
    /// The offer (RFC 8866, RFC 8829).
    pub sdp: String,
    /// What each receiving section is to receive, by the section's mid.
    pub subscribe: BTreeMap<String, Subscription>,
    /// What each sending video section sends, by the section's mid. Of those that are not named
    /// the first sends the camera, the second the screen.
    pub publish: BTreeMap<String, VideoTrack>,
}

/// What a section is to receive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Whose.
    pub user: UserId,
    /// What of theirs.
    #[serde(default)]
    pub track: Track,
    /// How large a picture is shown; if absent it stays as it was asked for last, at first large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<VideoSize>,
}

/// The SSRCs under which a picture comes, those of its retransmissions (RFC 4588) among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoStream {
    /// Which picture.
    pub track: VideoTrack,
    /// Of the stream itself.
    pub ssrc: u32,
    /// Of its retransmissions.
    pub rtx_ssrc: u32,
}

/// A picture that a device wants to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoView {
    /// Whose.
    pub user: UserId,
    /// Which of theirs.
    pub track: VideoTrack,
    /// How large it is shown.
    #[serde(default)]
    pub size: VideoSize,
}

/// What somebody sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Track {
    /// Their microphone.
    #[default]
    Audio,
    /// Their camera.
    Camera,
    /// Their screen.
    Screen,
}

/// The answer to an [`SdpOffer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SdpAnswer {
    /// The answer (RFC 8866, RFC 8829).
    pub sdp: String,
}

impl Track {
    /// Its name on the wire, which is the id of the track in SDP, too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Camera => VideoTrack::Camera.name(),
            Self::Screen => VideoTrack::Screen.name(),
        }
    }

    /// Which picture it is; `None` for sound.
    pub const fn video(self) -> Option<VideoTrack> {
        match self {
            Self::Audio => None,
            Self::Camera => Some(VideoTrack::Camera),
            Self::Screen => Some(VideoTrack::Screen),
        }
    }
}

impl From<VideoTrack> for Track {
    fn from(track: VideoTrack) -> Self {
        match track {
            VideoTrack::Camera => Self::Camera,
            VideoTrack::Screen => Self::Screen,
        }
    }
}

impl From<MediaOffer> for ClientOffer {
    fn from(offer: MediaOffer) -> Self {
        Self::Native(offer)
    }
}

impl From<SdpOffer> for ClientOffer {
    fn from(offer: SdpOffer) -> Self {
        Self::Sdp(offer)
    }
}

/// Both forms as they stand beside each other on the wire.
#[derive(Clone, Serialize, Deserialize)]
struct Either {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offer: Option<MediaOffer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sdp: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    subscribe: BTreeMap<String, Subscription>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    publish: BTreeMap<String, VideoTrack>,
}

impl TryFrom<Either> for ClientOffer {
    type Error = &'static str;

    fn try_from(either: Either) -> Result<Self, &'static str> {
        let Either { offer, sdp, subscribe, publish } = either;
        match (offer, sdp) {
            (Some(offer), None) => Ok(Self::Native(offer)),
            (None, Some(sdp)) => Ok(Self::Sdp(SdpOffer { sdp, subscribe, publish })),
            (Some(_), Some(_)) => Err("send `offer` or `sdp`, not both"),
            (None, None) => Err("`offer` or `sdp` is missing"),
        }
    }
}

impl From<ClientOffer> for Either {
    fn from(offer: ClientOffer) -> Self {
        match offer {
            ClientOffer::Native(offer) => {
                let (subscribe, publish) = (BTreeMap::new(), BTreeMap::new());
                Self { offer: Some(offer), sdp: None, subscribe, publish }
            }
            ClientOffer::Sdp(SdpOffer { sdp, subscribe, publish }) => {
                Self { offer: None, sdp: Some(sdp), subscribe, publish }
            }
        }
    }
}
