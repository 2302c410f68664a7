//! Offers in SDP: who is received where, and what an offer after the first means.

use std::time::Duration;

use calling_model::{CallId, ConnectionId, VideoSize, VideoTrack};
use calling_room::{
    AudioSource, AudioTerms, Receives, Streams, VideoPlaces, VideoSource, VideoSourceSsrcs,
    VideoViews,
};
use calling_signaling::protocol::{
    CallReply, Code, Event, Reply, SdpOffer, Subscription, Track, VideoView,
};
use calling_transport::sdp::{Direction, SessionDescription};
use calling_transport::{CloseReason, Fingerprint};

use super::HubRequest;
use super::world::{Device, World, local_params, settle, streams, user};
use crate::shard::{Closed, ShardCommand, ShardEvent};

/// An offer of a peer connection: a microphone in section 0, and places in 1 and 2.
#[derive(Clone)]
struct Peer {
    session: u64,
    ufrag: &'static str,
    certificate: &'static [u8],
    microphone: &'static str,
}

const PEER: Peer =
    Peer { session: 5, ufrag: "ufrag", certificate: b"client", microphone: "a=ssrc:77 cname:x" };

impl Peer {
    fn sdp(&self) -> String {
        let Self { session, ufrag, certificate, microphone } = self;
        let fingerprint = Fingerprint::of(certificate);
        let section = |mid: u8, way: &str, more: &str| {
            format!(
                "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{mid}\r\na={way}\r\na=rtcp-mux\r\n\
                 a=rtpmap:96 opus/48000/2\r\na=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
                 a=ice-ufrag:{ufrag}\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\n{more}\r\n\
                 a=fingerprint:{fingerprint}\r\na=setup:actpass\r\n"
            )
        };
        let head = format!(
            "v=0\r\no=- {session} 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n"
        );
        let places = [section(1, "recvonly", "a=x"), section(2, "recvonly", "a=x")];
        head + &section(0, "sendonly", microphone) + &places.concat()
    }
}

async fn offer(device: &mut Device, call_id: &CallId, sdp: String, wanted: &[(&str, &str)]) {
    let subscription = |name| Subscription { user: user(name), track: Track::Audio, size: None };
    let subscribe = wanted.iter().map(|(mid, name)| ((*mid).to_owned(), subscription(name)));
    let offer = SdpOffer { sdp, subscribe: subscribe.collect(), publish: [].into() };
    let request = HubRequest::ConnectMedia { call_id: call_id.clone(), offer: offer.into() };
    device.request(request).await;
}

async fn answer(device: &mut Device) -> SessionDescription {
    let reply = device.reply().await;
    let Ok(Reply::MediaSdp(answer)) = reply else { panic!("{reply:?}") };
    answer.sdp.parse().unwrap()
}

/// Opens the first connection of a peer; what it agreed on and was answered.
async fn open(
    world: &mut World,
    device: &mut Device,
    call: &CallReply,
    peer: &Peer,
    wanted: &[(&str, &str)],
) -> (ConnectionId, AudioTerms, SessionDescription) {
    offer(device, &call.facts.call_id, peer.sdp(), wanted).await;
    let mut command = world.shard.command().await;
    while matches!(command, ShardCommand::Reserve { .. }) {
        command = world.shard.command().await;
    }
    let ShardCommand::Connect { seat, remote, reply } = command else { panic!("{command:?}") };
    assert_eq!(remote.fingerprint, Fingerprint::of(peer.certificate));
    reply.send(Ok(local_params())).unwrap();
    (seat.connection, seat.terms, answer(device).await)
}

/// A connection is in the room under these SSRCs.
async fn enter_as(world: &mut World, connection: ConnectionId, streams: Streams) {
    let Streams { audio: audio_ssrc, video } = streams;
    world.shard.tell(ShardEvent::Entered { connection, audio_ssrc, video }).await;
    settle().await;
}

/// `who` is in the room under an SSRC of its connection's number and 1,000.
async fn enter(world: &mut World, connection: ConnectionId) {
    let handshake = Duration::from_millis(5);
    world.shard.tell(ShardEvent::Connected { connection, handshake }).await;
    let (audio, video) = (audio_ssrc(connection), streams(connection));
    enter_as(world, connection, Streams { audio, video }).await;
}

fn audio_ssrc(connection: ConnectionId) -> u32 {
    1_000 + u32::try_from(connection.0).unwrap()
}

