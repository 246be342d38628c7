//! A concern that somebody tells Haven: by name, in confidence, or without anybody ever knowing who it was (S-3).

use casework::case::Source;
use casework::concern::{self, Concern, RawConcern, SafeNow};
use casework::conflict;
use jiff::Timestamp;
use policy::{About, Pack, Procedure};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::StoreError;
use store::sealed::SealedKind;
use store::vault::{self, ReporterSecret};

pub use casework::concern::How;

use crate::opening::{Beginning, Prepared, prepare};
use crate::session::Session;
use crate::team::Team;
use crate::{ActionError, Fault, Haven, words};

/// What came from the report page.
#[derive(Debug, Clone)]
pub struct ReportForm {
    pub what: String,
    /// `learner`, `staff`, `visitor` or `unknown`.
    pub about_kind: String,
    pub about_name: String,
    /// `yes`, `no` or `unknown`.
    pub safe_now: String,
    /// A procedure of the pack, if the reporter chose a kind.
    pub kind: Option<String>,
    pub how: How,
    pub contact: String,
    /// Whether a post that the words mention is what it is about; asked only where it matters ([`asks_about_a_post`]).
    pub about_a_post: Option<bool>,
    /// Random, from the form: the same form sent twice is one report.
    pub idempotency: String,
}

/// What the reporter is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Receipt {
    pub reference: String,
    /// Anonymous only: the one way back to the replies, shown once.
    pub code: Option<String>,
    /// Nobody knows who told. Without a code this is the same form sent again, and its code was shown before.
    #[serde(default)]
    pub anonymous: bool,
    pub next: String,
    pub by: Timestamp,
    pub by_text: String,
    /// The person may be in danger now: 999 stands first (S-1).
    pub danger: bool,
    pub whom_in_person: String,
}

/// Posts to go to in person, for the danger box.
#[must_use]
pub fn whom_in_person(pack: &Pack) -> Vec<String> {
    let learner = pack.procedures.iter().find(|procedure| procedure.about == About::Learner && procedure.reportable);
    let posts = learner.map(|procedure| procedure.route.clone()).unwrap_or_default();
    posts.iter().filter_map(|post| pack.post(post)).take(2).map(|post| post.title.clone()).collect()
}

/// Takes a concern. `reporter` must be none for an anonymous report, even if somebody is signed in.
pub async fn report_concern(
    haven: &Haven,
    form: ReportForm,
    reporter: Option<&Session>,
) -> Result<Receipt, ActionError> {
    let concern = parse(&form)?;
    let reporter = reporter.filter(|_| form.how != How::Anonymous);
    if form.how != How::Anonymous && reporter.is_none() && form.contact.trim().is_empty() {
        return Err(ActionError::fault("contact", "Tell us how to reach you, or choose to stay anonymous."));
    }
    let key = receipt_key(&form);
    if let Some(earlier) = store::receipts::find(&haven.store, &key).await? {
        return earlier_receipt(&earlier);
    }
    let pack = haven.pack();
    let team = Team::read(haven).await?;
    let standing = standing(&pack, &team, &concern, &form, reporter)?;
    let at = report_time(haven.now(), form.how);
    let beginning = Beginning {
        pack: &pack,
        procedure: standing.procedure,
        about: standing.about,
        source: if form.how == How::Anonymous { Source::Anonymous } else { Source::Report },
        subject: standing.subject,
        excluded: standing.excluded.clone(),
        meant: standing.meant,
        theme: None,
        grade: None,
        texts: texts(&concern, &form, reporter),
        at,
        tell_now: true,
        live_group: false,
        by_the_hour: form.how != How::Named,
        in_danger: concern.safe_now == SafeNow::No,
    };
    let prepared = prepare(haven, &team, beginning).await?;
    let code = (form.how == How::Anonymous).then(|| vault::report_code(&mut haven.entropy()).to_string());
    let receipt = receipt(haven, &pack, standing.procedure, &prepared, &concern, code);
    keep(haven, &prepared, &receipt, &form, reporter, &key).await?;
    Ok(receipt)
}

