//! G03: each rule finds its defect at its line, and a sound document has none.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use policy::{Severity, lint};

use crate::small::{change, changed, files, pack_of};

const TODAY: Date = date(2026, 7, 1);

fn found(files: &BTreeMap<String, String>, today: Date) -> Vec<String> {
    lint(&pack_of(files), today)
        .iter()
        .map(|problem| format!("{}:{} {}", problem.file, problem.line, problem.message))
        .collect()
}

/// The small pack, changed so, has exactly these findings.
fn finds(file: &str, from: &str, to: &str, expected: &[&str]) {
    assert_eq!(found(&changed(file, from, to), TODAY), expected, "after `{from}` became `{to}`");
}

#[test]
fn g03_a_sound_document_has_no_finding() {
    assert_eq!(found(&files(), TODAY), [""; 0]);
}

#[test]
fn g02_a_review_before_the_approval_is_found() {
    finds(
        "pack.toml",
        "next_review = \"2027-05-31\"",
        "next_review = \"2026-05\"",
        &[
            "pack.toml:13 The next review (May 2026) falls before the policy was approved (2026-06-01) and in force (2026-06-01).",
            "pack.toml:13 The next review is a bare month (May 2026), not a day.",
            "pack.toml:13 The review has been overdue for 31 days (since 2026-05-31).",
        ],
    );
}

#[test]
fn g02_the_cycle_holds() {
    finds(
        "pack.toml",
        "next_review = \"2027-05-31\"",
        "next_review = \"2027-06-02\"",
        &["pack.toml:13 The next review (2027-06-02) lies further away than the review cycle of 12 months allows."],
    );
    finds(
        "pack.toml",
        "on = \"2025-06-02\"",
        "on = \"2024-08-01\"",
        &["pack.toml:26 Between version 2 and version 3 lie 22 months; the review cycle is 12 months."],
    );
    finds(
        "pack.toml",
        "on = \"2025-06-02\"",
        "on = \"2026-06-02\"",
        &["pack.toml:26 Version 3 (2026-06-01) is not later than version 2 (2026-06-02)."],
    );
    finds(
        "pack.toml",
        "version = \"3\"\nowner",
        "version = \"4\"\nowner",
        &["pack.toml:6 Version 4 is not in the document's own table of versions."],
    );
}

#[test]
fn g02_an_overdue_review_and_a_policy_that_has_ended_are_found_on_the_day() {
    assert_eq!(found(&files(), date(2027, 5, 31)), [""; 0]);
    assert_eq!(
        found(&files(), date(2027, 6, 1)),
        [
            "pack.toml:12 By its own dates the policy ended on 2027-05-31 and nothing has been in force since.",
            "pack.toml:13 The review has been overdue for 1 day (since 2027-05-31).",
        ]
    );
}

#[test]
fn g02_dates_that_are_missing_or_in_the_wrong_order_are_found() {
    finds("pack.toml", "approved_on = \"2026-06-01\"\n", "", &["pack.toml:1 The document shows no day of approval."]);
    finds(
        "pack.toml",
        "next_review = \"2027-05-31\"\n",
        "",
        &["pack.toml:1 The document does not say when it is next reviewed."],
    );
    finds(
        "pack.toml",
        "in_force_from = \"2026-06-01\"\n",
        "",
        &["pack.toml:1 The document does not say from when it is in force."],
    );
    finds(
        "pack.toml",
        "in_force_from = \"2026-06-01\"",
        "in_force_from = \"2026-05-20\"",
        &["pack.toml:11 The policy is in force from 2026-05-20, before its approval on 2026-06-01."],
    );
    finds(
        "pack.toml",
        "in_force_to = \"2027-05-31\"",
        "in_force_to = \"2026-05-31\"",
        &["pack.toml:12 The policy ends (2026-05-31) before it begins (2026-06-01)."],
    );
    finds(
        "pack.toml",
        "revised_on = \"2026-05-01\"",
        "revised_on = \"2026-06-02\"",
        &["pack.toml:10 The policy was approved (2026-06-01) before it was revised (2026-06-02)."],
    );
}

