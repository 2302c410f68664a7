//! Conversations, groups and profiles over the signalling connection.

use calling_model::{GroupId, UserId};
use calling_signaling::call::Outcome;
use calling_signaling::protocol::{
    CallParams, ChatEvent, ChatReply, ChatRequest, Code, ConversationInfo, CreateGroupParams,
    Event, GroupRole, HistoryParams, MessageEvent, ProtocolError, Reply, Request,
    SendMessageParams, SentReply, Target,
};

use crate::client::{Client, call};
use crate::server::TestServer;

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn group(name: &str) -> GroupId {
    GroupId::new(name).unwrap()
}

fn to_user(name: &str) -> Target {
    Target::User(user(name))
}

fn to_group(name: &str) -> Target {
    Target::Group(group(name))
}

async fn ask(client: &mut Client, request: ChatRequest) -> Result<Reply, ProtocolError> {
    client.ask(Request::Chat(request)).await
}

async fn done(client: &mut Client, request: ChatRequest) {
    assert_eq!(ask(client, request).await.unwrap(), Reply::Done {});
}

async fn refused(client: &mut Client, request: ChatRequest) -> Code {
    ask(client, request).await.unwrap_err().code
}

fn text(to: Target, text: &str, client_id: &str) -> ChatRequest {
    ChatRequest::SendMessage(SendMessageParams {
        to,
        text: Some(text.to_owned()),
        custom: None,
        client_id: client_id.to_owned(),
    })
}

async fn send(client: &mut Client, to: Target, said: &str, client_id: &str) -> SentReply {
    let reply = ask(client, text(to, said, client_id)).await.unwrap();
    let Reply::Chat(ChatReply::Sent(sent)) = reply else { panic!("unexpected: {reply:?}") };
    sent
}

async fn message(client: &mut Client) -> MessageEvent {
    let event = client.event(|event| matches!(event, Event::Message(_))).await;
    let Event::Message(message) = event else { unreachable!() };
    message
}

async fn chat_event(client: &mut Client) -> ChatEvent {
    let event = client.event(|event| matches!(event, Event::Chat(_))).await;
    let Event::Chat(event) = event else { unreachable!() };
    event
}

async fn listed(client: &mut Client) -> Vec<ConversationInfo> {
    let request = ChatRequest::Conversations { limit: None, after: None };
    let reply = ask(client, request).await.unwrap();
    let Reply::Chat(ChatReply::Conversations(page)) = reply else {
        panic!("unexpected: {reply:?}")
    };
    page.conversations
}

async fn history(client: &mut Client, of: Target) -> Result<Vec<MessageEvent>, ProtocolError> {
    let (peer, group_id) = match of {
        Target::User(user) => (Some(user), None),
        Target::Group(group) => (None, Some(group)),
    };
    let params = HistoryParams { peer, group_id, limit: None, before: None };
    let reply = client.ask(Request::History(params)).await?;
    let Reply::History(page) = reply else { panic!("unexpected: {reply:?}") };
    Ok(page.messages)
}

async fn make_group(client: &mut Client, id: &str, members: &[&str]) {
    let params = CreateGroupParams {
        group_id: Some(group(id)),
        name: id.to_owned(),
        members: members.iter().map(|name| user(name)).collect(),
    };
    let reply = ask(client, ChatRequest::CreateGroup(params)).await.unwrap();
    assert!(matches!(reply, Reply::Chat(ChatReply::Group(info)) if info.group_id == group(id)));
}

#[tokio::test]
async fn a_message_reaches_every_device_once_and_is_stored_once() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut tablet = server.client("alice", "tablet").await;
    let mut bob = server.client("bob", "phone").await;
    let sent = send(&mut alice, to_user("bob"), "hello", "c-1").await;
    assert!(!sent.duplicate);
    let got = message(&mut bob).await;
    assert_eq!((got.text.as_deref(), got.client_id.as_deref()), (Some("hello"), None));
    assert_eq!((&got.from, &got.to), (&user("alice"), &Some(user("bob"))));
    let own = message(&mut tablet).await;
    assert_eq!(own, sent.message, "with the client id, so that the device knows its own");

    // Not sure that it arrived: again, and again from the other device.
    let again = send(&mut alice, to_user("bob"), "hello", "c-1").await;
    assert!(again.duplicate);
    assert_eq!(again.message, sent.message);
    assert!(send(&mut tablet, to_user("bob"), "hello", "c-1").await.duplicate);
    send(&mut alice, to_user("bob"), "next", "c-2").await;
    assert_eq!(message(&mut bob).await.text.as_deref(), Some("next"), "nothing came twice");
    assert_eq!(message(&mut tablet).await.text.as_deref(), Some("next"));
    let messages = history(&mut bob, to_user("alice")).await.unwrap();
    let said: Vec<_> = messages.iter().map(|message| message.text.as_deref().unwrap()).collect();
    assert_eq!(said, ["next", "hello"]);
}

