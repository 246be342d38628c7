//! A small policy for the gateway's tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use filter::Snapshot;
use filter::lists::Lists;
use filter::phrases::WordPack;

const PACK: &str = r#"[pack]
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

[[group]]
id = "learner"
title = "Learners"
population = "learner"
agreement = "learner"
clause = "1"

[[agency]]
id = "council-prevent"
title = "the council's Prevent contact"
clause = "2.1"
"#;

const CLAUSES: &str = "# Front page {front}

Owned by the Principal.

# 1 People {1}

Everyone keeps each other safe.

# 2 Sites that take money are closed {2}

Sites that take money are closed.

## 2.1 What happens then {2.1}

A lead looks at it.
";

const VOCABULARY: &str = r#"[[area]]
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

[[code]]
id = "extremism"
title = "extremism"
area = "commerce"
detectors = ["list", "words", "search"]
procedure = "filter-alert"
course = "induction"
clause = "2"

[[code]]
id = "harmful-programs"
title = "programs that harm computers"
area = "commerce"
aliases = ["malware", "virus"]
detectors = ["list"]
procedure = "filter-alert"
course = "induction"
clause = "2.1"
"#;

const FILTERING: &str = r#"[defaults]
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
groups = ["learner"]
safe_search = true
clause = "2"

[[rule]]
id = "gambling"
action = "block"
codes = ["gambling"]
sites = ["casino-royal.test", "gamblersanonymous.org"]
clause = "2"
reason = "Gambling sites can take money from people who cannot spare it."

[[rule]]
id = "extremism"
action = "block"
codes = ["extremism"]
clause = "2"
reason = "Sites like this one talk people into hurting others."

[[rule]]
id = "dating"
action = "warn"
sites = ["dating.test"]
clause = "2"
reason = "People on dating sites are not always who they say they are."

[[trigger]]
id = "prevent"
theme = "prevent"
codes = ["extremism"]
grade = "high"
procedure = "filter-alert"
staff_procedure = "filter-alert"
clause = "2"
reason = "Looked for something that the policy links with extremism."

[[help]]
site = "advice.test"
title = "The advice line"
codes = ["gambling"]
clause = "2"
"#;

const PROCEDURE: &str = r#"[procedure]
id = "filter-alert"
title = "Something the filter saw"
about = "anyone"
codes = ["gambling", "extremism"]
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
actions = ["case.read", "case.act", "case.assess", "case.decide", "case.refer", "case.close"]
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

const OBLIGATIONS: &str = "id\tclause\tduty\tcontrol\tevidence
S-001\t2\tClose sites that take money.\tF01\tThe block page with its clause.
";

const EXAMPLES: &str = "A learner opens a game of chance.

```example
learner http://casino-royal.test/ -> block 2
```
";

/// The snapshot of the small policy, with `change` applied to its filtering rules.
pub(crate) fn snapshot_with(change: impl Fn(&str) -> String) -> Snapshot {
    let filtering = change(FILTERING);
    let files: BTreeMap<String, String> = [
        ("pack.toml", PACK),
        ("clauses/all.md", CLAUSES),
        ("vocabulary.toml", VOCABULARY),
        ("filtering.toml", filtering.as_str()),
        ("procedures/filter-alert.toml", PROCEDURE),
        ("agreements/monitoring-notice.md", NOTICE),
        ("agreements/learner.md", AGREEMENT),
        ("rights.toml", RIGHTS),
        ("clocks.toml", CLOCKS),
        ("obligations.tsv", OBLIGATIONS),
        ("examples/chance.md", EXAMPLES),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    let reading = policy::read(&files);
    let pack = reading.pack.unwrap_or_else(|| panic!("{:?}", reading.problems));
    let lists = Arc::new(Lists::starter());
    let words = Arc::new(WordPack::shipped());
    Snapshot::new(Arc::new(pack), lists, words, Vec::new(), vec!["haven.test".to_owned()]).unwrap()
}

pub(crate) fn snapshot() -> Snapshot {
    snapshot_with(str::to_owned)
}
