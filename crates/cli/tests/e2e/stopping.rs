//! The server ends, in order or not, while people talk: every call ended and recorded once.

use crate::process::{Process, run};
use crate::server::{Server, records};

/// `alice` and `bob`, talking.
fn talking(server: &Server) -> (Process, Process) {
    let bob = server.answer("bob", &["--auto", "--calls", "1"]);
    let alice = server.call("alice", "bob", &[]);
    alice.says("the line is open");
    bob.says("the line is open");
    (alice, bob)
}

#[test]
fn a_server_that_is_stopped_ends_and_records_the_call() {
    let server = Server::start();
    let (alice, bob) = talking(&server);
    let (stopped, folder) = server.stop();
    let stopped = stopped.exits(0);
    assert!(stopped.stderr.contains("stopping: calls are ended and recorded"), "{stopped:#?}");
    let records = records(folder.path());
    assert_eq!(records.len(), 1, "{records:#?}");
    assert!(records[0]["ended_at"].is_u64(), "{records:#?}");
    assert_eq!(records[0]["outcome"], "interrupted");
    // Both phones were told before the server went.
    alice.says("ended");
    bob.says("ended");
    alice.finish().exits(3);
    bob.finish().exits(0);
}

#[test]
fn a_killed_server_records_the_call_once_when_it_is_back() {
    let server = Server::start();
    let (alice, bob) = talking(&server);
    let server = server.killed_and_restarted();
    server.process.says("1 calls of a killed server were ended and recorded");
    let records = server.records();
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(records[0]["outcome"], "interrupted");
    // The phones come back and learn that their call is over.
    alice.says("ended");
    bob.says("ended");
    alice.finish().exits(3);
    bob.finish().exits(0);

    let server = server.killed_and_restarted();
    assert_eq!(server.records().len(), 1, "once, also after the next crash");
    let (stopped, _folder) = server.stop();
    assert!(!stopped.exits(0).stdout.contains("of a killed server"));
}

#[test]
fn ctrl_c_during_the_first_call_of_the_demo_stops_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let args = ["serve", "--demo", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0", "--data"];
    let server = Process::start([&args[..], &[data]].concat());
    server.says("A call: ping rings pong");
    server.signal("INT");
    let server = server.finish().exits(0);
    assert!(!server.stdout.contains("Ready."), "{server:#?}");
    assert!(server.stderr.ends_with("stopped"), "{server:#?}");
    let unfinished = records(folder.path()).into_iter().filter(|it| it["ended_at"].is_null());
    assert_eq!(unfinished.count(), 0);
}

#[test]
fn nobody_of_the_demo_is_busy_while_its_first_call_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let args = ["serve", "--demo", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0", "--data"];
    let server = Process::start([&args[..], &[data]].concat());
    server.says("A call: ping rings pong");
    server.says("accepted");
    let url = server.stdout_line(|line| {
        let (_, url) = line.split_once(" serves http://")?;
        Some(format!("ws://{}", url.trim_end_matches('/')))
    });
    let phone = ["call", "echo", "--as", "alice", "--for", "1", "--server", &url, "--data", data];
    run(phone).exits(0);
    server.signal("INT");
    server.finish().exits(0);
}

#[test]
fn a_phone_that_dies_is_lost_and_the_other_is_told() {
    let server = Server::start();
    let (alice, bob) = talking(&server);
    alice.signal("KILL");
    bob.says("ended");
    bob.finish().exits(0);
    let records = server.records();
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(records[0]["outcome"], "peer_lost");
}

#[test]
fn a_demo_that_is_stopped_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = [("TMPDIR", folder.path().to_str().unwrap())];
    let demo = Process::start_with(["demo", "--seconds", "60"], &temporary);
    demo.says("the line is open");
    demo.signal("INT");
    let demo = demo.finish().exits(3);
    assert_eq!(demo.stderr, "error: stopped before it was done");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
