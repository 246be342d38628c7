//! "What needs me, what is late?": the first page of everyone who looks after cases or the filter.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::api::{CaseState, Today, TodayRow};
use crate::app::App;
use crate::error::PageError;
use crate::layout::{Chrome, draw, words};
use crate::session::SignedIn;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/today", get(today))
}

#[derive(Template)]
#[template(path = "today/today.html")]
struct TodayPage {
    chrome: Chrome,
    today: Today,
    /// Alerts of low grade that nobody has looked at, when they are too many to stand among the others.
    low: Vec<TodayRow>,
    /// A false alarm was just written down.
    false_alarm: bool,
}

#[derive(Deserialize, Default)]
struct Just {
    #[serde(default)]
    done: String,
}

/// Alerts of low grade that stand among the others.
const LOW_AMONG_OTHERS_LIMIT: usize = 5;

impl TodayPage {
    fn new(chrome: Chrome, mut today: Today, false_alarm: bool) -> Self {
        let is_low = |row: &TodayRow| row.grade.as_deref() == Some("low");
        let mut low = Vec::new();
        if today.unassessed.iter().filter(|row| is_low(row)).count() > LOW_AMONG_OTHERS_LIMIT {
            (low, today.unassessed) = today.unassessed.into_iter().partition(is_low);
        }
        Self { chrome, today, low, false_alarm }
    }

    /// "gambling 21, pornography 16", the most first.
    fn low_themes(&self) -> String {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for row in &self.low {
            *counts.entry(row.theme.as_deref().map(words::theme).unwrap_or_default()).or_default() += 1;
        }
        let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| Reverse(*count));
        let said: Vec<String> = counts.into_iter().map(|(theme, count)| format!("{theme} {count}")).collect();
        said.join(", ")
    }

    fn nothing_waits(&self) -> bool {
        let today = &self.today;
        let lists = [&today.late, &today.due_today, &today.unassessed, &today.handed_over];
        lists.iter().all(|rows| rows.is_empty())
            && self.low.is_empty()
            && today.technical.is_empty()
            && today.requests_waiting == 0
            && today.filter_wrong.is_empty()
    }
}

async fn today(State(app): State<App>, me: SignedIn, Query(just): Query<Just>) -> Result<Response, PageError> {
    let today = actions::today::today(&app.haven, &me.session).await?;
    let chrome = app.chrome("Today", Some(&me.session));
    Ok(draw(&TodayPage::new(chrome, today, just.done == "false-alarm")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn page(today: Today) -> TodayPage {
        TodayPage::new(Chrome::sample("Today", Some(sample::LEAD)), today, false)
    }

    #[test]
    fn m02_late_stands_first_and_is_said_in_words() {
        let html = shot("today", &page(sample::today()));
        assert!(html.find("Late") < html.find("Not looked at yet"));
        has(&html, "hv-tag--late");
        has(&html, "/case/7KQ2-M4XD/alert");
    }

    #[test]
    fn s5_many_alerts_of_low_grade_are_one_line_that_opens() {
        let low = |count: usize, theme: &str| {
            (0..count)
                .map(move |at| TodayRow {
                    reference: format!("LOW{at}-{theme}"),
                    grade: Some("low".to_owned()),
                    theme: Some(theme.to_owned()),
                    ..sample::today().unassessed.remove(0)
                })
                .collect::<Vec<_>>()
        };
        let day = |gambling, piracy| {
            let today = sample::today();
            let unassessed = [today.unassessed.clone(), low(gambling, "gambling"), low(piracy, "pornography")].concat();
            Today { unassessed, more: 1203, ..today }
        };
        let html = shot("today-many", &page(day(4, 7)));
        has(&html, "11 more of low grade: pornography 7, gambling 4");
        has(&html, "1,203</span> cases more");
        let (above, below) = html.split_once("<details").unwrap();
        has(above, "/case/7KQ2-M4XD/alert");
        has_not(above, "/case/LOW");
        assert_eq!(below.matches("/case/LOW").count(), 11, "each is there");
        let few = shot("today-few", &page(day(2, 3)));
        has_not(&few, "of low grade:");
        assert_eq!(few.matches("/case/LOW").count(), 5);
    }

    #[test]
    fn an_empty_day_reassures_and_says_when_the_last_alert_was() {
        let html = shot("today-empty", &page(sample::today_quiet()));
        has(&html, "Nothing waits for you");
        has(&html, "Last alert");
    }

    #[test]
    fn a_head_of_it_sees_technical_alerts_and_no_case() {
        let today = Today { technical: sample::technical(), ..sample::today_quiet() };
        let html = shot("today-it", &page(today));
        has(&html, "/technical");
        has_not(&html, "/case/");
    }

    #[test]
    fn c13_mail_that_does_not_leave_is_said_in_red() {
        let today = Today {
            own_mail_away: Some("today, 9:05am".to_owned()),
            mail_away: Some("Friday, 4:10pm".to_owned()),
            ..sample::today_quiet()
        };
        let html = shot("today-mail-away", &page(today));
        has(&html, "Mail to you has not left since today, 9:05am");
        has(&html, "Mail has not left Haven since Friday, 4:10pm");
        has(&html, "hv-late");
        has_not(&shot("today-empty", &page(sample::today_quiet())), "hv-late");
    }

    #[test]
    fn f16_what_is_wrong_with_the_filter_stands_first_in_red() {
        let part = actions::health::Part {
            what: "proxy-2".to_owned(),
            light: actions::health::Light::Wrong,
            sentence: "It has said nothing since today, 1:02pm. Look whether it runs.".to_owned(),
            href: None,
        };
        let html = shot("today-filter-wrong", &page(Today { filter_wrong: vec![part], ..sample::today_quiet() }));
        has(&html, "Something is wrong with the filter");
        has(&html, "href=\"/filter\"");
        has_not(&html, "Nothing waits for you");
    }

    #[test]
    fn closed_keys_are_said_with_the_way_to_open_them() {
        has(&shot("today-locked", &page(Today { locked: true, ..sample::today() })), "/unlock?to=/today");
    }
}
