//! "For this hour only the sites that I have checked": a tutor starts a lesson, learners join with the code on the board.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::api::{ActionError, LessonQuery, LessonRow, LessonView, Mine, NewLesson, Session};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, Paging, draw, draw_again, query, words};
use crate::session::{Posted, SignedIn};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/lesson", get(lessons))
        .route("/lesson/join", post(join))
        .route("/lesson/new", get(fresh).post(start))
        .route("/lesson/past", get(past))
        .route("/lesson/{id}", get(one))
        .route("/lesson/{id}/until", post(extend))
        .route("/lesson/{id}/end", post(end))
        .route("/lesson/{id}/site", post(add_site))
        .route("/lesson/{id}/unsuitable", post(unsuitable))
        .route("/lesson/{id}/let-go", post(let_go))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Find {
    text: String,
    page: Option<u32>,
    /// What was just done.
    done: String,
    /// The lesson that is to be done again.
    from: String,
}

/// Every form of these pages: each sends its part.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    code: String,
    title: String,
    /// `checked` or `free`.
    kind: String,
    why: String,
    supervisor: String,
    sites: String,
    looked: String,
    until: String,
    site: String,
    unsuitable: String,
    person: String,
}

#[derive(Template)]
#[template(path = "lesson/lessons.html")]
struct LessonsPage {
    chrome: Chrome,
    mine: Mine,
    done: &'static str,
    form: Input,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "lesson/new.html")]
struct NewPage {
    chrome: Chrome,
    form: Input,
    /// When the sites of an earlier lesson were checked; none for a new list.
    checked_before: Option<String>,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "lesson/one.html")]
struct OnePage {
    chrome: Chrome,
    lesson: LessonView,
    /// Where learners type the code: `haven.test/lesson`.
    place: String,
    done: &'static str,
    form: Input,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "lesson/past.html")]
struct PastPage {
    chrome: Chrome,
    rows: Vec<LessonRow>,
    text: String,
    paging: Paging,
}

fn done(word: &str) -> &'static str {
    match word {
        "started" => "The lesson runs. Write the code on the board.",
        "joined" => "You are in the lesson.",
        "until" => "The lesson has another end.",
        "ended" => "The lesson has ended.",
        "site" => "The site is open in this lesson.",
        "closed" => {
            "The site is closed in this lesson, and those who decide about sites are asked to close it for everybody."
        }
        "gone" => "They are in the lesson no longer.",
        _ => "",
    }
}

async fn lessons(State(app): State<App>, me: SignedIn, Query(find): Query<Find>) -> Result<Response, PageError> {
    let page = lessons_page(&app, &me.session, done(&find.done), Input::default(), Faults::default()).await?;
    Ok(draw(&page))
}

async fn lessons_page(
    app: &App,
    session: &Session,
    done: &'static str,
    form: Input,
    faults: Faults,
) -> Result<LessonsPage, PageError> {
    let mine = actions::lesson::mine(&app.haven, session).await?;
    Ok(LessonsPage { chrome: app.chrome("Lessons", Some(session)), mine, done, form, faults })
}

async fn join(State(app): State<App>, posted: Posted<Input>) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    match actions::lesson::join(&app.haven, &session, &form.code).await {
        Ok(()) => Ok(go("/lesson?done=joined")),
        Err(error) => Ok(draw_again(&lessons_page(&app, &session, "", form, Faults::of(error)?).await?)),
    }
}

async fn fresh(State(app): State<App>, me: SignedIn, Query(find): Query<Find>) -> Result<Response, PageError> {
    if !actions::lesson::may_start(&app.haven, &me.session) {
        return Err(PageError::absent());
    }
    let (mut sites, mut before) = (String::new(), None);
    if !find.from.is_empty() {
        (sites, before) = actions::lesson::sites_of(&app.haven, &me.session, &find.from).await?;
    }
    let form = Input {
        kind: "checked".to_owned(),
        supervisor: me.session.person.name.clone(),
        until: actions::lesson::suggested_end(&app.haven),
        sites,
        ..Input::default()
    };
    Ok(draw(&new_page(&app, &me.session, form, before, Faults::default())))
}

