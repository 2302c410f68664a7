//! Tools that publish by WHIP and receive by WHEP, over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;

use calling_model::{CallId, GroupId, UserId, VideoSize, VideoTrack};
use calling_server::config::SecretKey;
use calling_signaling::call::Outcome;
use calling_signaling::protocol::{
    CallParams, ChatRequest, CreateGroupParams, Event, InviteParams, Reply, Request, VideoView,
};
use calling_transport::Certificate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{self, Client, PATIENCE};
use crate::phone::{Phone, frame};
use crate::server::{KEY, TestServer, now_s, user_sig};

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// An answer of HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) text: String,
}

/// A tool that knows an address and a token.
pub(crate) struct Tool {
    server: SocketAddr,
    token: String,
    pub(crate) certificate: Arc<Certificate>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    pub(crate) fn location(&self) -> String {
        self.header("location").unwrap().to_owned()
    }

    pub(crate) fn etag(&self) -> String {
        self.header("etag").unwrap().to_owned()
    }
}

impl Tool {
    pub(crate) fn new(server: &TestServer, user: &str) -> Self {
        Self::with_token(server, &user_sig(user, KEY, now_s()))
    }

    fn with_token(server: &TestServer, token: &str) -> Self {
        let certificate = Arc::new(Certificate::generate().unwrap());
        Self { server: server.running.http_addr(), token: token.to_owned(), certificate }
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.server);
        if !self.token.is_empty() {
            head += &format!("authorization: Bearer {}\r\n", self.token);
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len());
        let exchange = async {
            let mut stream = TcpStream::connect(self.server).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            // A body that is too long is not read to its end.
            let _ = stream.write_all(body).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            String::from_utf8(answer).unwrap()
        };
        let answer = timeout(PATIENCE, exchange).await.expect("no answer");
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), text: text.to_owned() }
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &[("content-type", SDP)], body.as_bytes()).await
    }

    pub(crate) async fn patch(&self, session: &str, condition: &str, body: &str) -> Answer {
        let headers = [("content-type", FRAGMENT), ("if-match", condition)];
        self.ask("PATCH", session, &headers, body.as_bytes()).await
    }

    async fn delete(&self, session: &str) -> Answer {
        self.ask("DELETE", session, &[], b"").await
    }

    async fn publish(&self, call_id: &CallId, ssrc: u32) -> Answer {
        let offer = Phone::sdp_offer(&self.certificate, "sendonly", ssrc);
        self.post(&whip(call_id), &offer).await
    }

    async fn receive(&self, call_id: &CallId, query: &str) -> Answer {
        let offer = Phone::sdp_offer(&self.certificate, "recvonly", 9);
        self.post(&format!("/whep/{}{query}", call_id.as_str()), &offer).await
    }

    pub(crate) async fn phone(&self, answer: &Answer, ssrc: u32) -> Phone {
        Phone::of_sdp(Arc::clone(&self.certificate), &answer.text, ssrc).await
    }
}

pub(crate) fn whip(call_id: &CallId) -> String {
    format!("/whip/{}", call_id.as_str())
}

pub(crate) fn fragment(ufrag: &str) -> String {
    format!(
        "a=ice-ufrag:{ufrag}\r\na=ice-pwd:client+password+of+24+ch\r\nm=audio 9 RTP/AVP 0\r\n\
         a=mid:0\r\na=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n"
    )
}

/// Alice and bob talk in a call of the group in which `tools` are, too.
pub(crate) struct Talk {
    pub(crate) server: TestServer,
    pub(crate) alice: Client,
    pub(crate) bob: Client,
    pub(crate) call_id: CallId,
}

