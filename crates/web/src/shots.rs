//! For tests: draws a page, checks what every page must hold, and keeps it in `shots/` (git-ignored) for people to look at.

use askama::Template;

/// Draws a page and keeps it; fails if it breaks a rule that holds for every page.
pub(crate) fn shot(name: &str, page: &impl Template) -> String {
    let html = page.render().unwrap_or_else(|error| panic!("{name}: {error}"));
    every_page(name, &html);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/shots");
    std::fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    std::fs::write(format!("{folder}/{name}.html"), &html).unwrap_or_else(|error| panic!("{name}: {error}"));
    html
}

pub(crate) fn has(html: &str, wanted: &str) {
    assert!(html.contains(wanted), "the page does not say {wanted:?}");
}

pub(crate) fn has_not(html: &str, unwanted: &str) {
    assert!(!html.contains(unwanted), "the page says {unwanted:?}");
}

/// One main heading, no inline script or style (the content policy refuses them), a reason link wherever an effect is told,
/// and a form token in each form of a signed-in person.
fn every_page(name: &str, html: &str) {
    assert_eq!(html.matches("<h1").count(), 1, "{name}: one main heading");
    assert!(!html.contains(" style="), "{name}: inline style");
    assert!(!html.contains("<style") && !html.contains("<script>"), "{name}: inline script or style sheet");
    assert!(!html.contains(" onclick="), "{name}: inline handler");
    assert!(html.contains("hv-practice"), "{name}: the practice stripe");
    for word in ["violation", "offender", "suspect", "compliance", "oops"] {
        assert!(!html.to_lowercase().contains(word), "{name}: says {word:?}");
    }
    for form in html.split("<form").skip(1) {
        let form = form.split("</form>").next().unwrap_or_default();
        let open = ["\"/report", "\"/sign-in", "\"/practice", "\"/code"]
            .iter()
            .any(|action| form.contains(&format!("action={action}")));
        let token = form.contains("name=\"csrf\"");
        assert!(open || token || !form.contains("method=\"post\""), "{name}: a form without its token: {form}");
    }
}
