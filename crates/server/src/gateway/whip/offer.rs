use std::collections::BTreeMap;

use axum::http::StatusCode;
use calling_model::UserId;
use calling_signaling::protocol::{SdpOffer, Subscription, Track};
use calling_transport::IceCredentials;
use calling_transport::sdp::{MediaKind, MediaSection, Offer, OfferError, SessionDescription};

use super::Kind;
use super::refusal::Refusal;

/// An offer that fits what it was posted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PostedOffer {
    text: String,
    credentials: IceCredentials,
    /// The mids of the sections that receive sound, in order.
    audio: Vec<String>,
    /// The same of those that receive pictures.
    video: Vec<String>,
}

impl PostedOffer {
    /// Reads an offer before anything is done for it.
    pub(super) fn read(kind: Kind, text: String) -> Result<Self, Refusal> {
        let offer = Offer::parse(&text).map_err(refused)?;
        let description: SessionDescription =
            text.parse().map_err(|error| refused(OfferError::Syntax(error)))?;
        let credentials = offer.credentials().clone();
        match kind {
            Kind::Publish => {
                check_published(&offer, &description.sections)?;
                Ok(Self { text, credentials, audio: Vec::new(), video: Vec::new() })
            }
            Kind::Receive => {
                check_received(&offer, &description.sections)?;
                let (audio, video) = received(&offer, &description.sections);
                Ok(Self { text, credentials, audio, video })
            }
        }
    }

    /// How many people can be received.
    pub(super) fn places(&self) -> usize {
        self.audio.len().max(self.video.len())
    }

    pub(super) fn ufrag(&self) -> &str {
        self.credentials.ufrag()
    }

    /// The offer with each of `people` in the sections of one place.
    pub(super) fn of(&self, people: &[UserId]) -> SdpOffer {
        let mut subscribe = BTreeMap::new();
        for (mids, track) in [(&self.audio, Track::Audio), (&self.video, Track::Camera)] {
            for (mid, user) in mids.iter().zip(people) {
                let subscription = Subscription { user: user.clone(), track, size: None };
                subscribe.insert(mid.clone(), subscription);
            }
        }
        SdpOffer { sdp: self.text.clone(), subscribe, publish: BTreeMap::new() }
    }

    /// The same offer with other ICE credentials.
    pub(super) fn restarted(&self, credentials: IceCredentials) -> Self {
        let mut text = String::with_capacity(self.text.len());
        for line in self.text.lines() {
            if line.starts_with("a=ice-ufrag:") {
                text.push_str("a=ice-ufrag:");
                text.push_str(credentials.ufrag());
            } else if line.starts_with("a=ice-pwd:") {
                text.push_str("a=ice-pwd:");
                text.push_str(credentials.pwd());
            } else {
                text.push_str(line);
            }
            text.push_str("\r\n");
        }
        Self { text, credentials, ..self.clone() }
    }
}

/// Whether an answer takes every section of what is published.
pub(super) fn takes_all(answer: &str) -> bool {
    let taken = |section: &MediaSection| section.port != 0 && section.direction.receives();
    answer.parse::<SessionDescription>().is_ok_and(|answer| answer.sections.iter().all(taken))
}

/// Malformed is 400; what is well-formed and cannot be answered is 422 (RFC 9725 sections 4.2
/// and 4.4).
fn refused(error: OfferError) -> Refusal {
    let status = match error {
        OfferError::Syntax(_) => StatusCode::BAD_REQUEST,
        OfferError::NothingAcceptable
        | OfferError::BothLite
        | OfferError::NoCredentials
        | OfferError::NoFingerprint
        | OfferError::Setup
        | OfferError::NoRtcpMux
        | OfferError::NoMid
        | OfferError::Conflict => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Refusal::new(status, error.to_string())
}

fn unprocessable(sentence: &'static str) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, sentence)
}

/// One stream of at most one sound and one picture, all of it accepted (RFC 9725 section 4.4): half
/// a publication would only look like one.
fn check_published(offer: &Offer, sections: &[MediaSection]) -> Result<(), Refusal> {
    let of_kind = |kind| sections.iter().filter(|section| section.kind == kind).count();
    if of_kind(MediaKind::Audio) > 1 || of_kind(MediaKind::Video) > 1 {
        return Err(unprocessable("offer at most one section of audio and one of video"));
    }
    if !offer.sections().iter().all(|section| section.accepted) {
        return Err(unprocessable("the offer has a section that this server does not take"));
    }
    if !sections.iter().all(|section| section.direction.sends()) {
        return Err(unprocessable("every section of what is published has to be sendonly"));
    }
    Ok(())
}

fn check_received(offer: &Offer, sections: &[MediaSection]) -> Result<(), Refusal> {
    if sections.iter().any(|section| section.direction.sends() && section.port != 0) {
        return Err(unprocessable("every section of what is received has to be recvonly"));
    }
    let (audio, video) = received(offer, sections);
    if audio.is_empty() && video.is_empty() {
        return Err(unprocessable("no section receives anything this server sends"));
    }
    Ok(())
}

/// The mids of the accepted sections that receive sound, and of those that receive pictures.
fn received(offer: &Offer, sections: &[MediaSection]) -> (Vec<String>, Vec<String>) {
    let (mut audio, mut video) = (Vec::new(), Vec::new());
    for (section, offered) in sections.iter().zip(offer.sections()) {
        let Some(mid) = section.mid.clone() else { continue };
        if offered.accepted && section.direction.receives() {
            match section.kind {
                MediaKind::Audio => audio.push(mid),
                MediaKind::Video => video.push(mid),
                MediaKind::Application | MediaKind::Other(_) => {}
            }
        }
    }
    (audio, video)
}
