//! Reads `filtering.toml`: profiles, rules, triggers, exceptions, help links, and what happens when a part fails.

use super::log::{Kind, Log};
use super::row::Row;
use super::source::SourceFile;
use crate::document::Place;
use crate::model::{
    Action, Attempts, Defaults, Exception, Filtering, Grade, HelpLink, Inspection, Profile, Rule, Trigger, When,
};

/// The alert themes.
pub const THEMES: [&str; 10] = [
    "prevent",
    "sexual-exploitation",
    "hate",
    "pornography",
    "self-harm",
    "bullying",
    "grooming",
    "drugs",
    "gambling",
    "county-lines",
];

/// The words for actions, in packs and examples.
pub(crate) const ACTION_WORDS: [(&str, Action); 4] =
    [("allow", Action::Allow), ("block", Action::Block), ("warn", Action::Warn), ("watch", Action::Watch)];
const WHEN_WORDS: [(&str, When); 5] = [
    ("always", When::Always),
    ("class-hours", When::ClassHours),
    ("outside-class-hours", When::OutsideClassHours),
    ("lunch", When::Lunch),
    ("exam", When::Exam),
];
const GRADE_WORDS: [(&str, Grade); 3] = [("low", Grade::Low), ("medium", Grade::Medium), ("high", Grade::High)];

pub(super) fn read(log: &Log, file: SourceFile<'_>) -> Option<Filtering> {
    let table = file.toml(log)?;
    let mut top = Row::top(log, file, &table);
    let filtering = Filtering {
        defaults: top.only("defaults").map(defaults).unwrap_or_default(),
        inspection: top.only("inspection").map(inspection).unwrap_or_default(),
        // Most policies do not say it; then Haven's own threshold holds.
        attempts: if top.has("attempts") { top.only("attempts").map(attempts) } else { None },
        exam_clause: if top.has("exam") { top.only("exam").map(exam).unwrap_or_default() } else { String::new() },
        profiles: top.rows("profile").into_iter().map(profile).collect(),
        rules: top.rows("rule").into_iter().map(rule).collect(),
        triggers: top.rows("trigger").into_iter().map(trigger).collect(),
        exceptions: top.rows("exception").into_iter().map(exception).collect(),
        help: top.rows("help").into_iter().map(help).collect(),
    };
    if filtering.profiles.is_empty() {
        log.error(file.at(0), "", "The file has no profile.", "Add a `[[profile]]` for each set of groups.");
    }
    top.finish();
    Some(filtering)
}

fn defaults(mut row: Row<'_>) -> Defaults {
    // Most policies do not say it, and unsaid is refused. Who says it names the clause.
    let records_down = row.word_maybe("records_down", &ACTION_WORDS);
    let defaults = Defaults {
        unlisted: row.word("unlisted", &ACTION_WORDS, Action::Block),
        unlisted_clause: row.clause_at("unlisted_clause"),
        unknown_protocol: row.word("unknown_protocol", &ACTION_WORDS, Action::Block),
        unknown_protocol_clause: row.clause_at("unknown_protocol_clause"),
        scanner_down: row.word("scanner_down", &ACTION_WORDS, Action::Block),
        scanner_down_clause: row.clause_at("scanner_down_clause"),
        records_down: records_down.unwrap_or(Action::Block),
        records_down_clause: records_down.map(|_| row.clause_at("records_down_clause")).unwrap_or_default(),
    };
    row.finish();
    defaults
}

fn inspection(mut row: Row<'_>) -> Inspection {
    let inspection = Inspection {
        except_codes: row.refer_all(Kind::Code, "except_codes", ""),
        except_sites: sites(&mut row, "except_sites"),
        except_groups: row.refer_all(Kind::Group, "except_groups", ""),
        clause: row.clause(),
    };
    row.finish();
    inspection
}

fn attempts(mut row: Row<'_>) -> Attempts {
    let attempts = Attempts {
        threshold: row.number("threshold"),
        procedure: row.refer(Kind::Procedure, "procedure"),
        staff_procedure: row.refer(Kind::Procedure, "staff_procedure"),
        clause: row.clause(),
    };
    if attempts.threshold == 0 && row.has("threshold") {
        row.error("threshold", "A threshold of 0 would raise everybody.", "Write a number from 1.");
    }
    row.finish();
    attempts
}

