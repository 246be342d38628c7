//! The power fails at fifty random moments of reporting, step-taking and browsing: nothing that was acknowledged is lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use e2e::{House, Visitor, on_both};
use tokio::sync::Mutex;

use crate::people::{self, Told};

const KILLS: u64 = 50;
/// From the start to the power cut, at most so many milliseconds.
const LIFE_LIMIT_MS: u64 = 1_500;

on_both!(kill_nine, long_kill_nine_sqlite, long_kill_nine_postgres);

/// What Haven said that it has.
#[derive(Default)]
struct Acknowledged {
    reports: BTreeSet<String>,
    notes: BTreeSet<String>,
    pages: u64,
}

async fn kill_nine(house: &mut House) {
    let mut anyone = Visitor::straight(house.port);
    let told = Told { what: "The first report.", about: "learner", name: "", how: "anonymous" };
    assert_eq!(people::report(&mut anyone, &told).await.status, 200);
    let case = people::first_case(house, "sunil").await;
    Visitor::at_seat(house.seat("lena")).await.unwrap().through_the_gate("lena").await;
    let kept = Arc::new(Mutex::new(Acknowledged::default()));
    for turn in 0..KILLS {
        let stop = Arc::new(AtomicBool::new(false));
        let work = [
            tokio::spawn(reporting(house.port, turn, Arc::clone(&kept), Arc::clone(&stop))),
            tokio::spawn(taking_steps(house.port, case.clone(), turn, Arc::clone(&kept), Arc::clone(&stop))),
            tokio::spawn(browsing(house.seat("lena"), Arc::clone(&kept), Arc::clone(&stop))),
        ];
        let life = 50 + random_below(LIFE_LIMIT_MS, turn);
        tokio::time::sleep(Duration::from_millis(life)).await;
        house.kill_nine().await;
        stop.store(true, Ordering::Relaxed);
        for one in work {
            one.await.unwrap();
        }
        house.start().await;
    }
    everything_is_there(house, &case, &*kept.lock().await).await;
}

fn random_below(limit: u64, turn: u64) -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    (u64::from(now.subsec_nanos()) / 1000 * 7919 + turn * 104_729) % limit
}

async fn reporting(port: u16, turn: u64, kept: Arc<Mutex<Acknowledged>>, stop: Arc<AtomicBool>) {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut anyone = Visitor::straight(port);
        let Ok(page) = anyone.try_get("/report").await else { return };
        let what = format!("Report {turn}-{number} of a long night.");
        let key = page.hidden("idempotency");
        let fields = [
            ("what", what.as_str()),
            ("about_kind", "learner"),
            ("safe_now", "yes"),
            ("how", "anonymous"),
            ("idempotency", &key),
            ("stage", "send"),
        ];
        let Ok(answer) = anyone.try_post("/report", &fields).await else { return };
        if answer.status == 200 && answer.body.contains("We have your report") {
            let reference = answer.between("Your reference is <strong class=\"hv-mono\">", "<");
            kept.lock().await.reports.insert(reference);
        }
        number += 1;
    }
}

async fn taking_steps(port: u16, case: String, turn: u64, kept: Arc<Mutex<Acknowledged>>, stop: Arc<AtomicBool>) {
    let mut sunil = Visitor::straight(port);
    let sign_in = [("person", "sunil"), ("to", "/")];
    if sunil.try_post("/practice/sign-in", &sign_in).await.is_err() {
        return;
    }
    let Ok(page) = sunil.try_get("/my").await else { return };
    let token = page.hidden("csrf");
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let text = format!("Note {turn}-{number} of a long night.");
        let fields = [("csrf", token.as_str()), ("text", &text)];
        let Ok(answer) = sunil.try_post(&format!("/case/{case}/note"), &fields).await else { return };
        if answer.status == 303 {
            kept.lock().await.notes.insert(text);
        }
        number += 1;
    }
}

/// Lena browses; how many pages she got is counted, so that a run in which she only met the gate proves nothing.
async fn browsing(seat: u16, kept: Arc<Mutex<Acknowledged>>, stop: Arc<AtomicBool>) {
    let Ok(mut lena) = Visitor::at_seat(seat).await else { return };
    if lena.try_post("/practice/sign-in", &[("person", "lena"), ("to", "/")]).await.is_err() {
        return;
    }
    // The gate takes her word; she agreed before the first power cut.
    if lena.try_get("/gate").await.is_err() {
        return;
    }
    while !stop.load(Ordering::Relaxed) {
        match lena.try_get("http://library.test/books").await {
            Ok(answer) if answer.status == 200 => kept.lock().await.pages += 1,
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

async fn everything_is_there(house: &mut House, case: &str, kept: &Acknowledged) {
    assert!(
        kept.reports.len() > 20 && kept.notes.len() > 20,
        "{} reports, {} notes",
        kept.reports.len(),
        kept.notes.len()
    );
    assert!(kept.pages > 20, "{} pages", kept.pages);
    let mut sunil = Visitor::straight(house.port).signed_in("sunil").await;
    for reference in &kept.reports {
        let page = sunil.get(&format!("/case/{reference}")).await;
        assert!(
            page.status == 200 && page.body.contains("of a long night"),
            "report {reference} is lost: {}",
            page.status
        );
    }
    let page = sunil.get(&format!("/case/{case}")).await;
    for note in &kept.notes {
        assert!(page.body.contains(note.as_str()), "'{note}' is lost");
    }
    house.stop().await;
    let data = house.data.display().to_string();
    let (code, out, errors) = house.haven(&["audit", "verify", "--data", &data], "").await;
    assert_eq!(code, 0, "the chain holds: {out}{errors}");
    house.start().await;
}