fn parse(form: &ReportForm) -> Result<Concern, ActionError> {
    let raw = RawConcern {
        what: form.what.clone(),
        about_kind: form.about_kind.clone(),
        about_name: form.about_name.clone(),
        safe_now: form.safe_now.clone(),
        contact: form.contact.clone(),
    };
    concern::parse(&raw).map_err(|faults| {
        let fault = |fault: concern::Fault| Fault { field: fault.field.to_owned(), message: fault.message.to_owned() };
        ActionError::Fault(faults.into_iter().map(fault).collect())
    })
}

/// Anonymous receipts keep no code, and their key is hashed, so that the form's own number joins nothing. The words are part
/// of it: who goes back, says more and sends again has made another report, and no word of it is lost.
fn receipt_key(form: &ReportForm) -> String {
    let kind = form.kind.as_deref().unwrap_or_default();
    let said =
        [&*form.idempotency, &*form.what, &*form.about_kind, &*form.about_name, &*form.safe_now, &*form.contact, kind];
    let whole = format!("{:?}{}", form.how, said.map(|part| format!("{}:{part}", part.len())).concat());
    format!("report:{}", vault::digest_hex(whole.as_bytes()))
}

fn earlier_receipt(text: &str) -> Result<Receipt, ActionError> {
    serde_json::from_str(text).map_err(|error| ActionError::Broken(error.to_string()))
}

/// A report that hides who told is said to have come in the hour in which it came, so that its time joins it to nobody. Its
/// clocks run from there: they never ring later than the policy allows.
fn report_time(now: Timestamp, how: How) -> Timestamp {
    if how == How::Named { now } else { store::outbox::whole_hour(now) }
}

/// Stands for whoever told, where a name would join a table's row to a person: the name is sealed in the case.
pub(crate) const REPORTER: &str = "reporter";

/// Which procedure it is, whom it is about, and who must not see it.
struct Standing<'a> {
    procedure: &'a Procedure,
    about: About,
    subject: Option<&'a str>,
    excluded: Vec<&'a str>,
    /// Given as the one it is about. If several fit, one of them is, and people must judge who.
    meant: Option<&'a str>,
}

fn standing<'a>(
    pack: &'a Pack,
    team: &'a Team,
    concern: &Concern,
    form: &ReportForm,
    reporter: Option<&Session>,
) -> Result<Standing<'a>, ActionError> {
    let candidates = team.candidates(pack);
    let own = reporter.map(|session| session.person.id.as_str());
    let named_in = |text: &str| -> Vec<&'a str> {
        conflict::named_in(text, &candidates).into_iter().filter(|person| Some(*person) != own).collect()
    };
    // Named as the one it is about, or only somewhere in the words: both are left out, but only the first makes a concern
    // about a learner who was named a concern about staff. Its words may just say whom the learner has told.
    let meant = named_in(&concern.about_name);
    let learner_named = matches!(concern.about, About::Learner | About::Visitor) && !concern.about_name.is_empty();
    let by_staff = reporter.is_some_and(|session| session.person.population == "staff");
    let mentioned = named_in(&concern.what);
    let by_name = by_name_only(&concern.what, &candidates, own);
    // A tutor who writes "I have told safeguarding" about a named learner means what it says; one who writes "she says the
    // safeguarding lead touches her" means the opposite. Only they know which, so they are asked.
    let is_unclear = by_staff && learner_named && mentioned.len() > by_name.len();
    let (mentioned, about_a_post) = match form.about_a_post.filter(|_| is_unclear) {
        Some(true) => (mentioned, true),
        Some(false) => (by_name, false),
        None if is_unclear => return Err(ActionError::fault("about_a_post", ABOUT_A_POST)),
        None => (mentioned, false),
    };
    let subject = subject_by_name(team, &concern.about_name);
    let subject_is_staff = subject.and_then(|id| team.person(id)).is_some_and(|person| person.population == "staff");
    let staff = !meant.is_empty() || subject_is_staff || about_a_post || (!mentioned.is_empty() && !learner_named);
    // The learner who told of it is not the one whom a concern about staff is about.
    let subject = subject.filter(|_| subject_is_staff || !about_a_post);
    let about = if staff { About::Staff } else { concern.about };
    let procedure = choose(pack, about, form.kind.as_deref())
        .ok_or_else(|| ActionError::Broken("the pack has no procedure for this kind of concern".to_owned()))?;
    let only = if let [only] = meant.as_slice() { Some(*only) } else { None };
    let excluded = left_out(pack, team, procedure, subject, meant, &mentioned)?;
    Ok(Standing { procedure, about, subject, excluded, meant: only })
}