pub(crate) async fn talk(tools: &[&str]) -> Talk {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    for tool in tools {
        // Their accounts come to be.
        server.client(tool, "phone").await.ask(Request::SignOut {}).await.unwrap();
    }
    let members = ["bob"].iter().chain(tools).map(|name| UserId::new(*name).unwrap()).collect();
    let group_id = GroupId::new("team").unwrap();
    let group = CreateGroupParams { group_id: Some(group_id), name: "team".to_owned(), members };
    alice.ask(Request::Chat(ChatRequest::CreateGroup(group))).await.unwrap();
    let Request::Call(params) = client::call("bob", "") else { unreachable!() };
    let group_id = Some(GroupId::new("team").unwrap());
    let reply = alice.ask(Request::Call(CallParams { group_id, ..params })).await.unwrap();
    let Reply::Call(call) = reply else { panic!("unexpected: {reply:?}") };
    let call_id = call.facts.call_id;
    bob.invited().await;
    bob.accept(&call_id).await;
    alice.accepted().await;
    Talk { server, alice, bob, call_id }
}

pub(crate) async fn entered(client: &mut Client, who: &str) {
    let entered =
        |event: &Event| matches!(event, Event::UserEntered { user, .. } if user.as_str() == who);
    client.event(entered).await;
}

async fn left(client: &mut Client, who: &str) {
    let left =
        |event: &Event| matches!(event, Event::MemberLeft { user, .. } if user.as_str() == who);
    client.event(left).await;
}

#[tokio::test]
async fn a_tool_publishes_into_a_call() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["obs"]).await;
    let mut ear = Phone::connect(&mut alice, &call_id, 1).await;
    let obs = Tool::new(&server, "obs");
    let created = obs.publish(&call_id, 0x0b5).await.expect(201);
    assert_eq!(created.header("content-type"), Some(SDP));
    assert_eq!(created.header("access-control-allow-origin"), Some("*"));
    let location = created.location();
    assert!(location.starts_with(&format!("{}/", whip(&call_id))), "{location}");
    assert!(created.text.contains("a=recvonly") && created.text.contains("a=ice-lite"));

    let mut voice = obs.phone(&created, 0x0b5).await;
    entered(&mut alice, "obs").await;
    voice.say_until_heard(&mut ear, b"on air").await;
    // Nothing comes to who only publishes.
    ear.say(b"hello").await;
    ear.barrier().await;
    voice.barrier().await;
    assert!(!voice.has_heard(b"hello"));

    obs.delete(&location).await.expect(200);
    left(&mut alice, "obs").await;
    obs.delete(&location).await.expect(404);
}

#[tokio::test]
async fn a_tool_publishes_a_picture_without_sound() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["obs"]).await;
    let mut eye = Phone::connect(&mut alice, &call_id, 1).await;
    let obs = Tool::new(&server, "obs");
    let offer = Phone::picture_offer(&obs.certificate, "sendonly", 0x0b5);
    let created = obs.post(&whip(&call_id), &offer).await.expect(201);
    assert!(created.text.contains("m=video 9") && !created.text.contains("m=audio"));
    let mut camera = obs.phone(&created, 0x0b5).await;
    entered(&mut alice, "obs").await;
    let view = VideoView {
        user: UserId::new("obs").unwrap(),
        track: VideoTrack::Camera,
        size: VideoSize::Large,
    };
    let subscribe = Request::SubscribeVideo { call_id: call_id.clone(), views: vec![view] };
    alice.ask(subscribe).await.unwrap();
    camera.show(VideoTrack::Camera, &frame(true, b"on air")).await;
    eye.hear(&frame(true, b"on air")).await;
    // Who said nothing of sound sends none.
    camera.say(b"voice").await;
    camera.barrier().await;
    eye.barrier().await;
    assert!(!eye.has_heard(b"voice"));
    obs.delete(&created.location()).await.expect(200);
    left(&mut alice, "obs").await;
}

#[tokio::test]
async fn a_tool_receives_a_picture_without_sound() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["tv"]).await;
    let mut camera = Phone::connect(&mut alice, &call_id, 1).await;
    let tv = Tool::new(&server, "tv");
    let offer = Phone::picture_offer(&tv.certificate, "recvonly", 9);
    let created = tv.post(&format!("/whep/{}", call_id.as_str()), &offer).await.expect(201);
    assert!(created.text.contains("a=msid:alice camera"), "{}", created.text);
    let mut screen = tv.phone(&created, 9).await;
    entered(&mut alice, "tv").await;
    camera.say(b"voice").await;
    camera.show(VideoTrack::Camera, &frame(true, b"seen")).await;
    screen.hear(&frame(true, b"seen")).await;
    assert!(!screen.has_heard(b"voice"));
    tv.delete(&created.location()).await.expect(200);
}

