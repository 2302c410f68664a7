//! How long things may be.

use calling_model::UserId;

use super::ChatError;
use crate::storage::Body;

/// The longest text or custom message, in bytes.
const MAX_MESSAGE_BYTES: usize = 12 * 1024;

/// The longest nickname, avatar, remark, name card or name of a group, in bytes.
const MAX_NAME_BYTES: usize = 500;

/// The longest name a client gives a message, in bytes.
const MAX_CLIENT_ID_BYTES: usize = 64;

/// Accounts named in one request.
const MAX_USERS: usize = 100;

/// A message of exactly one kind, within bounds.
pub(crate) fn check_message(
    text: Option<String>,
    custom: Option<String>,
    client_id: Option<&str>,
) -> Result<Body, ChatError> {
    let body = match (text, custom) {
        (Some(text), None) => Body::Text(text),
        (None, Some(custom)) => Body::Custom(custom),
        (Some(_), Some(_)) | (None, None) => {
            return Err(ChatError::Bad("a message has either `text` or `custom`".to_owned()));
        }
    };
    let (name, said) = match &body {
        Body::Text(text) => ("text", text),
        Body::Custom(custom) => ("custom", custom),
    };
    if said.is_empty() {
        return Err(ChatError::Bad(format!("`{name}` is empty")));
    }
    check(name, said, MAX_MESSAGE_BYTES)?;
    if let Some(client_id) = client_id {
        if client_id.is_empty() {
            return Err(ChatError::Bad("`client_id` is empty".to_owned()));
        }
        check("client_id", client_id, MAX_CLIENT_ID_BYTES)?;
    }
    Ok(body)
}

/// A nickname, an avatar, a remark, a name card or the name of a group.
pub(crate) fn check_name(what: &str, name: Option<&str>) -> Result<(), ChatError> {
    name.map_or(Ok(()), |name| check(what, name, MAX_NAME_BYTES))
}

/// A list of accounts.
pub(crate) fn check_users(what: &str, users: &[UserId]) -> Result<(), ChatError> {
    if users.len() > MAX_USERS {
        return Err(ChatError::Bad(format!("`{what}` names at most {MAX_USERS} accounts")));
    }
    Ok(())
}

fn check(what: &str, text: &str, max_bytes: usize) -> Result<(), ChatError> {
    if text.len() > max_bytes {
        return Err(ChatError::Bad(format!("`{what}` is at most {max_bytes} bytes long")));
    }
    // Not every database takes it.
    if text.contains('\0') {
        return Err(ChatError::Bad(format!("`{what}` holds a NUL character")));
    }
    Ok(())
}
