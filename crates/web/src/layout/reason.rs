//! The one line that every effect carries: the clause, or Haven's own safety rule, with a link to its words.

use std::fmt;

use askama::filters::HtmlSafe;

use super::when::write_escaped;

/// A clause or safety rule as a link.
#[derive(Debug, Clone)]
pub(crate) struct ClauseLink {
    text: String,
    href: String,
}

impl ClauseLink {
    /// Takes the bare id (`7.1`), the form of records (`waes:7.1@digest`, `haven:S-2`) and the form for people
    /// (`WAES 7.1`, `Haven safety rule S-2`).
    pub(crate) fn new(pack: &str, clause: &str) -> Self {
        let bare = clause.split('@').next().unwrap_or(clause).trim();
        let bare = bare.rsplit([':', ' ']).next().unwrap_or(bare);
        let rule =
            bare.strip_prefix("S-").filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
        match rule {
            Some(number) => {
                Self { text: format!("Haven safety rule S-{number}"), href: format!("/policy/safety-rules#S-{number}") }
            }
            None => Self { text: format!("{pack} {bare}"), href: format!("/policy/{bare}") },
        }
    }
}

impl fmt::Display for ClauseLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<a class=\"govuk-link\" href=\"")?;
        write_escaped(f, &self.href)?;
        f.write_str("\">")?;
        write_escaped(f, &self.text)?;
        f.write_str("</a>")
    }
}

impl HtmlSafe for ClauseLink {}

/// "Because of WAES 7.1".
#[derive(Debug, Clone)]
pub(crate) struct Because(pub(crate) ClauseLink);

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<p class=\"hv-because\">Because of {}</p>", self.0)
    }
}

impl HtmlSafe for Because {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_is_linked_in_every_form_in_which_it_is_kept() {
        for kept in ["7.1", "WAES 7.1", "waes:7.1@5f1c0f"] {
            let link = ClauseLink::new("WAES", kept).to_string();
            assert_eq!(link, "<a class=\"govuk-link\" href=\"/policy/7.1\">WAES 7.1</a>");
        }
    }

    #[test]
    fn a_safety_rule_is_shown_as_havens_own() {
        for kept in ["S-2", "haven:S-2", "Haven safety rule S-2"] {
            let link = ClauseLink::new("WAES", kept).to_string();
            assert_eq!(link, "<a class=\"govuk-link\" href=\"/policy/safety-rules#S-2\">Haven safety rule S-2</a>");
        }
    }

    #[test]
    fn a_clause_cannot_carry_markup() {
        assert!(!ClauseLink::new("WAES", "\"><script>").to_string().contains("<script>"));
    }
}
