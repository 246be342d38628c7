//! A small college on `packs/waes` with a clock that the test moves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use actions::people::NewPerson;
use actions::session::{self, Session};
use actions::{Haven, Mode, Moment, PackShelf};
use jiff::Timestamp;
use policy::Pack;
use store::Store;
use store::vault::Secret32;

pub(crate) const PASSWORD: &str = "three quiet wooden chairs";

/// A clock that moves only when told, and bytes that differ every time.
pub(crate) struct TestMoment {
    now_us: AtomicI64,
    count: AtomicU64,
}

impl Moment for TestMoment {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.now_us.fetch_add(1, Ordering::SeqCst)).unwrap()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        use sha2::{Digest, Sha256};
        for chunk in bytes.chunks_mut(32) {
            let count = self.count.fetch_add(1, Ordering::SeqCst);
            let digest = Sha256::digest(format!("test randomness {count}"));
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

pub(crate) struct World {
    pub(crate) haven: Haven,
    /// The recovery shares, as they stand on paper.
    pub(crate) shares: Vec<String>,
    clock: Arc<TestMoment>,
    people: Mutex<BTreeMap<String, String>>,
}

pub(crate) fn waes_files() -> BTreeMap<String, String> {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
        for found in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = found.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/waes");
    let mut files = BTreeMap::new();
    walk(&root, &root, &mut files);
    files
}

pub(crate) fn waes() -> Arc<Pack> {
    let reading = policy::read::read(&waes_files());
    let errors: Vec<_> =
        reading.problems.iter().filter(|problem| problem.severity == policy::Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    Arc::new(reading.pack.unwrap())
}

pub(crate) const PEOPLE: [(&str, &str, &str, &[&str]); 12] = [
    ("amina", "Amina Learner", "learner", &[]),
    ("joe", "Joe Learner", "learner", &[]),
    ("tara", "Tara Tutor", "staff", &["tutor"]),
    ("lead", "Lena Leadwell", "staff", &["safeguarding-lead"]),
    ("lead2", "Omar Secondlead", "staff", &["safeguarding-lead"]),
    ("dsl", "Dora Steadman", "staff", &["designated-safeguarding-lead"]),
    ("deputy", "Dev Standin", "staff", &["deputy-designated-safeguarding-lead"]),
    ("it", "Ivo Wires", "staff", &["head-of-it"]),
    ("hr", "Hana Fairley", "staff", &["head-of-hr"]),
    ("principal", "Priya Chiefly", "staff", &["principal"]),
    ("board", "Bo Ardman", "staff", &["executive-board"]),
    ("guest", "Gus Visitor", "visitor", &[]),
];

impl World {
    /// The college on a Tuesday morning in term, everybody signed up, case holders with their keys made.
    pub(crate) async fn new(store: Store) -> Self {
        let start: Timestamp = "2026-11-24T09:30:00Z".parse().unwrap();
        let clock = Arc::new(TestMoment { now_us: AtomicI64::new(start.as_microsecond()), count: AtomicU64::new(0) });
        let pack = waes();
        let mut random = store::vault::Entropy(|b: &mut [u8]| clock.fill_random(b));
        let recovery = store::vault::RecoverySecret::generate(&mut random);
        let shares = store::vault::shares(&mut random, &recovery, 4).unwrap();
        store::keys::put_recovery(&store, &recovery.public(), clock.now()).await.unwrap();
        let haven = Haven {
            store,
            moment: clock.clone(),
            packs: PackShelf::new(pack.clone()),
            mode: Mode::Practice,
            organisation: "Practice College".to_owned(),
            portal_address: "http://haven.test".to_owned(),
            known_by: BTreeMap::from([
                ("room 1".to_owned(), actions::KnownBy::Address),
                ("lab".to_owned(), actions::KnownBy::Pass),
            ]),
            agency_contacts: BTreeMap::new(),
            index_key: Secret32::new([1; 32]),
            audit_key: Secret32::new([2; 32]),
        };
        actions::shelf::put_in_force(&haven, pack, &waes_files(), "test").await.unwrap();
        let mut people = BTreeMap::new();
        for (username, name, population, posts) in PEOPLE {
            let new = NewPerson {
                name: name.to_owned(),
                username: username.to_owned(),
                population: population.to_owned(),
                email: format!("{username}@college.example"),
                posts: posts.iter().map(|post| (*post).to_owned()).collect(),
                password: Some(PASSWORD.to_owned()),
                ..NewPerson::default()
            };
            let id = actions::people::add(&haven, new, "test").await.unwrap();
            people.insert(username.to_owned(), id);
        }
        let world = Self { haven, shares, clock, people: Mutex::new(people) };
        for (username, _, _, posts) in PEOPLE {
            if !posts.is_empty() {
                world.sign_in(username).await;
            }
        }
        world
    }

    pub(crate) fn id(&self, username: &str) -> String {
        self.people.lock().unwrap()[username].clone()
    }

    pub(crate) async fn sign_in(&self, username: &str) -> Session {
        let token = session::sign_in(&self.haven, username, PASSWORD, None).await.unwrap();
        session::session(&self.haven, &token.0, None).await.unwrap().unwrap()
    }

    pub(crate) fn pass_minutes(&self, minutes: i64) {
        self.clock.now_us.fetch_add(minutes * 60_000_000, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Does all jobs that are due.
    pub(crate) async fn work(&self) {
        while actions::jobs::work_once(&self.haven).await.unwrap() {}
    }

    /// A search that the pack's trigger names, as the gateway records it.
    pub(crate) fn prevent_record(&self, username: &str, reference: &str) -> store::activity::Record {
        let population = PEOPLE.iter().find(|(name, ..)| *name == username).unwrap().2;
        let cue = serde_json::json!({
            "trigger": "prevent", "theme": "prevent", "grade": "high", "procedure": "prevent", "clause": "7.1.triggers",
            "reason": "Looked for material that the policy links with extremism.", "seen": "join the grey banner", "kind": "search"
        });
        let trigger =
            self.haven.pack().filtering.triggers.iter().find(|one| one.theme == "prevent").unwrap().id.clone();
        let mut cue = cue;
        cue["trigger"] = trigger.into();
        store::activity::Record {
            alert: Some(cue.to_string()),
            search: "join the grey banner".into(),
            ..self.record(username, population, reference)
        }
    }

    /// A page that the pack's trigger of the lowest grade names.
    pub(crate) fn low_record(&self, username: &str, reference: &str) -> store::activity::Record {
        let pack = self.haven.pack();
        let trigger = pack.filtering.triggers.iter().find(|one| one.grade == policy::Grade::Low).unwrap();
        let cue = serde_json::json!({
            "trigger": trigger.id, "theme": trigger.theme, "grade": "low", "procedure": trigger.procedure,
            "clause": "7.1.triggers", "reason": trigger.reason, "seen": "", "kind": "site"
        });
        let population = PEOPLE.iter().find(|(name, ..)| *name == username).unwrap().2;
        store::activity::Record { alert: Some(cue.to_string()), ..self.record(username, population, reference) }
    }

    pub(crate) fn record(&self, username: &str, population: &str, reference: &str) -> store::activity::Record {
        store::activity::Record {
            reference: reference.to_owned(),
            at: self.now(),
            person: self.id(username),
            population: population.to_owned(),
            listener: "room 1".into(),
            device: "10.0.0.7".into(),
            method: "GET".into(),
            scheme: "https".into(),
            host: "search.test".into(),
            path: "/".into(),
            search: String::new(),
            action: "allow".into(),
            codes: vec!["search-engine".into()],
            rule: "default".into(),
            citation: "waes:7.1@00".into(),
            citation_text: "WAES 7.1".into(),
            reason: "An ordinary site.".into(),
            list: String::new(),
            navigation: true,
            pack_digest: "00".into(),
            lists_digest: "00".into(),
            alert: None,
            how: format!("Signed in as {username} today, 9:02am."),
            session: "s".into(),
        }
    }

    /// The record is written and its alert raised, as `server` does it.
    pub(crate) async fn raise(&self, record: &store::activity::Record) {
        self.raise_all(std::slice::from_ref(record)).await;
    }

    pub(crate) async fn raise_all(&self, batch: &[store::activity::Record]) {
        store::activity::insert_batch(&self.haven.store, "test", self.now(), batch).await.unwrap();
        for waiting in store::activity::alerts_waiting(&self.haven.store, 1_000).await.unwrap() {
            actions::alert::raise(&self.haven, &waiting).await.unwrap();
        }
    }

    pub(crate) async fn references(&self, session: &Session) -> Vec<String> {
        let query = actions::today::CaseQuery { page: 1, ..Default::default() };
        let found = actions::today::cases(&self.haven, session, query).await.unwrap();
        found.items.into_iter().map(|row| row.reference).collect()
    }

    pub(crate) async fn letters_to(&self, username: &str) -> usize {
        store::outbox::of_person(&self.haven.store, &self.id(username)).await.unwrap().len()
    }
}
