//! Walking the tiers for one address: everything that has something to say about it, in order.

use policy::{Action, Citation, SafetyRule, When};
use serde::Serialize;

use super::{Asker, is_sealed, is_sealed_in_part};
use crate::address::Address;
use crate::facts::{Carriage, Facts, Person};
use crate::lists::{HelpKind, Hit};
use crate::site::Specificity;
use crate::snapshot::{CompiledRule, Snapshot};

/// The tiers, first to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    Sealed,
    /// Haven's own pages.
    Portal,
    Help,
    /// Operating system, endpoint protection, certificate revocation.
    Update,
    /// The lessons that somebody is in: they only close.
    Lesson,
    Exception,
    Local,
    Category,
    Content,
    Default,
}

impl Tier {
    pub(super) const ALL: [Self; 10] = [
        Self::Sealed,
        Self::Portal,
        Self::Help,
        Self::Update,
        Self::Lesson,
        Self::Exception,
        Self::Local,
        Self::Category,
        Self::Content,
        Self::Default,
    ];

    /// S-3: never recorded, never inspected, never an alert.
    pub(super) fn is_private(self) -> bool {
        matches!(self, Self::Portal | Self::Help)
    }
}

/// The kind of site by which people get round the filter, as Haven names it.
const WAYS_ROUND: &str = "proxy-avoidance";

/// Something that speaks about a request.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) tier: Tier,
    pub(super) rule: String,
    pub(super) action: Action,
    pub(super) citation: Citation,
    pub(super) reason: String,
    pub(super) codes: Vec<String>,
    pub(super) list: String,
    pub(super) specificity: Specificity,
    /// It speaks about an address inside this one: it can only make the answer stricter.
    pub(super) is_embedded: bool,
    /// A part of this host is open, so its tunnel has to be opened to see which part is asked for.
    pub(super) is_part: bool,
}

impl Candidate {
    pub(super) fn new(tier: Tier, rule: &str, action: Action, citation: Citation) -> Self {
        Self {
            tier,
            rule: rule.to_owned(),
            action,
            citation,
            reason: String::new(),
            codes: Vec::new(),
            list: String::new(),
            specificity: Specificity::default(),
            is_embedded: false,
            is_part: false,
        }
    }

    /// Somebody opened this very site: its own category and its words are no news.
    pub(super) fn is_opened_by_name(&self) -> bool {
        matches!(self.tier, Tier::Exception | Tier::Local) || self.specificity.is_named()
    }
}

/// Block before warn before watch before allow.
pub(super) fn strictness(action: Action) -> u8 {
    match action {
        Action::Allow => 0,
        Action::Watch => 1,
        Action::Warn => 2,
        Action::Block => 3,
    }
}

/// The candidate that decides. The address itself is judged first: its lowest tier, then the most specific site, then
/// the stricter action. What is inside the address, what its words say, and a lesson can only make that stricter; and never
/// against Haven's own pages, help, or (for words) a site that somebody opened by name, or (for a lesson) updates.
pub(super) fn winner(candidates: &[Candidate]) -> usize {
    let own = |candidate: &&(usize, &Candidate)| {
        !candidate.1.is_embedded && !matches!(candidate.1.tier, Tier::Content | Tier::Lesson)
    };
    let numbered: Vec<(usize, &Candidate)> = candidates.iter().enumerate().collect();
    let rank = |candidate: &Candidate| {
        (std::cmp::Reverse(candidate.tier), candidate.specificity, strictness(candidate.action))
    };
    let Some(&(mut best, mut won)) =
        numbered.iter().filter(own).max_by_key(|(place, c)| (rank(c), std::cmp::Reverse(*place)))
    else {
        return 0;
    };
    // Not even a help site leads to a sealed address that is carried inside its own.
    if let Some(place) = candidates.iter().position(|candidate| candidate.tier == Tier::Sealed) {
        return place;
    }
    if won.tier <= Tier::Help {
        return best;
    }
    for (place, candidate) in numbered.iter().filter(|candidate| !own(candidate)) {
        let yields = match candidate.tier {
            Tier::Content => won.is_opened_by_name(),
            Tier::Lesson => won.tier == Tier::Update,
            _ => false,
        };
        if strictness(candidate.action) > strictness(won.action) && !yields {
            (best, won) = (*place, candidate);
        }
    }
    best
}

