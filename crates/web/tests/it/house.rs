//! A small college on `packs/waes`, its pages, and a browser that keeps one cookie.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use actions::people::NewPerson;
use actions::{Door, Haven, Mode, Moment, PackShelf};
use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use store::testing::TestPlace;
use store::vault::Secret32;
use tower::ServiceExt;
use web::{DoorExt, OverTls, Practice, Seat, Tried, WebOptions};

pub(crate) const PASSWORD: &str = "three quiet wooden chairs";
pub(crate) const ROOM: &str = "room 1";
/// Several people share its addresses.
pub(crate) const LAB: &str = "lab";

struct TestMoment {
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
            let digest = Sha256::digest(format!("page test {}", self.count.fetch_add(1, Ordering::SeqCst)));
            let length = chunk.len();
            chunk.copy_from_slice(&digest[..length]);
        }
    }
}

pub(crate) struct House {
    pub(crate) haven: Arc<Haven>,
    pub(crate) router: Router,
    clock: Arc<TestMoment>,
    _place: TestPlace,
}

const PEOPLE: [(&str, &str, &str, &[&str]); 8] = [
    ("amina", "Amina Learner", "learner", &[]),
    ("joe", "Joe Learner", "learner", &[]),
    ("tara", "Tara Tutor", "staff", &["tutor"]),
    ("lead", "Lena Leadwell", "staff", &["safeguarding-lead"]),
    ("dsl", "Dora Steadman", "staff", &["designated-safeguarding-lead"]),
    ("it", "Ivo Wires", "staff", &["head-of-it"]),
    ("hr", "Hana Fairley", "staff", &["head-of-hr"]),
    ("principal", "Priya Chiefly", "staff", &["principal"]),
];

