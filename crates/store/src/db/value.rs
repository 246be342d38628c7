//! The five kinds of value that cross the door to the database, and rows of the same kinds.

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::Row as _;

use crate::StoreError;

/// One value on its way in. A NULL always says of which kind it is: PostgreSQL refuses an untyped one.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Int(Option<i64>),
    Flag(Option<bool>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// The values of a statement in the order of `$1`, `$2`, ...
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use values;

macro_rules! from {
    ($($kind:ty => |$name:ident| $value:expr;)*) => {
        $(impl From<$kind> for Value { fn from($name: $kind) -> Self { $value } })*
    };
}
from! {
    i64 => |v| Self::Int(Some(v));
    u32 => |v| Self::Int(Some(i64::from(v)));
    bool => |v| Self::Flag(Some(v));
    &str => |v| Self::Text(Some(v.to_owned()));
    String => |v| Self::Text(Some(v));
    &String => |v| Self::Text(Some(v.clone()));
    Option<&str> => |v| Self::Text(v.map(str::to_owned));
    Option<String> => |v| Self::Text(v);
    &Option<String> => |v| Self::Text(v.clone());
    &[u8] => |v| Self::Bytes(Some(v.to_vec()));
    Vec<u8> => |v| Self::Bytes(Some(v));
    &Vec<u8> => |v| Self::Bytes(Some(v.clone()));
    &[u8; 32] => |v| Self::Bytes(Some(v.to_vec()));
    Option<[u8; 32]> => |v| Self::Bytes(v.map(|bytes| bytes.to_vec()));
    Timestamp => |v| Self::Int(Some(v.as_microsecond()));
    Option<Timestamp> => |v| Self::Int(v.map(Timestamp::as_microsecond));
    Option<Date> => |v| Self::Text(v.map(|date| date.to_string()));
}

impl Value {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Int(None) | Self::Flag(None) | Self::Text(None) | Self::Bytes(None))
    }

    /// Refuses what one of the two databases could not keep.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Text(Some(text)) if text.contains('\0') => Err(StoreError::Nul),
            _ => Ok(()),
        }
    }
}

/// The values of one column of many rows, which PostgreSQL takes as one array.
#[derive(Debug, Clone)]
pub(crate) enum Column {
    Int(Vec<Option<i64>>),
    Flag(Vec<Option<bool>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    /// A column that begins with a value, with room for as many.
    fn beginning(value: Value, rows: usize) -> Self {
        fn with_room<T>(value: Option<T>, rows: usize) -> Vec<Option<T>> {
            let mut column = Vec::with_capacity(rows);
            column.push(value);
            column
        }
        match value {
            Value::Int(v) => Self::Int(with_room(v, rows)),
            Value::Flag(v) => Self::Flag(with_room(v, rows)),
            Value::Text(v) => Self::Text(with_room(v, rows)),
            Value::Bytes(v) => Self::Bytes(with_room(v, rows)),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), StoreError> {
        match (self, value) {
            (Self::Int(column), Value::Int(v)) => column.push(v),
            (Self::Flag(column), Value::Flag(v)) => column.push(v),
            (Self::Text(column), Value::Text(v)) => column.push(v),
            (Self::Bytes(column), Value::Bytes(v)) => column.push(v),
            (_, other) => return Err(StoreError::Fault(format!("a column of mixed kinds: {other:?}"))),
        }
        Ok(())
    }

    /// The columns of rows, of which all have the same kinds of values.
    pub(crate) fn of(rows: impl ExactSizeIterator<Item = Vec<Value>>) -> Result<Vec<Self>, StoreError> {
        let count = rows.len();
        let mut columns: Vec<Self> = Vec::new();
        for (place, row) in rows.enumerate() {
            for value in &row {
                value.check()?;
            }
            if place == 0 {
                columns = row.into_iter().map(|value| Self::beginning(value, count)).collect();
                continue;
            }
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value)?;
            }
        }
        Ok(columns)
    }
}

/// One row on its way out.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

