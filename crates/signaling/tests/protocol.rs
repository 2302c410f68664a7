//! Frames between client and server: what is understood, what is refused and how.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use calling_model::{CallId, DeviceId, GroupId, MediaType, UserId, VideoSize, VideoTrack};
use calling_signaling::protocol::{
    CallParams, ClientCodec, ClientFrame, ClientOffer, Code, CodecError, Event, FrameError,
    HelloParams, InviteParams, MAX_FRAME_BYTES, MAX_FRAME_DEPTH, MAX_SERVER_FRAME_BYTES,
    MediaOffer, ProtocolError, Reply, Request, ResumeParams, SdpAnswer, SdpOffer, ServerCodec,
    ServerFrame, SignInParams, Subscription, Track, VideoStream, VideoView, decode_client_frame,
    decode_server_frame, encode, negotiate,
};
use futures_util::{SinkExt as _, StreamExt as _};
use proptest::prelude::*;
use tokio_util::bytes::BytesMut;
use tokio_util::codec::{Decoder as _, Encoder as _, FramedRead, FramedWrite};

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn call_id() -> CallId {
    CallId::new("0123456789abcdef0123456789abcdef").unwrap()
}

fn requests() -> Vec<Request> {
    let call_id = call_id();
    vec![
        Request::Hello(HelloParams { versions: vec![1], agent: "test".into() }),
        Request::SignIn(SignInParams {
            sdk_app_id: 1,
            user_id: user("alice"),
            user_sig: "sig".into(),
            device_id: DeviceId::new("d1").unwrap(),
        }),
        Request::SignOut {},
        Request::Ping {},
        Request::Call(CallParams {
            callees: vec![user("bob")],
            media_type: MediaType::Audio,
            group_id: None,
            timeout_s: Some(30),
            user_data: "\"\\\u{1f600}".into(),
            sent_at: None,
        }),
        Request::Accept { call_id: call_id.clone() },
        Request::Reject { call_id: call_id.clone(), busy: true },
        Request::Hangup { call_id: call_id.clone() },
        Request::ConnectMedia {
            call_id: call_id.clone(),
            offer: ClientOffer::Native(MediaOffer {
                ufrag: "u".into(),
                pwd: "p".into(),
                fingerprint: "sha-256 AA".into(),
                candidates: vec![],
                audio_ssrc: u32::MAX,
                video: vec![VideoStream { track: VideoTrack::Camera, ssrc: 1, rtx_ssrc: 2 }],
                red: false,
            }),
        },
        Request::ConnectMedia {
            call_id: call_id.clone(),
            offer: ClientOffer::Sdp(SdpOffer {
                sdp: "v=0\r\n".into(),
                subscribe: BTreeMap::from([(
                    "1".into(),
                    Subscription {
                        user: user("bob"),
                        track: Track::Screen,
                        size: Some(VideoSize::Small),
                    },
                )]),
                publish: BTreeMap::from([("2".into(), VideoTrack::Screen)]),
            }),
        },
        Request::SetMicMute { call_id: call_id.clone(), muted: true },
        Request::SubscribeVideo {
            call_id: call_id.clone(),
            views: vec![VideoView {
                user: user("bob"),
                track: VideoTrack::Camera,
                size: VideoSize::Small,
            }],
        },
        Request::SetVideoMute { call_id: call_id.clone(), track: VideoTrack::Screen, muted: true },
        Request::InviteUsers(InviteParams {
            call_id: call_id.clone(),
            users: vec![user("carol")],
            timeout_s: Some(5),
        }),
        Request::Join { call_id: call_id.clone() },
        Request::SwitchMediaType { call_id, media_type: MediaType::Video },
        Request::GroupCall { group_id: GroupId::new("@TGS#1").unwrap() },
        Request::Resume(ResumeParams {
            token: "t".into(),
            device_id: DeviceId::new("d1").unwrap(),
            last_event: u64::MAX,
        }),
    ]
}

