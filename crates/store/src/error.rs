//! What can go wrong with what is kept, told so that a caller knows whether to try again, to tell a person, or to stop.

/// Why something could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer. Nothing was changed; the same call may be made again later.
    #[error("the database does not answer ({0})")]
    Away(String),
    /// Somebody else was writing for too long, or two transactions stood in each other's way. Run the action again.
    #[error("the database is busy")]
    Busy,
    /// A later version of Haven has used this database.
    #[error(
        "the database is of version {found}, and this Haven knows versions up to {known}: install the newer Haven again"
    )]
    Newer { found: i64, known: i64 },
    /// The data folder or the database cannot be opened, or is not one of Haven's.
    #[error("the data cannot be read: {0}")]
    Unreadable(String),
    /// The row has another revision than the caller saw, or is no longer in the state it expects. Run the action again.
    #[error("it was changed by somebody else meanwhile")]
    Conflict,
    /// A unique key is taken; the name of the constraint (PostgreSQL) or of the columns (SQLite).
    #[error("it is there already: {0}")]
    Duplicate(String),
    /// Somebody tried to change or remove what is only ever added to (invariant 10).
    #[error("these rows are only ever added to: {0}")]
    AppendOnly(String),
    /// A value is too long, not one of the allowed words, or names a row that does not exist.
    #[error("the database refuses the value: {0}")]
    Refused(String),
    /// A kept value cannot be read back as what it should be.
    #[error("{column} holds something unreadable: {what}")]
    Corrupt { column: String, what: String },
    /// A text holds a NUL character, which PostgreSQL cannot keep.
    #[error("a text holds a NUL character")]
    Nul,
    /// The permit is for something else than the case that was asked for (invariant 3).
    #[error("the permit does not cover this case")]
    WrongPermit,
    /// A statement of Haven's own is wrong: a fault in the program.
    #[error("the database does not understand Haven: {0}")]
    Fault(String),
}

impl StoreError {
    /// Whether the same action may well succeed when it is run again from the start.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Busy | Self::Conflict)
    }

    /// A kept value that cannot be read back.
    pub(crate) fn corrupt(column: &str, what: impl std::fmt::Display) -> Self {
        Self::Corrupt { column: column.to_owned(), what: what.to_string() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error;
        match error {
            Error::Database(inner) => from_database(inner.as_ref()),
            Error::PoolTimedOut => Self::Away("no connection became free in time".to_owned()),
            Error::PoolClosed | Error::WorkerCrashed | Error::BeginFailed | Error::InvalidSavePointStatement => {
                Self::Away("the connection is closed".to_owned())
            }
            Error::Io(inner) => Self::Away(inner.kind().to_string()),
            Error::Tls(inner) => Self::Away(inner.to_string()),
            Error::Protocol(inner) => Self::Away(inner),
            Error::Configuration(inner) => Self::Unreadable(inner.to_string()),
            Error::ColumnDecode { index, source } => Self::corrupt(&index, source),
            Error::ColumnNotFound(name) => Self::corrupt(&name, "no such column"),
            other => Self::Fault(other.to_string()),
        }
    }
}

fn from_database(error: &dyn sqlx::error::DatabaseError) -> StoreError {
    let code = error.code().map(std::borrow::Cow::into_owned).unwrap_or_default();
    let said = error.message().to_owned();
    if error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        return from_postgres(error, &code, said);
    }
    // SQLite: the primary code is the low byte of the extended one (https://sqlite.org/rescode.html).
    let extended = code.parse::<i64>().unwrap_or_default();
    match (extended & 0xff, extended) {
        (_, 1811) => StoreError::AppendOnly(said),
        (_, 1555 | 2067) => StoreError::Duplicate(said.trim_start_matches("UNIQUE constraint failed: ").to_owned()),
        (19, _) => StoreError::Refused(said),
        (5 | 6, _) => StoreError::Busy,
        // 14: a file of it is not there or cannot be made, and 1032: it was moved away. Both end when it is back.
        (10 | 13 | 7 | 14, _) | (_, 1032) => StoreError::Away(said),
        (3 | 8 | 11 | 23 | 26, _) => StoreError::Unreadable(said),
        _ => StoreError::Fault(said),
    }
}

/// PostgreSQL's classes: <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
fn from_postgres(error: &dyn sqlx::error::DatabaseError, code: &str, said: String) -> StoreError {
    match code {
        "23001" => StoreError::AppendOnly(said),
        "23505" => StoreError::Duplicate(error.constraint().unwrap_or_default().to_owned()),
        "40001" | "40P01" | "55P03" => StoreError::Busy,
        "57P01" | "57P02" | "57P03" | "57014" => StoreError::Away(said),
        "3D000" | "28000" | "28P01" | "42501" => StoreError::Unreadable(said),
        "22021" => StoreError::Nul,
        _ if code.starts_with("08") || code.starts_with("53") || code.starts_with("58") => StoreError::Away(said),
        _ if code.starts_with("23") => StoreError::Refused(said),
        _ => StoreError::Fault(said),
    }
}
