//! A server and the phones of it.

use std::path::Path;

use calling::Calling;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Finished, Process, run};

/// `calling serve` on a data folder of its own.
pub(crate) struct Server {
    pub(crate) process: Process,
    /// `127.0.0.1:PORT` of HTTP.
    pub(crate) http: String,
    folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With these flags.
    pub(crate) fn with(flags: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), "127.0.0.1:0", flags, &[])
    }

    /// With the demo's accounts and bot, ready.
    pub(crate) fn demo(env: &[(&str, &str)]) -> Self {
        let server = Self::start_in(tempfile::tempdir().unwrap(), "127.0.0.1:0", &["--demo"], env);
        server.process.says("Ready.");
        server
    }

    fn start_in(folder: TempDir, http: &str, flags: &[&str], env: &[(&str, &str)]) -> Self {
        let mut args = vec!["serve", "--http", http, "--media", "127.0.0.1:0", "--data"];
        args.push(folder.path().to_str().unwrap());
        args.extend_from_slice(flags);
        let process = Process::start_with(args, env);
        let http = process.stdout_line(|line| {
            Some(
                line.split_once(" serves ")?
                    .1
                    .split_once("://")?
                    .1
                    .trim_end_matches('/')
                    .to_owned(),
            )
        });
        Self { process, http, folder }
    }

    /// Kills it as `kill -9` does and starts it again with the same address and data.
    pub(crate) fn killed_and_restarted(self) -> Self {
        self.process.signal("KILL");
        self.process.finish();
        Self::start_in(self.folder, &self.http, &[], &[])
    }

    /// Ends it in order; what it said, and its data folder.
    pub(crate) fn stop(self) -> (Finished, TempDir) {
        self.process.signal("TERM");
        (self.process.finish(), self.folder)
    }

    pub(crate) fn data(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.http)
    }

    /// `calling call CALLEE --as CALLER …`
    pub(crate) fn call(&self, caller: &str, callee: &str, flags: &[&str]) -> Process {
        self.phone(&["call", callee], caller, flags)
    }

    /// `calling answer --as USER …`, signed in.
    pub(crate) fn answer(&self, user: &str, flags: &[&str]) -> Process {
        let phone = self.phone(&["answer"], user, flags);
        phone.notes("waits for a call");
        phone
    }

    fn phone(&self, command: &[&str], user: &str, flags: &[&str]) -> Process {
        let url = self.url();
        let who = ["--as", user, "--data", self.data()];
        let here = ["--server", &*url];
        let here = if flags.contains(&here[0]) { &[][..] } else { &here };
        Process::start([command, &who, here, flags].concat())
    }

    /// A UserSig by `calling usersig`.
    pub(crate) fn user_sig(&self, user: &str, flags: &[&str]) -> String {
        let args = [&["usersig", "--user", user, "--data", self.data()], flags].concat();
        run(args).exits(0).stdout
    }

    /// A phone that rings and that nobody answers.
    pub(crate) fn ringing_phone(&self, user: &str) -> RingingPhone {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let config = calling::Config::new(
            self.url(),
            1_400_000_000,
            calling::UserId::new(user).unwrap(),
            self.user_sig(user, &[]),
        );
        let phone = runtime.block_on(Calling::init(config)).unwrap();
        RingingPhone { _phone: phone, _runtime: runtime }
    }

    /// All stored records, newest first.
    pub(crate) fn records(&self) -> Vec<Value> {
        records(self.folder())
    }
}

/// Dropped, it signs out.
pub(crate) struct RingingPhone {
    _phone: Calling,
    _runtime: tokio::runtime::Runtime,
}

/// `calling records --json` of a data folder.
pub(crate) fn records(folder: &Path) -> Vec<Value> {
    let records = run(["records", "--json", "--data", folder.to_str().unwrap()]).exits(0).json();
    records.as_array().unwrap().clone()
}
