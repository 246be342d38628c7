//! `haven lists`: compiles block lists of any usual format into one file, tells what is in it, and asks it about names.

mod find;
mod sealed;
mod supply;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Subcommand;
use filter::Address;
use filter::lists::{Builder, Columns, FileReport, Format as ListFormat, Lists};
use serde_json::json;

use super::lines;
use crate::log;
use crate::say::{self, Ending, Failure, Format, Out, Outcome};

/// Largest list that is read, in bytes.
const LIST_LIMIT_BYTES: u64 = 1024 * 1024 * 1024;
/// Folders inside folders that are looked into.
const DEPTH_LIMIT: usize = 16;

#[derive(Debug, Subcommand)]
pub(crate) enum ListsWord {
    /// Compile list folders and files of any known format; prints counts and refusals.
    Build {
        /// The list file to write.
        #[arg(long)]
        out: PathBuf,
        /// What the lists are called, for people.
        #[arg(long, default_value = "lists")]
        name: String,
        /// Put Haven's own starter lists in as well.
        #[arg(long)]
        with_starter: bool,
        /// Count the refused lines of each file instead of printing them.
        #[arg(long)]
        quiet: bool,
        /// In tables: title or number of the column of names or addresses.
        #[arg(long)]
        column: Option<String>,
        /// In tables: title or number of the column of categories.
        #[arg(long)]
        category_column: Option<String>,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        /// Folders and files of lists.
        #[arg(required = true)]
        sources: Vec<PathBuf>,
    },
    /// Look at the sources of the settings now, and put new lists in force. Exit 1 if one failed or waits for a person.
    Update(supply::Updating),
    /// Each source: its good edition, when it was last looked at, and what waits. Exit 1 if something does.
    Status(supply::Showing),
    /// Take a new edition that was held back.
    Accept(supply::Accepting),
    /// Put earlier lists in force again, at once.
    Rollback(supply::TakingBack),
    /// The list, edition, file and line by which a name or address is on a list. Exit 1 if none is found.
    Find(find::Finding),
    /// Open the address of one hit on a sealed list for the police. Two recovery shares are asked for.
    Release(sealed::Releasing),
    /// Take a sealed list out of force, as when its licence ends. Two recovery shares are asked for.
    Retire(sealed::Retiring),
    /// What came, went and changed between two list files. Exit 1 if they differ.
    Diff(supply::Comparing),
    /// What is in a list file.
    Stat {
        file: PathBuf,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// The codes of names or addresses: `NAME<TAB>code,code`, or `-` where no list names it.
    Lookup {
        file: PathBuf,
        /// Names; `-` reads them from standard input, one a line.
        #[arg(required = true)]
        names: Vec<String>,
    },
}

pub(crate) fn run(word: ListsWord) -> Outcome {
    match word {
        ListsWord::Build { out, name, with_starter, quiet, column, category_column, format, sources } => {
            let mut builder = if with_starter { Builder::with_starter() } else { Builder::new() };
            builder.set_columns(&Columns { name: column, category: category_column });
            build(&out, builder.named(&name), &sources, quiet, format)
        }
        ListsWord::Update(updating) => log::runtime()?.block_on(supply::update(&updating)),
        ListsWord::Status(showing) => log::runtime()?.block_on(supply::status(&showing)),
        ListsWord::Accept(accepting) => log::runtime()?.block_on(supply::accept(&accepting)),
        ListsWord::Rollback(taking) => log::runtime()?.block_on(supply::take_back(&taking)),
        ListsWord::Find(finding) => find::run(&finding),
        ListsWord::Release(releasing) => log::runtime()?.block_on(sealed::release(&releasing)),
        ListsWord::Retire(retiring) => log::runtime()?.block_on(sealed::retire(&retiring)),
        ListsWord::Diff(comparing) => supply::diff(&comparing),
        ListsWord::Stat { file, format } => stat(&file, format),
        ListsWord::Lookup { file, names } => lookup(&file, &names),
    }
}

/// Opens a list file. It is read into memory and not mapped: a mapped file that somebody cuts short ends the program, and
/// the compiled file is small.
pub(crate) fn open(path: &Path) -> Result<Lists, Failure> {
    let bytes = fs::read(path).map_err(|error| {
        Failure::new(format!(
            "The list file {} cannot be read ({error}). Make one with 'haven lists build'.",
            path.display()
        ))
    })?;
    Lists::open(bytes).map_err(|error| Failure::new(format!("{}: {error}.", path.display())))
}

/// Opens a list file, or compiles a folder of lists in memory.
pub(super) fn open_or_build(path: &Path) -> Result<Lists, Failure> {
    if !path.is_dir() {
        return open(path);
    }
    let mut builder = Builder::new();
    for source in sources(path)? {
        builder.add_file(&source.shown, &read(&source.path)?);
    }
    Lists::open(builder.finish()).map_err(|error| Failure::new(format!("{}: {error}.", path.display())))
}

struct Source {
    path: PathBuf,
    /// With the name of the folder that was named, so that `ut1/gambling/domains` tells list and category.
    shown: String,
}

fn sources(root: &Path) -> Result<Vec<Source>, Failure> {
    let whole = fs::canonicalize(root).map_err(|error| unreadable(root, &error))?;
    let name = whole.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut found = Vec::new();
    if whole.is_dir() {
        walk(&whole, &name, DEPTH_LIMIT, &mut found)?;
    } else {
        found.push(Source { path: whole, shown: name });
    }
    Ok(found)
}

fn walk(folder: &Path, shown: &str, depth: usize, found: &mut Vec<Source>) -> Result<(), Failure> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        entries.push(entry.map_err(|error| unreadable(folder, &error))?.path());
    }
    entries.sort();
    for path in entries {
        let Some(name) = path.file_name().map(OsStr::to_string_lossy) else { continue };
        if name.starts_with('.') {
            continue;
        }
        let shown = format!("{shown}/{name}");
        // A link to a folder is not followed: it may lead in a circle.
        let about = fs::symlink_metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if about.is_dir() {
            if depth > 0 {
                walk(&path, &shown, depth - 1, found)?;
            }
        } else if path.is_file() {
            found.push(Source { path, shown });
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} cannot be read ({error}). Check the name and your rights to it.", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let about = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if about.len() > LIST_LIMIT_BYTES {
        return Err(Failure::new(format!("{} is larger than {LIST_LIMIT_BYTES} bytes. Split it.", path.display())));
    }
    fs::read(path).map_err(|error| unreadable(path, &error))
}

