//! The power fails at random moments of reporting, step-taking and browsing: nothing that was acknowledged is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use e2e::{House, Visitor, on_both};
use tokio::sync::Mutex;

use crate::people::{self, Told};

const SHORT_KILLS: u64 = 3;
const LONG_KILLS: u64 = 50;
/// Chance adds at most so many milliseconds to a life.
const LIFE_LIMIT_MS: u64 = 1_500;
/// Longest wait for something of each kind, in seconds.
const PROGRESS_LIMIT_SECONDS: u64 = 30;

on_both!(three_power_cuts, inv2_three_power_cuts_sqlite, inv2_three_power_cuts_postgres);
on_both!(fifty_power_cuts, long_inv2_fifty_power_cuts_sqlite, long_inv2_fifty_power_cuts_postgres);

impl Acknowledged {
    /// Reports, notes, steps and pages.
    fn counts(&self) -> [u64; 4] {
        let many = |count: usize| u64::try_from(count).unwrap();
        [many(self.reports.len()), many(self.notes.len()), many(self.steps.len()), self.pages]
    }
}

async fn three_power_cuts(house: &mut House) {
    power_cuts(house, SHORT_KILLS).await;
}

async fn fifty_power_cuts(house: &mut House) {
    power_cuts(house, LONG_KILLS).await;
}

/// What Haven said that it has.
#[derive(Default)]
struct Acknowledged {
    reports: BTreeSet<String>,
    notes: BTreeSet<String>,
    /// Case and step -> the words by which it is known again.
    steps: BTreeMap<(String, &'static str), String>,
    /// Cases whose steps somebody is taking, or has taken.
    taken: BTreeSet<String>,
    pages: u64,
}

async fn power_cuts(house: &mut House, kills: u64) {
    let mut anyone = Visitor::straight(house.port);
    let told = Told { what: "The first report.", about: "learner", name: "", how: "anonymous" };
    assert_eq!(people::report(&mut anyone, &told).await.status, 200);
    let case = people::first_case(house, "sunil").await;
    Visitor::at_seat(house.seat("lena")).await.unwrap().through_the_gate("lena").await;
    let kept = Arc::new(Mutex::new(Acknowledged::default()));
    for turn in 0..kills {
        let stop = Arc::new(AtomicBool::new(false));
        let work = [
            tokio::spawn(reporting(house.port, turn, Arc::clone(&kept), Arc::clone(&stop))),
            tokio::spawn(writing_notes(house.port, case.clone(), turn, Arc::clone(&kept), Arc::clone(&stop))),
            tokio::spawn(taking_steps(house.port, turn, Arc::clone(&kept), Arc::clone(&stop))),
            tokio::spawn(browsing(house.seat("lena"), Arc::clone(&kept), Arc::clone(&stop))),
        ];
        // Every other life lasts until something of each kind was acknowledged, however slow the machine is; the others
        // end wherever they are.
        if turn.is_multiple_of(2) {
            let before = kept.lock().await.counts();
            let more = people::soon(PROGRESS_LIMIT_SECONDS, async || {
                let now = kept.lock().await.counts();
                before.iter().zip(now).all(|(before, now)| now > *before).then_some(())
            });
            more.await.expect("reports, notes, steps and pages go on");
        }
        let life = 50 + random_below(LIFE_LIMIT_MS, turn);
        tokio::time::sleep(Duration::from_millis(life)).await;
        house.kill_nine().await;
        stop.store(true, Ordering::Relaxed);
        for one in work {
            one.await.unwrap();
        }
        // As it was left, before anything mends itself.
        record_is_whole(house).await;
        house.start().await;
    }
    everything_is_there(house, &case, kills, &*kept.lock().await).await;
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

async fn writing_notes(port: u16, case: String, turn: u64, kept: Arc<Mutex<Acknowledged>>, stop: Arc<AtomicBool>) {
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

/// The lead takes on one reported case after the other, says what it is, and takes its first step.
async fn taking_steps(port: u16, turn: u64, kept: Arc<Mutex<Acknowledged>>, stop: Arc<AtomicBool>) {
    let mut sunil = Visitor::straight(port);
    if sunil.try_post("/practice/sign-in", &[("person", "sunil"), ("to", "/")]).await.is_err() {
        return;
    }
    while !stop.load(Ordering::Relaxed) {
        let next = {
            let mut kept = kept.lock().await;
            let next = kept.reports.iter().find(|case| !kept.taken.contains(*case)).cloned();
            kept.taken.extend(next.clone());
            next
        };
        let Some(case) = next else {
            e2e::house::pause().await;
            continue;
        };
        for step in ["acknowledge", "assess", "step/protection"] {
            let words = format!("Turn {turn}, {case}, {step}: looked at together.");
            let Ok(page) = sunil.try_get(&format!("/case/{case}")).await else { return };
            let address = if step == "acknowledge" { String::new() } else { format!("/{step}") };
            let Ok(form) = sunil.try_get(&format!("/case/{case}{address}")).await else { return };
            if page.status != 200 || form.status != 200 {
                return;
            }
            let revision = if step == "acknowledge" { String::new() } else { form.hidden("revision") };
            let fields = [
                ("csrf", page.hidden("csrf")),
                ("revision", revision),
                ("choice", "concern".to_owned()),
                ("reasons", words.clone()),
                ("vulnerability", "Nothing known.".to_owned()),
                ("disability", "Nothing known.".to_owned()),
                ("wellbeing", "Well.".to_owned()),
                ("option", "no".to_owned()),
                ("note", words.clone()),
            ];
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let Ok(answer) = sunil.try_post(&format!("/case/{case}/{step}"), &fields).await else { return };
            assert_eq!(answer.status, 303, "{step} of {case}: {}", answer.body);
            kept.lock().await.steps.insert((case.clone(), step), words);
        }
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

async fn record_is_whole(house: &House) {
    let data = house.data.display().to_string();
    let (code, out, errors) = house.haven(&["audit", "verify", "--data", &data], "").await;
    assert_eq!(code, 0, "the chain holds: {out}{errors}");
}

async fn everything_is_there(house: &mut House, case: &str, kills: u64, kept: &Acknowledged) {
    let counts = kept.counts();
    assert!(counts.iter().all(|count| *count > kills / 2), "reports, notes, steps and pages: {counts:?}");
    let mut sunil = Visitor::straight(house.port).signed_in("sunil").await;
    for reference in &kept.reports {
        let page = sunil.get(&format!("/case/{reference}")).await;
        assert!(
            page.status == 200 && page.body.contains("of a long night"),
            "report {reference} is lost: {}",
            page.status
        );
        for ((_, step), words) in kept.steps.iter().filter(|((of, _), _)| of == reference) {
            let there = match *step {
                "acknowledge" => !page.body.contains("I have this case"),
                _ => page.body.contains(words.as_str()),
            };
            assert!(there, "{step} of {reference} is lost:\n{}", page.body);
        }
    }
    let page = sunil.get(&format!("/case/{case}")).await;
    for note in &kept.notes {
        assert!(page.body.contains(note.as_str()), "'{note}' is lost");
    }
    house.stop().await;
    record_is_whole(house).await;
    house.start().await;
}