const ABOUT_A_POST: &str = "Say whether any of this is about the post that you mention.";

/// Those whom the words name by a name, and not by what their post is called.
fn by_name_only<'a>(what: &str, candidates: &[conflict::Candidate<'a>], own: Option<&str>) -> Vec<&'a str> {
    let bare: Vec<_> = candidates.iter().map(|one| conflict::Candidate { titles: Vec::new(), ..one.clone() }).collect();
    conflict::named_in(what, &bare).into_iter().filter(|person| Some(*person) != own).collect()
}

/// Whether a report by a member of staff about a named learner mentions a post, so that they must say which it is: "I have
/// told the safeguarding lead", or "it is the safeguarding lead". A fault elsewhere in the form is for later.
pub async fn asks_about_a_post(
    haven: &Haven,
    form: &ReportForm,
    reporter: Option<&Session>,
) -> Result<bool, ActionError> {
    let Ok(concern) = parse(form) else { return Ok(false) };
    let pack = haven.pack();
    let team = Team::read(haven).await?;
    let unsaid = ReportForm { about_a_post: None, ..form.clone() };
    Ok(match standing(&pack, &team, &concern, &unsaid, reporter.filter(|_| form.how != How::Anonymous)) {
        Err(ActionError::Fault(faults)) => faults.iter().any(|fault| fault.field == "about_a_post"),
        _ => false,
    })
}

/// Everybody who was named, as long as somebody is left to read it. If the words name every one of them, those at the end
/// of the order who are only mentioned come back in; if even that leaves nobody, the reporter is told whom to turn to.
fn left_out<'a>(
    pack: &Pack,
    team: &Team,
    procedure: &Procedure,
    subject: Option<&'a str>,
    meant: Vec<&'a str>,
    mentioned: &[&'a str],
) -> Result<Vec<&'a str>, ActionError> {
    let reads = |excluded: &[&str]| {
        let all: Vec<&str> = excluded.iter().copied().chain(subject).collect();
        !team.route(pack, procedure, &all).holders.is_empty()
    };
    let mut excluded = meant.clone();
    excluded.extend(mentioned.iter().filter(|person| !meant.contains(person)));
    if reads(&excluded) {
        return Ok(excluded);
    }
    for post in casework::route::last_resort(pack).into_iter().rev() {
        let holders = team.holders_of(post);
        excluded.retain(|person| meant.contains(person) || !holders.contains(person));
        if reads(&excluded) {
            return Ok(excluded);
        }
    }
    Err(ActionError::refused(NOBODY_LEFT))
}

/// What a reporter is told when everybody here who could read it is named in it.
const NOBODY_LEFT: &str = "Everybody here who could read this is named in it, so we cannot keep it safe here. Call 999 if \
    someone is in danger, or 101, or tell your local council\u{2019}s safeguarding team. What you wrote has not been sent.";

/// Somebody whose whole name was given as the person concerned. Part of a name is not enough (S-6: never guess who).
fn subject_by_name<'a>(team: &'a Team, about_name: &str) -> Option<&'a str> {
    let wanted = store::ids::fold(about_name);
    if wanted.is_empty() {
        return None;
    }
    let mut fits = team
        .people
        .iter()
        .filter(|person| store::ids::fold(&person.name) == wanted || store::ids::fold(&person.username) == wanted);
    match (fits.next(), fits.next()) {
        (Some(only), None) => Some(&only.id),
        _ => None,
    }
}

/// The kind the reporter chose, if it is for such a person; else the pack's procedure for them. When nobody knows who it
/// is about, it goes the learners' way: the people there can pass it on.
fn choose<'p>(pack: &'p Pack, about: About, kind: Option<&str>) -> Option<&'p Procedure> {
    let staff = about == About::Staff;
    let fits = |procedure: &&Procedure| {
        procedure.reportable && (procedure.about == About::Anyone || (procedure.about == About::Staff) == staff)
    };
    let of = |about: About| pack.procedures.iter().filter(fits).find(|procedure| procedure.about == about);
    let chosen = kind.and_then(|kind| pack.procedure(kind)).filter(fits);
    let own = if about == About::Anyone { None } else { of(about) };
    chosen.or(own).or_else(|| of(if staff { About::Staff } else { About::Learner }))
}

