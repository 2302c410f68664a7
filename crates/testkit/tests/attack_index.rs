//! Holds `docs/attacks.md`: every attack has its place, and every test it names exists and runs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// The groups of attacks, and how many each has.
const GROUPS: &[(u32, usize)] = &[
    (1, 5),
    (2, 7),
    (3, 4),
    (4, 5),
    (5, 4),
    (6, 3),
    (7, 4),
    (8, 3),
    (9, 13),
    (10, 9),
    (11, 21),
    (16, 5),
    (22, 15),
    (23, 12),
    (28, 5),
    (30, 6),
];

/// One row of the tables.
#[derive(Debug)]
struct Row {
    number: String,
    attack: String,
    rule: String,
    /// `file::function` each.
    tests: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("docs/attacks.md")).unwrap();
    text.lines().filter_map(row).collect()
}

/// The row a line holds; heads of tables and all other lines are none.
fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').collect();
    let [number, attack, rule, tests] = cells[..] else { panic!("not four cells: {line}") };
    let number = number.trim();
    if !number.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let tests = tests.split("<br>").map(|test| test.trim().trim_matches('`').to_owned());
    Some(Row {
        number: number.to_owned(),
        attack: attack.trim().to_owned(),
        rule: rule.trim().to_owned(),
        tests: tests.filter(|test| !test.is_empty()).collect(),
    })
}

/// What is wrong with a test named as `file::function`, in TypeScript `file::title`; `None` if it is there and runs.
fn fault(test: &str) -> Option<String> {
    let Some((file, function)) = test.rsplit_once("::") else {
        return Some(format!("{test}: write file::function"));
    };
    let Ok(source) = fs::read_to_string(root().join(file)) else {
        return Some(format!("{test}: there is no such file"));
    };
    if file.ends_with(".ts") {
        let runs =
            ["it", "test"].iter().any(|word| source.contains(&format!("{word}(\"{function}\"")));
        return (!runs).then(|| format!("{test}: there is no such test"));
    }
    runs(&source, function).err().map(|why| format!("{test}: {why}"))
}

/// Whether `source` has the test `function`, judged by the attributes above it.
fn runs(source: &str, function: &str) -> Result<(), &'static str> {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let head = format!("fn {function}(");
    let is_head = |line: &&str| line.strip_prefix("async ").unwrap_or(line).starts_with(&head);
    let at = lines.iter().position(is_head).ok_or("there is no such function")?;
    let above = lines[..at].iter().rev();
    let attributes: Vec<_> = above.take_while(|line| line.starts_with("#[")).collect();
    if !attributes.iter().any(|line| **line == "#[test]" || line.starts_with("#[tokio::test")) {
        return Err("it is not a test");
    }
    if attributes.iter().any(|line| line.starts_with("#[ignore")) {
        return Err("it is ignored");
    }
    Ok(())
}

#[test]
fn no_attack_is_missing() {
    let wanted = GROUPS
        .iter()
        .flat_map(|(group, items)| (1..=*items).map(move |item| format!("{group}.{item}")));
    let listed: Vec<String> = rows().into_iter().map(|row| row.number).collect();
    assert_eq!(listed, wanted.collect::<Vec<_>>());
}

#[test]
fn every_attack_has_a_rule_and_tests_that_run() {
    let rows = rows();
    assert!(!rows.is_empty());
    let mut faults = Vec::new();
    for row in &rows {
        assert!(!row.attack.is_empty() && !row.rule.is_empty(), "half a row: {row:?}");
        assert!(!row.tests.is_empty(), "{}: no test", row.number);
        faults.extend(row.tests.iter().filter_map(|test| fault(test)));
    }
    assert!(faults.is_empty(), "docs/attacks.md names tests that do not run:\n{faults:#?}");
}

#[test]
fn what_is_no_test_is_told() {
    let source = "#[test]\nfn one() {}\n\nfn two() {}\n\n/// Three.\n#[tokio::test]\n\
                  #[ignore = \"slow\"]\nasync fn three() {}\n#[tokio::test(flavor = \"x\")]\n\
                  async fn four() {}\n";
    assert_eq!(runs(source, "one"), Ok(()));
    assert_eq!(runs(source, "two"), Err("it is not a test"));
    assert_eq!(runs(source, "three"), Err("it is ignored"));
    assert_eq!(runs(source, "four"), Ok(()));
    assert_eq!(runs(source, "on"), Err("there is no such function"));
    assert!(fault("web/tests/e2e/ui/page.test.ts::nothing of the kind").is_some());
    assert!(fault("crates/no/such.rs::one").unwrap().contains("no such file"));
}
