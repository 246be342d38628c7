//! Reads `pack.toml`: reference, dates, owner, approvers, posts, populations, groups, agencies, laws and linked policies.

use super::log::{Kind, Log};
use super::row::Row;
use super::source::SourceFile;
use crate::document::{Approver, Choice, Defect, Document, NextReview, OwnerNamed, Version};
use crate::model::{Agency, Group, Law, Linked, Population, Post, ReviewTrigger};

/// Youngest and oldest age that a group may be bounded by, in years.
const AGE_LIMIT_YEARS: std::ops::RangeInclusive<u32> = 1..=120;

/// Longest review cycle that a pack may state, in months.
const REVIEW_CYCLE_LIMIT_MONTHS: u32 = 600;

/// Everything that `pack.toml` says.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) organisation: String,
    pub(super) reference: String,
    pub(super) version: String,
    pub(super) owner: String,
    pub(super) in_force_from: Option<jiff::civil::Date>,
    pub(super) in_force_to: Option<jiff::civil::Date>,
    pub(super) review_cycle_months: u32,
    pub(super) last_resort: Vec<String>,
    pub(super) review_triggers: Vec<ReviewTrigger>,
    pub(super) posts: Vec<Post>,
    pub(super) populations: Vec<Population>,
    pub(super) groups: Vec<Group>,
    pub(super) agencies: Vec<Agency>,
    pub(super) laws: Vec<Law>,
    pub(super) linked: Vec<Linked>,
    pub(super) document: Document,
}

pub(super) fn read(log: &Log, file: SourceFile<'_>) -> Option<Front> {
    let table = file.toml(log)?;
    let mut top = Row::top(log, file, &table);
    let mut row = top.only("pack")?;
    let document = document(&mut row, &mut top);
    let front = Front {
        id: pack_id(&mut row),
        title: row.text("title"),
        organisation: row.text("organisation"),
        reference: row.text("reference"),
        version: row.text("version"),
        owner: row.refer(Kind::Post, "owner"),
        in_force_from: row.date_maybe("in_force_from"),
        in_force_to: row.date_maybe("in_force_to"),
        review_cycle_months: review_cycle(&mut row),
        last_resort: last_resort(&mut row),
        review_triggers: top.rows("review_trigger").into_iter().map(review_trigger).collect(),
        posts: top.rows("post").into_iter().map(post).collect(),
        populations: top.rows("population").into_iter().map(population).collect(),
        groups: top.rows("group").into_iter().map(group).collect(),
        agencies: top.rows("agency").into_iter().map(agency).collect(),
        laws: top.rows("law").into_iter().map(law).collect(),
        linked: top.rows("linked").into_iter().map(linked).collect(),
        document,
    };
    for key in [
        "owner",
        "version",
        "revised_on",
        "approved_on",
        "in_force_from",
        "in_force_to",
        "next_review",
        "review_cycle_months",
    ] {
        log.place("pack", key, row.place_of(key));
    }
    row.finish();
    top.finish();
    Some(front)
}

fn pack_id(row: &mut Row<'_>) -> String {
    let id = row.text("id");
    if !id.is_empty() && !super::is_id(&id) {
        row.error(
            "id",
            format!("`{id}` is not an id."),
            "Write the folder's name in lower-case words joined by hyphens.",
        );
    }
    id
}

fn review_cycle(row: &mut Row<'_>) -> u32 {
    let months = row.number("review_cycle_months");
    if row.has("review_cycle_months") && !(1..=REVIEW_CYCLE_LIMIT_MONTHS).contains(&months) {
        row.error(
            "review_cycle_months",
            "The review cycle is not a number of months.",
            "Write 12 for a yearly review.",
        );
    }
    months
}

/// Whom a case comes to when nobody on its route is left or answers.
fn last_resort(row: &mut Row<'_>) -> Vec<String> {
    let named = row.has("last_resort");
    let posts = row.refer_all(Kind::Post, "last_resort", "");
    if !named {
        row.error(
            "last_resort",
            "The pack does not say who stands behind every route: a case could end with nobody.",
            "Name the posts, in order, in `last_resort`.",
        );
    }
    posts
}