#[tokio::test]
async fn who_was_away_finds_it_in_the_list_of_conversations() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    drop(server.client("bob", "phone").await);
    for number in 0..3 {
        send(&mut alice, to_user("bob"), "x", &format!("c-{number}")).await;
    }
    let mut bob = server.client("bob", "phone").await;
    let mut tablet = server.client("bob", "tablet").await;
    let conversations = listed(&mut bob).await;
    assert_eq!(conversations.len(), 1);
    assert_eq!((&conversations[0].conversation, conversations[0].unread), (&to_user("alice"), 3));
    assert_eq!(conversations[0].last.as_ref().unwrap().seq, 3);

    done(&mut bob, ChatRequest::MarkRead { to: to_user("alice"), seq: 2 }).await;
    let told = chat_event(&mut tablet).await;
    assert_eq!(told, ChatEvent::Read { conversation: to_user("alice"), seq: 2 });
    assert_eq!(listed(&mut tablet).await[0].unread, 1);
    // A mark that does not move is told to nobody: the next thing told is the next mark.
    done(&mut bob, ChatRequest::MarkRead { to: to_user("alice"), seq: 1 }).await;
    done(&mut bob, ChatRequest::MarkRead { to: to_user("alice"), seq: 99 }).await;
    let told = chat_event(&mut tablet).await;
    assert_eq!(told, ChatEvent::Read { conversation: to_user("alice"), seq: 3 });
}

#[tokio::test]
async fn a_message_is_taken_back_everywhere() {
    let server = TestServer::with(|config| config.chat.recall_window_s = 60).await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let seq = send(&mut alice, to_user("bob"), "oops", "c-1").await.message.seq;
    let recall = |to| ChatRequest::RecallMessage { to, seq };
    assert_eq!(refused(&mut bob, recall(to_user("alice"))).await, Code::BadParameter);
    done(&mut alice, recall(to_user("bob"))).await;
    let told = chat_event(&mut bob).await;
    let conversation = to_user("alice");
    let by = Some(user("alice"));
    assert_eq!(told, ChatEvent::MessageRecalled { conversation, seq, by });
    let messages = history(&mut bob, to_user("alice")).await.unwrap();
    assert_eq!((messages[0].recalled, messages[0].text.as_deref()), (true, Some("")));
}

#[tokio::test]
async fn nothing_is_taken_back_where_that_is_not_offered() {
    let server = TestServer::with(|config| config.chat.recall_window_s = 0).await;
    let mut alice = server.client("alice", "phone").await;
    drop(server.client("bob", "phone").await);
    let seq = send(&mut alice, to_user("bob"), "for ever", "c-1").await.message.seq;
    let recall = ChatRequest::RecallMessage { to: to_user("bob"), seq };
    assert_eq!(refused(&mut alice, recall).await, Code::WrongState);
}

#[tokio::test]
async fn a_group_lives_from_its_first_message_to_its_end() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut mallory = server.client("mallory", "phone").await;
    make_group(&mut alice, "team", &["bob"]).await;
    let changed = ChatEvent::GroupChanged { group_id: group("team") };
    assert_eq!(chat_event(&mut bob).await, changed);
    send(&mut bob, to_group("team"), "hi all", "c-1").await;
    let got = message(&mut alice).await;
    assert_eq!((got.group_id, got.to, got.from), (Some(group("team")), None, user("bob")));

    // Who is not in it is told nothing and learns nothing.
    assert_eq!(
        refused(&mut mallory, text(to_group("team"), "x", "c-1")).await,
        Code::PermissionDenied
    );
    assert_eq!(history(&mut mallory, to_group("team")).await.unwrap(), []);
    let members = |group_id| ChatRequest::GroupMembers { group_id, limit: None, after: None };
    assert_eq!(refused(&mut mallory, members(group("team"))).await, Code::PermissionDenied);
    assert_eq!(refused(&mut mallory, members(group("none"))).await, Code::PermissionDenied);
    let add = ChatRequest::AddMembers { group_id: group("team"), users: vec![user("mallory")] };
    assert_eq!(refused(&mut mallory, add.clone()).await, Code::PermissionDenied);

    done(&mut bob, add).await;
    assert_eq!(chat_event(&mut mallory).await, changed);
    let promote = ChatRequest::SetMember {
        group_id: group("team"),
        user: user("bob"),
        role: Some(GroupRole::Admin),
        name_card: None,
    };
    assert_eq!(refused(&mut bob, promote.clone()).await, Code::PermissionDenied);
    done(&mut alice, promote).await;
    let remove = ChatRequest::RemoveMember { group_id: group("team"), user: user("mallory") };
    done(&mut bob, remove).await;
    done(&mut alice, ChatRequest::LeaveGroup { group_id: group("team") }).await;
    let Reply::Chat(ChatReply::Members(left)) =
        ask(&mut bob, members(group("team"))).await.unwrap()
    else {
        panic!("no members")
    };
    assert_eq!(left.members.len(), 1);
    assert_eq!((&left.members[0].user, left.members[0].role), (&user("bob"), GroupRole::Owner));
    done(&mut bob, ChatRequest::DissolveGroup { group_id: group("team") }).await;
    let mine = ask(&mut bob, ChatRequest::MyGroups { limit: None, after: None }).await.unwrap();
    assert!(matches!(mine, Reply::Chat(ChatReply::Groups(groups)) if groups.groups.is_empty()));
}

