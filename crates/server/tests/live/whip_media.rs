//! What tools that publish by WHIP are told of their packets, and what their descriptions draw.

use std::io::ErrorKind;
use std::net::UdpSocket;

use calling_model::VideoTrack;

use crate::phone::{Phone, frame};
use crate::whip::{Talk, Tool, entered, fragment, talk, whip};

#[tokio::test]
async fn a_tool_that_publishes_a_picture_is_told_of_its_packets() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["obs"]).await;
    let obs = Tool::new(&server, "obs");
    let offer = Phone::numbered_offer(&obs.certificate, 0x0b5);
    let created = obs.post(&whip(&call_id), &offer).await.expect(201);
    assert!(created.text.contains("a=rtcp-fb:96 transport-cc"), "{}", created.text);
    assert!(created.text.contains("a=extmap:3 http://www.ietf.org/id/draft-holmer"));
    let mut camera = obs.phone(&created, 0x0b5).await;
    entered(&mut alice, "obs").await;
    // 65535 is followed by 0, and 1 is lost on the way. Nobody watches: it is told all the same.
    for number in [65_534, 65_535, 0, 2] {
        camera.show_numbered(number, &frame(number == 65_534, b"on air")).await;
    }
    camera.pump(|camera| camera.told.len() >= 5).await;
    let came = [(65_534, true), (65_535, true), (0, true), (1, false), (2, true)];
    assert_eq!(camera.told, came);
    // What comes late is told of once more, what was told is not repeated.
    camera.show_numbered(1, &frame(false, b"late")).await;
    camera.pump(|camera| camera.told.len() >= 6).await;
    assert_eq!(camera.told[5], (1, true));
}

#[tokio::test]
async fn a_tool_that_did_not_ask_for_it_is_told_nothing_of_its_packets() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["obs"]).await;
    let obs = Tool::new(&server, "obs");
    let offer =
        Phone::numbered_offer(&obs.certificate, 0x0b5).replace("a=rtcp-fb:96 transport-cc\r\n", "");
    let created = obs.post(&whip(&call_id), &offer).await.expect(201);
    assert!(!created.text.contains("transport-cc"), "{}", created.text);
    let mut camera = obs.phone(&created, 0x0b5).await;
    entered(&mut alice, "obs").await;
    for number in 0..20 {
        camera.show_numbered(number, &frame(number == 0, b"on air")).await;
    }
    // A report of the room comes a second later, long after feedback would have.
    let reports = camera.reports;
    camera.pump(|camera| camera.reports > reports).await;
    assert_eq!(camera.told, []);
}

/// Attack group 16: candidates with the address of a victim, in the offer and trickled.
#[tokio::test]
async fn a_victims_address_among_the_candidates_draws_nothing() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["obs"]).await;
    let victim = UdpSocket::bind("127.0.0.1:0").unwrap();
    victim.set_nonblocking(true).unwrap();
    let port = victim.local_addr().unwrap().port();
    let candidate = format!("a=candidate:1 1 udp 2122260223 127.0.0.1 {port} typ host\r\n");
    let obs = Tool::new(&server, "obs");
    let offer = Phone::picture_offer(&obs.certificate, "sendonly", 0x0b5)
        .replace("m=video 9 ", &format!("m=video {port} "))
        .replace("c=IN IP4 0.0.0.0", "c=IN IP4 127.0.0.1")
        + &candidate.repeat(20);
    let created = obs.post(&whip(&call_id), &offer).await.expect(201);
    let (location, etag) = (created.location(), created.etag());
    for _ in 0..20 {
        let trickled = fragment("client") + &candidate.repeat(20);
        obs.patch(&location, &etag, &trickled).await.expect(204);
    }
    let mut camera = obs.phone(&created, 0x0b5).await;
    let restarted = obs.patch(&location, "*", &(fragment("anew") + &candidate)).await.expect(200);
    camera.restart("anew", &restarted.text);
    camera.barrier().await;
    entered(&mut alice, "obs").await;
    camera.show(VideoTrack::Camera, &frame(true, b"on air")).await;
    camera.barrier().await;
    // Whatever the server sent on loopback is there by now.
    let got = victim.recv_from(&mut [0; 2_048]);
    assert_eq!(got.unwrap_err().kind(), ErrorKind::WouldBlock);
}