/// Everything that speaks about an address, and the pack's codes for it.
pub(super) fn candidates(
    snapshot: &Snapshot,
    asker: &Asker<'_>,
    address: &Address,
    codes: &mut Vec<String>,
) -> Vec<Candidate> {
    let mut found = Vec::new();
    found.extend(sealed(snapshot, address));
    found.extend(private(snapshot, address));
    let named = [(Tier::Exception, &snapshot.compiled.exceptions), (Tier::Local, &snapshot.compiled.local)];
    for (tier, rules) in named {
        for rule in rules.iter().filter(|rule| applies(rule, snapshot, asker)) {
            found.extend(by_site(tier, rule, asker, address));
        }
    }
    let hits: Vec<(Hit, Vec<String>)> = snapshot
        .lists
        .lookup(address)
        .into_iter()
        .map(|hit| {
            let codes = hit.codes.iter().flat_map(|name| snapshot.pack_codes(name)).map(str::to_owned).collect();
            (hit, codes)
        })
        .collect();
    for code in hits.iter().flat_map(|(_, codes)| codes) {
        if !codes.contains(code) {
            codes.push(code.clone());
        }
    }
    for rule in snapshot.compiled.rules.iter().filter(|rule| applies(rule, snapshot, asker)) {
        found.extend(by_site(Tier::Category, rule, asker, address));
        found.extend(by_code(rule, &hits));
        if rule.codes.is_empty() && rule.sites.is_empty() {
            found.push(of_rule(Tier::Category, rule));
        }
    }
    found.push(default(snapshot));
    found
}

/// What the rules say about an address inside another: the one candidate that would decide it.
pub(super) fn embedded(
    snapshot: &Snapshot,
    asker: &Asker<'_>,
    address: &Address,
    codes: &mut Vec<String>,
) -> Option<Candidate> {
    let mut own_codes = Vec::new();
    let all = candidates(snapshot, asker, address, &mut own_codes);
    let won = all.get(winner(&all))?;
    if won.tier.is_private() || won.tier == Tier::Update {
        return None;
    }
    codes.extend(own_codes);
    let reason = format!("This address leads to another one. {}", won.reason);
    (won.tier != Tier::Default).then(|| Candidate { is_embedded: true, reason, ..won.clone() })
}

/// An address that carries more addresses than anybody reads: what the rest of them are is not known, so it is refused as
/// what nobody can look into is, and counts as a way round the filter.
pub(super) fn too_much_inside(snapshot: &Snapshot) -> Candidate {
    let citation = snapshot.compiled.unknown_protocol.1.clone();
    Candidate {
        reason: "This address carries too many others inside it.".to_owned(),
        codes: snapshot.pack_codes(WAYS_ROUND).map(str::to_owned).collect(),
        is_embedded: true,
        ..Candidate::new(Tier::Category, "address:too-much-inside", Action::Block, citation)
    }
}

/// What the lessons say that somebody is in, and the exam or closed hour where they are.
pub(super) fn lessons(
    snapshot: &Snapshot,
    facts: &Facts,
    person: &Person,
    inside: &[Address],
    may_open: bool,
) -> Vec<Candidate> {
    let here = snapshot.lessons.iter().filter(|lesson| lesson.holds(person, facts.at));
    let limits = snapshot.limits_at(facts, &person.group);
    here.chain(limits)
        .filter_map(|lesson| {
            let word = lesson.word(facts, inside, may_open)?;
            let candidate = Candidate::new(Tier::Lesson, &lesson.name, Action::Block, lesson.citation.clone());
            Some(Candidate { reason: lesson.reason(&word).to_owned(), ..candidate })
        })
        .collect()
}

/// What is open while the gate is shut. A help link of the pack to a part of a host opens the host's tunnel, because
/// nothing inside may be looked at yet.
pub(super) fn open_to_all(snapshot: &Snapshot, address: &Address) -> Option<Candidate> {
    // Nothing inside a tunnel may be looked at yet, so one to a host with a sealed page waits for the gate.
    let inside = || address.embedded().iter().any(|inside| is_sealed(snapshot, inside));
    let in_part = || address.scheme() == "connect" && is_sealed_in_part(snapshot, address);
    if !snapshot.sealed.is_empty() && (is_sealed(snapshot, address) || in_part() || inside()) {
        return None;
    }
    private(snapshot, address).into_iter().next().or_else(|| {
        let link = snapshot
            .compiled
            .help
            .iter()
            .find(|link| address.scheme() == "connect" && link.site.has_path() && link.site.covers_host(address))?;
        let reason = "Help sites are always open.".to_owned();
        Some(Candidate { reason, ..Candidate::new(Tier::Help, &link.name, Action::Allow, link.citation.clone()) })
    })
}

pub(super) fn sealed(snapshot: &Snapshot, address: &Address) -> Option<Candidate> {
    is_sealed(snapshot, address).then(|| Candidate {
        reason: "This address is on a list of illegal content.".to_owned(),
        ..Candidate::new(Tier::Sealed, super::SEALED_RULE, Action::Block, Citation::safety(SafetyRule::SealedLists))
    })
}