#[tokio::test]
async fn a_tool_receives_whom_it_asks_for() {
    let Talk { server, mut alice, mut bob, call_id } = talk(&["tv", "radio"]).await;
    let mut a = Phone::connect(&mut alice, &call_id, 1).await;
    let mut b = Phone::connect(&mut bob, &call_id, 2).await;
    entered(&mut alice, "bob").await;
    entered(&mut bob, "alice").await;

    // The one who placed the call comes first.
    let tv = Tool::new(&server, "tv");
    let created = tv.receive(&call_id, "").await.expect(201);
    assert!(created.text.contains("a=sendonly") && created.text.contains("a=msid:alice audio"));
    assert!(created.location().starts_with("/whep/"));
    let mut screen = tv.phone(&created, 9).await;
    let radio = Tool::new(&server, "radio");
    let tuned = radio.receive(&call_id, "?user=bob").await.expect(201);
    assert!(tuned.text.contains("a=msid:bob audio"), "{}", tuned.text);
    let mut speaker = radio.phone(&tuned, 9).await;

    a.say_until_heard(&mut screen, b"alice").await;
    b.say_until_heard(&mut speaker, b"bob").await;
    b.barrier().await;
    screen.barrier().await;
    assert!(!screen.has_heard(b"bob"), "only alice was asked for");

    // Whom it receives hangs up: it is told by the end, and the call does not live on by it.
    bob.hang_up(&call_id).await;
    bob.ended().await;
    left(&mut alice, "radio").await;
    tv.delete(&created.location()).await.expect(200);
    let Event::Ended { outcome, .. } = alice.ended().await else { unreachable!() };
    assert_eq!(outcome, Outcome::Completed);
}

#[tokio::test]
async fn who_has_a_new_media_connection_is_received_again() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["tv"]).await;
    let mut first = Phone::connect(&mut alice, &call_id, 1).await;
    let tv = Tool::new(&server, "tv");
    let created = tv.receive(&call_id, "?user=alice").await.expect(201);
    let mut screen = tv.phone(&created, 9).await;
    first.say_until_heard(&mut screen, b"hello").await;
    let mut second = Phone::connect(&mut alice, &call_id, 1).await;
    second.say_until_heard(&mut screen, b"again").await;
    tv.delete(&created.location()).await.expect(200);
}

#[tokio::test]
async fn nobody_to_receive_yet_is_a_conflict_for_now() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["tv"]).await;
    let tv = Tool::new(&server, "tv");
    let refused = tv.receive(&call_id, "").await.expect(409);
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    left(&mut alice, "tv").await;
    let _phone = Phone::connect(&mut alice, &call_id, 1).await;
    tv.receive(&call_id, "?user=bob").await.expect(409);
    tv.receive(&call_id, "?user=bad%20name!").await.expect(400);
    tv.receive(&call_id, "?user=alice").await.expect(201);
}

#[tokio::test]
async fn whom_the_call_rings_answers_by_publishing() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["carol"]).await;
    let mut carol = server.client("carol", "phone").await;
    let users = vec![UserId::new("carol").unwrap()];
    let invite = InviteParams { call_id: call_id.clone(), users, timeout_s: None };
    alice.ask(Request::InviteUsers(invite)).await.unwrap();
    carol.invited().await;
    Tool::new(&server, "carol").publish(&call_id, 3).await.expect(201);
    carol.event(|event| matches!(event, Event::HandledElsewhere { accepted: true, .. })).await;
    // Her account is in the call now, by one device.
    Tool::new(&server, "carol").receive(&call_id, "").await.expect(409);
}

