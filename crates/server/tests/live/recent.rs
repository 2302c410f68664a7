//! A user's own call log over the signalling connection.

use calling_model::CallId;
use calling_signaling::call::Role;
use calling_signaling::protocol::{
    ChatReply, ChatRequest, Code, MAX_DELETED_CALLS, ProtocolError, RecentCallsParams,
    RecentCallsReply, RecentResult, RecentScene, Reply, Request,
};

use crate::client::Client;
use crate::server::TestServer;

async fn recent(
    client: &mut Client,
    params: RecentCallsParams,
) -> Result<RecentCallsReply, ProtocolError> {
    let reply = client.ask(Request::Chat(ChatRequest::RecentCalls(params))).await?;
    let Reply::Chat(ChatReply::RecentCalls(reply)) = reply else { panic!("unexpected: {reply:?}") };
    Ok(reply)
}

async fn delete(client: &mut Client, call_ids: Vec<CallId>) -> Result<Vec<CallId>, ProtocolError> {
    let reply = client.ask(Request::Chat(ChatRequest::DeleteRecentCalls { call_ids })).await?;
    let Reply::Chat(ChatReply::DeletedCalls(reply)) = reply else {
        panic!("unexpected: {reply:?}")
    };
    Ok(reply.call_ids)
}

#[tokio::test]
async fn each_sees_their_side_of_a_call_and_deletes_only_their_own() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let answered = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    bob.accept(&answered).await;
    alice.accepted().await;
    alice.hang_up(&answered).await;
    alice.ended().await;
    bob.ended().await;
    let missed = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    alice.hang_up(&missed).await;
    alice.ended().await;

    let hers = recent(&mut alice, RecentCallsParams::default()).await.unwrap();
    let ids: Vec<_> = hers.calls.iter().map(|call| call.call_id.clone()).collect();
    assert_eq!((ids, hers.next), (vec![missed.clone(), answered.clone()], None));
    for call in &hers.calls {
        let seen = (call.role, call.result, call.scene);
        assert_eq!(seen, (Role::Caller, RecentResult::Outgoing, RecentScene::Single));
        assert_eq!(call.invite_list, ["bob".parse().unwrap()]);
    }
    let params = RecentCallsParams { result: Some(RecentResult::Missed), ..Default::default() };
    let his = recent(&mut bob, params).await.unwrap();
    assert_eq!(his.calls.len(), 1);
    assert_eq!((&his.calls[0].call_id, his.calls[0].total_ms), (&missed, 0));

    let named = vec![missed.clone(), missed.clone()];
    assert_eq!(delete(&mut bob, named).await.unwrap(), [missed]);
    let his = recent(&mut bob, RecentCallsParams::default()).await.unwrap();
    assert_eq!(his.calls.len(), 1);
    let hers = recent(&mut alice, RecentCallsParams::default()).await.unwrap();
    assert_eq!(hers.calls.len(), 2);
    assert_eq!(server.stop().await.len(), 2, "the records stay");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_a_code() {
    let server = TestServer::start().await;
    let mut nobody = server.greeted().await;
    let asked = recent(&mut nobody, RecentCallsParams::default()).await;
    assert_eq!(asked.unwrap_err().code, Code::NotInitialised);
    let mut alice = server.client("alice", "phone").await;
    let stranger = CallId::new("stranger").unwrap();
    let before = RecentCallsParams { before: Some(stranger.clone()), ..Default::default() };
    let limit = RecentCallsParams { limit: Some(101), ..Default::default() };
    for params in [before, limit] {
        assert_eq!(recent(&mut alice, params).await.unwrap_err().code, Code::BadParameter);
    }
    let many = vec![stranger.clone(); MAX_DELETED_CALLS + 1];
    assert_eq!(delete(&mut alice, many).await.unwrap_err().code, Code::BadParameter);
    assert_eq!(delete(&mut alice, vec![stranger]).await.unwrap(), []);
}
