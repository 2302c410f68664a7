//! The call window, on a real terminal.

use crate::server::Server;
use crate::terminal::Terminal;

const SIZE: (u16, u16) = (80, 24);

/// `calling answer --as USER …` on a terminal, signed in.
fn answering(server: &Server, user: &str, flags: &[&str]) -> Terminal {
    let (url, data) = (server.url(), server.data());
    let args = ["answer", "--as", user, "--server", &url, "--data", data];
    let terminal = Terminal::start([&args[..], flags].concat(), SIZE);
    terminal.shows(&["waits for a call"]);
    terminal
}

/// `calling call CALLEE --as CALLER …` on a terminal.
fn calling(server: &Server, caller: &str, callee: &str, flags: &[&str]) -> Terminal {
    let (url, data) = (server.url(), server.data());
    let args = ["call", callee, "--as", caller, "--server", &url, "--data", data];
    Terminal::start([&args[..], flags].concat(), SIZE)
}

fn outcomes(server: &Server) -> Vec<String> {
    let records = server.records();
    records.iter().map(|record| record["outcome"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn keys_answer_mute_and_hang_up_and_the_terminal_is_restored() {
    let server = Server::start();
    let bob = answering(&server, "bob", &["--calls", "1"]);
    // Typed before anybody called: an answer to nothing.
    bob.types("a");
    let alice = server.call("alice", "bob", &["--json"]);
    bob.opens();
    bob.shows(&["Incoming voice call", "alice", "[a] accept", "rings"]);
    bob.types("a");
    bob.shows(&["Connected with alice", "bob (you)", "00:0", "mic on"]);
    bob.types("m");
    bob.shows(&["mic off", "m unmute"]);
    bob.types("?");
    bob.shows(&["hang up and end the program"]);
    bob.resize((20, 5));
    bob.shows(&["┌ Keys ────────────┐"]);
    bob.types("?");
    bob.shows(&["Connected", "mic off", "h hang up"]);
    bob.resize((100, 30));
    bob.shows(&["Connected with alice", "m unmute"]);
    bob.types("h");
    bob.shows(&["Call ended"]);
    bob.closes();
    let bob = bob.finish();
    assert_eq!(bob.code, Some(0), "{}", bob.text);
    assert!(bob.text.contains("Completed after") && bob.text.contains("by bob"), "{}", bob.text);
    assert!(bob.text.contains("What was heard here"), "{}", bob.text);
    alice.finish().exits(0);
    assert_eq!(outcomes(&server), ["completed"]);
}

#[test]
fn keys_decline_and_tell_busy() {
    let server = Server::start();
    let bob = answering(&server, "bob", &["--calls", "2"]);
    for (key, outcome) in [("r", "rejected"), ("i", "busy")] {
        let alice = server.call("alice", "bob", &["--json"]);
        bob.shows(&["Incoming voice call"]);
        bob.types(key);
        bob.shows(&["any key closes"]);
        bob.types(" ");
        bob.closes();
        assert_eq!(alice.finish().exits(3).json()["outcome"], outcome);
    }
    assert_eq!(bob.finish().code, Some(0));
}

#[test]
fn the_caller_sees_it_ring_and_the_same_exit_codes() {
    let server = Server::start();
    let ringing = server.ringing_phone("bob");
    for (leave, signal) in [("h", ""), ("\u{3}", ""), ("", "TERM"), ("", "HUP")] {
        let alice = calling(&server, "alice", "bob", &[]);
        alice.shows(&["Ringing", "bob", "h hang up", "rings"]);
        if signal.is_empty() {
            alice.types(leave);
        } else {
            alice.signal(signal);
        }
        let alice = alice.finish();
        assert_eq!(alice.code, Some(3), "{}", alice.text);
        assert!(alice.text.contains("error: the call was cancelled"), "{}", alice.text);
    }
    drop(ringing);
    assert_eq!(outcomes(&server), ["cancelled"; 4]);
}

#[test]
fn a_call_to_its_end_in_the_window() {
    let server = Server::start();
    let bob = server.answer("bob", &["--auto"]);
    let alice = calling(&server, "alice", "bob", &["--video"]);
    alice.shows(&["Video call", "Connected with bob", "camera on"]);
    alice.types("c");
    alice.shows(&["camera off"]);
    bob.signal("INT");
    alice.shows(&["Call ended"]);
    let alice = alice.finish();
    assert_eq!(alice.code, Some(0), "{}", alice.text);
    bob.finish().exits(0);
}

#[test]
fn the_time_to_talk_ends_the_call_in_the_window() {
    let server = Server::start();
    let bob = server.answer("bob", &["--auto", "--calls", "1", "--json"]);
    let alice = calling(&server, "alice", "bob", &["--for", "1"]);
    alice.shows(&["Connected with bob"]);
    alice.shows(&["Call ended"]);
    assert_eq!(alice.finish().code, Some(0));
    bob.finish().exits(0);
}

#[test]
fn ctrl_c_in_the_window_of_an_answered_call_ends_call_and_command() {
    let server = Server::start();
    let bob = answering(&server, "bob", &["--auto"]);
    let alice = server.call("alice", "bob", &[]);
    bob.shows(&["Connected with alice"]);
    bob.types("\u{3}");
    assert_eq!(bob.finish().code, Some(0));
    alice.finish().exits(0);
    assert_eq!(server.records()[0]["ended_by"], "bob");
}

#[test]
fn a_caller_who_gives_up_is_a_missed_call() {
    let server = Server::start();
    let bob = answering(&server, "bob", &["--calls", "1"]);
    let alice = server.call("alice", "bob", &[]);
    bob.opens();
    alice.signal("INT");
    bob.shows(&["The caller gave up"]);
    let bob = bob.finish();
    assert_eq!(bob.code, Some(0));
    assert!(bob.text.contains("alice gave up"), "{}", bob.text);
    alice.finish().exits(3);
}

#[test]
fn lines_instead_of_the_window_for_scripts() {
    let server = Server::start();
    let bob = answering(&server, "bob", &["--calls", "1", "--no-ui"]);
    let alice = calling(&server, "alice", "bob", &["--no-ui", "--for", "1"]);
    bob.shows(&["alice calls", "answer [a], decline [d] or busy [b]?"]);
    bob.types("a\n");
    let (alice, bob) = (alice.finish(), bob.finish());
    assert_eq!((alice.code, bob.code), (Some(0), Some(0)));
    for text in [alice.text, bob.text] {
        assert!(text.contains("What was heard here"), "{text}");
    }
}
