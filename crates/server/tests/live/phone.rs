//! The media side of a client: STUN checks, DTLS and SRTP over a real socket.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::{CallId, VideoTrack};
use calling_signaling::protocol::{MediaAnswer, MediaOffer, Reply, Request, VideoStream};
use calling_transport::fuzz::read_feedback;
use calling_transport::{
    Candidate, Certificate, DtlsRole, Received, SecureSession, SessionConfig, SessionOutput,
};
use calling_wire::{Feedback, RtcpPackets, RtpHeader, RtpView};
use stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME};
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::client::{Client, PATIENCE};

const UFRAG: &str = "client";
const PWD: &str = "client-password-of-24-ch";

/// One media connection, brought up far enough to send and receive.
pub(crate) struct Phone {
    pub(crate) socket: UdpSocket,
    pub(crate) server: SocketAddr,
    pub(crate) ssrc: u32,
    session: SecureSession,
    /// Its own, of the present ICE session.
    ufrag: String,
    answer: MediaAnswer,
    checks: u64,
    /// Checks the server has answered.
    answered: u64,
    connected: bool,
    /// The newest, by SSRC.
    sequence_numbers: BTreeMap<u32, u16>,
    /// Of each packet heard: its SSRC and payload.
    heard: Vec<(u32, Vec<u8>)>,
    headers: Vec<(RtpHeader, Vec<u8>)>,
    /// Compound RTCP packets heard.
    pub(crate) reports: usize,
    /// Streams of its own that it was asked for a key frame of.
    pub(crate) key_frames_wanted: Vec<u32>,
    /// Of which transport-wide numbers of its own it was told, and whether they came.
    pub(crate) told: Vec<(u16, bool)>,
}

/// The header extension of transport-wide numbers in offers that have them.
const NUMBERED: u8 = 3;

/// Under which SSRCs a phone whose voice has `ssrc` announces its pictures.
pub(crate) const fn announced(ssrc: u32, track: VideoTrack) -> VideoStream {
    let ssrc = match track {
        VideoTrack::Camera => ssrc.wrapping_add(0x100),
        VideoTrack::Screen => ssrc.wrapping_add(0x200),
    };
    VideoStream { track, ssrc, rtx_ssrc: ssrc.wrapping_add(1) }
}

/// The payload of a frame of VP8 in one packet.
pub(crate) fn frame(is_key: bool, content: &[u8]) -> Vec<u8> {
    [&[0x10, u8::from(!is_key)], content].concat()
}

impl Phone {
    /// Asks for media of the call and brings the connection up.
    pub(crate) async fn connect(client: &mut Client, call_id: &CallId, ssrc: u32) -> Self {
        let certificate = Arc::new(Certificate::generate().unwrap());
        let offer = MediaOffer {
            ufrag: UFRAG.to_owned(),
            pwd: PWD.replace('-', "+"),
            fingerprint: certificate.fingerprint().to_string(),
            candidates: Vec::new(),
            audio_ssrc: ssrc,
            video: VideoTrack::ALL.map(|track| announced(ssrc, track)).to_vec(),
            red: false,
        };
        let request = Request::ConnectMedia { call_id: call_id.clone(), offer: offer.into() };
        let reply = client.ask(request).await.unwrap();
        let Reply::Media(answer) = reply else { panic!("unexpected: {reply:?}") };
        let mut phone = Self::new(certificate, answer, ssrc).await;
        phone.pump(|phone| phone.connected).await;
        client.ask(Request::MediaReady { call_id: call_id.clone() }).await.unwrap();
        phone
    }

