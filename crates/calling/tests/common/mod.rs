//! A real server in this process, and people with microphones that count and loudspeakers that
//! remember.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]
#![allow(unused_macros, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

/// A filter of events: `when!(pattern => value)` or `when!(pattern, condition => value)`.
macro_rules! when {
    ($pattern:pat => $value:expr) => {
        when!($pattern, true => $value)
    };
    ($pattern:pat, $condition:expr => $value:expr) => {
        move |event: &calling::ListenerEvent| {
            if let $pattern = event
                && $condition
            {
                return Some($value);
            }
            None
        }
    };
}

pub mod ear;
pub mod eye;
pub mod fake;
pub mod proxy;
pub mod storm;

use std::future::Future;
use std::time::Duration;

use calling::{
    CallEngine, CallId, CallState, Calling, ClientPhase, Config, DeviceId, Events, ListenerEvent,
    MediaType, Outcome, UserId,
};
use calling_server::{RunningServer, Server};

pub use ear::Devices;

/// The longest any test waits for anything. Never reached when things work.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What people say.
pub const ALICE_HZ: f64 = 440.0;
pub const BOB_HZ: f64 = 1_000.0;
pub const CAROL_HZ: f64 = 1_700.0;

/// A tone this strong is heard; one a tenth of it is not.
pub const AUDIBLE: f64 = 0.1;

/// Waits for `future`, naming what never came.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} never came"),
    }
}

/// Polls until `reached`.
pub async fn until(what: &str, reached: impl Fn() -> bool) {
    let polled = async {
        while !reached() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(what, polled).await;
}

pub fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

/// A real server with demo accounts.
pub struct World {
    pub server: RunningServer,
    pub server_config: calling_server::config::Config,
    pub _data: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut calling_server::config::Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = calling_server::config::Config {
            http: "127.0.0.1:0".parse().unwrap(),
            media: "127.0.0.1:0".parse().unwrap(),
            data: data.path().to_path_buf(),
            demo: true,
            ..Default::default()
        };
        change(&mut config);
        let server = Server::start_on_own_runtime(config.clone()).await.unwrap();
        Self { server, server_config: config, _data: data }
    }

    /// Stops the server and waits for it.
    pub async fn stop(self) {
        soon("the server's end", self.server.stop()).await;
    }

    /// What `name` signs in with.
    pub fn config(&self, name: &str) -> Config {
        let account = self.server.demo_accounts().iter().find(|demo| demo.user_id == user(name));
        let sig = account.unwrap().user_sig.clone();
        let url = format!("ws://{}", self.server.http_addr());
        Config::new(url, self.server_config.sdk_app_id, user(name), sig)
            .with_device(DeviceId::new(format!("{name}-phone")).unwrap())
    }

    pub async fn person(&self, name: &str) -> Person {
        Person::new(self.config(name)).await
    }

    /// Alice and Bob, both signed in.
    pub async fn pair(&self) -> (Person, Person) {
        (self.person("alice").await, self.person("bob").await)
    }

    /// Alice and Bob in conversation, each hearing the other.
    pub async fn talking(&self) -> (Person, Person) {
        let (mut alice, mut bob) = self.pair().await;
        alice.talk_with(&mut bob).await;
        (alice, bob)
    }
}

/// Somebody signed in.
pub struct Person {
    pub calling: Calling,
    pub engine: CallEngine,
    pub events: Events,
    pub devices: Devices,
}

impl Person {
    pub async fn new(mut config: Config) -> Self {
        let devices = Devices::default();
        let tone = match config.user_id.as_str() {
            "alice" => ALICE_HZ,
            "carol" => CAROL_HZ,
            _ => BOB_HZ,
        };
        config.audio = devices.audio(tone);
        let calling = soon("the sign-in", Calling::init(config)).await.unwrap();
        let (engine, events) = (calling.engine(), calling.events());
        Self { calling, engine, events, devices }
    }

    /// The next event of which `wanted` gives something.
    pub async fn event<T>(
        &mut self,
        what: &str,
        wanted: impl Fn(&ListenerEvent) -> Option<T>,
    ) -> T {
        soon(what, self.events.find(wanted)).await.unwrap_or_else(|| panic!("no more {what}"))
    }

    pub async fn invited(&mut self) -> CallId {
        self.event("Invited", when!(ListenerEvent::Invited { call_id, .. } => call_id.clone()))
            .await
    }

    pub async fn ended(&mut self) -> (Outcome, u64, Option<UserId>) {
        self.event("CallEnd", when!(ListenerEvent::CallEnd { outcome, duration_ms, by, .. } => (*outcome, *duration_ms, by.clone())))
        .await
    }

    pub async fn state(&self, what: &str, reached: impl Fn(&CallState) -> bool) -> CallState {
        soon(what, self.engine.wait_for(reached)).await.unwrap()
    }

    pub async fn idle(&self) {
        self.state("idle", |state| state.phase == ClientPhase::Idle).await;
    }

    /// Calls `other`, who answers once their media is ready; returns when both are heard.
    pub async fn talk_with(&mut self, other: &mut Self) -> CallId {
        self.talk_by(MediaType::Audio, other).await
    }

    /// As [`talk_with`](Self::talk_with), in a call of that kind.
    pub async fn talk_by(&mut self, media_type: MediaType, other: &mut Self) -> CallId {
        let to = other.engine.account().clone();
        let call = soon("the call", self.calling.call(to, media_type)).await.unwrap();
        assert_eq!(other.invited().await, call);
        soon("the accept", other.engine.accept()).await.unwrap();
        until("the caller's voice", || other.devices.hears(ALICE_HZ) > AUDIBLE).await;
        until("the callee's voice", || self.devices.hears(BOB_HZ) > AUDIBLE).await;
        call
    }
}
