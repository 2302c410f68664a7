//! What the texts say of every example message of the invite codec, as JSON: what the browser's
//! reading of the same messages and texts is tested against.
//!
//! `cargo run -p calling-callrecord --example web_texts > web/tests/unit/ui/call-texts.golden.json`
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use calling_callrecord::text::{Names, Phrase};
use calling_callrecord::{CallingMessage, Language, Texts, get_call_message};
use calling_model::UserId;
use calling_signaling::call::Role;
use serde_json::{Value, json};

/// Durations and counts that a language may word differently.
const NUMBERS: [u64; 9] = [0, 1, 2, 5, 59, 60, 65, 3_600, 3_725];

/// The message of an example file as it travels; whole files are the text itself.
fn travelling(text: String) -> Result<String, serde_json::Error> {
    let file: Value = serde_json::from_str(&text)?;
    let Some(envelope) = file.get("envelope") else { return Ok(text) };
    let mut envelope = envelope.clone();
    envelope["data"] = Value::String(file["payload"].to_string());
    Ok(envelope.to_string())
}

/// Every example by its name, as `web/hangup`.
fn examples() -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../signaling/tests/golden");
    let mut found = BTreeMap::new();
    for path in files(&folder)?.into_iter().filter(|path| path.extension() == Some("json".as_ref()))
    {
        let name = path.strip_prefix(&folder)?.with_extension("").display().to_string();
        found.insert(name, travelling(fs::read_to_string(&path)?)?);
    }
    Ok(found)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

fn names(user: &UserId) -> Names {
    Names { nick_name: format!("<{}>", user.as_str()), ..Names::default() }
}

fn lines(message: &CallingMessage, texts: &Texts) -> Value {
    json!({
        "caller": texts.direct(message, Role::Caller),
        "callee": texts.direct(message, Role::Callee),
        "group": texts.group(message, names),
        "summary": texts.summary(message),
    })
}

fn around(texts: &Texts) -> Value {
    let phrases: Vec<_> = Phrase::ALL.into_iter().map(|phrase| texts.phrase(phrase)).collect();
    let people = |count: usize| (0..count).map(|n| format!("<{n}>")).collect::<Vec<_>>();
    let lists: Vec<_> = (0..4).map(|count| texts.list(&people(count))).collect();
    json!({
        "phrases": phrases,
        "lists": lists,
        "missed": NUMBERS.map(|count| texts.missed_calls(count)),
        "in_call": NUMBERS.map(|count| texts.in_call(count)),
        "in_words": NUMBERS.map(|seconds| texts.duration_in_words(seconds)),
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let languages = Language::ALL.map(|language| (language.tag(), Texts::new(language)));
    let mut messages = BTreeMap::new();
    for (name, text) in examples()? {
        let read = get_call_message(&text);
        let told: Option<BTreeMap<_, _>> = read.as_ref().map(|message| {
            languages.iter().map(|(tag, texts)| (*tag, lines(message, texts))).collect()
        });
        let facts = read.as_ref().map(|message| {
            json!({
                "caller": message.caller, "is_group": message.is_group,
                "missed_by_x": message.is_missed_by(&UserId::new("X").ok()?),
            })
            .into()
        });
        let facts: Option<Value> = facts.flatten();
        messages.insert(name, json!({ "text": text, "facts": facts, "told": told }));
    }
    let around: BTreeMap<_, _> =
        languages.iter().map(|(tag, texts)| (*tag, around(texts))).collect();
    let all = json!({ "numbers": NUMBERS, "messages": messages, "around": around });
    println!("{}", serde_json::to_string_pretty(&all)?);
    Ok(())
}
