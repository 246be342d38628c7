//! Who must not see a case: its subject, anyone it names on the route, and whoever stands in for them by the same post.
//!
//! Over-exclusion is chosen over a leak (decision 0014): a text that says "the safeguarding lead" leaves out every holder
//! of a post of that name, and somebody else on the route may admit them later.

/// Someone who could receive a case, with the words by which a reporter may name them.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    pub person: &'a str,
    pub name: &'a str,
    pub username: &'a str,
    /// Titles of the posts they hold.
    pub titles: Vec<&'a str>,
}

/// Shortest part of a name that is looked for on its own, in characters: "Li" would be found in too many words.
const NAME_PART_MIN_CHARS: usize = 3;

/// The people named in a text, by name, part of a name, user name, post title or the initials of a title.
#[must_use]
pub fn named_in<'a>(text: &str, candidates: &[Candidate<'a>]) -> Vec<&'a str> {
    let folded = fold(text);
    let haystack = format!(" {folded} ");
    let initials: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() >= NAME_PART_MIN_CHARS && word.chars().all(|c| c.is_ascii_uppercase()))
        .map(str::to_owned)
        .collect();
    candidates
        .iter()
        .filter(|candidate| is_named(candidate, &haystack, &initials))
        .map(|candidate| candidate.person)
        .collect()
}

fn is_named(candidate: &Candidate<'_>, haystack: &str, initials: &[String]) -> bool {
    let name = fold(candidate.name);
    let by_name = name
        .split(' ')
        .filter(|part| part.chars().count() >= NAME_PART_MIN_CHARS)
        .any(|part| contains_word(haystack, part));
    let by_username = !candidate.username.is_empty() && contains_word(haystack, &fold(candidate.username));
    by_name
        || by_username
        || candidate.titles.iter().any(|title| title_is_named(title, haystack, initials))
}

/// A title is named by its whole, by its last two words ("safeguarding lead" for "designated safeguarding lead"), or by
/// the initials of three words and more ("DSL").
fn title_is_named(title: &str, haystack: &str, initials: &[String]) -> bool {
    let folded = fold(title);
    let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    let short: Vec<&str> = words.iter().rev().take(2).rev().copied().collect();
    let letters: String = words
        .iter()
        .filter(|word| !matches!(**word, "of" | "and" | "the"))
        .filter_map(|word| word.chars().next())
        .map(|c| c.to_ascii_uppercase())
        .collect();
    contains_word(haystack, &folded)
        || (short.len() == 2 && words.len() > 2 && contains_word(haystack, &short.join(" ")))
        || (letters.len() >= NAME_PART_MIN_CHARS && initials.iter().any(|seen| seen == &letters || ends_like(&letters, seen)))
}

/// "DSL" names the deputy ("DDSL") too.
fn ends_like(letters: &str, seen: &str) -> bool {
    seen.len() >= NAME_PART_MIN_CHARS && letters.ends_with(seen)
}

fn contains_word(haystack: &str, words: &str) -> bool {
    !words.is_empty() && haystack.contains(&format!(" {words} "))
}

/// Lower case, letters and digits only, single spaces; possessive and plural s of a word fall away.
fn fold(text: &str) -> String {
    let mut words = Vec::new();
    for raw in text.replace(['\u{2019}', '\''], "'").split(|c: char| !(c.is_alphanumeric() || c == '\'')) {
        let word = raw.trim_matches('\'').to_lowercase();
        let word = word.strip_suffix("'s").unwrap_or(&word).to_owned();
        if !word.is_empty() {
            words.push(word);
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team() -> Vec<Candidate<'static>> {
        vec![
            Candidate { person: "lead", name: "Samira Holt", username: "sholt", titles: vec!["Designated Safeguarding Lead"] },
            Candidate { person: "deputy", name: "Ian Lo", username: "ilo", titles: vec!["Deputy Designated Safeguarding Lead"] },
            Candidate { person: "hr", name: "Ruth Okafor", username: "rokafor", titles: vec!["Head of Human Resources"] },
        ]
    }

    #[test]
    fn inv11_a_surname_in_free_text_names_the_person() {
        assert_eq!(named_in("It is about Mrs Holt's messages.", &team()), vec!["lead"]);
    }

    #[test]
    fn inv11_a_post_in_free_text_names_every_holder() {
        assert_eq!(named_in("The safeguarding lead keeps writing to me at night", &team()), vec!["lead", "deputy"]);
        assert_eq!(named_in("the DSL said not to tell", &team()), vec!["lead", "deputy"]);
    }

    #[test]
    fn inv11_an_ordinary_text_names_nobody() {
        assert!(named_in("A learner holds strong views and sits alone.", &team()).is_empty());
        assert!(named_in("dsl broadband is slow", &team()).is_empty());
    }
}
