//! The sink's promise: it never blocks, it counts what it loses, and it loses no alert for lack of ordinary room.

use std::sync::Arc;
use std::time::Duration;

use gateway::{Door, Record, Records, Sink};
use policy::{Action, Grade};

use crate::world::{Outside, learner};

fn record(reference: &str, alert: bool) -> Record {
    let cue = filter::AlertCue {
        trigger: "prevent".to_owned(),
        theme: "prevent".to_owned(),
        grade: Grade::High,
        procedure: "filter-alert".to_owned(),
        clause: "2".to_owned(),
        reason: String::new(),
        seen: String::new(),
        kind: "search".to_owned(),
    };
    Record {
        reference: reference.to_owned(),
        at: gateway::Moment::now(&Outside::default()),
        person: learner(),
        door: Door { listener: "room".to_owned(), address: "192.0.2.1".parse().unwrap() },
        method: "GET".to_owned(),
        scheme: "http".to_owned(),
        host: "site.test".to_owned(),
        path: "/".to_owned(),
        search: String::new(),
        action: Action::Allow,
        codes: Vec::new(),
        rule: "default".to_owned(),
        citation: String::new(),
        citation_text: String::new(),
        reason: String::new(),
        list: String::new(),
        navigation: true,
        pack_digest: String::new(),
        lists_digest: String::new(),
        alert: alert.then_some(cue),
    }
}

#[test]
fn m01_a_full_sink_drops_and_counts_but_keeps_every_alert() {
    let sink = Sink::with_limits(2, 100);
    for number in 0..5 {
        sink.put(record(&format!("r{number}"), false));
        sink.put(record(&format!("a{number}"), true));
    }
    sink.count_gate();
    assert_eq!(sink.waiting(), (5, 2));
    let batch = sink.drain(1);
    assert_eq!(
        (batch.alerts.len(), batch.records.len(), batch.lost_records, batch.lost_alerts, batch.gated),
        (5, 1, 3, 0, 1)
    );
    let batch = sink.drain(10);
    assert_eq!((batch.records.len(), batch.lost_records), (1, 0));
    assert!(sink.drain(10).is_empty());
}

#[test]
fn m01_what_could_not_be_written_goes_back_to_its_place() {
    let sink = Sink::with_limits(10, 10);
    for name in ["r1", "r2", "r3"] {
        sink.put(record(name, false));
    }
    let batch = sink.drain(2);
    sink.put_back(batch.records);
    let again: Vec<String> = sink.drain(10).records.into_iter().map(|record| record.reference).collect();
    assert_eq!(again, ["r1", "r2", "r3"]);
}

#[tokio::test]
async fn m01_a_waiting_writer_wakes_for_an_alert() {
    let sink = Arc::new(Sink::default());
    let waiting = tokio::spawn({
        let sink = sink.clone();
        async move { sink.wait_for_alert().await }
    });
    sink.put(record("r", false));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!waiting.is_finished());
    sink.put(record("a", true));
    tokio::time::timeout(Duration::from_secs(1), waiting).await.unwrap().unwrap();
    tokio::time::timeout(Duration::from_secs(1), sink.wait()).await.unwrap();
}
