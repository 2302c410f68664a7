//! A server that is killed, not stopped.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use calling_model::CallId;
use calling_server::Server;
use calling_signaling::call::Outcome;
use calling_signaling::protocol::{InviteParams, Request};
use tokio::sync::mpsc;

use crate::client::{Client, PATIENCE};
use crate::server::{config, records};

const DIR: &str = "CALLING_TEST_KILLED_DIR";
const ADDRESS: &str = "address";
/// The file that names where the child posts its events, if anywhere.
pub(crate) const WEBHOOK: &str = "webhook";

/// The server that is killed: this test binary, started again by the tests below.
#[test]
#[ignore = "started by other tests"]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let dir = Path::new(&dir);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut config = config(dir);
    config.webhooks.url = std::fs::read_to_string(dir.join(WEBHOOK)).ok();
    let server = runtime.block_on(Server::start(config)).unwrap();
    let unfinished = dir.join("unfinished");
    std::fs::write(&unfinished, server.http_addr().to_string()).unwrap();
    std::fs::rename(unfinished, dir.join(ADDRESS)).unwrap();
    loop {
        std::thread::park();
    }
}

/// A server in a process of its own.
pub(crate) struct Killable(Child);

impl Killable {
    /// Starts the server and gives its address.
    pub(crate) async fn start(dir: &Path) -> (Self, SocketAddr) {
        let _ = std::fs::remove_file(dir.join(ADDRESS));
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "killed::child"])
            .env(DIR, dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let server = Self(child.unwrap());
        let give_up = Instant::now() + PATIENCE;
        loop {
            if let Ok(address) = std::fs::read_to_string(dir.join(ADDRESS)) {
                return (server, address.parse().unwrap());
            }
            assert!(Instant::now() < give_up, "the child does not start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Killable {
    /// Its memory, in KiB (`VmRSS` of proc_pid_status(5)).
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Killable {
    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let (name, pid) = (format!("-{name}"), self.0.id().to_string());
        assert!(Command::new("kill").args([name, pid]).status().unwrap().success());
    }
}

impl Drop for Killable {
    /// SIGKILL.
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts a server where another was killed, and stops it; gives how often each call is recorded.
async fn recover(dir: &Path) -> BTreeMap<CallId, Vec<Outcome>> {
    let server = Server::start(config(dir)).await.unwrap();
    server.stop().await;
    let mut recorded: BTreeMap<CallId, Vec<Outcome>> = BTreeMap::new();
    for record in records(dir).await {
        assert!(record.ended_at >= record.started_at);
        recorded.entry(record.call_id).or_default().push(record.outcome);
    }
    recorded
}

#[tokio::test]
async fn every_started_call_is_recorded_exactly_once() {
    let dir = tempfile::tempdir().unwrap();
    let (server, address) = Killable::start(dir.path()).await;
    let mut alice = Client::signed_in(address, "alice", "phone").await;
    let mut bob = Client::signed_in(address, "bob", "phone").await;
    let mut carol = Client::signed_in(address, "carol", "phone").await;
    let mut dave = Client::signed_in(address, "dave", "phone").await;
    let done = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    alice.hang_up(&done).await;
    alice.ended().await;
    let talking = alice.call("bob").await.unwrap().facts.call_id;
    bob.event(|event| matches!(event, calling_signaling::protocol::Event::Cancelled { .. })).await;
    bob.invited().await;
    bob.accept(&talking).await;
    let ringing = carol.call("dave").await.unwrap().facts.call_id;
    dave.invited().await;
    drop(server);
    let expected = BTreeMap::from([
        (done, vec![Outcome::Cancelled]),
        (talking, vec![Outcome::Interrupted]),
        (ringing, vec![Outcome::Interrupted]),
    ]);
    for _ in 0..2 {
        assert_eq!(recover(dir.path()).await, expected);
    }
}

/// Who rings is on the disk, however they came to the call.
#[tokio::test]
async fn those_invited_later_are_named_in_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let (server, address) = Killable::start(dir.path()).await;
    let mut alice = Client::signed_in(address, "alice", "phone").await;
    let mut bob = Client::signed_in(address, "bob", "phone").await;
    let mut carol = Client::signed_in(address, "carol", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    bob.accept(&call_id).await;
    let users = vec!["carol".parse().unwrap(), "dave".parse().unwrap()];
    Client::signed_in(address, "dave", "phone").await;
    let invite = InviteParams { call_id: call_id.clone(), users, timeout_s: None };
    bob.send(Request::InviteUsers(invite)).await;
    carol.invited().await;
    // From here on it is in nobody's memory but the disk's.
    drop(server);
    Server::start(config(dir.path())).await.unwrap().stop().await;
    let record = &records(dir.path()).await[0];
    let callees: Vec<&str> = record.callees.iter().map(|user| user.as_str()).collect();
    assert_eq!((&record.call_id, callees), (&call_id, vec!["bob", "carol", "dave"]));
}

#[tokio::test]
async fn killed_at_any_moment_no_call_that_was_told_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..3_u64 {
        let (server, address) = Killable::start(dir.path()).await;
        let (progress, mut made) = mpsc::unbounded_channel();
        let mut callers = Vec::new();
        for number in 0..4 {
            let names = [format!("caller{round}_{number}"), format!("callee{round}_{number}")];
            // A server that is killed before somebody has signed in proves nothing.
            let caller = Client::signed_in(address, &names[0], "phone").await;
            let callee = Client::signed_in(address, &names[1], "phone").await;
            callers.push(tokio::spawn(call_and_hang_up(caller, callee, names, progress.clone())));
        }
        // Some calls; which moment of which other call is hit is left to chance.
        for _ in 0..5 + 4 * round {
            tokio::time::timeout(PATIENCE, made.recv()).await.unwrap().unwrap();
        }
        drop(server);
        let mut told = Vec::new();
        for caller in callers {
            told.extend(caller.await.unwrap());
        }
        let recorded = recover(dir.path()).await;
        for call_id in told {
            assert_eq!(recorded.get(&call_id).map(Vec::len), Some(1), "round {round}");
        }
    }
}

/// Calls and hangs up until the server is gone; gives the calls that the server told of.
async fn call_and_hang_up(
    mut caller: Client,
    _callee: Client,
    [_, callee]: [String; 2],
    progress: mpsc::UnboundedSender<()>,
) -> Vec<CallId> {
    use calling_signaling::protocol::{Reply, ServerFrame};

    use crate::client::{Came, call};

    let mut told = Vec::new();
    caller.send(call(&callee, "")).await;
    loop {
        match caller.came().await {
            Came::Closed(_) => return told,
            Came::Frame(ServerFrame::Reply { result: Reply::Call(reply), .. }) => {
                let call_id = reply.facts.call_id;
                told.push(call_id.clone());
                // Nobody counts any more once the server is killed.
                let _ = progress.send(());
                caller.send(Request::Hangup { call_id }).await;
            }
            Came::Frame(ServerFrame::Event(calling_signaling::protocol::EventFrame {
                event: calling_signaling::protocol::Event::Message(_),
                ..
            })) => {
                caller.send(call(&callee, "")).await;
            }
            Came::Frame(_) => {}
        }
    }
}
