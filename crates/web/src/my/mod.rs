//! A person's own page: what they reported, and what they agreed to.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use policy::{Agreement, AgreementKind, Pack};

use crate::api::{MyReport, Session, SiteRequestRow};
use crate::app::App;
use crate::error::PageError;
use crate::layout::{Chrome, draw, words};
use crate::session::SignedIn;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/my", get(my))
}

/// A text that this person acknowledges, to be read again.
struct Text {
    title: String,
    clause: String,
    sections: Vec<(String, String)>,
}

impl Text {
    fn new(text: &Agreement) -> Self {
        let sections = text.sections.iter().map(|section| (section.title.clone(), policy::html(&section.text)));
        Self { title: text.title.clone(), clause: text.clause.clone(), sections: sections.collect() }
    }
}

#[derive(Template)]
#[template(path = "my/my.html")]
struct MyPage {
    chrome: Chrome,
    reports: Vec<MyReport>,
    requests: Vec<SiteRequestRow>,
    texts: Vec<Text>,
}

async fn my(State(app): State<App>, me: SignedIn) -> Result<Response, PageError> {
    let reports = actions::report::my_reports(&app.haven, &me.session).await?;
    let requests = actions::requests::my_requests(&app.haven, &me.session).await?;
    let texts = texts_of(&app.haven.pack(), &me.session);
    Ok(draw(&MyPage { chrome: app.chrome("My page", Some(&me.session)), reports, requests, texts }))
}

/// The notice, and the agreement of the person's group.
fn texts_of(pack: &Pack, session: &Session) -> Vec<Text> {
    let of_group =
        pack.groups.iter().find(|group| group.id == session.person.group).and_then(|group| group.agreement.as_ref());
    let mine = pack.agreements.iter().filter(|text| text.kind == AgreementKind::Notice || Some(&text.id) == of_group);
    mine.map(Text::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, shot};

    #[test]
    fn a_person_sees_own_reports_and_agreements() {
        let texts = vec![Text::new(&sample::notice()), Text::new(&sample::agreement())];
        let chrome = Chrome::sample("My page", Some(sample::LEARNER));
        let html = shot("my", &MyPage { chrome, reports: sample::my_reports(), requests: sample::requests(), texts });
        has(&html, "7KQ2-M4XD");
        has(&html, "Using the internet here");
    }

    #[test]
    fn a_first_visit_says_what_will_stand_here() {
        let chrome = Chrome::sample("My page", Some(sample::LEARNER));
        has(
            &shot("my-empty", &MyPage { chrome, reports: vec![], requests: vec![], texts: vec![] }),
            "You have not reported anything",
        );
    }
}
