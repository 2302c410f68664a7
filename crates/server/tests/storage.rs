//! Storage: nothing recorded is lost, and nothing is recorded twice.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use calling_callrecord::quality::MeasuredBy;
use calling_callrecord::{QualitySummary, Record};
use calling_model::UnixMillis;
use calling_server::storage::{OpenError, Purged, RecordFilter, Storage, StorageError};
use calling_signaling::call::{Outcome, ParticipantOutcome};
use common::{START, after, call_id, completed, database, facts, killed, user};
use proptest::prelude::*;

async fn all(storage: &Storage) -> Vec<Record> {
    let filter = RecordFilter { limit: 10_000, ..RecordFilter::default() };
    storage.records(&filter).await.unwrap()
}

#[tokio::test]
async fn an_ended_call_leaves_one_record_and_one_message() {
    let (_dir, storage) = database().await;
    let facts = facts(1, "alice", "bob");
    storage.call_started(&facts).await.unwrap();
    storage.call_accepted(&facts.call_id, &user("bob"), after(2_000)).await.unwrap();
    assert_eq!(all(&storage).await, []);

    let ended = completed(&facts);
    let told = storage.end_call(&ended, None).await.unwrap();
    assert_eq!(told[0].users, [user("alice"), user("bob")]);
    let message = told[0].message.event(&user("alice"));
    assert_eq!(message.seq, 1);
    assert_eq!((&message.from, &message.to), (&user("bob"), &Some(user("alice"))));
    assert_eq!(message.call_id, Some(facts.call_id.clone()));
    assert_eq!(all(&storage).await, [Record::from(&ended)]);
    let history = storage.history(&user("bob"), &user("alice"), 10, None).await.unwrap();
    assert_eq!(history, [message]);
}

