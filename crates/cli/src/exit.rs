//! How the process ends: one line that says what to do, and a code a script can read.

use std::fmt;
use std::process::ExitCode;

/// Why a command failed, by exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 1: something went wrong inside.
    Failed,
    /// 2: wrong usage or a wrong file.
    Usage,
    /// 3: the call was not completed (rejected, busy, no answer, …).
    NotCompleted,
    /// 4: the server refused, or could not be reached.
    Server,
    /// 5: this machine is not ready (port in use, unwritable folder).
    Machine,
}

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string() }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub(crate) fn internal(message: impl fmt::Display) -> Self {
        Self::new(Kind::Failed, message)
    }

    pub(crate) fn server(message: impl fmt::Display) -> Self {
        Self::new(Kind::Server, message)
    }

    /// This phone's session is over.
    pub(crate) fn signed_out() -> Self {
        Self::server("this phone was signed out")
    }

    /// Another device with the same name took this one's place.
    pub(crate) fn kicked() -> Self {
        Self::server("this account signed in on another device of the same name")
    }

    /// A signal ended it early.
    pub(crate) fn stopped() -> Self {
        Self::new(Kind::NotCompleted, "stopped before it was done")
    }

    pub(crate) fn machine(message: impl fmt::Display) -> Self {
        Self::new(Kind::Machine, message)
    }
}

impl From<Kind> for ExitCode {
    fn from(kind: Kind) -> Self {
        Self::from(match kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NotCompleted => 3,
            Kind::Server => 4,
            Kind::Machine => 5,
        })
    }
}
