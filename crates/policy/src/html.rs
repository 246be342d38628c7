//! Turns the Markdown of clauses and agreements into HTML that is safe to put on a page.

use pulldown_cmark::{CowStr, Event, Parser, Tag, TagEnd};

/// Ways of opening a link that a page may offer; anything else loses its link and keeps its words.
const LINK_BEGINNINGS: [&str; 6] = ["https://", "http://", "mailto:", "tel:", "/", "#"];

/// Headings inside a text begin below the page's own.
const HEADING_SHIFT: usize = 2;

/// HTML without scripts, raw HTML, pictures or outside resources: raw HTML is shown as text, a picture as its words.
#[must_use]
pub fn html(markdown: &str) -> String {
    let mut out = String::new();
    let mut open_links = Vec::new();
    let events = Parser::new(markdown).filter_map(|event| safe(event, &mut open_links));
    pulldown_cmark::html::push_html(&mut out, events);
    out
}

fn safe<'a>(event: Event<'a>, open_links: &mut Vec<bool>) -> Option<Event<'a>> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let is_kept = is_safe_link(&dest_url);
            open_links.push(is_kept);
            is_kept.then_some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Link) => open_links.pop().unwrap_or(false).then_some(event),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => Some(Event::Text(CowStr::Borrowed("\n"))),
        Event::Start(Tag::Heading { level, .. }) => {
            let tag = Tag::Heading { level: lower(level), id: None, classes: Vec::new(), attrs: Vec::new() };
            Some(Event::Start(tag))
        }
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(lower(level)))),
        other => Some(other),
    }
}

fn is_safe_link(url: &str) -> bool {
    // `//host` would leave the site under the page's own scheme.
    !url.starts_with("//") && LINK_BEGINNINGS.iter().any(|beginning| url.to_ascii_lowercase().starts_with(beginning))
}

fn lower(level: pulldown_cmark::HeadingLevel) -> pulldown_cmark::HeadingLevel {
    (level as usize + HEADING_SHIFT).min(6).try_into().unwrap_or(pulldown_cmark::HeadingLevel::H6)
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn raw_html_is_shown_as_text() {
        let page = html("Hello <script>alert(1)</script>\n\n<img src=x onerror=go()>\n\nbye");
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("&lt;img"), "{page}");
    }

    #[test]
    fn a_link_that_is_not_a_web_address_keeps_its_words_only() {
        assert_eq!(html("[tap](javascript:go())"), "<p>tap</p>\n");
        assert_eq!(html("[tap](JAVASCRIPT:go())"), "<p>tap</p>\n");
        assert_eq!(html("[tap](//else.test)"), "<p>tap</p>\n");
        assert_eq!(html("[tap](https://help.test/a)"), "<p><a href=\"https://help.test/a\">tap</a></p>\n");
    }

    #[test]
    fn pictures_become_their_words_and_headings_stand_below_the_page() {
        assert_eq!(html("![a map](https://else.test/x.png)"), "<p>a map</p>\n");
        assert_eq!(
            html("# Keep safe\n\n- one\n- two"),
            "<h3>Keep safe</h3>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
        );
    }
}
