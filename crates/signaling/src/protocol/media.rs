use std::collections::BTreeMap;

use calling_model::UserId;
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
}

/// What a section is to receive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Whose.
    pub user: UserId,
    /// What of theirs.
    #[serde(default)]
    pub track: Track,
}

/// What somebody sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Track {
    /// Their microphone.
    #[default]
    Audio,
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
}

impl TryFrom<Either> for ClientOffer {
    type Error = &'static str;

    fn try_from(either: Either) -> Result<Self, &'static str> {
        let Either { offer, sdp, subscribe } = either;
        match (offer, sdp) {
            (Some(offer), None) => Ok(Self::Native(offer)),
            (None, Some(sdp)) => Ok(Self::Sdp(SdpOffer { sdp, subscribe })),
            (Some(_), Some(_)) => Err("send `offer` or `sdp`, not both"),
            (None, None) => Err("`offer` or `sdp` is missing"),
        }
    }
}

impl From<ClientOffer> for Either {
    fn from(offer: ClientOffer) -> Self {
        match offer {
            ClientOffer::Native(offer) => {
                Self { offer: Some(offer), sdp: None, subscribe: BTreeMap::new() }
            }
            ClientOffer::Sdp(SdpOffer { sdp, subscribe }) => {
                Self { offer: None, sdp: Some(sdp), subscribe }
            }
        }
    }
}
