//! Attacks on the WebSocket itself, over real connections. `docs/attacks.md` lists them by number.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use calling_model::UserId;
use calling_server::config::DEFAULT_SDK_APP_ID;
use calling_signaling::protocol::{
    ChatReply, ChatRequest, Code, Event, HistoryParams, Reply, Request, SendMessageParams,
    ServerFrame, Target,
};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{client_async, tungstenite};

use crate::client::{Client, PATIENCE, call};
use crate::server::{KEY, TestServer, now_s, user_sig};

/// The head of a text frame that announces more than will come (RFC 6455 section 5.2): FIN and
/// text; masked, 16-bit length of 60,000; mask.
const ENDLESS: [u8; 8] = [0x81, 0x80 | 126, 0xea, 0x60, 0, 0, 0, 0];

/// Opens a connection by hand and reads the answer's head.
async fn upgraded(server: SocketAddr, more: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let request = format!(
        "GET /v1/ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, stream.read_u8()).await.expect("no answer");
        head.push(byte.unwrap());
    }
    (stream, String::from_utf8(head).unwrap().to_ascii_lowercase())
}

/// Attack 10: compression is offered and not agreed on, so that a bomb is a broken frame.
#[tokio::test]
async fn a_compression_bomb_is_never_inflated() {
    let server = TestServer::start().await;
    let offer = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";
    let (mut stream, head) = upgraded(server.running.http_addr(), offer).await;
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(!head.contains("sec-websocket-extensions"), "{head}");
    // 16 MiB of zeros in a few kilobytes (RFC 7692: RSV1 says that a frame is compressed).
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 16 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    let mut frame = vec![0xc1, 0x80 | 126];
    frame.extend_from_slice(&u16::try_from(bomb.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(&bomb);
    stream.write_all(&frame).await.unwrap();
    let mut close = [0; 4];
    timeout(PATIENCE, stream.read_exact(&mut close)).await.expect("no answer").unwrap();
    // A close frame with the code 1002.
    assert_eq!((close[0], u16::from_be_bytes([close[2], close[3]])), (0x88, 1002));
}

/// Sends a frame byte by byte until the server has enough, and gives the code.
async fn drip(client: &mut Client) -> u16 {
    client.socket.get_mut().write_all(&ENDLESS).await.unwrap();
    for _ in 0..5_000 {
        let _ = client.socket.get_mut().write_all(b" ").await;
        // The pace of the dripping; whether it ends is what is asked.
        match timeout(Duration::from_millis(10), client.socket.next()).await {
            Ok(Some(Ok(Message::Close(Some(why))))) => return why.code.into(),
            Ok(Some(Ok(_))) | Err(_) => {}
            Ok(Some(Err(error))) => panic!("cut without a word: {error}"),
            Ok(None) => panic!("cut without a word"),
        }
    }
    panic!("the server waits for ever");
}

/// Attack 10: slow-loris, within a frame: bytes that complete nothing win no time.
#[tokio::test]
async fn a_frame_that_never_ends_wins_no_time() {
    let server = TestServer::with(|config| {
        config.signaling.sign_in_timeout_s = 1;
        config.signaling.ping_interval_ms = 300;
    })
    .await;
    let mut stranger = server.greeted().await;
    let mut alice = server.client("alice", "phone").await;
    let codes = tokio::join!(drip(&mut stranger), drip(&mut alice));
    assert_eq!(codes, (4001, 4005));
}

async fn from_source(server: SocketAddr, source: &str) -> Result<TcpStream, u16> {
    let mut request = format!("ws://{server}/v1/ws").into_client_request().unwrap();
    request.headers_mut().insert("x-forwarded-for", source.parse().unwrap());
    let stream = TcpStream::connect(server).await.unwrap();
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket.into_inner()),
        Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("unexpected: {error}"),
    }
}

