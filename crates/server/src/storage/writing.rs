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
}

impl Storage {
    /// Begins a transaction that writes. It takes the write lock at once: one that begins by
    /// reading could find the lock taken half-way and would have to start again.
    pub(super) async fn begin(&self) -> Result<Writing, StorageError> {
        Writing::begin(&self.inner.writer).await
    }
}

impl Writing {
    /// As [`Storage::begin`].
    pub(super) async fn begin(writer: &SqlitePool) -> Result<Self, StorageError> {
        let mut writing = Self { connection: Some(writer.acquire().await?) };
        writing.run("BEGIN IMMEDIATE").await?;
        Ok(writing)
    }

    /// What queries run on.
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, StorageError> {
        self.connection.as_deref_mut().ok_or(StorageError::Closed)
    }

    /// Makes it last.
    pub(super) async fn commit(mut self) -> Result<(), StorageError> {
        self.run("COMMIT").await?;
        self.give_back();
        Ok(())
    }

    /// Makes it never have been.
    pub(super) async fn rollback(mut self) -> Result<(), StorageError> {
        self.run("ROLLBACK").await?;
        self.give_back();
        Ok(())
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), StorageError> {
        sqlx::query(sql).execute(self.connection()?).await?;
        Ok(())
    }

    fn give_back(&mut self) {
        // Dropping what is no longer in a transaction returns it to the pool.
        self.connection = None;
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}
