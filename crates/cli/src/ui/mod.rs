//! The call window of a terminal: full screen, driven by keys.
//!
//! ```text
//! calling ── CallView ──▶ TerminalView ── newest snapshot ──▶ window thread ── ratatui ──▶ terminal
//!    ▲                                                          │      ▲
//!    └──────────── accept, reject, mute, hang up ───────────────┘      └── keys
//! ```
//!
//! The window has a thread of its own, so that a terminal that stands still holds up neither the
//! call nor the command. It opens with a call, stays for a moment when the call is over, and leaves
//! the terminal as it was, also after a panic.

mod draw;
mod panel;
mod screen;
mod view;
mod window;

#[cfg(test)]
mod scenes;

use std::io::IsTerminal as _;

pub(crate) use window::Window;

use crate::args::PhoneArgs;

/// Whether calls are shown in a window: on a terminal, unless lines or JSON were asked for.
pub(crate) fn wanted(args: &PhoneArgs) -> bool {
    let able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    terminal && able && !args.json && !args.no_ui
}
