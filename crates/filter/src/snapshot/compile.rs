//! Turning what the pack says into rules that can be walked quickly. A rule without a clause of the pack does not compile.

use std::collections::HashMap;

use policy::{Action, Citation, Pack, When};

use super::{Compiled, CompiledHelp, CompiledRule, CompiledTrigger, GroupRules, SnapshotError};
use crate::lists::LocalRule;
use crate::site::Site;

pub(super) fn compile(pack: &Pack, local: &[LocalRule]) -> Result<Compiled, SnapshotError> {
    let filtering = &pack.filtering;
    let defaults = &filtering.defaults;
    let unlisted = cite(pack, "the default for unlisted sites", &defaults.unlisted_clause)?;
    Ok(Compiled {
        groups: groups(pack),
        exceptions: exceptions(pack)?,
        local: local.iter().map(|rule| local_rule(pack, rule)).collect::<Result<_, _>>()?,
        rules: rules(pack)?,
        help: help(pack)?,
        triggers: triggers(pack)?,
        unopened_codes: filtering.inspection.except_codes.iter().cloned().collect(),
        unopened_groups: filtering.inspection.except_groups.iter().cloned().collect(),
        unopened_sites: sites("the inspection exceptions", &filtering.inspection.except_sites)?,
        unknown_protocol: or_refuse(pack, defaults.unknown_protocol, &defaults.unknown_protocol_clause, &unlisted)?,
        scanner_down: or_refuse(pack, defaults.scanner_down, &defaults.scanner_down_clause, &unlisted)?,
        records_down: or_refuse(pack, defaults.records_down, &defaults.records_down_clause, &unlisted)?,
        unlisted: (defaults.unlisted, unlisted),
        names: names(pack),
    })
}

fn cite(pack: &Pack, rule: &str, clause: &str) -> Result<Citation, SnapshotError> {
    pack.cite(clause).ok_or_else(|| SnapshotError::NoClause { rule: rule.to_owned(), clause: clause.to_owned() })
}

/// A failure rule that the pack leaves unsaid refuses (invariant 6), by the clause for what is unlisted.
fn or_refuse(
    pack: &Pack,
    action: Action,
    clause: &str,
    unlisted: &Citation,
) -> Result<(Action, Citation), SnapshotError> {
    if clause.is_empty() {
        return Ok((Action::Block, unlisted.clone()));
    }
    Ok((action, cite(pack, "a default for failures", clause)?))
}

fn groups(pack: &Pack) -> HashMap<String, GroupRules> {
    let mut groups: HashMap<String, GroupRules> =
        pack.groups.iter().map(|group| (group.id.clone(), GroupRules::default())).collect();
    for profile in &pack.filtering.profiles {
        for group in &profile.groups {
            let rules = groups.entry(group.clone()).or_default();
            rules.profiles.push(profile.id.clone());
            rules.safe_search |= profile.safe_search;
            rules.youtube_restrict |= profile.youtube_restrict;
        }
    }
    groups
}

fn sites(rule: &str, sites: &[String]) -> Result<Vec<Site>, SnapshotError> {
    sites
        .iter()
        .map(|site| {
            Site::parse(site).map_err(|error| SnapshotError::BadSite {
                rule: rule.to_owned(),
                site: site.clone(),
                why: error.to_string(),
            })
        })
        .collect()
}

fn profiles(pack: &Pack, rule: &str, wanted: &[String]) -> Result<Vec<String>, SnapshotError> {
    match wanted.iter().find(|id| pack.filtering.profiles.iter().all(|profile| profile.id != **id)) {
        Some(missing) => Err(SnapshotError::NoProfile { rule: rule.to_owned(), profile: missing.clone() }),
        None => Ok(wanted.to_vec()),
    }
}

fn exceptions(pack: &Pack) -> Result<Vec<CompiledRule>, SnapshotError> {
    pack.filtering
        .exceptions
        .iter()
        .map(|exception| {
            let name = format!("exception:{}", exception.site);
            Ok(CompiledRule {
                profiles: profiles(pack, &name, &exception.profiles)?,
                action: exception.action,
                codes: [].into(),
                sites: sites(&name, std::slice::from_ref(&exception.site))?,
                when: When::Always,
                until: None,
                citation: cite(pack, &name, &exception.clause)?,
                reason: exception.reason.clone(),
                name,
            })
        })
        .collect()
}

fn local_rule(pack: &Pack, rule: &LocalRule) -> Result<CompiledRule, SnapshotError> {
    let name = format!("local:{}", rule.id);
    let reason = match rule.action {
        Action::Allow | Action::Watch => "Somebody here asked for this site, and it was opened.",
        Action::Block | Action::Warn => "Somebody here reported this site, and it was closed.",
    };
    Ok(CompiledRule {
        profiles: profiles(pack, &name, &rule.profiles)?,
        action: rule.action,
        codes: [].into(),
        sites: sites(&name, std::slice::from_ref(&rule.site))?,
        when: When::Always,
        until: rule.until,
        citation: cite(pack, &name, &rule.clause)?,
        reason: reason.to_owned(),
        name,
    })
}

fn rules(pack: &Pack) -> Result<Vec<CompiledRule>, SnapshotError> {
    pack.filtering
        .rules
        .iter()
        .map(|rule| {
            let name = format!("category:{}", rule.id);
            Ok(CompiledRule {
                profiles: profiles(pack, &name, &rule.profiles)?,
                action: rule.action,
                codes: rule.codes.iter().cloned().collect(),
                sites: sites(&name, &rule.sites)?,
                when: rule.when,
                until: None,
                citation: cite(pack, &name, &rule.clause)?,
                reason: rule.reason.clone(),
                name,
            })
        })
        .collect()
}

fn help(pack: &Pack) -> Result<Vec<CompiledHelp>, SnapshotError> {
    pack.filtering
        .help
        .iter()
        .map(|link| {
            let name = format!("help:{}", link.site);
            let site = Site::parse(&link.site).map_err(|error| SnapshotError::BadSite {
                rule: name.clone(),
                site: link.site.clone(),
                why: error.to_string(),
            })?;
            Ok(CompiledHelp { site, citation: cite(pack, &name, &link.clause)?, name })
        })
        .collect()
}

fn triggers(pack: &Pack) -> Result<Vec<CompiledTrigger>, SnapshotError> {
    let mut triggers = pack
        .filtering
        .triggers
        .iter()
        .map(|trigger| {
            cite(pack, &format!("trigger:{}", trigger.id), &trigger.clause)?;
            Ok(CompiledTrigger {
                id: trigger.id.clone(),
                theme: trigger.theme.clone(),
                codes: trigger.codes.iter().cloned().collect(),
                grade: trigger.grade,
                procedure: trigger.procedure.clone(),
                staff_procedure: trigger.staff_procedure.clone(),
                clause: trigger.clause.clone(),
                reason: trigger.reason.clone(),
            })
        })
        .collect::<Result<Vec<_>, SnapshotError>>()?;
    // The gravest first; of equals, the pack's order stays.
    triggers.sort_by_key(|trigger| std::cmp::Reverse(trigger.grade));
    Ok(triggers)
}

fn names(pack: &Pack) -> HashMap<String, Vec<String>> {
    let mut names: HashMap<String, Vec<String>> = HashMap::new();
    for code in &pack.codes {
        for name in std::iter::once(&code.id).chain(&code.aliases) {
            let codes = names.entry(name.clone()).or_default();
            if !codes.contains(&code.id) {
                codes.push(code.id.clone());
            }
        }
    }
    names
}