    async fn new(certificate: Arc<Certificate>, answer: MediaAnswer, ssrc: u32) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let candidate: Candidate = answer.candidates[0].parse().unwrap();
        let fingerprint = answer.fingerprint.parse().unwrap();
        let config = SessionConfig::new(certificate, DtlsRole::Active, fingerprint);
        Self {
            socket,
            server: candidate.address,
            ssrc,
            session: SecureSession::new(config, Instant::now()),
            ufrag: UFRAG.to_owned(),
            answer,
            checks: 0,
            answered: 0,
            connected: false,
            sequence_numbers: BTreeMap::new(),
            heard: Vec::new(),
            headers: Vec::new(),
            reports: 0,
            key_frames_wanted: Vec::new(),
            told: Vec::new(),
        }
    }

    /// What a tool of WebRTC would offer to send or receive one sound.
    pub(crate) fn sdp_offer(certificate: &Certificate, direction: &str, ssrc: u32) -> String {
        let (pwd, fingerprint) = (PWD.replace('-', "+"), certificate.fingerprint());
        format!(
            "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na={direction}\r\n\
             a=ice-ufrag:{UFRAG}\r\na=ice-pwd:{pwd}\r\na=fingerprint:{fingerprint}\r\n\
             a=setup:actpass\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n\
             a=ssrc:{ssrc} cname:tool\r\n"
        )
    }

    /// What a tool would offer to send the camera of such a phone, or to receive one, and no sound.
    pub(crate) fn picture_offer(certificate: &Certificate, direction: &str, ssrc: u32) -> String {
        let camera = announced(ssrc, VideoTrack::Camera).ssrc;
        Self::sdp_offer(certificate, direction, camera)
            .replace("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=video 9 UDP/TLS/RTP/SAVPF 96")
            .replace("a=rtpmap:111 opus/48000/2", "a=rtpmap:96 VP8/90000")
    }

    /// The same, with transport-wide numbers and feedback on them.
    pub(crate) fn numbered_offer(certificate: &Certificate, ssrc: u32) -> String {
        const URI: &str =
            "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
        Self::picture_offer(certificate, "sendonly", ssrc).replace(
            "a=rtpmap:96 VP8/90000\r\n",
            &format!(
                "a=extmap:{NUMBERED} {URI}\r\na=rtpmap:96 VP8/90000\r\n\
                 a=rtcp-fb:96 transport-cc\r\n"
            ),
        )
    }

    /// Brings up what the answer to [`Self::sdp_offer`] says.
    pub(crate) async fn of_sdp(certificate: Arc<Certificate>, answer: &str, ssrc: u32) -> Self {
        let mut phone = Self::new(certificate, read_answer(answer), ssrc).await;
        phone.pump(|phone| phone.connected).await;
        phone
    }

    /// Goes on in another ICE session: with `ufrag`, and what the answer says of the server's.
    pub(crate) fn restart(&mut self, ufrag: &str, answer: &str) {
        let (own, theirs) = (attribute(answer, "ice-ufrag"), attribute(answer, "ice-pwd"));
        assert_ne!(self.answer.ufrag, own);
        ufrag.clone_into(&mut self.ufrag);
        (self.answer.ufrag, self.answer.pwd) = (own, theirs);
    }

    /// Sends a packet with this payload.
    pub(crate) async fn say(&mut self, payload: &[u8]) {
        self.send(self.answer.audio_payload_type, 960, self.ssrc, payload).await;
    }

    /// Sends a frame of a picture.
    pub(crate) async fn show(&mut self, track: VideoTrack, payload: &[u8]) {
        self.send(96, 3_000, announced(self.ssrc, track).ssrc, payload).await;
    }

    /// Sends a frame of its camera under this transport-wide number.
    pub(crate) async fn show_numbered(&mut self, number: u16, payload: &[u8]) {
        let ssrc = announced(self.ssrc, VideoTrack::Camera).ssrc;
        let mut packet = self.header_of(96, 3_000, ssrc);
        packet[0] |= 0x10;
        packet.extend([0xbe, 0xde, 0, 1, NUMBERED << 4 | 1]);
        packet.extend(number.to_be_bytes());
        packet.push(0);
        packet.extend_from_slice(payload);
        self.seal_and_send(packet).await;
    }

    async fn send(&mut self, payload_type: u8, ticks: u32, ssrc: u32, payload: &[u8]) {
        let mut packet = self.header_of(payload_type, ticks, ssrc);
        packet.extend_from_slice(payload);
        self.seal_and_send(packet).await;
    }

    /// The header of the next packet of a stream.
    fn header_of(&mut self, payload_type: u8, ticks: u32, ssrc: u32) -> Vec<u8> {
        let sequence_number = self.sequence_numbers.entry(ssrc).or_default();
        *sequence_number += 1;
        let mut packet = vec![0x80, payload_type];
        packet.extend_from_slice(&sequence_number.to_be_bytes());
        packet.extend_from_slice(&(u32::from(*sequence_number) * ticks).to_be_bytes());
        packet.extend_from_slice(&ssrc.to_be_bytes());
        packet
    }

    async fn seal_and_send(&mut self, mut packet: Vec<u8>) {
        self.session.seal_rtp(&mut packet).unwrap();
        self.socket.send_to(&packet, self.server).await.unwrap();
    }

    /// Sends a compound RTCP packet.
    pub(crate) async fn control(&mut self, packet: &[u8]) {
        let mut packet = packet.to_vec();
        self.session.seal_rtcp(&mut packet).unwrap();
        self.socket.send_to(&packet, self.server).await.unwrap();
    }

    /// The header of the packet with this payload.
    pub(crate) fn header(&self, payload: &[u8]) -> Option<RtpHeader> {
        self.headers.iter().find(|(_, heard)| heard == payload).map(|(header, _)| *header)
    }

    /// Returns once the server has handled everything sent before: it answers in order.
    pub(crate) async fn barrier(&mut self) {
        self.check().await;
        // The answer to a check of before says nothing of what was sent since.
        let own = self.checks;
        self.pump(|phone| phone.answered >= own).await;
    }

    /// Waits for a packet with this payload, and gives its SSRC.
    pub(crate) async fn hear(&mut self, payload: &[u8]) -> u32 {
        self.pump(|phone| phone.find(payload).is_some()).await;
        self.find(payload).unwrap()
    }

    /// Says it again and again until `other` has heard it.
    pub(crate) async fn say_until_heard(&mut self, other: &mut Self, payload: &[u8]) {
        let give_up = Instant::now() + PATIENCE;
        while !other.has_heard(payload) {
            assert!(Instant::now() < give_up, "it never came");
            self.say(payload).await;
            let soon = Instant::now() + Duration::from_millis(100);
            other.pump(|phone| phone.has_heard(payload) || Instant::now() >= soon).await;
        }
    }

    /// Whether a packet with this payload came.
    pub(crate) fn has_heard(&self, payload: &[u8]) -> bool {
        self.find(payload).is_some()
    }

    /// How many packets came, those included that wait to be read. The server's goodbye among
    /// them is not heeded: who keeps sending after the end does not.
    pub(crate) fn packets(&mut self) -> usize {
        let mut datagram = [0; 2048];
        while let Ok((length, _)) = self.socket.try_recv_from(&mut datagram) {
            // RTP and RTCP (RFC 7983).
            if (128..192).contains(&datagram[0]) {
                self.receive(&mut datagram[..length]);
            }
        }
        self.heard.len()
    }

    fn find(&self, payload: &[u8]) -> Option<u32> {
        self.heard.iter().find(|(_, heard)| heard == payload).map(|(ssrc, _)| *ssrc)
    }

    /// Works until `done`.
    pub(crate) async fn pump(&mut self, done: impl Fn(&Self) -> bool) {
        let give_up = Instant::now() + PATIENCE;
        let mut next_check = Instant::now();
        loop {
            self.flush().await;
            if done(self) {
                return;
            }
            assert!(Instant::now() < give_up, "it never came");
            if Instant::now() >= next_check {
                self.check().await;
                next_check = Instant::now() + Duration::from_millis(200);
            }
            let mut datagram = [0; 2048];
            let received = self.socket.recv_from(&mut datagram);
            if let Ok(received) = timeout(Duration::from_millis(50), received).await {
                let (length, _) = received.unwrap();
                self.receive(&mut datagram[..length]);
            }
            self.session.handle_timeout(Instant::now());
        }
    }

    fn receive(&mut self, datagram: &mut [u8]) {
        if datagram[0] < 4 {
            let mut message = Message::new();
            message.unmarshal_binary(datagram).unwrap();
            if message.typ == BINDING_SUCCESS {
                let number = message.transaction_id.0[..8].try_into().unwrap();
                self.answered = self.answered.max(u64::from_be_bytes(number));
            }
            return;
        }
        match self.session.receive(Instant::now(), datagram) {
            Received::Rtp(packet) => {
                let view = RtpView::parse(packet).unwrap();
                self.heard.push((view.ssrc(), view.payload().to_vec()));
                let header = RtpHeader {
                    payload_type: view.payload_type(),
                    marker: view.marker(),
                    sequence_number: view.sequence_number(),
                    timestamp: view.timestamp(),
                    ssrc: view.ssrc(),
                };
                self.headers.push((header, view.payload().to_vec()));
            }
            Received::Rtcp(packet) => {
                self.reports += 1;
                let mut parts = RtcpPackets::new(packet).map_while(Result::ok);
                if parts.any(|part| (part.packet_type, part.count) == (205, 15)) {
                    let told = read_feedback(packet).into_iter().flatten();
                    self.told.extend(told.map(|it| (it.sequence_number, it.ticks.is_some())));
                }
                for part in RtcpPackets::new(packet).map_while(Result::ok) {
                    if let Some(Feedback::PictureLoss { ssrc }) = Feedback::parse(&part) {
                        self.key_frames_wanted.push(ssrc);
                    }
                }
            }
            Received::Control | Received::Discarded(_) => {}
        }
    }

    async fn flush(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                // Before the first check was answered nobody would listen.
                SessionOutput::Transmit(datagram) if self.answered > 0 => {
                    self.socket.send_to(&datagram, self.server).await.unwrap();
                }
                SessionOutput::Transmit(_) => {}
                SessionOutput::Connected { .. } => self.connected = true,
                // What is waited for then never comes.
                SessionOutput::Closed { .. } => self.connected = false,
            }
        }
    }

    /// Sends one connectivity check that nominates (RFC 8445 section 7.2.4).
    pub(crate) async fn check(&mut self) {
        self.checks += 1;
        let mut message = Message { typ: BINDING_REQUEST, ..Message::default() };
        message.transaction_id.0[..8].copy_from_slice(&self.checks.to_be_bytes());
        message.write_header();
        let username = format!("{}:{}", self.answer.ufrag, self.ufrag);
        message.add(ATTR_USERNAME, username.as_bytes());
        message.add(ATTR_PRIORITY, &[0x6e, 0, 1, 0xff]);
        message.add(ATTR_ICE_CONTROLLING, &[1; 8]);
        message.add(ATTR_USE_CANDIDATE, &[]);
        let integrity = MessageIntegrity::new_short_term_integrity(self.answer.pwd.clone());
        integrity.add_to(&mut message).unwrap();
        FINGERPRINT.add_to(&mut message).unwrap();
        self.socket.send_to(&message.raw, self.server).await.unwrap();
    }
}

fn attribute(sdp: &str, name: &str) -> String {
    let prefix = format!("a={name}:");
    sdp.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap().to_owned()
}

fn read_answer(sdp: &str) -> MediaAnswer {
    MediaAnswer {
        ufrag: attribute(sdp, "ice-ufrag"),
        pwd: attribute(sdp, "ice-pwd"),
        fingerprint: attribute(sdp, "fingerprint"),
        candidates: vec![format!("candidate:{}", attribute(sdp, "candidate"))],
        audio_payload_type: 111,
        audio_level_id: 1,
        red_payload_type: None,
    }
}