/// Attack 10: a crowd of half-open connections: of one source beyond a hundred are refused, and
/// whoever comes from elsewhere calls as ever.
#[tokio::test]
async fn a_crowd_of_half_open_connections_keeps_nobody_out() {
    const CROWD: usize = 400;
    let server = TestServer::with(|config| {
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let address = server.running.http_addr();
    // These say nothing at all, and those never sign in.
    let mut mute = Vec::new();
    for _ in 0..CROWD {
        mute.push(TcpStream::connect(address).await.unwrap());
    }
    let mut held = Vec::new();
    let mut refused = 0;
    for _ in 0..CROWD {
        match from_source(address, "192.0.2.1").await {
            Ok(stream) => held.push(stream),
            Err(status) => {
                assert_eq!(status, 429);
                refused += 1;
            }
        }
    }
    assert_eq!((held.len(), refused), (100, CROWD - 100));
    from_source(address, "192.0.2.2").await.unwrap();
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    assert_eq!(bob.invited().await, call_id);
    drop((mute, held));
}

/// Attack 10: nested a hundred thousand deep, in a frame and in one that is too large for that.
#[tokio::test]
async fn json_nested_a_hundred_thousand_deep_closes_its_connection_alone() {
    let server = TestServer::start().await;
    let mut bystander = server.client("bob", "phone").await;
    for (text, code) in [
        ("[".repeat(100_000), 1009),
        ("[".repeat(65_000), 1008),
        (format!("{{\"id\":1,\"params\":{}", "{\"a\":".repeat(13_000)), 1008),
    ] {
        let mut client = server.client("alice", "phone").await;
        client.text(&text).await;
        assert_eq!(client.closed().await, code);
    }
    bystander.ask(Request::Ping {}).await.unwrap();
    assert!(!server.running.has_failed());
}

/// Attack 10: a flood of pings from many connections at once closes those, and no other.
#[tokio::test]
async fn a_ping_flood_of_many_connections_closes_each_of_them() {
    let server = TestServer::start().await;
    let mut bystander = server.client("bob", "phone").await;
    let mut floods = Vec::new();
    for _ in 0..10 {
        let mut client = server.greeted().await;
        for _ in 0..500 {
            client.message(Message::Ping(vec![0; 125].into())).await;
        }
        floods.push(client);
        bystander.ask(Request::Ping {}).await.unwrap();
    }
    for mut client in floods {
        assert_eq!(client.closed().await, 1008);
    }
}

/// What databases, formatters, shells and terminals might take for more than text.
const HOSTILE_TEXTS: &[&str] = &[
    "'; DROP TABLE accounts; --",
    "\" OR \"\"=\"",
    "%s%s%s%n%x",
    "{0}{}{__class__}",
    "${jndi:ldap://127.0.0.1/x}",
    "$(reboot)`reboot`",
    "\r\nSET x y\r\n",
    "\u{1b}[2J\u{202e}",
    "../../etc/passwd",
];

/// Attack 10: SQL and format strings: where a name belongs they are refused, where text belongs
/// they are text.
#[tokio::test]
async fn sql_and_format_strings_are_refused_as_names_and_kept_as_text() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    for (number, said) in HOSTILE_TEXTS.iter().enumerate() {
        let quoted = serde_json::to_string(said).unwrap();
        let frame = format!(r#"{{"id":900,"method":"call","params":{{"callees":[{quoted}]}}}}"#);
        refused(&mut alice, &frame, Code::BadParameter).await;
        let to = Target::User(UserId::new("bob").unwrap());
        let client_id = format!("c-{number}");
        let text = Some((*said).to_owned());
        let params = SendMessageParams { to, text, custom: None, client_id };
        let sent = alice.ask(Request::Chat(ChatRequest::SendMessage(params))).await;
        assert!(matches!(sent, Ok(Reply::Chat(ChatReply::Sent(_)))), "{said}: {sent:?}");
    }
    let peer = Some(UserId::new("alice").unwrap());
    let params = HistoryParams { peer, group_id: None, limit: None, before: None };
    let Ok(Reply::History(page)) = bob.ask(Request::History(params)).await else { panic!() };
    let kept: Vec<_> = page.messages.iter().rev().filter_map(|said| said.text.as_deref()).collect();
    assert_eq!(kept, HOSTILE_TEXTS);

    let all = HOSTILE_TEXTS.concat();
    alice.ask(call("bob", &all)).await.unwrap();
    let invited = bob.event(|event| matches!(event, Event::Invited { .. })).await;
    assert!(matches!(invited, Event::Invited { facts, .. } if facts.user_data == all));
}

/// Sends a frame, which must be answered with this error.
async fn refused(client: &mut Client, frame: &str, wanted: Code) {
    client.text(frame).await;
    let answer = client.frame().await;
    let ServerFrame::Error { error, .. } = answer else { panic!("{frame}: {answer:?}") };
    assert_eq!(error.code, wanted, "{frame}: {error}");
}

/// Attack 9: names beyond 32 bytes, with NUL, look-alikes and keys that stand twice, at sign-in.
#[tokio::test]
async fn nobody_signs_in_under_a_name_that_is_none() {
    let server = TestServer::start().await;
    let sig = user_sig("alice", KEY, now_s());
    for name in ["x".repeat(33).as_str(), "", "\u{430}lice", r"alice\u0000", "alice\u{200b}", "a b"]
    {
        let mut client = server.greeted().await;
        let frame = format!(
            r#"{{"id":900,"method":"sign_in","params":{{"sdk_app_id":{DEFAULT_SDK_APP_ID},"user_id":"{name}",
            "user_sig":"{sig}","device_id":"phone"}}}}"#
        );
        refused(&mut client, &frame, Code::BadParameter).await;
        assert!(client.call("bob").await.is_err(), "{name}");
    }
    let mut client = server.greeted().await;
    let twice = r#"{"id":900,"method":"sign_in","params":{"user_id":"alice","user_id":"bob"}}"#;
    refused(&mut client, twice, Code::BadParameter).await;
    let twice = r#"{"id":900,"method":"ping","method":"sign_in","params":{}}"#;
    refused(&mut client, twice, Code::MalformedFrame).await;
    assert!(client.call("bob").await.is_err());
}
