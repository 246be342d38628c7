//! Duties that come round without a number, and things that are kept without an end.

use super::finding;
use crate::document::Place;
use crate::model::Pack;
use crate::problem::Problem;

pub(super) fn check(pack: &Pack, problems: &mut Vec<Problem>) {
    for clock in pack.clocks.iter().filter(|clock| clock.every.is_none()) {
        let message = format!("\"{}\" comes round, but the policy gives no interval.", clock.title);
        let place = pack.document.place("clock", &clock.id);
        problems.push(finding(place, &clock.clause, message, "State it in the policy and as `every = \"...\"`."));
    }
    let names_retention = |text: &str| text.to_lowercase().contains("retention");
    if !pack.clocks.iter().any(|clock| names_retention(&clock.id) || names_retention(&clock.title)) {
        let place = Place { file: "clocks.toml".to_owned(), line: 0 };
        let message = "The policy does not say how long records are kept: cases, filter records, images, consents.";
        problems.push(finding(
            place,
            "",
            message,
            "State it for each kind of record, and as a clock whose id has the word `retention`.",
        ));
    }
}
