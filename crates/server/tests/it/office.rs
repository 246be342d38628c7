//! An office of its own for one test: made by `haven init` on SQLite or PostgreSQL, with a case in it if one is wanted.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use actions::report::{How, ReportForm};
use actions::{Haven, Mode, PackShelf};
use jiff::Timestamp;
use store::testing::TestPlace;
use store::vault::Secret32;
use store::{Location, Store};

use crate::run::{Ended, haven, pack};

pub(crate) const PASSWORD: &str = "three plain words";

pub(crate) struct Office {
    pub(crate) place: TestPlace,
    pub(crate) config: String,
    pub(crate) data: PathBuf,
    pub(crate) portal: SocketAddr,
    pub(crate) proxy: SocketAddr,
    /// What `haven init` said.
    pub(crate) init: Ended,
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Runs `haven init` with answers.
pub(crate) fn office(place: TestPlace) -> Office {
    let root = place.folder().to_path_buf();
    let data = root.join("data");
    let (portal, proxy) = (free_port(), free_port());
    let postgres = match &place.location {
        Location::Postgres(address) => format!("postgres = \"{address}\"\n"),
        Location::Sqlite(_) => String::new(),
    };
    let person = |username: &str, post: &str| {
        format!(
            "[[person]]\nusername = \"{username}\"\nname = \"{username} Invented\"\nposts = [\"{post}\"]\npassword = \"{PASSWORD}\"\n"
        )
    };
    let answers = format!(
        "organisation = \"Invented College\"\nfolder = \"{}\"\npack = \"{}\"\nlisten = \"{portal}\"\naddress = \"http://{portal}\"\nproxy = \"{proxy}\"\none_person_per_address = true\n{postgres}{}{}{}{}",
        data.display(),
        pack("waes"),
        person("ines", "head-of-it"),
        person("dana", "designated-safeguarding-lead"),
        person("sunil", "safeguarding-lead"),
        person("petra", "principal"),
    );
    let file = root.join("answers.toml");
    fs::write(&file, answers).unwrap();
    let config = root.join("haven.toml").display().to_string();
    let init = haven(&["init", "--config", &config, "--answers", &file.display().to_string()]);
    assert_eq!(init.code, 0, "{}{}", init.out, init.err);
    Office { place, config, data, portal, proxy, init }
}

impl Office {
    /// The store, opened beside the program.
    pub(crate) async fn store(&self) -> Store {
        let location = match &self.place.location {
            Location::Sqlite(_) => Location::Sqlite(self.data.clone()),
            Location::Postgres(address) => Location::Postgres(address.clone()),
        };
        Store::open(&location).await.unwrap()
    }

    /// Somebody tells a concern, so that there are sealed texts and entries that vouch for them.
    pub(crate) async fn a_concern(&self, store: &Store) {
        let hub = self.hub(store).await;
        let form = ReportForm {
            what: "A learner seems very unhappy.".to_owned(),
            about_kind: "learner".to_owned(),
            about_name: "Nobody Real".to_owned(),
            safe_now: "yes".to_owned(),
            kind: None,
            how: How::Anonymous,
            contact: String::new(),
            about_a_post: None,
            idempotency: "once-0123456789abcdef".to_owned(),
        };
        actions::report::report_concern(&hub, form, None).await.unwrap();
    }

    pub(crate) async fn hub(&self, store: &Store) -> Haven {
        let kept = store::packs::in_force(store).await.unwrap().unwrap();
        let kept = store::packs::get(store, &kept.digest).await.unwrap().unwrap();
        let files: BTreeMap<String, String> = serde_json::from_str(&kept.files).unwrap();
        let pack = Arc::new(policy::read(&files).pack.unwrap());
        Haven {
            index_key: store::keys::index_key(store, Secret32::new([0; 32])).await.unwrap(),
            audit_key: store::keys::audit_key(store, Secret32::new([0; 32])).await.unwrap(),
            store: store.clone(),
            moment: Arc::new(Now),
            packs: PackShelf::new(pack),
            mode: Mode::Real,
            organisation: "Invented College".to_owned(),
            portal_address: format!("http://{}", self.portal),
            known_by: BTreeMap::new(),
            agency_contacts: BTreeMap::new(),
        }
    }
}

struct Now;

impl actions::Moment for Now {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        getrandom::getrandom(bytes).unwrap();
    }
}
