use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;

/// Prints the completion script of `shell`.
pub(crate) fn run(shell: Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "calling", &mut std::io::stdout());
}
