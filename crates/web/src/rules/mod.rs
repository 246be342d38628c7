//! "Open this site, close that one": the organisation's own rules, what each would change, and taking one back.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::api::{ActionError, Effect, Made, NewRule, RuleQuery, RuleRow, RuleState, Session};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, Paging, draw, draw_again, query, words};
use crate::session::{Posted, SignedIn};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/rules", get(list).post(make))
        .route("/rules/new", get(fresh))
        .route("/rules/{id}/take-back", post(take_back))
}

/// How long a site opens if nobody says otherwise, in days.
const OPEN_FOR_DAYS: u32 = 30;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Find {
    text: String,
    /// `all`: those that have ended as well.
    which: String,
    page: Option<u32>,
    /// What was just done: `made`, `asked` or `back`.
    done: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    site: String,
    allow: String,
    population: String,
    reason: String,
    until_days: String,
    /// `look` or `make`.
    go: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct BackInput {
    reason: String,
}

#[derive(Template)]
#[template(path = "rules/list.html")]
struct ListPage {
    chrome: Chrome,
    rows: Vec<RuleRow>,
    find: Find,
    paging: Paging,
    done: &'static str,
    /// The rule whose form came back with faults; empty if none.
    again: String,
    form: BackInput,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "rules/new.html")]
struct NewPage {
    chrome: Chrome,
    /// Id and title.
    populations: Vec<(String, String)>,
    form: Input,
    faults: Faults,
    /// What it would change, once that was asked for.
    effects: Option<Vec<Effect>>,
}

impl NewPage {
    fn changes(&self) -> bool {
        self.effects.iter().flatten().any(|effect| effect.before != effect.after)
    }
}

fn done(word: &str) -> &'static str {
    match word {
        "made" => "The rule is in force, for everybody who browses from now on.",
        "asked" => "It would open for you too, so somebody else decides. It waits under Requests.",
        "back" => "The rule was taken back.",
        _ => "",
    }
}

async fn list_page(app: &App, session: &Session, find: Find) -> Result<ListPage, PageError> {
    let asked = RuleQuery { text: find.text.clone(), ended: find.which == "all", page: find.page.unwrap_or(1).max(1) };
    let found = actions::local_rules::rules(&app.haven, session, &asked).await?;
    let base = format!("/rules?{}&{}&", query("text", &find.text), query("which", &find.which));
    let paging = Paging::new(found.page, found.pages, found.total, base);
    Ok(ListPage {
        chrome: app.chrome("Our own rules", Some(session)),
        rows: found.items,
        done: done(&find.done),
        find,
        paging,
        again: String::new(),
        form: BackInput::default(),
        faults: Faults::default(),
    })
}

async fn list(State(app): State<App>, me: SignedIn, Query(find): Query<Find>) -> Result<Response, PageError> {
    Ok(draw(&list_page(&app, &me.session, find).await?))
}

fn new_page(app: &App, session: &Session, form: Input, faults: Faults, effects: Option<Vec<Effect>>) -> NewPage {
    let pack = app.haven.pack();
    let populations = pack.populations.iter().map(|one| (one.id.clone(), one.title.clone())).collect();
    NewPage { chrome: app.chrome("A rule of our own", Some(session)), populations, form, faults, effects }
}

async fn fresh(State(app): State<App>, me: SignedIn, Query(mut form): Query<Input>) -> Result<Response, PageError> {
    if !actions::filter_event::may_decide(&app.haven, &me.session) {
        return Err(PageError::absent());
    }
    if form.allow == "yes" && form.until_days.is_empty() {
        form.until_days = OPEN_FOR_DAYS.to_string();
    }
    Ok(draw(&new_page(&app, &me.session, form, Faults::default(), None)))
}

/// The rule as it was written, or the fault at its field.
fn read(form: &Input) -> Result<NewRule, Faults> {
    let allow = match form.allow.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Faults::one("allow", "Choose whether it opens or closes.")),
    };
    let days = form.until_days.trim();
    let until_days = if days.is_empty() {
        None
    } else {
        Some(days.parse().map_err(|_| Faults::one("until_days", "Write a number of days, such as 30."))?)
    };
    let (site, reason) = (form.site.trim().to_owned(), form.reason.clone());
    Ok(NewRule { site, allow, population: form.population.clone(), reason, until_days })
}

async fn make(State(app): State<App>, posted: Posted<Input>) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let again = |form, faults| Ok(draw_again(&new_page(&app, &session, form, faults, None)));
    let new = match read(&form) {
        Ok(new) => new,
        Err(faults) => return again(form, faults),
    };
    if form.go == "look" {
        return match look(&app, &session, &new) {
            Ok(effects) => Ok(draw(&new_page(&app, &session, form, Faults::default(), Some(effects)))),
            Err(error) => again(form, Faults::of(error)?),
        };
    }
    match actions::local_rules::make(&app.haven, &session, &new).await {
        Ok(Made::Rule) => Ok(go("/rules?done=made")),
        Ok(Made::Asked) => Ok(go("/rules?done=asked")),
        Err(error) => again(form, Faults::of(error)?),
    }
}

