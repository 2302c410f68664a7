use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, SqliteConnection};

use super::{Storage, StorageError};

/// A transaction that writes.
///
/// Unless it is committed or rolled back to the end, its connection is thrown away, which rolls
/// back as well: after some errors (a full disk) SQLite has rolled back on its own, and whoever
/// keeps count of transactions on the same connection counts wrong from then on.
pub(super) struct Writing {
    connection: Option<PoolConnection<Sqlite>>,
    commit: Commit,
}

/// When a transaction counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Commit {
    /// Once the disk has it: a power cut leaves it there.
    OnDisk,
    /// Once the operating system has it: a killed server leaves it there. The disk has it after
    /// the next transaction on disk, or [`sync`].
    InSystem,
}

impl Storage {
    /// Begins a transaction that writes. It takes the write lock at once: one that begins by
    /// reading could find the lock taken half-way and would have to start again.
    pub(super) async fn begin(&self) -> Result<Writing, StorageError> {
        Writing::begin(&self.inner.writer, Commit::OnDisk).await
    }
}

/// Brings to the disk what was committed in the system only, without waiting for readers.
pub(super) async fn sync(writer: &SqlitePool) -> Result<(), StorageError> {
    // A checkpoint is the way to have SQLite sync its log without writing anything.
    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(writer).await?;
    Ok(())
}

impl Writing {
    /// As [`Storage::begin`].
    pub(super) async fn begin(writer: &SqlitePool, commit: Commit) -> Result<Self, StorageError> {
        let mut writing = Self { connection: Some(writer.acquire().await?), commit };
        match commit {
            Commit::OnDisk => writing.run("BEGIN IMMEDIATE").await?,
            Commit::InSystem => {
                writing.run("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE").await?;
            }
        }
        Ok(writing)
    }

    /// What queries run on.
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, StorageError> {
        self.connection.as_deref_mut().ok_or(StorageError::Closed)
    }

    /// Makes it last.
    pub(super) async fn commit(mut self) -> Result<(), StorageError> {
        self.run("COMMIT").await?;
        self.give_back().await;
        Ok(())
    }

    /// Makes it never have been.
    pub(super) async fn rollback(mut self) -> Result<(), StorageError> {
        self.run("ROLLBACK").await?;
        self.give_back().await;
        Ok(())
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), StorageError> {
        sqlx::raw_sql(sql).execute(self.connection()?).await?;
        Ok(())
    }

    async fn give_back(&mut self) {
        let strict = match self.commit {
            Commit::OnDisk => Ok(()),
            Commit::InSystem => self.run("PRAGMA synchronous = FULL").await,
        };
        // Dropping what is no longer in a transaction returns it to the pool; one that would
        // commit the next transaction carelessly is thrown away.
        if strict.is_ok() {
            self.connection = None;
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}
