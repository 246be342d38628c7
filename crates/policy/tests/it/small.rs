//! A small pack without a problem, and ways to spoil it.

use std::collections::BTreeMap;

use policy::{Pack, Problem, Severity};

pub(crate) const PACK: &str = r#"[pack]
id = "small"
title = "Online Safety Policy"
organisation = "Meadow Learning"
reference = "ML1"
version = "3"
owner = "principal"
clause = "front"
revised_on = "2026-05-01"
approved_on = "2026-06-01"
in_force_from = "2026-06-01"
in_force_to = "2027-05-31"
next_review = "2027-05-31"
review_cycle_months = 12
last_resort = ["principal"]
[[approver]]
post = "board"
clause = "1"
recorded = true

[[version]]
version = "2"
on = "2025-06-02"
summary = "yearly review"

[[version]]
version = "3"
on = "2026-06-01"
summary = "yearly review"

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

[[post]]
id = "head-of-it"
title = "Head of IT"
deputies = ["principal"]
clause = "1"

[[post]]
id = "board"
title = "Board"
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

[[agency]]
id = "council-prevent"
title = "the council's Prevent contact"
clause = "2.1"

[[law]]
title = "Data Protection Act"
year = 2018
clause = "2"

[[linked]]
title = "Behaviour Policy"
clause = "2"
"#;

pub(crate) const CLAUSES: &str = "# Front page {front}

Owned by the Principal.

# 1 People {1}

Everyone keeps each other safe.

# 2 Filtering {2}

Sites that take money are closed.

## 2.1 What happens then {2.1}

A lead looks at it. See the Behaviour Policy.
";

pub(crate) const VOCABULARY: &str = r#"[[area]]
id = "commerce"
title = "Commerce"
clause = "2"

[[code]]
id = "gambling"
title = "gambling"
area = "commerce"
aliases = ["casino"]
detectors = ["list", "words"]
procedure = "filter-alert"
course = "induction"
clause = "2"
"#;

pub(crate) const FILTERING: &str = r#"[defaults]
unlisted = "allow"
unlisted_clause = "2"
unknown_protocol = "block"
unknown_protocol_clause = "2"
scanner_down = "block"
scanner_down_clause = "2"

[inspection]
except_codes = []
except_sites = ["bank.test"]
clause = "2"

[[profile]]
id = "everyone"
title = "Everyone"
groups = ["learner-under-18", "learner", "staff"]
safe_search = true
clause = "2"

[[rule]]
id = "gambling"
action = "block"
codes = ["gambling"]
sites = ["casino-royal.test"]
clause = "2"
reason = "Gambling sites can take money from people who cannot spare it."

[[trigger]]
id = "gambling"
theme = "gambling"
codes = ["gambling"]
grade = "low"
procedure = "filter-alert"
staff_procedure = "filter-alert"
clause = "2"
reason = "Tried to open a gambling site."

[[exception]]
site = "museum-of-cards.test"
action = "allow"
clause = "2"
reason = "Used in a history course."

[[help]]
site = "gamblersanonymous.test"
title = "Gamblers Anonymous"
codes = ["gambling"]
clause = "2"
"#;

pub(crate) const PROCEDURE: &str = r#"[procedure]
id = "filter-alert"
title = "Something the filter saw"
about = "anyone"
codes = ["gambling"]
reportable = true
route = ["lead", "principal", "board"]
acknowledge_within = "1 working hour"
what_happens_next = "A lead reads this within one working hour."
clause = "2.1"

[[card]]
title = "Do not accuse"
text = "An alert is a question."
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
id = "threshold"
title = "Is the threshold met?"
text = "Write down why."
kind = "decide"
owner = "lead"
due = "1 working day"
after = ["assess"]
clause = "2.1"

[[step.option]]
id = "met"
title = "Yes"

[[step.option]]
id = "not-met"
title = "No"

[[step]]
id = "send"
title = "Refer"
text = "Look at the preview first."
kind = "refer"
owner = "lead"
due = "1 working day"
after = ["threshold"]
only_if = "threshold=met"
gate = "legal"
second_post = "principal"
referral = "channel"
clause = "2.1"

[[step]]
id = "close"
title = "Close"
text = "Say what must change."
kind = "close"
owner = "lead"
due = "5 working days"
after = ["threshold", "send"]
clause = "2.1"

