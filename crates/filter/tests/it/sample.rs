//! A small pack, and people who ask for sites under it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use filter::facts::{Carriage, Facts, Person, Who};
use filter::lists::{Builder, Lists, LocalRule};
use filter::phrases::WordPack;
use filter::{Address, Decision, Snapshot, decide};
use policy::Pack;

const PACK: &str = r#"[pack]
id = "small"
title = "Online Safety Policy"
organisation = "Meadow Learning"
reference = "ML1"
version = "3"
owner = "principal"
clause = "1"
revised_on = "2026-05-01"
approved_on = "2026-06-01"
in_force_from = "2026-06-01"
in_force_to = "2027-05-31"
next_review = "2027-05-31"
review_cycle_months = 12
last_resort = ["principal"]

[[post]]
id = "principal"
title = "Principal"
deputies = ["lead"]
clause = "1"

[[post]]
id = "lead"
title = "Safeguarding Lead"
deputies = ["principal"]
clause = "1"

[[population]]
id = "learner"
title = "Learners"
clause = "1"

[[population]]
id = "staff"
title = "Staff"
clause = "1"

[[group]]
id = "learner-under-18"
title = "Learners under 18"
population = "learner"
under_age_years = 18
agreement = "learner"
clause = "1"

[[group]]
id = "learner"
title = "Learners"
population = "learner"
agreement = "learner"
clause = "1"

[[group]]
id = "staff"
title = "Staff"
population = "staff"
agreement = "learner"
clause = "1"
"#;

const CLAUSES: &str = "# 1 People {1}

Everyone keeps each other safe.

# 2 Filtering {2}

Some sites are closed.

## 2.1 What happens then {2.1}

A lead looks at it.

## 2.2 Exceptions {2.2}

Some sites are opened.

## 2.3 Nothing said {2.3}

All else is open.
";

const VOCABULARY: &str = r#"[[area]]
id = "content"
title = "Content"
clause = "2"

[[code]]
id = "gambling"
title = "gambling"
area = "content"
detectors = ["list", "words", "search"]
clause = "2"

[[code]]
id = "extremism"
title = "extremism"
area = "content"
detectors = ["list", "words", "search"]
clause = "2"

[[code]]
id = "circumvention"
title = "getting round the filter"
area = "content"
aliases = ["proxy-avoidance"]
detectors = ["list"]
clause = "2"

[[code]]
id = "games"
title = "games"
area = "content"
detectors = ["list"]
clause = "2"

[[code]]
id = "chat"
title = "chat"
area = "content"
detectors = ["list"]
clause = "2"

[[code]]
id = "banking"
title = "banking"
area = "content"
detectors = ["list"]
clause = "2"

[[code]]
id = "social-media"
title = "social media"
area = "content"
detectors = ["list"]
clause = "2"

[[code]]
id = "self-harm"
title = "self-harm"
area = "content"
detectors = ["words", "search"]
clause = "2"
"#;

const FILTERING: &str = r#"[defaults]
unlisted = "allow"
unlisted_clause = "2.3"
unknown_protocol = "block"
unknown_protocol_clause = "2"
scanner_down = "block"
scanner_down_clause = "2"

[inspection]
except_codes = ["banking"]
except_sites = ["payroll.test"]
clause = "2"

[[profile]]
id = "learner"
title = "Learners"
groups = ["learner-under-18", "learner"]
safe_search = true
youtube_restrict = true
clause = "2"

[[profile]]
id = "staff"
title = "Staff"
groups = ["staff"]
clause = "2"

[[rule]]
id = "gambling"
action = "block"
codes = ["gambling"]
clause = "2"
reason = "Gambling sites can take money from people who cannot spare it."

[[rule]]
id = "extremism"
action = "block"
codes = ["extremism"]
clause = "2"
reason = "This site may draw people into violence."

[[rule]]
id = "circumvention"
action = "block"
codes = ["circumvention"]
clause = "2"
reason = "This site helps people round the filter."

[[rule]]
id = "games"
profiles = ["learner"]
action = "block"
codes = ["games"]
when = "class-hours"
clause = "2"
reason = "Games wait until after class."

