//! Calls and databases for tests.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use calling_model::{CallId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_server::storage::Storage;
use calling_signaling::call::{CallFacts, EndedCall, Outcome, ParticipantOutcome, Participation};

/// Wall time at which test calls start: 2023-11-14 22:13:20 UTC.
pub const START: UnixMillis = UnixMillis(1_700_000_000_000);

pub fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub fn call_id(number: u64) -> CallId {
    CallId::new(format!("{number:032x}")).unwrap()
}

/// Call `number` of `caller` to `callee`, placed `number` seconds after [`START`].
pub fn facts(number: u64, caller: &str, callee: &str) -> CallFacts {
    CallFacts {
        call_id: call_id(number),
        invite_id: InviteId::new(format!("{number:032x}")).unwrap(),
        room_id: RoomId::new(u32::try_from(number).unwrap() + 1).unwrap(),
        caller: user(caller),
        callees: vec![user(callee)],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: 30,
        user_data: String::new(),
        started_at: after(number * 1_000),
    }
}

pub fn after(ms: u64) -> UnixMillis {
    UnixMillis(START.0 + ms)
}

/// `facts` accepted after 1 s and hung up by the caller 5 s later.
pub fn completed(facts: &CallFacts) -> EndedCall {
    let accepted_at = UnixMillis(facts.started_at.0 + 1_000);
    let ended_at = UnixMillis(accepted_at.0 + 5_000);
    let part = |user: &UserId, outcome| Participation {
        user: user.clone(),
        outcome,
        joined_at: Some(accepted_at),
        left_at: Some(ended_at),
    };
    EndedCall {
        facts: facts.clone(),
        outcome: Outcome::Completed,
        switched_to: None,
        accepted_at: Some(accepted_at),
        ended_at,
        ended_by: Some(facts.caller.clone()),
        participants: vec![
            part(&facts.caller, ParticipantOutcome::Called),
            part(&facts.callees[0], ParticipantOutcome::Accepted),
        ],
    }
}

/// A database in a directory that goes with it.
pub async fn database() -> (tempfile::TempDir, Storage) {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path()).await.unwrap();
    (dir, storage)
}

/// What is on disk at this moment, as a killed process would leave it, in another directory.
pub fn killed(dir: &std::path::Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        // The shared-memory index is rebuilt from the log.
        if entry.file_name() != "calling.db-shm" {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    copy
}