fn places(connections: &[ConnectionId]) -> Receives {
    Receives::Only(connections.iter().map(|it| audio_ssrc(*it)).collect())
}

/// What is reserved for `name`, as the shard is told next.
async fn reserved(world: &mut World, name: &str) -> Streams {
    let command = world.shard.command().await;
    let ShardCommand::Reserve { user: whose, streams, .. } = command else { panic!("{command:?}") };
    assert_eq!(whose, user(name));
    streams
}

#[tokio::test]
async fn who_entered_is_received_after_an_offer_more() {
    let mut world = World::new();
    let (mut alice, mut bob, call) = world.talk(["alice", "bob"]).await;
    let (own, terms, first) = open(&mut world, &mut alice, &call, &PEER, &[("1", "bob")]).await;
    assert_eq!((terms.payload_type, terms.audio_level_id), (96, None));
    assert_eq!(terms.source, AudioSource::Ssrc(77));
    assert_eq!(first.sections[1].direction, Direction::SendOnly, "bob is expected");

    bob.connect_media(&call.facts.call_id).await;
    let his = world.shard.connect().await;
    bob.reply().await.unwrap();
    enter(&mut world, his).await;
    alice.event(|event| matches!(event, Event::UserEntered { .. })).await;

    offer(&mut alice, &call.facts.call_id, PEER.sdp(), &[("1", "bob")]).await;
    let command = world.shard.command().await;
    let ShardCommand::Renegotiate { connection, credentials, terms, reply, .. } = command else {
        panic!("{command:?}")
    };
    assert_eq!((connection, credentials), (own, None));
    assert_eq!(terms.receives, places(&[his]));
    reply.send(Some(local_params())).unwrap();
    let second = answer(&mut alice).await;
    assert_eq!(second.session_id, first.session_id);
    assert!(second.session_version > first.session_version);
    let section = &second.sections[1];
    assert_eq!(section.direction, Direction::SendOnly);
    assert_eq!(section.ssrcs[0].ssrc, 1_000 + u32::try_from(his.0).unwrap());
    assert_eq!(section.msids[0].stream, "bob");
    assert_eq!(second.sections[2].direction, Direction::Inactive);
}

/// A peer that also sends a picture, and wants to be told which of its packets came.
fn with_camera(sdp: &str) -> String {
    let camera = format!(
        "m=video 9 UDP/TLS/RTP/SAVPF 100\r\na=mid:3\r\na=sendonly\r\na=rtcp-mux\r\n\
         a=rtpmap:100 VP8/90000\r\na=rtcp-fb:100 transport-cc\r\na=ssrc:78 cname:x\r\n\
         a=extmap:6 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
         a=ice-ufrag:{}\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\na=fingerprint:{}\r\n\
         a=setup:actpass\r\n",
        PEER.ufrag,
        Fingerprint::of(PEER.certificate)
    );
    sdp.replace("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1 2 3") + &camera
}

#[tokio::test]
async fn who_sends_pictures_is_told_of_its_packets_from_that_offer_on() {
    let mut world = World::new();
    let (mut alice, _bob, call) = world.talk(["alice", "bob"]).await;
    open(&mut world, &mut alice, &call, &PEER, &[]).await;
    for (sdp, expected) in [(with_camera(&PEER.sdp()), Some(6)), (PEER.sdp(), None)] {
        offer(&mut alice, &call.facts.call_id, sdp, &[]).await;
        let command = world.shard.command().await;
        let ShardCommand::Renegotiate { feedback_id, reply, .. } = command else {
            panic!("{command:?}")
        };
        assert_eq!(feedback_id, expected);
        reply.send(Some(local_params())).unwrap();
        answer(&mut alice).await;
    }
    let another = with_camera(&PEER.sdp()).replace("o=- 5 ", "o=- 9 ");
    offer(&mut alice, &call.facts.call_id, another, &[]).await;
    // In place of the one there was.
    let command = world.shard.command().await;
    assert!(matches!(command, ShardCommand::Disconnect { .. }), "{command:?}");
    let command = world.shard.command().await;
    let ShardCommand::Connect { remote, .. } = command else { panic!("{command:?}") };
    assert_eq!(remote.feedback_id, Some(6));
}