#[test]
fn g03_several_bodies_cannot_approve_in_one_working_day() {
    let mut files = changed("pack.toml", "revised_on = \"2026-05-01\"", "revised_on = \"2026-05-29\"");
    assert_eq!(found(&files, TODAY), [""; 0], "one body may approve over a weekend");
    change(
        &mut files,
        "pack.toml",
        "[[approver]]",
        "[[approver]]\npost = \"lead\"\nclause = \"1\"\nrecorded = true\n\n[[approver]]",
    );
    assert_eq!(
        found(&files, TODAY),
        ["pack.toml:10 2 bodies approved the policy 1 working day after it was revised (2026-05-29 to 2026-06-01)."]
    );
}

#[test]
fn g03_owners_and_approvals_are_compared() {
    let two = "[[owner_named]]\npost = \"principal\"\nclause = \"1\"\n\n[[owner_named]]\npost = \"head-of-it\"\nclause = \"2\"\n\n[[approver]]";
    finds(
        "pack.toml",
        "[[approver]]",
        two,
        &["pack.toml:20 The document names 2 different owners: Principal (clause front) and Head of IT (clause 2)."],
    );
    finds(
        "pack.toml",
        "recorded = true",
        "recorded = false",
        &["pack.toml:16 The document claims 1 approvals and records 0: none is recorded of Board."],
    );
    finds(
        "pack.toml",
        "[[approver]]\npost = \"board\"",
        "[[approver]]\npost = \"principal\"",
        &["pack.toml:16 Principal both maintains and approves the policy."],
    );
    finds(
        "pack.toml",
        "[[approver]]\npost = \"board\"\nclause = \"1\"\nrecorded = true\n",
        "",
        &["pack.toml:10 The document does not say who approves it."],
    );
}

#[test]
fn p05_a_post_that_receives_concerns_has_a_deputy() {
    finds(
        "pack.toml",
        "title = \"Safeguarding Lead\"\ndeputies = [\"principal\"]",
        "title = \"Safeguarding Lead\"",
        &["pack.toml:37 Safeguarding Lead receives or handles concerns and has no deputy."],
    );
    finds("pack.toml", "title = \"Head of IT\"\ndeputies = [\"principal\"]", "title = \"Head of IT\"", &[]);
}

#[test]
fn g03_a_post_in_the_text_is_defined() {
    finds(
        "clauses/all.md",
        "Everyone keeps",
        "The Head of IT and the Head of Catering and Estates keep",
        &["clauses/all.md:7 The text speaks of the Head of Catering and Estates, and no such post is defined."],
    );
}

#[test]
fn f02_every_group_has_a_profile_and_everybody_a_group() {
    finds(
        "filtering.toml",
        "\"learner\", \"staff\"]",
        "\"learner\"]",
        &["pack.toml:80 No filter profile is for Staff, so everything would be refused to them."],
    );
    finds(
        "pack.toml",
        "population = \"staff\"\n",
        "population = \"staff\"\nflag = \"temporary\"\n",
        &["pack.toml:60 Staff who fit none of the narrower groups have no group at all."],
    );
    finds(
        "pack.toml",
        "population = \"staff\"\nagreement = \"learner\"\n",
        "population = \"staff\"\n",
        &["pack.toml:80 Staff are asked for no agreement before they use the internet."],
    );
}

#[test]
fn g03_numbers_are_used_once_and_without_gaps() {
    finds(
        "clauses/all.md",
        "# 2 Filtering {2}",
        "# 2 Reports {2r}\n\n# 2 Filtering {2}",
        &["clauses/all.md:9 Two sections are numbered 2: \"Filtering\" and \"Reports\"."],
    );
    finds(
        "clauses/all.md",
        "## 2.1 What happens then {2.1}",
        "## 2.1 What happens then {2.1}\n\n## 2.4 More {2.4}",
        &["clauses/all.md:15 There are no sections 2.2 to 2.3."],
    );
    finds(
        "clauses/all.md",
        "# 2 Filtering {2}",
        "# 2 People {2}",
        &["clauses/all.md:9 \"People\" stands under clause 1 and under clause 2."],
    );
}

