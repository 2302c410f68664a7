//! The binary `calling`: server, phone and measuring tools.

mod args;
mod cmd;
mod demo;
mod exit;
mod keyboard;
mod keys;
mod log;
mod output;
mod phone;
mod pictures;
mod server_process;
mod stop;
mod timeline;
mod ui;
mod wait;

use std::process::ExitCode;

use clap::Parser;

use args::{BenchCommand, Cli, ColorWhen, Command, ConfigCommand, TraceCommand};
use exit::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    choose_colors(cli.color);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure);
            failure.kind.into()
        }
    }
}

fn choose_colors(when: ColorWhen) {
    let choice = match when {
        ColorWhen::Auto => return,
        ColorWhen::Always => anstream::ColorChoice::Always,
        ColorWhen::Never => anstream::ColorChoice::Never,
    };
    // Those of the call window.
    crossterm::style::force_color_output(choice == anstream::ColorChoice::Always);
    choice.write_global();
}

fn run(cli: Cli) -> Result<(), Failure> {
    let verbose = cli.verbose;
    match cli.command {
        Command::Serve(args) => cmd::serve::run(&args, verbose),
        Command::Usersig(args) => cmd::usersig::run(&args),
        Command::Call(args) => on_runtime(verbose, cmd::call::run(&args)),
        Command::Answer(args) => on_runtime(verbose, cmd::answer::run(&args)),
        Command::Devices { json } => cmd::devices::run(json),
        Command::Records(args) => on_runtime(verbose, cmd::records::run(&args)),
        Command::Trace(TraceCommand::Record { out, mut call }) => {
            call.phone.trace = Some(out);
            on_runtime(verbose, cmd::call::run(&call))
        }
        Command::Trace(TraceCommand::Show { file, json }) => cmd::trace::show(&file, json),
        Command::Demo(args) => on_runtime(verbose, cmd::demo::run(&args)),
        Command::Bench(BenchCommand::Calls(args)) => on_runtime(verbose, cmd::bench::calls(&args)),
        Command::Bench(BenchCommand::Timings(args)) => {
            on_runtime(verbose, cmd::bench::timings(&args))
        }
        Command::Bench(BenchCommand::Idle(args)) => on_runtime(verbose, cmd::bench::idle(&args)),
        Command::Bench(BenchCommand::Video(args)) => on_runtime(verbose, cmd::bench::video(&args)),
        Command::Bench(BenchCommand::Sfu(args)) => on_runtime(verbose, cmd::bench::sfu(&args)),
        Command::Config(ConfigCommand::Check { file, json }) => cmd::config::check(&file, json),
        Command::Completions { shell } => {
            cmd::completions::run(shell);
            Ok(())
        }
    }
}

/// Runs a command that talks to the network; logs go to standard error.
fn on_runtime(
    verbose: u8,
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    log::to_stderr(verbose);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("calling-cli")
        .enable_all()
        .build()
        .map_err(Failure::machine)?
        .block_on(command)
}
