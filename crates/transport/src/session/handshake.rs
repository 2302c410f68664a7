use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::{Dtls, Output};

use super::config::{DtlsRole, DtlsVersions, SessionConfig, SrtpOffer};
use super::offer;
use crate::certificate::Certificate;
use crate::srtp::{SrtpContext, SrtpProfile};

/// First wait for an answer; it doubles each time. RFC 9147 section 5.8.2 advises 1 s for want of
/// knowledge, but ICE has just seen a round trip on this path, and a call is waiting.
const FIRST_RETRANSMIT: Duration = Duration::from_millis(250);
/// Enough to reach well beyond any handshake timeout of ours: 250 ms · 2^8 is 64 s.
const RETRANSMITS: usize = 8;
/// Ours rules, so dimpl's has to be longer.
const LIBRARY_TIMEOUT: Duration = Duration::from_secs(3600);
/// Datagrams we send, in bytes.
const MTU: usize = 1150;
/// dimpl says "in ten years" when it waits for nothing.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Settings of dimpl for many handshakes. Costly to make, cheap to share.
#[derive(Clone)]
pub(crate) struct DtlsSettings {
    config: Arc<dimpl::Config>,
    versions: DtlsVersions,
    offer: SrtpOffer,
}

impl DtlsSettings {
    pub(crate) fn new(role: DtlsRole, versions: DtlsVersions, offer: SrtpOffer) -> Self {
        let builder = dimpl::Config::builder()
            .mtu(MTU)
            .flight_start_rto(FIRST_RETRANSMIT)
            .flight_retries(RETRANSMITS)
            .handshake_timeout(LIBRARY_TIMEOUT)
            .require_client_certificate(true)
            // A cookie proves an address; ICE has proved it already.
            .use_server_cookie(false);
        let builder = match role {
            DtlsRole::Active => builder.with_crypto_provider(offer::provider(offer)),
            DtlsRole::Passive => builder,
        };
        let config = builder.build().expect("the constants above are within dimpl's limits");
        Self { config: Arc::new(config), versions, offer }
    }

    pub(crate) fn of(config: &SessionConfig) -> Self {
        Self::new(config.role, config.versions, config.srtp_offer)
    }
}

impl fmt::Debug for DtlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { versions, offer, .. } = self;
        f.debug_struct("DtlsSettings").field("versions", versions).field("offer", offer).finish()
    }
}

/// What a handshake gives, in the order in which it may be acted upon.
#[derive(Debug)]
pub(super) enum Event {
    Transmit(Vec<u8>),
    /// The peer's certificate in DER form.
    Certificate(Vec<u8>),
    /// All messages were exchanged and verified, under the key of the certificate shown before.
    Done,
    /// The key material to exchange media with.
    Keys(Box<MediaKeys>),
    /// The peer's data channel is none of ours.
    ApplicationData,
    Goodbye,
}

/// Both directions of SRTP.
#[derive(Debug)]
pub(super) struct MediaKeys {
    pub(super) inbound: SrtpContext,
    pub(super) outbound: SrtpContext,
}

/// The handshake cannot go on.
#[derive(Debug)]
pub(super) struct Failed;

/// One DTLS endpoint.
#[derive(Debug)]
pub(super) struct Handshake {
    dtls: Dtls,
    role: DtlsRole,
    offer: SrtpOffer,
    timeout: Option<Instant>,
}

impl Handshake {
    pub(super) fn new(
        settings: &DtlsSettings,
        role: DtlsRole,
        certificate: &Certificate,
        now: Instant,
    ) -> Self {
        let config = Arc::clone(&settings.config);
        let certificate = certificate.to_dtls();
        let mut dtls = match settings.versions {
            DtlsVersions::Any => Dtls::new_auto(config, certificate, now),
            DtlsVersions::Only12 => Dtls::new_12(config, certificate, now),
            DtlsVersions::Only13 => Dtls::new_13(config, certificate, now),
        };
        dtls.set_active(role == DtlsRole::Active);
        Self { dtls, role, offer: settings.offer, timeout: None }
    }

    /// Takes a datagram; poll afterwards.
    pub(super) fn receive(&mut self, now: Instant, datagram: &[u8]) -> Result<(), Failed> {
        self.handle_timeout(now)?;
        match self.dtls.handle_packet(datagram) {
            Ok(()) => Ok(()),
            // The library is still waiting for an answer it understands.
            Err(dimpl::Error::UnexpectedMessage(
                dimpl::UnexpectedMessageError::UnrecognizedAutoServerResponse,
            )) => Ok(()),
            Err(_) => Err(Failed),
        }
    }

    /// Applies the passing of time; poll afterwards.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<(), Failed> {
        self.dtls.handle_timeout(now).map_err(|_| Failed)
    }

    /// Says goodbye, if there is somebody to say it to; poll afterwards.
    pub(super) fn close(&mut self) {
        // A handshake that failed has nobody to say it to.
        let _ = self.dtls.close();
    }

    /// When a flight is due again.
    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        self.timeout
    }

    /// Everything there is to do.
    pub(super) fn poll(&mut self, now: Instant) -> Vec<Event> {
        let mut events = Vec::new();
        let mut buffer = vec![0; 2048];
        loop {
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(packet) => events.push(Event::Transmit(packet.to_vec())),
                Output::BufferTooSmall { needed } => buffer.resize(needed, 0),
                Output::Timeout(at) => {
                    self.timeout = (at < now + NEVER).then_some(at);
                    break;
                }
                Output::Connected => events.push(Event::Done),
                Output::PeerCert(der) => events.push(Event::Certificate(der.to_vec())),
                Output::KeyingMaterial(keys, profile) => {
                    events.extend(
                        media_keys(&keys, profile, self.role)
                            .map(|keys| Event::Keys(Box::new(keys))),
                    );
                }
                Output::ApplicationData(_) => events.push(Event::ApplicationData),
                Output::CloseNotify => events.push(Event::Goodbye),
                // The library may learn new words; none concerns us.
                _ => {}
            }
        }
        if self.role == DtlsRole::Active {
            for event in &mut events {
                if let Event::Transmit(datagram) = event {
                    offer::apply(self.offer, datagram);
                }
            }
        }
        events
    }
}

/// Cuts the exported material (RFC 5764 section 4.2): both keys, then both salts, the client's
/// first.
fn media_keys(material: &[u8], profile: dimpl::SrtpProfile, role: DtlsRole) -> Option<MediaKeys> {
    let profile = match profile {
        dimpl::SrtpProfile::AEAD_AES_128_GCM => SrtpProfile::AeadAes128Gcm,
        dimpl::SrtpProfile::AEAD_AES_256_GCM => SrtpProfile::AeadAes256Gcm,
        dimpl::SrtpProfile::AES128_CM_SHA1_80 => SrtpProfile::Aes128CmHmacSha1_80,
        _ => return None,
    };
    let (client_key, rest) = material.split_at_checked(profile.key_len())?;
    let (server_key, rest) = rest.split_at_checked(profile.key_len())?;
    let (client_salt, rest) = rest.split_at_checked(profile.salt_len())?;
    let (server_salt, _) = rest.split_at_checked(profile.salt_len())?;
    let client = SrtpContext::new(profile, client_key, client_salt).ok()?;
    let server = SrtpContext::new(profile, server_key, server_salt).ok()?;
    Some(match role {
        DtlsRole::Active => MediaKeys { inbound: server, outbound: client },
        DtlsRole::Passive => MediaKeys { inbound: client, outbound: server },
    })
}