fn build(target: &Path, mut builder: Builder, roots: &[PathBuf], quiet: bool, format: Format) -> Outcome {
    let began = Instant::now();
    let mut out = Out::new();
    let mut total = Total::default();
    for root in roots {
        for source in sources(root)? {
            let report = builder.add_file(&source.shown, &read(&source.path)?);
            total.add(&report);
            tell(&mut out, &report, quiet, format)?;
        }
    }
    if total.accepted == 0 {
        out.flush()?;
        return Err(Failure::new(
            "No line of these files is an entry of a list, so nothing was written. Name folders or files of block lists.",
        ));
    }
    let bytes = builder.finish();
    write_whole(target, &bytes)?;
    let lists = Lists::open(bytes).map_err(|error| Failure::new(format!("{}: {error}.", target.display())))?;
    total.tell(&mut out, target, &lists, began, format)?;
    out.end(Ending::Done)
}

/// Writes a file beside its place and moves it there, so that a gateway never reads half of one.
fn write_whole(target: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("{} cannot be written ({error}). Choose another place with --out.", target.display()))
    };
    let mut beside = target.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let mut file = fs::File::create(&beside).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    drop(file);
    fs::rename(&beside, target).map_err(failed)
}

#[derive(Default)]
struct Total {
    files: u64,
    accepted: u64,
    refused: u64,
}

impl Total {
    fn add(&mut self, report: &FileReport) {
        self.files += 1;
        self.accepted += report.accepted;
        self.refused += u64::try_from(report.refused.len()).unwrap_or(u64::MAX);
    }

    fn tell(&self, out: &mut Out, target: &Path, lists: &Lists, began: Instant, format: Format) -> Result<(), Failure> {
        let stat = lists.stat();
        let seconds = began.elapsed().as_secs_f64();
        if format == Format::Json {
            return out.json(&json!({
                "out": target.display().to_string(), "files": self.files, "accepted": self.accepted,
                "refused": self.refused, "names": stat.names, "urls": stat.urls, "bytes": stat.bytes,
                "digest": lists.digest, "seconds": seconds,
            }));
        }
        out.line(format_args!(
            "{}: {} and {} from {}; {} used, {} refused; {} bytes in {seconds:.1} seconds.",
            target.display(),
            say::count(stat.names, "name", "names"),
            say::count(stat.urls, "address", "addresses"),
            say::count(self.files, "file", "files"),
            say::count(self.accepted, "line", "lines"),
            say::number(self.refused),
            say::number(stat.bytes),
        ))
    }
}

