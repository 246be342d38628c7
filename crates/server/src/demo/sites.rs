//! The practice websites: plain, friendly pages under `.test` names that say of themselves that they are for practice.

use std::fmt::Write as _;

/// One practice website.
pub(super) struct Site {
    pub(super) host: &'static str,
    title: &'static str,
    text: &'static [&'static str],
    /// Further pages: path, title, text.
    pages: &'static [(&'static str, &'static str, &'static str)],
}

/// Every practice website. The starter lists know them by what they stand for.
pub(super) const ALL: &[Site] = &[
    Site {
        host: "library.test",
        title: "The practice library",
        text: &["Books, films and quiet corners for everybody.", "Come in. It is warm, and nobody hurries you."],
        pages: &[
            ("/books", "Books", "A shelf of stories, a shelf of maps, and a shelf of things to cook."),
            (
                "/opening-hours",
                "When we are open",
                "Monday to Saturday, from nine in the morning until eight in the evening.",
            ),
        ],
    },
    Site {
        host: "bank.test",
        title: "The practice bank",
        text: &[
            "Your practice money is safe here.",
            "Haven passes banks through unopened, so it cannot see what you do on this page.",
        ],
        pages: &[("/accounts", "Your accounts", "Practice account: twelve pounds and forty pence.")],
    },
    Site {
        host: "casino-royal.test",
        title: "The practice games of chance",
        text: &[
            "This page stands for a website on which people bet.",
            "If you can read it, the filter let you through.",
        ],
        pages: &[("/roulette", "Roulette", "A wheel with a little ball would turn here.")],
    },
    Site {
        host: "news.test",
        title: "The practice news",
        text: &[
            "The bus on Elm Street has a new coat of paint.",
            "A cat that was lost since Tuesday walked home by itself.",
        ],
        pages: &[
            ("/weather", "Weather", "Sunny in the morning, some clouds after lunch."),
            ("/local", "Around here", "The town garden looks for people who like to dig."),
        ],
    },
    Site {
        host: "extremist-forum.test",
        title: "A practice page of its own kind",
        text: &[
            "This page stands for a website that wins people over to violence. It holds nothing of the kind.",
            "If you can read it, the filter let you through.",
        ],
        pages: &[("/thread/12", "A conversation", "Nothing is said here.")],
    },
    Site {
        host: "clinic.test",
        title: "The practice clinic",
        text: &[
            "Make an appointment, ask a nurse, find out what helps.",
            "Haven passes health pages through unopened.",
        ],
        pages: &[("/appointments", "Appointments", "The next free one is tomorrow at ten.")],
    },
    Site {
        host: "gamers.test",
        title: "The practice games",
        text: &[
            "Puzzles, races and a very small dragon.",
            "Whether you may play here depends on what your policy says about games.",
        ],
        pages: &[("/dragon", "The dragon", "It is asleep.")],
    },
    Site {
        host: "chat.test",
        title: "The practice chat",
        text: &["People would talk to each other here.", "Nobody is here just now but you."],
        pages: &[("/rooms", "Rooms", "Cooking, football, learning English.")],
    },
    Site {
        host: "help-line.test",
        title: "The practice help line",
        text: &[
            "Somebody would listen to you here, at any hour, about anything.",
            "Pages of help are always open, whatever a list says, and nobody writes down that you came.",
        ],
        pages: &[],
    },
    Site {
        host: "assistant.test",
        title: "The practice assistant",
        text: &["This page stands for a program that answers questions."],
        pages: &[],
    },
    Site { host: "shop.test", title: "The practice shop", text: &["Socks, lamps and one red bicycle."], pages: &[] },
    Site {
        host: "jobs.test",
        title: "The practice jobs page",
        text: &["The bakery looks for somebody who gets up early."],
        pages: &[],
    },
    Site {
        host: "gov.test",
        title: "The practice council",
        text: &["Pay for a permit, tell us about a street lamp."],
        pages: &[("/benefits", "Benefits", "Find out what you can get.")],
    },
    Site {
        host: "translate.test",
        title: "The practice translator",
        text: &["Write a sentence and read it in another language."],
        pages: &[],
    },
    Site {
        host: "videos.test",
        title: "The practice videos",
        text: &["Short films about knots and bread."],
        pages: &[],
    },
    Site {
        host: "music.test",
        title: "The practice music page",
        text: &["Songs with one verse and a long chorus."],
        pages: &[],
    },
    Site {
        host: "sport.test",
        title: "The practice sports page",
        text: &["The reds drew with the blues."],
        pages: &[],
    },
    Site {
        host: "pride.test",
        title: "The practice support page",
        text: &["You are welcome as you are. Here is who you can talk to."],
        pages: &[],
    },
    Site {
        host: "faith.test",
        title: "The practice faith page",
        text: &["Times of services of many faiths."],
        pages: &[],
    },
    Site {
        host: "files.test",
        title: "The practice file store",
        text: &["Files would be kept here for others to fetch."],
        pages: &[],
    },
    Site {
        host: "vpn-free.test",
        title: "The practice way round",
        text: &["This page stands for a website by which people go round a filter."],
        pages: &[],
    },
];

/// The search site.
pub(super) const SEARCH: &str = "search.test";