#[tokio::test]
async fn another_ufrag_restarts_ice_and_another_peer_replaces_the_connection() {
    let mut world = World::new();
    let (mut alice, _bob, call) = world.talk(["alice", "bob"]).await;
    let (own, ..) = open(&mut world, &mut alice, &call, &PEER, &[]).await;
    let restarted = Peer { ufrag: "another", ..PEER };
    offer(&mut alice, &call.facts.call_id, restarted.sdp(), &[]).await;
    let command = world.shard.command().await;
    let ShardCommand::Renegotiate { connection, credentials, reply, .. } = command else {
        panic!("{command:?}")
    };
    assert_eq!(connection, own);
    assert_eq!(credentials.unwrap().ufrag(), "another");
    reply.send(Some(local_params())).unwrap();
    answer(&mut alice).await;

    // The same certificate, but no session of DTLS that could go on.
    let reloaded = Peer { session: 6, ..restarted };
    offer(&mut alice, &call.facts.call_id, reloaded.sdp(), &[]).await;
    let command = world.shard.command().await;
    assert!(matches!(command, ShardCommand::Disconnect { connection, .. } if connection == own));
    assert!(matches!(world.shard.command().await, ShardCommand::Connect { .. }));
}

#[tokio::test]
async fn a_peer_whose_connection_has_ended_is_told_to_begin_anew() {
    let mut world = World::new();
    let (mut alice, _bob, call) = world.talk(["alice", "bob"]).await;
    let (connection, ..) = open(&mut world, &mut alice, &call, &PEER, &[]).await;
    let why = Closed::Transport(CloseReason::ConsentLost);
    world.shard.tell(ShardEvent::Closed { connection, why }).await;
    alice.event(|event| matches!(event, Event::MediaFailed { .. })).await;
    let restarted = Peer { ufrag: "another", ..PEER };
    offer(&mut alice, &call.facts.call_id, restarted.sdp(), &[]).await;
    assert_eq!(alice.reply().await, Err(Code::WrongState));
    open(&mut world, &mut alice, &call, &Peer { session: 6, ..PEER }, &[]).await;
}

#[tokio::test]
async fn a_microphone_without_an_ssrc_is_known_by_its_mid() {
    let mut world = World::new();
    let (mut alice, _bob, call) = world.talk(["alice", "bob"]).await;
    let peer = Peer { microphone: "a=x", ..PEER };
    let (_, terms, _) = open(&mut world, &mut alice, &call, &peer, &[]).await;
    assert_eq!(terms.source, AudioSource::Mid { id: 3, mid: "0".to_owned() });
}

#[tokio::test]
async fn places_are_agreed_on_while_it_rings_and_nobody_is_let_in() {
    let mut world = World::new();
    let (mut alice, mut bob, call) = world.ring(["alice", "bob"]).await;
    let sdp = with_video(&[video(3, "recvonly", "")]);
    let call_id = &call.facts.call_id;
    let wanted = [("1", Track::Audio, None), ("3", Track::Camera, None)];
    offer_video(&mut alice, call_id, &sdp, &wanted, &[]).await;
    let his = reserved(&mut world, "bob").await;
    let command = world.shard.command().await;
    let ShardCommand::Connect { seat: hers, reply, .. } = command else { panic!("{command:?}") };
    reply.send(Ok(local_params())).unwrap();
    assert_eq!(hers.terms.receives, Receives::Only([his.audio].into()));
    assert_eq!(hers.video.receives, VideoPlaces::Only([his.video[0].ssrc].into()));
    assert!(!hers.admitted);
    let answered = answer(&mut alice).await;
    let ssrcs = |mid: usize| -> Vec<u32> {
        answered.sections[mid].ssrcs.iter().map(|it| it.ssrc).collect()
    };
    assert_eq!(ssrcs(1), [his.audio]);
    assert_eq!(ssrcs(3), [his.video[0].ssrc, his.video[0].rtx_ssrc]);
    assert!(alice.is_silent(), "she is not told of anybody in the room");

    // The same from the other side, and what is reserved once is not reserved again.
    let (_, terms, _) = open(&mut world, &mut bob, &call, &PEER, &[("1", "alice")]).await;
    assert!(matches!(terms.receives, Receives::Only(streams) if streams.len() == 1));
    offer_video(&mut alice, call_id, &sdp, &wanted, &[]).await;
    let command = world.shard.command().await;
    let ShardCommand::Renegotiate { terms, .. } = command else { panic!("{command:?}") };
    assert_eq!(terms.receives, Receives::Only([his.audio].into()));
}

