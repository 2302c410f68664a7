//! Two phones and a server, each a process of its own: every way in which a call can end.

use serde_json::Value;

use crate::process::Process;
use crate::server::Server;
use crate::wav;

/// The call of `alice` to `bob` as she, he and the database saw it.
fn seen_by_all(server: &Server, alice: Process, code: i32, bob: Process) -> [Value; 3] {
    let alice = alice.finish().exits(code).json();
    let bob = bob.finish().exits(0).json();
    let records = server.records();
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(alice["call_id"], bob["call_id"]);
    assert_eq!(alice["call_id"], records[0]["call_id"]);
    let [record] = <[Value; 1]>::try_from(records).unwrap();
    [alice, bob, record]
}

fn outcomes(seen: &[Value; 3]) -> [&str; 3] {
    seen.each_ref().map(|view| view["outcome"].as_str().unwrap())
}

#[test]
fn an_answered_call_ends_when_the_caller_hangs_up() {
    let server = Server::start();
    let bob = server.answer("bob", &["--auto", "--calls", "1", "--json"]);
    let alice = server.call("alice", "bob", &["--for", "1", "--json"]);
    let seen = seen_by_all(&server, alice, 0, bob);
    assert_eq!(outcomes(&seen), ["completed"; 3]);
    let [alice, bob, record] = seen;
    assert_eq!(record["ended_by"], "alice");
    assert_eq!(alice["duration_ms"], bob["duration_ms"]);
    assert!(alice["figures"]["packets_received"].as_u64().unwrap() > 0);
    assert!(bob["figures"]["packets_received"].as_u64().unwrap() > 0);
}

#[test]
fn a_declined_call() {
    let server = Server::start();
    let bob = server.answer("bob", &["--reject", "--calls", "1", "--json"]);
    let alice = server.call("alice", "bob", &["--json"]);
    assert_eq!(outcomes(&seen_by_all(&server, alice, 3, bob)), ["rejected"; 3]);
}

#[test]
fn a_call_to_somebody_who_is_busy() {
    let server = Server::start();
    let bob = server.answer("bob", &["--busy", "--calls", "1", "--json"]);
    let alice = server.call("alice", "bob", &["--json"]);
    assert_eq!(outcomes(&seen_by_all(&server, alice, 3, bob)), ["busy"; 3]);
}

#[test]
fn nobody_answers() {
    let server = Server::start();
    let _bob = server.ringing_phone("bob");
    let alice = server.call("alice", "bob", &["--timeout", "1", "--json"]).finish().exits(3);
    assert_eq!(alice.json()["outcome"], "no_answer");
    assert_eq!(alice.stderr, "error: nobody answered");
    assert_eq!(server.records()[0]["outcome"], "no_answer");
}

#[test]
fn nobody_is_there_to_ring() {
    let server = Server::start();
    drop(server.ringing_phone("bob"));
    let alice = server.call("alice", "bob", &["--timeout", "1", "--json"]).finish().exits(3);
    let outcome = alice.json()["outcome"].clone();
    assert!(outcome == "offline" || outcome == "no_answer", "{alice:#?}");
    assert_eq!(server.records()[0]["outcome"], outcome);
}

#[test]
fn the_caller_gives_up() {
    let server = Server::start();
    let _bob = server.ringing_phone("bob");
    for signal in ["INT", "TERM"] {
        let alice = server.call("alice", "bob", &[]);
        alice.says("ringing");
        alice.signal(signal);
        let alice = alice.finish().exits(3);
        assert_eq!(alice.stderr, "error: the call was cancelled");
        assert_eq!(server.records()[0]["outcome"], "cancelled");
    }
    assert_eq!(server.records().len(), 2);
}

#[test]
fn the_callee_hangs_up_by_ctrl_c_and_waits_no_longer() {
    let server = Server::start();
    let bob = server.answer("bob", &["--auto"]);
    let alice = server.call("alice", "bob", &[]);
    alice.says("the line is open");
    bob.says("the line is open");
    bob.signal("INT");
    bob.finish().exits(0);
    let alice = alice.finish().exits(0);
    assert!(alice.stdout.contains("What was heard here"), "{alice:#?}");
    assert_eq!(server.records()[0]["ended_by"], "bob");
}

#[test]
fn a_phone_that_only_waits_ends_by_ctrl_c() {
    let server = Server::start();
    for signal in ["INT", "TERM"] {
        let bob = server.answer("bob", &["--auto", "--json"]);
        bob.signal(signal);
        let bob = bob.finish().exits(0);
        assert_eq!(bob.stdout, "", "{bob:#?}");
    }
}

#[test]
fn who_is_in_a_call_is_busy_and_its_call_goes_on() {
    let server = Server::start();
    let bob = server.answer("bob", &["--auto", "--calls", "1", "--json"]);
    let alice = server.call("alice", "bob", &[]);
    alice.says("the line is open");

    let carol = server.call("carol", "bob", &["--json"]).finish().exits(3);
    assert_eq!(carol.json()["outcome"], "busy");
    assert_eq!(carol.stderr, "error: the line is busy");

    alice.signal("INT");
    alice.finish().exits(0);
    assert_eq!(bob.finish().exits(0).json()["outcome"], "completed");
    let records = server.records();
    assert_eq!(records.len(), 2);
    for (caller, outcome) in [("alice", "completed"), ("carol", "busy")] {
        let record = records.iter().find(|record| record["caller"] == caller).unwrap();
        assert_eq!(record["outcome"], outcome);
    }
}

#[test]
fn one_phone_answers_call_after_call_into_a_file_each() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let [heard, second, tone] =
        ["heard.wav", "heard-2.wav", "tone.wav"].map(|name| folder.path().join(name));
    wav::write_tone(&tone, 500.0);
    let record = ["--record", heard.to_str().unwrap()];
    let flags = [&["--auto", "--calls", "2", "--json"], &record[..]].concat();
    let bob = server.answer("bob", &flags);
    let play = ["--play", tone.to_str().unwrap(), "--for", "1"];
    let first = server.call("alice", "bob", &play).finish().exits(0);
    assert!(first.stdout.contains("What was heard here"), "{first:#?}");
    server.call("carol", "bob", &["--for", "1"]).finish().exits(0);

    let bob = bob.finish().exits(0);
    let calls: Vec<Value> =
        bob.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(calls.len(), 2, "one line of JSON per call: {bob:#?}");
    assert_ne!(calls[0]["call_id"], calls[1]["call_id"]);
    assert!(wav::strength(&wav::read(&heard), 500.0) > 0.05, "alice's tone");
    assert!(wav::rms(&wav::read(&second)) < 0.01, "carol's silence");
}

#[test]
fn a_video_call_is_told_as_one() {
    let server = Server::start();
    let bob = server.answer("bob", &["--auto", "--calls", "1", "--json"]);
    server.call("alice", "bob", &["--video", "--for", "1"]).finish().exits(0);
    let invited = &bob.finish().exits(0).json()["events"];
    assert!(invited.is_array());
    assert_eq!(server.records()[0]["media_type"], "video");
}
