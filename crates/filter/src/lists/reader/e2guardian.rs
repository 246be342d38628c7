//! The files of e2guardian and DansGuardian, told by their names: which of them close names, and what is done with the others.

use super::Format;

pub(super) const PHRASES: &str = "phrases with weights; not used: Haven's own word packs judge what pages say, and their \
                                  weights cannot be mixed. docs/word-packs.md tells how a phrase is added";

pub(super) const EXCEPTION_LINE: &str = "another filter opens this, or treats it in another way; a block list opens nothing. \
                                         Write it as an exception of your policy, with its clause";

const EXCEPTIONS: &str = "what another filter opens or treats in another way; not used: write what you still need as \
                          exceptions of your policy, each with its clause";

const OTHER: &str = "a setting of another filter that names no websites; not used";

/// What a file of another filter is; none for a name that tells nothing. Only `banned...sitelist` and `banned...urllist`
/// close names, and these are read as plain names.
pub(super) fn by_name(stem: &str) -> Option<(Format, String)> {
    let kind = stem.strip_suffix("list")?;
    let kind = kind.strip_prefix("new").unwrap_or(kind);
    let kind = kind.strip_prefix("local").unwrap_or(kind);
    let about =
        ["banned", "exception", "grey", "weighted", "log", "nocheckcert", "auth", "referer", "embeded", "embedded"]
            .iter()
            .find_map(|start| Some((*start, kind.strip_prefix(start)?)));
    let (does, what) = match about {
        Some(found) => found,
        None if kind.ends_with("regexp") => return Some((Format::Expressions, super::EXPRESSIONS.to_owned())),
        None if kind == "filtergroups" => return Some((Format::NotAList, OTHER.to_owned())),
        None => return None,
    };
    let names = ["site", "sslsite", "siteip", "sslsiteip", "url"];
    Some(match what {
        "phrase" => (Format::Phrases, PHRASES.to_owned()),
        _ if what.contains("regexp") => (Format::Expressions, super::EXPRESSIONS.to_owned()),
        _ if does == "banned" && names.contains(&what) => return None,
        _ if names.iter().any(|name| what.ends_with(name)) => (Format::Exceptions, EXCEPTIONS.to_owned()),
        _ => (Format::NotAList, OTHER.to_owned()),
    })
}

/// Lines that mean something of their own in a site or URL list.
pub(super) fn directive(line: &[u8]) -> Option<&'static str> {
    if line.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b".include<")) {
        return Some(
            "another file is not followed from here; put it into the same folder, and it is read with its own name",
        );
    }
    match line {
        b"**" | b"**s" | b"*ip" | b"*ips" => {
            Some("it closes everything at once; your policy's default for unlisted sites is the place for that")
        }
        _ => None,
    }
}
