use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use calling_signaling::protocol::{Code, ProtocolError};
use serde_json::json;

use crate::chat::ChatError;
use crate::storage::{Refusal, StorageError};

/// An answer of REST that says why not: `{"error":{"code":…,"message":…}}`.
///
/// The codes are those of the signalling protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    error: ProtocolError,
}

impl ApiError {
    /// An error whose HTTP status follows from its code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { status: status(code), error: ProtocolError::new(code, message) }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadParameter, message)
    }

    pub(super) fn forbidden(message: &str) -> Self {
        Self::new(Code::PermissionDenied, message)
    }

    pub(super) fn unauthorised(message: &str) -> Self {
        let error = ProtocolError::new(Code::PermissionDenied, message);
        Self { status: StatusCode::UNAUTHORIZED, error }
    }

    pub(super) fn not_found(message: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            error: ProtocolError::new(Code::BadParameter, message),
        }
    }

    pub(super) fn no_call() -> Self {
        Self::new(Code::InviteNotFound, "there is no record of such a call")
    }

    pub(super) fn with_status(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, error: ProtocolError::new(Code::BadParameter, message) }
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
        | Code::UserSigWrongApp
        | Code::NotInitialised
        | Code::SessionExpired
        | Code::KickedOffline => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied | Code::NotYourCall => StatusCode::FORBIDDEN,
        Code::UserNotFound | Code::InviteNotFound => StatusCode::NOT_FOUND,
        Code::WrongState | Code::Repeated | Code::SceneUnsupported => StatusCode::CONFLICT,
        Code::TooManyFailures | Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Internal | Code::SignallingFailed | Code::Other(_) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl From<ProtocolError> for ApiError {
    fn from(error: ProtocolError) -> Self {
        Self { status: status(error.code), error }
    }
}

impl From<ChatError> for ApiError {
    fn from(error: ChatError) -> Self {
        let absent = matches!(
            error,
            ChatError::Refused(Refusal::NoSuchGroup | Refusal::NoSuchMessage | Refusal::NoSuchUser)
        );
        let refused = Self::from(ProtocolError::from(error));
        // To an operator nothing is hidden: what is refused so is not there.
        if absent { Self { status: StatusCode::NOT_FOUND, ..refused } } else { refused }
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        tracing::warn!(%error, "a request could not be answered");
        let message = "the server cannot reach its database; try again in a moment";
        let error = ProtocolError::new(Code::Internal, message);
        Self { status: StatusCode::SERVICE_UNAVAILABLE, error }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error }))).into_response()
    }
}

pub(super) async fn not_found(uri: Uri) -> ApiError {
    let path = uri.path();
    let message = if path.starts_with("/v1/") {
        "there is no such route; docs/operating.md lists them"
    } else {
        "there is nothing here; the status page is at /status"
    };
    ApiError::with_status(StatusCode::NOT_FOUND, message)
}

pub(super) async fn method_not_allowed() -> ApiError {
    let message = "this route has no such method; the Allow header names those it has";
    ApiError::with_status(StatusCode::METHOD_NOT_ALLOWED, message)
}