/// Haven's own pages, help and updates.
fn private(snapshot: &Snapshot, address: &Address) -> Vec<Candidate> {
    let s2 = || Citation::safety(SafetyRule::HelpIsReachable);
    let mut found = Vec::new();
    if snapshot.portal_hosts.iter().any(|host| host == address.host()) {
        let reason = "This is one of Haven's own pages.".to_owned();
        found.push(Candidate { reason, ..Candidate::new(Tier::Portal, "portal", Action::Allow, s2()) });
    }
    for link in &snapshot.compiled.help {
        if let Some(specificity) = link.site.matches(address) {
            let reason = "Your policy names this site as a place to find help.".to_owned();
            let candidate = Candidate::new(Tier::Help, &link.name, Action::Allow, link.citation.clone());
            found.push(Candidate { reason, specificity, ..candidate });
        }
    }
    if let Some(site) = snapshot.help.find(address) {
        let (tier, name, reason) = match site.kind {
            HelpKind::Help => (Tier::Help, "help", "Help sites are always open."),
            HelpKind::Update => (Tier::Update, "update", "Updates that keep computers safe are always open."),
        };
        let candidate = Candidate::new(tier, &format!("{name}:{}", site.host), Action::Allow, s2());
        found.push(Candidate { reason: reason.to_owned(), list: format!("help {}", site.host), ..candidate });
    }
    found.sort_by_key(|candidate| candidate.tier);
    found
}

/// Whether a rule holds for this person's profiles and at this time.
pub(super) fn applies(rule: &CompiledRule, snapshot: &Snapshot, asker: &Asker<'_>) -> bool {
    let profile_fits = rule.profiles.is_empty() || rule.profiles.iter().any(|id| asker.rules.profiles.contains(id));
    let at = asker.facts.at;
    profile_fits && rule.until.is_none_or(|until| at < until) && is_the_hour(rule.when, snapshot, asker)
}

fn is_the_hour(when: When, snapshot: &Snapshot, asker: &Asker<'_>) -> bool {
    if when == When::Always {
        return true;
    }
    let hour = snapshot.hour(asker.facts, asker.group);
    match when {
        When::Always => true,
        When::ClassHours => hour.class,
        When::OutsideClassHours => !hour.class,
        When::Lunch => hour.lunch,
        When::Exam => hour.exam,
    }
}

pub(super) fn of_rule(tier: Tier, rule: &CompiledRule) -> Candidate {
    let reason = rule.reason.clone();
    Candidate { reason, ..Candidate::new(tier, &rule.name, rule.action, rule.citation.clone()) }
}

fn by_site(tier: Tier, rule: &CompiledRule, asker: &Asker<'_>, address: &Address) -> Option<Candidate> {
    if let Some(specificity) = rule.sites.iter().filter_map(|site| site.matches(address)).max() {
        return Some(Candidate { specificity, ..of_rule(tier, rule) });
    }
    // A rule that opens a part of a host must open the host's tunnel, or the part could never be reached.
    if asker.facts.carriage != Carriage::Tunnel || rule.action == Action::Block {
        return None;
    }
    let specificity = rule.sites.iter().filter_map(|site| site.may_match(address)).max()?;
    Some(Candidate { specificity, is_part: true, ..of_rule(tier, rule) })
}

fn by_code(rule: &CompiledRule, hits: &[(Hit, Vec<String>)]) -> Option<Candidate> {
    let matching = hits.iter().filter(|(_, codes)| codes.iter().any(|code| rule.codes.contains(code)));
    let (hit, codes) = matching.max_by_key(|(hit, _)| Specificity::of_entry(&hit.entry))?;
    Some(Candidate {
        codes: codes.iter().filter(|code| rule.codes.contains(*code)).cloned().collect(),
        list: format!("{} {}", hit.list, hit.entry),
        specificity: Specificity::of_entry(&hit.entry),
        ..of_rule(Tier::Category, rule)
    })
}

fn default(snapshot: &Snapshot) -> Candidate {
    let (action, citation) = &snapshot.compiled.unlisted;
    let reason = match action {
        Action::Allow => "Nothing in the policy speaks against this site.",
        Action::Watch => "Nothing in the policy names this site, so it is open and looked at.",
        Action::Warn => "Nothing in the policy names this site, so please take care.",
        Action::Block => "Nothing in the policy names this site, so it stays closed until somebody asks for it.",
    };
    Candidate { reason: reason.to_owned(), ..Candidate::new(Tier::Default, "default", *action, citation.clone()) }
}

/// Whether a tunnel of somebody in this group to this address may be opened by TLS inspection.
pub(super) fn may_open(snapshot: &Snapshot, group: &str, address: &Address, codes: &[String]) -> bool {
    let by_code = codes.iter().any(|code| snapshot.compiled.unopened_codes.contains(code));
    let by_site = snapshot.compiled.unopened_sites.iter().any(|site| site.covers_host(address));
    !(by_code || by_site || snapshot.compiled.unopened_groups.contains(group))
}
