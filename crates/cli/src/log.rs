//! Where log lines go.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::EnvFilter;

/// Logs to standard error: warnings, more with `-v`; `RUST_LOG` overrides.
pub(crate) fn to_stderr(verbose: u8) {
    let default = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        3.. => "trace",
    };
    let filter = filter(default, verbose);
    // A second call (in tests) keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Patient)
        .with_ansi(colored())
        .with_target(verbose > 1)
        .try_init();
}

/// Logs of a server: `filter` of its configuration, more with `-v`; `RUST_LOG` overrides.
pub(crate) fn of_server(filter: &str, json: bool, verbose: u8) {
    let filter = match verbose {
        0 => filter,
        1 => "info",
        2 => "debug",
        3.. => "trace",
    };
    let filter = self::filter(filter, verbose);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colored());
    // A second call (in tests) keeps the first subscriber.
    let _ = if json { lines.json().try_init() } else { lines.try_init() };
}

/// Whether standard error shows colours: as `--color` says, else if it is a terminal.
fn colored() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// `RUST_LOG`, else `default`. The ICE library of the phones in this process tells of every step
/// and warns about what it recovers from by itself: it is heard with `-v` only.
fn filter(default: &str, verbose: u8) -> EnvFilter {
    let quiet = if verbose == 0 { ",webrtc_ice=off,dimpl=error" } else { "" };
    EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{default}{quiet}")))
}

/// No more than this waits while a window has the terminal, in bytes.
const MOST_HELD: usize = 64 * 1_024;

/// What waits to be written; `None` while nothing has to.
static HELD: Mutex<Option<Held>> = Mutex::new(None);

#[derive(Default)]
struct Held {
    text: Vec<u8>,
    /// Lines for which there was no room.
    dropped: u64,
}

/// Standard error, of which a window on the terminal is not disturbed: what is written meanwhile
/// comes when the window is gone.
pub(crate) struct Patient;

impl Write for Patient {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if let Some(held) = &mut *HELD.lock().unwrap_or_else(PoisonError::into_inner) {
            held.take(text);
        } else {
            io::stderr().write_all(text)?;
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Held {
    fn take(&mut self, text: &[u8]) {
        if self.text.len() + text.len() <= MOST_HELD {
            self.text.extend_from_slice(text);
        } else {
            self.dropped += 1;
        }
    }
}

/// Keeps what is written to [`Patient`] from now on.
pub(crate) fn hold() {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
}

/// Writes what was kept, and keeps no more.
pub(crate) fn release() {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(Held { text, dropped }) = held else { return };
    // Without standard error there is nowhere to tell it.
    let mut stderr = io::stderr();
    let _ = stderr.write_all(&text);
    if dropped > 0 {
        let _ = writeln!(stderr, "{dropped} log lines were dropped while the window was open");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_and_in_order() {
        let mut held = Held::default();
        held.take(b"first ");
        held.take(&[b'x'; MOST_HELD]);
        held.take(b"last");
        assert_eq!((&*held.text, held.dropped), (&b"first last"[..], 1));
    }
}
