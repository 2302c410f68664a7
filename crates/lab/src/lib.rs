//! The audio laboratory: speech and networks in, delay and concealment out, the same every time.
//!
//! `docs/audio-lab.md` of the repository says what is measured and how. Development only: nothing
//! that ships links it.

mod bench;
mod cli;
#[doc(hidden)]
pub mod fuzz;
mod measure;
mod oracle;
mod player;
mod report;
mod speech;
pub mod trace;

use std::io;
use std::path::PathBuf;

pub use cli::{Command, run};

/// Why the laboratory stopped.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// There is no such network, nor a file of that name.
    #[error(
        "no network and no trace file is called {0}; `calling-lab networks` lists the networks"
    )]
    NoSuchTrace(String),
    /// A trace file that is none.
    #[error("{path}: {source}")]
    TraceFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: trace::TraceFileError,
    },
    /// A recorded call that would not fit into memory.
    #[error("{0} is a call of more than an hour; record a shorter one")]
    TooLong(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The terminal or pipe is gone.
    #[error("cannot print: {0}")]
    Print(#[from] io::Error),
    /// A WAV file cannot be played.
    #[error(transparent)]
    Speech(#[from] calling_media::WavSourceError),
    /// A recording cannot be written.
    #[error(transparent)]
    Recording(#[from] calling_media::WavSinkError),
    /// The codec failed.
    #[error(transparent)]
    Codec(#[from] calling_media::CodecError),
    /// The sender's settings cannot be.
    #[error(transparent)]
    Sender(#[from] calling_media::SenderConfigError),
    /// The sender refused a tick.
    #[error(transparent)]
    Push(#[from] calling_media::PushError),
    /// The sender's packet was no RTP.
    #[error("the sender gave no RTP packet")]
    Encoder,
    /// libwebrtc's NetEq failed.
    #[error("NetEq of libwebrtc, {path}: {reason}")]
    NetEqShim {
        /// The process.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// The `neteq` crate failed.
    #[cfg(feature = "neteq")]
    #[error("the neteq crate: {0}")]
    Neteq(String),
    /// JSON could not be written.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}
