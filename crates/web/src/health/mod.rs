//! "Does the filter work, and what did it do today?": every part of it, today's numbers, and what nothing watches over.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::api::{Health, Light};
use crate::app::{App, ListState, ListsShown};
use crate::error::PageError;
use crate::layout::{Chrome, draw, query, words};
use crate::session::SignedIn;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/filter", get(health))
}

#[derive(Template)]
#[template(path = "health/health.html")]
struct HealthPage {
    chrome: Chrome,
    health: Health,
    lists: ListsShown,
    /// Whether this person may make rules.
    decides: bool,
}

impl HealthPage {
    /// The events behind one number.
    fn behind(&self, name: &str, value: &str) -> String {
        format!("/events?action=block&{}&{}", query("day", &self.health.day), query(name, value))
    }

    /// Sources of lists that somebody should look at.
    fn lists_wait(&self) -> usize {
        let waits = |state| matches!(state, ListState::Held | ListState::Failed);
        self.lists.sources.iter().filter(|source| waits(source.state)).count()
    }

    fn wrong(&self) -> usize {
        self.health.parts.iter().filter(|part| part.light == Light::Wrong).count()
    }
}

async fn health(State(app): State<App>, me: SignedIn) -> Result<Response, PageError> {
    let health = actions::health::health(&app.haven, &me.session).await?;
    let chrome = app.chrome("Filter health", Some(&me.session));
    let lists = (app.options.lists)();
    let decides = actions::filter_event::may_decide(&app.haven, &me.session);
    Ok(draw(&HealthPage { chrome, health, lists, decides }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};
    use actions::health::{DeniedRow, DeviceRow, Gap, Number, Part, Shares, Top};

    fn page(health: Health) -> HealthPage {
        let chrome = Chrome::sample("Filter health", Some(sample::HEAD_OF_IT));
        HealthPage { chrome, health, lists: ListsShown::default(), decides: true }
    }

    fn part(what: &str, light: Light, sentence: &str) -> Part {
        Part { what: what.to_owned(), light, sentence: sentence.to_owned(), href: None }
    }

    pub(crate) fn sample_health() -> Health {
        Health {
            parts: vec![
                part("proxy-2 library", Light::Wrong, "It has said nothing since today, 1:02pm. Look whether it runs."),
                part("Certificate of inspection", Light::Soon, "It ends in 61 days. Plan a new one."),
                part(
                    "Listener classroom-4",
                    Light::Good,
                    "Open at 10.20.4.1:3128. People are known by the computer that they sit at.",
                ),
            ],
            numbers: vec![
                Number { count: 48_213, what: "requests and tunnels decided", bad: false },
                Number { count: 3, what: "records lost for lack of room", bad: true },
                Number { count: 0, what: "alerts lost", bad: true },
            ],
            since: "today, 12:00am".to_owned(),
            counted: true,
            restarts: vec!["proxy-1 classroom-4 was started today, 10:03am".to_owned()],
            shares: Shares { plain: 200, inspected: 700, unopened: 100 },
            top_sites: vec![Top { what: "casino-royal.test".to_owned(), count: 41 }],
            top_codes: vec![Top { what: "gambling".to_owned(), count: 44 }],
            day: "2026-11-24".to_owned(),
            gaps: vec![Gap {
                what: "county lines".to_owned(),
                sentence: "The policy names this risk, and no way to notice it.".to_owned(),
                clause: "5.2.4".to_owned(),
            }],
            devices: vec![DeviceRow {
                name: "Games consoles, common room".to_owned(),
                addresses: "10.20.9.0/28".to_owned(),
                group: "Learners under 18".to_owned(),
                responsible: "Head of IT".to_owned(),
                clause: "2".to_owned(),
                until: "until 31 July 2026".to_owned(),
                ended: true,
                reason: String::new(),
            }],
            denied: vec![DeniedRow {
                device: "10.20.9.77".to_owned(),
                listener: "classroom-4".to_owned(),
                times: 41,
                first_text: "yesterday, 3:10pm".to_owned(),
                last_text: "today, 9:02am".to_owned(),
            }],
        }
    }

    #[test]
    fn f13_registered_devices_and_those_that_were_not_let_in_are_listed() {
        let html = shot("filter-devices", &page(sample_health()));
        for wanted in [
            "Games consoles, common room",
            "/events?text=Games",
            "10.20.9.0/28. Rules of: Learners under 18. Head of IT answers for it.",
            "until 31 July 2026",
            "Ended",
            "10.20.9.77",
            "41 times",
            "At classroom-4, first yesterday, 3:10pm",
        ] {
            has(&html, wanted);
        }
        let none = Health { devices: vec![], denied: vec![], ..sample_health() };
        let html = shot("filter-no-devices", &page(none));
        has_not(&html, "Registered devices");
        has_not(&html, "not let in");
    }

    #[test]
    fn m06_the_page_says_what_is_wrong_first_and_opens_what_stands_behind_a_number() {
        let html = shot("filter", &page(sample_health()));
        assert!(html.find("proxy-2 library") < html.find("Listener classroom-4"));
        for wanted in [
            "48,213",
            "/events?action=block&#38;day=2026-11-24&#38;site=casino-royal.test",
            "/events?action=block&#38;day=2026-11-24&#38;category=gambling",
            "90 in 100",
            "no way to notice it",
            "was started today, 10:03am",
            "since today, 12:00am",
        ] {
            has(&html, wanted);
        }
    }

    #[test]
    fn m06_before_anything_was_counted_no_zero_is_shown() {
        let html = shot("filter-empty", &page(Health::default()));
        has(&html, "No gateway has told anything yet");
        has_not(&html, "requests and tunnels decided");
    }
}
