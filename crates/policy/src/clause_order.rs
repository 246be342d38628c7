//! The order in which people expect clauses: 2 before 10, 7.1 before 7.1.a, the front first, appendices last.

use std::cmp::Ordering;

/// Compares two clause ids piece by piece; numbers by their value.
#[must_use]
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (pieces(a), pieces(b));
    rank(a).cmp(&rank(b)).then_with(|| {
        loop {
            match (left.next(), right.next()) {
                (None, None) => return a.cmp(b),
                (None, Some(_)) => return Ordering::Less,
                (Some(_), None) => return Ordering::Greater,
                (Some(x), Some(y)) => match x.cmp(&y) {
                    Ordering::Equal => {}
                    other => return other,
                },
            }
        }
    })
}

/// The page before clause 1, then the numbered clauses, then everything that is named in words.
fn rank(id: &str) -> u8 {
    if id.starts_with("front") {
        0
    } else if id.starts_with(|letter: char| letter.is_ascii_digit()) {
        1
    } else {
        2
    }
}

/// `7b.10` -> (7, "b"), (10, ""); `app3` -> (0, "app"), (3, "").
fn pieces(id: &str) -> impl Iterator<Item = (u64, &str)> {
    id.split(['.', '-']).flat_map(|part| {
        let digits_from = part.find(|letter: char| letter.is_ascii_digit()).unwrap_or(part.len());
        let (word, number) = part.split_at_checked(digits_from).unwrap_or((part, ""));
        let digits_to = number.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(number.len());
        let (number, rest) = number.split_at_checked(digits_to).unwrap_or((number, ""));
        let word = (!word.is_empty()).then_some((0, word));
        let number = (!number.is_empty()).then(|| (number.parse().unwrap_or(u64::MAX), rest));
        word.into_iter().chain(number)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn clauses_stand_in_the_order_of_the_document() {
        let mut ids =
            vec!["app3", "10", "7.1.t", "7.10", "front", "2", "app2.10", "7b", "7.2", "app2.9", "7", "7.1", "eia"];
        ids.sort_by(|a, b| super::natural(a, b));
        let expected =
            ["front", "2", "7", "7.1", "7.1.t", "7.2", "7.10", "7b", "10", "app2.9", "app2.10", "app3", "eia"];
        assert_eq!(ids, expected);
    }
}
