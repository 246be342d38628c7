//! DNS response policy zones: names that a resolver is told to deny, one record a line.

use std::net::IpAddr;

use super::names::{host_entry, leads_elsewhere, leads_nowhere};
use super::{Guard, Line, one, text_of};

/// Types of records that a zone of block entries is made of.
const TYPES: &[&str] = &["SOA", "NS", "CNAME", "A", "AAAA", "TXT", "DNAME", "MX", "SRV", "PTR"];
/// Triggers that are no names of websites.
const TRIGGERS: &[&str] = &["rpz-ip", "rpz-client-ip", "rpz-nsip", "rpz-nsdname"];

/// Whether the words of a line look like a record or a directive of a zone.
pub(super) fn is_record(words: &[&str]) -> bool {
    match words {
        ["$ORIGIN" | "$TTL" | "$INCLUDE" | "$GENERATE", _, ..] => true,
        [first, ..] => {
            let at = words.iter().take(4).position(|word| TYPES.contains(&word.to_ascii_uppercase().as_str()));
            // Capital letters where a word of ordinary writing could stand.
            let plain_word = |place: usize| words.get(place).is_some_and(|word| matches!(*word, "a" | "ns" | "mx"));
            at.is_some_and(|place| words.len() > place + 1 && !plain_word(place) && !first.starts_with('<'))
        }
        [] => false,
    }
}

/// What the lines so far say about the ones to come.
#[derive(Debug, Default)]
pub(super) struct Zone {
    /// The zone itself, without its last dot; what stands before it in an owner is the name that is meant.
    apex: Option<String>,
    /// What a name without a last dot is completed with.
    origin: Option<String>,
    owner: String,
    in_parentheses: bool,
}

impl Zone {
    /// `raw` is not trimmed: a line that begins with a space speaks about the name before.
    pub(super) fn line(&mut self, raw: &[u8], guard: Guard) -> Line {
        let text = match text_of(raw) {
            Ok(text) => text.split(';').next().unwrap_or_default(),
            Err(refused) => return refused,
        };
        if self.in_parentheses {
            self.in_parentheses = !text.contains(')');
            return Line::Nothing;
        }
        self.in_parentheses = text.contains('(') && !text.contains(')');
        let mut words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [] => return Line::Nothing,
            ["$ORIGIN", origin, ..] => {
                let origin = without_dot(origin);
                self.apex.get_or_insert_with(|| origin.clone());
                self.origin = Some(origin);
                return Line::Nothing;
            }
            ["$TTL", ..] => return Line::Nothing,
            [first, ..] if first.starts_with('$') => {
                return Line::refused("other files and made-up names ($INCLUDE, $GENERATE) are not followed");
            }
            [first, ..] if !text.starts_with([' ', '\t']) => {
                (*first).clone_into(&mut self.owner);
                words.remove(0);
            }
            _ => {}
        }
        while words.first().is_some_and(|word| is_time_to_live(word) || matches!(*word, "IN" | "in" | "CH" | "ch")) {
            words.remove(0);
        }
        let [kind, rest @ ..] = words.as_slice() else { return Line::refused("a record without a type") };
        self.record(&kind.to_ascii_uppercase(), rest.first().copied().unwrap_or_default(), guard)
    }

    fn record(&mut self, kind: &str, to: &str, guard: Guard) -> Line {
        match kind {
            "SOA" => {
                if self.owner.ends_with('.') {
                    let apex = without_dot(&self.owner);
                    self.origin.get_or_insert_with(|| apex.clone());
                    self.apex = Some(apex);
                }
                return Line::Nothing;
            }
            "NS" => return Line::Nothing,
            _ => {}
        }
        let name = match self.name() {
            Ok(name) => name,
            Err(why) => return Line::Refused(why),
        };
        match (kind, to) {
            ("CNAME", "." | "*." | "rpz-drop.") => {}
            ("CNAME", "rpz-passthru." | "rpz-tcp-only.") => {
                return Line::refused(
                    "it opens the name; a block list opens nothing. Write it as an exception of your policy",
                );
            }
            ("A" | "AAAA", to) if to.parse::<IpAddr>().is_ok_and(leads_nowhere) => {}
            ("CNAME" | "A" | "AAAA", "") => return Line::refused("a record without a target"),
            ("CNAME" | "A" | "AAAA", to) => return Line::Refused(leads_elsewhere(to)),
            _ => return Line::Refused(format!("only CNAME, A and AAAA records close a name, not {kind}")),
        }
        one(host_entry(name.strip_prefix("*.").unwrap_or(&name), guard))
    }

    /// The name that the owner of a record stands for.
    fn name(&self) -> Result<String, String> {
        let whole = match (self.owner.strip_suffix('.'), &self.origin) {
            (Some(absolute), _) => {
                let Some(apex) = &self.apex else {
                    return Err("the zone does not say its name, so nobody can tell where this one ends".to_owned());
                };
                let inside = absolute.len().checked_sub(apex.len()).filter(|_| absolute.ends_with(apex.as_str()));
                return match inside.and_then(|end| absolute.get(..end)).and_then(|name| name.strip_suffix('.')) {
                    Some(name) => website(name),
                    None => Err("it lies outside its own zone".to_owned()),
                };
            }
            (None, Some(origin)) if self.owner != "@" => format!("{}.{origin}", self.owner),
            (None, None) if self.owner != "@" => return website(&self.owner),
            _ => return Err("it speaks of the zone itself".to_owned()),
        };
        let apex = self.apex.as_deref().unwrap_or_default();
        let inside = whole.strip_suffix(apex).and_then(|name| name.strip_suffix('.'));
        inside.map_or_else(|| Err("it lies outside its own zone".to_owned()), website)
    }
}

fn website(name: &str) -> Result<String, String> {
    let last = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    if TRIGGERS.contains(&last.as_str()) {
        return Err(format!("a rule about computers behind a name ({last}); Haven judges names"));
    }
    Ok(name.to_owned())
}

fn without_dot(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// `300`, `2h`, `1w2d`.
fn is_time_to_live(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || matches!(c.to_ascii_lowercase(), 's' | 'm' | 'h' | 'd' | 'w'))
}
