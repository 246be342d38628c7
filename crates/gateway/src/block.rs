//! The block page and the plain pages: what happened, why, and what a person can do about it. Inline, small, links only.

use std::sync::LazyLock;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use filter::{Decision, Facts, Snapshot};
use http::{HeaderValue, Response, StatusCode, header};
use policy::Action;
use sha2::{Digest, Sha256};

use crate::body::{self, Body};
use crate::ports::{Contact, Portal};

/// Largest block page, in bytes.
pub const BLOCK_PAGE_LIMIT_BYTES: usize = 30_000;
const HELP_LIMIT_LINKS: usize = 6;
const ASKED_LIMIT_CHARACTERS: usize = 200;
const CSS: &str = include_str!("page.css");

/// Only this very style may act; no script, no picture, no frame, no form.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = STANDARD.encode(Sha256::digest(CSS.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

#[derive(Template)]
#[template(path = "block.html")]
struct BlockPage<'a> {
    css: &'static str,
    organisation: &'a str,
    heading: &'a str,
    /// Whether the words of a search were the reason, and not the site.
    by_search: bool,
    practice: bool,
    sentence: &'a str,
    asked: String,
    category: String,
    clause: String,
    clause_title: &'a str,
    /// The beginning of the clause in the organisation's own words.
    clause_words: String,
    go_on: &'a str,
    accident: String,
    ask: String,
    /// The form that is joined to no decision and no session (S-3): not by way of this block's own page.
    report: &'a str,
    help: Vec<HelpLine>,
    /// It is a lesson that keeps it closed: nothing that anybody did, and nobody is asked but the tutor.
    in_lesson: bool,
    /// What is open in that lesson.
    checked: Vec<HelpLine>,
    contact: &'a str,
    reference: &'a str,
}

struct HelpLine {
    address: String,
    title: String,
}

#[derive(Template)]
#[template(path = "plain.html")]
struct PlainPage<'a> {
    css: &'static str,
    title: &'a str,
    sentences: &'a [&'a str],
    link_address: &'a str,
    link_title: &'a str,
}

/// Everything that a block answer is made from.
pub(crate) struct Blocked<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) facts: &'a Facts,
    pub(crate) decision: &'a Decision,
    pub(crate) reference: &'a str,
    /// Where a person goes on after a warning; empty if they cannot.
    pub(crate) go_on: &'a str,
}

/// The answer to a blocked request: a page for people, one sentence for programs.
pub(crate) fn answer(blocked: &Blocked<'_>, portal: &dyn Portal) -> Response<Body> {
    if !blocked.facts.navigation {
        return body::short(
            StatusCode::FORBIDDEN,
            &format!("Blocked by {}. Reference {}.", blocked.decision.citation, blocked.reference),
        );
    }
    let mut contact = portal.contact();
    if contact.whom_to_talk_to.is_empty() {
        "Talk to your tutor, or to anyone you trust here.".clone_into(&mut contact.whom_to_talk_to);
    }
    page(StatusCode::FORBIDDEN, render(blocked, &portal.decision_address(blocked.reference), &contact))
}