#[test]
fn g08_laws_are_right_and_listed() {
    finds("pack.toml", "year = 2018", "year = 1998", &["pack.toml:92 The Data Protection Act 1998 has been repealed."]);
    finds(
        "pack.toml",
        "title = \"Data Protection Act\"\nyear = 2018",
        "title = \"Malicious Communications Act\"\nyear = 2003",
        &["pack.toml:92 There is no Malicious Communications Act of 2003."],
    );
    finds(
        "clauses/all.md",
        "Sites that take money are closed.",
        "The Malicious Communications\nAct 1988 and KCSIE apply; so does the Data Protection Act 2018.",
        &[
            "clauses/all.md:11 The clause relies on \"Malicious Communications Act\", which is not in the document's list of laws and guidance.",
            "clauses/all.md:12 The clause relies on \"Keeping children safe in education\", which is not in the document's list of laws and guidance.",
        ],
    );
    finds(
        "clauses/all.md",
        "Sites that take",
        "We keep to the 8 data-protection principles. Sites that take",
        &[
            "clauses/all.md:11 Eight data-protection principles belong to the Data Protection Act 1998, which has been repealed.",
        ],
    );
}

#[test]
fn g08_linked_policies_are_listed() {
    finds(
        "clauses/all.md",
        "See the Behaviour Policy.",
        "See the IT User Policy, our Online Safety Policy, the Equality and Diversity\nPolicy and the Code of Conduct.",
        &[
            "clauses/all.md:15 The clause relies on the IT User Policy, which is not among the linked policies.",
            "clauses/all.md:16 The clause relies on the Equality and Diversity Policy, which is not among the linked policies.",
            "clauses/all.md:16 The clause relies on the Code of Conduct, which is not among the linked policies.",
        ],
    );
}

#[test]
fn g03_words_that_promise_too_much_or_say_too_little_are_found() {
    finds(
        "clauses/all.md",
        "Everyone keeps",
        "This is a totally safe place. Everyone keeps",
        &["clauses/all.md:7 \"totally safe\" is an absolute promise, which nobody can keep."],
    );
    finds(
        "clauses/all.md",
        "Owned by the Principal.",
        "Checked regularly, and as soon as possible.",
        &["clauses/all.md:3 \"regularly\" gives no number, so nobody can tell when it is late."],
    );
    finds("clauses/all.md", "Everyone keeps", "Everyone regularly keeps", &[]);
}

#[test]
fn g10_a_code_without_detector_procedure_or_course_is_a_gap() {
    finds(
        "vocabulary.toml",
        "detectors = [\"list\", \"words\"]\n",
        "detectors = []\n",
        &["vocabulary.toml:6 The policy names \"gambling\" as a risk, but no detector looks for it."],
    );
    let bare = "\n[[code]]\nid = \"scams\"\ntitle = \"scams\"\narea = \"commerce\"\nclause = \"2\"\n\n[[code]]\nid = \"gambling\"";
    finds(
        "vocabulary.toml",
        "\n[[code]]\nid = \"gambling\"",
        bare,
        &[
            "vocabulary.toml:6 The policy names \"scams\" as a risk, but no detector looks for it, no procedure answers it and no course teaches it.",
        ],
    );
}

#[test]
fn f01_a_category_that_would_close_lawful_speech_is_found() {
    finds(
        "vocabulary.toml",
        "title = \"gambling\"",
        "title = \"right-wing views\"",
        &[
            "vocabulary.toml:6 Taken literally, \"right-wing views\" is too broad a category. Its words also fit lawful speech and ordinary pictures.",
        ],
    );
    finds("vocabulary.toml", "title = \"gambling\"", "title = \"indecent images of children\"", &[]);
    finds(
        "vocabulary.toml",
        "course =",
        "broad = \"it also fits the history of card games\"\ncourse =",
        &[
            "vocabulary.toml:6 Taken literally, \"gambling\" is too broad a category. It also fits the history of card games.",
        ],
    );
}

