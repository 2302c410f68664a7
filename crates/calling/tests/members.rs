//! What is done beside the call itself: the bell, the call log, the chat.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod common;

use std::sync::{Arc, Mutex};

use calling::{
    CallFacts, CallId, CallLogFilter, CallLogResult, CallingBell, ClientPhase, Code, ListenerEvent,
    MediaType, Role, Scene, Target,
};
use common::{World, soon, until, user};

#[derive(Default)]
struct Bell(Mutex<Vec<Option<CallId>>>);

impl Bell {
    fn heard(&self) -> Vec<Option<CallId>> {
        self.0.lock().unwrap().clone()
    }
}

impl CallingBell for Bell {
    fn ring(&self, call: &CallFacts) {
        self.0.lock().unwrap().push(Some(call.call_id.clone()));
    }

    fn silence(&self) {
        self.0.lock().unwrap().push(None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bell_rings_while_a_call_comes_in_and_not_in_mute_mode() {
    let world = World::new().await;
    let (alice, mut bob) = world.pair().await;
    let bell = Arc::new(Bell::default());
    bob.calling.set_calling_bell(Some(Arc::clone(&bell) as Arc<dyn CallingBell>));
    let call = alice.calling.call(user("bob"), MediaType::Audio).await.unwrap();
    bob.invited().await;
    until("the bell", || bell.heard() == [Some(call.clone())]).await;
    bob.calling.enable_mute_mode(true);
    until("its silence", || bell.heard() == [Some(call.clone()), None]).await;
    bob.calling.enable_mute_mode(false);
    until("the bell again", || bell.heard().len() == 3).await;
    bob.engine.accept().await.unwrap();
    let rung = [Some(call.clone()), None, Some(call.clone()), None];
    until("its end", || bell.heard() == rung).await;
    alice.engine.hangup().await.unwrap();
    bob.ended().await;

    // Taken away while it rings, it falls silent; the one who calls hears nothing of their own.
    let hers = Arc::new(Bell::default());
    alice.calling.set_calling_bell(Some(Arc::clone(&hers) as Arc<dyn CallingBell>));
    alice.idle().await;
    let next = alice.calling.call(user("bob"), MediaType::Audio).await.unwrap();
    until("the next call", || bell.heard().last() == Some(&Some(next.clone()))).await;
    bob.calling.set_calling_bell(None);
    until("silence", || bell.heard().last() == Some(&None)).await;
    until("the bell is let go", || Arc::strong_count(&bell) == 1).await;
    assert_eq!(hers.heard(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_is_told_again_while_it_is_valid() {
    let world = World::new().await;
    let (alice, mut bob) = world.pair().await;
    assert!(!bob.engine.query_offline_calling().await.unwrap());
    let call = alice.calling.call(user("bob"), MediaType::Audio).await.unwrap();
    assert_eq!(bob.invited().await, call);
    assert!(bob.engine.is_valid_invite(&call).await.unwrap());
    assert!(!alice.engine.is_valid_invite(&call).await.unwrap());
    let mut late = bob.calling.events();
    assert!(bob.engine.query_offline_calling().await.unwrap());
    let again = when!(ListenerEvent::Invited { call_id, remaining_ms, .. } => (call_id.clone(), *remaining_ms));
    let (told, remaining_ms) = soon("the invite", late.find(again)).await.unwrap();
    assert_eq!(told, call);
    assert!((1..=30_000).contains(&remaining_ms));
    bob.engine.reject().await.unwrap();
    bob.idle().await;
    assert!(!bob.engine.query_offline_calling().await.unwrap());
    assert!(!bob.engine.is_valid_invite(&call).await.unwrap());
    assert!(bob.engine.check_is_self(&user("bob")) && !bob.engine.check_is_self(&user("alice")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_call_log_shows_each_their_side_and_forgets_on_request() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.talking().await;
    let talked = alice.engine.state().call.unwrap().call_id;
    alice.engine.hangup().await.unwrap();
    let (_, duration_ms, _) = alice.ended().await;
    bob.ended().await;
    alice.idle().await;
    let missed = alice.calling.call(user("bob"), MediaType::Video).await.unwrap();
    bob.invited().await;
    alice.engine.hangup().await.unwrap();
    alice.idle().await;

    let all = CallLogFilter::default();
    let first = alice.engine.query_recent_calls(all, Some(1), None).await.unwrap();
    assert_eq!((&first.calls[0].call_id, &first.next), (&missed, &Some(missed.clone())));
    assert_eq!(first.calls[0].media_type, MediaType::Video);
    let rest = alice.engine.query_recent_calls(all, None, first.next).await.unwrap();
    let [entry] = &rest.calls[..] else { panic!("{rest:?}") };
    assert_eq!(
        (&entry.call_id, entry.role, entry.scene),
        (&talked, Role::Caller, Scene::SingleCall)
    );
    assert_eq!((entry.result, entry.total_time), (CallLogResult::Outgoing, duration_ms));
    let only = CallLogFilter { result: Some(CallLogResult::Missed), ..all };
    let his = bob.engine.query_recent_calls(only, None, None).await.unwrap();
    assert_eq!(his.calls.iter().map(|call| &call.call_id).collect::<Vec<_>>(), [&missed]);

    // More than fit into one request.
    let strangers = (0..150).map(|number| CallId::new(format!("x{number}")).unwrap());
    let named = strangers.chain([missed.clone()]).collect();
    assert_eq!(bob.engine.delete_record_calls(named).await.unwrap(), [missed]);
    assert_eq!(bob.engine.query_recent_calls(only, None, None).await.unwrap().calls, []);
    assert_eq!(alice.engine.query_recent_calls(all, None, None).await.unwrap().calls.len(), 2);
    let stranger = alice.engine.query_recent_calls(all, None, CallId::new("x1").ok()).await;
    assert_eq!(stranger.unwrap_err().code(), Code::BadParameter);
    assert_eq!(alice.engine.state().phase, ClientPhase::Idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_write_to_each_other() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    let (hers, his) = (alice.calling.chat(), bob.calling.chat());
    let (to_alice, to_bob) = (Target::User(user("alice")), Target::User(user("bob")));
    let sent = hers.send_text(to_bob.clone(), "hello").await.unwrap();
    let text = when!(ListenerEvent::Message(message) => message.clone());
    let heard = bob.event("the message", text).await;
    assert_eq!((heard.text.as_deref(), &heard.from), (Some("hello"), &user("alice")));
    let custom = hers.send_custom(to_bob.clone(), "{\"a\":1}").await.unwrap();
    assert_eq!(bob.event("the other", text).await.custom, "{\"a\":1}");

    let listed = his.conversations(None, None).await.unwrap().conversations;
    assert_eq!((listed.len(), listed[0].unread), (1, 2));
    his.mark_read(to_alice.clone(), custom.message.seq).await.unwrap();
    assert_eq!(his.conversations(None, None).await.unwrap().conversations[0].unread, 0);
    hers.recall(to_bob.clone(), sent.message.seq).await.unwrap();
    let recalled = when!(ListenerEvent::MessageRecalled { conversation, seq, by } => (conversation.clone(), *seq, by.clone()));
    let expected = (to_alice.clone(), sent.message.seq, Some(user("alice")));
    assert_eq!(bob.event("the recall", recalled).await, expected);
    let page = his.history(to_alice, Some(10), None).await.unwrap().messages;
    assert_eq!((page.len(), page[1].recalled, page[1].text.as_deref()), (2, true, Some("")));
    assert_eq!(his.recall(to_bob, 1).await.unwrap_err().code(), Code::BadParameter);

    hers.set_self_info(Some("Alice A.".to_owned()), None).await.unwrap();
    his.set_friend_remark(user("alice"), "my boss").await.unwrap();
    let profiles = his.profiles(vec![user("alice"), user("nobody")]).await.unwrap();
    let [profile] = &profiles[..] else { panic!("{profiles:?}") };
    assert_eq!((&*profile.nickname, &*profile.remark), ("Alice A.", "my boss"));
    drop(alice.events.try_next());
}
