//! G04 and G01: what answers each clause, and what a new version changes for whom.

use policy::{ChangeArea, ControlState, controls, coverage, diff};

use crate::small::{change, changed, files, pack, pack_of};

#[test]
fn g04_every_control_is_known_with_an_honest_state() {
    let controls = controls();
    assert_eq!(controls.len(), 86);
    assert_eq!(include_str!("../../data/controls.tsv").lines().count(), 87, "every line of the table is read");
    for control in controls {
        assert_eq!(control.state == ControlState::NotYet, control.shown_by.is_empty(), "{}", control.id);
    }
    let mut ids: Vec<_> = controls.iter().map(|control| control.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 86);
}

#[test]
fn g04_coverage_shows_every_clause_in_order_and_says_where_no_duty_is() {
    let mut files =
        changed("clauses/all.md", "# 2 Filtering {2}", "# 10 Review {10}\n\nEach year.\n\n# 2 Filtering {2}");
    change(&mut files, "obligations.tsv", "S-002", "S-003\t2\tHelp without an account.\tC99\tA form.\nS-002");
    change(&mut files, "obligations.tsv", "C99", "F14");
    let coverage = coverage(&pack_of(&files));
    let clauses: Vec<_> = coverage.iter().map(|row| row.clause.as_str()).collect();
    assert_eq!(clauses, ["front", "1", "2", "2.1", "10"]);
    let summaries: Vec<_> = coverage.iter().map(|row| row.summary()).collect();
    assert_eq!(
        summaries,
        [
            "No duty is read out of this clause.",
            "No duty is read out of this clause.",
            "2 duties: 0 built, 1 partly, 1 not yet.",
            "1 duty: 0 built, 1 partly, 0 not yet.",
            "No duty is read out of this clause.",
        ]
    );
    let filtering = &coverage[2];
    assert_eq!(filtering.state(), Some(ControlState::NotYet));
    let row = &filtering.rows[0];
    assert_eq!(
        (row.id.as_str(), row.control.as_str(), row.control_name.as_str()),
        ("S-001", "F01", "Category decision")
    );
    assert_eq!((row.state.word(), row.evidence.as_str()), ("partly", "The block page with its clause."));
    assert_eq!(coverage[0].state(), None);
}

/// What one change of the small pack means, as `area | who | what | clause`.
fn means(file: &str, from: &str, to: &str, expected: &[&str]) {
    let changes = diff(&pack(), &pack_of(&changed(file, from, to)));
    let shown: Vec<String> =
        changes.iter().map(|c| format!("{} | {} | {} | {}", c.area.word(), c.who, c.what, c.clause)).collect();
    assert_eq!(shown, expected, "after `{from}` became `{to}`");
}

#[test]
fn g01_the_same_policy_changes_nothing() {
    assert_eq!(diff(&pack(), &pack_of(&files())), []);
    means("examples/chance.md", "A learner", "One learner", &[]);
}

#[test]
fn g01_a_change_of_the_filter_is_said_in_plain_words() {
    let file = "filtering.toml";
    means(
        file,
        "action = \"block\"",
        "action = \"warn\"",
        &[
            "Filtering | everybody | Sites about gambling, and casino-royal.test, open after a warning (was: Sites about gambling, and casino-royal.test, are blocked). | 2",
        ],
    );
    means(
        file,
        "action = \"block\"",
        "action = \"block\"\nprofiles = [\"everyone\"]",
        &[
            "Filtering | Learners under 18, Learners and Staff | The rule \"Sites about gambling, and casino-royal.test, are blocked\" is for Learners under 18, Learners and Staff (was for everybody). | 2",
        ],
    );
    means(
        file,
        "unlisted = \"allow\"",
        "unlisted = \"block\"",
        &["Filtering | everybody | A site on no list: now block (was allow). | 2"],
    );
    means(
        file,
        "safe_search = true",
        "safe_search = false",
        &[
            "Filtering | Learners under 18, Learners and Staff | Filter profile Everyone: safe search is now off (was on). | 2",
        ],
    );
    means(
        file,
        "grade = \"low\"",
        "grade = \"high\"",
        &["Filtering | everybody | The alert gambling: the grade is now high (was low). | 2"],
    );
    means(
        file,
        "except_sites = [\"bank.test\"]",
        "except_sites = [\"bank.test\"]\nexcept_groups = [\"staff\"]",
        &["Filtering | everybody | Groups for whom nothing is opened for inspection: now staff (was none). | 2"],
    );
    means(
        file,
        "site = \"museum-of-cards.test\"",
        "site = \"cards.test\"",
        &[
            "Filtering | everybody | An exception: cards.test is set to allow. | 2",
            "Filtering | everybody | The exception for museum-of-cards.test is gone. | 2",
        ],
    );
}

