//! What a guest offers: sound, a camera in three sizes, and places for the others.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use calling_model::UserId;
use calling_signaling::protocol::{SdpOffer, Subscription, Track};
use calling_transport::{Fingerprint, IceCredentials};

/// Ids of header extensions.
pub(super) const MID: u8 = 4;
pub(super) const RID: u8 = 10;
pub(super) const TRANSPORT_WIDE: u8 = 3;
/// Of the sections that send.
pub(super) const AUDIO_MID: &str = "0";
pub(super) const VIDEO_MID: &str = "1";
pub(super) const OPUS: u8 = 111;
pub(super) const VP8: u8 = 96;
/// From small to large.
pub(super) const RIDS: [&str; 3] = ["q", "h", "f"];

/// The offer of one guest, again and again.
pub(super) struct Offerer<'a> {
    pub(super) session: u64,
    pub(super) version: u64,
    pub(super) credentials: &'a IceCredentials,
    pub(super) fingerprint: Fingerprint,
    pub(super) audio_ssrc: u32,
    /// Whether a camera is sent and cameras are wanted.
    pub(super) has_pictures: bool,
}

impl Offerer<'_> {
    /// An offer with a place for the sound and the camera of each of `others`.
    pub(super) fn offer(&self, others: &[UserId]) -> SdpOffer {
        let mut subscribe = BTreeMap::new();
        let mut places = String::new();
        let mut mid = self.tracks();
        for user in others {
            let tracks = [(Track::Audio, sound()), (Track::Camera, pictures())];
            for (track, section) in tracks.into_iter().take(self.tracks()) {
                let _ = write!(places, "{section}a=mid:{mid}\r\na=recvonly\r\n");
                let subscription = Subscription { user: user.clone(), track, size: None };
                subscribe.insert(mid.to_string(), subscription);
                mid += 1;
            }
        }
        let sdp = self.head(mid) + &self.sent() + &places;
        SdpOffer { sdp, subscribe, publish: BTreeMap::new() }
    }

    /// Of each person: sound, and the camera.
    const fn tracks(&self) -> usize {
        if self.has_pictures { 2 } else { 1 }
    }

    fn head(&self, sections: usize) -> String {
        let mids: Vec<String> = (0..sections).map(|mid| mid.to_string()).collect();
        let Self { session, version, credentials, fingerprint, .. } = self;
        format!(
            "v=0\r\no=- {session} {version} IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n\
             a=group:BUNDLE {}\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n\
             a=fingerprint:{fingerprint}\r\na=setup:actpass\r\n",
            mids.join(" "),
            credentials.ufrag(),
            credentials.pwd(),
        )
    }

    fn sent(&self) -> String {
        let mut sent = sound();
        let _ = write!(sent, "a=mid:{AUDIO_MID}\r\na=sendonly\r\n");
        let _ = write!(sent, "a=ssrc:{} cname:bench\r\n", self.audio_ssrc);
        if !self.has_pictures {
            return sent;
        }
        sent += &pictures();
        let _ = write!(sent, "a=mid:{VIDEO_MID}\r\na=sendonly\r\n");
        for rid in RIDS {
            let _ = write!(sent, "a=rid:{rid} send\r\n");
        }
        let _ = write!(sent, "a=simulcast:send {}\r\n", RIDS.join(";"));
        sent
    }
}

fn sound() -> String {
    format!(
        "m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}\r\na=rtcp-mux\r\na=rtpmap:{OPUS} opus/48000/2\r\n\
         a=extmap:{MID} urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    )
}

fn pictures() -> String {
    format!(
        "m=video 9 UDP/TLS/RTP/SAVPF {VP8} 97\r\na=rtcp-mux\r\na=rtpmap:{VP8} VP8/90000\r\n\
         a=rtcp-fb:{VP8} nack\r\na=rtcp-fb:{VP8} nack pli\r\na=rtcp-fb:{VP8} transport-cc\r\n\
         a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt={VP8}\r\n\
         a=extmap:{MID} urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
         a=extmap:{RID} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
         a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n\
         a=extmap:{TRANSPORT_WIDE} \
         http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    )
}

#[cfg(test)]
mod tests {
    use calling_transport::sdp::Offer;
    use calling_transport::{Certificate, IceCredentials};

    use super::*;

    #[test]
    fn a_server_understands_it() {
        let credentials = IceCredentials::new("abcd", "p".repeat(24)).unwrap();
        let offerer = Offerer {
            session: 1,
            version: 2,
            credentials: &credentials,
            fingerprint: Certificate::generate().unwrap().fingerprint(),
            audio_ssrc: 7,
            has_pictures: true,
        };
        let others = ["bob", "carol"].map(|name| UserId::new(name).unwrap());
        let offer = offerer.offer(&others);
        let read = Offer::parse(&offer.sdp).unwrap();
        assert_eq!(read.sections().len(), 6);
        assert!(read.sections().iter().all(|section| section.accepted));
        assert_eq!(read.published_video()[0].rids, RIDS);
        assert_eq!(read.feedback_id(), Some(TRANSPORT_WIDE));
        assert_eq!(offer.subscribe.len(), 4);
        assert!(offer.subscribe.keys().all(|mid| read.receiving(mid).is_some()));
        let offer = Offerer { has_pictures: false, ..offerer }.offer(&others);
        let read = Offer::parse(&offer.sdp).unwrap();
        assert_eq!((read.sections().len(), offer.subscribe.len()), (3, 2));
    }
}
