//! Invented names in the shape of real block lists, the same for the same seed.

use std::collections::HashMap;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// Categories and the share of names that each gets, in thousandths: as the big free lists are spread.
const CATEGORIES: [(&str, u64); 6] =
    [("adult", 780), ("phishing", 80), ("malware", 60), ("gambling", 40), ("dating", 20), ("drogue", 20)];
/// Endings and their weight.
const ENDINGS: [(&str, u64); 16] = [
    ("com", 520),
    ("net", 80),
    ("org", 40),
    ("info", 35),
    ("de", 30),
    ("ru", 30),
    ("xyz", 30),
    ("fr", 25),
    ("co.uk", 25),
    ("nl", 20),
    ("top", 20),
    ("it", 20),
    ("pl", 15),
    ("online", 15),
    ("com.br", 15),
    ("eu", 10),
];
/// What labels are put together from when no real list is there to learn from.
const PARTS: [&str; 64] = [
    "al", "an", "ar", "ba", "be", "bo", "ca", "ce", "co", "da", "de", "di", "do", "el", "en", "er", "fa", "fi", "fo",
    "ga", "go", "ha", "he", "ho", "in", "is", "ja", "ka", "ko", "la", "le", "li", "lo", "ma", "me", "mi", "mo", "na",
    "ne", "no", "on", "or", "pa", "pe", "po", "ra", "re", "ri", "ro", "sa", "se", "shop", "web", "online", "ta", "te",
    "ti", "to", "ve", "vi", "wa", "24", "my", "best",
];
/// Letters that the learnt model looks back.
const LOOK_BACK: usize = 3;

/// A small generator with a long period: the figures must be the same on every machine.
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end.max(1)
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn weighted<'a>(&mut self, of: &'a [(&'a str, u64)]) -> &'a str {
        let mut at = self.below(of.iter().map(|(_, weight)| weight).sum());
        for (what, weight) in of {
            if at < *weight {
                return what;
            }
            at -= weight;
        }
        of[0].0
    }
}

/// Makes labels: letter by letter as a real list has them, or from syllables.
pub(crate) struct Model {
    /// The letters so far -> the letters that came after them, once for each time.
    after: HashMap<Vec<u8>, Vec<u8>>,
    /// Names with a label before the registered one, in thousandths.
    sub_thousandths: u64,
}

impl Model {
    pub(crate) fn of_syllables() -> Self {
        Self { after: HashMap::new(), sub_thousandths: 250 }
    }

    /// Learns how labels are spelt from the `domains` files below a folder. Nothing of them is written anywhere.
    pub(crate) fn learnt(folder: &Path) -> std::io::Result<Self> {
        let mut after: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        let (mut names, mut subs) = (0_u64, 0_u64);
        for category in fs::read_dir(folder)? {
            let Ok(text) = fs::read(category?.path().join("domains")) else { continue };
            for (line, name) in text.split(|byte| *byte == b'\n').enumerate() {
                let labels: Vec<&[u8]> = name.split(|byte| *byte == b'.').collect();
                if labels.len() < 2 || labels.iter().all(|label| label.iter().all(u8::is_ascii_digit)) {
                    continue;
                }
                names += 1;
                subs += u64::from(labels.len() > 2);
                // Every fourth name teaches enough, and keeps the model small.
                if line % 4 != 0 {
                    continue;
                }
                let mut label = labels[labels.len() - 2].to_ascii_lowercase();
                label.retain(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
                label.push(b'.');
                for end in 0..label.len() {
                    after.entry(label[end.saturating_sub(LOOK_BACK)..end].to_vec()).or_default().push(label[end]);
                }
            }
        }
        assert!(names > 1000, "{} holds no lists to learn from", folder.display());
        Ok(Self { after, sub_thousandths: subs * 1000 / names })
    }

    fn label(&self, chance: &mut Seeded) -> String {
        if self.after.is_empty() {
            let mut label: String = (0..2 + chance.below(4)).map(|_| *chance.one::<&str>(&PARTS)).collect();
            if chance.below(10) == 0 {
                label.push('-');
                label.push_str(chance.one::<&str>(&PARTS));
            }
            return label;
        }
        let mut label: Vec<u8> = Vec::new();
        while label.len() < 40 {
            let Some(next) = self.after.get(&label[label.len().saturating_sub(LOOK_BACK)..]) else { break };
            match *chance.one(next) {
                b'.' => break,
                letter => label.push(letter),
            }
        }
        let label = String::from_utf8(label).unwrap();
        let label = label.trim_matches('-');
        if label.len() < 2 { format!("{label}{}", chance.below(1_000_000)) } else { label.to_owned() }
    }

    pub(crate) fn name(&self, chance: &mut Seeded) -> String {
        let mut name = self.label(chance);
        // Short labels come again and again; a number keeps names apart, as their owners do.
        if chance.below(4) == 0 {
            name.push_str(&chance.below(10_000).to_string());
        }
        if chance.below(1000) < self.sub_thousandths {
            name = format!("{}.{name}", self.label(chance));
        }
        name.push('.');
        name.push_str(chance.weighted(&ENDINGS));
        name
    }
}

/// Writes lists in the layout that squidGuard and Haven both read: `lists/CATEGORY/domains`.
pub(crate) fn write(model: &Model, count: u64, folder: &Path, also: &[(&str, &str)]) -> std::io::Result<()> {
    let mut chance = Seeded::new(1);
    for (category, share) in CATEGORIES {
        fs::create_dir_all(folder.join(category))?;
        let mut file = BufWriter::new(fs::File::create(folder.join(category).join("domains"))?);
        for _ in 0..(count * share).div_ceil(1000) {
            writeln!(file, "{}", model.name(&mut chance))?;
        }
    }
    for (category, name) in also {
        fs::create_dir_all(folder.join(category))?;
        fs::write(folder.join(category).join("domains"), format!("{name}\n"))?;
    }
    Ok(())
}

pub(crate) fn categories() -> impl Iterator<Item = &'static str> {
    CATEGORIES.iter().map(|(category, _)| *category)
}

/// Names to look up: one in ten stands on the lists that [`write`] made.
pub(crate) fn questions(model: &Model, count: u64, folder: &Path) -> std::io::Result<Vec<String>> {
    let mut chance = Seeded::new(2);
    let listed = fs::read_to_string(folder.join(CATEGORIES[0].0).join("domains"))?;
    let listed: Vec<&str> = listed.lines().step_by(37).collect();
    let all = (0..count).map(|turn| {
        if turn % 10 == 0 { (*chance.one(&listed)).to_owned() } else { format!("www.{}", model.name(&mut chance)) }
    });
    Ok(all.collect())
}
