use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::args::KeyArgs;
use crate::exit::Failure;
use crate::keys::Signer;

/// People in one call.
const MEMBERS: &str = "5000";

/// A server in a process of its own, for measuring what it costs.
pub(crate) struct Child {
    pub(crate) signer: Signer,
    process: tokio::process::Child,
    http: String,
    folder: TempDir,
}

impl Child {
    /// Starts `calling serve` on ports of the system's choice, on `core` alone if there is one.
    pub(crate) async fn start(core: Option<u32>) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(Failure::machine)?;
        let mut process = Self::command(core)?
            .args(["serve", "--color", "never", "--http", "127.0.0.1:0"])
            .args(["--media", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .env("CALLING_LOG_FILTER", "warn")
            .env("CALLING_LIMITS_CONNECTIONS_PER_SOURCE", "100000")
            .env("CALLING_LIMITS_CALL_MEMBERS", MEMBERS)
            .env("CALLING_LIMITS_CALLS_PER_MINUTE", "10000")
            .env("CALLING_LIMITS_REQUESTS_PER_SECOND", "10000")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(Failure::machine)?;
        let http = Self::greeting(&mut process).await?;
        let keys = KeyArgs { sdk_app_id: None, data: folder.path().to_owned() };
        Ok(Self { signer: Signer::from_args(&keys)?, process, http, folder })
    }

    fn command(core: Option<u32>) -> Result<Command, Failure> {
        let program = std::env::current_exe().map_err(Failure::machine)?;
        let Some(core) = core else { return Ok(Command::new(program)) };
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &core.to_string()]).arg(program);
        Ok(command)
    }

    /// The address in the first line that the server prints.
    async fn greeting(process: &mut tokio::process::Child) -> Result<String, Failure> {
        let silent = || Failure::machine("the server did not start");
        let stdout = process.stdout.take().ok_or_else(silent)?;
        let mut lines = BufReader::new(stdout).lines();
        let line = lines.next_line().await.map_err(Failure::machine)?.ok_or_else(silent)?;
        // Read on, so that the server never writes into a closed pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let address = line.rsplit("http://").next().unwrap_or_default();
        Ok(address.trim_end_matches('/').to_owned())
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.http)
    }

    /// Resident memory of the server.
    pub(crate) fn rss_bytes(&self) -> Result<u64, Failure> {
        let gone = || Failure::machine("the memory of the server cannot be read on this system");
        let pid = self.process.id().ok_or_else(gone)?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).map_err(|_| gone())?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(kib.ok_or_else(gone)? * 1_024)
    }

    /// CPU time the server has used so far.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        let gone = || Failure::machine("the CPU time of the server cannot be read on this system");
        super::cpu::of_process(&self.process.id().ok_or_else(gone)?.to_string()).ok_or_else(gone)
    }

    /// The server's data folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        self.process.kill().await.map_err(Failure::machine)
    }
}