#[tokio::test]
async fn an_ice_restart_keeps_the_session() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["obs"]).await;
    let mut ear = Phone::connect(&mut alice, &call_id, 1).await;
    let obs = Tool::new(&server, "obs");
    let created = obs.publish(&call_id, 5).await.expect(201);
    let (location, etag) = (created.location(), created.etag());
    let mut voice = obs.phone(&created, 5).await;
    voice.say_until_heard(&mut ear, b"before").await;

    // Candidates are known by the checks that come from them.
    let trickled = obs.patch(&location, &etag, &fragment("client")).await.expect(204);
    assert_eq!((trickled.text.as_str(), trickled.header("etag")), ("", None));
    obs.patch(&location, "\"other\"", &fragment("client")).await.expect(412);
    obs.patch(&location, "\"other\"", &fragment("anew")).await.expect(412);

    let restarted = obs.patch(&location, "*", &fragment("anew")).await.expect(200);
    assert_eq!(restarted.header("content-type"), Some(FRAGMENT));
    assert_ne!(restarted.etag(), etag);
    voice.restart("anew", &restarted.text);
    voice.barrier().await;
    voice.say_until_heard(&mut ear, b"after").await;
    // What was trickled for the ICE session of before does not fit any more.
    obs.patch(&location, &etag, &fragment("client")).await.expect(412);
    obs.patch(&location, &restarted.etag(), &fragment("anew")).await.expect(204);
}

#[tokio::test]
async fn who_posts_anew_takes_the_place_of_the_older_session() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["obs"]).await;
    let mut ear = Phone::connect(&mut alice, &call_id, 1).await;
    let obs = Tool::new(&server, "obs");
    let older = obs.publish(&call_id, 5).await.expect(201);
    let _lost = obs.phone(&older, 5).await;
    entered(&mut alice, "obs").await;
    let again = Tool::new(&server, "obs");
    let newer = again.publish(&call_id, 6).await.expect(201);
    let mut voice = again.phone(&newer, 6).await;
    voice.say_until_heard(&mut ear, b"back").await;
    obs.delete(&older.location()).await.expect(404);
    // Nobody was told that it left.
    let told = alice.told().await;
    assert!(!told.iter().any(|event| matches!(event, Event::MemberLeft { .. })), "{told:?}");
    again.delete(&newer.location()).await.expect(200);
    left(&mut alice, "obs").await;
}