/// The answer to one request: its status and its page.
pub(super) fn answer(host: &str, path: &str, query: &str) -> (u16, String) {
    let host = host.strip_prefix("www.").unwrap_or(host);
    if host == SEARCH {
        return (200, search(query));
    }
    let Some(site) = ALL.iter().find(|site| site.host == host) else {
        return (
            404,
            page("No practice site", &format!("<p>There is no practice website called {}.</p>", escape(host))),
        );
    };
    if path == "/" {
        return (200, front(site));
    }
    match site.pages.iter().find(|(at, _, _)| *at == path) {
        Some((_, title, text)) => {
            (200, page(title, &format!("<p>{}</p><p><a href=\"/\">{}</a></p>", escape(text), escape(site.title))))
        }
        None => (
            404,
            page(
                "No such page",
                &format!("<p>This practice site has no such page.</p><p><a href=\"/\">{}</a></p>", escape(site.title)),
            ),
        ),
    }
}

fn front(site: &Site) -> String {
    let mut body = String::new();
    for text in site.text {
        // Writing to a string cannot fail; so below.
        let _ = write!(body, "<p>{}</p>", escape(text));
    }
    if !site.pages.is_empty() {
        body.push_str("<ul>");
        for (path, title, _) in site.pages {
            let _ = write!(body, "<li><a href=\"{path}\">{}</a></li>", escape(title));
        }
        body.push_str("</ul>");
    }
    page(site.title, &body)
}

/// A form, and made-up results that lead to other practice sites.
fn search(query: &str) -> String {
    let words = form_value(query, "q");
    let shown = escape(&words);
    let mut body = format!(
        "<form action=\"/search\" method=\"get\"><label for=\"q\">Look for</label> \
         <input id=\"q\" name=\"q\" value=\"{shown}\"> <button type=\"submit\">Search</button></form>"
    );
    if !words.trim().is_empty() {
        let _ = write!(body, "<h2>Made-up results for {shown}</h2><ol>");
        for (host, title) in [
            ("library.test", "A book about it"),
            ("news.test", "What was in the news about it"),
            ("jobs.test", "Work that has to do with it"),
            ("help-line.test", "Somebody to talk to about it"),
        ] {
            let _ = write!(body, "<li><a href=\"http://{host}/\">{title}</a><br>{host}</li>");
        }
        body.push_str("</ol>");
    }
    if words.trim().is_empty() {
        body.push_str("<h2>Things to try</h2><ul>");
        for (try_this, what) in [
            ("sourdough bread", "an ordinary search"),
            ("join extremist group", "the policy asks a person to look at this one"),
            ("how to leave an extremist group", "somebody who looks for help is left in peace"),
        ] {
            let _ =
                write!(body, "<li><a href=\"/search?q={}\">{try_this}</a>: {what}</li>", try_this.replace(' ', "+"));
        }
        body.push_str("</ul>");
    }
    page("The practice search", &body)
}

fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style></head><body>\
         <p class=\"practice\">This is a practice website. It is part of Haven and not on the internet.</p>\
         <main><h1>{title}</h1>{body}</main></body></html>"
    )
}

const STYLE: &str = "body{font:1.1rem/1.6 sans-serif;margin:0;color:#1d2b2b;background:#f6f8f7}main{max-width:40rem;margin:2rem auto;padding:0 1rem}\
.practice{margin:0;padding:.6rem 1rem;background:#0b4f4a;color:#fff}a{color:#0b4f4a}input{font:inherit;padding:.3rem}button{font:inherit;padding:.3rem .8rem}";

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}

/// One value of a form as browsers send it in an address.
fn form_value(query: &str, name: &str) -> String {
    let pair = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
    let Some((_, value)) = pair else { return String::new() };
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair = [rest.next().unwrap_or(b' '), rest.next().unwrap_or(b' ')];
                let decoded = std::str::from_utf8(&pair).ok().and_then(|two| u8::from_str_radix(two, 16).ok());
                bytes.push(decoded.unwrap_or(b'?'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_site_answers_and_says_what_it_is() {
        for site in ALL {
            let (status, text) = answer(site.host, "/", "");
            assert_eq!(status, 200, "{}", site.host);
            assert!(text.contains("This is a practice website."), "{}", site.host);
            for (path, _, _) in site.pages {
                assert_eq!(answer(site.host, path, "").0, 200, "{}{path}", site.host);
            }
        }
        assert_eq!(answer("nobody.test", "/", "").0, 404);
        assert_eq!(answer("library.test", "/nothing", "").0, 404);
        assert_eq!(answer("www.library.test", "/", "").0, 200);
    }

    #[test]
    fn the_search_shows_what_was_asked_and_no_more() {
        let (_, text) = answer(SEARCH, "/search", "q=red+f%C3%B3x%3Cb%3E");
        assert!(text.contains("Made-up results for red fóx&lt;b&gt;"), "{text}");
        let (_, empty) = answer(SEARCH, "/", "");
        assert!(!empty.contains("Made-up results"));
        assert_eq!(form_value("a=1&q=%zz%4", "q"), "??");
    }

    #[test]
    fn the_words_of_practice_pages_set_nothing_off() {
        let words = filter::phrases::WordPack::shipped();
        for site in ALL {
            let (_, text) = answer(site.host, "/", "");
            let over: Vec<String> = words
                .score(&text)
                .codes
                .into_iter()
                .filter(filter::phrases::CodeScore::is_over)
                .map(|code| code.code)
                .collect();
            assert_eq!(over, Vec::<String>::new(), "{}", site.host);
        }
    }
}
