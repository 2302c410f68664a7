//! Pictures between real browsers.

use serde_json::Value;

use super::{alone, talk};
use crate::browser::chromium::{Chromium, Page};
use crate::server::Server;

fn sees(page: &mut Page, user: &str) -> Value {
    page.run(&format!("phone.sees('{user}')"))
}

/// Alice and bob, who show each other their cameras in `encodings`, large.
fn cameras(server: &Server, chromium: &Chromium, encodings: &str, setup: &str) -> (Page, Page) {
    let mut alice = chromium.phone(server, "alice");
    let mut bob = chromium.phone(server, "bob");
    for page in [&mut alice, &mut bob] {
        page.run(&format!("phone.camera = {encodings}"));
        page.run("phone.watch = ['camera']");
        page.run(setup);
    }
    talk(&mut alice, &mut [&mut bob], "['bob']");
    (alice, bob)
}

#[test]
fn two_browsers_see_each_other() {
    let _alone = alone();
    let (server, chromium) = (Server::start(), Chromium::start());
    let (mut alice, mut bob) = cameras(&server, &chromium, "[{}]", "0");
    for (page, other) in [(&mut alice, "bob"), (&mut bob, "alice")] {
        let seen = sees(page, other);
        assert_eq!(seen["codec"], "video/VP8", "{seen:#}");
        page.run(&format!("phone.until(() => phone.shown['{other}/camera'])"));
    }
    // Off and on again.
    alice.run("phone.mute('camera', true)");
    bob.run("phone.until(() => phone.shown['alice/camera'] === false)");
    let frames = "phone.stats().then((it) => it.seen['alice/camera'].framesDecoded)";
    // What bob still hears passes on the same connection meanwhile: first beside what was on its
    // way when the camera closed, then alone.
    bob.run("phone.hears('alice')");
    let before = bob.run(frames);
    bob.run("phone.hears('alice')");
    assert_eq!(bob.run(frames), before, "nothing of what is muted");
    alice.run("phone.mute('camera', false)");
    let after = sees(&mut bob, "alice");
    assert_eq!(after["packetsLost"], 0, "a pause is no loss: {after:#}");
    bob.run("phone.until(() => phone.shown['alice/camera'])");
    // A screen beside the camera, without anybody connecting anew.
    bob.run("phone.watch = ['camera', 'screen']");
    alice.run("phone.open('screen')");
    bob.run("phone.until(() => phone.shown['alice/screen'])");
    bob.run("phone.look('alice', 'screen')");
    bob.run("phone.sees('alice', 'screen')");
    sees(&mut bob, "alice");
}

#[test]
fn a_picture_in_two_sizes_is_seen_in_the_one_asked_for() {
    let _alone = alone();
    let (server, chromium) = (Server::start(), Chromium::start());
    let encodings = "[{ rid: 'q', scaleResolutionDownBy: 2 }, { rid: 'f' }]";
    let (mut alice, mut bob) = cameras(&server, &chromium, encodings, "phone.size = 'small'");
    let small = alice.run("phone.sees('bob', 'camera', 320)");
    bob.run("phone.sees('alice', 'camera', 320)");
    alice.run("phone.resize('bob', 'large')");
    let large = alice.run("phone.sees('bob', 'camera', 640)");
    assert_eq!(small["ssrc"], large["ssrc"], "one stream to its receiver");
    assert_eq!(large["packetsLost"], 0, "{large:#}");
    alice.run("phone.resize('bob', 'small')");
    let small = alice.run("phone.sees('bob', 'camera', 320)");
    assert_eq!(small["packetsLost"], 0, "{small:#}");
    // Nobody else's size changed.
    bob.run("phone.sees('alice', 'camera', 320)");
}

#[test]
fn every_codec_both_sides_know_passes() {
    let _alone = alone();
    let (server, chromium) = (Server::start(), Chromium::start());
    for codec in ["H264", "VP9", "AV1"] {
        let setup = format!("phone.prefer = '{codec}'");
        let (mut alice, mut bob) = cameras(&server, &chromium, "[{}]", &setup);
        // What all can see is known once all are there.
        for (page, other) in [(&mut alice, "bob"), (&mut bob, "alice")] {
            let wanted = format!("(it) => it.seen['{other}/camera']?.codec === 'video/{codec}'");
            page.run(&format!("phone.until(() => phone.stats().then({wanted}))"));
            sees(page, other);
        }
        alice.run("phone.hangUp()");
        bob.run("phone.until(() => phone.ended)");
    }
}