/// By which clause an exam leaves only its own sites open.
fn exam(mut row: Row<'_>) -> String {
    let clause = row.clause();
    row.finish();
    clause
}

fn profile(mut row: Row<'_>) -> Profile {
    let profile = Profile {
        id: row.define(Kind::Profile, ""),
        title: row.text("title"),
        groups: row.refer_all(Kind::Group, "groups", ""),
        safe_search: row.flag_or("safe_search", false),
        youtube_restrict: row.flag_or("youtube_restrict", false),
        clause: row.clause(),
    };
    if profile.groups.is_empty() {
        row.error("groups", "The profile is for no group.", "Name its groups in `groups`.");
    }
    row.finish();
    profile
}

fn rule(mut row: Row<'_>) -> Rule {
    let rule = Rule {
        id: row.define(Kind::Rule, ""),
        profiles: row.refer_all(Kind::Profile, "profiles", ""),
        action: row.word("action", &ACTION_WORDS, Action::Block),
        codes: row.refer_all(Kind::Code, "codes", ""),
        sites: sites(&mut row, "sites"),
        when: row.word_maybe("when", &WHEN_WORDS).unwrap_or_default(),
        clause: row.clause(),
        reason: row.text("reason"),
    };
    if rule.codes.is_empty() && rule.sites.is_empty() && !row.has("codes") && !row.has("sites") {
        row.error(
            "id",
            format!("Rule `{}` names no code and no site, so it can never act.", rule.id),
            "Name `codes` or `sites`.",
        );
    }
    row.finish();
    rule
}

fn trigger(mut row: Row<'_>) -> Trigger {
    let trigger = Trigger {
        id: row.define(Kind::Trigger, ""),
        theme: row.word("theme", &THEMES.map(|theme| (theme, theme)), "").to_owned(),
        codes: row.refer_all(Kind::Code, "codes", ""),
        grade: row.word("grade", &GRADE_WORDS, Grade::Low),
        procedure: row.refer(Kind::Procedure, "procedure"),
        staff_procedure: row.refer(Kind::Procedure, "staff_procedure"),
        clause: row.clause(),
        reason: row.text("reason"),
    };
    if trigger.codes.is_empty() {
        row.error(
            "codes",
            format!("Trigger `{}` has no code, so nothing can set it off.", trigger.id),
            "Name its `codes`.",
        );
    }
    row.finish();
    trigger
}

fn exception(mut row: Row<'_>) -> Exception {
    let site = row.text("site");
    row.log().place("exception", &site, row.place_of("site"));
    check_site(&row, &site, row.place_of("site"));
    let exception = Exception {
        site,
        action: row.word("action", &ACTION_WORDS, Action::Block),
        profiles: row.refer_all(Kind::Profile, "profiles", ""),
        clause: row.clause(),
        reason: row.text("reason"),
    };
    row.finish();
    exception
}

fn help(mut row: Row<'_>) -> HelpLink {
    let site = row.text("site");
    row.log().place("help", &site, row.place_of("site"));
    check_site(&row, &site, row.place_of("site"));
    let help = HelpLink {
        site,
        title: row.text("title"),
        codes: row.refer_all(Kind::Code, "codes", ""),
        clause: row.clause(),
    };
    row.finish();
    help
}

fn sites(row: &mut Row<'_>, key: &'static str) -> Vec<String> {
    let sites = row.texts_with_lines(key);
    for (site, place) in &sites {
        check_site(row, site, place.clone());
    }
    sites.into_iter().map(|(site, _)| site).collect()
}

fn check_site(row: &Row<'_>, site: &str, place: Place) {
    if !site.is_empty() && !is_site(site) {
        row.log().error(
            place,
            row.clause_id(),
            format!("`{site}` is not a site."),
            "Write a host in small letters without `http://`, such as `example.org` or `example.org/section`.",
        );
    }
}

/// A host of at least two labels, then nothing or a path. The host stands for everything below it as well.
fn is_site(site: &str) -> bool {
    let host = site.split('/').next().unwrap_or("");
    let labels_fit = host.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter == '-' || (letter.is_alphanumeric() && !letter.is_uppercase()))
    });
    host.contains('.') && labels_fit && !site.chars().any(|letter| letter.is_whitespace() || letter.is_control())
}