fn code_of(outcome: Result<ClientFrame, FrameError>) -> (Option<u64>, Code, bool) {
    let error = outcome.unwrap_err();
    assert!(!error.error.message.is_empty() && error.error.message.len() < 300);
    (error.id, error.error.code, error.hostile)
}

#[test]
fn requests_round_trip() {
    for (id, request) in (u64::MAX - 20..).zip(requests()) {
        let frame = ClientFrame { id, request };
        assert_eq!(decode_client_frame(&encode(&frame)).unwrap(), frame);
    }
}

#[test]
fn the_forms_of_the_documentation() {
    let text = r#"{"id":7,"method":"accept","params":{"call_id":"c1"}}"#;
    let frame = decode_client_frame(text).unwrap();
    assert_eq!(encode(&frame), text);
    let text = r#"{"event":"kicked_offline","params":{}}"#;
    let frame = decode_server_frame(text).unwrap();
    assert_eq!(
        (encode(&frame).as_str(), &frame),
        (text, &ServerFrame::from(Event::KickedOffline {}))
    );
    let text = r#"{"id":7,"result":{"type":"done"}}"#;
    let frame = decode_server_frame(text).unwrap();
    assert_eq!(frame, ServerFrame::Reply { id: 7, result: Reply::Done {} });
    assert_eq!(encode(&frame), text);
    let text = r#"{"id":null,"error":{"code":-1,"message":"what"}}"#;
    let frame = decode_server_frame(text).unwrap();
    assert_eq!(encode(&frame), text);
}

