//! Every text, cell by cell: the tables under `golden/texts` are what people read.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use calling_callrecord::text::{Phrase, Wording};
use calling_callrecord::{Language, Protocol, Texts};
use calling_signaling::call::Role;
use common::{bracketed, golden};

/// The rows of a table file: the heading above each (or `""`), and its cells.
fn rows(name: &str) -> Vec<(String, Vec<String>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/texts").join(name);
    let mut heading = String::new();
    let mut rows = Vec::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut heading);
        } else if let Some(row) = line.strip_prefix("| ") {
            let cells = row.trim_end_matches(" |").split(" | ").map(str::to_owned);
            rows.push((heading.clone(), cells.collect()));
        }
    }
    rows
}

/// The rows without the names of the columns.
fn body(name: &str) -> Vec<(String, Vec<String>)> {
    let columns = rows(name).first().unwrap().1.clone();
    rows(name).into_iter().filter(|(_, cells)| *cells != columns).collect()
}

fn texts(tag: &str) -> Texts {
    Texts::new(language(tag))
}

fn language(tag: &str) -> Language {
    Language::ALL.into_iter().find(|language| language.tag() == tag).unwrap()
}

fn wording(name: &str) -> Wording {
    match name {
        "native" => Wording::Native,
        "flutter" => Wording::Flutter,
        "web" => Wording::Web,
        _ => panic!("{name} is no wording"),
    }
}

/// As the tables write it.
fn cell(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

#[test]
fn what_the_two_sides_read() {
    let mut seen = BTreeSet::new();
    for (heading, row) in body("direct.md") {
        let (words, tag) = heading.split_once(' ').unwrap();
        let texts = texts(tag).with_wording(wording(words));
        let [name, caller, callee] = row.as_slice() else { panic!("{row:?}") };
        let message = golden(name);
        assert_eq!(texts.direct(&message, Role::Caller), *caller, "{heading}: {name}, caller");
        assert_eq!(texts.direct(&message, Role::Callee), *callee, "{heading}: {name}, callee");
        seen.insert((heading.clone(), message.protocol()));
    }
    // Nine meanings in three languages, in each of three wordings.
    let known = seen.iter().filter(|(_, protocol)| *protocol != Protocol::Unknown);
    assert_eq!(known.count(), 9 * 3 * 3, "a cell has no row");
}

#[test]
fn what_a_group_reads() {
    let mut seen = BTreeSet::new();
    for (_, row) in body("group.md") {
        let [name, lines @ ..] = row.as_slice() else { panic!("{row:?}") };
        let message = golden(name);
        for (language, line) in Language::ALL.into_iter().zip(lines) {
            let shown = Texts::new(language).group(&message, bracketed);
            assert_eq!(cell(shown), *line, "{name} in {}", language.tag());
        }
        assert_eq!(lines.len(), 3, "{name}");
        seen.insert(message.protocol());
    }
    seen.remove(&Protocol::Unknown);
    assert_eq!(seen.len(), 9, "a meaning has no row");
}

#[test]
fn what_the_widgets_and_the_conversation_list_show() {
    for (tag, row) in body("widgets.md") {
        let texts = texts(&tag);
        let [name, item, group_item, summary] = row.as_slice() else { panic!("{row:?}") };
        let message = golden(name);
        assert_eq!(cell(texts.item(Some(&message))), *item, "{tag}: {name}");
        assert_eq!(cell(texts.group_item(&message, bracketed)), *group_item, "{tag}: {name}");
        assert_eq!(texts.summary(&message), *summary, "{tag}: {name}");
    }
}

#[test]
fn what_a_program_says_around_a_call() {
    let rows = body("phrases.md");
    assert_eq!(rows.len(), Phrase::ALL.len(), "a phrase has no row");
    for (phrase, (_, row)) in Phrase::ALL.into_iter().zip(rows) {
        let [name, lines @ ..] = row.as_slice() else { panic!("{row:?}") };
        assert_eq!(*name, format!("{phrase:?}"));
        for (language, line) in Language::ALL.into_iter().zip(lines) {
            assert_eq!(Texts::new(language).phrase(phrase), *line, "{name}, {}", language.tag());
        }
    }
}

/// The attributes are wordings; each language has the same texts with the same arguments, but for
/// the wordings it needs no text of its own for.
#[test]
fn every_language_has_every_text() {
    let ids = |language: Language| -> BTreeSet<String> {
        let lines = language.source().lines();
        let entry = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
        entry.map(|line| line.split_once(" =").unwrap().0.to_owned()).collect()
    };
    let english = ids(Language::En);
    assert!(english.len() > 50);
    for language in Language::ALL {
        assert_eq!(ids(language), english, "{}", language.tag());
        let attributes = language.source().lines().filter(|line| line.starts_with("    ."));
        for attribute in attributes {
            let name = attribute.trim().trim_start_matches('.').split_once(" =").unwrap().0;
            assert!(["flutter", "web"].contains(&name), "{name}");
        }
    }
}