fn new_page(app: &App, session: &Session, form: Input, checked_before: Option<String>, faults: Faults) -> NewPage {
    NewPage { chrome: app.chrome("Start a lesson", Some(session)), form, checked_before, faults }
}

async fn start(State(app): State<App>, posted: Posted<Input>) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let new = NewLesson {
        title: form.title.clone(),
        free_search: form.kind == "free",
        why: form.why.clone(),
        supervisor: form.supervisor.clone(),
        sites: form.sites.clone(),
        looked: form.looked == "true",
        until: form.until.clone(),
    };
    match actions::lesson::start(&app.haven, &session, &new).await {
        Ok(id) => Ok(go(&format!("/lesson/{id}?done=started"))),
        Err(error) => Ok(draw_again(&new_page(&app, &session, form, None, Faults::of(error)?))),
    }
}

async fn one(
    State(app): State<App>,
    me: SignedIn,
    Path(id): Path<String>,
    Query(find): Query<Find>,
) -> Result<Response, PageError> {
    let page = one_page(&app, &me.session, &id, done(&find.done), Input::default(), Faults::default()).await?;
    Ok(draw(&page))
}

async fn one_page(
    app: &App,
    session: &Session,
    id: &str,
    done: &'static str,
    form: Input,
    faults: Faults,
) -> Result<OnePage, PageError> {
    let snapshot = (app.options.in_force)();
    let lesson = actions::lesson::one(&app.haven, session, snapshot.as_deref(), id).await?;
    let address = &app.haven.portal_address;
    let place = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest);
    let place = format!("{}/lesson", place.trim_end_matches('/'));
    Ok(OnePage { chrome: app.chrome("A lesson", Some(session)), lesson, place, done, form, faults })
}

/// After a form of a lesson's own page: back to it, or the same page with the fault.
async fn after(
    app: &App,
    session: &Session,
    id: &str,
    word: &str,
    form: Input,
    result: Result<(), ActionError>,
) -> Result<Response, PageError> {
    match result {
        Ok(()) => Ok(go(&format!("/lesson/{id}?done={word}"))),
        Err(error) => Ok(draw_again(&one_page(app, session, id, "", form, Faults::of(error)?).await?)),
    }
}

async fn extend(State(app): State<App>, Path(id): Path<String>, posted: Posted<Input>) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let result = actions::lesson::extend(&app.haven, &session, &id, &form.until).await;
    after(&app, &session, &id, "until", form, result).await
}

async fn end(State(app): State<App>, Path(id): Path<String>, posted: Posted<Input>) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let result = actions::lesson::end(&app.haven, &session, &id).await;
    after(&app, &session, &id, "ended", form, result).await
}

async fn add_site(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let looked = form.looked == "true";
    let result = actions::lesson::add_site(&app.haven, &session, &id, &form.site, looked).await;
    after(&app, &session, &id, "site", form, result).await
}

async fn unsuitable(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let result = actions::lesson::unsuitable(&app.haven, &session, &id, &form.unsuitable, &form.why).await;
    after(&app, &session, &id, "closed", form, result).await
}

async fn let_go(State(app): State<App>, Path(id): Path<String>, posted: Posted<Input>) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let result = actions::lesson::let_go(&app.haven, &session, &id, &form.person).await;
    after(&app, &session, &id, "gone", form, result).await
}

