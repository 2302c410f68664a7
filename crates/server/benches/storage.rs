//! How long the database takes for what every call needs of it.

use std::hint::black_box;

use calling_model::{CallId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_server::storage::{RecordFilter, Storage};
use calling_signaling::call::{CallFacts, EndedCall, Outcome};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Runtime;

const START: u64 = 1_700_000_000_000;

fn ended(number: u64) -> EndedCall {
    let id = format!("{number:032x}");
    let facts = CallFacts {
        call_id: CallId::new(id.as_str()).expect("hexadecimal digits"),
        invite_id: InviteId::new(id).expect("hexadecimal digits"),
        room_id: RoomId::new(1).expect("a room"),
        caller: UserId::new(format!("caller-{}", number % 100)).expect("a user"),
        callees: vec![UserId::new("callee").expect("a user")],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: 30,
        user_data: String::new(),
        started_at: UnixMillis(START + number),
    };
    let (accepted_at, ended_at) = (UnixMillis(START + number + 1), UnixMillis(START + number + 9));
    EndedCall {
        facts,
        outcome: Outcome::Completed,
        switched_to: None,
        accepted_at: Some(accepted_at),
        ended_at,
        ended_by: None,
        participants: Vec::new(),
    }
}

async fn whole_call(storage: &Storage, number: u64) {
    let call = ended(number);
    storage.call_started(&call.facts).await.expect("stored");
    let (call_id, at) = (&call.facts.call_id, call.facts.started_at);
    storage.call_accepted(call_id, &call.facts.callees[0], at).await.expect("stored");
    black_box(storage.end_call(&call, None).await.expect("stored"));
}

fn storage(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    let storage = runtime.block_on(Storage::open(directory.path())).expect("a database");
    let mut number = 0;
    criterion.bench_function("storage/start, accept and end a call", |bencher| {
        bencher.iter(|| {
            number += 1;
            runtime.block_on(whole_call(&storage, number));
        });
    });
    let caller = UserId::new("caller-1").expect("a user");
    let filter = RecordFilter { user: Some(caller.clone()), limit: 20, ..RecordFilter::default() };
    criterion.bench_function("storage/20 records of a user", |bencher| {
        bencher.iter(|| runtime.block_on(storage.records(&filter)).expect("read"));
    });
    let callee = UserId::new("callee").expect("a user");
    criterion.bench_function("storage/20 messages of a conversation", |bencher| {
        bencher
            .iter(|| runtime.block_on(storage.history(&caller, &callee, 20, None)).expect("read"));
    });
}

criterion_group!(benches, storage);
criterion_main!(benches);
