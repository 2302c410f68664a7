//! What no honest client sends.

use std::time::Duration;

use calling_signaling::protocol::{Code, Event, MAX_FRAME_BYTES, Reply, Request, ServerFrame};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, call};
use crate::server::{KEY, TestServer, now_s, user_sig};

#[tokio::test]
async fn a_frame_that_is_not_understood_is_answered_and_the_connection_stays() {
    let server = TestServer::start().await;
    let mut client = server.client("alice", "phone").await;
    for (text, wanted_id, wanted_code) in [
        ("", None, Code::MalformedFrame),
        ("{", None, Code::MalformedFrame),
        ("[]", None, Code::MalformedFrame),
        ("{\"id\":7}", Some(7), Code::MalformedFrame),
        (r#"{"id":8,"method":"no_such"}"#, Some(8), Code::MalformedFrame),
        (r#"{"id":9,"method":"hangup","params":{"call_id":"a b"}}"#, Some(9), Code::BadParameter),
        (
            r#"{"id":10,"method":"call","params":{"callees":["' OR 1=1 --"]}}"#,
            Some(10),
            Code::BadParameter,
        ),
    ] {
        client.text(text).await;
        let frame = client.frame().await;
        let ServerFrame::Error { id, error } = frame else { panic!("{text}: {frame:?}") };
        assert_eq!((id, error.code), (wanted_id, wanted_code), "{text}: {error}");
    }
    client.ask(Request::Ping {}).await.unwrap();
}

#[tokio::test]
async fn too_many_bad_frames_close() {
    let server = TestServer::start().await;
    let mut client = server.greeted().await;
    for _ in 0..10 {
        client.text("nonsense").await;
    }
    assert_eq!(client.closed().await, 1008);
}

#[tokio::test]
async fn binary_oversize_and_deep_frames_close() {
    let server = TestServer::start().await;
    let mut client = server.greeted().await;
    client.message(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(client.closed().await, 1003);

    let mut client = server.greeted().await;
    client.text(&"x".repeat(MAX_FRAME_BYTES + 1)).await;
    assert_eq!(client.closed().await, 1009);

    let mut client = server.greeted().await;
    client.text(&"[".repeat(30_000)).await;
    assert_eq!(client.closed().await, 1008);
}

#[tokio::test]
async fn the_head_of_a_gigabyte_frame_is_enough() {
    let server = TestServer::start().await;
    let mut client = server.greeted().await;
    let stream = client.socket.get_mut();
    // FIN and text; masked, 64-bit length of 1 GiB; mask (RFC 6455 section 5.2).
    let mut head = vec![0x81, 0x80 | 127];
    head.extend_from_slice(&(1_u64 << 30).to_be_bytes());
    head.extend_from_slice(&[1, 2, 3, 4]);
    stream.write_all(&head).await.unwrap();
    assert_eq!(client.closed().await, 1009);
}

#[tokio::test]
async fn unmasked_and_fragmented_control_frames_close() {
    let server = TestServer::start().await;
    for bytes in [
        // An unmasked text frame "hi".
        &[0x81, 0x02, b'h', b'i'][..],
        // A ping without FIN.
        &[0x09, 0x80, 0, 0, 0, 0][..],
        // A compressed frame, which nobody agreed on (RFC 7692).
        &[0xc1, 0x82, 0, 0, 0, 0, b'h', b'i'][..],
        // A reserved opcode.
        &[0x83, 0x80, 0, 0, 0, 0][..],
    ] {
        let mut client = server.greeted().await;
        client.socket.get_mut().write_all(bytes).await.unwrap();
        assert_eq!(client.closed().await, 1002, "{bytes:x?}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf_8_closes() {
    let server = TestServer::start().await;
    let mut client = server.greeted().await;
    client.socket.get_mut().write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xff]).await.unwrap();
    assert_eq!(client.closed().await, 1002);
}

#[tokio::test]
async fn a_flood_of_frames_or_pings_closes() {
    let server = TestServer::start().await;
    for message in
        [Message::text(r#"{"id":1,"method":"ping"}"#), Message::Ping(vec![0; 100].into())]
    {
        let mut client = server.greeted().await;
        let mut other = server.greeted().await;
        for _ in 0..1_000 {
            client.message(message.clone()).await;
        }
        assert_eq!(client.closed().await, 1008);
        other.ask(Request::Ping {}).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection_and_nobody_else_waits() {
    let server = TestServer::with(|config| {
        config.limits.requests_per_second = 100_000;
        config.limits.calls_per_minute = 1_000_000;
        config.limits.unanswered_calls = 1_000_000;
    })
    .await;
    let address = server.running.http_addr();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(address).await.unwrap();
    let mut slow = Client::over(stream, address).await.unwrap();
    slow.hello().await;
    slow.sign_in("slow", "phone", &user_sig("slow", KEY, now_s())).await.unwrap();
    let mut alice = server.client("alice", "phone").await;
    let user_data = "x".repeat(4_096);
    // Ring and cancel until the call does not ring any more: the device is gone.
    let mut rounds = 0;
    loop {
        rounds += 1;
        assert!(rounds < 20_000, "the slow client is still there");
        let reply = alice.ask(call("slow", &user_data)).await.unwrap();
        let Reply::Call(calling) = reply else { panic!("{reply:?}") };
        let call_id = calling.facts.call_id;
        alice.hang_up(&call_id).await;
        let mut rang = false;
        loop {
            let event = alice.next_event().await;
            if matches!(event, Event::Message(_)) {
                break;
            }
            rang |= matches!(event, Event::Ringing { .. });
        }
        if !rang {
            break;
        }
    }
}

#[tokio::test]
async fn noise_on_the_media_port_harms_nobody() {
    let server = TestServer::start().await;
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for first in 0..=255_u8 {
        for length in [0, 1, 12, 20, 100, 1_400] {
            let mut datagram = vec![first; length];
            if let Some(last) = datagram.last_mut() {
                *last = 7;
            }
            let _ = socket.send_to(&datagram, server.running.media_addr()).await;
        }
    }
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    let mut phone = crate::phone::Phone::connect(&mut alice, &call_id, 1).await;
    assert_eq!(phone.packets(), 0);
    // Nothing was sent back to the noise.
    let mut buffer = [0; 64];
    let answer =
        tokio::time::timeout(Duration::from_millis(1), socket.recv_from(&mut buffer)).await;
    assert!(answer.is_err(), "the server answered noise");
    assert!(!server.running.has_failed());
}
