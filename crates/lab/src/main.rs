//! `calling-lab audio|networks|trace`: see `docs/audio-lab.md`.

use std::io::{self, Write};
use std::process::ExitCode;

use calling_lab::Command;
use clap::Parser;

/// The audio laboratory.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    match calling_lab::run(Arguments::parse().command, &mut io::stdout(), &mut io::stderr()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a screen there is nobody to tell.
            let _ = writeln!(io::stderr(), "calling-lab: {error}");
            ExitCode::FAILURE
        }
    }
}
