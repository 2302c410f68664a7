//! Calls of a real browser through a real server.

mod chromium;
mod pictures;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use self::chromium::{Chromium, Page};
use crate::server::Server;
use crate::wav;

/// One browser at a time: each takes the machine for itself.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What Chromium's fake microphone beeps at, in Hz.
const BEEP_HZ: f64 = 400.0;

/// `alice` calls `others`, and all talk.
fn talk(alice: &mut Page, others: &mut [&mut Page], callees: &str) -> String {
    let call = alice.run(&format!("phone.call({callees})"));
    let call = call.as_str().unwrap().to_owned();
    for other in &mut *others {
        other.run("phone.until(() => phone.invites.length)");
        other.run(&format!("phone.ask('accept', {{call_id: '{call}'}})"));
        connect(other, &call);
    }
    connect(alice, &call);
    call
}

fn connect(page: &mut Page, call: &str) {
    page.run(&format!("phone.connect('{call}')"));
    page.run("phone.connected()");
}

fn hears(page: &mut Page, user: &str) -> Value {
    page.run(&format!("phone.hears('{user}')"))
}

#[test]
fn two_browsers_hear_each_other() {
    let _alone = alone();
    let (server, chromium) = (Server::start(), Chromium::start());
    let mut alice = chromium.phone(&server, "alice");
    let mut bob = chromium.phone(&server, "bob");
    // One of them is known by its mid alone.
    bob.run("phone.withoutSsrc = true");
    talk(&mut alice, &mut [&mut bob], "['bob']");
    hears(&mut alice, "bob");
    hears(&mut bob, "alice");
    // The level travels under each side's own id, or nobody would be loud.
    for page in [&mut alice, &mut bob] {
        page.run("phone.until(() => phone.volumes?.some(({ volume }) => volume > 0))");
    }
    alice.run("phone.hangUp()");
    bob.run("phone.until(() => phone.ended === 'completed')");
}

#[test]
fn media_survives_an_ice_restart() {
    let _alone = alone();
    let (server, chromium) = (Server::start(), Chromium::start());
    let mut alice = chromium.phone(&server, "alice");
    let mut bob = chromium.phone(&server, "bob");
    talk(&mut alice, &mut [&mut bob], "['bob']");
    let before = hears(&mut alice, "bob");
    let ufrag = alice.run("phone.stats()")["iceUfrag"].clone();
    let answer = alice.run("phone.answer");
    alice.run("phone.restartIce()");
    let stats = "phone.stats().then((it) => it.iceUfrag)";
    alice.run(&format!("phone.until(async () => await {stats} !== {ufrag})"));
    let ufrag_of = |sdp: &Value| {
        let line = sdp.as_str().unwrap().lines().find(|line| line.starts_with("a=ice-ufrag:"));
        line.unwrap().to_owned()
    };
    assert_ne!(ufrag_of(&answer), ufrag_of(&alice.run("phone.answer")));
    let after = hears(&mut alice, "bob");
    assert_eq!(before["ssrc"], after["ssrc"], "the stream is the same");
    hears(&mut bob, "alice");
    assert_eq!(alice.run("phone.stats()")["dtls"], "connected");
}

#[test]
fn people_come_and_go() {
    let _alone = alone();
    let (server, chromium) = (Server::start(), Chromium::start());
    let mut alice = chromium.phone(&server, "alice");
    let mut bob = chromium.phone(&server, "bob");
    let mut carol = chromium.phone(&server, "carol");
    let call = talk(&mut alice, &mut [&mut bob, &mut carol], "['bob', 'carol']");
    for (page, others) in [
        (&mut alice, ["bob", "carol"]),
        (&mut bob, ["alice", "carol"]),
        (&mut carol, ["alice", "bob"]),
    ] {
        for other in others {
            hears(page, other);
        }
    }
    carol.run("phone.hangUp()");
    alice.run("phone.until(async () => Object.keys((await phone.stats()).heard).join() === 'bob')");
    hears(&mut alice, "bob");
    carol.run(&format!("phone.ask('join', {{call_id: '{call}'}})"));
    connect(&mut carol, &call);
    hears(&mut alice, "carol");
    hears(&mut carol, "alice");
    assert_eq!(alice.run("phone.stats()")["sections"], 3, "the free place was used again");
}

#[test]
fn a_browser_and_a_rust_client_hear_each_other() {
    let _alone = alone();
    let (server, chromium) = (Server::start(), Chromium::start());
    let folder = tempfile::tempdir().unwrap();
    let (tone, heard) = (folder.path().join("tone.wav"), folder.path().join("heard.wav"));
    wav::write_tone(&tone, 1_000.0);
    let (play, record) = (tone.to_str().unwrap(), heard.to_str().unwrap());
    let flags = ["--auto", "--calls", "1", "--json", "--play", play, "--record", record];
    let bob = server.answer("bob", &flags);
    let mut alice = chromium.phone(&server, "alice");
    alice.run("void (phone.copies = true)");
    talk(&mut alice, &mut [], "['bob']");
    hears(&mut alice, "bob");
    alice.run("void (phone.pitch = phone.listen('bob'))");
    alice.run("phone.until(() => Math.abs(phone.pitch() - 1000) < 30)");
    alice.run("phone.until(async () => (await phone.stats()).sent > 200)");
    alice.run("phone.hangUp()");
    let bob = bob.finish().exits(0).json();
    assert_eq!(bob["outcome"], "completed");
    assert!(bob["figures"]["packets_received"].as_u64().unwrap() > 100, "{bob:#}");
    assert!(bob["figures"]["packets_with_copies"].as_u64().unwrap() > 100, "{bob:#}");
    let pcm = wav::read(&heard);
    let loudest = |hz| pcm.chunks(960).map(|it| wav::strength(it, hz)).fold(0.0, f64::max);
    let (beep, other) = (loudest(BEEP_HZ), loudest(2_950.0));
    assert!(beep > 0.02 && beep > 5.0 * other, "beep {beep}, beside it {other}");
}
