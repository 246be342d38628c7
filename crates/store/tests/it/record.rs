//! The record vouches for everything: somebody with the database in their hands is found out, whatever they touch.

use std::time::{Duration, Instant};

use casework::CaseState;
use casework::audit::Walk;
use store::audit::Found;
use store::cases::{self, Member, Place};
use store::decisions::Decision;
use store::record::{Checked, Fault, Kind, Ledger, words};
use store::sealed::{Sealed, SealedKind};
use store::testing::{Column, covered, disarm, fill, in_unit, run_sql, tables_there};
use store::{Store, audit, sealed};

use crate::support::{append, at, entry, open_case, permit, person};

store::each_store!(
    d06_a_value_changed_in_any_column_of_any_table_is_named,
    d06_a_row_swapped_deleted_or_put_in_is_named_in_any_table,
    d06_an_old_copy_put_back_is_named,
    d06_an_alteration_that_haven_wrote_over_still_shows,
    d06_every_column_of_an_entry_is_guarded,
    d06_every_table_of_the_database_is_known_to_the_record,
    d06_what_haven_itself_deletes_leaves_the_record_whole,
    d06_many_at_once_leave_the_record_whole,
    d06_a_change_without_an_entry_gets_one,
    d06_a_change_outside_a_unit_is_refused,
    long_d06_what_the_record_costs,
);

/// Walks the chain and compares every row; what is wrong with the chain itself comes back as an error.
async fn look(store: &Store) -> Result<Checked, String> {
    let mut moment = store.moment().await.unwrap();
    let (mut walk, mut ledger) = (Walk::default(), Ledger::default());
    loop {
        let some = moment.entries(walk.last_seq() + 1).await.unwrap();
        if some.is_empty() {
            let head = moment.head().await.unwrap().ok_or("no head")?;
            if (head.seq, head.hash) != (walk.last_seq(), walk.last_hash()) {
                return Err("the head does not fit".to_owned());
            }
            return Ok(store::record::check(&mut moment, ledger).await.unwrap());
        }
        for one in some {
            let Found::Entry(entry) = one else { return Err(format!("{one:?}")) };
            walk.step(&entry).map_err(|fault| fault.to_string())?;
            assert!(entry.new.digests.iter().all(|text| store::record::is_vouching(text)), "{entry:?}");
            ledger.take(&entry);
        }
    }
}

async fn faults(store: &Store) -> Vec<Fault> {
    let checked = look(store).await.unwrap();
    assert!(!checked.salt_altered);
    checked.faults
}

async fn whole(store: &Store) {
    assert_eq!(faults(store).await, []);
}

