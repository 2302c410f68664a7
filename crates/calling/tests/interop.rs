//! Tools of others, with media engines of their own, in a call between Rust clients: aiortc and
//! GStreamer publish by WHIP and receive by WHEP. `scripts/setup.sh tests` installs them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use calling::{CallId, ListenerEvent, MediaType, Outcome};
use common::ear::strength;
use common::{ALICE_HZ, AUDIBLE, BOB_HZ, Person, World, soon, until, user};

/// What a tool publishes.
const TOOL_HZ: f64 = 700.0;

/// A media engine that is not ours.
#[derive(Clone, Copy)]
enum Engine {
    Aiortc,
    GStreamer,
}

impl Engine {
    /// Its Python, as the setup installs it, and its script.
    fn command(self) -> Command {
        let (python, script) = match self {
            Self::Aiortc => (aiortc_python(), "whip_aiortc.py"),
            // GStreamer's bindings are those of Debian's Python.
            Self::GStreamer => (PathBuf::from("/usr/bin/python3"), "whip_gstreamer.py"),
        };
        assert!(python.exists(), "there is no {}; run `make setup-tests`", python.display());
        let mut command = Command::new(python);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(script));
        command
    }
}

fn aiortc_python() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).unwrap_or_else(|| {
        Path::new(&std::env::var_os("HOME").expect("HOME is set")).join(".cache")
    });
    cache.join("calling/interop/bin/python")
}

/// A tool that runs.
struct Tool {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Tool {
    fn start(engine: Engine, args: &[&str]) -> Self {
        let mut command = engine.command();
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let (seen, stdout) = (Arc::clone(&lines), child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                seen.lock().unwrap().push(line);
            }
        });
        Self { child, lines }
    }

    async fn says(&mut self, wanted: &str) {
        let lines = Arc::clone(&self.lines);
        let said = move || lines.lock().unwrap().iter().any(|line| line == wanted);
        until(&format!("{wanted:?} of a tool"), said).await;
        assert!(self.child.try_wait().unwrap().is_none(), "the tool has ended");
    }

    /// Waits for a picture, and gives its colour (Y, U, V).
    async fn sees(&mut self) -> Vec<i32> {
        let lines = Arc::clone(&self.lines);
        let seen = move || {
            let lines = lines.lock().unwrap();
            let colour = lines.iter().find_map(|line| line.strip_prefix("sees "));
            colour.map(|it| it.split(' ').map(|value| value.parse().unwrap()).collect())
        };
        until("a picture", || seen().is_some()).await;
        seen().unwrap_or_else(Vec::new)
    }

    /// Asks it to end, and waits until it has.
    async fn end(mut self) {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let ended = tokio::task::spawn_blocking(move || self.child.wait().unwrap());
        assert!(soon("the end of a tool", ended).await.unwrap().success());
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Alice and bob talk in a call that also rings carol and dave.
async fn talk(world: &World) -> (Person, Person, CallId) {
    let (alice, mut bob) = world.pair().await;
    let others = vec![user("bob"), user("carol"), user("dave")];
    let placed = alice.calling.group_call(others, MediaType::Audio, None);
    let call = soon("the call", placed).await.unwrap();
    assert_eq!(bob.invited().await, call);
    soon("the accept", bob.engine.accept()).await.unwrap();
    until("alice's voice", || bob.devices.hears(ALICE_HZ) > AUDIBLE).await;
    until("bob's voice", || alice.devices.hears(BOB_HZ) > AUDIBLE).await;
    (alice, bob, call)
}

fn url(world: &World, protocol: &str, call: &CallId) -> String {
    format!("http://{}/{protocol}/{}", world.server.http_addr(), call.as_str())
}

/// The samples of a WAV file as Python writes it.
fn read_wav(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!((&bytes[..4], &bytes[36..40]), (&b"RIFF"[..], &b"data"[..]));
    let samples = bytes[44..].chunks_exact(2);
    samples.map(|it| f32::from(i16::from_le_bytes([it[0], it[1]])) / 32_768.0).collect()
}

async fn both_ways(engine: Engine) {
    let world = World::new().await;
    let (mut alice, mut bob, call) = talk(&world).await;
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("heard.wav");

    let token = |name: &str| world.config(name).user_sig;
    let tone = TOOL_HZ.to_string();
    let publish = ["publish", &url(&world, "whip", &call), &token("carol"), "--tone", &tone];
    let mut carol = Tool::start(engine, &publish);
    carol.says("connected").await;
    let receive = format!("{}?user=bob", url(&world, "whep", &call));
    let record = ["receive", &receive, &token("dave"), "--record", recording.to_str().unwrap()];
    let mut dave = Tool::start(engine, &record);
    dave.says("connected").await;

    for person in [&alice, &bob] {
        until("the tool's tone", || person.devices.hears(TOOL_HZ) > AUDIBLE).await;
    }
    dave.says("heard").await;
    dave.end().await;
    let heard = read_wav(&recording);
    let loudest = |hz| heard.chunks(4_800).map(|it| strength(it, hz)).fold(0.0, f64::max);
    let (bobs, alices) = (loudest(BOB_HZ), loudest(ALICE_HZ));
    assert!(bobs > AUDIBLE && alices < bobs / 10.0, "bob {bobs}, alice {alices}");

    carol.end().await;
    let left = when!(ListenerEvent::UserLeave { user, .. }, user.as_str() == "carol" => ());
    alice.event("the leave", left).await;
    until("silence", || alice.devices.hears(TOOL_HZ) < AUDIBLE / 5.0).await;
    soon("the hang-up", alice.engine.hangup()).await.unwrap();
    for person in [&mut alice, &mut bob] {
        assert_eq!(person.ended().await.0, Outcome::Completed);
    }
}

/// One tool publishes sound and a blue picture, the other receives both.
async fn pictures(from: Engine, to: Engine) {
    let world = World::new().await;
    let (alice, _bob, call) = talk(&world).await;
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("heard.wav");
    let token = |name: &str| world.config(name).user_sig;
    let publish = ["publish", &url(&world, "whip", &call), &token("carol"), "--video"];
    let mut carol = Tool::start(from, &publish);
    carol.says("connected").await;
    let record = ["--video", "--record", recording.to_str().unwrap()];
    let receive = format!("{}?user=carol", url(&world, "whep", &call));
    let token = token("dave");
    let dave = [&["receive", &receive, &token], &record[..]].concat();
    let mut dave = Tool::start(to, &dave);
    dave.says("heard").await;
    let colour = dave.sees().await;
    // Blue in BT.601; encoding and conversion cost a little.
    let blue = [41, 240, 110];
    let off = colour.iter().zip(blue).map(|(is, was): (&i32, i32)| (is - was).abs()).max();
    assert!(off <= Some(12), "{colour:?} is not blue");
    until("the tool's tone", || alice.devices.hears(TOOL_HZ) > AUDIBLE).await;
    dave.end().await;
    carol.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_from_aiortc_to_gstreamer() {
    pictures(Engine::Aiortc, Engine::GStreamer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_from_gstreamer_to_aiortc() {
    pictures(Engine::GStreamer, Engine::Aiortc).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aiortc_publishes_by_whip_and_receives_by_whep() {
    both_ways(Engine::Aiortc).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gstreamer_publishes_by_whip_and_receives_by_whep() {
    both_ways(Engine::GStreamer).await;
}