#[tokio::test]
async fn strangers_to_the_call_are_not_expected() {
    let mut world = World::new();
    world.sign_in("eve", "e").await;
    let (mut alice, _bob, call) = world.ring(["alice", "bob"]).await;
    let wanted = [("1", "eve"), ("2", "alice")];
    let (_, terms, answer) = open(&mut world, &mut alice, &call, &PEER, &wanted).await;
    assert_eq!(terms.receives, places(&[]));
    for section in &answer.sections[1..] {
        assert_eq!(section.direction, Direction::Inactive, "neither a stranger nor oneself");
        assert!(section.ssrcs.is_empty());
    }
}

#[tokio::test]
async fn who_comes_under_other_ssrcs_than_reserved_is_agreed_on_anew() {
    let mut world = World::new();
    let (mut alice, mut bob, call) = world.talk(["alice", "bob"]).await;
    let (_, terms, _) = open(&mut world, &mut alice, &call, &PEER, &[("1", "bob")]).await;
    bob.connect_media(&call.facts.call_id).await;
    let his = world.shard.connect().await;
    bob.reply().await.unwrap();
    enter(&mut world, his).await;
    let event = alice.event(|event| matches!(event, Event::UserEntered { .. })).await;
    assert!(
        matches!(event, Event::UserEntered { audio_ssrc: told, .. } if told == audio_ssrc(his))
    );
    offer(&mut alice, &call.facts.call_id, PEER.sdp(), &[("1", "bob")]).await;
    let command = world.shard.command().await;
    let ShardCommand::Renegotiate { terms: now, .. } = command else { panic!("{command:?}") };
    assert_ne!(now.receives, terms.receives);
    assert_eq!(now.receives, places(&[his]));
}

#[tokio::test]
async fn pictures_are_sent_so_that_whoever_is_rung_can_see_them() {
    let mut world = World::new();
    let (mut alice, mut bob, call) = world.ring(["alice", "bob"]).await;
    let sdp = with_video(&[video(3, "sendonly", "a=ssrc:8 cname:x\r\n")]);
    let codecs = |answer: &SessionDescription| -> Vec<u8> {
        answer.sections[3].codecs.iter().map(|codec| codec.payload_type).collect()
    };
    offer_video(&mut alice, &call.facts.call_id, &sdp, &[], &[]).await;
    let command = world.shard.command().await;
    let ShardCommand::Connect { reply, .. } = command else { panic!("{command:?}") };
    reply.send(Ok(local_params())).unwrap();
    assert_eq!(codecs(&answer(&mut alice).await), [96, 97], "he may be a native client");
    offer_video(&mut bob, &call.facts.call_id, &sdp, &[], &[]).await;
    let command = world.shard.command().await;
    let ShardCommand::Connect { reply, .. } = command else { panic!("{command:?}") };
    reply.send(Ok(local_params())).unwrap();
    assert_eq!(codecs(&answer(&mut bob).await), [96, 97, 98], "she takes VP9, too");
}

#[tokio::test]
async fn an_offer_of_vp9_alone_is_taken_though_somebody_is_rung() {
    let mut world = World::new();
    let mut alice = world.sign_in("alice", "a").await;
    let mut bob = world.sign_in("bob", "b").await;
    let _carol = world.sign_in("carol", "c").await;
    let call_id = alice.place_among(&["bob", "carol"]).await.facts.call_id;
    let all = video(3, "sendonly", "a=ssrc:8 cname:x\r\n");
    let alone = all
        .replace("SAVPF 96 97 98", "SAVPF 98")
        .replace("a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n", "");
    let offers = [(&mut bob, all, vec![96, 97]), (&mut alice, alone, vec![98])];
    for (device, section, expected) in offers {
        offer_video(device, &call_id, &with_video(&[section]), &[], &[]).await;
        let command = world.shard.command().await;
        let ShardCommand::Connect { reply, .. } = command else { panic!("{command:?}") };
        reply.send(Ok(local_params())).unwrap();
        let section = answer(device).await.sections.remove(3);
        let codecs: Vec<u8> = section.codecs.iter().map(|codec| codec.payload_type).collect();
        assert_eq!(codecs, expected);
    }
}

