//! The store itself, the transaction that an action runs in, and pages of rows.

use std::path::Path;
use std::sync::Arc;

use casework::audit::{Entry, NewEntry};
use jiff::Timestamp;

use crate::db::open::{Location, Part};
use crate::db::{Db, Row, Tx, Value};
use crate::record::change::Changed;
use crate::record::{READ_SALT, Salt};
use crate::{StoreError, audit, feed};

/// Everything kept. Cheap to clone; all clones share the same connections.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    haven: Db,
    activity: Db,
    keys: Db,
    salt: Salt,
}

impl Store {
    /// Opens or makes the three databases and brings them forward.
    ///
    /// # Errors
    /// [`StoreError::Newer`] if a later Haven has used them, `Unreadable` if they are not Haven's or may not be opened,
    /// `Away` if the server does not answer.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let haven = crate::db::open::open(location, Part::Haven).await?;
        let activity = crate::db::open::open(location, Part::Activity).await?;
        let keys = crate::db::open::open(location, Part::Keys).await?;
        let salt = match haven.row(READ_SALT, vec![]).await? {
            Some(row) => Salt(row.bytes32("salt")?),
            // Somebody took it away: nothing fits any more, and the check of the record says so.
            None => Salt([0; 32]),
        };
        Ok(Self { inner: Arc::new(Parts { haven, activity, keys, salt }) })
    }

    /// The way of a gateway on a machine of its own: what [`crate::gateway`] lets it see, its activity, and no keys. The
    /// database need not answer yet.
    ///
    /// # Errors
    /// `Unreadable` if that is no address of a PostgreSQL database.
    pub fn open_as_gateway(url: &str) -> Result<Self, StoreError> {
        let haven = crate::db::open::open_as_gateway(url, "gateway")?;
        let activity = crate::db::open::open_as_gateway(url, Part::Activity.name())?;
        // No entry is written from there: the record is behind the wall.
        let salt = Salt([0; 32]);
        Ok(Self { inner: Arc::new(Parts { haven, activity, keys: Db::Shut, salt }) })
    }

    /// Begins the one transaction of an action.
    ///
    /// # Errors
    /// `Away` or `Busy`.
    pub async fn begin(&self) -> Result<Unit, StoreError> {
        Ok(Unit {
            store: self.clone(),
            tx: self.inner.haven.begin().await?,
            changed: Changed::default(),
            entries: Vec::new(),
            news: Vec::new(),
        })
    }

    /// Asks the database for one row.
    ///
    /// # Errors
    /// `Away` if it does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.inner.haven.row("SELECT 1 AS one", vec![]).await.map(|_| ())
    }

    /// Ends all connections, after the statements that are under way.
    pub async fn close(&self) {
        self.inner.haven.close().await;
        self.inner.activity.close().await;
        self.inner.keys.close().await;
    }

    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self.inner.haven, Db::Postgres { .. })
    }

    /// Writes a consistent copy of `haven.db` and `activity.db` into a folder, for a backup. Never the keys.
    ///
    /// # Errors
    /// `Refused` on PostgreSQL, whose own tools do this; `Unreadable` if the folder cannot be written.
    pub async fn copy_to(&self, folder: &Path) -> Result<(), StoreError> {
        for (db, part) in [(&self.inner.haven, Part::Haven), (&self.inner.activity, Part::Activity)] {
            let file = folder.join(format!("{}.db", part.name()));
            db.copy_to(&file).await?;
        }
        Ok(())
    }

    pub(crate) fn haven(&self) -> &Db {
        &self.inner.haven
    }

    pub(crate) fn activity(&self) -> &Db {
        &self.inner.activity
    }

    pub(crate) fn keys(&self) -> &Db {
        &self.inner.keys
    }

    pub(crate) fn salt(&self) -> Salt {
        self.inner.salt
    }
}

/// One transaction on what Haven works with: the change, its audit entries and its outgoing jobs. Dropped without
/// [`Unit::commit`], everything in it is undone. No network call and no password hashing while one is open.
#[derive(Debug)]
pub struct Unit {
    store: Store,
    tx: Tx,
    changed: Changed,
    entries: Vec<NewEntry>,
    news: Vec<(String, String, Timestamp)>,
}

