//! `calling config check`.

use crate::process::run;

#[test]
fn the_example_is_valid() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/calling.example.toml");
    let checked = run(["config", "check", example]).exits(0);
    assert_eq!(checked.stdout, format!("{example} is valid"));
    let checked = run(["config", "check", "--json", example]).exits(0).json();
    assert_eq!(checked["problems"], serde_json::json!([]));
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calling.toml");
    std::fs::write(&path, "http = 8080\n\n[call]\nring_timeout_s = -1\nringtone = \"x\"\n")
        .unwrap();
    let path = path.to_str().unwrap();

    let told = run(["config", "check", path]).exits(2);
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{told:#?}");
    for (line, number) in lines.iter().zip([1, 4, 5]) {
        assert!(line.starts_with(&format!("error: {path}:{number}:")), "{told:#?}");
    }
    assert_eq!(told.stderr, format!("error: 3 problems in {path}"));

    let told = run(["config", "check", "--json", path]).exits(2).json();
    let problems = told["problems"].as_array().unwrap();
    let lines: Vec<_> = problems.iter().map(|problem| problem["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 4, 5]);
    assert!(problems.iter().all(|problem| problem["message"].is_string()));
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let told = run(["config", "check", "/nowhere/calling.toml"]).exits(2);
    assert!(told.stdout.contains("/nowhere/calling.toml"), "{told:#?}");
    assert_eq!(told.stderr, "error: 1 problem in /nowhere/calling.toml");
}