#[tokio::test]
async fn a_wrong_offer_is_explained() {
    let mut world = World::new();
    let (mut alice, _bob, call) = world.talk(["alice", "bob"]).await;
    let call_id = call.facts.call_id;
    let good = PEER.sdp();
    let cases: [(String, &[(&str, &str)]); 6] = [
        (String::new(), &[]),
        ("x".repeat(70_000), &[]),
        (good.replace("opus", "speex"), &[]),
        (good.clone(), &[("0", "bob")]),
        (good.clone(), &[("7", "bob")]),
        (good, &[("1", "bob"), ("2", "bob")]),
    ];
    for (sdp, wanted) in cases {
        offer(&mut alice, &call_id, sdp, wanted).await;
        assert_eq!(alice.reply().await, Err(Code::BadParameter));
    }
    let mut eve = world.sign_in("eve", "e").await;
    offer(&mut eve, &call_id, PEER.sdp(), &[("1", "bob")]).await;
    assert_eq!(eve.reply().await, Err(Code::NotYourCall));
    assert!(world.shard.commands.is_empty());
}

/// A section of video after those of [`PEER`].
fn video(mid: u8, way: &str, more: &str) -> String {
    format!(
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98\r\na=mid:{mid}\r\na={way}\r\na=rtcp-mux\r\n\
         a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
         a=rtpmap:98 VP9/90000\r\na=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
         a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n{more}"
    )
}

fn with_video(sections: &[String]) -> String {
    let audio = PEER.sdp().replace("96 opus", "111 opus").replace("SAVPF 96", "SAVPF 111");
    let mids: String = (3..3 + sections.len()).map(|mid| format!(" {mid}")).collect();
    audio.replace("BUNDLE 0 1 2", &format!("BUNDLE 0 1 2{mids}")) + &sections.concat()
}

async fn offer_video(
    device: &mut Device,
    call_id: &CallId,
    sdp: &str,
    wanted: &[(&str, Track, Option<VideoSize>)],
    publish: &[(&str, VideoTrack)],
) {
    let user = user("bob");
    let subscribe = wanted.iter().map(|(mid, track, size)| {
        let subscription = Subscription { user: user.clone(), track: *track, size: *size };
        ((*mid).to_owned(), subscription)
    });
    let publish = publish.iter().map(|(mid, track)| ((*mid).to_owned(), *track)).collect();
    let offer = SdpOffer { sdp: sdp.to_owned(), subscribe: subscribe.collect(), publish };
    let request = HubRequest::ConnectMedia { call_id: call_id.clone(), offer: offer.into() };
    device.request(request).await;
}

/// Alice knows that bob, a native client, is in the room; gives his connection.
async fn with_bob(world: &mut World) -> (Device, Device, CallReply, ConnectionId) {
    let (mut alice, mut bob, call) = world.talk(["alice", "bob"]).await;
    bob.connect_media(&call.facts.call_id).await;
    let his = world.shard.connect().await;
    bob.reply().await.unwrap();
    enter(world, his).await;
    alice.event(|event| matches!(event, Event::UserEntered { .. })).await;
    (alice, bob, call, his)
}