#[tokio::test]
async fn profiles_and_remarks_are_seen_by_whom_they_are_for() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let info = |nickname: &str| ChatRequest::SetSelfInfo {
        nickname: Some(nickname.to_owned()),
        avatar: None,
    };
    done(&mut bob, info("Robert'); DROP TABLE accounts; --")).await;
    let remark = ChatRequest::SetFriendRemark { user: user("bob"), remark: "Bob %s".to_owned() };
    done(&mut alice, remark).await;
    let profiles = ChatRequest::GetProfiles { users: vec![user("bob"), user("nobody")] };
    let Reply::Chat(ChatReply::Profiles(seen)) = ask(&mut alice, profiles.clone()).await.unwrap()
    else {
        panic!("no profiles")
    };
    assert_eq!(seen.profiles.len(), 1);
    assert_eq!(seen.profiles[0].nickname, "Robert'); DROP TABLE accounts; --");
    assert_eq!(seen.profiles[0].remark, "Bob %s");
    let own = ask(&mut bob, profiles).await.unwrap();
    assert!(
        matches!(own, Reply::Chat(ChatReply::Profiles(own)) if own.profiles[0].remark.is_empty())
    );
    assert_eq!(refused(&mut bob, info(&"x".repeat(501))).await, Code::BadParameter);
    assert_eq!(refused(&mut bob, info("a\0b")).await, Code::BadParameter);
}

#[tokio::test]
async fn odd_messages_are_refused_with_what_is_wrong() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    drop(server.client("bob", "phone").await);
    let params = |said: Option<String>, custom: Option<String>, client_id: &str| {
        ChatRequest::SendMessage(SendMessageParams {
            to: to_user("bob"),
            text: said,
            custom,
            client_id: client_id.to_owned(),
        })
    };
    let long = "x".repeat(12 * 1024);
    for (request, expected) in [
        (params(None, None, "c"), "a message has either `text` or `custom`"),
        (params(Some("a".into()), Some("b".into()), "c"), "either `text` or `custom`"),
        (params(Some(String::new()), None, "c"), "`text` is empty"),
        (params(Some(format!("{long}x")), None, "c"), "at most 12288 bytes"),
        (params(None, Some(format!("{long}x")), "c"), "at most 12288 bytes"),
        (params(Some("\0".into()), None, "c"), "NUL"),
        (params(Some("a".into()), None, ""), "`client_id` is empty"),
        (params(Some("a".into()), None, &"i".repeat(65)), "at most 64 bytes"),
        (text(to_user("alice"), "a", "c"), "to oneself"),
        (text(to_user("nobody"), "a", "c"), "no such account"),
    ] {
        let error = ask(&mut alice, request).await.unwrap_err();
        assert!(error.message.contains(expected), "{error:?}");
    }
    let longest = params(Some("\u{1}".repeat(10 * 1024)), None, "escapes");
    ask(&mut alice, longest).await.unwrap();
    let of_nobody = HistoryParams { peer: None, group_id: None, limit: None, before: None };
    let error = alice.ask(Request::History(of_nobody)).await.unwrap_err();
    assert_eq!(error.code, Code::BadParameter);
}

