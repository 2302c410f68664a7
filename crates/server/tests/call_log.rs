//! A user's own call log: every call of theirs until they delete it, and nobody else's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_callrecord::{CallLogFilter, CallLogResult};
use calling_model::{CallId, UnixMillis};
use calling_server::storage::{CallLogPage, RecordFilter, Storage};
use common::{after, call_id, completed, database, facts, user};

/// Calls 1, 3, 5… of Alice to Bob, 2, 4, 6… of Bob to Alice, each answered.
async fn calls(storage: &Storage, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        let (caller, callee) = if number % 2 == 1 { ("alice", "bob") } else { ("bob", "alice") };
        let facts = facts(number, caller, callee);
        storage.call_started(&facts).await.unwrap();
        storage.end_call(&completed(&facts), None).await.unwrap();
    }
}

async fn page(
    storage: &Storage,
    of: &str,
    filter: &CallLogFilter,
    limit: usize,
    before: Option<&CallId>,
) -> CallLogPage {
    storage.call_log(&user(of), filter, limit, before).await.unwrap().unwrap()
}

fn numbers(page: &CallLogPage) -> Vec<u64> {
    let number = |id: &CallId| u64::from_str_radix(id.as_str(), 16).unwrap();
    page.entries.iter().map(|entry| number(&entry.call_id)).collect()
}

#[tokio::test]
async fn pages_follow_each_other_and_filters_choose() {
    let (_dir, storage) = database().await;
    calls(&storage, 1..=6).await;
    let all = CallLogFilter::default();
    let first = page(&storage, "alice", &all, 4, None).await;
    assert_eq!((numbers(&first), &first.next), (vec![6, 5, 4, 3], &Some(call_id(3))));
    let rest = page(&storage, "alice", &all, 4, first.next.as_ref()).await;
    assert_eq!((numbers(&rest), rest.next), (vec![2, 1], None));

    let between = CallLogFilter { begin: Some(after(2_000)), end: Some(after(5_000)), ..all };
    assert_eq!(numbers(&page(&storage, "bob", &between, 9, None).await), [4, 3, 2]);
    let placed = CallLogFilter { result: Some(CallLogResult::Outgoing), ..all };
    let hers = page(&storage, "alice", &placed, 2, None).await;
    assert_eq!((numbers(&hers), &hers.next), (vec![5, 3], &Some(call_id(3))));
    let rest = page(&storage, "alice", &placed, 2, hers.next.as_ref()).await;
    assert_eq!((numbers(&rest), rest.next), (vec![1], None));
    assert_eq!(numbers(&page(&storage, "carol", &all, 9, None).await), [0; 0]);
}

#[tokio::test]
async fn deleting_is_for_the_one_who_deletes() {
    let (_dir, storage) = database().await;
    calls(&storage, 1..=3).await;
    let (alice, all) = (user("alice"), CallLogFilter::default());
    let foreign = CallId::new("nobody-placed-this").unwrap();
    let named = [call_id(2), foreign.clone()];
    assert_eq!(storage.hide_calls(&alice, &named).await.unwrap(), [call_id(2)]);
    assert_eq!(storage.hide_calls(&alice, &named).await.unwrap(), []);
    assert_eq!(storage.hide_calls(&user("carol"), &[call_id(1)]).await.unwrap(), []);
    assert_eq!(numbers(&page(&storage, "alice", &all, 9, None).await), [3, 1]);
    assert_eq!(numbers(&page(&storage, "bob", &all, 9, None).await), [3, 2, 1]);
    // A page goes on after a call that was deleted meanwhile, but not after a stranger's.
    let after_it = page(&storage, "alice", &all, 9, Some(&call_id(2))).await;
    assert_eq!(numbers(&after_it), [1]);
    assert_eq!(storage.call_log(&alice, &all, 9, Some(&foreign)).await.unwrap(), None);
    let records = storage.records(&RecordFilter::default()).await.unwrap();
    assert_eq!(records.len(), 3, "the operator's records stay");
}

#[tokio::test]
async fn a_rare_result_is_looked_for_in_bounded_steps() {
    let (_dir, storage) = database().await;
    calls(&storage, 1..=1).await;
    for number in 2..=1_101 {
        let facts = facts(number, "bob", "alice");
        storage.end_call(&completed(&facts), None).await.unwrap();
    }
    let placed = CallLogFilter { result: Some(CallLogResult::Outgoing), ..Default::default() };
    let none = page(&storage, "alice", &placed, 5, None).await;
    assert_eq!((numbers(&none), none.next.is_some()), (vec![], true));
    let found = page(&storage, "alice", &placed, 5, none.next.as_ref()).await;
    assert_eq!((numbers(&found), found.next), (vec![1], None));
    let late = CallLogFilter { begin: Some(UnixMillis(u64::MAX)), ..placed };
    assert_eq!(numbers(&page(&storage, "alice", &late, 5, None).await), [0; 0]);
}
