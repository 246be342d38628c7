//! Reads `procedures/*.toml`: one kind of concern each, with its route, steps, cards, referrals and outcomes.

use super::log::{Kind, Log};
use super::row::Row;
use super::source::SourceFile;
use super::steps;
use crate::model::{About, Card, Consent, Outcome, Procedure, Referral};

/// What a referral may hold; nothing else leaves.
pub const REFERRAL_FIELDS: [&str; 7] =
    ["person-name", "person-born", "reference", "concern", "steps-taken", "reason", "sender-post"];

/// Fewest posts on a route: silence, absence or conflict of the first must leave somebody.
const ROUTE_MIN_POSTS: usize = 2;

const ABOUT_WORDS: [(&str, About); 4] =
    [("learner", About::Learner), ("staff", About::Staff), ("visitor", About::Visitor), ("anyone", About::Anyone)];
const CONSENT_WORDS: [(&str, Consent); 2] =
    [("not-needed", Consent::NotNeeded), ("agreed-or-override", Consent::AgreedOrOverride)];

pub(super) fn read(log: &Log, file: SourceFile<'_>) -> Option<Procedure> {
    let table = file.toml(log)?;
    let mut top = Row::top(log, file, &table);
    let mut head = top.only("procedure")?;
    let id = head.define(Kind::Procedure, "");
    let scope = format!("{id}/");
    let step_rows = top.rows("step");
    let procedure = Procedure {
        title: head.text("title"),
        about: head.word("about", &ABOUT_WORDS, About::Anyone),
        codes: head.refer_all(Kind::Code, "codes", ""),
        reportable: head.flag("reportable"),
        route: route(&mut head),
        also_told: head.refer_all(Kind::Post, "also_told", ""),
        acknowledge_within: head.span("acknowledge_within"),
        what_happens_next: head.text("what_happens_next"),
        clause: head.clause(),
        steps: steps::read(log, &head, &scope, step_rows),
        cards: top.rows("card").into_iter().map(card).collect(),
        referrals: top.rows("referral").into_iter().map(|row| referral(row, &scope)).collect(),
        outcomes: top.rows("outcome").into_iter().map(|row| outcome(row, &scope)).collect(),
        id,
    };
    head.finish();
    top.finish();
    Some(procedure)
}

fn route(head: &mut Row<'_>) -> Vec<String> {
    let has_route = head.has("route");
    let route = head.refer_all(Kind::Post, "route", "");
    if !has_route {
        head.error(
            "route",
            "The procedure has no route: nobody would receive the concern.",
            "Name the posts, in order, in `route`.",
        );
    } else if route.len() < ROUTE_MIN_POSTS {
        head.error(
            "route",
            "The route has fewer than two different posts: if the first is away, silent or concerned, nobody is left.",
            "Name at least one further post.",
        );
    }
    route
}

fn card(mut row: Row<'_>) -> Card {
    let card = Card { title: row.text("title"), text: row.text("text"), clause: row.clause() };
    row.finish();
    card
}

fn outcome(mut row: Row<'_>, scope: &str) -> Outcome {
    let outcome = Outcome { id: row.define(Kind::Outcome, scope), title: row.text("title"), clause: row.clause() };
    row.finish();
    outcome
}

fn referral(mut row: Row<'_>, scope: &str) -> Referral {
    let referral = Referral {
        id: row.define(Kind::Referral, scope),
        agency: row.refer(Kind::Agency, "agency"),
        title: row.text("title"),
        fields: row.words("fields", &REFERRAL_FIELDS),
        consent: row.word("consent", &CONSENT_WORDS, Consent::AgreedOrOverride),
        reply_by: row.span("reply_by"),
        clause: row.clause(),
    };
    if !row.has("fields") {
        row.error("fields", "The referral does not say what leaves.", "List the parts that may leave in `fields`.");
    }
    row.finish();
    referral
}
