//! A process whose lines are waited for.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Beyond which a condition is taken to never come true.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `calling`; killed when dropped.
pub(crate) struct Process {
    child: Child,
    output: Arc<Output>,
}

/// One that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

#[derive(Default)]
struct Output {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    stdout: Vec<String>,
    stderr: Vec<String>,
    closed: usize,
}

#[derive(Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

/// Runs `calling` to its end.
pub(crate) fn run(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Finished {
    Process::start(args).finish()
}

impl Process {
    /// Starts `calling` without any of this process's `CALLING_*` variables.
    pub(crate) fn start(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        Self::start_with(args, &[])
    }

    /// The same with these variables.
    pub(crate) fn start_with(
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        env: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_calling"));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("CALLING_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        command.envs(env.iter().copied());
        let mut child = command.spawn().unwrap();
        let output = Arc::new(Output::default());
        output.collect(Stream::Stdout, child.stdout.take().unwrap());
        output.collect(Stream::Stderr, child.stderr.take().unwrap());
        Self { child, output }
    }

    /// Waits for a line of standard output that `wanted` takes.
    pub(crate) fn stdout_line<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> T {
        self.output.wait(|lines| lines.stdout.iter().find_map(|line| wanted(line)))
    }

    /// Waits for a line on standard output that holds `text`.
    pub(crate) fn says(&self, text: &str) {
        self.stdout_line(|line| line.contains(text).then_some(()));
    }

    /// Waits for a line on standard error that holds `text`.
    pub(crate) fn notes(&self, text: &str) {
        self.output.wait(|lines| lines.stderr.iter().any(|line| line.contains(text)).then_some(()));
    }

    /// Sends a signal by its name, as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Finished {
        self.output.wait(|lines| (lines.closed == 2).then_some(()));
        let code = self.child.wait().unwrap().code();
        let lines = self.output.lines.lock().unwrap();
        let (stdout, stderr) = (lines.stdout.join("\n"), lines.stderr.join("\n"));
        Finished { code, stdout, stderr }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// The only JSON object on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not one JSON value ({error}): {self:#?}"))
    }

    /// The exit code is `code`.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// It failed with `code` and said why in one line that holds all of `texts`, and nothing on
    /// standard output.
    pub(crate) fn fails(&self, code: i32, texts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:#?}");
        assert!(self.stderr.starts_with("error: "), "{self:#?}");
        for text in texts {
            assert!(self.stderr.contains(text), "no {text:?} in {self:#?}");
        }
    }
}

impl Output {
    fn collect(self: &Arc<Self>, stream: Stream, pipe: impl Read + Send + 'static) {
        let output = Arc::clone(self);
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                output.change(|lines| match stream {
                    Stream::Stdout => lines.stdout.push(line),
                    Stream::Stderr => lines.stderr.push(line),
                });
            }
            output.change(|lines| lines.closed += 1);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Lines)) {
        change(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Waits until `look` sees something.
    fn wait<T>(&self, look: impl Fn(&Lines) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lines.lock().unwrap();
        loop {
            if let Some(seen) = look(&lines) {
                return seen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(lines.closed < 2 && !left.is_zero(), "it never came: {lines:#?}");
            lines = self.changed.wait_timeout(lines, left).unwrap().0;
        }
    }
}
