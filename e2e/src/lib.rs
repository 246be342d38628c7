//! What the journeys share: a Haven of their own on free ports, a browser in front of it, and a look at what it keeps.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    reason = "only tests use this, and a broken journey must stop at once and say where"
)]

pub mod browser;
pub mod certificates;
pub mod house;
pub mod kept;
pub mod own_postgres;
pub mod page;
pub mod plain;
pub mod post_office;
pub mod real;
pub mod websites;

pub use browser::{Browser, Hand, Width};
pub use house::{Base, House};
pub use own_postgres::OwnPostgres;
pub use plain::Visitor;
pub use post_office::PostOffice;
pub use websites::Websites;

/// Makes one test for each database out of a journey: `on_both!(journey)` or `on_both!(journey, sqlite_name, postgres_name)`.
#[macro_export]
macro_rules! on_both {
    ($journey:ident, $sqlite:ident, $postgres:ident) => {
        #[tokio::test]
        async fn $sqlite() {
            $crate::house::tell($crate::Base::Sqlite, $journey).await;
        }

        #[tokio::test]
        async fn $postgres() {
            $crate::house::tell($crate::Base::Postgres, $journey).await;
        }
    };
}
