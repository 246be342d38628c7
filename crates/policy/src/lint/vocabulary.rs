//! Codes that nothing looks for, answers or teaches (G10), and codes so broad that they would close lawful speech.

use super::{and, finding};
use crate::model::{Code, Pack};
use crate::problem::Problem;

/// Words in a code's title that stand for what people may lawfully think or show.
const BROAD: [&str; 7] = ["views", "opinions", "beliefs", "politics", "political", "images of", "pictures of"];

/// Words that narrow such a title to what is harmful.
const NARROWING: [&str; 9] =
    ["indecent", "abuse", "abusive", "illegal", "unlawful", "sexual", "violent", "extremist", "terrorist"];

pub(super) fn check(pack: &Pack, problems: &mut Vec<Problem>) {
    for code in &pack.codes {
        gap(pack, code, problems);
        broad(pack, code, problems);
    }
}

fn gap(pack: &Pack, code: &Code, problems: &mut Vec<Problem>) {
    // A code that only keeps sites from being opened by inspection is no risk that anybody must look for.
    if is_only_an_exception(pack, code) {
        return;
    }
    let has_procedure = code.procedure.is_some()
        || pack.procedures.iter().any(|procedure| procedure.codes.contains(&code.id))
        || pack.filtering.triggers.iter().any(|trigger| trigger.codes.contains(&code.id));
    let gaps: Vec<String> = [
        ("no detector looks for it", code.detectors.is_empty()),
        ("no procedure answers it", !has_procedure),
        ("no course teaches it", code.course.is_none()),
    ]
    .into_iter()
    .filter(|(_, is_gap)| *is_gap)
    .map(|(words, _)| words.to_owned())
    .collect();
    if !gaps.is_empty() {
        let message = format!("The policy names \"{}\" as a risk, but {}.", code.title, and(&gaps));
        let mend = "Fill the gap in vocabulary.toml, or say in the policy that people watch for it.";
        problems.push(finding(pack.document.place("code", &code.id), &code.clause, message, mend));
    }
}

fn is_only_an_exception(pack: &Pack, code: &Code) -> bool {
    pack.filtering.inspection.except_codes.contains(&code.id)
        && !pack.filtering.rules.iter().any(|rule| rule.codes.contains(&code.id))
        && !pack.filtering.triggers.iter().any(|trigger| trigger.codes.contains(&code.id))
}

fn broad(pack: &Pack, code: &Code, problems: &mut Vec<Problem>) {
    let title = format!(" {} ", code.title.to_lowercase());
    let by_title = BROAD.iter().any(|word| title.contains(&format!(" {word} ")))
        && !NARROWING.iter().any(|word| title.contains(word));
    let reason = match pack.document.broad.get(&code.id) {
        Some(reason) => super::sentence(reason),
        None if by_title => "Its words also fit lawful speech and ordinary pictures.".to_owned(),
        None => return,
    };
    let message = format!("Taken literally, \"{}\" is too broad a category. {reason}", code.title);
    let mend = "Narrow the words in the policy, and have a person look before anything is closed for it.";
    problems.push(finding(pack.document.place("code", &code.id), &code.clause, message, mend));
}
