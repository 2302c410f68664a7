//! Headless Chromium, driven by its DevTools protocol.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::server::Server;

const CHROMIUM: &str = "/usr/bin/chromium";
const PATIENCE: Duration = Duration::from_secs(60);
const FLAGS: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-port=0",
    "about:blank",
];
const PHONE: &str = include_str!("phone.js");

/// One browser with a profile of its own; ended when dropped.
pub(crate) struct Chromium {
    process: Child,
    devtools: String,
    _profile: TempDir,
}

/// A page in it that is a phone.
pub(crate) struct Page {
    runtime: Runtime,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Value,
    last_id: u64,
}

impl Chromium {
    pub(crate) fn start() -> Self {
        assert!(Path::new(CHROMIUM).exists(), "there is no {CHROMIUM}; run `make setup`");
        let profile = tempfile::tempdir().unwrap();
        let process = Command::new(CHROMIUM)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(FLAGS)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let devtools = devtools(&profile.path().join("DevToolsActivePort"));
        Self { process, devtools, _profile: profile }
    }

    /// A phone of `user`, signed in. Its page is the server's own, so that the microphone is
    /// allowed.
    pub(crate) fn phone(&self, server: &Server, user: &str) -> Page {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (socket, _) = runtime.block_on(connect_async(&self.devtools)).unwrap();
        let mut page = Page { runtime, socket, session: Value::Null, last_id: 0 };
        let context = page.command("Target.createBrowserContext", &json!({}));
        let url = format!("http://{}/status", server.http);
        let target = page.command(
            "Target.createTarget",
            &json!({"url": url, "browserContextId": context["browserContextId"]}),
        );
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        page.session = page.command("Target.attachToTarget", &attach)["sessionId"].clone();
        page.command("Page.enable", &json!({}));
        page.command("Page.setBypassCSP", &json!({"enabled": true}));
        page.command("Page.navigate", &json!({"url": url}));
        page.run("new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))");
        page.run(PHONE);
        let sig = server.user_sig(user, &[]);
        let socket = format!("{}/v1/ws", server.url());
        let start =
            format!("phone.start({}, 1400000000, {}, {})", js(&socket), js(user), js(sig.trim()));
        page.run(&start);
        page
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Page {
    /// Runs an expression and waits for its value.
    pub(crate) fn run(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let result = self.command("Runtime.evaluate", &params);
        assert!(result.get("exceptionDetails").is_none(), "{expression:.80}: {result:#}");
        result["result"]["value"].clone()
    }

    fn command(&mut self, method: &str, params: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut frame = json!({"id": id, "method": method, "params": params});
        if !self.session.is_null() {
            frame["sessionId"] = self.session.clone();
        }
        let socket = &mut self.socket;
        self.runtime.block_on(async {
            socket.send(Message::text(frame.to_string())).await.unwrap();
            loop {
                let came = tokio::time::timeout(PATIENCE, socket.next()).await;
                let came = came.unwrap_or_else(|_| panic!("{method} was not answered"));
                let Message::Text(text) = came.unwrap().unwrap() else { continue };
                let answer: Value = serde_json::from_str(&text).unwrap();
                if answer["id"] == id {
                    assert!(answer.get("error").is_none(), "{method}: {answer:#}");
                    return answer["result"].clone();
                }
            }
        })
    }
}

/// A text as JavaScript writes it.
pub(crate) fn js(text: &str) -> String {
    Value::from(text).to_string()
}

/// Waits for the file in which Chromium says where it is driven.
fn devtools(file: &Path) -> String {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if let [port, path] = text.lines().collect::<Vec<_>>()[..] {
            return format!("ws://127.0.0.1:{port}{path}");
        }
        assert!(Instant::now() < give_up, "Chromium does not start");
        std::thread::yield_now();
    }
}