#[tokio::test]
async fn long_pages_come_in_frames_that_a_client_takes() {
    let server = TestServer::with(|config| config.limits.requests_per_second = 10_000).await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    // Escaped, each is six times as long.
    let long = "\u{1}".repeat(10 * 1024);
    for number in 0..40 {
        send(&mut alice, to_user("bob"), &long, &format!("c-{number}")).await;
    }
    let mut seqs = Vec::new();
    while seqs.last() != Some(&1) {
        let params = HistoryParams {
            peer: Some(user("alice")),
            group_id: None,
            limit: Some(100),
            before: seqs.last().copied(),
        };
        let Reply::History(page) = bob.ask(Request::History(params)).await.unwrap() else {
            panic!("no history")
        };
        seqs.extend(page.messages.iter().map(|message| message.seq));
    }
    assert_eq!(seqs, (1..=40).rev().collect::<Vec<u64>>());
}

#[tokio::test]
async fn an_account_that_floods_is_slowed_down_on_all_its_devices() {
    let server = TestServer::with(|config| config.limits.messages_per_minute = 60).await;
    let mut alice = server.client("alice", "phone").await;
    let mut tablet = server.client("alice", "tablet").await;
    let mut bob = server.client("bob", "phone").await;
    let mut taken = 0;
    loop {
        let request = text(to_user("bob"), "x", &format!("c-{taken}"));
        match ask(&mut alice, request).await {
            Ok(_) => taken += 1,
            Err(error) => {
                assert_eq!(error.code, Code::RateLimited);
                break;
            }
        }
    }
    assert!((10..=30).contains(&taken), "{taken}");
    assert_eq!(refused(&mut tablet, text(to_user("bob"), "x", "t")).await, Code::RateLimited);
    send(&mut bob, to_user("alice"), "I am not flooding", "b").await;
}

#[tokio::test]
async fn nobody_calls_in_the_name_of_a_group_of_others() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut mallory = server.client("mallory", "phone").await;
    make_group(&mut alice, "team", &["bob"]).await;
    let in_team = || {
        let Request::Call(params) = call("bob", "") else { unreachable!() };
        Request::Call(CallParams { group_id: Some(group("team")), ..params })
    };
    let error = mallory.ask(in_team()).await.unwrap_err();
    assert_eq!(error.code, Code::PermissionDenied);
    // A member may; whether calls in groups are offered is the call machine's to say.
    if let Ok(Reply::Call(placed)) = alice.ask(in_team()).await {
        bob.invited().await;
        alice.hang_up(&placed.facts.call_id).await;
        let ended = alice.ended().await;
        assert!(matches!(ended, Event::Ended { outcome: Outcome::Cancelled, .. }));
        let told = message(&mut bob).await;
        assert_eq!(
            (told.group_id, told.call_id),
            (Some(group("team")), Some(placed.facts.call_id))
        );
    }
}

#[tokio::test]
async fn chat_needs_a_sign_in() {
    let server = TestServer::start().await;
    let mut nobody = server.greeted().await;
    let error = ask(&mut nobody, text(to_user("bob"), "x", "c")).await.unwrap_err();
    assert_eq!(error.code, Code::NotInitialised);
    let error = history(&mut nobody, to_user("bob")).await.unwrap_err();
    assert_eq!(error.code, Code::NotInitialised);
}

/// Attack group 30: what a page could send in place of ours.
#[tokio::test]
async fn avatars_and_names_beyond_their_bound_are_refused_and_change_nothing() {
    let server = TestServer::start().await;
    let mut bob = server.client("bob", "phone").await;
    let info = |nickname: &str, avatar: String| ChatRequest::SetSelfInfo {
        nickname: Some(nickname.to_owned()),
        avatar: Some(avatar),
    };
    done(&mut bob, info("Bob", "a".repeat(500))).await;
    let long = "b".repeat(501);
    let picture = format!("data:image/png;base64,{}", "A".repeat(30_000));
    for (nickname, avatar) in [("Bob", long.as_str()), ("Bob", &picture), (&long, ""), ("B\0b", "")]
    {
        let refused = ask(&mut bob, info(nickname, avatar.to_owned())).await.unwrap_err();
        assert_eq!(refused.code, Code::BadParameter, "{refused}");
        assert!(!refused.message.contains("bbbb"), "what was sent is not sent back");
    }
    let profiles = ChatRequest::GetProfiles { users: vec![user("bob")] };
    let Reply::Chat(ChatReply::Profiles(seen)) = ask(&mut bob, profiles).await.unwrap() else {
        panic!("no profiles")
    };
    assert_eq!(seen.profiles[0].avatar, "a".repeat(500));
}
