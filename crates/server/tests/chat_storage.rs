//! Conversations, groups and profiles in the database.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::slice;
use std::time::Duration;

use calling_model::{CallId, GroupId, UnixMillis, UserId};
use calling_server::storage::{
    Body, Conversation, Delivery, ListCursor, MemberChange, NewGroup, NewMessage, Refusal, Role,
    Storage,
};
use common::{START, after, call_id, completed, database, facts, user};

const WINDOW: Duration = Duration::from_secs(120);
/// SQL, format strings, markup and turned writing directions.
const HOSTILE: &str = "'); DROP TABLE messages; -- %s%n%x ${jndi:x} <script> \u{202e}\" {} \\";

async fn people(names: &[&str]) -> (tempfile::TempDir, Storage) {
    let (dir, storage) = database().await;
    for name in names {
        storage.create_account(&user(name), START).await.unwrap();
    }
    (dir, storage)
}

fn group(name: &str) -> GroupId {
    GroupId::new(name).unwrap()
}

fn direct(one: &str, other: &str) -> Conversation {
    Conversation::direct(&user(one), &user(other))
}

fn in_group(name: &str) -> Conversation {
    Conversation::Group(group(name))
}

fn text(from: &str, conversation: Conversation, text: &str) -> NewMessage {
    NewMessage {
        conversation,
        sender: user(from),
        body: Body::Text(text.to_owned()),
        client_id: None,
        at: START,
    }
}

async fn send(storage: &Storage, new: NewMessage) -> Delivery {
    storage.send(&new).await.unwrap().unwrap()
}

async fn make_group(storage: &Storage, id: &str, owner: &str, members: &[&str]) {
    let new = NewGroup {
        group_id: group(id),
        name: HOSTILE.to_owned(),
        owner: user(owner),
        members: members.iter().map(|name| user(name)).collect(),
        max_members: 5,
        at: START,
    };
    storage.create_group(&new).await.unwrap().unwrap();
}

async fn seqs(storage: &Storage, viewer: &str, conversation: &Conversation) -> Vec<u64> {
    let viewer = user(viewer);
    let page = storage.messages(Some(&viewer), conversation, 100, None).await.unwrap();
    page.into_iter().map(|message| message.seq).collect()
}

async fn unread(storage: &Storage, viewer: &str) -> Vec<(Conversation, u32)> {
    let listed = storage.conversations(&user(viewer), 100, None).await.unwrap();
    listed.into_iter().map(|listed| (listed.conversation, listed.unread)).collect()
}

