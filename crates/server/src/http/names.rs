//! Ids in paths, and JSON in bodies: read with an error that says what is wrong.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::ApiError;

/// An id out of a path.
pub(super) fn id<T: TryFrom<String, Error = calling_model::InvalidId>>(
    text: String,
) -> Result<T, ApiError> {
    T::try_from(text).map_err(|error| ApiError::bad_request(error.to_string()))
}

/// The page size asked for, within bounds.
pub(super) fn limit(asked: Option<u32>, default: u32, max: u32) -> Result<u32, ApiError> {
    match asked.unwrap_or(default) {
        limit if (1..=max).contains(&limit) => Ok(limit),
        _ => Err(ApiError::bad_request(format!("limit is 1 to {max}"))),
    }
}

/// The query of a request.
#[derive(Clone, Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        let Query(asked) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
        Ok(Self(asked))
    }
}

/// The JSON body of a request.
#[derive(Clone, Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes: Result<Bytes, BytesRejection> = Bytes::from_request(request, state).await;
        let bytes =
            bytes.map_err(|error| ApiError::with_status(error.status(), error.body_text()))?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| ApiError::bad_request(format!("the body is not understood: {error}")))
    }
}
