//! `model-check [--small] [--json]`: explores the call machine and says what was found.

use std::io::{self, Write};
use std::process::ExitCode;

use calling_modelcheck::{FULL, Order, SMALL, Twist, explore};

fn main() -> io::Result<ExitCode> {
    let (mut small, mut json, mut only) = (false, false, None);
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--small" => small = true,
            "--json" => json = true,
            other if other.starts_with("--") => {
                writeln!(io::stderr(), "usage: model-check [--small] [--json] [SPACE]")?;
                return Ok(ExitCode::from(2));
            }
            other => only = Some(other.to_owned()),
        }
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut sound = true;
    let chosen = if small { SMALL } else { FULL };
    for space in chosen.iter().filter(|space| only.as_ref().is_none_or(|only| only == space.name)) {
        let report = explore(*space, Twist::None, Order::DepthFirst, threads);
        sound &= report.broken().next().is_none();
        if json {
            writeln!(io::stdout(), "{}", report.json())?;
        } else {
            writeln!(io::stdout(), "{report}")?;
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
