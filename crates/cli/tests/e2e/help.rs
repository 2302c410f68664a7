//! `--help` and completions.

use crate::process::run;

#[test]
fn every_command_explains_itself() {
    let commands: [&[&str]; 15] = [
        &[],
        &["serve"],
        &["usersig"],
        &["call"],
        &["answer"],
        &["devices"],
        &["records"],
        &["demo"],
        &["bench"],
        &["bench", "calls"],
        &["bench", "idle"],
        &["bench", "timings"],
        &["config"],
        &["config", "check"],
        &["completions"],
    ];
    for command in commands {
        let help = run([command, &["--help"]].concat()).exits(0);
        let usage = format!("Usage: {}", [&["calling"], command].concat().join(" "));
        assert!(help.stdout.contains(&usage), "no {usage:?} in {help:#?}");
        assert_eq!(help.stderr, "");
    }
    let help = run(["--help"]).stdout;
    assert!(help.contains("Exit codes: 0 done, 1 failed, 2 wrong usage, 3"), "{help}");
    assert!(help.starts_with("Self-hosted voice calls"), "{help}");
}

#[test]
fn shells_complete() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(["completions", shell]).exits(0);
        for word in ["serve", "usersig", "answer", "records"] {
            assert!(script.stdout.contains(word), "{shell} does not know {word}");
        }
    }
}

#[test]
fn wrong_usage_says_how_it_goes() {
    for args in [&["dial"][..], &[], &["call"], &["answer", "--auto", "--busy", "--as", "bob"]] {
        let told = run(args).exits(2);
        assert_eq!(told.stdout, "");
        assert!(told.stderr.contains("Usage:"), "{told:#?}");
    }
}

#[test]
fn colours_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.toml");
    std::fs::write(&path, "").unwrap();
    let check = |color| run(["config", "check", "--color", color, path.to_str().unwrap()]).stdout;
    assert!(check("always").contains('\u{1b}'));
    assert!(!check("never").contains('\u{1b}'));
    assert!(!check("auto").contains('\u{1b}'), "not in a pipe");
}
