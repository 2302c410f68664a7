//! From an offer to a path and a session.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_signaling::protocol::{
    Code, IceServer, MediaAnswer, MediaOffer, ProtocolError, VideoStream,
};
use calling_transport::{
    Candidate, Certificate, DtlsRole, Fingerprint, IceCredentials, PathFinder, PathParams,
    SecureSession, SessionConfig,
};
use rand::SeedableRng;
use rand::TryRngCore;
use rand::rngs::OsRng;
use rand_chacha::ChaCha20Rng;
use tokio::sync::oneshot;

use super::{MediaEvent, Tells};
use crate::config::IceConfig;
use crate::driver::ice::{IceFinder, IcePath};

/// The longest wait for the server's half.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// What an attempt needs.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) ice: IceConfig,
    pub(super) servers: Vec<IceServer>,
    pub(super) loopback: bool,
    pub(super) certificate: Arc<Certificate>,
    pub(super) audio_ssrc: u32,
    /// The SSRCs of our camera and our screen.
    pub(super) pictures: [VideoStream; 2],
    /// The longest search for a path.
    pub(super) search: Duration,
    pub(super) tells: Tells,
}

/// A path whose session is about to shake hands.
pub(super) struct Connected {
    pub(super) path: IcePath,
    pub(super) session: SecureSession,
    pub(super) answer: MediaAnswer,
    pub(super) answered: Instant,
    pub(super) found: Instant,
}

/// 32 bytes from the operating system.
pub(super) fn secret_seed() -> Result<[u8; 32], ProtocolError> {
    let mut seed = [0; 32];
    OsRng.try_fill_bytes(&mut seed).map_err(|error| failure("no randomness", &error))?;
    Ok(seed)
}

/// The error of a media connection that could not be made.
pub(super) fn failure(what: &str, why: &dyn std::fmt::Display) -> ProtocolError {
    // -3301: could not enter the room.
    ProtocolError::new(Code::Other(-3301), format!("{what}: {why}"))
}

/// Offers, waits for the answer and finds a path.
pub(super) async fn connect(attempt: Attempt) -> Result<Connected, ProtocolError> {
    let credentials = IceCredentials::generate(&mut ChaCha20Rng::from_seed(secret_seed()?));
    let finder =
        IceFinder::open(&attempt.ice, &attempt.servers, credentials, attempt.loopback).await;
    let mut finder = finder.map_err(|error| failure("cannot open a socket", &error))?;
    let local = finder.gather().await.map_err(|error| failure("cannot gather", &error))?;
    let answer = ask(&attempt, &local).await?;
    let answered = Instant::now();
    let (remote, fingerprint) = read(&answer)?;
    let path = tokio::time::timeout(attempt.search, finder.connect(remote))
        .await
        .map_err(|_| failure("no path to the server", &"no check was answered in time"))?
        .map_err(|error| failure("no path to the server", &error))?;
    let found = Instant::now();
    let certificate = Arc::clone(&attempt.certificate);
    let mut config = SessionConfig::new(certificate, DtlsRole::Active, fingerprint);
    config.handshake_timeout = HANDSHAKE_TIMEOUT;
    let session = SecureSession::new(config, found);
    Ok(Connected { path, session, answer, answered, found })
}

async fn ask(attempt: &Attempt, local: &PathParams) -> Result<MediaAnswer, ProtocolError> {
    let offer = MediaOffer {
        ufrag: local.credentials.ufrag().to_owned(),
        pwd: local.credentials.pwd().to_owned(),
        fingerprint: attempt.certificate.fingerprint().to_string(),
        candidates: local.candidates.iter().map(Candidate::to_string).collect(),
        audio_ssrc: attempt.audio_ssrc,
        video: attempt.pictures.to_vec(),
        red: true,
    };
    let (reply, answer) = oneshot::channel();
    attempt.tells.tell(MediaEvent::Offer { offer, answer: reply });
    match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(failure("no answer", &"the connection to the server is gone")),
        Err(_) => Err(failure("no answer", &"the server did not answer in time")),
    }
}

/// The server's half, checked. Candidates that cannot be used are passed over.
fn read(answer: &MediaAnswer) -> Result<(PathParams, Fingerprint), ProtocolError> {
    let bad = |error: &dyn std::fmt::Display| failure("the server's answer is wrong", error);
    let credentials =
        IceCredentials::new(&*answer.ufrag, &*answer.pwd).map_err(|error| bad(&error))?;
    let fingerprint = answer.fingerprint.parse::<Fingerprint>().map_err(|error| bad(&error))?;
    let candidates = answer.candidates.iter().filter_map(|text| text.parse().ok()).collect();
    Ok((PathParams { credentials, candidates }, fingerprint))
}

/// Whether media goes to this very machine.
pub(super) fn is_loopback(server: bool, media_via: Option<SocketAddr>) -> bool {
    media_via.map_or(server, |address| address.ip().is_loopback())
}