fn look(app: &App, session: &Session, new: &NewRule) -> Result<Vec<Effect>, ActionError> {
    let snapshot = (app.options.in_force)().ok_or_else(|| {
        ActionError::fault("", "No policy is in force here just now, so there is nothing to compare.")
    })?;
    actions::what_if::effects(&app.haven, session, &snapshot, new)
}

async fn take_back(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted<BackInput>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    match actions::local_rules::take_back(&app.haven, &session, &id, &form.reason).await {
        Ok(()) => Ok(go("/rules?done=back")),
        Err(error) => {
            let faults = Faults::of(error)?;
            let page = list_page(&app, &session, Find::default()).await?;
            Ok(draw_again(&ListPage { again: id, form, faults, ..page }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn row(id: &str, site: &str, allow: bool, state: RuleState) -> RuleRow {
        RuleRow {
            id: id.to_owned(),
            site: site.to_owned(),
            allow,
            for_whom: "Learners".to_owned(),
            reason: "Used in the bookkeeping course".to_owned(),
            made_text: "today at 9:10am".to_owned(),
            by: "Igor Network".to_owned(),
            until_text: Some("Thursday 24 December, 9:10am".to_owned()),
            mine_to_end: state == RuleState::InForce,
            state,
        }
    }

    fn page(rows: Vec<RuleRow>, find: Find) -> ListPage {
        let total = rows.len() as u64;
        ListPage {
            chrome: Chrome::sample("Our own rules", Some(sample::HEAD_OF_IT)),
            rows,
            paging: Paging::new(1_u32, 1_u32, total, "/rules?".to_owned()),
            done: done(&find.done),
            find,
            again: String::new(),
            form: BackInput::default(),
            faults: Faults::default(),
        }
    }

    fn new(form: Input, faults: Faults, effects: Option<Vec<Effect>>) -> NewPage {
        let populations = [("learner", "Learners"), ("staff", "Staff")];
        NewPage {
            chrome: Chrome::sample("A rule of our own", Some(sample::HEAD_OF_IT)),
            populations: populations.map(|(id, title)| (id.to_owned(), title.to_owned())).to_vec(),
            form,
            faults,
            effects,
        }
    }

    #[test]
    fn f12_each_rule_says_who_made_it_why_and_until_when() {
        let rows = vec![
            row("r1", "ledger.example", true, RuleState::InForce),
            row("r2", "quarrel.example", false, RuleState::TakenBack),
            row("r3", "old.example", true, RuleState::Ended),
            row("r4", "undone.example", true, RuleState::Unsettled("the policy no longer has the clause")),
        ];
        let find = Find { which: "all".to_owned(), done: "made".to_owned(), ..Find::default() };
        let html = shot("rules", &page(rows, find));
        for wanted in [
            "ledger.example",
            "Igor Network",
            "Used in the bookkeeping course",
            "action=\"/rules/r1/take-back\"",
            "Taken back",
            "Ended",
            "Decide again",
            "The rule is in force",
        ] {
            has(&html, wanted);
        }
        has_not(&html, "action=\"/rules/r2/take-back\"");
    }

    #[test]
    fn f12_no_rule_is_a_calm_page_and_a_fault_stays_at_its_rule() {
        has(&shot("rules-empty", &page(vec![], Find::default())), "no rules of its own");
        let nothing = Find { text: "zebra".to_owned(), ..Find::default() };
        has(&shot("rules-none-fits", &page(vec![], nothing)), "No rule fits");
        let rows = vec![row("r1", "ledger.example", true, RuleState::InForce)];
        let faults = Faults::one("reason", "Say why, in a sentence.");
        let again = ListPage { again: "r1".to_owned(), faults, ..page(rows, Find::default()) };
        has(&shot("rules-fault", &again), "href=\"#reason\"");
    }

    #[test]
    fn f12_what_a_rule_would_change_is_shown_before_it_is_made() {
        let effect = |group: &str, after| Effect { group: group.to_owned(), before: "block", after };
        let form = || Input {
            site: "ledger.example".to_owned(),
            allow: "yes".to_owned(),
            population: "learner".to_owned(),
            until_days: "30".to_owned(),
            ..Input::default()
        };
        let effects = vec![effect("Adult learners", "allow"), effect("Staff", "block")];
        let html = shot("rules-new-look", &new(form(), Faults::default(), Some(effects)));
        for wanted in ["Adult learners", "Not opened", "Allowed", "No change"] {
            has(&html, wanted);
        }
        let same = vec![effect("Staff", "block")];
        has(&shot("rules-new-nothing", &new(form(), Faults::default(), Some(same))), "would change nothing");
        has(&shot("rules-new-fault", &new(form(), Faults::one("site", "Write a site"), None)), "href=\"#site\"");
    }
}