fn document(row: &mut Row<'_>, top: &mut Row<'_>) -> Document {
    Document {
        clause: row.clause(),
        revised_on: row.date_maybe("revised_on"),
        approved_on: row.date_maybe("approved_on"),
        next_review: next_review(row),
        owners_named: top.rows("owner_named").into_iter().map(owner_named).collect(),
        approvers: top.rows("approver").into_iter().map(approver).collect(),
        versions: top.rows("version").into_iter().map(version).collect(),
        choices: top.rows("choice").into_iter().map(choice).collect(),
        defects: top.rows("defect").into_iter().map(defect).collect(),
        ..Document::default()
    }
}

fn next_review(row: &mut Row<'_>) -> Option<NextReview> {
    let text = row.text_maybe("next_review")?;
    let parsed = NextReview::parse(&text);
    if parsed.is_none() {
        row.error(
            "next_review",
            format!("`{text}` is neither a day nor a month."),
            "Write `2024-07-31`, or `2024-07` where the source gives only the month.",
        );
    }
    parsed
}

fn owner_named(mut row: Row<'_>) -> OwnerNamed {
    let named = OwnerNamed { post: row.refer(Kind::Post, "post"), clause: row.clause(), place: row.place() };
    row.finish();
    named
}

fn approver(mut row: Row<'_>) -> Approver {
    let approver = Approver {
        post: row.refer(Kind::Post, "post"),
        clause: row.clause(),
        recorded: row.flag("recorded"),
        place: row.place(),
    };
    row.finish();
    approver
}

fn version(mut row: Row<'_>) -> Version {
    let version =
        Version { version: row.text("version"), on: row.date("on"), summary: row.text("summary"), place: row.place() };
    row.finish();
    version
}

fn choice(mut row: Row<'_>) -> Choice {
    let choice =
        Choice { about: row.text("about"), choice: row.text("choice"), clause: row.clause(), place: row.place() };
    row.finish();
    choice
}

fn defect(mut row: Row<'_>) -> Defect {
    let defect = Defect { about: row.text("about"), clause: row.clause(), mend: row.text("mend"), place: row.place() };
    row.finish();
    defect
}

fn review_trigger(mut row: Row<'_>) -> ReviewTrigger {
    let trigger = ReviewTrigger { name: row.text("name"), clause: row.clause() };
    row.finish();
    trigger
}

fn post(mut row: Row<'_>) -> Post {
    let post = Post {
        id: row.define(Kind::Post, ""),
        title: row.text("title"),
        deputies: row.refer_all(Kind::Post, "deputies", ""),
        clause: row.clause(),
    };
    if post.deputies.contains(&post.id) {
        row.error("deputies", format!("`{}` stands in for itself.", post.id), "Name another post as deputy.");
    }
    row.finish();
    post
}

fn population(mut row: Row<'_>) -> Population {
    let population =
        Population { id: row.define(Kind::Population, ""), title: row.text("title"), clause: row.clause() };
    row.finish();
    population
}

fn group(mut row: Row<'_>) -> Group {
    let group = Group {
        id: row.define(Kind::Group, ""),
        title: row.text("title"),
        population: row.refer(Kind::Population, "population"),
        under_age_years: row.number_maybe("under_age_years"),
        flag: row.text_maybe("flag"),
        agreement: row.refer_maybe(Kind::Agreement, "agreement", ""),
        clause: row.clause(),
    };
    if group.under_age_years.is_some_and(|age| !AGE_LIMIT_YEARS.contains(&age)) {
        row.error("under_age_years", "That is not an age in years.", "Write a number such as 18.");
    }
    row.finish();
    group
}

fn agency(mut row: Row<'_>) -> Agency {
    let agency = Agency { id: row.define(Kind::Agency, ""), title: row.text("title"), clause: row.clause() };
    row.finish();
    agency
}

fn law(mut row: Row<'_>) -> Law {
    let law = Law {
        title: row.text("title"),
        year: row.number_maybe("year").and_then(|year| i16::try_from(year).ok()),
        clause: row.clause(),
    };
    row.log().place("law", &law.title, row.place());
    row.finish();
    law
}

fn linked(mut row: Row<'_>) -> Linked {
    let linked = Linked { title: row.text("title"), clause: row.clause() };
    row.log().place("linked", &linked.title, row.place());
    row.finish();
    linked
}
