//! Bodies of the fuzz targets: take any bytes and never panic.

use std::sync::LazyLock;

use calling_model::UserId;
use calling_signaling::call::Role;

use crate::text::{Names, Wording};
use crate::{
    Language, MessageFlags, Side, Texts, get_call_message, is_call_end_exist, is_calling_data,
};

/// In every language.
static TEXTS: LazyLock<Vec<Texts>> =
    LazyLock::new(|| Language::ALL.into_iter().map(Texts::new).collect());

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
    let is_shown = message.is_shown(MessageFlags::default());
    if let Some(caller) = &message.caller {
        assert_eq!(message.side_for(caller), Side::Right);
        assert!(!message.is_missed_by(caller), "nobody misses a call of theirs");
    }
    for texts in TEXTS.iter() {
        assert!(!texts.summary(&message).is_empty());
        let names = |_: &UserId| Names { nick_name: text.to_owned(), ..Names::default() };
        for line in [
            texts.item(Some(&message)),
            texts.direct(&message, Role::Caller),
            texts.direct(&message, Role::Callee),
            texts.group(&message, names),
            texts.group_item(&message, names),
        ] {
            assert_eq!(line.is_empty(), !is_shown, "what is shown has a text: {line:?}");
            assert!(!line.contains('\n'), "a text is one line");
        }
    }
}

/// The texts of an application's own language.
pub fn language(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else {
        return;
    };
    let built_in = &TEXTS[2];
    let Ok(texts) = built_in.clone().with_language("pl", source) else {
        return;
    };
    for wording in Wording::ALL {
        let texts = texts.clone().with_wording(wording);
        let _ = texts.missed_calls(data.len() as u64);
        let _ = texts.duration_in_words(data.len() as u64);
        let _ = texts.list(&["a".to_owned(), "b".to_owned(), "c".to_owned()]);
        let message = r#"{"businessID":1,"actionType":4,"inviter":"A","inviteeList":["B"],
            "data":"{\"call_type\":1}"}"#;
        if let Some(message) = get_call_message(message) {
            let _ = texts.summary(&message);
            let _ = texts.direct(&message, Role::Callee);
            let _ = texts.group(&message, |_| Names::default());
        }
    }
}