impl Unit {
    /// Writes the feed rows, then the audit entries as the last statements, and commits. Gives the entries as written: the
    /// first vouches for every row that the unit wrote ([`crate::record`]). A unit that wrote such rows and brought no
    /// entry gets one of its own, so that nothing changes without the record saying so.
    ///
    /// # Errors
    /// `Away` or `Busy`: nothing of the unit was kept, run the action again. After `Away` at the very commit the answer is
    /// unknown; an idempotency key ([`crate::receipts`]) tells.
    pub async fn commit(mut self) -> Result<Vec<Entry>, StoreError> {
        let lines = self.changed.lines(&self.store, &mut self.tx).await?;
        let entries = audit::vouching(&mut self.tx, std::mem::take(&mut self.entries), lines).await?;
        // The two heads are rows that every writer takes: taken last and in one order, nobody waits in a circle.
        for (kind, digest, at) in std::mem::take(&mut self.news) {
            feed::write(&mut self.tx, &kind, &digest, at).await?;
        }
        let mut written = Vec::with_capacity(entries.len());
        for new in entries {
            written.push(audit::write(&mut self.tx, self.store.salt(), new).await?);
        }
        self.tx.commit().await?;
        Ok(written)
    }

    pub(crate) fn note(&mut self, entry: NewEntry) {
        self.entries.push(entry);
    }

    pub(crate) fn announce(&mut self, kind: &str, digest: &str, at: Timestamp) {
        self.news.push((kind.to_owned(), digest.to_owned(), at));
    }

    /// Runs a statement; the rows that it writes are vouched for at the commit.
    pub(crate) async fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        self.changed.execute(&self.store, &mut self.tx, sql, values).await
    }

    /// For a change that must hit its row: [`StoreError::Conflict`] if it did not.
    pub(crate) async fn execute_one(&mut self, sql: &'static str, values: Vec<Value>) -> Result<(), StoreError> {
        match self.execute(sql, values).await? {
            1 => Ok(()),
            _ => Err(StoreError::Conflict),
        }
    }
}

/// Where a read looks: at what is committed, or inside a transaction.
#[derive(Debug)]
pub struct Reader<'a>(Source<'a>);

#[derive(Debug)]
enum Source<'a> {
    Committed(&'a Db),
    Inside(&'a mut Tx),
}

impl<'a> From<&'a Store> for Reader<'a> {
    fn from(store: &'a Store) -> Self {
        Self(Source::Committed(store.haven()))
    }
}

impl<'a> From<&'a mut Unit> for Reader<'a> {
    fn from(unit: &'a mut Unit) -> Self {
        Self(Source::Inside(&mut unit.tx))
    }
}

impl Reader<'_> {
    pub(crate) async fn rows(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match &mut self.0 {
            Source::Committed(db) => db.rows(sql, values).await,
            Source::Inside(tx) => tx.rows(sql, values).await,
        }
    }

    pub(crate) async fn row(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// All rows, each read by `read`.
    pub(crate) async fn all<T>(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
        read: fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.rows(sql, values).await?.iter().map(read).collect()
    }

    /// The first row, read by `read`.
    pub(crate) async fn first<T>(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
        read: fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.row(sql, values).await?.as_ref().map(read).transpose()
    }

    /// A number that a statement calls `n`.
    pub(crate) async fn number(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        match self.row(sql, values).await? {
            Some(row) => row.count("n"),
            None => Ok(0),
        }
    }
}

/// The person who looks: rows about themselves are never among what they see or count (invariant 11).
#[derive(Debug, Clone)]
pub struct Viewer {
    pub person: String,
    /// [`crate::vault::person_token`] of the same person.
    pub token: [u8; 32],
}

/// Rows on one page of a list.
pub const ROWS_PER_PAGE: u32 = 25;
/// The last page that is ever asked for: a hostile page number costs nothing.
const PAGE_LIMIT: u32 = 100_000;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Counted from 1.
    pub page: u32,
    /// At least 1.
    pub pages: u32,
    /// Rows on all pages.
    pub total: u64,
}

impl<T> Page<T> {
    pub(crate) fn of(items: Vec<T>, page: u32, total: u64) -> Self {
        let pages = u32::try_from(total.div_ceil(u64::from(ROWS_PER_PAGE))).unwrap_or(u32::MAX).max(1);
        Self { items, page: page.clamp(1, PAGE_LIMIT), pages, total }
    }

    /// One page, counted from 1, of rows that are all at hand.
    #[must_use]
    pub fn part_of(all: Vec<T>, page: u32) -> Self {
        let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let before = usize::try_from(offset(page)).unwrap_or(usize::MAX);
        let rows = usize::try_from(ROWS_PER_PAGE).unwrap_or(usize::MAX);
        Self::of(all.into_iter().skip(before).take(rows).collect(), page, total)
    }

    /// The same page with each row turned into something else.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(turn).collect(),
            page: self.page,
            pages: self.pages,
            total: self.total,
        }
    }
}

/// Rows before a page that is counted from 1.
pub(crate) fn offset(page: u32) -> i64 {
    i64::from(page.clamp(1, PAGE_LIMIT) - 1) * i64::from(ROWS_PER_PAGE)
}
