use calling_model::Volume;

use super::*;
use crate::client::{NetworkQuality, UserQuality};
use crate::protocol::{MessageEvent, UserVolume};

fn failed() -> MediaState {
    MediaState::Failed(ProtocolError::new(Code::Other(-3_301), "no path"))
}

#[test]
fn the_room_is_entered_once_connected_and_up() {
    for up_first in [true, false] {
        let mut alice = Handset::ringing_out();
        alice.advance(Duration::from_millis(80));
        let accepted = Event::Accepted { call_id: call_id(1), user: user("bob") };
        if up_first {
            alice.media(1, MediaState::Up);
            assert!(alice.words().is_empty(), "not while it rings");
            alice.event(accepted);
        } else {
            alice.event(accepted);
            alice.media(1, MediaState::Up);
        }
        assert_eq!(*alice.heard(), ListenerEvent::EnterRoom { result: Ok(80) });
        let ready = Request::MediaReady { call_id: call_id(1) };
        assert_eq!(alice.sent_one().1, ready);
        assert_eq!(alice.words(), ["accept", "OPEN", "call_begin", "enter_room"]);
        alice.media(1, MediaState::Up);
        assert!(alice.words().is_empty(), "entered once");
    }
}

#[test]
fn entering_takes_at_least_a_millisecond() {
    let mut alice = Handset::talking();
    alice.media(1, MediaState::Up);
    assert_eq!(*alice.heard(), ListenerEvent::EnterRoom { result: Ok(1) });
}

#[test]
fn media_that_failed_while_it_rang_is_tried_again_once_accepted() {
    let mut alice = Handset::ringing_out();
    alice.media(1, failed());
    assert!(alice.words().is_empty());
    alice.event(Event::Accepted { call_id: call_id(1), user: user("bob") });
    assert_eq!(alice.words(), ["accept", "OPEN", "call_begin", "START"]);
}

#[test]
fn media_that_keeps_failing_ends_the_call() {
    let mut alice = Handset::talking();
    alice.media(1, failed());
    alice.media(1, failed());
    assert_eq!(alice.words(), ["START", "START"]);
    alice.event(Event::MediaFailed {
        call_id: call_id(1),
        error: ProtocolError::new(Code::Internal, "no path"),
    });
    assert_eq!(alice.words(), ["enter_room", "error", "STOP"]);
    assert_eq!(alice.sent_one().1, Request::Hangup { call_id: call_id(1) });
}

#[test]
fn media_that_goes_and_comes() {
    let mut alice = Handset::talking();
    alice.media(1, MediaState::Up);
    alice.out.clear();
    alice.media(1, MediaState::Lost);
    alice.media(1, MediaState::Lost);
    alice.media(1, MediaState::Up);
    assert_eq!(alice.words(), ["connection_lost", "recovered"]);
}

#[test]
fn news_of_another_calls_media_is_stale() {
    let mut alice = Handset::talking();
    alice.media(2, MediaState::Up);
    alice.media(2, failed());
    assert!(alice.words().is_empty() && alice.sent().is_empty());
    assert_eq!(alice.mirror.stats().stale, 2);
}

#[test]
fn what_happens_in_the_room_is_passed_on() {
    let mut alice = Handset::talking();
    let (id, bob) = (call_id(1), user("bob"));
    let volumes = vec![UserVolume { user: bob.clone(), volume: Volume::from_percent(40) }];
    let total = Volume::from_percent(40);
    for (event, heard) in [
        (
            Event::UserEntered {
                call_id: id.clone(),
                user: bob.clone(),
                audio_ssrc: 5,
                video: Vec::new(),
            },
            ListenerEvent::UserEnter { user: bob.clone() },
        ),
        (
            Event::AudioAvailable { call_id: id.clone(), user: bob.clone(), available: true },
            ListenerEvent::UserAudioAvailable { user: bob.clone(), available: true },
        ),
        (
            Event::Volumes { call_id: id.clone(), volumes: volumes.clone(), total },
            ListenerEvent::UserVoiceVolume { volumes, total },
        ),
        (
            Event::UserLeft { call_id: id, user: bob.clone(), reason: 1 },
            ListenerEvent::UserLeave { user: bob.clone(), reason: 1 },
        ),
    ] {
        alice.event(event);
        assert_eq!(*alice.heard(), heard);
    }
    let remote = ClientOutput::RemoteAudio { call_id: call_id(1), user: bob, audio_ssrc: 5 };
    assert!(alice.out.contains(&remote));
}

#[test]
fn quality_warnings_errors_and_messages() {
    let mut alice = Handset::talking();
    let remotes = vec![UserQuality { user: user("bob"), quality: NetworkQuality::Poor }];
    alice.input(ClientInput::Quality { local: NetworkQuality::Good, remotes: remotes.clone() });
    let local = NetworkQuality::Good;
    assert_eq!(*alice.heard(), ListenerEvent::NetworkQuality { local, remotes });
    alice.input(ClientInput::Warning { code: 1_201, message: "No microphone.".into() });
    let error = ProtocolError::new(Code::MalformedFrame, "Not JSON.");
    alice.input(ClientInput::Server(ServerFrame::Error { id: None, error }));
    alice.event(Event::Message(MessageEvent {
        call_id: Some(call_id(1)),
        ..MessageEvent::custom(1, user("bob"), user("alice"), UnixMillis(5), "{}".into())
    }));
    assert_eq!(alice.words(), ["network_quality", "warning", "error", "message"]);
}

#[test]
fn quality_is_of_interest_in_a_call_only() {
    let mut alice = Handset::ringing_out();
    alice.input(ClientInput::Quality { local: NetworkQuality::Good, remotes: Vec::new() });
    assert!(alice.words().is_empty());
}