async fn past(State(app): State<App>, me: SignedIn, Query(find): Query<Find>) -> Result<Response, PageError> {
    let asked = LessonQuery { text: find.text.clone(), page: find.page.unwrap_or(1) };
    let found = actions::lesson::past(&app.haven, &me.session, &asked).await?;
    let base = format!("/lesson/past?{}&", query("text", &find.text));
    let paging = Paging::new(found.page, found.pages, found.total, base);
    let chrome = app.chrome("Past lessons", Some(&me.session));
    Ok(draw(&PastPage { chrome, rows: found.items, text: find.text, paging }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};
    use actions::lesson::{Joined, PersonRow, SiteRow};

    const TUTOR: &str = "Rosa Tutor";

    fn row(title: &str, free_search: bool, runs: bool) -> LessonRow {
        let free = |text: &str| if free_search { text.to_owned() } else { String::new() };
        LessonRow {
            id: "l1".to_owned(),
            title: title.to_owned(),
            code: "KFRMB".to_owned(),
            free_search,
            why: free("They compare three museums."),
            supervisor: free(TUTOR),
            started_text: "today, 1:30pm".to_owned(),
            by: TUTOR.to_owned(),
            until_text: "3:00pm".to_owned(),
            runs,
            people: Some(2),
            sites: if free_search { 0 } else { 3 },
            unsuitable: 1,
        }
    }

    fn site(site: &str) -> SiteRow {
        SiteRow {
            site: site.to_owned(),
            href: format!("https://{site}"),
            checked_text: Some("today, 1:30pm, by Rosa Tutor".to_owned()),
            old: false,
            closed_text: None,
            closed_for: Vec::new(),
        }
    }

    fn view(free_search: bool, mine: bool) -> LessonView {
        let person = |id: &str, name: &str| PersonRow {
            id: id.to_owned(),
            name: name.to_owned(),
            joined_text: "1:32pm".to_owned(),
        };
        let closed =
            SiteRow { closed_text: Some("today, 2:10pm, by Rosa Tutor".to_owned()), ..site("quarrel.example") };
        let not_open = SiteRow { closed_for: vec!["Learners under 18".to_owned()], ..site("videos.example/channel") };
        LessonView {
            row: row("Bookkeeping, week 3", free_search, mine),
            clause: "6.8".to_owned(),
            sites: if free_search { vec![] } else { vec![site("ledger.example"), not_open, closed] },
            people: if mine { vec![person("p1", sample::LEARNER), person("p2", "Tom Learner")] } else { vec![] },
            mine,
            later: "15:30".to_owned(),
        }
    }

    fn page(lesson: LessonView, done_word: &str, form: Input, faults: Faults) -> OnePage {
        let chrome = Chrome::sample("A lesson", Some(TUTOR));
        OnePage { chrome, lesson, place: "haven.test/lesson".to_owned(), done: done(done_word), form, faults }
    }

    fn lessons(name: &str, mine: Mine, done_word: &str, faults: Faults) -> String {
        let chrome = Chrome::sample("Lessons", Some(sample::LEARNER));
        shot(name, &LessonsPage { chrome, mine, done: done(done_word), form: Input::default(), faults })
    }

    fn joined(free_search: bool) -> Joined {
        let sites = ["ledger.example", "museum.example/money"];
        Joined {
            title: "Bookkeeping, week 3".to_owned(),
            by: TUTOR.to_owned(),
            until_text: "3:00pm".to_owned(),
            free_search,
            supervisor: TUTOR.to_owned(),
            sites: sites.map(|site| (format!("https://{site}"), site.to_owned())).to_vec(),
        }
    }

    #[test]
    fn f10_a_learner_sees_which_sites_are_open_and_until_when() {
        let nobody = || Mine { joined: vec![], running: vec![], may_start: false, may_look_back: false };
        let html =
            lessons("lessons-learner", Mine { joined: vec![joined(false)], ..nobody() }, "joined", Faults::default());
        for wanted in ["until 3:00pm", "https://ledger.example", "museum.example/money", "Help sites", "You are in"] {
            has(&html, wanted);
        }
        has_not(&html, "/lesson/new");
        let html = lessons("lessons-free", Mine { joined: vec![joined(true)], ..nobody() }, "", Faults::default());
        has(&html, "Rosa Tutor watches");
        let fault = Faults::one("code", "No lesson with this code runs now.");
        has(&lessons("lessons-fault", nobody(), "", fault), "href=\"#code\"");
    }

    #[test]
    fn f10_a_tutor_sees_own_lessons_and_starts_another() {
        let mine = Mine {
            joined: vec![],
            running: vec![row("Bookkeeping, week 3", false, true)],
            may_start: true,
            may_look_back: true,
        };
        let html = lessons("lessons-tutor", mine, "ended", Faults::default());
        for wanted in ["/lesson/new", "/lesson/l1", "KFRMB", "/lesson/past"] {
            has(&html, wanted);
        }
    }

    #[test]
    fn f10_the_tutor_page_has_the_code_the_sites_with_who_checked_them_and_who_is_in() {
        let html = shot("lesson", &page(view(false, true), "started", Input::default(), Faults::default()));
        for wanted in [
            "KFRMB",
            "haven.test/lesson",
            "by Rosa Tutor",
            "Learners under 18",
            "Unsuitable",
            "Amina Learner",
            "End it now",
            "/policy/6.8",
        ] {
            has(&html, wanted);
        }
        let faults = Faults::one("looked", "Look at the site first, then say so here.");
        has(&shot("lesson-fault", &page(view(false, true), "", Input::default(), faults)), "href=\"#looked\"");
    }

    #[test]
    fn f10_free_search_names_who_watches_and_why() {
        let html = shot("lesson-free", &page(view(true, true), "", Input::default(), Faults::default()));
        has(&html, "They compare three museums.");
        has(&html, "watches what learners find");
        let over = shot("lesson-over", &page(view(false, false), "", Input::default(), Faults::default()));
        for unwanted in ["Amina Learner", "Add the site", "End it now"] {
            has_not(&over, unwanted);
        }
    }

    #[test]
    fn f10_a_lesson_is_started_in_one_form() {
        let new = |form, checked_before, faults| NewPage {
            chrome: Chrome::sample("Start a lesson", Some(TUTOR)),
            form,
            checked_before,
            faults,
        };
        let form = || Input {
            kind: "checked".to_owned(),
            supervisor: TUTOR.to_owned(),
            until: "15:20".to_owned(),
            ..Input::default()
        };
        let html = shot("lesson-new", &new(form(), None, Faults::default()));
        for wanted in ["name=\"sites\"", "name=\"looked\"", "value=\"15:20\"", "Learners search freely"] {
            has(&html, wanted);
        }
        let again = Input { sites: "ledger.example\nmuseum.example".to_owned(), ..form() };
        let html = shot("lesson-again", &new(again, Some("Tuesday 3 November, 1:30pm".to_owned()), Faults::default()));
        has(&html, "Tuesday 3 November");
        let fault = Faults::one("sites", "Write at least one site.");
        has(&shot("lesson-new-fault", &new(form(), None, fault)), "href=\"#sites\"");
    }

    #[test]
    fn f10_past_lessons_are_the_evidence_and_an_empty_list_is_calm() {
        let past = |rows: Vec<LessonRow>, text: &str| {
            let total = rows.len() as u64;
            let chrome = Chrome::sample("Past lessons", Some(sample::HEAD_OF_IT));
            let paging = Paging::new(1_u32, 1_u32, total, "/lesson/past?".to_owned());
            PastPage { chrome, rows, text: text.to_owned(), paging }
        };
        let rows = vec![row("Bookkeeping, week 3", false, true), row("Museums", true, false)];
        let html = shot("lessons-past", &past(rows, ""));
        for wanted in ["Checked sites", "Free search", "They compare three museums.", "3 sites", "1 found unsuitable"] {
            has(&html, wanted);
        }
        has(&shot("lessons-past-empty", &past(vec![], "")), "There was no lesson yet");
        has(&shot("lessons-past-none", &past(vec![], "zebra")), "No lesson fits");
    }
}
