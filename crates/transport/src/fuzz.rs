//! Fuzz bodies: each takes any bytes and never panics.

mod feedback;

pub use feedback::{Told, feedback, read_feedback};

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use calling_model::ConnectionId;
use calling_wire::VideoCodec;
use stun::attributes::{ATTR_USERNAME, AttrType};
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_REQUEST, Message, Setter};

use crate::sdp::{AnswerOrigin, Answered, ForwardedStream, Offer, SessionDescription};
use crate::{
    Candidate, Certificate, DtlsRole, DtlsVersions, Fingerprint, IceCredentials, LiteConfig,
    LiteServer, LocalParams, Received, RemoteParams, SecureSession, ServerOutput, ServerReceived,
    SessionConfig, SessionOutput, SrtpContext, SrtpProfile,
};

const CONNECTION: ConnectionId = ConnectionId(1);

/// Datagrams into a live server with one connection, some of them with a right password, between
/// the steps of a handshake.
///
/// The first byte says how far the handshake is and which version it speaks. Then follow
/// operations: a byte that chooses, a byte of length and as many bytes of content.
pub fn server(data: &[u8]) {
    let Some((&start, mut operations)) = data.split_first() else { return };
    let mut world = World::new(start);
    while let [choice, len, rest @ ..] = operations {
        let (content, rest) = rest.split_at(rest.len().min(usize::from(*len)));
        operations = rest;
        world.operate(*choice, content);
    }
}

/// Any bytes as a protected packet, then as a packet to protect.
pub fn srtp(data: &[u8]) {
    for profile in
        [SrtpProfile::AeadAes128Gcm, SrtpProfile::AeadAes256Gcm, SrtpProfile::Aes128CmHmacSha1_80]
    {
        let key = vec![7; profile.key_len()];
        let salt = vec![9; profile.salt_len()];
        let context = || SrtpContext::new(profile, &key, &salt).expect("the lengths are right");
        assert!(context().unprotect_rtp(&mut data.to_vec()).is_err(), "a forgery was believed");
        assert!(context().unprotect_rtcp(&mut data.to_vec()).is_err(), "a forgery was believed");
        let mut packet = data.to_vec();
        if context().protect_rtp(&mut packet).is_ok() {
            let len = context().unprotect_rtp(&mut packet).expect("it was just protected");
            assert_eq!(&packet[..len], data);
        }
        let mut packet = data.to_vec();
        if context().protect_rtcp(&mut packet).is_ok() {
            let len = context().unprotect_rtcp(&mut packet).expect("it was just protected");
            assert_eq!(&packet[..len], data);
        }
    }
}

/// Any text as a candidate and as a fingerprint; what is read is written the same.
pub fn text(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(candidate) = text.parse::<Candidate>() {
        assert_eq!(candidate.to_string().parse(), Ok(candidate));
    }
    if let Ok(fingerprint) = text.parse::<Fingerprint>() {
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }
}

/// Any text as a session description and as an offer; what is read is written the same, and an
/// answer can be read by whoever offered.
pub fn sdp(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(description) = text.parse::<SessionDescription>() {
        assert_eq!(description.to_string().parse(), Ok(description));
    }
    let Ok(offer) = Offer::parse(text) else { return };
    let local = LocalParams {
        credentials: IceCredentials::new("abcd", "p".repeat(22)).expect("the lengths are right"),
        fingerprint: Fingerprint::of(b"server"),
        candidates: Vec::new(),
    };
    let origin = AnswerOrigin { session_id: 1, session_version: 1 };
    let mids = offer.sections().iter().filter_map(|section| section.mid.clone());
    let stream = ForwardedStream {
        stream: "bob".to_owned(),
        track: "audio".to_owned(),
        ssrc: 1,
        rtx_ssrc: Some(2),
    };
    let mids: Vec<String> = mids.collect();
    let answered = Answered {
        streams: mids.iter().map(|mid| (mid.clone(), stream.clone())).collect(),
        pictures: mids.into_iter().collect(),
        publishable: VideoCodec::ALL.into(),
    };
    let _ = offer.published_video();
    let answer = offer.answer(&local, origin, &answered);
    assert_eq!(answer.sections.len(), offer.sections().len(), "sections are never dropped");
    assert_eq!(answer.to_string().parse(), Ok(answer));
}

/// Two certificates for all runs: making them is slow and not what is tried.
fn certificates() -> &'static [Arc<Certificate>; 2] {
    static CERTIFICATES: OnceLock<[Arc<Certificate>; 2]> = OnceLock::new();
    CERTIFICATES.get_or_init(|| {
        [(); 2].map(|()| Arc::new(Certificate::generate().expect("the system gives randomness")))
    })
}

/// The instant from which all runs count. A test, so it may look at the clock once.
fn epoch() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "there is no other way to an instant")]
    *EPOCH.get_or_init(Instant::now)
}

struct World {
    now: Instant,
    server: LiteServer,
    local: LocalParams,
    credentials: IceCredentials,
    client: SecureSession,
    source: SocketAddr,
}

