//! What calls leave behind: the messages of each conversation, the lines both sides read in three
//! languages and one of the example's own, a line of a call log, and a record.
//!
//! `cargo run -p calling-callrecord --example conversation`
#![allow(clippy::print_stdout, reason = "an example talks to people")]

use calling_callrecord::quality::QualityInput;
use calling_callrecord::text::{DurationStyle, Names};
use calling_callrecord::{
    CallLogEntry, Conversation, Language, QualitySummary, Record, Texts, get_call_message,
    messages_for,
};
use calling_model::{CallId, GroupId, InvalidId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall, Outcome, ParticipantOutcome, Participation};

const START: u64 = 1_700_000_000_000;

/// A voice call from alice, and what became of those she called.
fn ended(
    outcome: Outcome,
    talked_ms: Option<u64>,
    callees: &[(&str, ParticipantOutcome)],
) -> Result<EndedCall, InvalidId> {
    let caller = [("alice", ParticipantOutcome::Called)];
    let part = |(name, outcome): &(&str, ParticipantOutcome)| {
        UserId::new(*name).map(|user| Participation {
            user,
            outcome: *outcome,
            joined_at: None,
            left_at: None,
        })
    };
    let participants: Vec<_> = caller.iter().chain(callees).map(part).collect::<Result<_, _>>()?;
    let mut people = participants.iter().map(|part| part.user.clone());
    Ok(EndedCall {
        facts: CallFacts {
            call_id: CallId::new("00112233445566778899aabbccddeeff")?,
            invite_id: InviteId::new("0f1e2d3c4b5a69788796a5b4c3d2e1f0")?,
            room_id: RoomId::new(123_456)?,
            caller: people.next().map_or_else(|| UserId::new("alice"), Ok)?,
            callees: people.collect(),
            media_type: MediaType::Audio,
            group_id: None,
            timeout_s: 30,
            user_data: String::new(),
            started_at: UnixMillis(START),
        },
        outcome,
        switched_to: None,
        accepted_at: talked_ms.map(|_| UnixMillis(START + 3_000)),
        ended_at: UnixMillis(START + 3_000 + talked_ms.unwrap_or(0)),
        ended_by: None,
        participants,
    })
}

/// Every message of a call, as its conversation shows it.
fn show(call: &EndedCall, texts: &Texts) -> Result<(), &'static str> {
    for stored in messages_for(call) {
        let message = get_call_message(&stored.text).ok_or("our own messages can be read")?;
        println!("{}", texts.summary(&message));
        match &stored.conversation {
            Conversation::Direct { a, b } => {
                for reader in [a, b] {
                    let line = texts.direct(&message, message.role_of(reader));
                    println!("    {:>5} reads: {line}", reader.as_str());
                }
            }
            Conversation::Group(_) => {
                let names = |user: &UserId| Names {
                    name_card: user.as_str().to_uppercase(),
                    ..Names::default()
                };
                println!("    the group reads: {}", texts.group(&message, names));
            }
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    use ParticipantOutcome::{Accepted, Busy, NoAnswer, Offline};

    let long = ended(Outcome::Completed, Some(3_725_000), &[("bob", Accepted)])?;
    let missed = ended(Outcome::NoAnswer, None, &[("bob", NoAnswer)])?;
    let busy = ended(Outcome::Busy, None, &[("bob", Busy)])?;
    let mut group = ended(Outcome::NoAnswer, None, &[("bob", NoAnswer), ("carol", Offline)])?;
    group.facts.group_id = Some(GroupId::new("friends")?);

    let german = "direct-timeout-callee = Verpasster Anruf";
    for texts in [
        Texts::new(Language::ZhHans),
        Texts::new(Language::ZhHant),
        Texts::new(Language::En).with_durations(DurationStyle::Hours),
        Texts::new(Language::En).with_language("de", german)?,
    ] {
        println!("— {} —", texts.tag());
        for call in [&long, &missed, &busy, &group] {
            show(call, &texts)?;
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
        ..QualityInput::default()
    });
    let record = Record::from(long).with_quality(quality);
    println!("— bob's call log, and the record —");
    let entry = CallLogEntry::for_user(&record, &UserId::new("bob")?);
    println!("{}", serde_json::to_string_pretty(&entry)?);
    println!("{}", serde_json::to_string_pretty(&record)?);
    Ok(())
}