impl Row {
    pub(crate) fn maybe_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn maybe_flag(&self, column: &str) -> Result<Option<bool>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn maybe_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.maybe_int(column)?.ok_or_else(|| StoreError::corrupt(column, "nothing"))
    }

    /// A count: never below zero.
    pub(crate) fn count(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|why| StoreError::corrupt(column, why))
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        self.maybe_flag(column)?.ok_or_else(|| StoreError::corrupt(column, "nothing"))
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.maybe_text(column)?.ok_or_else(|| StoreError::corrupt(column, "nothing"))
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.maybe_bytes(column)?.ok_or_else(|| StoreError::corrupt(column, "nothing"))
    }

    /// A key or digest of 32 bytes.
    pub(crate) fn bytes32(&self, column: &str) -> Result<[u8; 32], StoreError> {
        self.bytes(column)?.try_into().map_err(|_| StoreError::corrupt(column, "not 32 bytes"))
    }

    /// A token or digest of 32 bytes, or nothing.
    pub(crate) fn maybe_bytes32(&self, column: &str) -> Result<Option<[u8; 32]>, StoreError> {
        self.maybe_bytes(column)?
            .map(|bytes| bytes.try_into().map_err(|_| StoreError::corrupt(column, "not 32 bytes")))
            .transpose()
    }

    pub(crate) fn maybe_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        self.maybe_int(column)?
            .map(|us| Timestamp::from_microsecond(us).map_err(|why| StoreError::corrupt(column, why)))
            .transpose()
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.maybe_time(column)?.ok_or_else(|| StoreError::corrupt(column, "nothing"))
    }

    pub(crate) fn maybe_date(&self, column: &str) -> Result<Option<Date>, StoreError> {
        self.maybe_text(column)?.map(|text| text.parse().map_err(|why| StoreError::corrupt(column, why))).transpose()
    }

    /// A JSON array of texts.
    pub(crate) fn texts(&self, column: &str) -> Result<Vec<String>, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|why| StoreError::corrupt(column, why))
    }

    /// One of the words of an enum.
    pub(crate) fn word<T>(&self, column: &str, read: fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let text = self.text(column)?;
        read(&text).ok_or_else(|| StoreError::corrupt(column, format!("unknown word {text:?}")))
    }
}

impl Row {
    /// A column's value, whatever kind it is of.
    pub(crate) fn value(&self, column: &str) -> Result<Value, StoreError> {
        use sqlx::{TypeInfo as _, ValueRef as _};
        let kind = match self {
            Self::Sqlite(row) => row.try_get_raw(column)?.type_info().name().to_owned(),
            Self::Postgres(row) => row.try_get_raw(column)?.type_info().name().to_owned(),
        };
        Ok(match kind.as_str() {
            "INTEGER" | "INT8" => Value::Int(self.maybe_int(column)?),
            "BOOL" => Value::Flag(self.maybe_flag(column)?),
            "BLOB" | "BYTEA" => Value::Bytes(self.maybe_bytes(column)?),
            "TEXT" | "NULL" => Value::Text(self.maybe_text(column)?),
            other => return Err(StoreError::corrupt(column, format!("a value of kind {other}"))),
        })
    }

    /// Every column with its name.
    pub(crate) fn columns(&self) -> Result<Vec<(String, Value)>, StoreError> {
        use sqlx::Column as _;
        let names: Vec<String> = match self {
            Self::Sqlite(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
            Self::Postgres(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
        };
        names.into_iter().map(|name| self.value(&name).map(|value| (name, value))).collect()
    }
}

#[cfg(feature = "testing")]
impl Row {
    /// Every column as text, for a search through everything kept: bytes in hexadecimal, NULL as nothing.
    pub(crate) fn shown(&self) -> Result<Vec<(String, String)>, StoreError> {
        use sqlx::Column as _;
        let names: Vec<String> = match self {
            Self::Sqlite(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
            Self::Postgres(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
        };
        let mut out = Vec::with_capacity(names.len());
        for name in names {
            let value = if let Ok(text) = self.maybe_text(&name) {
                text
            } else if let Ok(number) = self.maybe_int(&name) {
                number.map(|number| number.to_string())
            } else if let Ok(flag) = self.maybe_flag(&name) {
                flag.map(|flag| flag.to_string())
            } else {
                self.maybe_bytes(&name)?.map(hex::encode)
            };
            out.push((name, value.unwrap_or_default()));
        }
        Ok(out)
    }
}

/// A JSON array of texts, as kept.
pub(crate) fn json(texts: &[String]) -> String {
    serde_json::Value::from(texts.to_vec()).to_string()
}

/// An enum that is kept as a word: the type, and the word of each variant.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }
        impl $name {
            /// The word as kept.
            #[must_use]
            pub fn word(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
            /// The variant of a word; none for any other word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> { match word { $($word => Some(Self::$variant),)+ _ => None } }
        }
        impl From<$name> for $crate::db::Value { fn from(value: $name) -> Self { Self::from(value.word()) } }
    };
}
pub(crate) use words;
