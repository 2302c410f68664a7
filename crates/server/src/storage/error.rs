use std::path::PathBuf;

/// Why the database could not be opened, in one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made, or nothing can be written in it.
    #[error(
        "cannot write in the data directory {}: {source}; make it writable for this user or choose \
         another with --data",
        dir.display()
    )]
    Unwritable {
        /// The data directory.
        dir: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another server has it.
    #[error(
        "the data directory {} is in use by another server{}; stop that one or choose another \
         directory with --data",
        dir.display(),
        pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// The other server.
        pid: Option<u32>,
    },
    /// There is none to read.
    #[error("there is no database in {}; name the server's data directory with --data", dir.display())]
    Missing {
        /// The data directory.
        dir: PathBuf,
    },
    /// The file is no database, or a broken one.
    #[error(
        "{} is damaged or no database ({source}); restore it from a backup, or move it away to \
         start empty",
        path.display()
    )]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// A newer server wrote it.
    #[error(
        "{} was written by a newer version of calling (schema {version}); start that version, or \
         restore the backup made before the upgrade",
        path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The schema version this build does not know.
        version: i64,
    },
    /// The schema could not be brought up to date.
    #[error("{} could not be upgraded: {source}; nothing was changed", path.display())]
    Upgrade {
        /// The database file.
        path: PathBuf,
        /// What went wrong.
        source: sqlx::migrate::MigrateError,
    },
    /// Anything else.
    #[error("{} cannot be opened: {source}", path.display())]
    Other {
        /// The database file.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
}

/// Why an operation failed. Whatever it is, nothing of the operation was stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StorageError {
    /// Another process holds the database. Try again.
    #[error("the database is busy")]
    Busy,
    /// No space left. Try again when there is.
    #[error("the disk is full")]
    Full,
    /// The disk failed to read or write. It may come back.
    #[error("the disk failed: {0}")]
    Disk(String),
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
    /// The database may only be read: opened so, or its file is protected.
    #[error("the database is read-only")]
    ReadOnly,
    /// The file is damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// A stored value is not what this build writes.
    #[error("a stored {what} cannot be understood: {reason}")]
    Unreadable {
        /// What kind of value.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// Anything else: a fault of this program.
    #[error("the database refused: {0}")]
    Refused(String),
}

impl StorageError {
    /// Whether the same operation may succeed later. What fails so is kept and tried again; it is
    /// safe to, since every write is idempotent.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Busy | Self::Full | Self::Disk(_) | Self::ReadOnly => true,
            Self::Closed | Self::Corrupt(_) | Self::Unreadable { .. } | Self::Refused(_) => false,
        }
    }
}

/// Primary result codes of SQLite (<https://www.sqlite.org/rescode.html>).
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
}

/// The primary result code of an error, if SQLite raised it.
fn primary(error: &sqlx::Error) -> Option<i32> {
    let number: i32 = error.as_database_error()?.code()?.parse().ok()?;
    // The upper bits extend the primary code.
    Some(number & 0xff)
}

pub(super) fn is_corrupt(error: &sqlx::Error) -> bool {
    matches!(primary(error), Some(code::CORRUPT | code::NOTADB))
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match primary(&error) {
            Some(code::BUSY | code::LOCKED) => return Self::Busy,
            Some(code::READONLY) => return Self::ReadOnly,
            Some(code::IOERR | code::CANTOPEN) => return Self::Disk(text),
            Some(code::CORRUPT | code::NOTADB) => return Self::Corrupt(text),
            Some(code::FULL) => return Self::Full,
            Some(_) | None => {}
        }
        // The enum of the library grows; what is not told apart here is a fault of ours.
        if matches!(error, sqlx::Error::PoolClosed) {
            Self::Closed
        } else if matches!(error, sqlx::Error::PoolTimedOut) {
            Self::Busy
        } else if matches!(error, sqlx::Error::Io(_)) {
            Self::Disk(text)
        } else {
            Self::Refused(text)
        }
    }
}