[[rule]]
id = "chat"
profiles = ["learner"]
action = "warn"
codes = ["chat"]
clause = "2"
reason = "You may meet strangers here."

[[rule]]
id = "social"
action = "watch"
codes = ["social-media"]
clause = "2"
reason = "Take care with what you share."

[[rule]]
id = "closed-here"
action = "block"
sites = ["closed.test", "half-open.test"]
clause = "2"
reason = "This site is closed."

[[rule]]
id = "half-open"
action = "allow"
sites = ["half-open.test/library"]
clause = "2"
reason = "The library part is open."

[[trigger]]
id = "prevent"
theme = "prevent"
codes = ["extremism"]
grade = "high"
procedure = "learner-concern"
staff_procedure = "staff-concern"
clause = "2.1"
reason = "Looked for material that the policy links with extremism."

[[trigger]]
id = "gambling"
theme = "gambling"
codes = ["gambling"]
grade = "low"
procedure = "learner-concern"
staff_procedure = "staff-concern"
clause = "2.1"
reason = "Tried to open a gambling site."

[[trigger]]
id = "self-harm"
theme = "self-harm"
codes = ["self-harm"]
grade = "high"
procedure = "learner-concern"
staff_procedure = "staff-concern"
clause = "2.1"
reason = "Looked for ways to hurt themselves."

[[exception]]
site = "museum-of-cards.test"
action = "allow"
clause = "2.2"
reason = "Used in a history course."

[[exception]]
site = "casino-royal.test/history"
action = "allow"
profiles = ["learner"]
clause = "2.2"
reason = "Used in a history course."

[[help]]
site = "our-help.test"
title = "Our help page"
codes = ["gambling"]
clause = "2.1"

[[help]]
site = "big-site.test/our-help"
title = "Our page elsewhere"
codes = []
clause = "2.1"
"#;

const LEARNER: &str = r#"[procedure]
id = "learner-concern"
title = "Something the filter saw"
about = "anyone"
codes = ["gambling"]
reportable = true
route = ["lead", "principal"]
acknowledge_within = "1 working hour"
what_happens_next = "A lead reads this within one working hour."
clause = "2.1"

[[step]]
id = "assess"
title = "Decide whether this is a concern"
text = "Read the alert and the hour before it."
kind = "assess"
owner = "lead"
due = "2 working hours"
clause = "2.1"

[[step]]
id = "close"
title = "Close"
text = "Say what must change."
kind = "close"
owner = "lead"
due = "5 working days"
after = ["assess"]
clause = "2.1"

[[outcome]]
id = "support"
title = "Education and support"
clause = "2.1"
"#;

const NOTICE: &str = "+++
id = \"monitoring-notice\"
kind = \"notice\"
version = \"1\"
title = \"What we look at\"
clause = \"2\"
+++

## What we see

We see the addresses you open.
";

const AGREEMENT: &str = "+++
id = \"learner\"
kind = \"acceptable-use\"
version = \"1\"
title = \"Using the internet here\"
clause = \"2\"
+++

## What you can do

Learn.
";

const RIGHTS: &str = r#"[[right]]
post = "lead"
actions = ["case.read", "case.act", "case.assess", "case.decide", "case.close"]
relation = "learner-cases"
clause = "1"
"#;

const CLOCKS: &str = r#"[calendar]
zone = "Europe/London"
day_from = "08:30"
day_to = "17:30"
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
clause = "1"

[[term]]
name = "Autumn 2026"
from = "2026-09-07"
to = "2026-12-18"
"#;

const EXAMPLES: &str = "A learner opens a game of chance.

```example
learner http://casino-royal.test/ -> block 2
learner-under-18 http://library.test/ -> allow
staff http://gamers.test/ -> allow 2.3
learner http://gamblersanonymous.org/ -> allow
```
";