/// A database in which each table has two rows that Haven wrote, and from which all refusals are taken away.
async fn filled(store: &Store) {
    disarm(store).await;
    let mut unit = store.begin().await.unwrap();
    audit::append(&mut unit, entry("case.open", "id-1"));
    for (table, _) in covered() {
        for number in [1, 2] {
            fill(&mut unit, table, number).await;
        }
    }
    unit.commit().await.unwrap();
    for (table, _) in covered() {
        run_sql(store, &format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await.unwrap();
    }
    whole(store).await;
}

async fn mend(store: &Store, table: &str) {
    run_sql(store, &format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}")).await.unwrap();
}

/// The first of the two rows.
fn first(columns: &[Column]) -> String {
    let key = columns.iter().find(|column| column.key).unwrap();
    match key.kind {
        "BIGINT" => format!("{} = 1", key.name),
        "BYTEA" => panic!("no table begins its key with bytes"),
        _ => format!("{} = '{}-1'", key.name, key.name),
    }
}

fn flips(store: &Store, column: &Column) -> Vec<String> {
    let name = column.name;
    let other = match column.kind {
        "BIGINT" => format!("{name} = {name} + 40"),
        "BOOLEAN" => format!("{name} = CASE WHEN {name} THEN false ELSE true END"),
        "BYTEA" if store.is_postgres() => format!("{name} = decode(repeat('ab', 32), 'hex')"),
        "BYTEA" => format!("{name} = x'{}'", "ab".repeat(32)),
        _ => format!("{name} = {name} || 'x'"),
    };
    let empty = format!("{name} = NULL");
    if column.key { vec![other] } else { vec![other, empty] }
}

async fn d06_a_value_changed_in_any_column_of_any_table_is_named(store: Store) {
    filled(&store).await;
    for (table, columns) in covered() {
        for column in &columns {
            for flip in flips(&store, column) {
                let sql = format!("UPDATE {table} SET {flip} WHERE {}", first(&columns));
                // Some columns are never empty, and the database holds to that.
                if run_sql(&store, &sql).await.is_err() {
                    assert!(flip.ends_with("NULL"), "{sql}");
                    continue;
                }
                let found = faults(&store).await;
                if column.loose {
                    assert_eq!(found, [], "{sql}");
                } else {
                    let named = found.iter().all(|fault| fault.table == table) && !found.is_empty();
                    assert!(named, "{sql}: {found:?}");
                    let kinds: Vec<Kind> = found.iter().map(|fault| fault.kind).collect();
                    let wanted = match (table, column.name) {
                        (_, _) if column.key => vec![Kind::PutIn, Kind::Gone],
                        ("sealed", "ciphertext" | "digest") => vec![Kind::TextUnfit],
                        _ => vec![Kind::Altered],
                    };
                    assert_eq!(kinds, wanted, "{sql}");
                    assert!(found.iter().any(|fault| fault.vouched.as_ref().is_some_and(|said| said.seq == 1)));
                }
                mend(&store, table).await;
            }
        }
    }
    whole(&store).await;
    run_sql(&store, "UPDATE record_salt SET one = 2").await.unwrap();
    assert!(look(&store).await.unwrap().salt_altered);
}

async fn d06_a_row_swapped_deleted_or_put_in_is_named_in_any_table(store: Store) {
    filled(&store).await;
    for (table, columns) in covered() {
        let key = columns.iter().find(|column| column.key).unwrap();
        let value =
            |number: u8| if key.kind == "BIGINT" { number.to_string() } else { format!("'{}-{number}'", key.name) };
        let name = key.name;
        let to =
            |from: u8, to: u8| format!("UPDATE {table} SET {name} = {} WHERE {name} = {};", value(to), value(from));
        let [a, b, c] = [to(1, 9), to(2, 1), to(9, 2)];
        run_sql(&store, &format!("{a}{b}{c}")).await.unwrap();
        let found = faults(&store).await;
        assert!(found.len() >= 2 && found.iter().all(|fault| fault.table == table), "swapped in {table}: {found:?}");
        mend(&store, table).await;

        run_sql(&store, &format!("DELETE FROM {table} WHERE {}", first(&columns))).await.unwrap();
        let found = faults(&store).await;
        assert_eq!((found.len(), found[0].kind, found[0].table.as_str()), (1, Kind::Gone, table));
        mend(&store, table).await;

        run_sql(&store, &format!("DELETE FROM {table} WHERE {}; {b}", first(&columns))).await.unwrap();
        assert!(!faults(&store).await.is_empty(), "one row in the place of another in {table}");
        mend(&store, table).await;
    }
    whole(&store).await;
}

async fn d06_an_old_copy_put_back_is_named(store: Store) {
    let mut case = open_case(&store, "c1", "learner").await;
    run_sql(&store, "CREATE TABLE older AS SELECT * FROM cases").await.unwrap();
    let mut unit = store.begin().await.unwrap();
    case.state = CaseState::Open;
    cases::update(&mut unit, &permit("c1"), &case).await.unwrap();
    audit::append(&mut unit, entry("case.assess", "c1"));
    unit.commit().await.unwrap();
    whole(&store).await;
    disarm(&store).await;
    run_sql(&store, "DELETE FROM cases; INSERT INTO cases SELECT * FROM older").await.unwrap();
    let found = faults(&store).await;
    assert_eq!((found.len(), found[0].kind), (1, Kind::Altered), "{found:?}");
    assert_eq!(found[0].reference.as_deref(), Some("ref-c1"));
    assert_eq!(found[0].vouched.as_ref().unwrap().action, "case.assess");
    // A row that Haven took away does not come back either.
    let mut unit = store.begin().await.unwrap();
    cases::set_members(&mut unit, &permit("c1"), "c1", &[]).await.unwrap();
    audit::append(&mut unit, entry("case.passed-on", "c1"));
    unit.commit().await.unwrap();
    run_sql(&store, "INSERT INTO case_members VALUES ('c1', 'lead', 'safeguarding', 'owner', 0)").await.unwrap();
    let found = faults(&store).await;
    assert!(
        found.iter().any(|fault| fault.kind == Kind::PutIn && words(&fault.table) == "who has a place in the case")
    );
}

/// Otherwise the next action on the case would cover the alteration up.
async fn d06_an_alteration_that_haven_wrote_over_still_shows(store: Store) {
    let case = open_case(&store, "c1", "learner").await;
    run_sql(&store, "UPDATE cases SET grade = 'low' WHERE id = 'c1'").await.unwrap();
    run_sql(&store, "UPDATE case_members SET person = 'stranger' WHERE person = 'deputy'").await.unwrap();
    let mut unit = store.begin().await.unwrap();
    cases::update(&mut unit, &permit("c1"), &case).await.unwrap();
    let lead = Member { person: "lead".to_owned(), post: "x".to_owned(), place: Place::Owner, since: at(0) };
    cases::set_members(&mut unit, &permit("c1"), "c1", &[lead]).await.unwrap();
    audit::append(&mut unit, entry("case.step", "c1"));
    let seq = unit.commit().await.unwrap()[0].seq;
    let mut found: Vec<_> = faults(&store).await.into_iter().map(|fault| (fault.table, fault.kind)).collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(found.contains(&("cases".to_owned(), Kind::AlteredBefore { seq })), "{found:?}");
    assert!(found.contains(&("case_members".to_owned(), Kind::AlteredBefore { seq })), "the stranger: {found:?}");
    assert!(found.contains(&("case_members".to_owned(), Kind::Gone)), "the deputy: {found:?}");
}

async fn d06_every_column_of_an_entry_is_guarded(store: Store) {
    open_case(&store, "c1", "learner").await;
    for number in 0..3 {
        append(&store, entry("case.note", &format!("c{number}"))).await;
    }
    disarm(&store).await;
    run_sql(&store, "CREATE TABLE kept_audit AS SELECT * FROM audit").await.unwrap();
    run_sql(&store, "CREATE TABLE kept_audit_head AS SELECT * FROM audit_head").await.unwrap();
    let bytes = if store.is_postgres() { "decode(repeat('ab', 32), 'hex')" } else { "randomblob(32)" };
    let short = if store.is_postgres() { "decode('ab', 'hex')" } else { "x'ab'" };
    let mut sets: Vec<String> = ["actor", "action", "object", "detail", "citation"]
        .iter()
        .map(|column| format!("{column} = {column} || ' '"))
        .collect();
    sets.extend(["at = at + 1", "seq = seq + 40"].map(str::to_owned));
    sets.extend([bytes, short].iter().flat_map(|value| [format!("prev = {value}"), format!("hash = {value}")]));
    for digests in [
        "digests || ' '",
        "substr(digests, 2)",
        "'[ ' || substr(digests, 2)",
        "replace(digests, 'f', 'e')",
        "'[]'",
        "'{}'",
        "''",
        "substr(digests, 1, length(digests) - 1) || ',\"x\"]'",
    ] {
        sets.push(format!("digests = {digests}"));
    }
    for set in sets {
        run_sql(&store, &format!("UPDATE audit SET {set} WHERE seq = 3")).await.unwrap();
        let said = look(&store).await.expect_err(&set);
        assert!(said.contains('3'), "{set}: {said}");
        mend(&store, "audit").await;
    }
    for set in ["seq = seq + 1".to_owned(), format!("hash = {bytes}"), "one = 5".to_owned()] {
        run_sql(&store, &format!("UPDATE audit_head SET {set}")).await.unwrap();
        look(&store).await.expect_err(&set);
        mend(&store, "audit_head").await;
    }
    look(&store).await.unwrap();
}

async fn d06_every_table_of_the_database_is_known_to_the_record(store: Store) {
    let covered: Vec<&str> = covered().into_iter().map(|(table, _)| table).collect();
    for table in tables_there(&store).await {
        let left_out = store::record::NOT_COVERED.iter().any(|(name, reason)| *name == table && !reason.is_empty());
        // `versions` only numbers the migrations that have run.
        let known = covered.contains(&table.as_str()) || left_out || table == "versions";
        assert!(known, "{table}: no entry vouches for its rows, and nobody has said why");
    }
}

async fn d06_what_haven_itself_deletes_leaves_the_record_whole(store: Store) {
    open_case(&store, "c1", "learner").await;
    let note = Sealed::new("s1".into(), "c1".into(), SealedKind::Decision, at(0), "lead".into(), vec![1, 2, 3]);
    let decision = Decision {
        id: "d1".into(),
        case: "c1".into(),
        step: "talk".into(),
        option: "yes".into(),
        at: at(0),
        by: "lead".into(),
        sealed: Some("s1".into()),
    };
    let mut unit = store.begin().await.unwrap();
    sealed::insert(&mut unit, &permit("c1"), &note).await.unwrap();
    store::decisions::insert(&mut unit, &permit("c1"), &decision).await.unwrap();
    audit::append(&mut unit, entry("case.step", "c1"));
    unit.commit().await.unwrap();
    whole(&store).await;
    // The database itself empties `decisions.sealed_id`.
    let mut unit = store.begin().await.unwrap();
    sealed::erase(&mut unit, &permit("c1"), "c1").await.unwrap();
    audit::append(&mut unit, entry("case.assess", "c1"));
    unit.commit().await.unwrap();
    whole(&store).await;
    // The database itself takes members and decisions along.
    let mut unit = store.begin().await.unwrap();
    assert_eq!(in_unit(&mut unit, "DELETE FROM cases WHERE id = 'c1'".to_owned()).await.unwrap(), 1);
    unit.commit().await.unwrap();
    whole(&store).await;
    assert_eq!(look(&store).await.unwrap().rows, 0);
}

async fn d06_many_at_once_leave_the_record_whole(store: Store) {
    open_case(&store, "c1", "learner").await;
    let tasks: Vec<_> = (0..24)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut unit = store.begin().await.unwrap();
                let id = format!("s{number}");
                let note = Sealed::new(id, "c1".into(), SealedKind::Note, at(0), "lead".into(), vec![number]);
                sealed::insert(&mut unit, &permit("c1"), &note).await.unwrap();
                in_unit(&mut unit, "UPDATE cases SET hits = hits + 1 WHERE id = 'c1'".to_owned()).await.unwrap();
                audit::append(&mut unit, entry("case.note", "c1"));
                unit.commit().await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    whole(&store).await;
}

async fn d06_a_change_without_an_entry_gets_one(store: Store) {
    let mut unit = store.begin().await.unwrap();
    store::people::insert(&mut unit, &person("p1")).await.unwrap();
    let written = unit.commit().await.unwrap();
    assert_eq!((written.len(), written[0].new.action.as_str()), (1, audit::ROWS_WRITTEN));
    whole(&store).await;
    // What changes nothing needs none.
    let mut unit = store.begin().await.unwrap();
    store::people::update(&mut unit, &person("p1")).await.unwrap();
    assert_eq!(unit.commit().await.unwrap(), []);
    // Many rows go into several entries.
    let mut unit = store.begin().await.unwrap();
    for number in 0..2000 {
        store::settings::put(&mut unit, &format!("key.{number}"), "x").await.unwrap();
    }
    assert!(unit.commit().await.unwrap().len() > 1);
    whole(&store).await;
}

async fn d06_a_change_outside_a_unit_is_refused(store: Store) {
    let mut unit = store.begin().await.unwrap();
    let sql = "UPDATE settings SET value = 'x' RETURNING key".to_owned();
    assert!(in_unit(&mut unit, sql).await.is_err(), "the unit asks for the rows itself");
}

/// Takes notes on a case and gives the middle of the times that they took.
async fn notes(store: &Store, prefix: &str, count: u32) -> Duration {
    let mut times = Vec::new();
    for number in 0..count {
        let began = Instant::now();
        let mut unit = store.begin().await.unwrap();
        let id = format!("{prefix}{number}");
        let note = Sealed::new(id, "c1".into(), SealedKind::Note, at(0), "lead".into(), vec![7; 400]);
        sealed::insert(&mut unit, &permit("c1"), &note).await.unwrap();
        audit::append(&mut unit, entry("case.note", "c1"));
        unit.commit().await.unwrap();
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

/// What an action pays does not grow with the case.
#[allow(clippy::print_stderr, reason = "people read the measure")]
async fn long_d06_what_the_record_costs(store: Store) {
    open_case(&store, "c1", "learner").await;
    let small = notes(&store, "a", 100).await;
    notes(&store, "b", 400).await;
    let large = notes(&store, "c", 100).await;
    let began = Instant::now();
    whole(&store).await;
    eprintln!(
        "a note on a case with 0-100 rows {small:?}, with 500-600 rows {large:?}; the check {:?}",
        began.elapsed()
    );
    assert!(large < small * 3 + Duration::from_millis(5), "{small:?} became {large:?}");
}