/// What an older build wrote and stored is read as ever: what came since is absent.
#[test]
fn media_is_offered_in_one_form_or_the_other() {
    let asked = |params: &str| {
        let text = format!(
            r#"{{"id":7,"method":"connect_media","params":{{"call_id":"{}",{params}}}}}"#,
            call_id().as_str(),
        );
        decode_client_frame(&text).map(|frame| frame.request)
    };
    let sdp = r#""sdp":"v=0","subscribe":{"1":{"user":"bob","track":"audio"},"2":{"user":"eve"}}"#;
    let Ok(Request::ConnectMedia { offer: ClientOffer::Sdp(offer), .. }) = asked(sdp) else {
        panic!("it is not read")
    };
    let of = |name| Subscription { user: user(name), track: Track::Audio, size: None };
    assert_eq!(offer.subscribe, [("1".into(), of("bob")), ("2".into(), of("eve"))].into());
    let native = r#""offer":{"ufrag":"u","pwd":"p","fingerprint":"f","audio_ssrc":1}"#;
    assert!(matches!(
        asked(native),
        Ok(Request::ConnectMedia { offer: ClientOffer::Native(_), .. })
    ));
    for bad in [
        r#""media":1"#.to_owned(),
        format!("{native},{sdp}"),
        r#""sdp":1"#.to_owned(),
        r#""sdp":"v=0","subscribe":{"1":{"user":"b b"}}"#.to_owned(),
        r#""sdp":"v=0","subscribe":{"1":{"user":"bob","track":"smell"}}"#.to_owned(),
    ] {
        let error = asked(&bad).unwrap_err();
        assert_eq!((error.id, error.error.code), (Some(7), Code::BadParameter), "{bad}");
    }
    let reply =
        ServerFrame::Reply { id: 7, result: Reply::MediaSdp(SdpAnswer { sdp: "v".into() }) };
    let text = encode(&reply);
    assert_eq!(text, r#"{"id":7,"result":{"type":"media_sdp","sdp":"v"}}"#);
    assert_eq!(decode_server_frame(&text), Ok(reply));
}

#[test]
fn the_forms_of_video() {
    let id = call_id();
    let id = id.as_str();
    for text in [
        format!(
            r#"{{"id":1,"method":"connect_media","params":{{"call_id":"{id}","offer":{{"ufrag":"u","pwd":"p","fingerprint":"f","candidates":[],"audio_ssrc":1,"video":[{{"track":"camera","ssrc":2,"rtx_ssrc":3}},{{"track":"screen","ssrc":4,"rtx_ssrc":5}}]}}}}}}"#
        ),
        format!(
            r#"{{"id":1,"method":"connect_media","params":{{"call_id":"{id}","sdp":"v=0","subscribe":{{"2":{{"user":"bob","track":"camera","size":"small"}}}},"publish":{{"1":"screen"}}}}}}"#
        ),
        format!(
            r#"{{"id":1,"method":"subscribe_video","params":{{"call_id":"{id}","views":[{{"user":"bob","track":"camera","size":"small"}}]}}}}"#
        ),
        format!(
            r#"{{"id":1,"method":"set_video_mute","params":{{"call_id":"{id}","track":"screen","muted":true}}}}"#
        ),
    ] {
        assert_eq!(encode(&decode_client_frame(&text).unwrap()), text);
    }
    for text in [
        format!(
            r#"{{"event":"user_entered","params":{{"call_id":"{id}","user":"bob","audio_ssrc":1,"video":[{{"track":"camera","ssrc":2,"rtx_ssrc":3}}]}},"seq":1}}"#
        ),
        format!(
            r#"{{"event":"video_available","params":{{"call_id":"{id}","user":"bob","track":"camera","available":true}},"seq":2}}"#
        ),
    ] {
        assert_eq!(encode(&decode_server_frame(&text).unwrap()), text);
    }
}

#[test]
fn a_picture_is_shown_large_unless_said_otherwise() {
    let text = r#"{"id":1,"method":"subscribe_video","params":{"call_id":"c","views":[{"user":"bob","track":"screen"}]}}"#;
    let Request::SubscribeVideo { views, .. } = decode_client_frame(text).unwrap().request else {
        panic!("another request")
    };
    let (user, size) = (user("bob"), VideoSize::Large);
    assert_eq!(views, [VideoView { user, track: VideoTrack::Screen, size }]);
}

#[test]
fn what_is_no_picture_is_refused() {
    for params in [
        r#"{"call_id":"c","views":[{"user":"bob","track":"audio"}]}"#,
        r#"{"call_id":"c","views":[{"user":"bob","track":"camera","size":"huge"}]}"#,
        r#"{"call_id":"c","views":[{"user":"b b","track":"camera"}]}"#,
        r#"{"call_id":"c"}"#,
    ] {
        let text = format!(r#"{{"id":7,"method":"subscribe_video","params":{params}}}"#);
        let error = decode_client_frame(&text).unwrap_err();
        assert_eq!((error.id, error.error.code), (Some(7), Code::BadParameter), "{params}");
    }
}

#[test]
fn older_texts_are_read() {
    let facts = r#"{"call_id":"c","invite_id":"i","room_id":1,"caller":"alice","callees":["bob"],"media_type":"audio","timeout_s":30,"started_at":1}"#;
    let ended = format!(
        r#"{{"facts":{facts},"outcome":"completed","accepted_at":2,"ended_at":3,"participants":[{{"user":"alice","outcome":"called"}}]}}"#
    );
    let read: calling_signaling::call::EndedCall = serde_json::from_str(&ended).unwrap();
    assert_eq!((read.switched_to, serde_json::to_string(&read).unwrap()), (None, ended));
    for (text, seq) in [
        (format!(r#"{{"event":"invited","params":{{"facts":{facts},"remaining_ms":5}}}}"#), None),
        (
            format!(
                r#"{{"event":"invited","params":{{"facts":{facts},"remaining_ms":5}},"seq":7}}"#
            ),
            Some(7),
        ),
    ] {
        let frame = decode_server_frame(&text).unwrap();
        assert_eq!(encode(&frame), text);
        let ServerFrame::Event(event) = frame else { panic!("{frame:?}") };
        assert_eq!(event.seq, seq);
        assert!(matches!(event.event, Event::Invited { inviter: None, attempt: 0, .. }));
    }
    let reply = format!(
        r#"{{"id":1,"result":{{"type":"call","facts":{facts},"role":"caller","connected":true}}}}"#
    );
    assert_eq!(encode(&decode_server_frame(&reply).unwrap()), reply);
    let wrong = r#"{"event":"kicked_offline","params":{},"seq":-1}"#;
    assert!(!decode_server_frame(wrong).unwrap_err().hostile);
}

#[test]
fn order_spacing_and_unknown_fields_do_not_matter() {
    let text = " { \"params\" : {\"call_id\":\"c1\",\"new\":[{}]} ,\n\"later\":null, \"method\":\"hangup\",\"id\":7}\n";
    let frame = decode_client_frame(text).unwrap();
    let call_id = CallId::new("c1").unwrap();
    assert_eq!(frame, ClientFrame { id: 7, request: Request::Hangup { call_id } });
}

#[test]
fn parameters_may_be_left_out_where_there_are_none() {
    let frame = decode_client_frame(r#"{"id":1,"method":"ping"}"#).unwrap();
    assert_eq!(frame.request, Request::Ping {});
    let outcome = decode_client_frame(r#"{"id":1,"method":"accept"}"#);
    assert_eq!(code_of(outcome), (Some(1), Code::BadParameter, false));
}

#[test]
fn an_error_carries_the_id_wherever_it_could_be_read() {
    let malformed = Code::MalformedFrame;
    for (text, id, code) in [
        ("", None, malformed),
        ("hello", None, malformed),
        ("[1]", None, malformed),
        ("\"id\"", None, malformed),
        ("{}", None, malformed),
        (r#"{"id":"7","method":"ping"}"#, None, malformed),
        (r#"{"id":-7,"method":"ping"}"#, None, malformed),
        (r#"{"id":7.5,"method":"ping"}"#, None, malformed),
        (r#"{"id":18446744073709551616,"method":"ping"}"#, None, malformed),
        (r#"{"id":7}"#, Some(7), malformed),
        (r#"{"id":7,"method":"fly"}"#, Some(7), malformed),
        (r#"{"id":7,"method":7}"#, Some(7), malformed),
        (r#"{"id":7,"method":"ping"} x"#, Some(7), malformed),
        (r#"{"id":7,"method":"pi"#, Some(7), malformed),
        (r#"{"id":7,"method":"accept","params":[]}"#, Some(7), Code::BadParameter),
        (r#"{"id":7,"method":"accept","params":null}"#, Some(7), Code::BadParameter),
        (r#"{"id":7,"method":"accept","params":{"call_id":"a b"}}"#, Some(7), Code::BadParameter),
        (
            r#"{"id":7,"method":"accept","params":{"call_id":"a","call_id":"b"}}"#,
            Some(7),
            Code::BadParameter,
        ),
        (r#"{"params":{"call_id":9},"method":"accept","id":7}"#, Some(7), Code::BadParameter),
    ] {
        assert_eq!(code_of(decode_client_frame(text)), (id, code, false), "{text}");
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_without_guessing_the_id() {
    for text in [
        r#"{"id":1,"id":2,"method":"ping"}"#,
        r#"{"id":1,"method":"ping","\u006dethod":"sign_out"}"#,
        r#"{"id":1,"method":"ping","x":1,"x":1}"#,
    ] {
        assert_eq!(code_of(decode_client_frame(text)), (None, Code::MalformedFrame, false));
    }
}

#[test]
fn depth_of_a_hundred_thousand_is_hostile() {
    for open in ["[", "{\"a\":"] {
        let text = open.repeat(100_000);
        assert!(code_of(decode_client_frame(&text)).2);
        assert!(code_of(decode_client_frame(&text[..MAX_FRAME_BYTES])).2);
    }
    let nested = |depth: usize| {
        format!(
            r#"{{"id":1,"method":"ping","x":{}{}}}"#,
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    assert!(decode_client_frame(&nested(MAX_FRAME_DEPTH)).is_ok());
    assert!(code_of(decode_client_frame(&nested(MAX_FRAME_DEPTH + 1))).2);
}

#[test]
fn size_is_bounded_per_direction() {
    let padded = |size: usize| {
        let frame = r#"{"id":1,"method":"ping"}"#;
        format!("{frame}{}", " ".repeat(size - frame.len()))
    };
    assert!(decode_client_frame(&padded(MAX_FRAME_BYTES)).is_ok());
    assert!(code_of(decode_client_frame(&padded(MAX_FRAME_BYTES + 1))).2);
    let reply = r#"{"id":1,"result":{"type":"done"}}"#;
    let long = format!("{reply}{}", " ".repeat(MAX_FRAME_BYTES));
    assert!(decode_server_frame(&long).is_ok(), "history is longer than any request");
    let endless = format!("{reply}{}", " ".repeat(MAX_SERVER_FRAME_BYTES));
    assert!(decode_server_frame(&endless).unwrap_err().hostile);
}

#[test]
fn many_keys_are_hostile() {
    let keys: Vec<_> = (0..5_000).map(|n| format!("\"{n}\":0")).collect();
    assert!(code_of(decode_client_frame(&format!("{{{}}}", keys.join(",")))).2);
}

#[test]
fn what_a_peer_wrote_comes_back_short_and_printable() {
    let method = format!("{}\\n\\u001b[31m", "%s'; DROP TABLE calls; --".repeat(100));
    let text = format!(r#"{{"id":1,"method":"{method}"}}"#);
    let error = decode_client_frame(&text).unwrap_err();
    assert!(error.error.message.len() < 300);
    assert!(!error.error.message.contains(char::is_control));
}

#[test]
fn an_error_becomes_the_reply() {
    let error = decode_client_frame(r#"{"id":7,"method":"fly"}"#).unwrap_err();
    let reply = encode(&error.into_reply());
    let ServerFrame::Error { id, error } = decode_server_frame(&reply).unwrap() else {
        panic!("{reply}");
    };
    assert_eq!((id, error.code), (Some(7), Code::MalformedFrame));
}

#[test]
fn server_frames_this_build_does_not_know() {
    for text in [
        r#"{"event":"new_thing","params":{}}"#,
        r#"{"id":1,"result":{"type":"new"}}"#,
        r#"{"id":1}"#,
        r#"{"result":{"type":"done"}}"#,
    ] {
        let error = decode_server_frame(text).unwrap_err();
        assert!(!error.hostile, "{text}");
    }
}

#[test]
fn versions_are_negotiated() {
    assert_eq!(negotiate(&[1]), Some(1));
    assert_eq!(negotiate(&[65_535, 1, 0]), Some(1));
    assert_eq!(negotiate(&[2, 3]), None);
    assert_eq!(negotiate(&[]), None);
}

fn framed(text: &str) -> BytesMut {
    let mut bytes = BytesMut::from(&u32::try_from(text.len()).unwrap().to_be_bytes()[..]);
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

#[test]
fn every_split_of_a_stream_gives_the_same_frames() {
    let frame = ClientFrame { id: 1, request: Request::Ping {} };
    let mut stream = BytesMut::new();
    for _ in 0..2 {
        ClientCodec::new().encode(frame.clone(), &mut stream).unwrap();
    }
    for split in 0..=stream.len() {
        let mut codec = ServerCodec::new();
        let mut frames = Vec::new();
        let mut buffer = BytesMut::new();
        for part in [&stream[..split], &stream[split..]] {
            buffer.extend_from_slice(part);
            while let Some(item) = codec.decode(&mut buffer).unwrap() {
                frames.push(item.unwrap());
            }
        }
        assert_eq!(frames, [frame.clone(), frame.clone()], "split at {split}");
        assert!(buffer.is_empty());
    }
}

#[test]
fn an_announced_gigabyte_is_refused_before_it_is_stored() {
    for length in [u32::try_from(MAX_FRAME_BYTES).unwrap() + 1, 1 << 30, u32::MAX] {
        let mut buffer = BytesMut::from(&length.to_be_bytes()[..]);
        let capacity = buffer.capacity();
        let outcome = ServerCodec::new().decode(&mut buffer);
        assert!(matches!(outcome, Err(CodecError::Oversize { .. })));
        assert_eq!(buffer.capacity(), capacity);
    }
}

#[test]
fn a_malformed_frame_leaves_the_stream_in_step() {
    let mut buffer = framed("nonsense");
    buffer.extend_from_slice(&[0, 0, 0, 2, 0xff, 0xfe]);
    buffer.extend_from_slice(&framed(r#"{"id":2,"method":"ping"}"#));
    let mut codec = ServerCodec::new();
    for _ in 0..2 {
        let item = codec.decode(&mut buffer).unwrap().unwrap();
        assert_eq!(item.unwrap_err().error.code, Code::MalformedFrame);
    }
    assert_eq!(codec.decode(&mut buffer).unwrap().unwrap().unwrap().id, 2);
    assert!(codec.decode(&mut buffer).unwrap().is_none());
    let outcome = codec.decode(&mut framed(&"[".repeat(100)));
    assert!(matches!(outcome, Err(CodecError::Hostile(_))));
}

#[test]
fn a_frame_too_large_to_send_says_so_and_sends_nothing() {
    let request = Request::Hello(HelloParams { versions: vec![1], agent: "x".repeat(70_000) });
    let mut buffer = BytesMut::new();
    let outcome = ClientCodec::new().encode(ClientFrame { id: 1, request }, &mut buffer);
    assert!(matches!(outcome, Err(CodecError::Oversize { .. })));
    assert!(buffer.is_empty());
}

#[tokio::test]
async fn both_directions_over_a_byte_stream() {
    let (near, far) = tokio::io::duplex(16);
    let (near_read, near_write) = tokio::io::split(near);
    let (far_read, far_write) = tokio::io::split(far);
    let mut client_out = FramedWrite::new(near_write, ClientCodec::new());
    let mut client_in = FramedRead::new(near_read, ClientCodec::new());
    let mut server_in = FramedRead::new(far_read, ServerCodec::new());
    let mut server_out = FramedWrite::new(far_write, ServerCodec::new());
    let client = async {
        for (id, request) in (0..).zip(requests()) {
            client_out.send(ClientFrame { id, request }).await.unwrap();
            let reply = client_in.next().await.unwrap().unwrap().unwrap();
            assert_eq!(reply, ServerFrame::Reply { id, result: Reply::Done {} });
        }
        client_out.close().await.unwrap();
    };
    let server = async {
        for (id, expected) in (0..).zip(requests()) {
            let frame = server_in.next().await.unwrap().unwrap().unwrap();
            assert_eq!(frame, ClientFrame { id, request: expected });
            server_out.send(ServerFrame::Reply { id, result: Reply::Done {} }).await.unwrap();
        }
    };
    tokio::join!(client, server);
}

#[test]
fn every_truncation_errs() {
    for request in requests() {
        let text = encode(&ClientFrame { id: 7, request });
        for (end, _) in text.char_indices() {
            assert!(decode_client_frame(&text[..end]).is_err(), "{}", &text[..end]);
        }
    }
    let text = encode(&ServerFrame::Error {
        id: Some(7),
        error: ProtocolError::new(Code::Internal, "gone"),
    });
    for (end, _) in text.char_indices() {
        assert!(decode_server_frame(&text[..end]).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn garbage_never_panics(text in any::<String>(), json in r#"[\[\]{}",:0-9a-z\\ ]{0,60}"#) {
        for text in [text, json] {
            let _ = (decode_client_frame(&text), decode_server_frame(&text));
        }
    }

    #[test]
    fn codec_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut buffer = BytesMut::from(&bytes[..]);
        while let Ok(Some(_)) = ServerCodec::new().decode(&mut buffer) {}
    }
}