#[test]
fn g01_a_change_of_a_procedure_names_step_and_post() {
    let file = "procedures/filter-alert.toml";
    let who = "Procedures | people concerned about anyone | Something the filter saw:";
    means(
        file,
        "owner = \"lead\"\ndue = \"2 working hours\"",
        "owner = \"principal\"\ndue = \"1 working hour\"",
        &[
            &format!(
                "{who} the step \"Decide whether this is a concern\": its owner is now Principal (was Safeguarding Lead). | 2.1"
            ),
            &format!(
                "{who} the step \"Decide whether this is a concern\": it is now due in 1 working hour (was 2 working hours). | 2.1"
            ),
        ],
    );
    means(
        file,
        "[\"lead\", \"principal\", \"board\"]",
        "[\"principal\", \"lead\", \"board\"]",
        &[&format!(
            "{who} it is now received by Principal, Safeguarding Lead and Board (was Safeguarding Lead, Principal and Board). | 2.1"
        )],
    );
    means(
        file,
        "\"person-name\", \"concern\"",
        "\"concern\"",
        &[&format!(
            "{who} \"Referral to the council\": what leaves is now concern (was person-name and concern). | 2.1"
        )],
    );
    means(
        file,
        "Do not accuse",
        "Do not question",
        &[
            &format!("{who} a new card \"Do not question\". | 2.1"),
            &format!("{who} the card \"Do not accuse\" is gone. | 2.1"),
        ],
    );
}

#[test]
fn g01_changes_of_agreements_rights_clocks_and_clauses_name_whom_they_touch() {
    means(
        "agreements/learner.md",
        "Learn.",
        "Learn and rest.",
        &[
            "Agreements | Learners under 18, Learners and Staff | \"Using the internet here\" has changed and is acknowledged again. | 2",
        ],
    );
    means(
        "rights.toml",
        "\"case.read\", \"case.act\"",
        "\"case.act\", \"activity.read\"",
        &[
            "Who may do what | Safeguarding Lead | Safeguarding Lead may now: activity.read (learner cases). | 1",
            "Who may do what | Safeguarding Lead | Safeguarding Lead may no longer: case.read (learner cases). | 1",
        ],
    );
    means(
        "clocks.toml",
        "every = \"12 months\"",
        "every = \"6 months\"",
        &["Times and intervals | everybody | Review of the policy: now every 6 months (was every 12 months). | 1"],
    );
    means(
        "clocks.toml",
        "\"17:30\"",
        "\"18:00\"",
        &["Times and intervals | everybody | The working day now ends at 18:00 (was 17:30). | front"],
    );
    means(
        "pack.toml",
        "under_age_years = 18",
        "under_age_years = 19",
        &[
            "People and groups | Learners under 18 | Who is in the group: now learner under 19 (was learner under 18). | 1",
        ],
    );
    means(
        "clauses/all.md",
        "Everyone keeps",
        "All keep",
        &["Clauses | everybody | Clause 1 (People) has other words. | 1"],
    );
    let areas: Vec<_> =
        diff(&pack(), &pack_of(&changed("pack.toml", "version = \"3\"\nowner", "version = \"4\"\nowner")))
            .iter()
            .map(|change| change.area)
            .collect();
    assert_eq!(areas, [ChangeArea::Document]);
}
