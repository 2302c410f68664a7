//! Lines that somebody types, read on a thread of their own: a runtime never waits for a line that
//! nobody types.

use std::io::BufRead as _;

use tokio::sync::mpsc;

/// Lines read ahead; the rest waits where it is.
const MOST_LINES: usize = 64;

/// Standard input, read from the first question on.
#[derive(Default)]
pub(crate) struct Keyboard {
    lines: Option<mpsc::Receiver<String>>,
}

impl Keyboard {
    /// Forgets what was typed before the question was asked.
    pub(crate) fn forget(&mut self) {
        while self.lines().try_recv().is_ok() {}
    }

    /// The next line, trimmed; `None` once the input has ended. Cancel-safe.
    pub(crate) async fn line(&mut self) -> Option<String> {
        self.lines().recv().await
    }

    fn lines(&mut self) -> &mut mpsc::Receiver<String> {
        self.lines.get_or_insert_with(|| {
            let (sender, lines) = mpsc::channel(MOST_LINES);
            std::thread::spawn(move || {
                for line in std::io::stdin().lock().lines() {
                    let Ok(line) = line else { return };
                    if sender.blocking_send(line.trim().to_owned()).is_err() {
                        return;
                    }
                }
            });
            lines
        })
    }
}