fn render(blocked: &Blocked<'_>, decision_address: &str, contact: &Contact) -> Result<String, askama::Error> {
    let Blocked { snapshot, facts, decision, reference, go_on } = blocked;
    let pack = &snapshot.pack;
    let is_warning = decision.action == Action::Warn;
    let by_search = decision.rule.starts_with("content:") && filter::search::terms(&facts.address).is_some();
    let sealed = decision.rule.starts_with("sealed");
    let category =
        decision.codes.first().and_then(|code| pack.code(code)).map_or_else(String::new, |code| code.title.clone());
    let sentence =
        if decision.reason.is_empty() { "Our policy does not open this kind of site." } else { &decision.reason };
    let in_lesson = ["lesson:", "exam:", "closed:"].iter().any(|tier| decision.rule.starts_with(tier));
    let category = if in_lesson { String::new() } else { category };
    let clause_title = match decision.citation.safety_rule() {
        Some(rule) => rule.sentence(),
        None => decision.citation.clause_id().and_then(|id| pack.clauses.get(id)).map_or("", |clause| &clause.title),
    };
    BlockPage {
        css: CSS,
        organisation: if contact.organisation.is_empty() { &pack.organisation } else { &contact.organisation },
        heading: match decision.rule.split(':').next() {
            _ if is_warning => "Stop and think before you open this",
            Some("file") => "This file is blocked",
            Some("sent") => "We did not send this",
            Some("lesson") => "This is not part of your lesson",
            Some("exam") => "This is not part of the exam",
            Some("closed") => "Not at this hour",
            _ if by_search => "This search is blocked",
            _ => "This page is blocked",
        },
        by_search,
        practice: contact.practice,
        sentence,
        asked: if sealed { String::new() } else { asked(facts) },
        category,
        clause: decision.citation.to_string(),
        clause_title,
        clause_words: decision
            .citation
            .clause_id()
            .and_then(|id| pack.clauses.get(id))
            .map_or_else(String::new, own_words),
        go_on,
        accident: format!("{decision_address}#accident"),
        ask: format!("{decision_address}#ask"),
        report: &contact.report_address,
        help: if in_lesson { Vec::new() } else { help(snapshot, decision) },
        in_lesson,
        checked: checked(snapshot, decision),
        contact: &contact.whom_to_talk_to,
        reference,
    }
    .render()
}

/// Longest beginning of a clause that the block page shows, in characters: the page stays under 30 kB and is read standing up.
const CLAUSE_WORDS_LIMIT_CHARS: usize = 400;

/// The first paragraph of a clause, without its marks.
fn own_words(clause: &policy::Clause) -> String {
    let first = clause.text.trim().split("\n\n").next().unwrap_or_default();
    let words = first.split_whitespace().collect::<Vec<_>>().join(" ").replace(['*', '`'], "");
    if words.chars().count() <= CLAUSE_WORDS_LIMIT_CHARS { words } else { String::new() }
}

/// The address as a person typed it, without what comes after the question mark.
fn asked(facts: &Facts) -> String {
    let (host, path) = (facts.address.host(), facts.address.path());
    let whole =
        if facts.address.scheme() == "connect" || path == "/" { host.to_owned() } else { format!("{host}{path}") };
    if whole.chars().count() <= ASKED_LIMIT_CHARACTERS {
        return whole;
    }
    whole.chars().take(ASKED_LIMIT_CHARACTERS).chain(['…']).collect()
}

/// Most checked sites that the page names.
const CHECKED_LIMIT_LINKS: usize = 40;

fn checked(snapshot: &Snapshot, decision: &Decision) -> Vec<HelpLine> {
    let sites = snapshot.checked_sites(&decision.rule).into_iter().take(CHECKED_LIMIT_LINKS);
    sites.map(|site| HelpLine { address: format!("https://{site}"), title: site }).collect()
}

fn help(snapshot: &Snapshot, decision: &Decision) -> Vec<HelpLine> {
    let links = snapshot.help_links(&decision.codes);
    links
        .into_iter()
        .take(HELP_LIMIT_LINKS)
        .map(|link| HelpLine {
            address: if link.site.contains("://") {
                link.site.clone()
            } else {
                format!("https://{}/", link.site.trim_end_matches('/'))
            },
            title: link.title.clone(),
        })
        .collect()
}

/// A page that says one thing in plain words, with at most one link.
pub(crate) fn plain(status: StatusCode, title: &str, sentences: &[&str], link: Option<(&str, &str)>) -> Response<Body> {
    let (link_address, link_title) = link.unwrap_or(("", ""));
    page(status, PlainPage { css: CSS, title, sentences, link_address, link_title }.render())
}

fn page(status: StatusCode, rendered: Result<String, askama::Error>) -> Response<Body> {
    let Ok(html) = rendered else {
        return body::short(status, "This page is blocked.");
    };
    let mut response = Response::new(body::full(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    body::ours(headers);
    response
}
