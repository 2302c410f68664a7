//! WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): a call joined by plain HTTP.
//!
//! A tool that knows nothing of our protocol, as OBS, GStreamer or aiortc, posts an offer with a
//! UserSig as its bearer token and takes part in the call as that account: it publishes by
//! `POST /whip/{call_id}` and receives by `POST /whep/{call_id}`. To the hub each such session is a
//! signed-in device like any other ([`Line`](line::Line)), kept by a task of its own
//! ([`resource`]) until it is deleted, its call or its media ends, or the server stops.

mod fragment;
mod handlers;
mod headers;
mod line;
mod offer;
mod refusal;
mod resource;
mod table;

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::{Router, patch, post};
use axum::{handler::Handler as _, middleware};
use calling_model::{DeviceId, UserId};
use calling_transport::sdp;

pub(crate) use self::fragment::fuzz as fuzz_ice_fragment;
use self::table::Sessions;
use super::Gateway;
use crate::rate::RateMeter;

/// The largest fragment of a description in a `PATCH`, in bytes.
const MAX_FRAGMENT_BYTES: usize = 16 * 1024;

/// The longest a request may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// How many seconds' worth of requests of one account may come at once.
const BURST: Duration = Duration::from_secs(2);

/// What all requests share.
#[derive(Debug)]
pub(super) struct Whip {
    sessions: Sessions,
    /// Requests by account.
    rate: RateMeter<UserId>,
}

/// Which way media flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// WHIP: the client sends.
    Publish,
    /// WHEP: the client receives.
    Receive,
}

impl Whip {
    /// At most so many sessions at one time, and so many requests a second of one account.
    pub(super) fn new(max_sessions: usize, per_second: u32) -> Self {
        let rate = RateMeter::new(per_second, Duration::from_secs(1), BURST);
        Self { sessions: Sessions::new(max_sessions), rate }
    }
}

impl Kind {
    /// Its name in paths. The account's device is called so, too: who posts anew, after a loss of
    /// the network, takes the place of its older session and stays in the call.
    const fn name(self) -> &'static str {
        match self {
            Self::Publish => "whip",
            Self::Receive => "whep",
        }
    }

    fn device(self) -> DeviceId {
        DeviceId::new(self.name()).expect("letters are a device id")
    }
}

/// All routes of both protocols. Methods that are not named here stay 405, as RFC 9725 section 4.2
/// reserves them.
pub(super) fn routes() -> Router<Gateway> {
    let offers = DefaultBodyLimit::max(sdp::MAX_BYTES);
    let fragments = DefaultBodyLimit::max(MAX_FRAGMENT_BYTES);
    let session = patch(handlers::patch.layer(fragments))
        .delete(handlers::delete)
        .options(headers::session_options);
    Router::new()
        .route("/whip/{call_id}", post(handlers::publish.layer(offers)).options(headers::options))
        .route("/whep/{call_id}", post(handlers::receive.layer(offers)).options(headers::options))
        .route("/whip/{call_id}/{session}", session.clone())
        .route("/whep/{call_id}/{session}", session)
        .layer(middleware::from_fn(headers::cross_origin))
}
