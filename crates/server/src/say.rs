//! What the commands say to the person at the keyboard: results on standard output, one plain sentence on standard error.

use std::fmt::{self, Display};
use std::io::{self, BufWriter, StdoutLock, Write};

use clap::ValueEnum;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one object a line.
    Json,
}

/// How a command ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Exit code 0.
    Done,
    /// Exit code 1: it ran, and found problems.
    Found,
}

/// Why a command could not run (exit code 2): one plain sentence that ends with what to do next.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whoever read our output has gone away (`haven ... | head`), or the disk is full.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self(String::new());
        }
        Self(format!(
            "The result could not be written ({error}). Free some space or write it elsewhere, and try again."
        ))
    }
}

pub(crate) type Outcome = Result<Ending, Failure>;

/// Standard output, written in blocks. Flushed by [`Out::end`].
pub(crate) struct Out(BufWriter<StdoutLock<'static>>);

impl Out {
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), Failure> {
        writeln!(self.0, "{text}")?;
        Ok(())
    }

    /// Lines that end as they should already.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.0.write_all(text.as_bytes())?;
        Ok(())
    }

    /// One object on a line of its own.
    pub(crate) fn json(&mut self, value: &serde_json::Value) -> Result<(), Failure> {
        self.line(value)
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.0.flush()?;
        Ok(())
    }

    pub(crate) fn end(mut self, ending: Ending) -> Outcome {
        self.flush()?;
        Ok(ending)
    }
}

/// One line at once, for a program that runs on.
pub(crate) fn line(text: impl Display) {
    let mut out = io::stdout().lock();
    // Nobody reads it any more: there is nothing else to say.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// A sentence about something that went wrong.
pub(crate) fn trouble(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

pub(crate) use actions::words::number;

/// `1 line`, `2 lines`.
pub(crate) fn count(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            ["0", "999", "1,000", "4,512,003"],
            [0, 999, 1000, 4_512_003].map(number).each_ref().map(String::as_str)
        );
        assert_eq!(count(1, "line", "lines"), "1 line");
    }

    #[test]
    fn a_reader_who_left_is_no_trouble() {
        let gone = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(gone.0, "");
        assert!(!Failure::from(io::Error::from(io::ErrorKind::StorageFull)).0.is_empty());
    }
}