/// The sample pack.
pub(crate) fn pack() -> Pack {
    let staff = LEARNER.replace("learner-concern", "staff-concern").replace("about = \"anyone\"", "about = \"staff\"");
    let files: BTreeMap<String, String> = [
        ("pack.toml", PACK),
        ("clauses/all.md", CLAUSES),
        ("vocabulary.toml", VOCABULARY),
        ("filtering.toml", FILTERING),
        ("procedures/learner-concern.toml", LEARNER),
        ("procedures/staff-concern.toml", &staff),
        ("agreements/monitoring-notice.md", NOTICE),
        ("agreements/learner.md", AGREEMENT),
        ("rights.toml", RIGHTS),
        ("clocks.toml", CLOCKS),
        ("obligations.tsv", "id\tclause\tduty\tcontrol\tevidence\nS-001\t2\tClose sites.\tF01\tThe block page.\n"),
        ("examples/chance.md", EXAMPLES),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    let reading = policy::read(&files);
    reading.pack.unwrap_or_else(|| panic!("{:#?}", reading.problems))
}

/// Starter lists with some more, mistakes of real lists among them.
pub(crate) fn lists() -> Arc<Lists> {
    let mut builder = Builder::with_starter();
    let gambling = "gamblersanonymous.org\nmuseum-of-cards.test\nour-help.test\nsocial.test/poker\nplay.library.test\n";
    builder.add_file("bought/gambling.txt", gambling.as_bytes());
    builder.add_file("bought/social_networks/domains", b"social.test\n");
    builder.add_file("bought/games/domains", b"www.two-things.test\n");
    builder.add_file("bought/chat/domains", b"two-things.test\n");
    Arc::new(Lists::open(builder.finish()).unwrap())
}

pub(crate) fn snapshot() -> Snapshot {
    snapshot_of(pack(), Vec::new())
}

/// Compiled once for all snapshots.
static WORDS: LazyLock<Arc<WordPack>> = LazyLock::new(|| Arc::new(WordPack::shipped()));

pub(crate) fn snapshot_of(pack: Pack, local: Vec<LocalRule>) -> Snapshot {
    let words = LazyLock::force(&WORDS).clone();
    Snapshot::new(Arc::new(pack), lists(), words, local, vec!["Portal.Haven.test".to_owned()]).unwrap()
}

/// A moment in class: a Wednesday of the term, 10:00 in London.
pub(crate) const IN_CLASS: &str = "2026-10-07T09:00:00Z";
/// The evening of that day.
pub(crate) const AFTER_CLASS: &str = "2026-10-07T19:00:00Z";

pub(crate) fn facts(group: &str, url: &str) -> Facts {
    let population = if group == "staff" { "staff" } else { "learner" };
    let person = Person {
        id: "p1".to_owned(),
        group: group.to_owned(),
        population: population.to_owned(),
        site: "main".to_owned(),
        how: "signed in at the gate".to_owned(),
        session: "s1".to_owned(),
    };
    Facts {
        at: IN_CLASS.parse().unwrap(),
        who: Who::Person(person),
        listener: "main".to_owned(),
        device: "192.0.2.7".to_owned(),
        carriage: Carriage::Inspected,
        method: "GET".to_owned(),
        address: Address::parse(url).unwrap(),
        navigation: true,
        framed: false,
        referrer_host: None,
    }
}

pub(crate) fn tunnel(group: &str, authority: &str) -> Facts {
    Facts {
        carriage: Carriage::Tunnel,
        method: "CONNECT".to_owned(),
        address: Address::from_authority(authority).unwrap(),
        navigation: false,
        ..facts(group, "https://example.test/")
    }
}

pub(crate) fn nobody(mut facts: Facts) -> Facts {
    facts.who = Who::Unknown;
    facts
}

/// The decision for a learner who opens a page in class.
pub(crate) fn learner(url: &str) -> Decision {
    decide::request(&snapshot(), &facts("learner", url))
}

/// One sealed list of these lines, whose hits stand for self-harm.
pub(crate) fn sealed(text: &str) -> Vec<Arc<filter::lists::SealedIndex>> {
    let files = [("illegal.txt".to_owned(), text.as_bytes().to_vec())];
    let (index, report) = filter::lists::SealedIndex::read([3; 32], vec!["self-harm".to_owned()], &files);
    assert!(report.entries > 0 && report.refused.is_empty());
    vec![Arc::new(index)]
}
