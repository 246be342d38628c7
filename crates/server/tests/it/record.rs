//! D06: one altered byte anywhere in the record shows, on both databases, against the last head held outside.

use casework::audit::{Entry, GENESIS, entry_hash};
use store::Store;
use store::testing::{places, run_sql};

use crate::office::{Office, office};
use crate::run::{Ended, haven};

/// The test's own doings: a way round Haven that nobody has through Haven.
async fn sql(store: &Store, text: String) {
    run_sql(store, &text).await.unwrap();
}

const TABLES: [&str; 6] = ["audit", "audit_head", "sealed", "cases", "case_members", "people"];

/// Takes away what the database refuses, as somebody who owns it could, and keeps copies.
async fn disarm(store: &Store) {
    store::testing::disarm(store).await;
    for table in TABLES {
        sql(store, format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
    }
}

/// Puts the record back as it was.
async fn mend(store: &Store) {
    for table in TABLES {
        sql(store, format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}")).await;
    }
}

fn bytes(store: &Store, hash: &[u8; 32]) -> String {
    let text = hex::encode(hash);
    if store.is_postgres() { format!("'\\x{text}'::bytea") } else { format!("x'{text}'") }
}

/// Writes every entry anew with another word in the second, so that the chain holds in itself.
async fn recompute(store: &Store) {
    let entries = store::audit::entries(store, 1, 10_000).await.unwrap();
    let mut prev = GENESIS;
    let mut last = 0;
    for Entry { seq, mut new, .. } in entries {
        if seq == 2 {
            new.detail = "{\"altered\":true}".to_owned();
        }
        let hash = entry_hash(seq, &prev, &new);
        let (before, after) = (bytes(store, &prev), bytes(store, &hash));
        sql(
            store,
            format!("UPDATE audit SET detail = '{}', prev = {before}, hash = {after} WHERE seq = {seq}", new.detail),
        )
        .await;
        prev = hash;
        last = seq;
    }
    sql(store, format!("UPDATE audit_head SET seq = {last}, hash = {}", bytes(store, &prev))).await;
}

/// Cuts the last entries off and moves the end back, so that the chain holds in itself.
async fn truncate(store: &Store) {
    let last = store::audit::head(store).await.unwrap().seq - 2;
    let entries = store::audit::entries(store, last, 1).await.unwrap();
    sql(store, format!("DELETE FROM audit WHERE seq > {last}")).await;
    sql(store, format!("UPDATE audit_head SET seq = {last}, hash = {}", bytes(store, &entries[0].hash))).await;
    sql(store, "DELETE FROM sealed".to_owned()).await;
}

/// Somebody puts a key of their own in the place of the recovery key: the next cases would open to them.
async fn keys_exchanged(office: &Office, store: &Store, head: &str) {
    let ours = store::keys::recovery(store).await.unwrap().unwrap();
    let now = jiff::Timestamp::now();
    store::keys::put_recovery(store, &[9; 32], now).await.unwrap();
    shows(&verify(office, head), "The key of 'recovery' was exchanged or put in");
    store::keys::put_recovery(store, &ours, now).await.unwrap();
}

/// What a check of the filter found is for inspectors: whoever makes it better afterwards is found out.
async fn filter_checks_altered(office: &Office, store: &Store, head: &str) {
    let activity = async |text: &str| store::testing::run_activity_sql(store, text).await.unwrap();
    activity("UPDATE checks SET results = '[ ]'").await;
    shows(&verify(office, head), "What the check of the filter at gateway 'hall' found on ");
    activity("UPDATE checks SET results = '[]', noted_at = NULL").await;
    assert_eq!(verify(office, head).code, 0, "as it was; it is only not marked yet");
    activity("UPDATE checks SET noted_at = 1").await;
    activity("INSERT INTO checks SELECT 'another', node, at, '[1]', noted_at FROM checks").await;
    shows(&verify(office, head), "was altered or put in: no entry speaks of it (table checks, another)");
    activity("DELETE FROM checks").await;
    shows(&verify(office, head), "What a check of the filter found is missing or was altered");
}

fn verify(office: &Office, head: &str) -> Ended {
    haven(&["audit", "verify", "--config", &office.config, "--head", head])
}

#[track_caller]
fn shows(ended: &Ended, part: &str) {
    assert_eq!(ended.code, 1, "{}{}", ended.out, ended.err);
    assert!(ended.out.contains(part), "`{part}` is not in: {}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_audit_verify_finds_every_kind_of_alteration() {
    for place in places().await {
        eprintln!("on {}", place.name);
        let office = office(place);
        let store = office.store().await;
        office.a_concern(&store).await;
        let hub = office.hub(&store).await;
        actions::checks::file(&hub, "a-check", "hall", &[]).await.unwrap();
        actions::checks::note(&hub).await.unwrap();
        let head = haven(&["audit", "head", "--config", &office.config]);
        assert_eq!(head.code, 0, "{}", head.err);
        let file = office.place.folder().join("head-outside.txt");
        std::fs::write(&file, &head.out).unwrap();
        let head = file.display().to_string();
        let whole = verify(&office, &head);
        assert_eq!(whole.code, 0, "{}{}", whole.out, whole.err);
        for part in ["The record is whole.", " entries, 1 case, ", " sealed texts, ", " tables, and ", "of activity"] {
            assert!(whole.out.contains(part), "`{part}` is not in: {}", whole.out);
        }

        disarm(&store).await;
        sql(&store, "UPDATE audit SET detail = detail || ' ' WHERE seq = 3".to_owned()).await;
        shows(&verify(&office, &head), "entry 3 was altered");
        mend(&store).await;

        sql(&store, "DELETE FROM audit WHERE seq = 3".to_owned()).await;
        shows(&verify(&office, &head), "entry 3 is missing");
        mend(&store).await;

        sql(&store, "UPDATE sealed SET ciphertext = substr(ciphertext, 2)".to_owned()).await;
        shows(&verify(&office, &head), "was altered: its content no longer fits its digest");
        mend(&store).await;

        let digest = "ab".repeat(32);
        sql(&store, format!("UPDATE sealed SET digest = '{digest}'")).await;
        shows(&verify(&office, &head), "was altered");
        mend(&store).await;

        sql(&store, "DELETE FROM sealed".to_owned()).await;
        shows(&verify(&office, &head), "the sealed texts of the case: a row is missing (table sealed)");
        mend(&store).await;

        // Beyond reading is altered too: the check ran, and names the entry.
        for digests in ["digests || ' '", "substr(digests, 2)", "'x'"] {
            sql(&store, format!("UPDATE audit SET digests = {digests} WHERE seq = 3")).await;
            shows(&verify(&office, &head), "entry 3 was altered");
            mend(&store).await;
        }

        sql(&store, "UPDATE sealed SET by_person = 'somebody'".to_owned()).await;
        shows(&verify(&office, &head), "the sealed texts of the case: a row was altered (table sealed, row ");
        mend(&store).await;

        sql(&store, "UPDATE cases SET state = 'closed'".to_owned()).await;
        shows(
            &verify(&office, &head),
            "where the case stands: kind, state, owner, dates and outcome: a row was altered",
        );
        mend(&store).await;

        sql(&store, "DELETE FROM case_members".to_owned()).await;
        shows(
            &verify(&office, &head),
            "who has a place in the case: a row is missing (table case_members). It was there by entry",
        );
        mend(&store).await;

        sql(&store, "UPDATE people SET name = 'Somebody Else'".to_owned()).await;
        shows(&verify(&office, &head), "The people of the organisation: a row was altered (table people, row ");
        mend(&store).await;

        keys_exchanged(&office, &store, &head).await;

        let found = store::checks::of_request(&store, "a-check").await.unwrap();
        filter_checks_altered(&office, &store, &head).await;
        store::checks::keep(&store, &found[0]).await.unwrap();
        store::checks::noted(&store, &found[0], jiff::Timestamp::now()).await.unwrap();

        truncate(&store).await;
        shows(&verify(&office, &head), "cut short");
        mend(&store).await;

        recompute(&store).await;
        shows(&verify(&office, &head), "written anew");
        mend(&store).await;

        assert_eq!(verify(&office, &head).code, 0, "mended, the record is whole again");
        store.close().await;
        office.place.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_a_head_by_another_key_is_refused_and_an_export_is_checked_by_itself() {
    let office = office(store::testing::sqlite());
    let export = office.place.folder().join("record.jsonl");
    let file = export.display().to_string();
    assert_eq!(haven(&["audit", "export", "--config", &office.config, &file]).code, 0);
    let checked = haven(&["audit", "verify", "--export", &file]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);

    let text = std::fs::read_to_string(&export).unwrap();
    std::fs::write(&export, text.replacen("people.add", "people.odd", 1)).unwrap();
    shows(&haven(&["audit", "verify", "--export", &file]), "was altered");
    let short: Vec<&str> = text.lines().take(3).collect();
    std::fs::write(&export, short.join("\n")).unwrap();
    shows(&haven(&["audit", "verify", "--export", &file]), "cut short");

    let other = self::office(store::testing::sqlite());
    let head = haven(&["audit", "head", "--config", &other.config]).out;
    let outside = office.place.folder().join("their-head.txt");
    std::fs::write(&outside, head).unwrap();
    shows(&verify(&office, &outside.display().to_string()), "not signed by this organisation's key");
}

#[test]
fn d06_a_head_that_is_none_is_refused() {
    let office = office(store::testing::sqlite());
    let file = office.place.folder().join("none.txt");
    std::fs::write(&file, "nothing").unwrap();
    verify(&office, &file.display().to_string()).refused(&["it holds no head", "haven audit head"]);
}
