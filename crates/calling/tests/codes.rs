//! The tables of codes against the list of numbers they were made for.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Display;

use calling::Code;
use calling::codes::{ComponentError, TrtcError, TrtcWarning, UnknownCode, WebError};

const LIST: &str = include_str!("fixtures/codes.txt");

/// The rows of one table: number and name.
fn rows(table: &str) -> BTreeMap<i32, &'static str> {
    let mut rows = BTreeMap::new();
    for line in LIST.lines().filter(|line| !line.starts_with('#')) {
        let [of, number, name] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("three words: {line}")
        };
        if of == table {
            let number = number.parse().unwrap();
            assert_eq!(rows.insert(number, name), None, "{number} stands there twice");
        }
    }
    rows
}

fn check<T>(table: &str, all: &[T], name: impl Fn(T) -> &'static str)
where
    T: Copy + Display + PartialEq + std::fmt::Debug + TryFrom<i32, Error = UnknownCode>,
    i32: From<T>,
{
    let rows = rows(table);
    assert!(!rows.is_empty(), "{table}");
    for (number, wanted) in &rows {
        let code = T::try_from(*number).unwrap();
        assert_eq!((i32::from(code), name(code)), (*number, *wanted));
    }
    let ours: BTreeMap<_, _> = all.iter().map(|code| (i32::from(*code), name(*code))).collect();
    assert_eq!((ours.len(), ours), (all.len(), rows), "{table}");
    for code in all {
        let text = code.to_string();
        let number = i32::from(*code);
        assert!(text.ends_with(&format!(" (code {number})")), "{text}");
        let sentence = text.split(" (code").next().unwrap();
        assert!(sentence.contains(' ') && !sentence.ends_with('.'), "{sentence}");
        assert_eq!(T::try_from(number), Ok(*code));
    }
    let unknown = T::try_from(424_242).unwrap_err();
    assert_eq!(unknown.to_string(), format!("424242 is no code of {table}"));
}

#[test]
fn every_row_has_its_name_and_every_name_its_row() {
    check("TrtcError", TrtcError::ALL, TrtcError::name);
    check("TrtcWarning", TrtcWarning::ALL, TrtcWarning::name);
    check("ComponentError", ComponentError::ALL, ComponentError::name);
    check("WebError", WebError::ALL, WebError::name);
}

#[test]
fn what_this_server_answers_has_the_number_of_the_component() {
    for (ours, theirs) in [
        (Code::PermissionDenied, ComponentError::PermissionDenied),
        (Code::NotInitialised, ComponentError::NotInitialised),
        (Code::BadParameter, ComponentError::BadParameter),
        (Code::WrongState, ComponentError::WrongState),
        (Code::Repeated, ComponentError::Repeated),
        (Code::SceneUnsupported, ComponentError::SceneUnsupported),
        (Code::SignallingFailed, ComponentError::SignallingFailed),
        (Code::InviteNotFound, ComponentError::InviteNotFound),
        (Code::NotYourCall, ComponentError::InviteNoPermission),
        (Code::KickedOffline, ComponentError::KickedOffline),
    ] {
        assert_eq!(i32::from(ours), i32::from(theirs));
    }
    assert_eq!(i32::from(Code::UserNotFound), i32::from(WebError::UserNotFound));
    // The media engine has the numbers of the chat service, negative.
    for (ours, theirs) in [
        (Code::UserSigExpired, TrtcError::SigExpired),
        (Code::UserSigWrongUser, TrtcError::SigWrongUser),
        (Code::UserSigWrongApp, TrtcError::SigWrongApp),
        (Code::Internal, TrtcError::ServerInternal),
    ] {
        assert_eq!(i32::from(ours), -i32::from(theirs));
    }
}
