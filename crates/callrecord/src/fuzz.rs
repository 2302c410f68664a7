//! Body of the fuzz target: takes any bytes and never panics.

use calling_signaling::call::Role;

use crate::text::{group_text, role_text};
use crate::{Language, get_call_message, is_call_end_exist, is_calling_data, summary};

/// The text of a custom element.
pub fn call_message(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = is_calling_data(text);
    let Some(message) = get_call_message(text) else {
        return;
    };
    assert!(message.action_type != 2 || !is_call_end_exist(&message), "a cancel has no duration");
    for language in [Language::ZhHans, Language::ZhHant, Language::En] {
        assert!(!summary(&message, language).is_empty());
        for role in [Role::Caller, Role::Callee] {
            let _ = role_text(&message, role, language);
        }
        let _ = group_text(&message, |user| user.as_str().to_owned(), language);
    }
}