[[referral]]
id = "channel"
agency = "council-prevent"
title = "Referral to the council"
fields = ["person-name", "concern"]
consent = "agreed-or-override"
reply_by = "5 working days"
clause = "2.1"

[[outcome]]
id = "support"
title = "Education and support"
clause = "2.1"
"#;

pub(crate) const NOTICE: &str = "+++
id = \"monitoring-notice\"
kind = \"notice\"
version = \"1\"
title = \"What we look at\"
clause = \"2\"
+++

## What we see

We see the addresses you open.
";

pub(crate) const AGREEMENT: &str = "+++
id = \"learner\"
kind = \"acceptable-use\"
version = \"1\"
title = \"Using the internet here\"
clause = \"2\"
+++

## What you can do

Learn.

## What to leave alone

Other people's accounts.
";

pub(crate) const RIGHTS: &str = r#"[[right]]
post = "lead"
actions = ["case.read", "case.act", "case.assess", "case.decide", "case.refer", "case.close"]
relation = "learner-cases"
clause = "1"

[[right]]
post = "principal"
actions = ["case.second"]
relation = "case-team"
clause = "1"
"#;

pub(crate) const CLOCKS: &str = r#"[calendar]
zone = "Europe/London"
day_from = "08:30"
day_to = "17:30"
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
clause = "1"

[[term]]
name = "Autumn 2026"
from = "2026-09-07"
to = "2026-12-18"

[[closed]]
name = "Christmas Day"
on = "2026-12-25"

[[clock]]
id = "review"
title = "Review of the policy"
every = "12 months"
clause = "1"

[[clock]]
id = "retention-cases"
title = "Retention of case records"
every = "72 months"
clause = "2"
"#;

pub(crate) const OBLIGATIONS: &str = "id\tclause\tduty\tcontrol\tevidence
S-001\t2\tClose sites that take money.\tF01\tThe block page with its clause.
S-002\t2.1\tA lead looks at each alert.\tC13\tAcknowledged within the hour.
";

pub(crate) const EXAMPLES: &str = "A learner opens a game of chance.

```example
learner http://casino-royal.test/ -> block 2
```
";

/// The files of a pack that has no problem of any kind on 1 July 2026.
pub(crate) fn files() -> BTreeMap<String, String> {
    [
        ("pack.toml", PACK),
        ("clauses/all.md", CLAUSES),
        ("vocabulary.toml", VOCABULARY),
        ("filtering.toml", FILTERING),
        ("procedures/filter-alert.toml", PROCEDURE),
        ("agreements/monitoring-notice.md", NOTICE),
        ("agreements/learner.md", AGREEMENT),
        ("rights.toml", RIGHTS),
        ("clocks.toml", CLOCKS),
        ("obligations.tsv", OBLIGATIONS),
        ("examples/chance.md", EXAMPLES),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}

/// The small pack with the first `from` in `file` replaced by `to`. Panics if `from` is not there.
pub(crate) fn changed(file: &str, from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files = files();
    change(&mut files, file, from, to);
    files
}

pub(crate) fn change(files: &mut BTreeMap<String, String>, file: &str, from: &str, to: &str) {
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file} has no `{from}`");
    *text = text.replacen(from, to, 1);
}

pub(crate) fn pack_of(files: &BTreeMap<String, String>) -> Pack {
    let reading = policy::read(files);
    reading.pack.unwrap_or_else(|| panic!("{:#?}", shown(&reading.problems)))
}

pub(crate) fn pack() -> Pack {
    pack_of(&files())
}

/// `file:line message` of each problem.
pub(crate) fn shown(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| format!("{}:{} {}", problem.file, problem.line, problem.message)).collect()
}

/// The pack is refused, with exactly these problems, each given as `line message`.
pub(crate) fn refused(file: &str, from: &str, to: &str, expected: &[&str]) {
    let reading = policy::read(&changed(file, from, to));
    let expected: Vec<String> = expected.iter().map(|problem| format!("{file}:{problem}")).collect();
    assert_eq!(shown(&reading.problems), expected, "after `{from}` became `{to}`");
    assert!(reading.pack.is_none());
    for problem in &reading.problems {
        assert_eq!(problem.severity, Severity::Error);
        assert!(problem.mend.ends_with('.'), "{problem}");
    }
}
