//! The file by which browsers set their proxy themselves (PAC, also as WPAD): one way, through Haven, and no other.

use std::fmt::Write as _;

use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::{App, ProxyFile};
use crate::error::PageError;
use crate::session::AtDoor;

/// The media type that browsers ask of such a file.
const MEDIA_TYPE: &str = "application/x-ns-proxy-autoconfig";

#[derive(Deserialize)]
pub(super) struct Asked {
    /// Name of a listener.
    listener: Option<String>,
}

/// Open to anybody: a computer is set up before anybody signs in.
pub(super) async fn proxy_file(
    State(app): State<App>,
    AtDoor(door): AtDoor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let listener = asked.listener.or_else(|| door.map(|door| door.listener));
    let text = written(&app.options.proxy_file, listener.as_deref()).ok_or_else(PageError::absent)?;
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

/// The file for a listener, or for the first one where none is named; none for a listener that is not there.
fn written(file: &ProxyFile, listener: Option<&str>) -> Option<String> {
    let way = match listener {
        Some(name) => file.ways.iter().find(|way| way.listener == name)?,
        None => file.ways.first()?,
    };
    let mut direct = String::new();
    for name in &file.direct {
        let joiner = if direct.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(direct, "{joiner}{}", quoted(name));
    }
    let proxy = quoted(&way.directive);
    Some(format!(
        "// Haven's proxy file. Haven's own pages and the names that the organisation listed are reached straight;\n\
         // everything else goes through the proxy, and nowhere when that does not answer.\n\
         var DIRECT = [{direct}];\n\
         var PROXY = {proxy};\n\
         \n\
         function FindProxyForURL(url, host) {{\n\
         \x20 var name = String(host).toLowerCase().replace(/\\.$/, \"\");\n\
         \x20 for (var i = 0; i < DIRECT.length; i += 1) {{\n\
         \x20   if (name === DIRECT[i]) {{ return \"DIRECT\"; }}\n\
         \x20 }}\n\
         \x20 return PROXY;\n\
         }}\n"
    ))
}

/// A text of the file's language that holds nothing else, whatever the settings say.
fn quoted(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | ':' | '[' | ']' | ' '))
        .collect();
    format!("\"{kept}\"")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::process::Command;

    use super::*;
    use crate::app::ProxyWay;

    fn file() -> ProxyFile {
        let way = |listener: &str, directive: &str| ProxyWay {
            listener: listener.to_owned(),
            directive: directive.to_owned(),
        };
        ProxyFile {
            ways: vec![way("hall", "PROXY proxy.college.test:3128"), way("lab", "HTTPS lab.college.test:3129")],
            direct: vec!["haven.college.test".to_owned(), "localhost".to_owned(), "intranet".to_owned()],
        }
    }

    #[allow(clippy::disallowed_methods, reason = "a test stands outside: on the build machine nothing is skipped")]
    /// What a browser would do, by a real engine. None where no engine is installed at home.
    fn runs(text: &str, hosts: &[&str]) -> Option<Vec<String>> {
        let asked: Vec<String> = hosts.iter().map(|host| format!("FindProxyForURL('http://x/', '{host}')")).collect();
        let script = format!("{text}\nconsole.log([{}].join('\\n'));", asked.join(","));
        let output = match Command::new("node").arg("-e").arg(script).output() {
            Ok(output) => output,
            Err(_) if std::env::var_os("CI").is_none() => {
                return None;
            }
            Err(error) => panic!("node is needed for this test: {error}"),
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
    }

    #[test]
    fn f09_the_proxy_file_never_leads_round_the_filter() {
        let outside = [
            "www.casino.test",
            "haven.college.test.evil.test",
            "evil-haven.college.test",
            "intranet.evil.test",
            "1572395042",
            "0x5db8d822",
            "93.184.215.14",
            "::1",
            "printer",
            "haven.test",
            "",
        ];
        let text = written(&file(), None).unwrap();
        let Some(answers) = runs(&text, &outside) else { return };
        assert_eq!(answers, vec!["PROXY proxy.college.test:3128"; outside.len()]);
        let inside = ["haven.college.test", "HAVEN.college.test.", "localhost", "intranet"];
        assert_eq!(runs(&text, &inside).unwrap(), vec!["DIRECT"; inside.len()]);
    }

    #[test]
    fn f09_each_listener_has_its_own_proxy_file() {
        let lab = written(&file(), Some("lab")).unwrap();
        assert!(lab.contains("\"HTTPS lab.college.test:3129\"") && !lab.contains("proxy.college"), "{lab}");
        assert_eq!(written(&file(), Some("elsewhere")), None);
        assert_eq!(written(&ProxyFile::default(), None), None);
        let Some(answers) = runs(&lab, &["site.test"]) else { return };
        assert_eq!(answers, ["HTTPS lab.college.test:3129"]);
    }

    #[test]
    fn what_the_settings_say_cannot_break_out_of_the_proxy_file() {
        assert_eq!(quoted("a\"; return \"DIRECT"), "\"a return DIRECT\"");
        assert_eq!(quoted("[fd00::5]:3128\\\n"), "\"[fd00::5]:3128\"");
    }
}
