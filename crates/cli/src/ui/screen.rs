//! The terminal as a full screen, and back.

use std::io::{self, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::event;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::log;

/// Whether this process has the terminal: there is one for all.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal in raw mode on its alternate screen; put back when dropped, and by a panic anywhere
/// in the process before its message is printed. Log lines and notes wait meanwhile.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal. What was typed before is thrown away, so that no key is taken for an
    /// answer to what nobody had seen yet.
    pub(super) fn enter() -> io::Result<Self> {
        restore_on_panic();
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        log::hold();
        let entered = Self::open();
        if entered.is_err() {
            restore();
        }
        entered
    }

    fn open() -> io::Result<Self> {
        // `Terminal::clear` would ask the terminal where its cursor is, and wait for an answer.
        execute!(io::stdout(), EnterAlternateScreen, Clear(ClearType::All), Hide)?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        while event::poll(Duration::ZERO)? {
            event::read()?;
        }
        Ok(Self { terminal })
    }

    /// Draws once; the buffer is blank and as large as the terminal.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) {
            self.terminal.draw(draw)?;
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal back, if this process has it. The terminal may be gone: then there is nothing
/// to put back.
pub(super) fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = queue!(out, LeaveAlternateScreen, Show);
        let _ = out.flush();
        let _ = disable_raw_mode();
        log::release();
    }
}

fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            before(panic);
        }));
    });
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read as _;

    use super::*;

    const IN_CHILD: &str = "CALLING_TEST_WINDOW_PANICS";

    /// Run by the test below in a process on a terminal of its own.
    #[test]
    fn child_that_panics() {
        if std::env::var_os(IN_CHILD).is_none() {
            return;
        }
        let mut screen = Screen::enter().unwrap();
        screen.draw(|frame| frame.render_widget("a_call", frame.area())).unwrap();
        let thread = std::thread::spawn(|| panic!("on purpose"));
        assert!(thread.join().is_err());
        // Whoever goes on does not draw over the shell.
        screen.draw(|frame| frame.render_widget("over_the_shell", frame.area())).unwrap();
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_speaks() {
        let (mut pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(pty_process::Size::new(24, 80)).unwrap();
        let before = rustix::termios::tcgetattr(&pty).unwrap();
        let mut child = pty_process::blocking::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "ui::screen::tests::child_that_panics", "--nocapture"])
            .env(IN_CHILD, "1")
            .env("RUST_BACKTRACE", "0")
            .spawn(pts)
            .unwrap();
        let mut output = Vec::new();
        let mut chunk = [0; 4_096];
        // Linux ends a terminal whose last process is gone with an error.
        while let Ok(length @ 1..) = pty.read(&mut chunk) {
            output.extend_from_slice(&chunk[..length]);
        }
        child.wait().unwrap();
        let text = String::from_utf8_lossy(&output);
        let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what} in {text}"));
        let (entered, left) = (place("\x1b[?1049h"), place("\x1b[?1049l"));
        assert!(entered < place("a_call") && place("a_call") < left);
        assert!(left < place("on purpose"), "the panic is told on the shell's screen");
        assert!(!text.contains("over_the_shell"));
        assert!(text.contains("\x1b[?25h"), "the cursor is back");
        let after = rustix::termios::tcgetattr(&pty).unwrap();
        assert_eq!(after.local_modes, before.local_modes);
        assert_eq!(after.input_modes, before.input_modes);
    }
}
