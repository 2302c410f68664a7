//! What the command line gives.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use calling_lab::{Command, LabError, run, trace};
use clap::{FromArgMatches, Subcommand};

/// What the command says on the screen and beside it.
fn lab(words: &[&str]) -> Result<(String, String), LabError> {
    let parser = Command::augment_subcommands(clap::Command::new("calling-lab"));
    let words = std::iter::once("calling-lab").chain(words.iter().copied());
    let matches = parser.try_get_matches_from(words).unwrap();
    let (mut screen, mut notes) = (Vec::new(), Vec::new());
    run(Command::from_arg_matches(&matches).unwrap(), &mut screen, &mut notes)?;
    Ok((String::from_utf8(screen).unwrap(), String::from_utf8(notes).unwrap()))
}

const SHORT: [&str; 6] = ["--seconds", "3", "--seeds", "2", "--no-speed", "--filter=fec"];

#[test]
fn networks_are_listed() {
    let (list, _) = lab(&["networks"]).unwrap();
    assert_eq!(list.lines().count(), trace::NAMES.len());
    assert!(list.contains("loss-30          30 % random loss\n"), "{list}");
}

#[test]
fn a_run_keeps_what_it_found() {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().to_str().unwrap();
    let words =
        [["audio", "--trace", "loss-10", "--wav", "--out", path].as_slice(), &SHORT].concat();
    let (table, notes) = lab(&words).unwrap();
    assert!(notes.contains("built-in imitation"), "{notes}");
    assert_eq!(fs::read_to_string(out.path().join("audio.md")).unwrap(), table);
    let json = fs::read(out.path().join("audio.json")).unwrap();
    let findings: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(findings["synthetic_speech"], true);
    assert_eq!(findings["runs"].as_array().unwrap().len(), 2 * 4, "seeds and players");
    let svg = fs::read_to_string(out.path().join("plots/synthetic.loss-10.fec.ours.svg")).unwrap();
    assert!(svg.starts_with("<svg "));
    assert!(notes.contains("NetEq is left out"), "{notes}");
    let pareto = out.path().join("plots/pareto.fec.svg");
    let drawn = fs::read_to_string(&pareto).unwrap();
    assert_eq!(drawn.matches("<title>").count(), 4, "a point per player");
    let score = r#"[{"speech":"synthetic","trace":"loss-10","stream":"fec","player":"ours","pesq_wb":3.0}]"#;
    fs::write(out.path().join("scores.json"), score).unwrap();
    fs::remove_file(&pareto).unwrap();
    assert_eq!(lab(&["report", path]).unwrap().0, table);
    assert_eq!(fs::read_to_string(&pareto).unwrap(), drawn, "drawn from what was kept");
    let scored = fs::read_to_string(out.path().join("plots/pareto-pesq.fec.svg")).unwrap();
    assert_eq!(scored.matches("<title>").count(), 1, "a point per player that was scored");
    for wav in
        ["synthetic.reference", "synthetic.loss-10.fec.ours", "synthetic.loss-10.fec.fixed-60"]
    {
        let bytes = fs::metadata(out.path().join(format!("wav/{wav}.wav"))).unwrap().len();
        assert!(bytes >= 3 * 48_000 * 2, "{wav}: {bytes}");
    }
    let json_words = [["audio", "--trace", "loss-10", "--json"].as_slice(), &SHORT].concat();
    let (again, _) = lab(&json_words).unwrap();
    assert_eq!(again.trim_end().as_bytes(), json, "the same to the byte");
}

#[test]
fn a_trace_file_is_written_and_played() {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("roam.cltr");
    let file = path.to_str().unwrap();
    lab(&["trace", "wifi-roam", file, "--seconds", "4", "--seed", "3"]).unwrap();
    assert_eq!(trace::read(&fs::read(&path).unwrap()).ok(), trace::generate("wifi-roam", 3, 4));
    let words =
        ["audio", "--trace", file, "--seeds", "1", "--no-speed", "--json", "--filter", "ours"];
    let (json, _) = lab(&words).unwrap();
    assert!(json.contains("\"trace\": \"wifi-roam\""), "{json}");
}

#[test]
fn what_does_not_exist_is_named() {
    let error = lab(&["audio", "--trace", "no-such-trace"]).unwrap_err();
    assert!(error.to_string().contains("no-such-trace") && error.to_string().contains("networks"));
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("bad.cltr");
    let arrivals = vec![trace::Arrival { index: 0, at_us: 3_600_000_100 }];
    let long = trace::Trace { name: "long".into(), frames: 1, drift_ppm: 0, arrivals };
    fs::write(&path, trace::write(&long).unwrap()).unwrap();
    let error = lab(&["audio", "--trace", path.to_str().unwrap()]).unwrap_err();
    assert!(matches!(error, LabError::TooLong(_)), "{error}");
    fs::write(&path, b"CLTR\x01\xff").unwrap();
    let error = lab(&["audio", "--trace", path.to_str().unwrap()]).unwrap_err();
    assert!(error.to_string().ends_with("bad.cltr: the trace file ends too early"), "{error}");
}
