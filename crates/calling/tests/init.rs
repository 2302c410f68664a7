//! Signing in, and what can be wrong with it.

mod common;

use std::time::Duration;

use calling::{Calling, Code, InitError};
use common::{World, soon};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_has_its_code_and_a_plain_sentence() {
    let world = World::new().await;
    let mut broken = world.config("alice");
    broken.user_sig.truncate(20);
    let mut foreign = world.config("alice");
    foreign.user_id = common::user("bob");
    let mut app = world.config("alice");
    app.sdk_app_id += 1;
    let mut empty = world.config("alice");
    empty.user_sig.clear();
    for (config, code) in [
        (broken, Code::UserSigMalformed),
        (foreign, Code::UserSigWrongUser),
        (app, Code::UserSigWrongApp),
        (empty, Code::UserSigEmpty),
    ] {
        let error = soon("the refusal", Calling::init(config)).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().len() > 10);
    }
}

#[tokio::test]
async fn an_address_that_is_none_nobody_there_and_somebody_else_there() {
    let world = World::new().await;
    let at = |server: &str| {
        let mut config = world.config("alice");
        config.server = server.to_owned();
        config.connect_timeout = Duration::from_millis(300);
        config
    };
    let error = Calling::init(at("http://127.0.0.1:1")).await.unwrap_err();
    assert!(matches!(error, InitError::Config { field: "server", .. }), "{error}");
    let error = Calling::init(at("ws://127.0.0.1:1")).await.unwrap_err();
    assert!(matches!(error, InitError::Unreachable(_)), "{error}");
    let elsewhere = format!("ws://{}/healthz", world.server.http_addr());
    let error = Calling::init(at(&elsewhere)).await.unwrap_err();
    assert!(matches!(error, InitError::NotAServer(_)), "{error}");
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("ws://{}", mute.local_addr().unwrap());
    let error = Calling::init(at(&silent)).await.unwrap_err();
    assert!(matches!(error, InitError::TimedOut(_)), "{error}");
}

#[tokio::test]
async fn a_cancelled_sign_in_closes_its_connection() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = world.config("alice");
    config.server = format!("ws://{}", listener.local_addr().unwrap());
    let init = tokio::spawn(Calling::init(config));
    let (mut stream, _) = soon("the connection", listener.accept()).await.unwrap();
    let mut byte = [0];
    soon("the request", stream.read_exact(&mut byte)).await.unwrap();
    init.abort();
    let mut rest = Vec::new();
    // The end of the stream is the closed socket.
    let _ = soon("the end", stream.read_to_end(&mut rest)).await;
    assert!(rest.starts_with(b"ET "), "{rest:?}");
}
