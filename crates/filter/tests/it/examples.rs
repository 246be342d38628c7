//! Worked examples of a pack against the filter itself.

use std::sync::Arc;

use filter::decide::check_examples;
use policy::Action;

use crate::sample::{lists, pack};

#[test]
fn a_pack_whose_examples_hold_has_no_problem() {
    let pack = Arc::new(pack());
    assert_eq!(pack.examples.len(), 4);
    assert_eq!(check_examples(&pack, &lists()), []);
}

#[test]
fn an_example_that_comes_out_otherwise_is_named_with_its_line() {
    let mut pack = pack();
    pack.examples[0].action = Action::Allow;
    pack.examples[1].clause = Some("2".to_owned());
    pack.examples[2].group = "nobody".to_owned();
    pack.examples[3].url = "nothing".to_owned();
    let lines: Vec<usize> = pack.examples.iter().map(|example| example.line).collect();
    let problems = check_examples(&Arc::new(pack), &lists());
    assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), lines);
    assert!(
        problems[0]
            .message
            .contains("says allow 2 for http://casino-royal.test/, and the filter says block by SMALL 2"),
        "{}",
        problems[0]
    );
    assert!(problems.iter().all(|problem| problem.file == "examples/chance.md" && problem.mend.ends_with('.')));
}
