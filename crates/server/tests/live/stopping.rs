use calling_server::{Server, StartError};
use calling_signaling::call::Outcome;
use calling_signaling::protocol::Event;

use crate::client::Client;
use crate::phone::Phone;
use crate::server::{TestServer, config, records};

#[tokio::test]
async fn a_stop_ends_records_and_tells_every_call() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut carol = server.client("carol", "phone").await;
    let mut dave = server.client("dave", "phone").await;
    let talking = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    let _phone = Phone::connect(&mut alice, &talking, 1).await;
    bob.accept(&talking).await;
    alice.accepted().await;
    carol.call("dave").await.unwrap();
    dave.invited().await;
    let mut idle = server.greeted().await;
    let stop = tokio::spawn(server.stop());
    for client in [&mut alice, &mut bob] {
        let ended = client.ended().await;
        assert!(matches!(ended, Event::Ended { outcome: Outcome::Interrupted, .. }), "{ended:?}");
    }
    carol.ended().await;
    for client in [&mut alice, &mut bob, &mut carol, &mut dave, &mut idle] {
        assert_eq!(client.closed().await, 1001);
    }
    let records = stop.await.unwrap();
    assert_eq!(records.len(), 2);
}

#[tokio::test]
async fn what_was_stopped_well_leaves_nothing_to_recover() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    drop(server.client("bob", "phone").await);
    alice.call("bob").await.unwrap();
    server.running.stop().await;
    let again = Server::start(config(server.dir.path())).await.unwrap();
    assert_eq!(again.recovered_calls(), 0);
    again.stop().await;
    assert_eq!(records(server.dir.path()).await.len(), 1);
}

#[tokio::test]
async fn sockets_are_free_after_a_stop() {
    let server = TestServer::start().await;
    let (http, media) = (server.running.http_addr(), server.running.media_addr());
    server.running.stop().await;
    let mut config = config(server.dir.path());
    (config.http, config.media) = (http, media);
    let again = Server::start(config).await.unwrap();
    assert_eq!((again.http_addr(), again.media_addr()), (http, media));
    again.stop().await;
}

#[tokio::test]
async fn a_taken_port_or_directory_is_one_line() {
    let server = TestServer::start().await;
    for change in [
        |config: &mut calling_server::config::Config, running: &calling_server::RunningServer| {
            config.http = running.http_addr();
        },
        |config: &mut calling_server::config::Config, running: &calling_server::RunningServer| {
            config.media = running.media_addr();
        },
    ] {
        let other = tempfile::tempdir().unwrap();
        let mut config = config(other.path());
        change(&mut config, &server.running);
        let error = Server::start(config).await.unwrap_err();
        assert!(matches!(error, StartError::Listen(_) | StartError::Media(_)));
        let text = error.to_string();
        assert!(text.contains("in use by") && !text.contains('\n'), "{text}");
    }
    let error = Server::start(config(server.dir.path())).await.unwrap_err();
    assert!(error.to_string().contains("in use by another server"), "{error}");
}

#[tokio::test]
async fn on_its_own_runtime_every_thread_has_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_on_own_runtime(config(dir.path())).await.unwrap();
    let mut alice = Client::signed_in(server.http_addr(), "alice", "phone").await;
    drop(Client::signed_in(server.http_addr(), "bob", "phone").await);
    alice.call("bob").await.unwrap();
    let names: Vec<String> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect();
    for wanted in ["calling-srv-rt", "calling-srv-0", "calling-srv-1", "calling-srv-m0"] {
        assert!(names.iter().any(|name| name == wanted), "{wanted} is missing: {names:?}");
    }
    // Of the database there are as many as it needs, numbered by the process.
    assert!(names.iter().any(|name| name.starts_with("calling-srv-d")), "{names:?}");
    server.stop().await;
    assert_eq!(records(dir.path()).await.len(), 1);
}

#[tokio::test]
async fn a_demo_has_its_accounts() {
    let server = TestServer::with(|config| config.demo = true).await;
    let accounts: Vec<_> = server.running.demo_accounts().to_vec();
    assert_eq!(accounts.len(), 5);
    let mut client = server.greeted().await;
    let alice = &accounts[0];
    client.sign_in(alice.user_id.as_str(), "phone", &alice.user_sig).await.unwrap();
}
