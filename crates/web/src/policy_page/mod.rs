//! The policy as published, with a mark at each clause that says how far Haven keeps it, and Haven's own safety rules.

use std::borrow::Borrow;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use policy::{ClauseCoverage, ControlState, SafetyRule};

use crate::app::App;
use crate::error::PageError;
use crate::layout::{Chrome, draw};
use crate::session::Maybe;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/policy", get(policy_page))
        .route("/policy/safety-rules", get(safety_rules))
        .route("/policy/{clause}", get(clause))
        .route("/coverage", get(coverage))
}

#[derive(Template)]
#[template(path = "policy_page/policy.html")]
struct PolicyPage {
    chrome: Chrome,
    title: String,
    edition: String,
    clauses: Vec<ClauseCoverage>,
}

#[derive(Template)]
#[template(path = "policy_page/clause.html")]
struct ClausePage {
    chrome: Chrome,
    covered: ClauseCoverage,
    html: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "policy_page/safety_rules.html")]
struct SafetyPage {
    chrome: Chrome,
}

#[derive(Template)]
#[template(path = "policy_page/coverage.html")]
struct CoveragePage {
    chrome: Chrome,
    counts: Counts,
    clauses: Vec<ClauseCoverage>,
}

/// How many duties are kept, in three parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    built: usize,
    partly: usize,
    not_yet: usize,
}

impl Counts {
    fn of(clauses: &[ClauseCoverage]) -> Self {
        let mut counts = Self::default();
        for row in clauses.iter().flat_map(|clause| &clause.rows) {
            match row.state {
                ControlState::Built => counts.built += 1,
                ControlState::Partly => counts.partly += 1,
                ControlState::NotYet => counts.not_yet += 1,
            }
        }
        counts
    }

    fn total(self) -> usize {
        self.built + self.partly + self.not_yet
    }

    fn built_wide(self) -> usize {
        self.share(self.built)
    }

    fn partly_wide(self) -> usize {
        self.share(self.partly)
    }

    fn gap_from(self) -> usize {
        self.share(self.built + self.partly)
    }

    /// A part's share of a bar that is 1,000 wide.
    fn share(self, part: usize) -> usize {
        (part * 1000).checked_div(self.total()).unwrap_or(0)
    }
}

/// The class of a coverage mark; the word that it marks stands inside.
fn mark(word: &str) -> &'static str {
    match word {
        "built" => "hv-tag--done",
        "partly" => "hv-tag--needs",
        _ => "",
    }
}

fn word(state: impl Borrow<Option<ControlState>>) -> &'static str {
    state.borrow().map_or("no duty", ControlState::word)
}

async fn policy_page(State(app): State<App>, Maybe(session): Maybe) -> Response {
    let pack = app.haven.pack();
    let edition = format!("{}, version {}", pack.reference, pack.version);
    let chrome = app.chrome("Our policy", session.as_ref());
    draw(&PolicyPage { chrome, title: pack.title.clone(), edition, clauses: policy::coverage(&pack) })
}

async fn clause(State(app): State<App>, Maybe(session): Maybe, Path(id): Path<String>) -> Result<Response, PageError> {
    let pack = app.haven.pack();
    let found = pack.clauses.get(&id).ok_or_else(PageError::absent)?;
    let mut all = policy::coverage(&pack);
    let at = all.iter().position(|clause| clause.clause == id).ok_or_else(PageError::absent)?;
    let neighbour = |index: Option<usize>| index.and_then(|index| all.get(index)).map(|clause| clause.clause.clone());
    let (before, after) = (neighbour(at.checked_sub(1)), neighbour(at.checked_add(1)));
    let chrome = app.chrome("Our policy", session.as_ref());
    Ok(draw(&ClausePage { chrome, covered: all.swap_remove(at), html: policy::html(&found.text), before, after }))
}

async fn safety_rules(State(app): State<App>, Maybe(session): Maybe) -> Response {
    draw(&SafetyPage { chrome: app.chrome("Haven\u{2019}s safety rules", session.as_ref()) })
}

async fn coverage(State(app): State<App>, Maybe(session): Maybe) -> Response {
    let clauses = policy::coverage(&app.haven.pack());
    let chrome = app.chrome("Coverage", session.as_ref());
    draw(&CoveragePage { chrome, counts: Counts::of(&clauses), clauses })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use policy::CoveredDuty;

    use super::*;
    use crate::sample;
    use crate::shots::{has, shot};

    fn covered() -> Vec<ClauseCoverage> {
        let duty = |id: &str, state| CoveredDuty {
            id: id.to_owned(),
            duty: "Keep the networks safe".to_owned(),
            control: "F01".to_owned(),
            control_name: "Category decision".to_owned(),
            state,
            evidence: "A dated self-test".to_owned(),
            shown_by: if state == ControlState::NotYet { String::new() } else { "/events".to_owned() },
        };
        let rows = [
            vec![duty("w1", ControlState::Built), duty("w2", ControlState::NotYet)],
            vec![duty("w3", ControlState::Partly)],
            vec![],
        ];
        let clauses = sample::clauses().into_iter().zip(rows);
        clauses.map(|(clause, rows)| ClauseCoverage { clause: clause.id, title: clause.title, rows }).collect()
    }

    #[test]
    fn every_clause_has_its_mark() {
        let chrome = Chrome::sample("Our policy", None);
        let html = shot(
            "policy",
            &PolicyPage {
                chrome,
                title: "E-safety policy".to_owned(),
                edition: "LE11, version 2".to_owned(),
                clauses: covered(),
            },
        );
        for wanted in ["/policy/7.1", "not yet", "partly", "no duty"] {
            has(&html, wanted);
        }
    }

    #[test]
    fn a_clause_shows_its_words_and_what_keeps_it() {
        let covered = covered().remove(0);
        let html = policy::html(&sample::clauses().remove(0).text);
        let page = ClausePage {
            chrome: Chrome::sample("Our policy", None),
            covered,
            html,
            before: None,
            after: Some("7.3".to_owned()),
        };
        let html = shot("clause", &page);
        has(&html, "harmful sites are not opened");
        has(&html, "Category decision");
    }

    #[test]
    fn all_ten_safety_rules_are_published_with_their_numbers() {
        let html = shot("safety-rules", &SafetyPage { chrome: Chrome::sample("Haven\u{2019}s safety rules", None) });
        for rule in SafetyRule::ALL {
            has(&html, &format!("id=\"{rule}\""));
        }
    }

    #[test]
    fn coverage_says_gaps_plainly_and_its_picture_has_the_table_behind_it() {
        let clauses = covered();
        let counts = Counts::of(&clauses);
        assert_eq!(counts, Counts { built: 1, partly: 1, not_yet: 1 });
        assert_eq!(counts.share(1), 333);
        assert_eq!(Counts::default().share(0), 0);
        let html = shot("coverage", &CoveragePage { chrome: Chrome::sample("Coverage", None), counts, clauses });
        has(&html, "<title");
        has(&html, "<table");
    }
}
