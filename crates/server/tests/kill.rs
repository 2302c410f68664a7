//! `kill -9` of a process in the midst of writing: what it was told stored is stored, and every
//! call ends up with exactly one record.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use calling_server::storage::{RecordFilter, Storage};
use calling_signaling::call::Outcome;
use common::{after, completed, facts, user};

const DIR: &str = "CALLING_TEST_KILL_DIR";

/// Not a test of its own: the process that gets killed. It says what it did only after the
/// database did it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "started and killed by the test below"]
async fn victim() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let storage = Storage::open(Path::new(&dir)).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..4_u64 {
        let storage = storage.clone();
        tasks.spawn(async move {
            for number in (lane * 1_000_000).. {
                let facts = facts(number % 2_000_000_000, "alice", "bob");
                storage.call_started(&facts).await.unwrap();
                println!("\nstarted {number}");
                storage.call_accepted(&facts.call_id, &user("bob"), after(0)).await.unwrap();
                if number % 3 != 0 {
                    storage.end_call(&completed(&facts), None).await.unwrap();
                    println!("\nended {number}");
                }
            }
        });
    }
    tasks.join_all().await;
}

fn start_victim(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--ignored", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Reads what the victim did until it did `ends` things, kills it, and reads the rest.
fn watch_and_kill(mut victim: Child, things: usize) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut started, mut ended) = (BTreeSet::new(), BTreeSet::new());
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut seen = 0;
    for line in lines.map_while(Result::ok) {
        let set = match line.split_once(' ') {
            Some(("started", number)) => number.parse().map(|number| started.insert(number)),
            Some(("ended", number)) => number.parse().map(|number| ended.insert(number)),
            Some(_) | None => continue,
        };
        // The last line may be cut short, which makes another number; those are not counted.
        if set.is_ok() {
            seen += 1;
        }
        if seen == things {
            victim.kill().unwrap();
        }
    }
    victim.wait().unwrap();
    (started, ended)
}

#[tokio::test]
async fn a_process_killed_while_writing_loses_nothing_and_doubles_nothing() {
    for things in [40, 151] {
        let dir = tempfile::tempdir().unwrap();
        let (started, ended) = watch_and_kill(start_victim(dir.path()), things);
        assert!(started.len() + ended.len() >= things);

        let storage = Storage::open(dir.path()).await.unwrap();
        storage.recover(after(1_000_000)).await.unwrap();
        assert_eq!(storage.recover(after(1_000_000)).await.unwrap(), []);
        let filter = RecordFilter { limit: 1_000_000, ..RecordFilter::default() };
        let records: BTreeMap<_, _> = storage
            .records(&filter)
            .await
            .unwrap()
            .into_iter()
            .map(|record| (record.call_id, record.outcome))
            .collect();
        let messages = storage.history(&user("alice"), &user("bob"), 1_000_000, None).await;
        assert_eq!(records.len(), messages.unwrap().len());
        for number in started {
            assert!(records.contains_key(&common::call_id(number)), "call {number} is lost");
        }
        for number in ended {
            let outcome = records.get(&common::call_id(number));
            assert_eq!(outcome, Some(&Outcome::Completed), "call {number} ended otherwise");
        }
    }
}
