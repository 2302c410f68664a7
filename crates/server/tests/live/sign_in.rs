use calling_model::{DeviceId, UserId};
use calling_server::config::{DEFAULT_SDK_APP_ID, SecretKey};
use calling_signaling::protocol::{Code, HelloParams, Reply, Request, ResumeParams, SignInParams};

use crate::server::{KEY, TestServer, now_s, user_sig};

#[tokio::test]
async fn a_valid_user_sig_signs_in() {
    let server = TestServer::start().await;
    let mut client = server.greeted().await;
    let reply = client.sign_in("alice", "phone", &user_sig("alice", KEY, now_s())).await.unwrap();
    assert!(matches!(reply, Reply::SignedIn(welcome) if welcome.ping_interval_ms == 30_000));
    assert_eq!(client.ask(Request::Ping {}).await, Ok(Reply::Done {}));
    let again = client.sign_in("alice", "phone", &user_sig("alice", KEY, now_s())).await;
    assert_eq!(again.unwrap_err().code, Code::Repeated);
}

#[tokio::test]
async fn each_bad_user_sig_has_its_code_and_a_sentence() {
    let server = TestServer::start().await;
    let good = user_sig("alice", KEY, now_s());
    let mut flipped = good.clone().into_bytes();
    flipped[good.len() / 2] ^= 1;
    let flipped = String::from_utf8(flipped).unwrap();
    for (user_sig, code) in [
        (String::new(), Code::UserSigEmpty),
        (good[..good.len() / 2].to_owned(), Code::UserSigMalformed),
        (flipped, Code::UserSigMalformed),
        (user_sig("alice", KEY, now_s() - 7_200), Code::UserSigExpired),
        (user_sig("alice", &KEY.replace('0', "9"), now_s()), Code::UserSigWrongKey),
        (user_sig("mallory", KEY, now_s()), Code::UserSigWrongUser),
    ] {
        let mut client = server.greeted().await;
        let error = client.sign_in("alice", "phone", &user_sig).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.len() > 10, "{error}");
        // The connection stays, and still nothing is allowed.
        assert_eq!(client.call("bob").await.unwrap_err().code, Code::NotInitialised);
    }
}

#[tokio::test]
async fn another_application_is_refused() {
    let server = TestServer::start().await;
    let mut client = server.greeted().await;
    let params = SignInParams {
        sdk_app_id: DEFAULT_SDK_APP_ID + 1,
        user_id: UserId::new("alice").unwrap(),
        user_sig: user_sig("alice", KEY, now_s()),
        device_id: DeviceId::new("phone").unwrap(),
    };
    let error = client.ask(Request::SignIn(params)).await.unwrap_err();
    assert_eq!(error.code, Code::UserSigWrongApp);
}

#[tokio::test]
async fn too_many_failures_close_the_connection_and_make_the_source_wait() {
    let server = TestServer::with(|config| config.limits.failed_sign_ins_per_minute = 7).await;
    let mut client = server.greeted().await;
    for _ in 0..5 {
        client.sign_in("alice", "phone", "x").await.unwrap_err();
    }
    assert_eq!(client.closed().await, 4002);
    let mut client = server.greeted().await;
    for _ in 0..2 {
        client.sign_in("alice", "phone", "x").await.unwrap_err();
    }
    let error = client.sign_in("alice", "phone", "x").await.unwrap_err();
    assert_eq!(error.code, Code::TooManyFailures);
    let good = user_sig("alice", KEY, now_s());
    client.sign_in("alice", "phone", &good).await.unwrap();
}

#[tokio::test]
async fn nothing_is_done_before_hello() {
    let server = TestServer::start().await;
    let mut client = crate::client::Client::connect(server.running.http_addr()).await;
    for request in [Request::Ping {}, Request::SignOut {}, crate::client::call("bob", "")] {
        assert_eq!(client.ask(request).await.unwrap_err().code, Code::NotInitialised);
    }
    let hello = |versions| Request::Hello(HelloParams { versions, agent: String::new() });
    let error = client.ask(hello(vec![0, 99])).await.unwrap_err();
    assert_eq!(error.code, Code::VersionUnsupported);
    let reply = client.ask(hello(vec![99, 1])).await.unwrap();
    assert!(matches!(reply, Reply::Hello(reply) if reply.version == 1));
    assert_eq!(client.ask(hello(vec![1])).await.unwrap_err().code, Code::Repeated);
}

