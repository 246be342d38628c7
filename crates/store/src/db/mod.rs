//! The narrow door to the database: one SQL text for both kinds, typed values in, typed rows out.
//!
//! Nothing outside this folder names a driver. The rules of the shared subset: `$n`, typed NULLs, integer microseconds,
//! text ids, no row locks, `NULLS LAST` said out loud, sums cast to BIGINT, text folded in Rust before it is searched.

pub(crate) mod migrate;
pub(crate) mod open;
mod value;

use std::path::Path;

use sqlx::{AssertSqlSafe, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

pub(crate) use value::{Column, Row, Value, json, values, words};

use crate::StoreError;
use crate::record::refuse_outside_a_unit;

/// One of the three databases: what Haven works with, what browsers did, or the keys.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    /// One writer, so that SQLite never has two transactions in each other's way, and several read-only connections.
    Sqlite { writer: SqlitePool, readers: SqlitePool, file: open::OpenFile },
    /// The schema is set for every connection of the pools. The witness tells what is committed while a transaction is
    /// open: a pool of its own, so that nobody who holds a connection waits for a second one of the same pool.
    Postgres { pool: PgPool, witness: PgPool },
    /// A part that this node has no way to.
    Shut,
}

/// What a node is told that asks for a part which it has no way to.
fn shut() -> StoreError {
    StoreError::Unreadable("this node has no way to the keys".to_owned())
}

/// One transaction. Dropped without a commit, it is rolled back.
#[derive(Debug)]
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        // Our own text: every statement is a constant of this crate, and values only ever travel beside it.
        let mut query = sqlx::query(AssertSqlSafe($sql));
        for value in $values {
            value.check()?;
            query = match value {
                Value::Int(v) => query.bind(v),
                Value::Flag(v) => query.bind(v),
                Value::Text(v) => query.bind(v),
                Value::Bytes(v) => query.bind(v),
            };
        }
        query
    }};
}

const BEGIN: &str = "BEGIN IMMEDIATE";

async fn begin_to_write(writer: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    match writer.begin_with(BEGIN).await {
        // When the disk is full, SQLite takes a transaction back by itself, and the driver goes on believing in it: that
        // connection would never write again.
        Err(sqlx::Error::InvalidSavePointStatement) => {
            writer.acquire().await?.close().await?;
            writer.begin_with(BEGIN).await
        }
        other => other,
    }
}