#[tokio::test]
async fn pictures_are_received_where_there_is_a_place_in_the_size_asked_for() {
    let mut world = World::new();
    let (mut alice, _bob, call, his) = with_bob(&mut world).await;
    let sdp = with_video(&[video(3, "recvonly", ""), video(4, "recvonly", "")]);
    let small = Some(VideoSize::Small);
    let wanted = [("3", Track::Camera, small), ("4", Track::Screen, None)];
    offer_video(&mut alice, &call.facts.call_id, &sdp, &wanted, &[]).await;
    let command = world.shard.command().await;
    let ShardCommand::Connect { seat, reply, .. } = command else { panic!("{command:?}") };
    reply.send(Ok(local_params())).unwrap();
    let [camera, screen] = VideoTrack::ALL;
    let places = streams(his).map(|it| it.ssrc);
    assert_eq!(seat.video.receives, VideoPlaces::Only(places.into()));
    let view = |track, size| ((user("bob"), track), size);
    let views = VideoViews::from([view(camera, VideoSize::Small), view(screen, VideoSize::Large)]);
    assert_eq!(seat.views, views);
    let answered = answer(&mut alice).await;
    let [expected, _] = streams(his);
    let section = &answered.sections[3];
    let ssrcs: Vec<u32> = section.ssrcs.iter().map(|it| it.ssrc).collect();
    assert_eq!(ssrcs, [expected.ssrc, expected.rtx_ssrc]);
    assert_eq!(section.msids[0].track.as_deref(), Some("camera"));

    // A wish for another size changes that alone; one without a place nothing.
    let size = VideoSize::Large;
    let wish = |name, track| VideoView { user: user(name), track, size };
    let request = HubRequest::SubscribeVideo {
        call_id: call.facts.call_id.clone(),
        views: vec![wish("bob", camera), wish("eve", camera)],
    };
    alice.request(request).await;
    let command = world.shard.command().await;
    let ShardCommand::SetViews { views, done, .. } = command else { panic!("{command:?}") };
    assert_eq!(views.into_iter().collect::<Vec<_>>(), [view(camera, size), view(screen, size)]);
    done.send(()).unwrap();
    alice.reply().await.unwrap();

    // The next offer says nothing of it: it stays.
    let wanted = [("3", Track::Camera, None)];
    offer_video(&mut alice, &call.facts.call_id, &sdp, &wanted, &[]).await;
    let command = world.shard.command().await;
    let ShardCommand::Renegotiate { views, .. } = command else { panic!("{command:?}") };
    assert_eq!(views.into_iter().collect::<Vec<_>>(), [view(camera, VideoSize::Large)]);
}

#[tokio::test]
async fn what_sends_is_what_it_is_said_to_be() {
    let mut world = World::new();
    let (mut alice, _bob, call, _) = with_bob(&mut world).await;
    let ssrcs = "a=ssrc-group:FID 8 9\r\na=ssrc:8 cname:x\r\na=ssrc:9 cname:x\r\n";
    let layers = "a=rid:q send\r\na=rid:f send\r\na=simulcast:send q;f\r\n";
    let sdp = with_video(&[video(3, "sendonly", ssrcs), video(4, "sendonly", layers)]);
    let known = VideoSource::Ssrcs(VideoSourceSsrcs { media: 8, rtx: Some(9) });
    let learned = VideoSource::Mid { mid: "4".into(), rids: vec!["q".into(), "f".into()] };
    let [camera, screen] = VideoTrack::ALL;
    for (publish, expected) in [
        (&[][..], [(camera, known.clone()), (screen, learned.clone())]),
        (&[("3", screen)][..], [(camera, learned), (screen, known)]),
    ] {
        offer_video(&mut alice, &call.facts.call_id, &sdp, &[], publish).await;
        let command = world.shard.command().await;
        let terms = if let ShardCommand::Connect { seat, reply, .. } = command {
            reply.send(Ok(local_params())).unwrap();
            seat.video
        } else if let ShardCommand::Renegotiate { video, reply, .. } = command {
            reply.send(Some(local_params())).unwrap();
            video
        } else {
            panic!("{command:?}")
        };
        assert_eq!(terms.sends, expected.into());
        let answered = answer(&mut alice).await;
        for section in &answered.sections[3..] {
            let codecs: Vec<u8> = section.codecs.iter().map(|codec| codec.payload_type).collect();
            assert_eq!(section.direction, Direction::RecvOnly);
            assert_eq!(codecs, [96, 97], "bob could not be shown VP9");
        }
    }
}

#[tokio::test]
async fn a_wrong_wish_for_pictures_is_explained() {
    let mut world = World::new();
    let (mut alice, _bob, call, _) = with_bob(&mut world).await;
    let sdp = with_video(&[video(3, "sendonly", ""), video(4, "recvonly", "")]);
    let camera = VideoTrack::Camera;
    type Wanted<'a> = &'a [(&'a str, Track, Option<VideoSize>)];
    let cases: [(Wanted<'_>, &[(&str, VideoTrack)]); 6] = [
        (&[("3", Track::Camera, None)], &[]),
        (&[("4", Track::Audio, None)], &[]),
        (&[("1", Track::Camera, None)], &[]),
        (&[], &[("4", camera)]),
        (&[], &[("0", camera)]),
        (&[], &[("3", camera), ("4", camera)]),
    ];
    for (wanted, publish) in cases {
        offer_video(&mut alice, &call.facts.call_id, &sdp, wanted, publish).await;
        assert_eq!(alice.reply().await, Err(Code::BadParameter));
    }
    assert!(world.shard.commands.is_empty());
}
