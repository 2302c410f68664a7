//! What fails underneath: a full disk, a protected file, another process that holds the database.

use calling_model::{CallId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall, Outcome};

use super::writing::sync;
use super::{RecordFilter, Storage, StorageError};

fn facts(number: u32) -> CallFacts {
    CallFacts {
        call_id: CallId::new(format!("call-{number}")).unwrap(),
        invite_id: InviteId::new(format!("invite-{number}")).unwrap(),
        room_id: RoomId::new(number + 1).unwrap(),
        caller: UserId::new("alice").unwrap(),
        callees: vec![UserId::new("bob").unwrap()],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: 30,
        user_data: "x".repeat(4_096),
        started_at: UnixMillis(1_700_000_000_000),
    }
}

fn ended(facts: &CallFacts) -> EndedCall {
    EndedCall {
        facts: facts.clone(),
        outcome: Outcome::Cancelled,
        accepted_at: None,
        ended_at: UnixMillis(1_700_000_005_000),
        ended_by: Some(facts.caller.clone()),
        participants: Vec::new(),
        switched_to: None,
    }
}

async fn pragma(storage: &Storage, sql: &'static str) {
    sqlx::query(sql).fetch_optional(&storage.inner.writer).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_told_stored() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path()).await.unwrap();
    let first = facts(0);
    storage.call_started(&first).await.unwrap();
    pragma(&storage, "PRAGMA max_page_count = 40").await;
    let mut stored = 1;
    let error = loop {
        match storage.call_started(&facts(stored)).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StorageError::Full) && error.is_retryable(), "{error:?}");
    // The limit goes with its connection, and that with each failure.
    pragma(&storage, "PRAGMA max_page_count = 40").await;
    let error = storage.end_call(&ended(&first), None).await.unwrap_err();
    assert!(matches!(error, StorageError::Full), "{error:?}");
    let filter = RecordFilter::default();
    assert_eq!(storage.records(&filter).await.unwrap(), [], "half an end is no end");

    // Somebody makes room; the same end is tried again.
    storage.end_call(&ended(&first), None).await.unwrap();
    let recovered = storage.recover(UnixMillis(1_700_000_009_000)).await.unwrap();
    assert_eq!(recovered.len(), stored as usize - 1);
}

#[tokio::test]
async fn a_protected_file_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path()).await.unwrap();
    pragma(&storage, "PRAGMA query_only = ON").await;
    let error = storage.call_started(&facts(1)).await.unwrap_err();
    assert!(matches!(error, StorageError::ReadOnly) && error.is_retryable(), "{error:?}");
    pragma(&storage, "PRAGMA query_only = ON").await;
    assert!(storage.ping().await.is_err(), "health tells it");
    storage.call_started(&facts(1)).await.unwrap();
}

#[tokio::test]
async fn a_database_held_by_another_process_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path()).await.unwrap();
    let other = Storage::open_for_reading(dir.path()).await.unwrap();
    pragma(&other, "PRAGMA query_only = OFF").await;
    let held = other.inner.writer.begin_with("BEGIN IMMEDIATE").await.unwrap();

    pragma(&storage, "PRAGMA busy_timeout = 20").await;
    let error = storage.call_started(&facts(1)).await.unwrap_err();
    assert!(matches!(error, StorageError::Busy) && error.is_retryable(), "{error:?}");

    pragma(&storage, "PRAGMA busy_timeout = 5000").await;
    let call = facts(1);
    let (started, ()) = tokio::join!(storage.call_started(&call), async {
        held.rollback().await.unwrap();
    });
    started.unwrap();
}

