//! Worked examples: prose with lines that the pack must satisfy, such as `learner http://casino-royal.test/ -> block 7.1`.
//!
//! This reads them; the filter crate judges whether the pack does what they say.

use crate::model::Example;
use crate::read::ACTION_WORDS;

/// A line of an example block that cannot be read, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadExample {
    /// From 1.
    pub line: usize,
    pub message: String,
}

const FENCE: &str = "```";

/// Reads every line of every fenced block `example` in a Markdown text.
#[must_use]
pub fn parse(file: &str, text: &str) -> (Vec<Example>, Vec<BadExample>) {
    let (mut examples, mut bad) = (Vec::new(), Vec::new());
    // None outside a fence; inside one, whether it is an `example` block.
    let mut fence: Option<bool> = None;
    let mut fence_line = 0;
    for (line, text) in (1..).zip(text.lines().map(str::trim)) {
        match (fence, text.strip_prefix(FENCE)) {
            (None, Some(word)) => {
                fence = Some(word.trim() == "example");
                fence_line = line;
            }
            (Some(_), Some(_)) => fence = None,
            (Some(true), None) if !text.is_empty() && !text.starts_with('#') => match example(file, line, text) {
                Ok(example) => examples.push(example),
                Err(message) => bad.push(BadExample { line, message }),
            },
            _ => {}
        }
    }
    if fence.is_some() {
        bad.push(BadExample { line: fence_line, message: "The block that begins here is never closed.".to_owned() });
    }
    (examples, bad)
}

fn example(file: &str, line: usize, text: &str) -> Result<Example, String> {
    let Some((question, answer)) = text.split_once("->") else {
        return Err(format!("`{text}` has no `->` between the request and what should happen."));
    };
    let question: Vec<&str> = question.split_whitespace().collect();
    let answer: Vec<&str> = answer.split_whitespace().collect();
    let [group, url] = question.as_slice() else {
        return Err("Before the `->` stand a group and one address, nothing else.".to_owned());
    };
    let (word, clause) = match answer.as_slice() {
        [word] => (*word, None),
        [word, clause] => (*word, Some((*clause).to_owned())),
        _ => return Err("After the `->` stand an action and at most one clause.".to_owned()),
    };
    let Some((_, action)) = ACTION_WORDS.iter().find(|(name, _)| *name == word) else {
        return Err(format!("`{word}` is not an action: use allow, block, warn or watch."));
    };
    if !is_web_address(url) {
        return Err(format!("`{url}` is not a web address: begin with `http://` or `https://`."));
    }
    Ok(Example {
        file: file.to_owned(),
        line,
        group: (*group).to_owned(),
        url: (*url).to_owned(),
        action: *action,
        clause,
    })
}

fn is_web_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::model::Action;

    #[test]
    fn only_example_blocks_are_read_and_each_keeps_its_line() {
        let text = "A learner opens a game of chance.\n\n```example\nlearner http://casino-royal.test/ -> block 7.1\n\n# a remark\nvisitor https://library.test/x -> allow\n```\n\n```\nnot this -> one\n```\n";
        let (examples, bad) = parse("examples/a.md", text);
        assert_eq!(bad, []);
        let read: Vec<_> = examples
            .iter()
            .map(|e| (e.line, e.group.as_str(), e.url.as_str(), e.action, e.clause.as_deref()))
            .collect();
        assert_eq!(
            read,
            [
                (4, "learner", "http://casino-royal.test/", Action::Block, Some("7.1")),
                (7, "visitor", "https://library.test/x", Action::Allow, None),
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_example_is_named() {
        for (line, part) in [
            ("learner http://a.test/", "no `->`"),
            ("learner -> block", "a group and one address"),
            ("learner http://a.test/ -> shut", "`shut` is not an action"),
            ("learner http://a.test/ -> block 7.1 now", "at most one clause"),
            ("learner a.test -> block", "not a web address"),
        ] {
            let (examples, bad) = parse("x.md", &format!("```example\n{line}\n```\n"));
            assert_eq!(examples.len(), 0);
            assert_eq!(bad.len(), 1);
            assert!(bad[0].line == 2 && bad[0].message.contains(part), "{bad:?}");
        }
        let (_, bad) = parse("x.md", "text\n```example\nlearner http://a.test/ -> allow\n");
        assert_eq!(bad[0].line, 2);
    }
}
