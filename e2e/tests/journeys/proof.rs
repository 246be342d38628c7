//! Point 7 of the story: the record of what people did is proven against the last head that was held outside.

use e2e::{Base, House, on_both};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::people;

on_both!(d06_the_record_is_proven, d06_proof_sqlite, d06_proof_postgres);

async fn d06_the_record_is_proven(house: &mut House) {
    let lena = people::through_the_gate(house, "lena", "Lena Learner").await;
    lena.go(people::PREVENT_SEARCH).await;
    lena.close().await;
    people::first_case(house, "sunil").await;
    house.stop().await;
    let data = house.data.display().to_string();
    let (code, head, errors) = house.haven(&["audit", "head", "--data", &data], "").await;
    assert_eq!(code, 0, "{errors}");
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("head.txt");
    std::fs::write(&file, &head).unwrap();
    let file = file.display().to_string();
    let (code, out, errors) = house.haven(&["audit", "verify", "--data", &data, "--head", &file], "").await;
    assert_eq!(code, 0, "a record that nobody touched is proven: {out}{errors}");

    // More is added, and the old head still fits.
    house.start().await;
    people::cases(house, "sunil").await;
    house.stop().await;
    let (code, out, errors) = house.haven(&["audit", "verify", "--data", &data, "--head", &file], "").await;
    assert_eq!(code, 0, "what was added keeps the old head true: {out}{errors}");
    somebody_with_the_database(house, &data).await;
    if house.base == Base::Sqlite {
        altered_byte(house, &data, &file).await;
    }
    house.start().await;
}

/// Runs statements on one part of what the house keeps, as whoever owns the database can.
async fn tamper(house: &House, part: &str, sql: &str) {
    match &house.database {
        Some(database) => {
            let mut connection = PgConnection::connect(database).await.unwrap();
            let sql = format!("SET search_path = {part}; SET session_replication_role = replica; {sql}");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
        None => {
            let file = house.data.join(format!("{part}.db"));
            let options = SqliteConnectOptions::new().filename(file).foreign_keys(false);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        }
    }
}

/// Deeds, what undoes them, and what the check says: part, deed, undoing, words.
const DEEDS: [(&str, &str, &str, &str); 3] = [
    (
        "haven",
        "CREATE TABLE kept_cases AS SELECT * FROM cases; UPDATE cases SET owner_post = 'nobody'",
        "DELETE FROM cases; INSERT INTO cases SELECT * FROM kept_cases",
        ", where the case stands: kind, state, owner, dates and outcome: a row was altered (table cases, row ",
    ),
    (
        "haven",
        "CREATE TABLE kept_members AS SELECT * FROM case_members; DELETE FROM case_members",
        "INSERT INTO case_members SELECT * FROM kept_members",
        ", who has a place in the case: a row is missing (table case_members). It was there by entry ",
    ),
    (
        "activity",
        "CREATE TABLE kept_records AS SELECT * FROM records; DELETE FROM records WHERE batch = (SELECT max(batch) FROM records)",
        "DELETE FROM records; INSERT INTO records SELECT * FROM kept_records",
        "one of its records is missing, and no entry says that so old records were erased",
    ),
];

/// The newest activity cut off, batch and all: the chain before it still holds in itself.
const CUT: &str = "DELETE FROM records WHERE batch = (SELECT max(seq) FROM batches); \
                   DELETE FROM batches WHERE seq = (SELECT max(seq) FROM batches)";

/// Whatever is touched round Haven, the check names it.
async fn somebody_with_the_database(house: &House, data: &str) {
    for (part, deed, undo, words) in DEEDS {
        tamper(house, part, deed).await;
        let (code, out, errors) = house.haven(&["audit", "verify", "--data", data], "").await;
        assert_eq!(code, 1, "{deed}: {out}{errors}");
        assert!(out.contains(words), "`{words}` is not in: {out}");
        tamper(house, part, undo).await;
    }
    if house.base == Base::Sqlite {
        tamper(house, "activity", "DROP TRIGGER batches_no_delete").await;
    }
    tamper(house, "activity", "CREATE TABLE kept_batches AS SELECT * FROM batches").await;
    tamper(house, "activity", CUT).await;
    let (code, out, errors) = house.haven(&["audit", "verify", "--data", data], "").await;
    assert_eq!(code, 1, "{out}{errors}");
    assert!(out.contains("it is missing: entry "), "the newest activity: {out}");
    let undo = "DELETE FROM batches; INSERT INTO batches SELECT * FROM kept_batches; \
                DELETE FROM records; INSERT INTO records SELECT * FROM kept_records";
    tamper(house, "activity", undo).await;
    let (code, out, errors) = house.haven(&["audit", "verify", "--data", data], "").await;
    assert_eq!(code, 0, "mended, the record is whole again: {out}{errors}");
}

/// Somebody with the file in hand changes one letter of an entry.
async fn altered_byte(house: &House, data: &str, head: &str) {
    let file = house.data.join("haven.db");
    let kept = std::fs::read(&file).unwrap();
    let rows = e2e::kept::rows(house).await;
    let entry = rows.iter().find(|row| row.table == "audit" && row.column("action").starts_with("case."));
    let word = entry.expect("the record has an entry about a case").column("action");
    let mut bytes = kept.clone();
    let places: Vec<usize> =
        (0..bytes.len() - word.len()).filter(|at| bytes[*at..].starts_with(word.as_bytes())).collect();
    for at in places {
        bytes[at] ^= 1;
    }
    std::fs::write(&file, &bytes).unwrap();
    let (code, out, errors) = house.haven(&["audit", "verify", "--data", data, "--head", head], "").await;
    std::fs::write(&file, kept).unwrap();
    assert_eq!(code, 1, "an altered letter is found: {out}{errors}");
}
