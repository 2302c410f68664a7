//! A `calling` on a terminal of its own: what its screen shows, and keys.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::Pty;
use rustix::termios::{Termios, tcgetattr};

/// Beyond which a screen is taken to never come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `calling`; killed when dropped.
pub(crate) struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    before: Termios,
    screen: Arc<Screen>,
}

struct Screen {
    seen: Mutex<Seen>,
    changed: Condvar,
}

struct Seen {
    parser: vt100::Parser,
    /// Every screen since the one last waited for, so that none is missed for being short.
    screens: Vec<String>,
    closed: bool,
}

/// A `calling` that has ended.
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    /// What the shell's screen shows.
    pub(crate) text: String,
}

impl Terminal {
    /// Starts `calling` with these arguments on a terminal of this size.
    pub(crate) fn start(
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        (columns, rows): (u16, u16),
    ) -> Self {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let before = tcgetattr(&pty).unwrap();
        let mut command = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_calling"))
            .args(args)
            .env("TERM", "xterm-256color");
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("CALLING_") || name == "RUST_LOG" || name == "NO_COLOR" {
                command = command.env_remove(name);
            }
        }
        let child = command.spawn(pts).unwrap();
        let parser = vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0);
        let seen = Mutex::new(Seen { parser, screens: Vec::new(), closed: false });
        let screen = Arc::new(Screen { seen, changed: Condvar::new() });
        let pty = Arc::new(pty);
        let (reading, seeing) = (Arc::clone(&pty), Arc::clone(&screen));
        std::thread::spawn(move || seeing.watch(&reading));
        Self { pty, child, before, screen }
    }

    /// Waits until the screen shows all of `texts`, or has since the screen last waited for.
    pub(crate) fn shows(&self, texts: &[&str]) {
        let has = |screen: &String| texts.iter().all(|text| screen.contains(text));
        self.screen.wait(|seen| {
            let found = seen.screens.iter().position(has);
            // What it shows may be waited for again.
            found.map(|found| seen.screens.drain(..found)).is_some()
        });
    }

    /// Waits until the whole screen is the window's.
    pub(crate) fn opens(&self) {
        self.wait(|screen| screen.alternate_screen() && screen.hide_cursor());
    }

    /// Waits until the shell has its screen back.
    pub(crate) fn closes(&self) {
        self.wait(|screen| !screen.alternate_screen() && !screen.hide_cursor());
    }

    /// Types.
    pub(crate) fn types(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn resize(&self, (columns, rows): (u16, u16)) {
        let (height, width) = (rows.try_into().unwrap(), columns.try_into().unwrap());
        self.screen.lock().parser.screen_mut().set_size(height, width);
        self.pty.resize(Size::new(rows, columns)).unwrap();
    }

    /// Sends a signal by its name, as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for its end; the terminal is as it was before.
    pub(crate) fn finish(mut self) -> Left {
        let code = self.child.wait().unwrap().code();
        // The last words are still on their way to the screen.
        self.screen.wait(|seen| seen.closed);
        let seen = self.screen.lock();
        let screen = seen.parser.screen();
        let text = screen.contents();
        assert!(!screen.alternate_screen() && !screen.hide_cursor(), "left behind: {text}");
        let after = tcgetattr(&*self.pty).unwrap();
        assert_eq!(after.local_modes, self.before.local_modes, "echo, lines, signals");
        assert_eq!(after.input_modes, self.before.input_modes);
        assert_eq!(after.output_modes, self.before.output_modes);
        drop(seen);
        Left { code, text }
    }

    fn wait(&self, reached: impl Fn(&vt100::Screen) -> bool) {
        self.screen.wait(|seen| reached(seen.parser.screen()));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Screen {
    fn watch(&self, mut pty: &Pty) {
        let mut chunk = [0; 4_096];
        // Linux ends a terminal whose last process is gone with an error.
        while let Ok(length @ 1..) = pty.read(&mut chunk) {
            let mut seen = self.lock();
            seen.parser.process(&chunk[..length]);
            let screen = seen.parser.screen().contents();
            seen.screens.push(screen);
            drop(seen);
            self.changed.notify_all();
        }
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn wait(&self, reached: impl Fn(&mut Seen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.lock();
        while !reached(&mut seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            let text = seen.parser.screen().contents();
            assert!(!seen.closed && !left.is_zero(), "it never came:\n{text}");
            seen = self.changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