#[tokio::test]
async fn sending_at_least_once_stores_exactly_once() {
    let (_dir, storage) = people(&["alice", "bob", "carol"]).await;
    let new = NewMessage {
        client_id: Some("c-1".to_owned()),
        ..text("alice", direct("alice", "bob"), "hello")
    };
    let first = send(&storage, new.clone()).await;
    assert!(first.is_new);
    assert_eq!(first.users, [user("alice"), user("bob")]);
    for _ in 0..3 {
        let again = send(&storage, NewMessage { at: after(9), ..new.clone() }).await;
        assert!(!again.is_new);
        assert_eq!(again.message, first.message);
    }
    // The name is the sender's own: another may use the same.
    let other = NewMessage { sender: user("bob"), ..new.clone() };
    assert_eq!(send(&storage, other).await.message.seq, 2);
    // The same name elsewhere is a mistake and not a message.
    let astray = NewMessage { conversation: direct("alice", "carol"), ..new };
    assert_eq!(storage.send(&astray).await.unwrap(), Err(Refusal::ClientIdUsed));
    assert_eq!(seqs(&storage, "bob", &direct("alice", "bob")).await, [2, 1]);
    assert_eq!(seqs(&storage, "carol", &direct("alice", "carol")).await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_message_sent_at_once_from_everywhere_is_one() {
    let (_dir, storage) = people(&["alice", "bob"]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32 {
        let storage = storage.clone();
        let new = NewMessage {
            client_id: Some(format!("c-{}", number % 4)),
            ..text("alice", direct("alice", "bob"), "hello")
        };
        tasks.spawn(async move { send(&storage, new).await });
    }
    let told = tasks.join_all().await;
    assert_eq!(told.iter().filter(|told| told.is_new).count(), 4);
    assert_eq!(seqs(&storage, "bob", &direct("alice", "bob")).await, [4, 3, 2, 1]);
}

#[tokio::test]
async fn messages_go_to_who_exists_and_groups_of_ones_own() {
    let (_dir, storage) = people(&["alice", "bob", "mallory"]).await;
    make_group(&storage, "team", "alice", &["bob"]).await;
    for (from, to, expected) in [
        ("alice", direct("alice", "nobody"), Refusal::NoSuchUser),
        ("alice", direct("alice", "alice"), Refusal::NoSuchUser),
        ("mallory", direct("alice", "bob"), Refusal::NoSuchUser),
        ("mallory", in_group("team"), Refusal::NoSuchGroup),
        ("alice", in_group("nowhere"), Refusal::NoSuchGroup),
    ] {
        assert_eq!(storage.send(&text(from, to, "x")).await.unwrap(), Err(expected));
    }
    send(&storage, text("bob", in_group("team"), "x")).await;
    assert_eq!(seqs(&storage, "mallory", &in_group("team")).await, [0; 0]);
    assert_eq!(seqs(&storage, "mallory", &direct("alice", "bob")).await, [0; 0]);
}

#[tokio::test]
async fn hostile_text_comes_back_as_it_was() {
    let (_dir, storage) = people(&["alice", "bob"]).await;
    let id = "g');--%n$<:/?#";
    make_group(&storage, id, "alice", &["bob"]).await;
    send(&storage, text("alice", in_group(id), HOSTILE)).await;
    let page = storage.messages(Some(&user("bob")), &in_group(id), 9, None).await.unwrap();
    assert_eq!(page[0].body, Body::Text(HOSTILE.to_owned()));
    let event = page[0].event(&user("bob"));
    assert_eq!((event.to, event.group_id), (None, Some(group(id))));
    assert!(storage.set_profile(&user("bob"), Some(HOSTILE), Some(HOSTILE)).await.unwrap());
    storage.set_remark(&user("alice"), &user("bob"), HOSTILE).await.unwrap().unwrap();
    let profiles = storage.profiles(&user("alice"), &[user("bob"), user("nobody")]).await.unwrap();
    assert_eq!(profiles.len(), 1);
    assert_eq!(profiles[0].account.nickname, HOSTILE);
    assert_eq!(profiles[0].remark, HOSTILE);
    let seen_by_bob = storage.profiles(&user("bob"), &[user("bob")]).await.unwrap();
    assert_eq!(seen_by_bob[0].remark, "", "a remark is its author's own");
    assert_eq!(storage.groups(None, None, 9).await.unwrap()[0].name, HOSTILE);
}

#[tokio::test]
async fn remarks_are_taken_back_and_need_a_friend() {
    let (_dir, storage) = people(&["alice", "bob"]).await;
    let set = async |friend: &str, remark| {
        storage.set_remark(&user("alice"), &user(friend), remark).await.unwrap()
    };
    assert_eq!(set("nobody", "x").await, Err(Refusal::NoSuchUser));
    assert_eq!(set("bob", "Bobby").await, Ok(()));
    assert_eq!(set("bob", "").await, Ok(()));
    let profiles = storage.profiles(&user("alice"), &[user("bob")]).await.unwrap();
    assert_eq!(profiles[0].remark, "");
}

#[tokio::test]
async fn unread_counts_follow_marks_that_only_go_forward() {
    let (_dir, storage) = people(&["alice", "bob"]).await;
    let conversation = direct("alice", "bob");
    for _ in 0..3 {
        send(&storage, text("alice", conversation.clone(), "x")).await;
    }
    send(&storage, text("bob", conversation.clone(), "own messages are never unread")).await;
    assert_eq!(unread(&storage, "bob").await, [(conversation.clone(), 3)]);
    assert_eq!(unread(&storage, "alice").await, [(conversation.clone(), 1)]);

    let mark = async |seq| storage.mark_read(&user("bob"), &conversation, seq).await.unwrap();
    assert_eq!(mark(2).await, Some(2));
    assert_eq!(unread(&storage, "bob").await, [(conversation.clone(), 1)]);
    assert_eq!(mark(1).await, None, "a mark does not go back");
    assert_eq!(mark(u64::MAX).await, Some(4), "nor beyond the last message");
    assert_eq!(mark(5).await, None);
    assert_eq!(unread(&storage, "bob").await, [(conversation.clone(), 0)]);
    assert_eq!(unread(&storage, "alice").await, [(conversation.clone(), 1)], "marks are one's own");
    let stranger = storage.mark_read(&user("mallory"), &conversation, 1).await.unwrap();
    assert_eq!(stranger, None);
}

#[tokio::test]
async fn conversations_are_listed_by_their_last_message_page_by_page() {
    let (_dir, storage) = people(&["me", "a", "b", "c", "d"]).await;
    for (peer, ms) in [("a", 3), ("b", 1), ("c", 2), ("d", 2)] {
        let new = NewMessage { at: after(ms), ..text(peer, direct("me", peer), peer) };
        send(&storage, new).await;
    }
    make_group(&storage, "team", "me", &[]).await;
    let mut cursor = None;
    let mut seen = Vec::new();
    loop {
        let page = storage.conversations(&user("me"), 2, cursor.as_ref()).await.unwrap();
        let Some(last) = page.last() else { break };
        let next = ListCursor { last_at: last.last_at, conversation: last.conversation.clone() };
        assert_eq!(ListCursor::parse(&next.text()), Some(next.clone()));
        cursor = Some(next);
        seen.extend(page);
    }
    let order: Vec<_> = seen.iter().map(|listed| listed.conversation.clone()).collect();
    let expected = ["a", "d", "c", "b"].map(|peer| direct("me", peer));
    assert_eq!(order[..4], expected);
    assert_eq!(order[4..], [in_group("team")], "a group is listed before anybody writes in it");
    assert_eq!(seen[0].last.as_ref().unwrap().body, Body::Text("a".to_owned()));
    assert_eq!(seen[4].last, None);
    for wrong in ["", "x", "1", "1.x:y", "-1.g:x", "1.c:a", "99999999999999999999999.g:x"] {
        assert_eq!(ListCursor::parse(wrong), None, "{wrong}");
    }
}

#[tokio::test]
async fn only_ones_own_fresh_text_is_taken_back() {
    let (_dir, storage) = people(&["alice", "bob"]).await;
    let conversation = direct("alice", "bob");
    send(&storage, text("alice", conversation.clone(), "secret")).await;
    let custom = NewMessage {
        body: Body::Custom("{}".to_owned()),
        ..text("alice", conversation.clone(), "")
    };
    send(&storage, custom).await;
    storage.end_call(&completed(&facts(1, "bob", "alice")), None).await.unwrap();
    let recall = async |who: &str, seq, at| {
        storage.recall(&user(who), &conversation, seq, at, WINDOW).await.unwrap()
    };
    assert_eq!(recall("bob", 1, after(1)).await, Err(Refusal::NoSuchMessage), "not one's own");
    assert_eq!(recall("mallory", 1, after(1)).await, Err(Refusal::NoSuchMessage));
    assert_eq!(recall("alice", 2, after(1)).await, Err(Refusal::NotText));
    assert_eq!(recall("alice", 3, after(1)).await, Err(Refusal::NotText), "a record of a call");
    assert_eq!(recall("alice", 9, after(1)).await, Err(Refusal::NoSuchMessage));
    assert_eq!(recall("alice", 1, after(120_000)).await, Err(Refusal::TooLate));
    assert_eq!(unread(&storage, "bob").await[0].1, 3);
    let done = recall("alice", 1, after(119_999)).await.unwrap();
    assert!(done.is_new && done.message.recalled);
    assert_eq!(done.users, [user("alice"), user("bob")]);
    let again = recall("alice", 1, after(500_000)).await.unwrap();
    assert!(!again.is_new, "a second time changes nothing");

    let page = storage.messages(Some(&user("bob")), &conversation, 9, None).await.unwrap();
    let recalled = page.iter().find(|message| message.seq == 1).unwrap();
    assert_eq!((&recalled.body, recalled.recalled), (&Body::Text(String::new()), true));
    assert_eq!(unread(&storage, "bob").await[0].1, 2, "what was taken back is not unread");
}

#[tokio::test]
async fn a_member_sees_what_came_since_they_joined_and_nothing_after_they_left() {
    let (_dir, storage) = people(&["alice", "bob", "carol"]).await;
    make_group(&storage, "team", "alice", &["bob"]).await;
    let team = in_group("team");
    send(&storage, text("alice", team.clone(), "before carol")).await;
    let add =
        storage.add_members(Some(&user("bob")), &group("team"), &[user("carol")], 5, START).await;
    assert_eq!(add.unwrap().unwrap().len(), 3);
    send(&storage, text("alice", team.clone(), "with carol")).await;
    assert_eq!(seqs(&storage, "carol", &team).await, [2]);
    assert_eq!(unread(&storage, "carol").await, [(team.clone(), 1)]);

    let own = send(&storage, text("carol", team.clone(), "bye")).await.message.seq;
    let leave = storage.remove_member(Some(&user("carol")), &group("team"), &user("carol")).await;
    assert_eq!(leave.unwrap().unwrap().len(), 3, "who was there is told");
    send(&storage, text("alice", team.clone(), "after carol")).await;
    assert_eq!(seqs(&storage, "carol", &team).await, [0; 0]);
    assert_eq!(unread(&storage, "carol").await, []);
    let recall = storage.recall(&user("carol"), &team, own, after(1), WINDOW).await.unwrap();
    assert_eq!(recall, Err(Refusal::NoSuchMessage));
    let members = storage.group_members(Some(&user("carol")), &group("team"), None, 9).await;
    assert_eq!(members.unwrap(), Err(Refusal::NoSuchGroup));
}

#[tokio::test]
async fn roles_decide_who_may_do_what() {
    let (_dir, storage) = people(&["owner", "admin", "one", "two", "mallory", "six"]).await;
    let team = group("team");
    make_group(&storage, "team", "owner", &["admin", "one", "two"]).await;
    let by = |name: &str| (name != "operator").then(|| user(name));
    let role = |role| MemberChange { role: Some(role), name_card: None };
    let card = |card: &str| MemberChange { role: None, name_card: Some(card.to_owned()) };
    let change = async |who: &str, whom: &str, change: MemberChange| {
        let by = by(who);
        let done = storage.change_member(by.as_ref(), &team, &user(whom), &change).await.unwrap();
        done.map(|_| ())
    };
    let remove = async |who: &str, whom: &str| {
        let by = by(who);
        storage.remove_member(by.as_ref(), &team, &user(whom)).await.unwrap().map(|_| ())
    };
    assert_eq!(change("one", "admin", role(Role::Admin)).await, Err(Refusal::NotAllowed));
    assert_eq!(change("owner", "admin", role(Role::Admin)).await, Ok(()));
    assert_eq!(change("admin", "one", role(Role::Admin)).await, Err(Refusal::NotAllowed));
    assert_eq!(change("owner", "owner", role(Role::Member)).await, Err(Refusal::NotAllowed));
    assert_eq!(change("mallory", "one", card("x")).await, Err(Refusal::NoSuchGroup));
    assert_eq!(change("one", "one", card("One")).await, Ok(()));
    assert_eq!(change("one", "two", card("x")).await, Err(Refusal::NotAllowed));
    assert_eq!(change("admin", "two", card("Two")).await, Ok(()));
    assert_eq!(change("owner", "mallory", card("x")).await, Err(Refusal::NoSuchUser));

    assert_eq!(remove("one", "two").await, Err(Refusal::NotAllowed));
    assert_eq!(remove("admin", "owner").await, Err(Refusal::NotAllowed));
    assert_eq!(remove("mallory", "one").await, Err(Refusal::NoSuchGroup));
    assert_eq!(remove("admin", "two").await, Ok(()));
    let rename = async |who: &str| {
        let by = by(who);
        storage.rename_group(by.as_ref(), &team, "T").await.unwrap().map(|_| ())
    };
    assert_eq!(rename("one").await, Err(Refusal::NotAllowed));
    assert_eq!(rename("admin").await, Ok(()));
    let dissolve = storage.dissolve_group(Some(&user("admin")), &team).await.unwrap();
    assert_eq!(dissolve, Err(Refusal::NotAllowed));

    assert_eq!(remove("owner", "owner").await, Ok(()), "an owner leaves it to the admin");
    let members = storage.group_members(None, &team, None, 9).await.unwrap().unwrap();
    let roles: Vec<_> =
        members.iter().map(|member| (member.user_id.as_str(), member.role)).collect();
    assert_eq!(roles, [("admin", Role::Owner), ("one", Role::Member)]);
    assert_eq!(members[1].name_card, "One");
    assert_eq!(storage.group(None, &team).await.unwrap().unwrap().owner, user("admin"));
    assert_eq!(storage.group(Some(&user("owner")), &team).await.unwrap(), None);

    assert_eq!(remove("operator", "admin").await, Ok(()));
    assert_eq!(remove("operator", "one").await, Ok(()), "the last one out ends it");
    assert_eq!(storage.group(None, &team).await.unwrap(), None);
}

#[tokio::test]
async fn groups_are_bounded_and_their_ids_taken_once() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let (_dir, storage) = people(&names).await;
    let new = NewGroup {
        group_id: group("big"),
        name: String::new(),
        owner: user("a"),
        members: names[1..].iter().map(|name| user(name)).collect(),
        max_members: 5,
        at: START,
    };
    assert_eq!(storage.create_group(&new).await.unwrap(), Err(Refusal::TooMany));
    assert_eq!(storage.group(None, &group("big")).await.unwrap(), None, "all or nothing");
    let unknown = NewGroup { members: vec![user("nobody")], ..new.clone() };
    assert_eq!(storage.create_group(&unknown).await.unwrap(), Err(Refusal::NoSuchUser));
    let twice = NewGroup { members: vec![user("a"), user("b"), user("b")], ..new.clone() };
    assert_eq!(storage.create_group(&twice).await.unwrap(), Ok(()));
    assert_eq!(storage.create_group(&twice).await.unwrap(), Err(Refusal::Taken));
    let others: Vec<UserId> = names[2..].iter().map(|name| user(name)).collect();
    let add = storage.add_members(Some(&user("a")), &group("big"), &others, 5, START).await;
    assert_eq!(add.unwrap(), Err(Refusal::TooMany));
}

#[tokio::test]
async fn the_numbers_of_a_group_go_on_when_it_is_made_again() {
    let (_dir, storage) = people(&["alice", "bob"]).await;
    make_group(&storage, "team", "alice", &["bob"]).await;
    send(&storage, text("alice", in_group("team"), "old")).await;
    storage.dissolve_group(None, &group("team")).await.unwrap().unwrap();
    make_group(&storage, "team", "bob", &[]).await;
    assert_eq!(seqs(&storage, "bob", &in_group("team")).await, [0; 0]);
    assert_eq!(send(&storage, text("bob", in_group("team"), "new")).await.message.seq, 2);
}

#[tokio::test]
async fn call_messages_stand_among_the_others() {
    let (_dir, storage) = people(&["alice", "bob", "carol"]).await;
    send(&storage, text("alice", direct("alice", "bob"), "call me")).await;
    let told = storage.end_call(&completed(&facts(1, "bob", "alice")), None).await.unwrap();
    assert_eq!((told.len(), told[0].message.seq), (1, 2));
    assert_eq!(unread(&storage, "bob").await, [(direct("alice", "bob"), 2)]);

    make_group(&storage, "team", "alice", &["bob", "carol"]).await;
    let mut call = facts(2, "alice", "bob");
    call.group_id = Some(group("team"));
    let told = storage.end_call(&completed(&call), None).await.unwrap();
    assert_eq!(told[0].message.conversation, in_group("team"));
    assert_eq!(told[0].users, ["alice", "bob", "carol"].map(user));
    assert_eq!(told[0].message.call_id, Some(call_id(2)));

    // Nobody writes into the group of others by calling with its id.
    let mut call = facts(3, "mallory", "bob");
    call.group_id = Some(group("team"));
    let told = storage.end_call(&completed(&call), None).await.unwrap();
    assert_eq!(told[0].message.conversation, direct("mallory", "bob"));
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_to_its_successor() {
    let (_dir, storage) = people(&["alice", "bob"]).await;
    make_group(&storage, "team", "alice", &["bob"]).await;
    storage.set_profile(&user("alice"), Some("Alice"), None).await.unwrap();
    storage.set_remark(&user("bob"), &user("alice"), "Ally").await.unwrap().unwrap();
    send(&storage, text("bob", direct("alice", "bob"), "private")).await;
    storage.end_call(&completed(&facts(1, "alice", "bob")), None).await.unwrap();

    assert!(storage.account_exists(&user("alice")).await.unwrap());
    let left = storage.delete_account(&user("alice")).await.unwrap();
    assert_eq!(left, Some(vec![group("team")]));
    assert_eq!(storage.delete_account(&user("alice")).await.unwrap(), None);
    assert!(!storage.account_exists(&user("alice")).await.unwrap());
    assert_eq!(storage.group(None, &group("team")).await.unwrap().unwrap().owner, user("bob"));
    let sent = storage.send(&text("bob", direct("alice", "bob"), "x")).await.unwrap();
    assert_eq!(sent, Err(Refusal::NoSuchUser));

    storage.create_account(&user("alice"), after(1)).await.unwrap();
    assert_eq!(seqs(&storage, "alice", &direct("alice", "bob")).await, [0; 0]);
    assert_eq!(seqs(&storage, "bob", &direct("alice", "bob")).await, [2, 1]);
    let own = calling_server::storage::RecordFilter {
        user: Some(user("alice")),
        ..calling_server::storage::RecordFilter::default()
    };
    assert_eq!(storage.records(&own).await.unwrap(), []);
    let profile = storage.profiles(&user("bob"), &[user("alice")]).await.unwrap();
    assert_eq!((profile[0].account.nickname.as_str(), profile[0].remark.as_str()), ("", ""));
    send(&storage, text("bob", direct("alice", "bob"), "hello, new one")).await;
    assert_eq!(seqs(&storage, "alice", &direct("alice", "bob")).await, [3]);
}

#[tokio::test]
async fn retention_takes_messages_and_leaves_marks_and_numbers_whole() {
    let (_dir, storage) = people(&["alice", "bob"]).await;
    for ms in [0, 1, 50_000] {
        let new = NewMessage { at: after(ms), ..text("alice", direct("alice", "bob"), "x") };
        send(&storage, new).await;
    }
    assert_eq!(storage.purge(after(10_000)).await.unwrap().messages, 2);
    assert_eq!(seqs(&storage, "bob", &direct("alice", "bob")).await, [3]);
    assert_eq!(unread(&storage, "bob").await, [(direct("alice", "bob"), 1)]);
    storage.purge(after(100_000)).await.unwrap();
    assert_eq!(unread(&storage, "bob").await, [(direct("alice", "bob"), 0)]);
    let next = send(&storage, text("bob", direct("alice", "bob"), "y")).await;
    assert_eq!(next.message.seq, 4);
}

/// A database as the first version of the schema left it.
async fn of_the_first_version(dir: &std::path::Path) {
    let first = include_str!("../migrations/0001_first.sql");
    let path = dir.join("calling.db");
    let url = format!("sqlite:{}?mode=rwc", path.display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let migration = sqlx::migrate::Migration::new(
        1,
        "first".into(),
        sqlx::migrate::MigrationType::Simple,
        sqlx::SqlSafeStr::into_sql_str(first),
        false,
    );
    sqlx::migrate::Migrator::with_migrations(vec![migration]).run(&pool).await.unwrap();
    for sql in [
        "INSERT INTO accounts VALUES ('alice', 5), ('bob', 6)",
        "INSERT INTO conversations VALUES ('alice', 'bob', 7), ('bob', 'carol', 2)",
        "INSERT INTO messages VALUES ('alice', 'bob', 3, 'bob', 100, 'c3', '{\"a\":1}'), \
         ('alice', 'bob', 7, 'alice', 200, 'c7', '{}')",
        "INSERT INTO calls VALUES ('c7', 'ended', '{}', 50, 60, 'bob', 200)",
        "INSERT INTO records VALUES ('c7', 'completed', 50, 200, '{}')",
        "INSERT INTO record_users VALUES ('alice', 50, 'c7'), ('bob', 50, 'c7')",
        "INSERT INTO meta VALUES ('alive_at', '9')",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    pool.close().await;
}

#[tokio::test]
async fn a_database_of_the_first_version_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    of_the_first_version(dir.path()).await;
    for _ in 0..2 {
        let storage = Storage::open(dir.path()).await.unwrap();
        let account = storage.account(&user("alice")).await.unwrap().unwrap();
        assert_eq!((account.created_at, account.nickname.as_str()), (UnixMillis(5), ""));
        let page =
            storage.messages(Some(&user("bob")), &direct("alice", "bob"), 9, None).await.unwrap();
        assert_eq!(page.iter().map(|message| message.seq).collect::<Vec<_>>(), [7, 3]);
        assert_eq!(page[1].sender, user("bob"));
        assert_eq!(page[1].sent_at, UnixMillis(100));
        assert_eq!(page[1].body, Body::Custom("{\"a\":1}".to_owned()));
        assert_eq!(page[1].call_id.as_ref().unwrap().as_str(), "c3");
        let listed = storage.conversations(&user("bob"), 9, None).await.unwrap();
        let listed: Vec<_> = listed
            .iter()
            .map(|one| (&one.conversation, one.unread, one.read_seq, one.last_at.0))
            .collect();
        assert_eq!(
            listed,
            [(&direct("alice", "bob"), 0, 7, 200), (&direct("bob", "carol"), 0, 2, 0)]
        );
        assert_eq!(storage.count_records().await.unwrap(), 1);
        storage.hide_calls(&user("alice"), &[CallId::new("c7").unwrap()]).await.unwrap();
        storage.close().await;
    }
    let storage = Storage::open(dir.path()).await.unwrap();
    let next = send(&storage, text("alice", direct("alice", "bob"), "new")).await;
    assert_eq!(next.message.seq, 8);
    assert_eq!(unread(&storage, "bob").await[0].1, 1);
    let older = CallId::new("c7").unwrap();
    assert_eq!(storage.hide_calls(&user("alice"), slice::from_ref(&older)).await.unwrap(), []);
    assert_eq!(storage.hide_calls(&user("bob"), slice::from_ref(&older)).await.unwrap(), [older]);
}
