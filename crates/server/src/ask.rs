//! Asks the person at the keyboard: plain answers, and passwords that do not show on the screen.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::{Command, Stdio};

use crate::say::{self, Failure};

/// Longest answer, in bytes.
const ANSWER_LIMIT_BYTES: usize = 4096;

fn unreadable(why: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("The answer cannot be read ({why}). Try again, or give the answers in a file or as options."))
}

/// One line of standard input, without its end.
pub(crate) fn line() -> Result<String, Failure> {
    let mut text = String::new();
    if io::stdin().lock().read_line(&mut text).map_err(|error| unreadable(&error))? == 0 {
        return Err(unreadable(&"there is none"));
    }
    if text.len() > ANSWER_LIMIT_BYTES {
        return Err(unreadable(&"it is too long"));
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks for one answer; an empty one takes what is offered.
pub(crate) fn answer(question: &str, offered: &str) -> Result<String, Failure> {
    let mut out = io::stdout().lock();
    let shown = if offered.is_empty() { format!("{question}: ") } else { format!("{question} [{offered}]: ") };
    out.write_all(shown.as_bytes()).and_then(|()| out.flush())?;
    let said = line()?.trim().to_owned();
    Ok(if said.is_empty() { offered.to_owned() } else { said })
}

/// Asks until the answer can be used; each time with what is wrong with it.
pub(crate) fn until<T>(question: &str, offered: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, Failure> {
    loop {
        match read(&answer(question, offered)?) {
            Ok(value) => return Ok(value),
            Err(why) => say::line(format_args!("{why}")),
        }
    }
}

/// Asks for a new password until one is long enough and, on a terminal, was typed twice alike.
pub(crate) fn new_password(whose: &str, least_chars: usize) -> Result<String, Failure> {
    loop {
        let on_terminal = on_terminal();
        let once = if on_terminal { hidden(&question(whose))? } else { line()? };
        if once.chars().count() < least_chars {
            say::line(format_args!("Use at least {least_chars} characters; three random words are good."));
        } else if on_terminal && hidden("The same again: ")? != once {
            say::line(format_args!("The two passwords are not the same."));
        } else {
            return Ok(once);
        }
    }
}

fn question(whose: &str) -> String {
    format!("Password for {whose} (at least 12 characters): ")
}

/// Asks for a password. On a terminal it does not show, and is asked for twice.
pub(crate) fn password(whose: &str) -> Result<String, Failure> {
    if !on_terminal() {
        return line();
    }
    let once = hidden(&question(whose))?;
    let again = hidden("The same again: ")?;
    if once == again { Ok(once) } else { Err(Failure::new("The two passwords are not the same. Try again.")) }
}

/// Asks for something that must not show on a terminal; elsewhere, the next line of standard input.
pub(crate) fn secret(question: &str) -> Result<String, Failure> {
    if on_terminal() { hidden(question) } else { line() }
}

pub(crate) fn on_terminal() -> bool {
    io::stdin().is_terminal()
}

fn hidden(question: &str) -> Result<String, Failure> {
    let mut out = io::stdout().lock();
    // Before the question, so that not even the fastest answer shows.
    echo("-echo");
    out.write_all(question.as_bytes()).and_then(|()| out.flush())?;
    let said = line();
    echo("echo");
    out.write_all(b"\n")?;
    said
}

/// Switches the terminal's echo. Where there is no `stty` the password shows: better than not being able to set one.
fn echo(word: &str) {
    let _ = Command::new("stty").arg(word).stdin(Stdio::inherit()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}