#[tokio::test]
async fn a_value_nobody_can_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path()).await.unwrap();
    let call = facts(1);
    storage.end_call(&ended(&call), None).await.unwrap();
    pragma(&storage, "UPDATE records SET record = '{}'").await;
    let error = storage.record(&call.call_id).await.unwrap_err();
    assert!(error.to_string().starts_with("a stored record cannot be understood: "), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_dropped_write_leaves_the_database_usable() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path()).await.unwrap();
    for number in 0..50 {
        let (call, storage) = (facts(number), storage.clone());
        let task = tokio::spawn(async move { storage.end_call(&ended(&call), None).await });
        tokio::task::yield_now().await;
        task.abort();
    }
    storage.end_call(&ended(&facts(1_000)), None).await.unwrap();
    let filter = RecordFilter { limit: 100, ..RecordFilter::default() };
    let records = storage.records(&filter).await.unwrap().len();
    let messages = storage
        .history(&UserId::new("alice").unwrap(), &UserId::new("bob").unwrap(), 100, None)
        .await
        .unwrap()
        .len();
    assert_eq!(records, messages, "each is whole or not there");
}

#[tokio::test]
async fn what_comes_together_is_stored_together_and_each_is_told_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path()).await.unwrap();
    let calls: Vec<_> = (0..300).map(facts).collect();
    // The writer is busy, so that all of them queue.
    let held = storage.begin().await.unwrap();
    let ends = calls.iter().map(|call| {
        let (storage, ended) = (storage.clone(), ended(call));
        tokio::spawn(async move { storage.end_call(&ended, None).await })
    });
    let ends: Vec<_> = ends.collect();
    tokio::task::yield_now().await;
    held.rollback().await.unwrap();
    for (number, end) in ends.into_iter().enumerate() {
        let told = end.await.unwrap().unwrap();
        let message = &told[0].message;
        assert_eq!(message.call_id, Some(calls[number].call_id.clone()));
    }
    let again = storage.end_call(&ended(&calls[7]), None).await.unwrap();
    assert_eq!(again, [], "there is one record");
}

#[tokio::test]
async fn a_write_that_fails_by_itself_takes_no_other_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path()).await.unwrap();
    let refuses = "CREATE TRIGGER refuses BEFORE INSERT ON records \
                   WHEN NEW.call_id = 'call-1' BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    pragma(&storage, refuses).await;
    let held = storage.begin().await.unwrap();
    let [good, bad, late] = [0, 1, 2].map(|number| ended(&facts(number))).map(|end| {
        let storage = storage.clone();
        tokio::spawn(async move { storage.end_call(&end, None).await })
    });
    tokio::task::yield_now().await;
    held.rollback().await.unwrap();
    assert!(good.await.unwrap().unwrap().len() == 1);
    let error = bad.await.unwrap().unwrap_err();
    assert!(matches!(error, StorageError::Refused(_)), "{error:?}");
    assert!(late.await.unwrap().unwrap().len() == 1);
    assert_eq!(storage.records(&RecordFilter::default()).await.unwrap().len(), 2);
}

/// Whether the disk has the call without the help of the log, as `storage` leaves it there.
async fn is_on_disk(dir: &std::path::Path, facts: &CallFacts) -> bool {
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join(super::DATABASE_FILE);
    std::fs::copy(dir.join(super::DATABASE_FILE), path).unwrap();
    let alone = Storage::open(copy.path()).await.unwrap();
    let open = alone.recover(UnixMillis(1_700_000_009_000)).await.unwrap();
    open.iter().any(|record| record.call_id == facts.call_id)
}

#[tokio::test]
async fn a_start_does_not_wait_for_the_disk_and_comes_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path()).await.unwrap();
    sync(&storage.inner.writer).await.unwrap();
    let (first, second) = (facts(1), facts(2));
    storage.call_started(&first).await.unwrap();
    assert!(!is_on_disk(dir.path(), &first).await);
    sync(&storage.inner.writer).await.unwrap();
    assert!(is_on_disk(dir.path(), &first).await);

    // Nobody asks for anything: it goes there by itself.
    storage.call_started(&second).await.unwrap();
    let arrives = async {
        while !is_on_disk(dir.path(), &second).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), arrives).await.unwrap();
}

#[tokio::test]
async fn after_a_start_the_next_transaction_is_as_careful_as_ever() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path()).await.unwrap();
    storage.call_started(&facts(1)).await.unwrap();
    let sql = "PRAGMA synchronous";
    let level: i64 = sqlx::query_scalar(sql).fetch_one(&storage.inner.writer).await.unwrap();
    assert_eq!(level, 2, "FULL, see https://sqlite.org/pragma.html#pragma_synchronous");
}
