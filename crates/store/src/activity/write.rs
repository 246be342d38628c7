//! Writing activity: batches, what became of alerts, and what retention removes.

use std::sync::LazyLock;

use jiff::Timestamp;

use super::Record;
use super::chain::{BatchHead, batch_digest, record_digest};
use crate::db::{Column, Tx, Value, json, values};
use crate::ids::{clip, fold};
use crate::{Store, StoreError};

/// Records written with one statement of SQLite, the most that fit first: each statement is read once and then kept ready.
const ROWS_PER_STATEMENT: [usize; 3] = [100, 10, 1];
const COLUMNS: &str = "reference, gateway, batch, place, at, person, population, listener, device, method, scheme, host, \
     path, search, action, codes, rule, citation, citation_text, reason, list, navigation, pack_digest, lists_digest, \
     alert, how, session, found";
const COLUMN_COUNT: usize = 28;
/// All codes of a record together, in bytes: an index of PostgreSQL takes 2700 of a row.
const CODES_LIMIT_BYTES: usize = 1200;

/// The kinds of the columns that are no text.
const INTEGERS: [&str; 3] = ["batch", "place", "at"];
const FLAGS: [&str; 1] = ["navigation"];

/// One statement for each of [`ROWS_PER_STATEMENT`]. SQLite looks a value with a name or number up in a list of all of them;
/// one without is simply the next.
static ON_SQLITE: LazyLock<[String; ROWS_PER_STATEMENT.len()]> = LazyLock::new(|| {
    let row = format!("({})", ["?"; COLUMN_COUNT].join(", "));
    ROWS_PER_STATEMENT.map(|rows| {
        let rows: Vec<&str> = std::iter::repeat_n(row.as_str(), rows).collect();
        format!("INSERT INTO records ({COLUMNS}) VALUES {}", rows.join(", "))
    })
});

/// One statement for a whole batch. PostgreSQL reads the table's rules afresh for each statement, and a statement anew for
/// each number of rows; so it gets one array for each column.
static ON_POSTGRES: LazyLock<String> = LazyLock::new(|| {
    let kind = |column: &str| match column {
        _ if INTEGERS.contains(&column) => "BIGINT[]",
        _ if FLAGS.contains(&column) => "BOOLEAN[]",
        _ => "TEXT[]",
    };
    let arrays: Vec<String> =
        COLUMNS.split(", ").zip(1..).map(|(column, at)| format!("${at}::{}", kind(column))).collect();
    format!("INSERT INTO records ({COLUMNS}) SELECT * FROM unnest({})", arrays.join(", "))
});

/// Keeps a batch at the end of its gateway's chain. The same batch sent again, after an answer that got lost, is known by
/// its first reference: it gives the same head and writes nothing.
///
/// # Errors
/// `Busy` if another batch of the gateway was written at the same moment; `Duplicate` if a record is there already;
/// `Refused` for an empty batch.
pub async fn insert_batch(
    store: &Store,
    gateway: &str,
    at: Timestamp,
    records: &[Record],
) -> Result<BatchHead, StoreError> {
    let Some(first) = records.first() else {
        return Err(StoreError::Refused("an empty batch".to_owned()));
    };
    // What a stranger chose the length of is shortened before it is digested: the digest is of what is kept.
    let kept: Vec<Record> = records.iter().map(shortened).collect();
    let digests: Vec<[u8; 32]> = kept.iter().map(record_digest).collect();
    let mut tx = store.activity().begin().await?;
    let again = "SELECT seq, digest FROM batches WHERE first_reference = $1 AND gateway = $2";
    if let Some(row) = tx.row(again, values![&first.reference, gateway]).await? {
        return Ok(BatchHead { gateway: gateway.to_owned(), seq: row.int("seq")?, digest: row.bytes32("digest")? });
    }
    let last = "SELECT seq, digest FROM batches WHERE gateway = $1 ORDER BY seq DESC LIMIT 1";
    let (seq, prev) = match tx.row(last, values![gateway]).await? {
        Some(row) => (row.int("seq")?.saturating_add(1), row.bytes32("digest")?),
        None => (1, [0; 32]),
    };
    let digest = batch_digest(gateway, seq, &prev, at, &first.reference, &digests);
    let count = i64::try_from(kept.len()).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO batches (gateway, seq, at, records, first_reference, prev, record_digests, digest) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![gateway, seq, at, count, &first.reference, &prev, digests.concat(), &digest],
    )
    .await
    .map_err(|error| if matches!(error, StoreError::Duplicate(_)) { StoreError::Busy } else { error })?;
    write_records(&mut tx, gateway, seq, kept).await?;
    tx.commit().await?;
    Ok(BatchHead { gateway: gateway.to_owned(), seq, digest })
}

