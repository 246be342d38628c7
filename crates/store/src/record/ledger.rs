//! Reading the record back: what every entry said of every row, held against the rows as they are now.

use std::collections::{BTreeMap, HashMap};

use casework::audit::Entry;

use super::change::key_of;
use super::{KeyDigest, Line, READ_SALT, RowDigest, Salt, half, is_covered, schema};
use crate::audit::{self, Found, Head};
use crate::db::{Row, Tx, Value};
use crate::vault::digest_hex;
use crate::{Store, StoreError};

/// Entries and rows that are read at once.
const AT_ONCE: u32 = 500;

/// The entry that spoke of a row last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    pub seq: i64,
    /// Microseconds since 1970, UTC.
    pub at_us: i64,
    pub action: String,
    pub object: String,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is not as its last entry says.
    Altered,
    /// It is there, and no entry says so.
    PutIn,
    /// It is not there, and no entry says that it went.
    Gone,
    /// It was altered some time before this entry, whose change then wrote over it.
    AlteredBefore { seq: i64 },
    /// A sealed text does not fit the digest that stands beside it.
    TextUnfit,
}

/// One row that the record does not vouch for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub table: String,
    pub kind: Kind,
    /// The key of the row as it stands in the table; none if the row is not there.
    pub key: Option<String>,
    /// Id of the case that the row belongs to.
    pub case: Option<String>,
    /// Reference of that case, as people know it.
    pub reference: Option<String>,
    /// The entry that spoke of the row last; none if none ever did.
    pub vouched: Option<Vouched>,
}

/// What the entries say, while the chain is walked.
#[derive(Debug, Default)]
pub struct Ledger {
    rows: HashMap<(String, KeyDigest), (Option<RowDigest>, i64)>,
    entries: HashMap<i64, Vouched>,
    salt: Option<String>,
    faults: Vec<((String, KeyDigest), Fault)>,
}

impl Ledger {
    /// Takes what an entry says of rows.
    pub fn take(&mut self, entry: &Entry) {
        let vouched = Vouched {
            seq: entry.seq,
            at_us: entry.new.at_us,
            action: entry.new.action.clone(),
            object: entry.new.object.clone(),
        };
        for text in &entry.new.digests {
            if entry.seq == 1 && text.starts_with("salt ") {
                self.salt = Some(text.clone());
            }
            let Some(line) = Line::parse(text) else { continue };
            let at = (line.table, line.key);
            let (known, seq) = self.rows.get(&at).copied().unwrap_or((None, 0));
            if known.as_ref().map(half) != line.before {
                let fault = Fault {
                    table: at.0.clone(),
                    kind: Kind::AlteredBefore { seq: entry.seq },
                    key: None,
                    case: None,
                    reference: None,
                    vouched: self.entries.get(&seq).cloned(),
                };
                self.faults.push((at.clone(), fault));
            }
            self.rows.insert(at, (line.now, entry.seq));
            self.entries.entry(entry.seq).or_insert_with(|| vouched.clone());
        }
    }
}

/// What was looked at, and what was found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Rows in covered tables.
    pub rows: u64,
    pub tables: u64,
    pub cases: u64,
    pub sealed: u64,
    /// In the order of the tables, cases first.
    pub faults: Vec<Fault>,
    /// The salt was altered or taken away: then no row can be judged.
    pub salt_altered: bool,
}

/// A chain of entries and the rows of one moment.
#[derive(Debug)]
pub struct Moment {
    tx: Tx,
}

impl Store {
    /// One moment of everything that Haven works with, to check it while work goes on.
    ///
    /// # Errors
    /// As the database gives them; so below.
    pub async fn moment(&self) -> Result<Moment, StoreError> {
        Ok(Moment { tx: self.haven().moment().await? })
    }
}

impl Moment {
    /// Where the chain says that it ends; none if somebody took that away.
    pub async fn head(&mut self) -> Result<Option<Head>, StoreError> {
        let row = self.tx.row("SELECT seq, hash FROM audit_head WHERE one = 1", vec![]).await?;
        row.map(|row| Ok(Head { seq: row.int("seq")?, hash: row.bytes32("hash")? })).transpose()
    }

    /// Entries from a number on, in order.
    pub async fn entries(&mut self, from_seq: i64) -> Result<Vec<Found>, StoreError> {
        audit::found(&mut self.tx, from_seq, AT_ONCE).await
    }
}

