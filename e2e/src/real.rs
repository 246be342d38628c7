//! A house on real data: made by `haven init`, run by `haven serve`, with a seat for everybody and no practice anywhere.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::house::{Base, House, PROXIES_FROM, SEATS};

/// Everybody's password on real data.
pub const PASSWORD: &str = "three plain words";

/// Who works and learns in a real house: name to sign in with, name, population, post.
const PEOPLE: [(&str, &str, &str, &str); 8] = [
    ("ines", "Ines Network", "staff", "head-of-it"),
    ("sunil", "Sunil Guardwell", "staff", "safeguarding-lead"),
    ("dana", "Dana Safehands", "staff", "designated-safeguarding-lead"),
    ("hugo", "Hugo Humane", "staff", "head-of-hr"),
    ("petra", "Petra Principal", "staff", "principal"),
    ("tess", "Tess Tutor", "staff", "tutor"),
    ("lena", "Lena Learner", "learner", ""),
    ("yoshi", "Yoshi Younger", "learner", ""),
];

/// Where somebody's mail goes.
pub fn mail_of(who: &str) -> String {
    format!("{who}@college.test")
}

/// Tells a journey in a house on real data. `settings` gives further parts of the settings file, from the house's folder.
pub async fn tell<S, J>(base: Base, settings: S, journey: J)
where
    S: FnOnce(&std::path::Path) -> String,
    J: AsyncFnOnce(&mut House),
{
    let Some(mut house) = House::real(base, settings).await else { return };
    house.start().await;
    journey(&mut house).await;
    house.end().await;
}

impl House {
    /// A house on real data that does not run yet.
    pub async fn real(base: Base, settings: impl FnOnce(&std::path::Path) -> String) -> Option<Self> {
        let mut house = Self::new(base).await?;
        let folder = house.folder.path().to_path_buf();
        let config = folder.join("haven.toml");
        let answers = folder.join("answers.toml");
        std::fs::write(&answers, house.answers()).unwrap();
        let words = ["init", "--config", &config.display().to_string(), "--answers", &answers.display().to_string()];
        let (code, out, errors) = house.haven(&words, "").await;
        assert_eq!(code, 0, "haven init: {out}{errors}");
        let mut text = std::fs::read_to_string(&config).unwrap();
        for (place, who) in (0_u16..).zip(SEATS).skip(1) {
            let port = house.port + PROXIES_FROM + place;
            let _ = write!(
                text,
                "\n[[listener]]\nname = \"seat-{who}\"\nlisten = \"127.0.0.1:{port}\"\none_person_per_address = true\n"
            );
        }
        std::fs::write(&config, format!("{text}\n{}", settings(&folder))).unwrap();
        house.config = Some(config);
        Some(house)
    }

    fn answers(&self) -> String {
        let (port, proxy) = (self.port, self.port + PROXIES_FROM);
        let mut text = format!(
            "organisation = \"Invented College\"\nfolder = \"{}\"\npack = \"{}\"\nlisten = \"127.0.0.1:{port}\"\n\
             address = \"http://127.0.0.1:{port}\"\nproxy = \"127.0.0.1:{proxy}\"\none_person_per_address = true\n",
            self.data.display(),
            pack("waes").display(),
        );
        if let Some(database) = &self.database {
            let _ = writeln!(text, "postgres = \"{database}\"");
        }
        for (username, name, population, post) in PEOPLE {
            let posts = if post.is_empty() { String::new() } else { format!("\"{post}\"") };
            let _ = write!(
                text,
                "\n[[person]]\nusername = \"{username}\"\nname = \"{name}\"\npopulation = \"{population}\"\n\
                 posts = [{posts}]\npassword = \"{PASSWORD}\"\nemail = \"{}\"\n",
                mail_of(username)
            );
        }
        text
    }

    /// The settings file, on real data.
    pub fn config(&self) -> String {
        self.config.as_ref().expect("a house on real data").display().to_string()
    }
}

/// A pack of the house.
pub fn pack(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../packs").join(name)
}
