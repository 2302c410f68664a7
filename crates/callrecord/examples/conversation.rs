//! What three calls leave behind: their records, and the lines both sides read.
//!
//! `cargo run -p calling-callrecord --example conversation`
#![allow(clippy::print_stdout, reason = "an example talks to people")]

use calling_callrecord::quality::QualityInput;
use calling_callrecord::text::role_text;
use calling_callrecord::{
    Language, QualitySummary, Record, get_call_message, message_for, summary,
};
use calling_model::{CallId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall, Outcome};

const START: u64 = 1_700_000_000_000;

fn ended(outcome: Outcome, talked_ms: Option<u64>) -> Result<EndedCall, calling_model::InvalidId> {
    let alice = UserId::new("alice")?;
    let accepted_at = talked_ms.map(|_| UnixMillis(START + 3_000));
    Ok(EndedCall {
        facts: CallFacts {
            call_id: CallId::new("00112233445566778899aabbccddeeff")?,
            invite_id: InviteId::new("0f1e2d3c4b5a69788796a5b4c3d2e1f0")?,
            room_id: RoomId::new(123_456)?,
            caller: alice.clone(),
            callees: vec![UserId::new("bob")?],
            media_type: MediaType::Audio,
            group_id: None,
            timeout_s: 30,
            user_data: String::new(),
            started_at: UnixMillis(START),
        },
        outcome,
        switched_to: None,
        accepted_at,
        ended_at: UnixMillis(START + 3_000 + talked_ms.unwrap_or(0)),
        ended_by: Some(alice),
        participants: vec![],
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for call in [
        ended(Outcome::Completed, Some(3_725_000))?,
        ended(Outcome::NoAnswer, None)?,
        ended(Outcome::Busy, None)?,
    ] {
        let stored = message_for(&call).ok_or("a call of two has a message")?;
        let message = get_call_message(&stored.text).ok_or("it can be read")?;
        println!("{}", summary(&message, Language::ZhHans));
        for reader in [&call.facts.caller, &call.facts.callees[0]] {
            let text = role_text(&message, message.role_of(reader), Language::En);
            println!("  {:>5} reads: {text}", reader.as_str());
        }
    }

    let quality = QualitySummary::new(&QualityInput {
        packets: 184_000,
        packets_lost: 2_250,
        played_ms: 3_725_000,
        concealed_ms: 9_800,
        mean_delay_ms: 60.0,
        jitter_ms: 8.5,
        rtt_ms: 48.0,
        burst_ratio: 1.4,
    });
    let record = Record::from(ended(Outcome::Completed, Some(3_725_000))?).with_quality(quality);
    println!("{}", serde_json::to_string_pretty(&record)?);
    Ok(())
}