/// Compares every covered row with what the ledger says of it.
///
/// # Errors
/// As the database gives them.
pub async fn check(moment: &mut Moment, ledger: Ledger) -> Result<Checked, StoreError> {
    let tx = &mut moment.tx;
    let mut checked = Checked::default();
    let salt = match tx.row(READ_SALT, vec![]).await? {
        Some(row) => Salt(row.bytes32("salt")?),
        None => Salt([0; 32]),
    };
    if ledger.salt.as_ref().is_some_and(|said| *said != salt.line()) {
        checked.salt_altered = true;
        return Ok(checked);
    }
    let Ledger { mut rows, entries, faults: earlier, .. } = ledger;
    let mut references: HashMap<String, String> = HashMap::new();
    let mut names: HashMap<(String, KeyDigest), (String, Option<String>)> = HashMap::new();
    // Cases first: their references are needed for the names of everything else.
    let covered = schema::tables().iter().filter(|(name, _)| is_covered(name));
    let ordered: BTreeMap<(bool, &str), &schema::Table> =
        covered.map(|(name, table)| ((*name != "cases", *name), table)).collect();
    for ((_, name), table) in ordered {
        checked.tables = checked.tables.saturating_add(1);
        let mut after: Option<Vec<Value>> = None;
        loop {
            let (sql, values) = page(name, &table.key, after.take());
            let some = tx.read(sql, values).await?;
            for row in &some {
                checked.rows = checked.rows.saturating_add(1);
                let key = key_of(row, &table.key)?;
                let at = (name.to_owned(), salt.key(name, &key));
                let case = case_of(name, row);
                if name == "cases" {
                    checked.cases = checked.cases.saturating_add(1);
                    if let (Some(id), Ok(reference)) = (&case, row.text("reference")) {
                        references.insert(id.clone(), reference);
                    }
                }
                let unfit = name == "sealed" && {
                    checked.sealed = checked.sealed.saturating_add(1);
                    row.text("digest").ok() != row.bytes("ciphertext").ok().map(|bytes| digest_hex(&bytes))
                };
                let (said, seq) = rows.remove(&at).unwrap_or((None, 0));
                let is = salt.row(name, row).ok();
                let kind = match said {
                    _ if unfit => Some(Kind::TextUnfit),
                    None => Some(Kind::PutIn),
                    said if said != is => Some(Kind::Altered),
                    _ => None,
                };
                if let Some(kind) = kind {
                    let reference = case.as_ref().and_then(|id| references.get(id)).cloned();
                    let vouched = entries.get(&seq).cloned();
                    let shown = Some(shown(&key));
                    let table = name.to_owned();
                    checked.faults.push(Fault { table, kind, key: shown, case: case.clone(), reference, vouched });
                }
                if earlier.iter().any(|(place, _)| *place == at) {
                    names.insert(at, (shown(&key), case));
                }
                after = Some(key);
            }
            if after.is_none() {
                break;
            }
        }
    }
    let mut gone: Vec<Fault> = rows
        .into_iter()
        .filter(|(_, (said, _))| said.is_some())
        .map(|((table, _), (_, seq))| Fault {
            table,
            kind: Kind::Gone,
            key: None,
            case: None,
            reference: None,
            vouched: entries.get(&seq).cloned(),
        })
        .collect();
    gone.sort_by(|one, other| {
        let place =
            |fault: &Fault| (fault.table != "cases", fault.vouched.as_ref().map(|said| said.seq), fault.table.clone());
        place(one).cmp(&place(other))
    });
    checked.faults.extend(gone);
    checked.faults.extend(earlier.into_iter().map(|(at, mut fault)| {
        if let Some((key, case)) = names.get(&at) {
            fault.key = Some(key.clone());
            fault.case.clone_from(case);
        }
        fault
    }));
    for fault in &mut checked.faults {
        // A row that is not there is named by what its entry was about.
        let about = fault.case.clone().or_else(|| fault.vouched.as_ref().map(|said| said.object.clone()));
        if let Some(reference) = about.as_ref().and_then(|id| references.get(id)) {
            fault.reference = Some(reference.clone());
            fault.case = about;
        }
    }
    Ok(checked)
}

fn case_of(table: &str, row: &Row) -> Option<String> {
    let column = if table == "cases" { "id" } else { "case_id" };
    let has = schema::tables().get(table).is_some_and(|table| table.has(column));
    if has { row.text(column).ok() } else { None }
}

/// A key as people of the database know it.
fn shown(key: &[Value]) -> String {
    let one = |value: &Value| match value {
        Value::Int(number) => number.map(|number| number.to_string()).unwrap_or_default(),
        Value::Flag(flag) => flag.map(|flag| flag.to_string()).unwrap_or_default(),
        Value::Text(text) => text.clone().unwrap_or_default(),
        Value::Bytes(bytes) => bytes.as_ref().map(hex::encode).unwrap_or_default(),
    };
    key.iter().map(one).collect::<Vec<_>>().join(" / ")
}

/// The next rows of a table after a key.
fn page(table: &str, key: &[&'static str], after: Option<Vec<Value>>) -> (String, Vec<Value>) {
    let columns = key.join(", ");
    match after {
        None => (format!("SELECT * FROM {table} ORDER BY {columns} LIMIT {AT_ONCE}"), Vec::new()),
        Some(values) => {
            let numbers: Vec<String> = (1..=key.len()).map(|at| format!("${at}")).collect();
            let numbers = numbers.join(", ");
            (
                format!("SELECT * FROM {table} WHERE ({columns}) > ({numbers}) ORDER BY {columns} LIMIT {AT_ONCE}"),
                values,
            )
        }
    }
}