impl World {
    fn new(start: u8) -> Self {
        let [ours, theirs] = certificates();
        let now = epoch();
        let source = SocketAddr::from(([198, 51, 100, 1], 4000));
        let mut server = LiteServer::new(LiteConfig::new(Arc::clone(ours), vec![source]), [1; 32]);
        let credentials =
            IceCredentials::new("abcd", "p".repeat(22)).expect("the lengths are right");
        let remote = RemoteParams {
            credentials: credentials.clone(),
            fingerprint: theirs.fingerprint(),
            feedback_id: None,
        };
        let local = server.open(now, CONNECTION, remote).expect("nothing is open");
        let mut config =
            SessionConfig::new(Arc::clone(theirs), DtlsRole::Active, local.fingerprint);
        config.versions =
            [DtlsVersions::Any, DtlsVersions::Only12, DtlsVersions::Only13][usize::from(start % 3)];
        let client = SecureSession::new(config, now);
        let mut world = Self { now, server, local, credentials, client, source };
        let check = world.check(&[]);
        world.deliver(check);
        for _ in 0..start / 3 % 8 {
            world.exchange();
        }
        world
    }

    fn operate(&mut self, choice: u8, content: &[u8]) {
        match choice % 8 {
            0 => self.deliver(content.to_vec()),
            1 => {
                let stranger = SocketAddr::from(([203, 0, 113, 1], 4000));
                let mut datagram = content.to_vec();
                let received = self.server.handle_datagram(self.now, stranger, &mut datagram);
                assert!(matches!(received, ServerReceived::Discarded(_)), "a stranger was served");
            }
            2 => {
                let check = self.check(content);
                self.deliver(check);
            }
            3 => self.deliver(record(choice, content)),
            4 => {
                let check = self.check(&[]);
                self.deliver(mutated(check, content));
            }
            5 => {
                let packet = self.sealed(content);
                self.deliver(mutated(packet, content));
            }
            6 => {
                let ms = content.iter().map(|byte| u64::from(*byte)).sum();
                self.now += Duration::from_millis(ms);
                self.server.handle_timeout(self.now);
                self.client.handle_timeout(self.now);
                if let Some((at, reason)) = self.server.poll_timeout() {
                    assert!(at > self.now, "{reason:?} is due after it was handled");
                }
            }
            _ => self.exchange(),
        }
        let mut datagram = content.to_vec();
        let received = self.client.receive(self.now, &mut datagram);
        assert!(
            !matches!(received, Received::Rtp(_) | Received::Rtcp(_)),
            "a forgery was believed"
        );
    }

    fn deliver(&mut self, mut datagram: Vec<u8>) {
        self.server.handle_datagram(self.now, self.source, &mut datagram);
    }

    /// Lets each side hear what the other said.
    fn exchange(&mut self) {
        while let Some(output) = self.client.poll_output() {
            if let SessionOutput::Transmit(datagram) = output {
                self.deliver(datagram);
            }
        }
        while let Some(output) = self.server.poll_output() {
            if let ServerOutput::Transmit { mut datagram, .. } = output {
                self.client.receive(self.now, &mut datagram);
            }
        }
        let mut packet = vec![0x80, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 1, 2, 3];
        // Refused until it is connected, and the second time.
        let _ = self.server.seal_rtp(CONNECTION, &mut packet);
    }

    /// A check with the right password and `content` for attributes.
    fn check(&self, content: &[u8]) -> Vec<u8> {
        let mut message = Message { typ: BINDING_REQUEST, ..Message::default() };
        message.write_header();
        let username = format!("{}:{}", self.local.credentials.ufrag(), self.credentials.ufrag());
        message.add(ATTR_USERNAME, username.as_bytes());
        for attribute in content.chunks(8) {
            if let [kind_high, kind_low, value @ ..] = attribute {
                let kind = u16::from_be_bytes([kind_high & 0x80, *kind_low]);
                message.add(AttrType(kind), value);
            }
        }
        let password = self.local.credentials.pwd().to_owned();
        // Refused if the content has a FINGERPRINT already: then it goes without.
        let _ = MessageIntegrity::new_short_term_integrity(password).add_to(&mut message);
        let _ = FINGERPRINT.add_to(&mut message);
        message.raw
    }

    /// A genuine packet of the client, if it is connected.
    fn sealed(&mut self, content: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, 111];
        packet.extend(content.iter().chain(&[0; 12]).take(10));
        packet.extend_from_slice(content);
        let _ = self.client.seal_rtp(&mut packet);
        packet
    }
}

/// A DTLS record of epoch 0 with a right length.
fn record(choice: u8, content: &[u8]) -> Vec<u8> {
    let mut record = vec![20 + choice / 8 % 8, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, choice, 0];
    // One byte gives the length, so it fits.
    record.push(content.len() as u8);
    record.extend_from_slice(content);
    record
}

/// Flips the bits that `changes` names, a byte of position for each.
fn mutated(mut datagram: Vec<u8>, changes: &[u8]) -> Vec<u8> {
    for change in changes.iter().take(8) {
        let at = usize::from(*change) % datagram.len().max(1);
        if let Some(byte) = datagram.get_mut(at) {
            *byte ^= 1 << (change % 8);
        }
    }
    datagram
}
