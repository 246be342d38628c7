//! A gateway on a machine of its own: its way into PostgreSQL, and the wall around it.
//!
//! The schema `gateway` holds views by the names of the tables that a gateway reads, with the rows and columns that it needs
//! and constants in place of all others. So the very same statements run there, and nothing else is within reach.

use std::fmt::Write as _;

use crate::db::{migrate, values};
use crate::{Store, StoreError};

/// Views that a gateway may read.
const READ: &[&str] = &[
    "versions",
    "feed",
    "feed_head",
    "packs",
    "packs_in_force",
    "local_rules",
    "lessons",
    "lesson_sites",
    "lesson_people",
    "sessions",
    "people",
    "person_posts",
    "signatures",
];
/// Longest name of a role, in bytes, as PostgreSQL cuts it.
const ROLE_LIMIT_BYTES: usize = 63;

/// What the owner of the database runs so that a role may be a gateway's, and nothing more; none if that is no plain name.
#[must_use]
pub fn grants(role: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let named = role.bytes().all(plain) && role.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if !named || role.len() > ROLE_LIMIT_BYTES {
        return None;
    }
    let mut out = String::from("BEGIN;\n");
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{text}");
    };
    line(format_args!("REVOKE ALL ON SCHEMA haven, keys, activity, gateway FROM {role};"));
    line(format_args!("REVOKE ALL ON ALL TABLES IN SCHEMA haven, keys, activity, gateway FROM {role};"));
    line(format_args!("GRANT USAGE ON SCHEMA gateway, activity TO {role};"));
    for view in READ {
        line(format_args!("GRANT SELECT ON gateway.{view} TO {role};"));
    }
    line(format_args!("GRANT UPDATE (seen_at) ON gateway.sessions TO {role};"));
    line(format_args!("GRANT SELECT ON activity.versions TO {role};"));
    line(format_args!("GRANT SELECT (gateway, seq, digest, first_reference) ON activity.batches TO {role};"));
    line(format_args!("GRANT INSERT ON activity.batches, activity.records TO {role};"));
    line(format_args!("GRANT INSERT (request, node, at, results) ON activity.checks TO {role};"));
    line(format_args!("GRANT SELECT, INSERT, UPDATE ON activity.nodes, activity.node_hours TO {role};"));
    line(format_args!("COMMIT;"));
    Some(out)
}

/// Whether the database is of this Haven, and the address opens what a gateway needs and no more.
///
/// # Errors
/// `Newer` for a later Haven's database; `Unreadable` with what to do if it is older, or if the role may do too little or too
/// much; `Away` if it does not answer.
pub async fn check(store: &Store) -> Result<(), StoreError> {
    let rights = "SELECT has_schema_privilege('haven', 'USAGE') OR has_schema_privilege('keys', 'USAGE') AS much, \
                  has_schema_privilege('gateway', 'USAGE') AS enough";
    let Some(row) = store.haven().row(rights, vec![]).await? else {
        return Err(StoreError::corrupt("has_schema_privilege", "no row"));
    };
    if row.flag("much")? {
        return Err(StoreError::Unreadable(
            "the address of the database opens cases and keys as well, and a gateway alone must not: \
             give it a role that 'haven gateway role NAME' set up"
                .to_owned(),
        ));
    }
    if !row.flag("enough")? {
        return Err(StoreError::Unreadable(
            "the role may not read what a gateway needs: run what 'haven gateway role NAME' prints".to_owned(),
        ));
    }
    for db in [store.haven(), store.activity()] {
        let row = db.row("SELECT CAST(max(version) AS BIGINT) AS version FROM versions", values![]).await?;
        let found = row.map_or(Ok(None), |row| row.maybe_int("version"))?.unwrap_or_default();
        if found > migrate::known() {
            return Err(StoreError::Newer { found, known: migrate::known() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn only_a_plain_name_becomes_part_of_a_statement() {
        assert!(grants("haven_gateway").unwrap().contains("GRANT SELECT ON gateway.feed TO haven_gateway;"));
        for name in ["", "Haven", "1st", "a-b", "a; DROP ROLE b", "a\"", &"a".repeat(64)] {
            assert!(grants(name).is_none(), "{name}");
        }
    }

    #[cfg(feature = "testing")]
    #[tokio::test(flavor = "multi_thread")]
    async fn invariant_a_gateways_role_reads_no_table_of_people_cases_or_keys() {
        use crate::testing;
        let Some(place) = testing::postgres().await else { return };
        let store = place.open().await;
        let role = testing::Role::new(&place).await;
        let gateway = Store::open_as_gateway(&role.address).unwrap();
        check(&gateway).await.unwrap();
        for table in testing::all_tables() {
            let refused = testing::read_anything(&role.address, &format!("SELECT 1 FROM {table} LIMIT 1")).await;
            // Of its batches it reads number and digest, to go on with its chain; and what nodes say of themselves.
            let mine = ["activity.versions", "activity.batches", "activity.nodes", "activity.node_hours"];
            let mine = mine.contains(&table.as_str());
            assert_eq!(refused.is_ok(), mine, "{table}: {refused:?}");
            for sql in [format!("DELETE FROM {table}"), format!("TRUNCATE {table}")] {
                assert!(testing::read_anything(&role.address, &sql).await.is_err(), "{sql}");
            }
        }
        for sql in [
            "SELECT password_hash FROM haven.people",
            "SELECT secret FROM keys.own_keys",
            "SELECT host FROM activity.records",
            "SELECT record_digests FROM activity.batches",
            "UPDATE activity.records SET alert = NULL",
            "UPDATE activity.checks SET results = '[]'",
            "UPDATE gateway.sessions SET person = 'x'",
            "UPDATE gateway.people SET disabled = false",
            "INSERT INTO gateway.sessions (id) VALUES ('x')",
            "INSERT INTO gateway.feed (seq, kind, digest, at) VALUES (9, 'pack', '', 0)",
            "SELECT set_config('role', 'haven', false)",
            "CREATE TABLE gateway.mine (a int)",
            "CREATE SCHEMA mine",
        ] {
            assert!(testing::read_anything(&role.address, sql).await.is_err(), "{sql}");
        }
        gateway.close().await;
        // An address with more rights is refused, however well it would work.
        let crate::Location::Postgres(owner) = &place.location else { panic!("no PostgreSQL") };
        let wide = Store::open_as_gateway(owner).unwrap();
        assert!(check(&wide).await.unwrap_err().to_string().contains("opens cases and keys"));
        wide.close().await;
        store.close().await;
        role.remove().await;
        place.remove().await;
    }
}