#[tokio::test]
async fn duplicate_end_events_change_nothing() {
    let (_dir, storage) = database().await;
    let facts = facts(1, "alice", "bob");
    storage.call_started(&facts).await.unwrap();
    let ended = completed(&facts);
    storage.end_call(&ended, None).await.unwrap();
    let mut other = ended.clone();
    other.outcome = Outcome::PeerLost;
    other.ended_at = after(99_000);
    assert_eq!(storage.end_call(&other, None).await.unwrap(), []);
    assert_eq!(storage.end_call(&ended, None).await.unwrap(), []);
    // A start or an accept that comes late does not open it again.
    storage.call_started(&facts).await.unwrap();
    storage.call_accepted(&facts.call_id, &user("bob"), after(50_000)).await.unwrap();
    assert_eq!(storage.recover(after(60_000)).await.unwrap(), []);
    assert_eq!(all(&storage).await, [Record::from(&ended)]);
    assert_eq!(storage.history(&user("alice"), &user("bob"), 9, None).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_ends_of_one_call_are_one_end() {
    let (_dir, storage) = database().await;
    let facts = facts(1, "alice", "bob");
    storage.call_started(&facts).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (storage, ended) = (storage.clone(), completed(&facts));
        tasks.spawn(async move { !storage.end_call(&ended, None).await.unwrap().is_empty() });
    }
    let told = tasks.join_all().await;
    assert_eq!(told.iter().filter(|first| **first).count(), 1);
    assert_eq!(all(&storage).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_ends_of_many_calls_number_their_messages_one_by_one() {
    let (_dir, storage) = database().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32 {
        let storage = storage.clone();
        let (caller, callee) = if number % 2 == 0 { ("alice", "bob") } else { ("bob", "alice") };
        let facts = facts(number, caller, callee);
        tasks.spawn(async move {
            storage.call_started(&facts).await.unwrap();
            storage.end_call(&completed(&facts), None).await.unwrap()[0].message.seq
        });
    }
    let mut numbers = tasks.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=32).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_call_whose_start_was_never_stored_is_recorded_all_the_same() {
    let (_dir, storage) = database().await;
    let ended = completed(&facts(1, "alice", "bob"));
    assert_eq!(storage.end_call(&ended, None).await.unwrap().len(), 1);
    assert_eq!(all(&storage).await, [Record::from(&ended)]);
}

#[tokio::test]
async fn a_clock_that_steps_back_makes_no_negative_duration() {
    let (_dir, storage) = database().await;
    let facts = facts(100, "alice", "bob");
    let mut ended = completed(&facts);
    ended.ended_at = UnixMillis(0);
    storage.end_call(&ended, None).await.unwrap();
    let record = &all(&storage).await[0];
    assert_eq!(record.duration_ms, 0);
    assert!(record.ended_at >= record.started_at);
}

#[tokio::test]
async fn a_killed_server_names_those_invited_later() {
    let (dir, storage) = database().await;
    let (one, other, over) =
        (facts(1, "alice", "bob"), facts(2, "erin", "frank"), facts(3, "carol", "dave"));
    for facts in [&one, &other, &over] {
        storage.call_started(facts).await.unwrap();
    }
    storage.end_call(&completed(&over), None).await.unwrap();
    let ended = all(&storage).await;
    // At the same time, so that some share a transaction; twice, and some known already.
    let (more, again) =
        ([user("carol"), user("bob"), user("alice")], [user("dave"), user("carol")]);
    let (first, second, third, fourth) = tokio::join!(
        storage.call_invited(&one.call_id, &more),
        storage.call_invited(&other.call_id, &again),
        storage.call_invited(&one.call_id, &again),
        storage.call_invited(&over.call_id, &more),
    );
    for stored in [first, second, third, fourth] {
        stored.unwrap();
    }
    storage.call_invited(&facts(9, "nobody", "knows").call_id, &more).await.unwrap();
    assert_eq!(all(&storage).await, ended, "what is over stays as it is");

    let disk = killed(dir.path());
    let restarted = Storage::open(disk.path()).await.unwrap();
    let recovered = restarted.recover(after(60_000)).await.unwrap();
    let callees: Vec<_> = recovered.iter().map(|record| record.callees.clone()).collect();
    let users = |names: &[&str]| names.iter().map(|name| user(name)).collect::<Vec<_>>();
    assert_eq!(callees, [users(&["bob", "carol", "dave"]), users(&["frank", "dave", "carol"])]);
    assert_eq!(recovered[0].participants.len(), 4);
}

#[tokio::test]
async fn a_killed_server_finds_its_calls_and_ends_each_once() {
    let (dir, storage) = database().await;
    let (ringing, talking, over) =
        (facts(1, "alice", "bob"), facts(2, "carol", "dave"), facts(3, "alice", "dave"));
    for facts in [&ringing, &talking, &over] {
        storage.call_started(facts).await.unwrap();
    }
    storage.call_accepted(&talking.call_id, &user("dave"), after(4_000)).await.unwrap();
    storage.end_call(&completed(&over), None).await.unwrap();
    storage.heartbeat(after(10_000)).await.unwrap();

    let disk = killed(dir.path());
    let restarted = Storage::open(disk.path()).await.unwrap();
    let recovered = restarted.recover(after(3_600_000)).await.unwrap();
    let seen: Vec<_> = recovered
        .iter()
        .map(|record| (&record.call_id, record.outcome, record.ended_at, record.duration_ms))
        .collect();
    assert_eq!(
        seen,
        [
            (&ringing.call_id, Outcome::Interrupted, after(10_000), 0),
            (&talking.call_id, Outcome::Interrupted, after(10_000), 6_000),
        ],
        "they end when the server was last alive, not an hour later"
    );
    let outcomes = |record: &Record| -> Vec<_> {
        record.participants.iter().map(|part| part.outcome).collect()
    };
    assert_eq!(outcomes(&recovered[0]), [ParticipantOutcome::Called, ParticipantOutcome::NoAnswer]);
    assert_eq!(outcomes(&recovered[1]), [ParticipantOutcome::Called, ParticipantOutcome::Accepted]);

    assert_eq!(restarted.recover(after(3_700_000)).await.unwrap(), [], "once is enough");
    assert_eq!(all(&restarted).await.len(), 3);
    let messages = restarted.history(&user("alice"), &user("bob"), 9, None).await.unwrap();
    assert_eq!(messages.len(), 1);

    // Killed again right after the recovery: nothing comes twice.
    let again = Storage::open(killed(disk.path()).path()).await.unwrap();
    assert_eq!(again.recover(after(3_800_000)).await.unwrap(), []);
    assert_eq!(all(&again).await.len(), 3);
}

#[tokio::test]
async fn recovery_never_ends_a_call_before_it_began() {
    let (dir, storage) = database().await;
    storage.heartbeat(START).await.unwrap();
    let facts = facts(60, "alice", "bob");
    storage.call_started(&facts).await.unwrap();
    storage.call_accepted(&facts.call_id, &user("bob"), after(61_000)).await.unwrap();
    let restarted = Storage::open(killed(dir.path()).path()).await.unwrap();
    // The clock is behind as well.
    let recovered = restarted.recover(UnixMillis(5)).await.unwrap();
    assert_eq!((recovered[0].ended_at, recovered[0].duration_ms), (after(61_000), 0));
}

#[tokio::test]
async fn a_clean_stop_leaves_one_file_and_frees_the_directory() {
    let (dir, storage) = database().await;
    storage.call_started(&facts(1, "alice", "bob")).await.unwrap();
    storage.close().await;
    let mut left: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort_unstable();
    assert_eq!(left, ["calling.db", "server.lock"]);
    let error = storage.call_started(&facts(2, "alice", "bob")).await.unwrap_err();
    assert!(matches!(error, StorageError::Closed) && !error.is_retryable());
    let again = Storage::open(dir.path()).await.unwrap();
    assert_eq!(again.recover(after(0)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn records_are_read_page_by_page() {
    let (_dir, storage) = database().await;
    for number in 0..7 {
        let mut facts = facts(number, "alice", if number % 3 == 0 { "carol" } else { "bob" });
        // Two calls of the same millisecond stand on different pages.
        facts.started_at = after(number / 2 * 1_000);
        storage.end_call(&completed(&facts), None).await.unwrap();
    }
    let mut filter = RecordFilter { limit: 2, ..RecordFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = storage.records(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some(last.call_id.clone());
        seen.extend(page.into_iter().map(|record| record.call_id));
    }
    assert_eq!(seen, (0..7).rev().map(call_id).collect::<Vec<_>>());

    let of = |name: &str| RecordFilter { user: Some(user(name)), ..RecordFilter::default() };
    let ids = |records: Vec<Record>| -> Vec<_> {
        records.into_iter().map(|record| record.call_id).collect()
    };
    let carols = ids(storage.records(&of("carol")).await.unwrap());
    assert_eq!(carols, [6, 3, 0].map(call_id));
    let page = RecordFilter { before: Some(call_id(6)), limit: 1, ..of("carol") };
    assert_eq!(ids(storage.records(&page).await.unwrap()), [call_id(3)]);
    assert_eq!(storage.records(&of("mallory")).await.unwrap(), []);
    let unknown = RecordFilter { before: Some(call_id(99)), ..RecordFilter::default() };
    assert_eq!(storage.records(&unknown).await.unwrap(), []);
}

#[tokio::test]
async fn history_is_read_page_by_page_from_both_sides() {
    let (_dir, storage) = database().await;
    for number in 0..5 {
        storage.end_call(&completed(&facts(number, "alice", "bob")), None).await.unwrap();
    }
    storage.end_call(&completed(&facts(5, "alice", "carol")), None).await.unwrap();
    let seqs = async |a: &str, b: &str, limit, before| -> Vec<u64> {
        let page = storage.history(&user(a), &user(b), limit, before).await.unwrap();
        page.into_iter().map(|message| message.seq).collect()
    };
    assert_eq!(seqs("alice", "bob", 3, None).await, [5, 4, 3]);
    assert_eq!(seqs("bob", "alice", 3, Some(3)).await, [2, 1]);
    assert_eq!(seqs("alice", "carol", 3, Some(u64::MAX)).await, [1]);
    assert_eq!(seqs("alice", "bob", 3, Some(0)).await, [0; 0]);
    assert_eq!(seqs("bob", "carol", 3, None).await, [0; 0]);
}

#[tokio::test]
async fn hostile_text_is_only_text() {
    let (_dir, storage) = database().await;
    let mut facts = facts(1, "alice", "bob");
    facts.user_data = "'); DROP TABLE records; -- %s%n \0 \u{202e} \" {}".into();
    storage.call_started(&facts).await.unwrap();
    storage.end_call(&completed(&facts), None).await.unwrap();
    assert_eq!(all(&storage).await.len(), 1);
}

#[tokio::test]
async fn only_who_talked_may_report_quality_and_only_at_once() {
    let (_dir, storage) = database().await;
    let heard = QualitySummary {
        packets: 100,
        lost_share: 0.01,
        concealed_share: 0.5,
        mean_delay_ms: 40.0,
        jitter_ms: 1.5,
        rtt_ms: 20.0,
        mos: 1.5,
        worst_mos: None,
        cause: None,
        measured_by: MeasuredBy::Receiver,
    };
    let ended = completed(&facts(1, "alice", "bob"));
    storage.end_call(&ended, None).await.unwrap();
    let report = async |user: &str, after_s| {
        let at = ended.ended_at.saturating_add(Duration::from_secs(after_s));
        storage.report_quality(&call_id(1), &user.parse().unwrap(), &heard, at).await.unwrap()
    };
    assert!(!report("mallory", 1).await);
    assert!(!report("bob", 61).await);
    assert_eq!(storage.record(&call_id(1)).await.unwrap().unwrap().quality, None);
    assert!(report("bob", 1).await);
    assert_eq!(storage.record(&call_id(1)).await.unwrap().unwrap().quality, Some(heard));
}

#[tokio::test]
async fn quality_is_added_to_a_record() {
    let (_dir, storage) = database().await;
    let quality = QualitySummary {
        packets: 100,
        lost_share: 0.01,
        concealed_share: 0.0,
        mean_delay_ms: 40.0,
        jitter_ms: 1.5,
        rtt_ms: 20.0,
        mos: 4.2,
        worst_mos: None,
        cause: None,
        measured_by: MeasuredBy::Receiver,
    };
    let ended = completed(&facts(1, "alice", "bob"));
    assert!(!storage.update_quality(&call_id(1), &quality).await.unwrap());
    storage.end_call(&ended, None).await.unwrap();
    assert!(storage.update_quality(&call_id(1), &quality).await.unwrap());
    let record = storage.record(&call_id(1)).await.unwrap().unwrap();
    assert_eq!(record, Record::from(&ended).with_quality(quality));

    let other = completed(&facts(2, "alice", "bob"));
    storage.end_call(&other, Some(&quality)).await.unwrap();
    let record = storage.record(&call_id(2)).await.unwrap().unwrap();
    assert_eq!(record.quality, Some(quality));
}

#[tokio::test]
async fn retention_deletes_what_is_old_and_over() {
    let (_dir, storage) = database().await;
    let (old, recent, endless) =
        (facts(1, "alice", "bob"), facts(100, "alice", "bob"), facts(2, "carol", "dave"));
    storage.end_call(&completed(&old), None).await.unwrap();
    storage.end_call(&completed(&recent), None).await.unwrap();
    storage.call_started(&endless).await.unwrap();
    let purged = storage.purge(after(50_000)).await.unwrap();
    assert_eq!(purged.records, 1);
    assert_eq!(storage.record(&old.call_id).await.unwrap(), None);
    let left: Vec<_> = all(&storage).await.into_iter().map(|record| record.call_id).collect();
    assert_eq!(left, [recent.call_id]);
    assert_eq!(storage.purge(after(50_000)).await.unwrap(), Purged { records: 0, messages: 0 });
    assert_eq!(storage.recover(after(0)).await.unwrap().len(), 1, "a running call is kept");
    storage.purge(after(1_000_000_000)).await.unwrap();
    let next = storage.end_call(&completed(&facts(3, "alice", "bob")), None).await.unwrap();
    assert_eq!(next[0].message.seq, 3, "numbers are not used again");
}

#[tokio::test]
async fn accounts_are_made_once() {
    let (_dir, storage) = database().await;
    assert!(!storage.account_exists(&user("alice")).await.unwrap());
    assert!(storage.create_account(&user("alice"), START).await.unwrap());
    assert!(!storage.create_account(&user("alice"), after(9)).await.unwrap());
    assert!(storage.create_account(&user("Bob"), START).await.unwrap());
    assert!(storage.account_exists(&user("alice")).await.unwrap());
    assert!(!storage.account_exists(&user("bob")).await.unwrap(), "ids are told apart by case");
    let names = async |after: Option<&str>, limit| -> Vec<String> {
        let after = after.map(user);
        let page = storage.accounts(after.as_ref(), limit).await.unwrap();
        page.into_iter().map(|account| account.user_id.as_str().to_owned()).collect()
    };
    assert_eq!(names(None, 10).await, ["Bob", "alice"]);
    assert_eq!(names(Some("Bob"), 10).await, ["alice"]);
    assert_eq!(names(None, 1).await, ["Bob"]);
}

fn one_line(error: &OpenError) -> String {
    let text = error.to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("data"), "/proc/calling".into()] {
        let text = one_line(&Storage::open(&path).await.unwrap_err());
        assert!(text.starts_with("cannot write in the data directory "), "{text}");
        assert!(text.ends_with("or choose another with --data"), "{text}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_explained_and_left_alone() {
    for content in [vec![0x5a; 4096], b"SQLite format 3\0".repeat(64), vec![b'x'; 10]] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("calling.db");
        std::fs::write(&path, &content).unwrap();
        let text = one_line(&Storage::open(dir.path()).await.unwrap_err());
        assert!(text.contains("calling.db is damaged or no database"), "{text}");
        assert!(text.contains("restore it from a backup, or move it away to start empty"));
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}

#[tokio::test]
async fn two_servers_cannot_share_a_directory() {
    let (dir, storage) = database().await;
    let text = one_line(&Storage::open(dir.path()).await.unwrap_err());
    let expected = format!("is in use by another server (pid {})", std::process::id());
    assert!(text.contains(&expected), "{text}");
    drop(storage);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let (dir, storage) = database().await;
    storage.close().await;
    let path = dir.path().join("calling.db");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (99, 'future', TRUE, x'00', 0)";
    sqlx::query(sql).execute(&pool).await.unwrap();
    pool.close().await;
    let text = one_line(&Storage::open(dir.path()).await.unwrap_err());
    assert!(text.contains("was written by a newer version of calling (schema 99)"), "{text}");
}

#[tokio::test]
async fn records_can_be_read_beside_a_running_server() {
    let (dir, storage) = database().await;
    storage.end_call(&completed(&facts(1, "alice", "bob")), None).await.unwrap();
    let reader = Storage::open_for_reading(dir.path()).await.unwrap();
    assert_eq!(all(&reader).await.len(), 1);
    let error = reader.call_started(&facts(2, "alice", "bob")).await.unwrap_err();
    assert!(matches!(error, StorageError::ReadOnly), "{error:?}");
    let empty = tempfile::tempdir().unwrap();
    let text = one_line(&Storage::open_for_reading(empty.path()).await.unwrap_err());
    assert!(text.starts_with("there is no database in "), "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, storage) = database().await;
    storage.call_started(&facts(1, "alice", "bob")).await.unwrap();
    for file in ["calling.db", "calling.db-wal"] {
        let mode = std::fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file} {mode:o}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Start(u64),
    Accept(u64),
    End(u64),
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..6_u64).prop_map(Step::Start),
        2 => (0..6_u64).prop_map(Step::Accept),
        3 => (0..6_u64).prop_map(Step::End),
        1 => Just(Step::Crash),
    ]
}

/// Runs the steps against a model of which calls have to have which record.
async fn run(steps: Vec<Step>) {
    let (mut dir, mut storage) = database().await;
    let mut expected: BTreeMap<u64, Option<Outcome>> = BTreeMap::new();
    for step in steps.into_iter().chain([Step::Crash]) {
        match step {
            Step::Start(number) => {
                storage.call_started(&facts(number, "alice", "bob")).await.unwrap();
                expected.entry(number).or_insert(None);
            }
            Step::Accept(number) => {
                let call = call_id(number);
                storage.call_accepted(&call, &user("bob"), after(9_000)).await.unwrap();
            }
            Step::End(number) => {
                let ended = completed(&facts(number, "alice", "bob"));
                storage.end_call(&ended, None).await.unwrap();
                expected.entry(number).or_insert(None).get_or_insert(Outcome::Completed);
            }
            Step::Crash => {
                dir = killed(dir.path());
                storage = Storage::open(dir.path()).await.unwrap();
                storage.recover(after(100_000)).await.unwrap();
                for outcome in expected.values_mut() {
                    outcome.get_or_insert(Outcome::Interrupted);
                }
            }
        }
    }
    let stored: BTreeMap<_, _> =
        all(&storage).await.into_iter().map(|record| (record.call_id, record.outcome)).collect();
    let expected: BTreeMap<_, _> = expected
        .into_iter()
        .filter_map(|(number, outcome)| Some((call_id(number), outcome?)))
        .collect();
    assert_eq!(stored, expected);
    let messages = storage.history(&user("alice"), &user("bob"), 100, None).await.unwrap();
    assert_eq!(messages.len(), expected.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_call_has_one_record_whatever_happens(steps in prop::collection::vec(step(), 0..25)) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(run(steps));
    }
}
