//! Frames about conversations.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use calling_model::{CallId, GroupId, UnixMillis, UserId};
use calling_signaling::protocol::{
    ChatEvent, ChatReply, ChatRequest, ClientFrame, Code, ConversationInfo, ConversationsReply,
    CreateGroupParams, Event, EventFrame, GroupInfo, GroupRole, GroupsReply, MembersReply,
    MessageEvent, ProfilesReply, RecentCallsParams, RecentResult, Reply, Request,
    SendMessageParams, SentReply, ServerFrame, Target, decode_client_frame, decode_server_frame,
    encode,
};

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn chat_requests() -> Vec<ChatRequest> {
    let (group_id, to) = (GroupId::new("g/1").unwrap(), Target::User(user("bob")));
    let (id, bob) = (group_id.clone(), user("bob"));
    vec![
        ChatRequest::SendMessage(SendMessageParams {
            to: to.clone(),
            text: Some("\"\\ \u{1f600}".into()),
            custom: None,
            client_id: "c-1".into(),
        }),
        ChatRequest::Conversations { limit: Some(5), after: Some("1.g:x".into()) },
        ChatRequest::MarkRead { to: Target::Group(id.clone()), seq: u64::MAX },
        ChatRequest::RecallMessage { to, seq: 1 },
        ChatRequest::GetProfiles { users: vec![bob.clone()] },
        ChatRequest::SetSelfInfo { nickname: Some(String::new()), avatar: None },
        ChatRequest::SetFriendRemark { user: bob.clone(), remark: "B".into() },
        ChatRequest::CreateGroup(CreateGroupParams {
            group_id: Some(id.clone()),
            name: "G".into(),
            members: vec![bob.clone()],
        }),
        ChatRequest::MyGroups { limit: None, after: Some(id.clone()) },
        ChatRequest::GroupMembers { group_id: id.clone(), limit: None, after: Some(bob.clone()) },
        ChatRequest::AddMembers { group_id: id.clone(), users: vec![bob.clone()] },
        ChatRequest::RemoveMember { group_id: id.clone(), user: bob.clone() },
        ChatRequest::LeaveGroup { group_id: id.clone() },
        ChatRequest::SetMember {
            group_id: id.clone(),
            user: bob,
            role: Some(GroupRole::Admin),
            name_card: None,
        },
        ChatRequest::RenameGroup { group_id: id.clone(), name: "H".into() },
        ChatRequest::DissolveGroup { group_id },
        ChatRequest::RecentCalls(RecentCallsParams {
            result: Some(RecentResult::Missed),
            limit: Some(3),
            ..RecentCallsParams::default()
        }),
        ChatRequest::DeleteRecentCalls { call_ids: vec![CallId::new("c1").unwrap()] },
    ]
}

#[test]
fn every_request_about_conversations_round_trips_by_its_own_method() {
    for (id, request) in (0..).zip(chat_requests()) {
        let method = request.method();
        let frame = ClientFrame { id, request: Request::Chat(request) };
        let text = encode(&frame);
        assert!(text.contains(&format!("\"method\":\"{method}\"")), "{text}");
        assert_eq!(decode_client_frame(&text).unwrap(), frame);
    }
    assert_eq!(chat_requests().len(), 18);
}

fn message(to: Option<UserId>, group_id: Option<GroupId>) -> MessageEvent {
    let custom = MessageEvent::custom(7, user("alice"), user("bob"), UnixMillis(5), String::new());
    MessageEvent { to, group_id, text: Some("hi".into()), client_id: Some("c".into()), ..custom }
}

#[test]
fn answers_and_events_about_conversations_round_trip() {
    let group_id = GroupId::new("g").unwrap();
    let conversation = Target::Group(group_id.clone());
    let group = GroupInfo {
        group_id: group_id.clone(),
        name: String::new(),
        owner: user("alice"),
        created_at: UnixMillis(1),
    };
    let sent = message(Some(user("bob")), None);
    let replies = [
        ChatReply::Sent(SentReply { message: sent, duplicate: true }),
        ChatReply::Conversations(ConversationsReply {
            conversations: vec![ConversationInfo {
                conversation: conversation.clone(),
                last: Some(message(None, Some(group_id.clone()))),
                unread: 3,
                read_seq: 4,
            }],
            next: Some("x".into()),
        }),
        ChatReply::Profiles(ProfilesReply { profiles: vec![] }),
        ChatReply::Group(group.clone()),
        ChatReply::Groups(GroupsReply { groups: vec![group] }),
        ChatReply::Members(MembersReply { members: vec![] }),
    ];
    for reply in replies {
        let frame = ServerFrame::Reply { id: 1, result: Reply::Chat(reply) };
        assert_eq!(decode_server_frame(&encode(&frame)).unwrap(), frame);
    }
    let events = [
        Event::Message(message(None, Some(group_id.clone()))),
        Event::Chat(ChatEvent::MessageRecalled {
            conversation: conversation.clone(),
            seq: 1,
            by: Some(user("alice")),
        }),
        Event::Chat(ChatEvent::Read { conversation, seq: 2 }),
        Event::Chat(ChatEvent::GroupChanged { group_id }),
    ];
    for event in events {
        let frame = ServerFrame::Event(EventFrame { event, seq: Some(9) });
        assert_eq!(decode_server_frame(&encode(&frame)).unwrap(), frame);
    }
}

#[test]
fn the_forms_of_chat() {
    let text = r#"{"id":1,"method":"send_message","params":{"to":{"user":"bob"},"text":"hi","client_id":"c1"}}"#;
    assert_eq!(encode(&decode_client_frame(text).unwrap()), text);
    let text = r#"{"event":"read","params":{"conversation":{"group":"g"},"seq":2}}"#;
    assert_eq!(encode(&decode_server_frame(text).unwrap()), text);
    // The older form of both, from before there were groups.
    let old = r#"{"id":1,"method":"history","params":{"peer":"bob","limit":5}}"#;
    assert_eq!(encode(&decode_client_frame(old).unwrap()), old);
    let old =
        r#"{"event":"message","params":{"seq":1,"from":"a","to":"b","sent_at":5,"custom":"{}"}}"#;
    assert_eq!(encode(&decode_server_frame(old).unwrap()), old);
    let log = r#"{"id":1,"method":"recent_calls"}"#;
    let recent = Request::Chat(ChatRequest::RecentCalls(RecentCallsParams::default()));
    assert_eq!(decode_client_frame(log).unwrap().request, recent);
    let log = r#"{"id":1,"result":{"type":"recent_calls","calls":[{"call_id":"c1","inviter":"a","invite_list":["b"],"scene":"single","media_type":"audio","role":"callee","result":"missed","begin_time":5,"total_ms":0}],"next":"c1"}}"#;
    assert_eq!(encode(&decode_server_frame(log).unwrap()), log);
    let log = r#"{"id":1,"result":{"type":"deleted_calls","call_ids":["c1"]}}"#;
    assert_eq!(encode(&decode_server_frame(log).unwrap()), log);
    let wrong = decode_client_frame(r#"{"id":1,"method":"mark_read","params":{"to":{"x":"y"}}}"#);
    let wrong = wrong.unwrap_err();
    assert_eq!((wrong.id, wrong.error.code, wrong.hostile), (Some(1), Code::BadParameter, false));
    let escaped = r#"{"id":1,"method":"my\u005fgroups"}"#;
    let my_groups = Request::Chat(ChatRequest::MyGroups { limit: None, after: None });
    assert_eq!(decode_client_frame(escaped).unwrap().request, my_groups);
}