#[tokio::test]
async fn a_session_ends_with_its_call_and_with_the_server() {
    let Talk { server, mut alice, mut bob, call_id } = talk(&["obs", "tv"]).await;
    let obs = Tool::new(&server, "obs");
    let location = obs.publish(&call_id, 5).await.expect(201).location();
    alice.hang_up(&call_id).await;
    bob.hang_up(&call_id).await;
    bob.ended().await;
    let gone = async {
        while obs.patch(&location, "*", "").await.status != 404 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("the session stays");
    obs.publish(&call_id, 5).await.expect(404);
    let records = server.stop().await;
    assert_eq!(records.len(), 1);
}

#[tokio::test]
async fn tokens_that_prove_nothing_are_refused() {
    let Talk { server, alice: _alice, bob: _bob, call_id } = talk(&["obs"]).await;
    let obs = Tool::new(&server, "obs");
    let location = obs.publish(&call_id, 5).await.expect(201).location();
    let expired = user_sig("obs", KEY, now_s() - 7_200);
    let forged = user_sig("obs", &KEY.replace('0', "1"), now_s());
    for token in ["", "garbage", &expired, &forged, "\u{e9}"] {
        let tool = Tool::with_token(&server, token);
        let refused = tool.publish(&call_id, 5).await.expect(401);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"), "{refused:?}");
        tool.delete(&location).await.expect(401);
        tool.patch(&location, "*", &fragment("anew")).await.expect(401);
    }
    let basic = Tool::with_token(&server, "");
    basic
        .ask("POST", &whip(&call_id), &[("authorization", "Basic b2JzOng=")], b"")
        .await
        .expect(401);
    obs.delete(&location).await.expect(200);
}

#[tokio::test]
async fn wrong_tokens_have_to_wait_after_a_while() {
    let server = TestServer::with(|config| config.limits.failed_sign_ins_per_minute = 3).await;
    let tool = Tool::with_token(&server, "garbage");
    let path = format!("/whip/{}", "a".repeat(32));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(tool.post(&path, "").await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
    // What is right passes all the same.
    Tool::new(&server, "obs").post(&path, "").await.expect(400);
}

#[tokio::test]
async fn sessions_of_others_are_out_of_reach() {
    let Talk { server, alice: _alice, bob: _bob, call_id } = talk(&["obs", "mallory"]).await;
    let obs = Tool::new(&server, "obs");
    let created = obs.publish(&call_id, 5).await.expect(201);
    let location = created.location();
    let mallory = Tool::new(&server, "mallory");
    mallory.delete(&location).await.expect(403);
    mallory.patch(&location, &created.etag(), &fragment("anew")).await.expect(403);
    mallory.patch(&location, "*", &fragment("anew")).await.expect(403);
    // Ids that were never given, of other calls, of the other protocol.
    let id = location.rsplit('/').next().unwrap();
    for path in [
        format!("{}/{}", whip(&call_id), "0".repeat(32)),
        format!("{}/..%2f..", whip(&call_id)),
        format!("/whip/{}/{id}", "f".repeat(32)),
        format!("/whip/not-a-call/{id}"),
        format!("/whep/{}/{id}", call_id.as_str()),
    ] {
        obs.delete(&path).await.expect(404);
    }
    obs.delete(&location).await.expect(200);
    obs.delete(&location).await.expect(404);
}

#[tokio::test]
async fn calls_of_others_are_out_of_reach() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&[]).await;
    let mallory = Tool::new(&server, "mallory");
    mallory.publish(&call_id, 5).await.expect(403);
    mallory.receive(&call_id, "").await.expect(403);
    let nothing = "f".repeat(32).parse().unwrap();
    mallory.publish(&nothing, 5).await.expect(404);
    mallory
        .post("/whip/not-a-call", &Phone::sdp_offer(&mallory.certificate, "sendonly", 5))
        .await
        .expect(404);
    // Alice's own phone is in the call; no tool takes its place.
    Tool::new(&server, "alice").publish(&call_id, 5).await.expect(409);
    let told = alice.told().await;
    assert!(told.iter().all(|event| !matches!(event, Event::Joined { .. })), "{told:?}");
}

#[tokio::test]
async fn bodies_of_any_kind_are_refused_with_the_reason() {
    let Talk { server, mut alice, bob: _bob, call_id } = talk(&["obs"]).await;
    let obs = Tool::new(&server, "obs");
    let path = whip(&call_id);
    let offer = Phone::sdp_offer(&obs.certificate, "sendonly", 5);
    let as_type = |value: &'static str| [("content-type", value)];
    for (headers, status) in [
        (&as_type("application/json")[..], 415),
        (&[], 415),
        (&[("content-type", SDP), ("accept", "text/html")], 406),
    ] {
        obs.ask("POST", &path, headers, offer.as_bytes()).await.expect(status);
    }
    let bytes: Vec<u8> = (0..=255).cycle().take(4_096).collect();
    for body in [&b""[..], b"\0", b"v=0", b"{\"sdp\":1}", &bytes, &offer.as_bytes()[..100]] {
        obs.ask("POST", &path, &as_type(SDP), body).await.expect(400);
    }
    let said =
        obs.post(&path, &offer.replace("a=ice-ufrag:client", "a=ice-ufrag:?")).await.expect(400);
    assert!(said.text.contains("line 10 of the SDP: ICE credentials"), "{}", said.text);
    obs.post(&path, &"a".repeat(65_537)).await.expect(413);
    for (wrong, sentence) in [
        (offer.replace("sendonly", "recvonly"), "sendonly"),
        (offer.replace("sendonly", "inactive"), "sendonly"),
        (offer.replace("actpass", "passive"), "setup"),
        (offer.replace("opus/48000/2", "PCMU/8000"), "opus"),
        (
            offer.replace("BUNDLE 0", "BUNDLE 0 d")
                + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n",
            "section",
        ),
    ] {
        let refused = obs.post(&path, &wrong).await.expect(422);
        assert!(refused.text.contains(sentence), "{refused:?}");
    }
    let sends = obs.post(&format!("/whep/{}", call_id.as_str()), &offer).await.expect(422);
    assert!(sends.text.contains("recvonly"), "{sends:?}");

    // None of it came near the call.
    let told = alice.told().await;
    assert!(told.iter().all(|event| !matches!(event, Event::Joined { .. })), "{told:?}");
    let location = obs.publish(&call_id, 5).await.expect(201).location();
    for (headers, body, status) in [
        (&[("content-type", SDP), ("if-match", "*")][..], fragment("anew"), 415),
        (&[("content-type", FRAGMENT)], fragment("anew"), 428),
        (&[("content-type", FRAGMENT), ("if-match", "*")], "garbage".to_owned(), 400),
        (&[("content-type", FRAGMENT), ("if-match", "*")], fragment("?"), 400),
        (&[("content-type", FRAGMENT), ("if-match", "*")], String::new(), 400),
        (&[("content-type", FRAGMENT), ("if-match", "*")], "a".repeat(16_385), 413),
    ] {
        obs.ask("PATCH", &location, headers, body.as_bytes()).await.expect(status);
    }
    obs.delete(&location).await.expect(200);
}

