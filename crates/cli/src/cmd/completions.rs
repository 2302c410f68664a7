use std::io::Write as _;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;

/// Prints the completion script of `shell`.
pub(crate) fn run(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "calling", &mut script);
    // A closed pipe (`calling completions bash | head`) ends quietly.
    let _ = std::io::stdout().write_all(&script);
}