#[tokio::test]
async fn who_signed_out_can_sign_in_again_as_somebody_else() {
    let server = TestServer::start().await;
    let mut client = server.client("alice", "phone").await;
    client.ask(Request::SignOut {}).await.unwrap();
    assert_eq!(client.call("bob").await.unwrap_err().code, Code::NotInitialised);
    client.sign_in("bob", "phone", &user_sig("bob", KEY, now_s())).await.unwrap();
    let mut alice = server.client("alice", "phone").await;
    alice.call("bob").await.unwrap();
    client.invited().await;
}

#[tokio::test]
async fn accounts_are_not_made_unless_configured() {
    let server = TestServer::with(|config| config.auto_create_accounts = false).await;
    let mut client = server.greeted().await;
    let good = user_sig("alice", KEY, now_s());
    let error = client.sign_in("alice", "phone", &good).await.unwrap_err();
    assert_eq!(error.code, Code::UserNotFound);
}

/// Credentials are `<expiry>:<user>` and good until then: each client is told how long, and asks
/// for others in time.
#[tokio::test]
async fn turn_credentials_are_the_clients_own_and_renewed() {
    let server = TestServer::with(|config| {
        config.turn.urls = vec!["turn:turn.example.org:3478".to_owned()];
        config.turn.secret = Some(SecretKey::new(KEY).unwrap());
        config.turn.ttl_s = 600;
    })
    .await;
    let mut client = server.greeted().await;
    let early = client.ask(Request::GetIceServers {}).await;
    assert_eq!(early.unwrap_err().code, Code::NotInitialised, "nothing for strangers");
    let before = now_s();
    let reply = client.sign_in("alice", "phone", &user_sig("alice", KEY, before)).await.unwrap();
    let Reply::SignedIn(welcome) = reply else { panic!("unexpected: {reply:?}") };
    let Ok(Reply::IceServers(renewed)) = client.ask(Request::GetIceServers {}).await else {
        panic!("nothing is told")
    };
    let expiries =
        [(welcome.ice_servers, welcome.ice_expire_s), (renewed.ice_servers, renewed.ice_expire_s)]
            .map(|(servers, expire_s)| {
                assert_eq!((servers.len(), expire_s), (1, Some(600)));
                assert_eq!(servers[0].urls, ["turn:turn.example.org:3478"]);
                assert_eq!(servers[0].credential.len(), 28, "20 bytes in base64");
                let (expiry, user) = servers[0].username.split_once(':').unwrap();
                assert_eq!(user, "alice");
                expiry.parse::<u64>().unwrap()
            });
    assert!(expiries[0] >= before + 600 && expiries[0] <= expiries[1]);
    assert!(expiries[1] <= now_s() + 600);
    // Who takes up a session is told as who signs in; another account has another name.
    let mut bob = server.greeted().await;
    let reply = bob.sign_in("bob", "phone", &user_sig("bob", KEY, before)).await.unwrap();
    let Reply::SignedIn(welcome) = reply else { panic!("unexpected: {reply:?}") };
    assert!(welcome.ice_servers[0].username.ends_with(":bob"));
    let token = welcome.resume_token.unwrap();
    let mut back = server.greeted().await;
    let device_id = DeviceId::new("phone").unwrap();
    drop(bob);
    let params = ResumeParams { token, device_id, last_event: 0 };
    let Ok(Reply::SignedIn(again)) = back.ask(Request::Resume(params)).await else {
        panic!("the session is not taken up")
    };
    assert!(again.ice_servers[0].username.ends_with(":bob"));
    assert_eq!(again.ice_expire_s, Some(600));
}