#[tokio::test]
async fn methods_and_origins_are_as_the_rfc_has_them() {
    let server = TestServer::with(|config| {
        config.ice_servers = vec![calling_signaling::protocol::IceServer {
            urls: vec!["turn:turn.example.org:3478".to_owned()],
            username: "user".to_owned(),
            credential: "secret".to_owned(),
        }];
        config.turn.urls = vec!["turn:timed.example.org".to_owned()];
        config.turn.secret = Some(SecretKey::new(KEY).unwrap());
    })
    .await;
    let nobody = Tool::with_token(&server, "");
    let endpoint = format!("/whip/{}", "a".repeat(32));
    let session = format!("{endpoint}/{}", "b".repeat(32));
    let preflight = [("origin", "https://example.org"), ("access-control-request-method", "POST")];
    let asked = nobody.ask("OPTIONS", &endpoint, &preflight, b"").await.expect(200);
    assert_eq!(asked.header("accept-post"), Some(SDP));
    assert_eq!(asked.header("access-control-allow-origin"), Some("*"));
    assert!(asked.header("access-control-allow-headers").unwrap().contains("Authorization"));
    assert!(asked.header("access-control-expose-headers").unwrap().contains("Location"));
    assert_eq!(asked.header("link"), None, "no credentials for a preflight");
    let asked = nobody.ask("OPTIONS", &endpoint, &[], b"").await.expect(200);
    assert_eq!(asked.header("link"), None, "nor for nobody");
    let asked = Tool::new(&server, "obs").ask("OPTIONS", &endpoint, &[], b"").await.expect(200);
    let link = asked.header("link").unwrap();
    assert!(
        link.starts_with("<turn:turn.example.org:3478>; rel=\"ice-server\"; username=\"user\"")
    );
    let timed = asked.head.lines().find(|line| line.contains("<turn:timed.example.org>")).unwrap();
    assert!(timed.contains(":obs\"; credential=\""), "good for a while, for the account: {timed}");
    let asked = nobody.ask("OPTIONS", &session, &preflight, b"").await.expect(200);
    assert_eq!(asked.header("accept-patch"), Some(FRAGMENT));
    for (method, path) in [
        ("GET", &endpoint),
        ("HEAD", &endpoint),
        ("PUT", &endpoint),
        ("PATCH", &endpoint),
        ("DELETE", &endpoint),
        ("GET", &session),
        ("POST", &session),
        ("PUT", &session),
    ] {
        nobody.ask(method, path, &[], b"").await.expect(405);
    }
}

#[tokio::test]
async fn one_account_cannot_flood() {
    let server = TestServer::with(|config| config.limits.requests_per_second = 2).await;
    let obs = Tool::new(&server, "obs");
    let path = format!("/whip/{}", "a".repeat(32));
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(obs.post(&path, "garbage").await.status);
    }
    assert_eq!(statuses[..4], [400; 4], "a burst passes");
    assert!(statuses.contains(&429), "{statuses:?}");
    Tool::new(&server, "other").post(&path, "garbage").await.expect(400);
}
