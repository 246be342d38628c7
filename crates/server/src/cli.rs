//! The command line: its words, and what each of them sets going.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{audit, check_filter, decide, gateway_role, init, keys, lists, pack, people, scan};
use crate::demo;
use crate::say::{self, Ending, Format, Outcome};
use crate::serve;

const EXIT_FOUND: u8 = 1;
const EXIT_COULD_NOT: u8 = 2;

/// Runs an organisation's e-safety policy: filter, concerns, agreements and proof.
#[derive(Debug, Parser)]
#[command(name = "haven", version, disable_help_subcommand = true, max_term_width = 100)]
struct Line {
    #[command(subcommand)]
    word: Word,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// A practice organisation with people, websites and sign-in links; nothing leaves the machine.
    Demo(demo::Demo),
    /// Serve your organisation.
    Serve(serve::Serving),
    /// First start on real data: organisation, first people, recovery shares.
    Init(init::Init),
    /// Read policy packs.
    #[command(subcommand)]
    Pack(PackWord),
    /// What the policy says to web addresses, for one group.
    Decide(decide::Question),
    /// Have every running gateway check itself; exit 1 if something failed.
    CheckFilter(check_filter::Checking),
    /// Compile and ask block lists.
    #[command(subcommand)]
    Lists(lists::ListsWord),
    /// Phrase scores of texts or HTML files.
    Scan(scan::Question),
    /// The record of what people did.
    #[command(subcommand)]
    Audit(audit::AuditWord),
    /// People who can sign in.
    #[command(subcommand)]
    User(people::UserWord),
    /// Many people at once.
    #[command(subcommand)]
    Roster(people::RosterWord),
    /// Gateways on machines of their own.
    #[command(subcommand)]
    Gateway(gateway_role::GatewayWord),
    /// Keys to cases.
    #[command(subcommand)]
    Keys(keys::KeysWord),
}

#[derive(Debug, Subcommand)]
enum PackWord {
    /// Every problem: file, line, clause, what to do. Exit 1 on an error.
    Check {
        folder: PathBuf,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// For each clause: which controls exist and how far they are built.
    Coverage {
        folder: PathBuf,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// What changes for whom, from the first pack to the second.
    Diff {
        old: PathBuf,
        new: PathBuf,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

/// Reads the command line and does what it says. 0 done, 1 found problems, 2 could not run.
pub(crate) fn run() -> ExitCode {
    match obey(Line::parse().word) {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Found) => ExitCode::from(EXIT_FOUND),
        Err(failure) if failure.0.is_empty() => ExitCode::SUCCESS,
        Err(failure) => {
            say::trouble(failure);
            ExitCode::from(EXIT_COULD_NOT)
        }
    }
}

fn obey(word: Word) -> Outcome {
    match word {
        Word::Demo(words) => demo::run(&words),
        Word::Serve(words) => serve::run(&words),
        Word::Init(words) => init::run(&words),
        Word::Audit(word) => audit::run(word),
        Word::User(word) => people::user(word),
        Word::Roster(word) => people::roster(word),
        Word::Gateway(word) => gateway_role::run(&word),
        Word::Keys(word) => keys::run(word),
        Word::Pack(PackWord::Check { folder, format }) => pack::check(&folder, format),
        Word::Pack(PackWord::Coverage { folder, format }) => pack::coverage(&folder, format),
        Word::Pack(PackWord::Diff { old, new, format }) => pack::diff(&old, &new, format),
        Word::Decide(question) => decide::run(&question),
        Word::CheckFilter(checking) => check_filter::run(&checking),
        Word::Lists(word) => lists::run(word),
        Word::Scan(question) => scan::run(&question),
    }
}
