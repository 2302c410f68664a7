//! Where log lines go.

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
        .with_writer(std::io::stderr)
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
