//! What every page shares: the frame with name, person and menu, the practice stripe, dates and reasons in plain words.

mod reason;
mod when;
pub(crate) mod words;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::api::{ActionError, Fault, Session};
use crate::app::App;
use crate::error::PageError;

pub(crate) use reason::{Because, ClauseLink};
pub(crate) use when::{Moment, When};

/// The frame of a page.
#[derive(Debug, Clone)]
pub(crate) struct Chrome {
    pub(crate) title: String,
    pub(crate) organisation: String,
    /// As citations show it: `WAES`.
    pub(crate) pack: String,
    pub(crate) practice: bool,
    /// The person's name; empty if nobody is signed in.
    pub(crate) person: String,
    pub(crate) csrf: String,
    pub(crate) nav: Vec<Link>,
    /// Signed in, but the notice or the agreement is still to be read.
    pub(crate) gate_waits: bool,
    now: Timestamp,
    zone: TimeZone,
}

/// One entry of the menu.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) href: &'static str,
    pub(crate) text: &'static str,
}

impl Chrome {
    pub(crate) fn new(app: &App, title: &str, session: Option<&Session>) -> Self {
        let pack = app.haven.pack();
        let may = |wanted: &str| {
            session.is_some_and(|session| {
                pack.rights.iter().any(|right| right.action.starts_with(wanted) && session.posts.contains(&right.post))
            })
        };
        Self {
            title: title.to_owned(),
            organisation: app.haven.organisation.clone(),
            pack: pack.id.to_uppercase(),
            practice: app.practice(),
            person: session.map(|session| session.person.name.clone()).unwrap_or_default(),
            csrf: session.map(|session| session.csrf.clone()).unwrap_or_default(),
            nav: session.map(|_| menu(&may)).unwrap_or_default(),
            gate_waits: session.is_some_and(|session| session.stage != crate::api::Stage::Open),
            now: app.haven.now(),
            zone: pack.calendar.zone.clone(),
        }
    }

    /// The exact time behind words that were already made.
    pub(crate) fn at(&self, at: &Timestamp, text: &str) -> When {
        When::saying(*at, &self.zone, text)
    }

    /// "Because of WAES 7.1", with its link.
    pub(crate) fn because(&self, clause: &str) -> Because {
        Because(ClauseLink::new(&self.pack, clause))
    }

    pub(crate) fn clause(&self, clause: &str) -> ClauseLink {
        ClauseLink::new(&self.pack, clause)
    }

    /// The time on Haven's clock, for the practice stripe.
    pub(crate) fn clock(&self) -> Moment {
        Moment::new(self.now, &self.zone)
    }

    /// Where the name at the top leads: the person's first page, or the front.
    pub(crate) fn home(&self) -> &'static str {
        self.nav.first().map_or("/", |link| link.href)
    }

    pub(crate) fn css(&self) -> &'static str {
        concat!("/assets/", env!("HAVEN_CSS"))
    }

    pub(crate) fn js(&self) -> &'static str {
        concat!("/assets/", env!("HAVEN_JS"))
    }

    pub(crate) fn icon(&self) -> &'static str {
        concat!("/assets/", env!("HAVEN_ICON"))
    }

    #[cfg(test)]
    pub(crate) fn sample(title: &str, person: Option<&str>) -> Self {
        Self {
            title: title.to_owned(),
            organisation: "Practice Adult College".to_owned(),
            pack: "WAES".to_owned(),
            practice: true,
            person: person.unwrap_or_default().to_owned(),
            csrf: person.map(|_| "sample-form-token".to_owned()).unwrap_or_default(),
            nav: person.map(|_| menu(&|_| true)).unwrap_or_default(),
            gate_waits: false,
            now: crate::sample::now(),
            zone: TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC),
        }
    }
}

/// The menu shows what a person's posts may reach; each action asks again for itself.
fn menu(may: &dyn Fn(&str) -> bool) -> Vec<Link> {
    let mut links = Vec::new();
    let mut add = |show: bool, href, text| {
        if show {
            links.push(Link { href, text });
        }
    };
    let works = may("case.") || may("filter.read");
    add(works, "/today", "Today");
    add(may("case."), "/cases", "Cases");
    add(may("filter.read"), "/filter", "Filter health");
    // The rest of the filter is one step further, on the page of its health.
    add(may("filter.checks") && !may("filter.read"), "/filter/checks", "Filter checks");
    add(may("filter.read"), "/events", "Filter events");
    add(may("filter.decide-request"), "/requests", "Requests");
    add(may("case."), "/keys", "Keys");
    add(true, "/my", "My page");
    add(may("lesson.start") || !works, "/lesson", "Lessons");
    add(true, "/policy", "Our policy");
    links
}

/// Draws a template as a page; a template that cannot be drawn is a fault of ours, with nothing of it shown.
pub(crate) fn draw(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be drawn");
            axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A form shown again with its faults: 422, so that nobody takes it for done.
pub(crate) fn draw_again(page: &impl Template) -> Response {
    (axum::http::StatusCode::UNPROCESSABLE_ENTITY, draw(page)).into_response()
}

/// Faults of a form, each at its field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn one(field: &str, message: &str) -> Self {
        Self(vec![Fault { field: field.to_owned(), message: message.to_owned() }])
    }

    pub(crate) fn all(faults: Vec<Fault>) -> Self {
        Self(faults)
    }

    /// Separates what the person can mend on this form from everything else.
    ///
    /// A conflict is shown on the form too: the page is fresh, and what was typed is still there.
    pub(crate) fn of(error: ActionError) -> Result<Self, PageError> {
        match error {
            ActionError::Fault(faults) => Ok(Self(faults)),
            ActionError::Conflict => {
                Ok(Self::one("", "This changed while you were writing. Look at what is there now, then send it again."))
            }
            other => Err(other.into()),
        }
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.0
    }

    pub(crate) fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|fault| fault.field == field).map(|fault| fault.message.as_str())
    }
}

/// `name=value` for an address, with everything that is not plain escaped.
pub(crate) fn query(name: &str, value: &str) -> String {
    let mut out = format!("{name}=");
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Where a list stands, and the addresses of its neighbours.
#[derive(Debug, Clone)]
pub(crate) struct Paging {
    pub(crate) page: u64,
    pub(crate) pages: u64,
    pub(crate) total: u64,
    base: String,
}

impl Paging {
    /// `base` is the address with its search, without the page: `/cases?text=...&`.
    pub(crate) fn new(page: impl Into<u64>, pages: impl Into<u64>, total: u64, base: String) -> Self {
        Self { page: page.into(), pages: pages.into(), total, base }
    }

    pub(crate) fn before(&self) -> Option<String> {
        (self.page > 1).then(|| format!("{}page={}", self.base, self.page.saturating_sub(1)))
    }

    pub(crate) fn after(&self) -> Option<String> {
        (self.page < self.pages).then(|| format!("{}page={}", self.base, self.page.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_escaped_in_a_query() {
        assert_eq!(query("to", "http://a.test/?q=x y&z"), "to=http%3A//a.test/%3Fq%3Dx%20y%26z");
    }

    #[test]
    fn a_list_knows_its_neighbours() {
        let middle = Paging::new(2_u32, 3_u32, 41, "/cases?text=a&".to_owned());
        assert_eq!(middle.before().as_deref(), Some("/cases?text=a&page=1"));
        assert_eq!(middle.after().as_deref(), Some("/cases?text=a&page=3"));
        let only = Paging::new(1_u32, 1_u32, 2, "/cases?".to_owned());
        assert!(only.before().is_none() && only.after().is_none());
    }
}