#[test]
fn c03_one_kind_of_person_has_one_first_recipient() {
    let mut files = changed("procedures/filter-alert.toml", "about = \"anyone\"", "about = \"learner\"");
    let second = files["procedures/filter-alert.toml"]
        .replace("id = \"filter-alert\"", "id = \"second\"")
        .replace("Something the filter saw", "Something a learner said")
        .replace("[\"lead\", \"principal\", \"board\"]", "[\"principal\", \"lead\"]");
    change(&mut files, "filtering.toml", "staff_procedure = \"filter-alert\"", "staff_procedure = \"staff\"");
    let staff = files["procedures/filter-alert.toml"]
        .replace("id = \"filter-alert\"", "id = \"staff\"")
        .replace("about = \"learner\"", "about = \"anyone\"");
    files.insert("procedures/second.toml".to_owned(), second);
    files.insert("procedures/staff.toml".to_owned(), staff);
    assert_eq!(
        found(&files, TODAY),
        [
            "procedures/second.toml:1 Concerns about learners go first to different people: Safeguarding Lead (Something the filter saw, clause 2.1) and Principal (Something a learner said, clause 2.1)."
        ]
    );
}

#[test]
fn c12_a_route_about_staff_has_somebody_who_is_not_the_subject() {
    finds(
        "procedures/filter-alert.toml",
        "route = [\"lead\", \"principal\", \"board\"]",
        "route = [\"lead\", \"principal\"]",
        &[
            "procedures/filter-alert.toml:1 A concern about one of Safeguarding Lead and Principal leaves at most one person to take it.",
        ],
    );
}

#[test]
fn c04_a_procedure_can_be_finished_by_those_who_own_its_steps() {
    finds(
        "procedures/filter-alert.toml",
        "kind = \"close\"",
        "kind = \"act\"",
        &[
            "procedures/filter-alert.toml:1 \"Something the filter saw\" has no step that closes a case, so nobody asks what must change.",
        ],
    );
    finds(
        "rights.toml",
        "\"case.assess\", ",
        "",
        &[
            "procedures/filter-alert.toml:17 Safeguarding Lead is to take the step \"Decide whether this is a concern\" and has no right `case.assess`.",
        ],
    );
    finds(
        "rights.toml",
        "[\"case.second\"]",
        "[\"case.read\"]",
        &["procedures/filter-alert.toml:44 Principal is to take the step \"Refer\" and has no right `case.second`."],
    );
    finds(
        "procedures/filter-alert.toml",
        "reportable = true",
        "reportable = false",
        &[
            "procedures/:0 No procedure lets anybody report a concern about learners.",
            "procedures/:0 No procedure lets anybody report a concern about staff.",
        ],
    );
}

#[test]
fn g02_a_clock_has_a_number_and_retention_an_end() {
    finds(
        "clocks.toml",
        "every = \"12 months\"\n",
        "",
        &["clocks.toml:17 \"Review of the policy\" comes round, but the policy gives no interval."],
    );
    finds(
        "clocks.toml",
        "id = \"retention-cases\"\ntitle = \"Retention of case records\"",
        "id = \"records\"\ntitle = \"Case records\"",
        &["clocks.toml:0 The policy does not say how long records are kept: cases, filter records, images, consents."],
    );
}

#[test]
fn g03_the_writers_defects_are_findings_and_choices_are_notes() {
    let mut files = files();
    let text = "\n[[defect]]\nabout = \"two lists contradict each other\"\nclause = \"2\"\nmend = \"keep one\"\n\n[[choice]]\nabout = \"police: will or may\"\nchoice = \"a second post is asked either way\"\nclause = \"2.1\"\n";
    files.get_mut("pack.toml").unwrap().push_str(text);
    let problems = lint(&pack_of(&files), TODAY);
    let shown: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "finding: pack.toml:101 (clause 2): Two lists contradict each other. Keep one.",
            "note: pack.toml:106 (clause 2.1): Police: will or may. This pack's choice: A second post is asked either way.",
        ]
    );
    assert_eq!((problems[0].severity, problems[1].severity), (Severity::Finding, Severity::Note));
}

#[test]
fn invariant_4_a_finding_never_keeps_a_pack_out() {
    let files = changed("pack.toml", "in_force_to = \"2027-05-31\"", "in_force_to = \"2026-06-15\"");
    let problems = lint(&pack_of(&files), date(2030, 1, 1));
    assert!(!problems.is_empty());
    assert!(problems.iter().all(|problem| problem.severity < Severity::Error));
    assert!(problems.iter().all(|problem| problem.mend.ends_with('.')), "{problems:?}");
}