fn texts(concern: &Concern, form: &ReportForm, reporter: Option<&Session>) -> Vec<(SealedKind, String, String)> {
    let safe = match concern.safe_now {
        SafeNow::Yes => "They are safe now.",
        SafeNow::No => "They are NOT safe now.",
        SafeNow::Unknown => "The reporter does not know whether they are safe now.",
    };
    let by = reporter.map(|_| REPORTER.to_owned()).unwrap_or_default();
    let mut texts = vec![(SealedKind::Narrative, format!("{}\n\n{safe}", concern.what), by.clone())];
    texts.push((SealedKind::Name, concern.about_name.clone(), String::new()));
    let told_by = match (reporter, form.how) {
        (_, How::Anonymous) => "Told anonymously.".to_owned(),
        (Some(session), How::Confidential) => format!("Told in confidence by {}.", session.person.name),
        (Some(session), How::Named) => format!("Told by {}.", session.person.name),
        (None, _) => format!("Told by someone who can be reached at: {}", concern.contact),
    };
    texts.push((SealedKind::Note, told_by, by));
    texts
}

fn receipt(
    haven: &Haven,
    pack: &Pack,
    procedure: &Procedure,
    prepared: &Prepared,
    concern: &Concern,
    code: Option<String>,
) -> Receipt {
    let by = prepared.case.acknowledge_due_at.unwrap_or(prepared.case.opened_at);
    Receipt {
        reference: prepared.case.reference.clone(),
        anonymous: code.is_some(),
        code,
        next: procedure.what_happens_next.clone(),
        by,
        by_text: words::due(&pack.calendar, haven.now(), by),
        danger: concern.safe_now != SafeNow::Yes,
        whom_in_person: whom_in_person(pack).join(" or "),
    }
}

async fn keep(
    haven: &Haven,
    prepared: &Prepared,
    receipt: &Receipt,
    form: &ReportForm,
    reporter: Option<&Session>,
    key: &str,
) -> Result<(), ActionError> {
    let at = prepared.case.opened_at;
    let thread = match &receipt.code {
        Some(code) => Some(store::anonymous::Thread {
            reference: receipt.reference.clone(),
            code_hash: vault::code_hash(code)?,
            reporter_public: ReporterSecret::from_code(code)?.public(),
            case: prepared.case.id.clone(),
        }),
        None => None,
    };
    // The code itself is never kept: a repeated form gets the reference again, not the code.
    let kept = Receipt { code: None, ..receipt.clone() };
    let kept = json!(kept).to_string();
    let mut unit = haven.store.begin().await?;
    match store::receipts::keep(&mut unit, key, &kept, at).await {
        Err(StoreError::Duplicate(_)) => return Err(ActionError::Conflict),
        other => other?,
    }
    // Who told stands sealed in the case, which the entry vouches for; in clear it would tell whoever reads the table.
    let entered_as = if reporter.is_some() { REPORTER } else { "" };
    prepared.keep(haven, &mut unit, entered_as).await?;
    if let Some(session) = reporter {
        let report = store::reports::Report {
            case: prepared.case.id.clone(),
            reference: receipt.reference.clone(),
            reporter: haven.token_of(&session.person.id),
            confidential: form.how == How::Confidential,
            at,
        };
        store::reports::insert(&mut unit, &report).await?;
    }
    if let Some(thread) = &thread {
        store::anonymous::open(&mut unit, thread).await?;
    }
    unit.commit().await?;
    Ok(())
}

/// One of my own reports, with a status that is safe to show to a reporter.
#[derive(Debug, Clone)]
pub struct MyReport {
    pub reference: String,
    pub at_text: String,
    pub status: String,
}

/// The reports that a signed-in person made by name or in confidence.
pub async fn my_reports(haven: &Haven, session: &Session) -> Result<Vec<MyReport>, ActionError> {
    let pack = haven.pack();
    let now = haven.now();
    let rows = store::reports::of_person(&haven.store, &haven.token_of(&session.person.id)).await?;
    let row = |row: store::reports::ReportStatus| MyReport {
        reference: row.reference,
        at_text: words::moment(&pack.calendar, now, row.at),
        status: crate::thread::safe_status(row.state).to_owned(),
    };
    Ok(rows.into_iter().map(row).collect())
}
