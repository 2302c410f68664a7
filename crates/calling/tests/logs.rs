//! No address, name or token in any line this crate logs.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use calling::MediaType;
use common::{Person, World, user};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_holds_an_address_a_name_or_a_token() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt()
        .with_env_filter("calling=trace")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let world = World::new().await;
    let wire = common::proxy::Wire::to(world.server.http_addr(), std::time::Duration::ZERO).await;
    let mut config = world.config("alice");
    config.server = format!("ws://{}", wire.address);
    let token = config.user_sig.clone();
    let (mut alice, mut bob) = (Person::new(config).await, world.person("bob").await);
    alice.talk_with(&mut bob).await;
    wire.cut();
    bob.engine.hangup().await.unwrap();
    wire.mend();
    alice.ended().await;
    alice.calling.call(user("nobody"), MediaType::Audio).await.unwrap_err();
    world.stop().await;
    alice.calling.destroy().await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("signalling is lost"), "something was logged: {text}");
    for secret in ["127.0.0.1", "alice", "bob", "nobody", &token[..16]] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
