//! A stopped database: every call says so within its limit, and works again afterwards.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use store::{Location, Store, StoreError, settings};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Stands before the real server and can be switched off: then connections break and new ones are refused.
struct Switch {
    port: u16,
    running: Option<tokio::task::JoinHandle<()>>,
    upstream: String,
}

impl Switch {
    async fn on(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let running = Some(tokio::spawn(serve(listener, upstream.clone())));
        Self { port, running, upstream }
    }

    async fn stop(&mut self) {
        let running = self.running.take().unwrap();
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
    }

    async fn start(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.running = Some(tokio::spawn(serve(listener, self.upstream.clone())));
    }
}

async fn serve(listener: TcpListener, upstream: String) {
    let mut connections = JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let upstream = upstream.clone();
        connections.spawn(async move {
            let mut far = TcpStream::connect(upstream).await.unwrap();
            // Either side may go away at any moment: that is what this is for.
            drop(copy_bidirectional(&mut near, &mut far).await);
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_database_is_away_and_comes_back() {
    let Some(place) = store::testing::postgres().await else { return };
    let Location::Postgres(url) = &place.location else { panic!("not PostgreSQL") };
    let options = PgConnectOptions::from_str(url).unwrap();
    let server = format!("{}:{}", options.get_host(), options.get_port());
    let mut switch = Switch::on(server.clone()).await;
    let location = Location::Postgres(url.replace(&server, &format!("127.0.0.1:{}", switch.port)));
    let store = Store::open(&location).await.unwrap();
    let mut unit = store.begin().await.unwrap();
    settings::put(&mut unit, "a", "kept").await.unwrap();
    unit.commit().await.unwrap();

    let mut half = store.begin().await.unwrap();
    settings::put(&mut half, "a", "lost").await.unwrap();
    switch.stop().await;
    let lost = half.commit().await.unwrap_err();
    assert!(matches!(lost, StoreError::Away(_)) && lost.is_temporary(), "{lost:?}");
    let limit = Duration::from_secs(store::AWAY_AFTER_S + 3);
    let refused = tokio::time::timeout(limit, settings::get(&store, "a")).await.unwrap().unwrap_err();
    assert!(matches!(refused, StoreError::Away(_)), "{refused:?}");
    let refused = tokio::time::timeout(limit, Store::open(&location)).await.unwrap().unwrap_err();
    assert!(matches!(refused, StoreError::Away(_)), "{refused:?}");

    switch.start().await;
    assert_eq!(settings::get(&store, "a").await.unwrap().as_deref(), Some("kept"));
    let mut unit = store.begin().await.unwrap();
    settings::put(&mut unit, "a", "again").await.unwrap();
    unit.commit().await.unwrap();
    store.close().await;
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_held_by_another_program_is_busy_and_comes_back() {
    let place = store::testing::sqlite();
    let (store, other) = (place.open().await, place.open().await);
    let mut held = other.begin().await.unwrap();
    settings::put(&mut held, "a", "theirs").await.unwrap();
    let refused = store.begin().await.unwrap_err();
    assert!(matches!(refused, StoreError::Busy) && refused.is_temporary(), "{refused:?}");
    assert_eq!(settings::get(&store, "a").await.unwrap(), None, "readers go on");
    held.commit().await.unwrap();
    let mut unit = store.begin().await.unwrap();
    settings::put(&mut unit, "a", "ours").await.unwrap();
    unit.commit().await.unwrap();
    store.close().await;
    other.close().await;
}
