use std::borrow::Cow;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::batch::Batches;
use super::error::is_corrupt;
use super::known::Known;
use super::outbox::Outbox;
use super::{DATABASE_FILE, Inner, OpenError, Storage};

/// Schema versions, oldest first. A released one is never edited.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "first", include_str!("../../migrations/0001_first.sql")),
    (2, "chat", include_str!("../../migrations/0002_chat.sql")),
    (3, "call_log", include_str!("../../migrations/0003_call_log.sql")),
    (4, "clustered", include_str!("../../migrations/0004_clustered.sql")),
];

/// How long SQLite itself waits for a lock held by another process. Less than any caller waits for
/// an answer, so that what failed is known to have failed.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an operation waits for its turn.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

const READERS: u32 = 4;

/// Rows that the thread of a connection may be ahead of who reads them. Whoever asks for all rows of
/// a batch is woken once they are there, and the thread never.
const ROWS_AHEAD: usize = 256;

/// Statements the writer keeps ready: those of a batch are of each number of rows.
const STATEMENTS: usize = 512;

/// Pages the writer keeps in memory, in KiB as a negative number: what it touches with every call
/// stays there.
const WRITER_CACHE: &str = "-16384";

/// Pages in the log before they are written back, 4 KiB each.
const CHECKPOINT_PAGES: &str = "4000";

impl Storage {
    /// Opens the database in `dir`, making both if absent, and brings its schema up to date.
    ///
    /// A directory belongs to one server at a time.
    ///
    /// # Errors
    /// One line that says what to do.
    pub async fn open(dir: &Path) -> Result<Self, OpenError> {
        prepare(dir)?;
        let lock = lock(dir)?;
        let path = dir.join(DATABASE_FILE);
        private(&path).map_err(|source| OpenError::Unwritable { dir: dir.to_owned(), source })?;
        let options = options(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Every transaction reaches the disk before it counts, power cut or not.
            .synchronous(SqliteSynchronous::Full)
            .thread_name(|number| format!("{}d{number}", crate::THREAD_PREFIX));
        let writing = options
            .clone()
            .row_buffer_size(ROWS_AHEAD)
            .statement_cache_capacity(STATEMENTS)
            .pragma("cache_size", WRITER_CACHE)
            // What a statement would be undone with is never read after a crash.
            .pragma("temp_store", "MEMORY")
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
        let writer = pool(&path, 1, writing).await?;
        migrate(&path, &writer).await?;
        let readers = pool(&path, READERS, options.pragma("query_only", "ON")).await?;
        let outbox = Arc::new(Outbox::default());
        let batches = Some(Batches::start(writer.clone(), Arc::clone(&outbox)));
        let dir = dir.to_owned();
        let (lock, known) = (Some(lock), Known::default());
        Ok(Self { inner: Arc::new(Inner { writer, readers, batches, dir, lock, outbox, known }) })
    }

    /// Opens the database in `dir` for reading, also while a server runs on it.
    ///
    /// # Errors
    /// One line that says what to do.
    pub async fn open_for_reading(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(DATABASE_FILE);
        if !path.is_file() {
            return Err(OpenError::Missing { dir: dir.to_owned() });
        }
        let readers = pool(&path, 1, options(&path).pragma("query_only", "ON")).await?;
        let dir = dir.to_owned();
        let writer = readers.clone();
        let (batches, lock, outbox, known) = (None, None, Arc::default(), Known::default());
        Ok(Self { inner: Arc::new(Inner { writer, readers, batches, dir, lock, outbox, known }) })
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).foreign_keys(true).busy_timeout(BUSY_TIMEOUT)
}

async fn pool(
    path: &Path,
    connections: u32,
    options: SqliteConnectOptions,
) -> Result<SqlitePool, OpenError> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A file does not go away like a network: connections are kept, and trusted.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| cannot_open(path, error))
}

fn cannot_open(path: &Path, source: sqlx::Error) -> OpenError {
    let path = path.to_owned();
    if is_corrupt(&source) {
        OpenError::Corrupt { path, source }
    } else {
        OpenError::Other { path, source }
    }
}

async fn migrate(path: &Path, writer: &SqlitePool) -> Result<(), OpenError> {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, name, sql)| {
            let name = Cow::Borrowed(*name);
            Migration::new(*version, name, MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    let path: PathBuf = path.to_owned();
    match Migrator::with_migrations(migrations).run(writer).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(version)) => Err(OpenError::Newer { path, version }),
        Err(MigrateError::Execute(source)) => Err(cannot_open(&path, source)),
        Err(source) => Err(OpenError::Upgrade { path, source }),
    }
}

/// Makes the directory and proves that files can be made in it.
fn prepare(dir: &Path) -> Result<(), OpenError> {
    let unwritable = |source| OpenError::Unwritable { dir: dir.to_owned(), source };
    std::fs::create_dir_all(dir).map_err(unwritable)?;
    let probe = dir.join(format!(".probe-{}", std::process::id()));
    File::create(&probe).and_then(|_| std::fs::remove_file(&probe)).map_err(unwritable)
}

/// Takes the directory for this process. The lock goes with the process, whatever ends it.
fn lock(dir: &Path) -> Result<File, OpenError> {
    let unwritable = |source| OpenError::Unwritable { dir: dir.to_owned(), source };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(dir.join("server.lock"))
        .map_err(unwritable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
            return Err(OpenError::InUse { dir: dir.to_owned(), pid });
        }
        Err(TryLockError::Error(source)) => return Err(unwritable(source)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(unwritable)?;
    Ok(file)
}

/// Makes the database file for its owner's eyes only, since it holds who called whom. SQLite gives
/// its log the same mode.
fn private(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata()?.permissions().mode();
        if mode & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    drop(file);
    Ok(())
}
