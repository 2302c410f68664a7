use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use calling_signaling::protocol::{Code, ProtocolError};

use crate::gateway::Closing;

/// Why a request is refused: a status, and a sentence as plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    sentence: Cow<'static, str>,
    /// When it may go better, in seconds.
    retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { status, sentence: sentence.into(), retry_after: None }
    }

    pub(super) fn later(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..self }
    }

    pub(super) fn unauthorised(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, sentence)
    }

    pub(super) fn no_session() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such session; it may have ended")
    }

    pub(super) fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the server stops; come back in a moment")
            .later(5)
    }

    pub(super) fn overdue() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the server did not manage in time").later(5)
    }
}

impl From<Closing> for Refusal {
    fn from(_: Closing) -> Self {
        Self::stopping()
    }
}

impl From<ProtocolError> for Refusal {
    fn from(error: ProtocolError) -> Self {
        let refusal = Self::new(status(error.code), error.message);
        if refusal.status == StatusCode::SERVICE_UNAVAILABLE { refusal.later(5) } else { refusal }
    }
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::BadParameter | Code::MalformedFrame | Code::VersionUnsupported => {
            StatusCode::BAD_REQUEST
        }
        Code::UserSigExpired
        | Code::UserSigEmpty
        | Code::UserSigMalformed
        | Code::UserSigWrongKey
        | Code::UserSigWrongUser
        | Code::UserSigWrongApp => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied | Code::NotYourCall | Code::UserNotFound => StatusCode::FORBIDDEN,
        Code::InviteNotFound => StatusCode::NOT_FOUND,
        Code::WrongState
        | Code::Repeated
        | Code::SceneUnsupported
        | Code::KickedOffline
        | Code::NotInitialised
        | Code::SessionExpired => StatusCode::CONFLICT,
        Code::TooManyFailures | Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Internal | Code::SignallingFailed | Code::Other(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, format!("{}\n", self.sentence)).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
