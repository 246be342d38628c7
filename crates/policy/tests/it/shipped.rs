//! The packs that ship with Haven come into force, and their sources' own defects are found.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::date;
use policy::{ControlState, Pack, Problem, Severity, coverage, lint};

use crate::small::{pack_of, shown};

/// Every file below a folder of `packs/`, by its path inside it.
fn files(pack: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(pack);
    let mut files = BTreeMap::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                folders.push(format!("{name}/"));
            } else {
                files.insert(name.clone(), std::fs::read_to_string(root.join(&name)).unwrap());
            }
        }
    }
    files
}

fn waes() -> Pack {
    pack_of(&files("waes"))
}

fn found(problems: &[Problem], words: &str) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Finding && problem.message.contains(words))
}

#[test]
fn g01_waes_has_no_error() {
    let reading = policy::read(&files("waes"));
    assert_eq!(shown(&reading.problems), [""; 0]);
    assert!(reading.pack.is_some());
}

#[test]
fn g03_the_defects_of_the_waes_document_are_found() {
    let problems = lint(&waes(), date(2026, 11, 22));
    for words in [
        "The next review (July 2023) falls before the policy was revised (2023-09-01), approved (2023-09-04) and in force (2023-09-04).",
        "The next review is a bare month (July 2023), not a day.",
        "The review has been overdue for",
        "lie 22 months; the review cycle is 12 months.",
        "1 working day after it was revised (2023-09-01 to 2023-09-04).",
        "By its own dates the policy ended on 2024-07-31 and nothing has been in force since.",
        "different owners",
        "The document claims 4 approvals and records 1",
        "both maintains and approves the policy.",
        "There is no Malicious Communications Act of 2003.",
        "The Regulatory of Investigatory Powers Act 2000 is misnamed.",
        "No Child Protection Act 2003 can be traced.",
        "Two sections are numbered 7",
        "comes round, but the policy gives no interval.",
        "no detector looks for it",
        "Eight data-protection principles belong to the Data Protection Act 1998",
        "The clause relies on \"Equality Act\"",
        "The clause relies on \"Keeping children safe in education\"",
        "is an absolute promise",
        "\"right-wing views\" is too broad a category.",
        "Staff concerns go four ways",
    ] {
        assert!(found(&problems, words), "not found: {words}\n{:#?}", shown(&problems));
    }
    // The pack names deputies so that somebody is always there; that the source names none is a choice it tells.
    assert!(problems.iter().any(|problem| problem.severity == Severity::Note && problem.message.contains("no deputy")));
    for problem in &problems {
        assert!(problem.severity < Severity::Error, "{problem}");
        assert!(problem.line > 0 || problem.file.ends_with('/') || problem.file == "clocks.toml", "{problem}");
    }
}

#[test]
fn g04_every_clause_of_waes_is_covered_or_said_not_to_be() {
    let pack = waes();
    let coverage = coverage(&pack);
    assert_eq!(coverage.len(), pack.clauses.len());
    let duties: usize = coverage.iter().map(|clause| clause.rows.len()).sum();
    assert_eq!(duties, pack.obligations.len());
    assert!(coverage.iter().any(|clause| clause.state() == Some(ControlState::NotYet)));
}

#[test]
fn g03_the_defects_of_the_other_documents_are_found() {
    let expected: [(&str, &[&str]); 4] = [
        ("atn", &["names 2 different owners: Managing Director", "The clause relies on the Code of Conduct"]),
        ("lss", &["The next review is a bare month (December 2021)", "lie 34 months; the review cycle is 12 months"]),
        ("caretrade", &["There is no Data Protection Act of 1988", "does not say when it is next reviewed"]),
        (
            "achieve",
            &[
                "lies further away than the review cycle of 12 months",
                "names 2 different owners: Head of Learner Wellbeing",
                "claims 2 approvals and records 0",
                "is cited in its edition of 2019",
            ],
        ),
    ];
    for (pack, defects) in expected {
        let reading = policy::read(&files(pack));
        assert_eq!(shown(&reading.problems), [""; 0], "{pack}");
        let problems = lint(&reading.pack.unwrap(), date(2026, 11, 22));
        for words in defects {
            assert!(found(&problems, words), "{pack}: not found: {words}\n{:#?}", shown(&problems));
        }
    }
}