fn pack_files() -> BTreeMap<String, String> {
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

impl House {
    pub(crate) async fn new(mode: Mode) -> Self {
        let place = store::testing::sqlite();
        let store = place.open().await;
        let start: Timestamp = "2026-11-24T09:30:00Z".parse().unwrap();
        let clock = Arc::new(TestMoment { now_us: AtomicI64::new(start.as_microsecond()), count: AtomicU64::new(0) });
        let files = pack_files();
        let pack = Arc::new(policy::read::read(&files).pack.expect("packs/waes can be read"));
        let mut random = store::vault::Entropy(|bytes: &mut [u8]| clock.fill_random(bytes));
        let recovery = store::vault::RecoverySecret::generate(&mut random);
        store::keys::put_recovery(&store, &recovery.public(), clock.now()).await.unwrap();
        let haven = Arc::new(Haven {
            store,
            moment: clock.clone(),
            packs: PackShelf::new(pack.clone()),
            mode,
            organisation: "Practice College".to_owned(),
            portal_address: "http://haven.test".to_owned(),
            known_by: BTreeMap::from([
                (ROOM.to_owned(), actions::KnownBy::Address),
                (LAB.to_owned(), actions::KnownBy::Pass),
            ]),
            agency_contacts: BTreeMap::new(),
            index_key: Secret32::new([1; 32]),
            audit_key: Secret32::new([2; 32]),
        });
        actions::shelf::put_in_force(&haven, pack, &files, "test").await.unwrap();
        for (username, name, population, posts) in PEOPLE {
            let new = NewPerson {
                name: name.to_owned(),
                username: username.to_owned(),
                population: population.to_owned(),
                posts: posts.iter().map(|post| (*post).to_owned()).collect(),
                password: Some(PASSWORD.to_owned()),
                ..NewPerson::default()
            };
            actions::people::add(&haven, new, "test").await.unwrap();
        }
        for (username, _, _, posts) in PEOPLE {
            if !posts.is_empty() {
                actions::session::sign_in(&haven, username, PASSWORD, None).await.unwrap();
            }
        }
        let router = web::router(haven.clone(), options(mode));
        Self { haven, router, clock, _place: place }
    }

    pub(crate) async fn practice() -> Self {
        Self::new(Mode::Practice).await
    }

    pub(crate) fn pass_minutes(&self, minutes: i64) {
        self.clock.now_us.fetch_add(minutes * 60_000_000, Ordering::SeqCst);
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { house: self, cookie: Mutex::new(None), door: None, tls: false }
    }

    pub(crate) async fn signed_in(&self, username: &str) -> Browser<'_> {
        let browser = self.browser();
        let answer =
            browser.post("/sign-in", &[("username", username), ("password", PASSWORD), ("to", "/policy")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        browser
    }
}

fn options(mode: Mode) -> WebOptions {
    let count = AtomicU64::new(0);
    let tried = |_: &str, url: &str| {
        url.starts_with("http").then(|| Tried {
            action: "block".to_owned(),
            reason: "Gambling sites can take money.".to_owned(),
            citation: "WAES 7.1".to_owned(),
            rule: "category:gambling".to_owned(),
            list: String::new(),
            codes: vec!["gambling".to_owned()],
            also_matched: vec![],
            alert: None,
            inspect: true,
            record: true,
        })
    };
    WebOptions {
        ca_pem: Some(axum::body::Bytes::from_static(b"-----BEGIN CERTIFICATE-----\n")),
        exit_address: "https://weather.test/".to_owned(),
        proxy_host: "127.0.0.1".to_owned(),
        proxy_port: Some(8080),
        pass_address: "http://pass.haven.test/".to_owned(),
        proxy_file: web::ProxyFile::default(),
        lists: Arc::new(web::ListsShown::default),
        in_force: Arc::new(|| None),
        find_in_lists: Arc::new(|_| Box::pin(async { Ok(Vec::new()) })),
        change_lists: Arc::new(|_, _| Box::pin(async { Ok(()) })),
        fresh_id: Arc::new(move || format!("fresh-{}", count.fetch_add(1, Ordering::SeqCst))),
        practice: (mode == Mode::Practice).then(|| Practice {
            password: PASSWORD.to_owned(),
            seats: vec![Seat {
                username: "amina".to_owned(),
                port: Some(18081),
                blurb: "Sits at a classroom PC.".to_owned(),
            }],
            try_request: Arc::new(tried),
        }),
    }
}

/// A browser with one cookie; it follows nothing by itself.
pub(crate) struct Browser<'a> {
    house: &'a House,
    pub(crate) cookie: Mutex<Option<String>>,
    pub(crate) door: Option<Door>,
    pub(crate) tls: bool,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn has(&self, wanted: &str) -> &Self {
        assert!(self.body.contains(wanted), "{}: the page does not say {wanted:?}:\n{}", self.status, self.body);
        self
    }

    pub(crate) fn has_not(&self, unwanted: &str) -> &Self {
        assert!(!self.body.contains(unwanted), "{}: the page says {unwanted:?}", self.status);
        self
    }

    /// The value of the first hidden field with this name.
    pub(crate) fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self.body.split(&start).nth(1).unwrap_or_else(|| panic!("no field {name}:\n{}", self.body));
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Browser<'_> {
    pub(crate) fn at_door(mut self, address: &str) -> Self {
        self.door = Some(Door { listener: ROOM.to_owned(), address: address.parse().unwrap() });
        self
    }

    pub(crate) fn in_the_lab(mut self, address: &str) -> Self {
        self.door = Some(Door { listener: LAB.to_owned(), address: address.parse().unwrap() });
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(path).header(ORIGIN, "http://haven.test");
        self.send(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded"), Body::from(form(fields))).await
    }

    /// Opens a page, takes its form token, and sends a form with it.
    pub(crate) async fn fill(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(page).await;
        assert_eq!(shown.status, StatusCode::OK, "{page}: {}", shown.location());
        let token = shown.field("csrf");
        let mut all = vec![("csrf", token.as_str())];
        let revision = if shown.body.contains("name=\"revision\"") { shown.field("revision") } else { String::new() };
        if !revision.is_empty() {
            all.push(("revision", &revision));
        }
        all.extend_from_slice(fields);
        self.post(action, &all).await
    }

    pub(crate) async fn send(&self, request: axum::http::request::Builder, body: Body) -> Answer {
        let mut request = request.header(HOST, "haven.test");
        if let Some(cookie) = self.cookie.lock().unwrap().as_ref() {
            request = request.header(COOKIE, cookie);
        }
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(DoorExt(self.door.clone()));
        request.extensions_mut().insert(OverTls(self.tls));
        let response = self.house.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        if let Some(set) = parts.headers.get(SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            *self.cookie.lock().unwrap() = (!pair.ends_with('=')).then_some(pair);
        }
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect()
    };
    fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}