fn tell(out: &mut Out, report: &FileReport, quiet: bool, format: Format) -> Result<(), Failure> {
    let refused = u64::try_from(report.refused.len()).unwrap_or(u64::MAX);
    if format == Format::Json {
        let refusals: Vec<_> = if quiet {
            Vec::new()
        } else {
            report.refused.iter().map(|one| json!({ "line": one.line, "text": one.text, "why": one.why })).collect()
        };
        return out.json(&json!({
            "file": report.file, "list": report.list, "format": report.format, "category": report.category,
            "codes": report.codes, "accepted": report.accepted, "skipped": report.skipped, "refused": refused,
            "note": report.note, "refusals": refusals,
        }));
    }
    if report.format == ListFormat::NotAList {
        return out.line(format_args!("{}: left out: {}", report.file, report.note));
    }
    if !report.note.is_empty() {
        out.line(format_args!(
            "{}: left out, {} refused: {}",
            report.file,
            say::count(refused, "line", "lines"),
            report.note
        ))?;
        return refusals(out, report, quiet);
    }
    out.line(format_args!(
        "{}: {} of {}, {} refused",
        report.file,
        say::count(report.accepted, "entry", "entries"),
        report.codes.join(", "),
        say::number(refused),
    ))?;
    refusals(out, report, quiet)
}

fn refusals(out: &mut Out, report: &FileReport, quiet: bool) -> Result<(), Failure> {
    for refusal in report.refused.iter().filter(|_| !quiet) {
        out.line(format_args!("{}:{}: {} ({})", report.file, refusal.line, refusal.why, refusal.text))?;
    }
    Ok(())
}

fn stat(file: &Path, format: Format) -> Outcome {
    let lists = open(file)?;
    let stat = lists.stat();
    let mut out = Out::new();
    if format == Format::Json {
        let mut value = serde_json::to_value(&stat).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.insert("name".to_owned(), lists.name.clone().into());
            object.insert("digest".to_owned(), lists.digest.clone().into());
        }
        out.json(&value)?;
        return out.end(Ending::Done);
    }
    out.line(format_args!("{}, digest {}", lists.name, lists.digest))?;
    out.line(format_args!(
        "{} and {} in {}, {} bytes",
        say::count(stat.names, "name", "names"),
        say::count(stat.urls, "address", "addresses"),
        say::count(stat.segments, "segment", "segments"),
        say::number(stat.bytes),
    ))?;
    out.line("By code:")?;
    for (code, entries) in &stat.codes {
        out.line(format_args!("  {code}\t{}", say::number(*entries)))?;
    }
    out.line("By list:")?;
    for (list, entries) in &stat.built_from {
        out.line(format_args!("  {list}\t{}", say::number(*entries)))?;
    }
    out.end(Ending::Done)
}

fn lookup(file: &Path, names: &[String]) -> Outcome {
    let lists = Arc::new(open(file)?);
    let mut out = Out::new();
    for name in names {
        if name == "-" {
            let lists = Arc::clone(&lists);
            lines::answer_each(&mut out, move |line| answer(&lists, line))?;
        } else {
            out.line(answer(&lists, name))?;
        }
    }
    out.end(Ending::Done)
}

/// What somebody wrote as an address; a bare name is one.
pub(crate) fn address_of(name: &str) -> Result<Address, filter::AddressError> {
    let whole = if name.contains("://") { name.to_owned() } else { format!("http://{name}") };
    Address::parse(&whole)
}

/// `NAME<TAB>code,code`; a name that cannot be read is on no list.
fn answer(lists: &Lists, name: &str) -> String {
    let hits = address_of(name).map(|address| lists.lookup(&address)).unwrap_or_default();
    let codes: BTreeSet<&str> = hits.iter().flat_map(|hit| hit.codes.iter().map(String::as_str)).collect();
    if codes.is_empty() {
        return format!("{name}\t-");
    }
    format!("{name}\t{}", codes.into_iter().collect::<Vec<_>>().join(","))
}
