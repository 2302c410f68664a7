//! Reads call messages as programs of several generations wrote them, and writes the one form
//! that all of them understand.
//!
//! `cargo run -p calling-signaling --example decode_invite`
#![allow(clippy::print_stdout, reason = "an example talks to people")]

use calling_model::{CallId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::call::CallFacts;
use calling_signaling::invite::{Signal, compose, decode_envelope};

const MESSAGES: [&str; 5] = [
    r#"{"actionType":1,"businessID":1,"inviteID":"1","inviter":"A","inviteeList":["B"],
        "timeout":30,"data":"{\"version\":0,\"call_type\":2,\"room_id\":123456}"}"#,
    r#"{"actionType":1.0,"businessID":1.0,"inviteID":"2","inviter":"A","inviteeList":["B"],
        "timeout":0.0,"data":"{\"version\":1.0,\"call_type\":2.0,\"is_group\":false,\"call_end\":65.0,\"data\":{\"cmd\":\"videoCall\",\"cmd_info\":\"\"}}"}"#,
    r#"{"actionType":1,"businessID":1,"inviteID":"3","inviter":"A","inviteeList":["B"],
        "timeout":30,"data":"{\"version\":4,\"businessID\":\"av_call\",\"call_type\":1,\"call_end\":0,\"data\":{\"cmd\":\"audioCall\",\"inviter\":\"A\"}}"}"#,
    r#"{"actionType":4,"businessID":1,"inviteID":"4","inviter":"A","inviteeList":["B"],
        "timeout":0,"data":"{\"version\":4,\"businessID\":\"av_call\",\"call_type\":1,\"data\":{\"message\":\"lineBusy\"}}"}"#,
    r#"{"businessID":"shopping","text":"not about a call"}"#,
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for text in MESSAGES {
        match decode_envelope(text) {
            Ok(envelope) => {
                let generation = envelope.payload.generation().name();
                println!("{generation}: {:?}", envelope.signal()?);
            }
            Err(discard) => println!("discarded ({}): {discard}", discard.reason()),
        }
    }

    let facts = CallFacts {
        call_id: CallId::new("00112233445566778899aabbccddeeff")?,
        invite_id: InviteId::new("0f1e2d3c4b5a69788796a5b4c3d2e1f0")?,
        room_id: RoomId::new(123_456)?,
        caller: UserId::new("A")?,
        callees: vec![UserId::new("B")?],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: 30,
        user_data: String::new(),
        started_at: UnixMillis(1_700_000_000_000),
    };
    let signal = Signal::Invite { media_type: facts.media_type };
    let envelope = compose(&facts, facts.invite_id.clone(), &facts.caller, &signal);
    println!("canonical: {}", envelope.encode());
    Ok(())
}