impl Db {
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            // Immediate: a transaction that reads first and writes later would otherwise fail half-way.
            Self::Sqlite { writer, file, .. } => match begin_to_write(writer).await {
                Ok(tx) => {
                    file.is_in_its_place()?;
                    Tx::Sqlite(tx)
                }
                Err(sqlx::Error::PoolTimedOut) => return Err(StoreError::Busy),
                Err(other) => return Err(other.into()),
            },
            Self::Postgres { pool, .. } => Tx::Postgres(pool.begin().await?),
            Self::Shut => return Err(shut()),
        })
    }

    pub(crate) async fn rows(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => {
                bound!(sql, values).fetch_all(readers).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres { pool, .. } => {
                bound!(sql, values).fetch_all(pool).await?.into_iter().map(Row::Postgres).collect()
            }
            Self::Shut => return Err(shut()),
        })
    }

    /// For a text that is put together from constants of this crate: reading rows by what was asked.
    pub(crate) async fn read(&self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => {
                bound!(sql, values).fetch_all(readers).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres { pool, .. } => {
                bound!(sql, values).fetch_all(pool).await?.into_iter().map(Row::Postgres).collect()
            }
            Self::Shut => return Err(shut()),
        })
    }

    /// What is committed, whatever a transaction of ours has changed meanwhile. It waits for no lock.
    pub(crate) async fn committed(&self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => {
                bound!(sql, values).fetch_all(readers).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres { witness, .. } => {
                bound!(sql, values).fetch_all(witness).await?.into_iter().map(Row::Postgres).collect()
            }
            Self::Shut => return Err(shut()),
        })
    }

    /// A transaction that only reads, and reads one moment: what is written meanwhile does not exist for it.
    pub(crate) async fn moment(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres { pool, .. } => {
                let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                Tx::Postgres(pool.begin_with(begin).await?)
            }
            Self::Shut => return Err(shut()),
        })
    }

    pub(crate) async fn row(&self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// One statement in a transaction of its own; how many rows it changed.
    pub(crate) async fn execute(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let changed = tx.execute(sql, values).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Any statement, as somebody with a way round Haven would run it.
    #[cfg(feature = "testing")]
    pub(crate) async fn tamper(&self, sql: String) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { writer, .. } => sqlx::raw_sql(AssertSqlSafe(sql)).execute(writer).await.map(|_| ())?,
            Self::Postgres { pool, .. } => sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(|_| ())?,
            Self::Shut => return Err(shut()),
        }
        Ok(())
    }

    /// A consistent copy while others read and write: plain SQL, in SQLite only.
    pub(crate) async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let Self::Sqlite { writer, .. } = self else {
            return Err(StoreError::Refused(
                "copy a PostgreSQL database with pg_dump, without the schema keys".to_owned(),
            ));
        };
        let name = file.to_str().ok_or_else(|| StoreError::Unreadable("a file name that is not text".to_owned()))?;
        open::make_file(file, true).map_err(|why| StoreError::Unreadable(format!("{name}: {why}")))?;
        sqlx::query("VACUUM INTO $1").bind(name).execute(writer).await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { pool, witness } => {
                witness.close().await;
                pool.close().await;
            }
            Self::Shut => {}
        }
    }
}

impl Tx {
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Rows of a statement of ours, which may change what no entry vouches for (`... RETURNING`).
    pub(crate) async fn rows(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        refuse_outside_a_unit(sql)?;
        self.any(sql, values).await
    }

    /// For a text that is put together: reading rows by their keys.
    pub(crate) async fn read(&mut self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        refuse_outside_a_unit(&sql)?;
        self.any(sql, values).await
    }

    /// For [`crate::record::change`] only: it notes the rows that come back.
    pub(crate) async fn write(&mut self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.any(sql, values).await
    }

    async fn any(&mut self, sql: impl Into<String>, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let sql: String = sql.into();
        Ok(match self {
            Self::Sqlite(tx) => bound!(sql, values).fetch_all(&mut **tx).await?.into_iter().map(Row::Sqlite).collect(),
            Self::Postgres(tx) => {
                bound!(sql, values).fetch_all(&mut **tx).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    pub(crate) async fn row(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// How many rows the statement changed. It changes nothing that an entry must vouch for: that is the unit's.
    pub(crate) async fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        refuse_outside_a_unit(sql)?;
        Ok(match self {
            Self::Sqlite(tx) => bound!(sql, values).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => bound!(sql, values).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// One statement that takes its rows as arrays, one for each column. In PostgreSQL only.
    pub(crate) async fn execute_columns(&mut self, sql: &'static str, columns: Vec<Column>) -> Result<u64, StoreError> {
        refuse_outside_a_unit(sql)?;
        let Self::Postgres(tx) = self else {
            return Err(StoreError::Fault("SQLite takes no arrays".to_owned()));
        };
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for column in columns {
            query = match column {
                Column::Int(v) => query.bind(v),
                Column::Flag(v) => query.bind(v),
                Column::Text(v) => query.bind(v),
                Column::Bytes(v) => query.bind(v),
            };
        }
        Ok(query.execute(&mut **tx).await?.rows_affected())
    }

    /// Several statements without values, as a migration has them.
    pub(crate) async fn script(&mut self, sql: String) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(tx) => script.execute(&mut **tx).await.map(|_| ())?,
            Self::Postgres(tx) => script.execute(&mut **tx).await.map(|_| ())?,
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
