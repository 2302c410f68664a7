//! `calling demo`: one measured call.

use serde_json::Value;

use crate::process::{Finished, run};
use crate::wav;

fn number(report: &Value, name: &str) -> f64 {
    report[name].as_f64().unwrap_or_else(|| panic!("{name} is {}", report[name]))
}

fn volumes(report: &Value, side: &str) -> Vec<u64> {
    let series = report["volume"][side].as_array().unwrap();
    series.iter().map(|volume| volume.as_u64().unwrap()).collect()
}

#[test]
fn a_clean_call_is_reported_whole_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("made/on/demand");
    let done = run(["demo", "--seconds", "2", "--json", "--out", out.to_str().unwrap()]).exits(0);
    let report = done.json();

    assert_eq!(report["outcome"], "completed");
    assert_eq!(report["srtp_profile"], "AEAD_AES_128_GCM");
    for side in ["caller", "callee"] {
        assert_eq!(report["sides"][side]["srtp_profile"], "AEAD_AES_128_GCM");
    }
    assert_eq!(report["packets_lost"], 0);
    assert!(report["packets_discarded"].is_object());
    assert!((2_000.0..20_000.0).contains(&number(&report, "duration_ms")));
    let (sent, received) = (number(&report, "packets_sent"), number(&report, "packets_received"));
    assert!(sent >= 90.0 && received >= 90.0 && received <= sent, "{sent} {received}");
    for timing in ["invite_to_ring_ms", "accept_to_first_audio_ms", "ice_ms", "dtls_ms"] {
        assert!((0.0..30_000.0).contains(&number(&report, timing)), "{timing}");
    }
    for figure in ["concealed_ms", "jitter_ms", "server_cpu_ms"] {
        assert!(number(&report, figure) >= 0.0, "{figure}");
    }
    for delay in ["mean_playout_delay_ms", "target_delay_ms"] {
        assert!((1.0..2_000.0).contains(&number(&report, delay)), "{delay}");
    }
    assert!((1.0..=4.5).contains(&number(&report, "mos_estimate")));
    for side in ["caller", "callee"] {
        let series = volumes(&report, side);
        assert!(series.iter().all(|volume| *volume <= 100), "{side}: {series:?}");
        assert!(series.iter().any(|volume| *volume > 0), "{side}: {series:?}");
    }
    check_record(&report);
    check_events(&report);
    check_kept(&report, &out);
}

fn check_record(report: &Value) {
    let record = &report["record"];
    assert_eq!(record["outcome"], "completed");
    assert_eq!(record["caller"], "alice");
    assert_eq!(record["callees"], serde_json::json!(["bob"]));
    assert_eq!(record["ended_by"], "alice");
    assert_eq!(record["duration_ms"], report["duration_ms"]);
}

/// Both sides' events stand in the order of their times, each side's beginning and end once.
fn check_events(report: &Value) {
    let events = report["events"].as_array().unwrap();
    let times: Vec<f64> = events.iter().map(|event| number(event, "ms")).collect();
    assert!(times.is_sorted(), "{times:?}");
    let count = |side: &str, name: &str| {
        let those = events.iter().filter(|event| event["side"] == side && event["event"] == name);
        those.count()
    };
    for (side, name) in [
        ("caller", "ringing"),
        ("callee", "invited"),
        ("caller", "accept"),
        ("caller", "call_begin"),
        ("callee", "call_begin"),
        ("caller", "call_end"),
        ("callee", "call_end"),
        ("caller", "message"),
        ("callee", "message"),
    ] {
        assert_eq!(count(side, name), 1, "{side} {name}");
    }
    let place = |name| events.iter().position(|event| event["event"] == name).unwrap();
    let order = ["invited", "accept", "user_voice_volume", "call_end"].map(place);
    assert!(order.is_sorted(), "{order:?}");
}

fn check_kept(report: &Value, out: &std::path::Path) {
    let text = std::fs::read_to_string(out.join("report.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), *report);
    let (said, heard) = (wav::read(&out.join("sent.wav")), wav::read(&out.join("received.wav")));
    assert!(wav::rms(&said) > 0.01 && wav::rms(&heard) > 0.01);
    let correlation = wav::best_correlation(&said, &heard);
    assert!(correlation > 0.7, "what was heard is not what was said: {correlation}");
}

#[test]
fn a_call_over_a_bad_network_completes() {
    let report =
        run(["demo", "--seconds", "2", "--loss", "10", "--jitter", "30", "--seed", "3", "--json"])
            .exits(0)
            .json();
    assert_eq!(report["outcome"], "completed");
    assert!(number(&report, "packets_received") > 0.0);
    assert!(number(&report, "packets_lost") > 0.0, "the dice of seed 3 lose something");
    assert!(report["record"].is_object());
}

#[test]
fn people_read_a_timeline_and_figures() {
    let Finished { stdout, .. } = run(["demo", "--seconds", "1", "--delay", "5"]).exits(0);
    for heading in [
        "A call over 5 ms delay on each leg (seed 1)",
        "The call",
        "What the caller heard",
        "What the callee heard",
        "Volume",
        "Call record",
    ] {
        assert!(stdout.lines().any(|line| line == heading), "no {heading:?} in\n{stdout}");
    }
    for row in ["ringing", "talking", "accept → audio", "playout delay", "alice → bob"] {
        assert!(stdout.contains(row), "no {row:?} in\n{stdout}");
    }
    assert!(!stdout.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn impossible_networks_are_refused() {
    for (flag, value) in [("--loss", "101"), ("--loss", "-1"), ("--loss", "NaN")] {
        let argument = format!("{flag}={value}");
        run(["demo", &argument]).fails(2, &["--loss is a percentage"]);
    }
    for argument in ["--delay=5001", "--jitter=5001", "--burst=60001"] {
        run(["demo", argument]).fails(2, &["up to 5000 ms"]);
    }
}
