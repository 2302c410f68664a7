//! `calling serve --demo` and its bot.

use std::fs::File;

use calling_media::video::{TestPattern, VideoSource, Y4mSink, Y4mSource};

use crate::process::{Process, run};
use crate::server::Server;
use crate::wav;

/// The variables of phones, which a server has no use for.
const PHONE_VARIABLES: [(&str, &str); 3] = [
    ("CALLING_SERVER", "ws://127.0.0.1:1"),
    ("CALLING_USER", "alice"),
    ("CALLING_USER_SIG", "none"),
];
const TONE_HZ: f64 = 700.0;

#[test]
fn the_demo_server_shows_a_call_and_its_bot_sends_back_what_it_hears() {
    let server = Server::demo(&PHONE_VARIABLES);
    it_showed_a_call(&server);
    a_tone_comes_back(&server);
    a_picture_comes_back(&server);
    a_printed_user_sig_signs_in(&server);
    let records = server.records();
    assert_eq!(records.len(), 4, "one of each call: {records:#?}");
    assert!(records.iter().all(|record| record["outcome"] == "completed"), "{records:#?}");
    let (server, _folder) = server.stop();
    let server = server.exits(0);
    assert!(server.stderr.ends_with("stopped"), "{server:#?}");
}

fn it_showed_a_call(server: &Server) {
    for row in ["invite", "ringing", "accepted", "ICE connected", "DTLS done", "first packet"] {
        server.process.says(row);
    }
    for row in ["first audio", "ended", "What ping heard", "AEAD_AES_128_GCM", "Call record"] {
        server.process.says(row);
    }
    for account in ["alice", "bob", "carol", "dave", "echo"] {
        let sig = printed_sig(server, account);
        let read = run(["usersig", "--json", "--decode", &sig]).exits(0).json();
        assert_eq!(read["user_id"], account);
    }
}

fn printed_sig(server: &Server, account: &str) -> String {
    server.process.stdout_line(|line| match *line.split_whitespace().collect::<Vec<_>>() {
        [name, sig] if name == account && sig.starts_with("eJ") => Some(sig.to_owned()),
        _ => None,
    })
}

fn a_tone_comes_back(server: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let [tone, heard] = ["tone.wav", "heard.wav"].map(|name| folder.path().join(name));
    wav::write_tone(&tone, TONE_HZ);
    let flags = ["--for", "2", "--json", "--play", tone.to_str().unwrap(), "--record"];
    let flags = [&flags[..], &[heard.to_str().unwrap()]].concat();
    let report = server.call("bob", "echo", &flags).finish().exits(0).json();

    assert_eq!(report["outcome"], "completed");
    assert!(report["duration_ms"].as_u64().unwrap() >= 2_000);
    assert_eq!(report["figures"]["srtp_profile"], "AEAD_AES_128_GCM");
    let pcm = wav::read(&heard);
    let last_second = &pcm[pcm.len().saturating_sub(48_000)..];
    let (tone, other) = (wav::strength(last_second, TONE_HZ), wav::strength(last_second, 1_130.0));
    assert!(tone > 0.1 && tone > 20.0 * other, "{tone} at the tone, {other} beside it");

    let records = run(["records", "--json", "--user", "bob", "--data", server.data()]).json();
    assert_eq!(records[0]["call_id"], report["call_id"]);
    assert_eq!(records[0]["outcome"], "completed");
    assert_eq!(records[0]["duration_ms"], report["duration_ms"]);
    let table = run(["records", "--user", "bob", "--data", server.data()]).exits(0).stdout;
    let cells: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(cells[2..5], ["bob", "echo", "completed"]);
}

fn a_picture_comes_back(server: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let [shown, seen] = ["shown.y4m", "seen.y4m"].map(|name| folder.path().join(name));
    let pattern = TestPattern::new(320, 180, 15);
    let mut sink = Y4mSink::new(File::create(&shown).unwrap(), 15);
    (0..300).for_each(|number| sink.write(&pattern.picture(number)).unwrap());
    drop(sink);
    let flags = ["--video", "--for", "3", "--json", "--play-video", shown.to_str().unwrap()];
    let flags = [&flags[..], &["--record-video", seen.to_str().unwrap()]].concat();
    let report = server.call("dave", "echo", &flags).finish().exits(0).json();
    assert_eq!(report["outcome"], "completed");
    let mut source = Y4mSource::new(File::open(&seen).unwrap()).unwrap();
    assert_eq!((source.size(), source.frame_rate()), ((320, 180), 30));
    let mut numbers: Vec<u32> = std::iter::from_fn(|| source.read())
        .map(|picture| TestPattern::number_of(&picture).expect("it can be read"))
        .collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    numbers.dedup();
    assert!(numbers.len() > 15, "{numbers:?}");
}

/// A phone needs no data folder if it is given a UserSig, also by the environment.
fn a_printed_user_sig_signs_in(server: &Server) {
    let (url, sig) = (server.url(), printed_sig(server, "carol"));
    let phone = [("CALLING_SERVER", &*url), ("CALLING_USER", "carol"), ("CALLING_USER_SIG", &*sig)];
    let args = ["call", "echo", "--for", "1", "--data", "/nowhere"];
    let call = Process::start_with(args, &phone).finish().exits(0);
    for row in ["echo is being called", "ringing", "the line is open", "What was heard here"] {
        assert!(call.stdout.contains(row), "no {row:?} in {call:#?}");
    }
}