async fn write_records(tx: &mut Tx, gateway: &str, seq: i64, records: Vec<Record>) -> Result<(), StoreError> {
    let mut rows = records.into_iter().enumerate().map(|(place, record)| {
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        row_values(gateway, seq, place, record)
    });
    if !tx.is_sqlite() {
        let columns = Column::of(rows)?;
        return tx.execute_columns(&ON_POSTGRES, columns).await.map(|_| ());
    }
    for (most, sql) in ROWS_PER_STATEMENT.into_iter().zip(LazyLock::force(&ON_SQLITE)) {
        while rows.len() >= most {
            tx.execute(sql.as_str(), rows.by_ref().take(most).flatten().collect()).await?;
        }
    }
    Ok(())
}

fn row_values(gateway: &str, seq: i64, place: i64, record: Record) -> Vec<Value> {
    let found = found_by(&record);
    values![
        record.reference,
        gateway,
        seq,
        place,
        record.at,
        record.person,
        record.population,
        record.listener,
        record.device,
        record.method,
        record.scheme,
        record.host,
        record.path,
        record.search,
        record.action,
        json(&record.codes),
        record.rule,
        record.citation,
        record.citation_text,
        record.reason,
        record.list,
        record.navigation,
        record.pack_digest,
        record.lists_digest,
        record.alert,
        record.how,
        record.session,
        found,
    ]
}

/// The words by which a record is found.
pub(super) fn found_by(record: &Record) -> String {
    let registered = record.registered().map(|name| format!(" {name}")).unwrap_or_default();
    clip(&fold(&format!("{} {} {}{registered}", record.host, record.device, record.reference)), 500)
}

/// The first codes that together fit the index by which records are found: it must never refuse one.
fn fitting(codes: &[String]) -> impl Iterator<Item = &String> {
    let mut left = CODES_LIMIT_BYTES;
    codes.iter().take(20).take_while(move |code| {
        let fits = code.len() <= left;
        left = left.saturating_sub(code.len());
        fits
    })
}

/// A record as it is kept. NUL, which no database text may hold, becomes the replacement character: one odd request must
/// not lose a batch.
fn shortened(record: &Record) -> Record {
    let fit = |text: &str, most| match text {
        short if short.len() <= most && !short.contains('\0') => short.to_owned(),
        _ => clip(text, most).replace('\0', "\u{fffd}"),
    };
    Record {
        reference: record.reference.clone(),
        at: record.at,
        person: record.person.clone(),
        population: fit(&record.population, 40),
        listener: fit(&record.listener, 100),
        device: fit(&record.device, 64),
        method: fit(&record.method, 20),
        scheme: fit(&record.scheme, 20),
        host: fit(&record.host, 253),
        path: fit(&record.path, 2000),
        search: fit(&record.search, 500),
        action: fit(&record.action, 20),
        codes: fitting(&record.codes).map(|code| fit(code, 64)).collect(),
        rule: fit(&record.rule, 200),
        citation: fit(&record.citation, 200),
        citation_text: fit(&record.citation_text, 200),
        reason: fit(&record.reason, 1000),
        list: fit(&record.list, 500),
        navigation: record.navigation,
        pack_digest: fit(&record.pack_digest, 64),
        lists_digest: fit(&record.lists_digest, 64),
        alert: record.alert.clone(),
        how: fit(&record.how, 300),
        session: fit(&record.session, 64),
    }
}

/// Marks an alert as handed over to casework; false if it was already, or there is none.
///
/// # Errors
/// As the database gives them; so below.
pub async fn alert_taken(store: &Store, reference: &str, at: Timestamp) -> Result<bool, StoreError> {
    let sql =
        "UPDATE records SET alert_taken_at = $2 WHERE reference = $1 AND alert IS NOT NULL AND alert_taken_at IS NULL";
    Ok(store.activity().execute(sql, values![reference, at]).await? == 1)
}

/// After a false alarm: the record is an ordinary one again. False if it bore no alert.
pub async fn alert_withdrawn(store: &Store, reference: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE records SET alert = NULL WHERE reference = $1 AND alert IS NOT NULL";
    Ok(store.activity().execute(sql, values![reference]).await? == 1)
}
