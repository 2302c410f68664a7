//! ICE, DTLS and SRTP as machines without IO.
//!
//! * [`SecureSession`]: DTLS-SRTP with one peer, either role, over a path somebody else found.
//! * [`LiteServer`]: all connections of one UDP port, each an ICE-lite responder and a session.
//! * [`sdp`]: session descriptions, and a server's answer to an offer.
//! * [`SrtpContext`]: SRTP and SRTCP in place, on its own.
//! * [`TransportFeedback`]: what a sender is told for its congestion control.
//! * [`PathFinder`] and [`Path`]: what an asynchronous ICE agent has to offer to be used here.
//!
//! Nothing here owns a socket, a thread or a clock. Time comes in as `now`; see the README for
//! where randomness comes from.

mod certificate;
mod discard;
mod feedback;
#[doc(hidden)]
pub mod fuzz;
mod ice;
mod path;
pub mod sdp;
mod server;
mod session;
mod srtp;

pub use certificate::{Certificate, CertificateError, Fingerprint, InvalidFingerprint};
pub use discard::Discard;
pub use feedback::{TransportFeedback, Unreported};
pub use ice::{
    Candidate, CandidateKind, IceCredentials, InvalidCandidate, InvalidCredentials, StunDiscard,
};
pub use path::{Path, PathError, PathFinder, PathParams};
pub use server::{
    LiteConfig, LiteServer, LocalParams, OpenError, RemoteParams, ServerOutput, ServerReceived,
    ServerStats,
};
pub use session::{
    CloseReason, DtlsRole, DtlsVersions, Received, SecureSession, SessionConfig, SessionOutput,
    SessionStats, SrtpOffer, TimeoutReason,
};
pub use srtp::{InvalidKeys, SealError, SrtpContext, SrtpDiscard, SrtpProfile};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
