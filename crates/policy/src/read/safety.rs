//! What no pack may do, whatever its policy says: the checks that rest on Haven's own safety rules.

use super::log::Log;
use crate::document::Document;
use crate::model::{About, Action, AgreementKind, Filtering, Pack, When};

/// The agreement that S-4 asks for.
pub const MONITORING_NOTICE: &str = "monitoring-notice";

pub(super) fn check(log: &Log, pack: &Pack) {
    help_stays_open(log, &pack.filtering, &pack.document);
    extremism_has_no_hours(log, &pack.filtering, &pack.document);
    notice_is_a_notice(log, pack);
    triggers_reach_the_right_procedure(log, pack);
}

/// S-2: a rule or exception on a help site would either do harm or silently do nothing.
fn help_stays_open(log: &Log, filtering: &Filtering, document: &Document) {
    for help in &filtering.help {
        for rule in filtering.rules.iter().filter(|rule| rule.action != Action::Allow) {
            if rule.sites.iter().any(|site| overlap(site, &help.site)) {
                let place = document.place("rule", &rule.id);
                log.error(
                    place,
                    &rule.clause,
                    against_help(&format!("Rule `{}`", rule.id), rule.action, &help.site),
                    MEND_HELP,
                );
            }
        }
        for exception in filtering.exceptions.iter().filter(|exception| exception.action != Action::Allow) {
            if overlap(&exception.site, &help.site) {
                let place = document.place("exception", &exception.site);
                log.error(
                    place,
                    &exception.clause,
                    against_help("The exception", exception.action, &help.site),
                    MEND_HELP,
                );
            }
        }
    }
}

/// Extremism is no matter of the hour, and never something that a class may have switched off or on (F10): a rule on a code that
/// a Prevent trigger names holds at every hour.
fn extremism_has_no_hours(log: &Log, filtering: &Filtering, document: &Document) {
    let prevent = filtering.triggers.iter().filter(|trigger| trigger.theme == "prevent");
    let codes: Vec<&String> = prevent.flat_map(|trigger| &trigger.codes).collect();
    for rule in filtering.rules.iter().filter(|rule| rule.when != When::Always) {
        for code in rule.codes.iter().filter(|code| codes.contains(code)) {
            log.error(
                document.place("rule", &rule.id),
                &rule.clause,
                format!(
                    "Rule `{}` acts on `{code}` at some hours only, and a Prevent trigger names that code.",
                    rule.id
                ),
                "Leave out `when`, or take the code into a rule of its own: extremism is no matter of the hour.",
            );
        }
    }
}

const MEND_HELP: &str =
    "Take the site out here: Haven safety rule S-2 keeps help sites open for everybody, and no pack weakens it.";

fn against_help(what: &str, action: Action, site: &str) -> String {
    let verb = match action {
        Action::Block => "would block",
        Action::Warn => "would put a warning before",
        Action::Watch => "would watch",
        Action::Allow => "would allow",
    };
    format!("{what} {verb} `{site}`, which is one of the pack's own help sites.")
}

/// Whether a rule for one site touches the other: the same host or one below it, and paths of which one begins the other.
fn overlap(ruled: &str, help: &str) -> bool {
    let (ruled_host, ruled_path) = ruled.split_once('/').unwrap_or((ruled, ""));
    let (help_host, help_path) = help.split_once('/').unwrap_or((help, ""));
    let is_same_or_below =
        |host: &str, above: &str| host == above || host.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'));
    let hosts_meet = is_same_or_below(help_host, ruled_host) || is_same_or_below(ruled_host, help_host);
    hosts_meet && (ruled_path.starts_with(help_path) || help_path.starts_with(ruled_path))
}

/// S-4: without it nothing may be inspected or recorded.
fn notice_is_a_notice(log: &Log, pack: &Pack) {
    match pack.agreement(MONITORING_NOTICE) {
        None => log.error(
            crate::document::Place { file: format!("agreements/{MONITORING_NOTICE}.md"), line: 0 },
            "",
            "There is no monitoring notice.",
            "Write agreements/monitoring-notice.md with `id = \"monitoring-notice\"` and `kind = \"notice\"` (Haven safety rule S-4).",
        ),
        Some(notice) if notice.kind != AgreementKind::Notice => log.error(
            pack.document.place("agreement", MONITORING_NOTICE),
            &notice.clause,
            "The monitoring notice is not of kind `notice`.",
            "Write `kind = \"notice\"`: it is an acknowledgement, not consent (Haven safety rule S-4).",
        ),
        Some(_) => {}
    }
    for group in &pack.groups {
        let Some(agreement) = group.agreement.as_deref().and_then(|id| pack.agreement(id)) else { continue };
        if agreement.kind != AgreementKind::AcceptableUse {
            log.error(
                pack.document.place("group", &group.id),
                &group.clause,
                format!("Group `{}` has `{}` as its agreement, which is a notice.", group.id, agreement.id),
                "Name an agreement of kind `acceptable-use`; the notice is shown to everybody anyway.",
            );
        }
    }
}

/// A learner's alert that begins a staff procedure, or the other way round, would reach people who must not see it.
fn triggers_reach_the_right_procedure(log: &Log, pack: &Pack) {
    for trigger in &pack.filtering.triggers {
        for (key, id, wrong) in [
            ("procedure", &trigger.procedure, About::Staff),
            ("staff_procedure", &trigger.staff_procedure, About::Learner),
        ] {
            if pack.procedure(id).is_some_and(|procedure| procedure.about == wrong) {
                let people = if wrong == About::Staff { "learners and visitors" } else { "staff" };
                let other = if wrong == About::Staff { "staff" } else { "learners" };
                log.error(
                    pack.document.place("trigger", &trigger.id),
                    &trigger.clause,
                    format!(
                        "Trigger `{}` begins `{id}` for {people}, but that procedure is about {other}.",
                        trigger.id
                    ),
                    format!("Name in `{key}` a procedure about the right people, or one about `anyone`."),
                );
            }
        }
    }
}
