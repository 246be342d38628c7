//! What an organisation has written down, after it has been read and checked: the shape that the rest of Haven sees.
//!
//! Everything here was read from a pack folder by [`crate::read`]; ids are the lower-case, hyphenated words of the files.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::citation::Citation;
use crate::clock::{Calendar, Span};
use crate::document::Document;

pub type PostId = String;
pub type GroupId = String;
pub type CodeId = String;
pub type ClauseId = String;
pub type ProcedureId = String;

/// A policy in force or about to be: everything that has an effect, each with its clause.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Folder name, e.g. `waes`.
    pub id: String,
    /// SHA-256 over every file's name and content, in hexadecimal.
    pub digest: String,
    pub title: String,
    pub organisation: String,
    pub reference: String,
    pub version: String,
    pub owner: PostId,
    pub in_force_from: Option<Date>,
    pub in_force_to: Option<Date>,
    pub review_cycle_months: u32,
    /// Posts behind every route, in order: whom a case comes to when nobody before them is left or answers.
    pub last_resort: Vec<String>,
    pub review_triggers: Vec<ReviewTrigger>,
    pub posts: Vec<Post>,
    pub populations: Vec<Population>,
    pub groups: Vec<Group>,
    pub agencies: Vec<Agency>,
    pub laws: Vec<Law>,
    pub linked: Vec<Linked>,
    pub clauses: BTreeMap<ClauseId, Clause>,
    pub areas: Vec<Area>,
    pub codes: Vec<Code>,
    pub filtering: Filtering,
    pub procedures: Vec<Procedure>,
    pub agreements: Vec<Agreement>,
    pub rights: Vec<Right>,
    pub calendar: Calendar,
    pub clocks: Vec<ClockRule>,
    pub obligations: Vec<Obligation>,
    pub examples: Vec<Example>,
    /// Dates, owners and versions that the source states, for [`crate::lint()`].
    pub document: Document,
}

impl Pack {
    /// The citation for a clause of this pack; none if the pack has no such clause.
    #[must_use]
    pub fn cite(&self, clause: &str) -> Option<Citation> {
        self.clauses.contains_key(clause).then(|| Citation::clause(&self.id, &self.digest, clause))
    }

    #[must_use]
    pub fn post(&self, id: &str) -> Option<&Post> {
        self.posts.iter().find(|post| post.id == id)
    }

    /// The title of a post as people read it; its id if the pack has no such post.
    #[must_use]
    pub fn post_title<'a>(&'a self, id: &'a str) -> &'a str {
        self.post(id).map_or(id, |post| post.title.as_str())
    }

    #[must_use]
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses.get(id)
    }

    /// Every clause in the order of the document: 2 before 10.
    #[must_use]
    pub fn clauses_in_order(&self) -> Vec<&Clause> {
        let mut clauses: Vec<&Clause> = self.clauses.values().collect();
        clauses.sort_by(|a, b| crate::clause_order::natural(&a.id, &b.id));
        clauses
    }

    #[must_use]
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// The filter profile of a group: the first in the file that names it.
    #[must_use]
    pub fn profile_of(&self, group: &str) -> Option<&Profile> {
        self.filtering.profiles.iter().find(|profile| profile.groups.iter().any(|named| named == group))
    }

    /// The notice that everybody is shown first (S-4). A pack that was read always has it.
    #[must_use]
    pub fn monitoring_notice(&self) -> Option<&Agreement> {
        self.agreement(crate::read::MONITORING_NOTICE)
    }

    #[must_use]
    pub fn procedure(&self, id: &str) -> Option<&Procedure> {
        self.procedures.iter().find(|procedure| procedure.id == id)
    }

    #[must_use]
    pub fn code(&self, id: &str) -> Option<&Code> {
        self.codes.iter().find(|code| code.id == id)
    }

    #[must_use]
    pub fn agreement(&self, id: &str) -> Option<&Agreement> {
        self.agreements.iter().find(|agreement| agreement.id == id)
    }

    #[must_use]
    pub fn agency(&self, id: &str) -> Option<&Agency> {
        self.agencies.iter().find(|agency| agency.id == id)
    }

    /// The group a person falls in on a day: the first in the pack's order whose population, age and flags fit.
    #[must_use]
    pub fn group_on(&self, population: &str, born: Option<Date>, flags: &[String], day: Date) -> Option<&Group> {
        let age_years = born.and_then(|born| age_years(born, day));
        self.groups.iter().find(|group| {
            group.population == population
                && group.flag.as_ref().is_none_or(|flag| flags.contains(flag))
                && group.under_age_years.is_none_or(|limit| age_years.is_some_and(|age| age < limit))
        })
    }
}

/// Whole years lived on `day`; none if born after it. A 29 February birthday counts from 1 March in other years.
#[must_use]
pub fn age_years(born: Date, day: Date) -> Option<u32> {
    let had_birthday = (day.month(), day.day()) >= (born.month(), born.day());
    let years = i32::from(day.year()) - i32::from(born.year()) - i32::from(!had_birthday);
    u32::try_from(years).ok()
}

#[derive(Debug, Clone)]
pub struct ReviewTrigger {
    pub name: String,
    pub clause: ClauseId,
}

/// A job that the policy names. People hold posts; packs never name people.
#[derive(Debug, Clone)]
pub struct Post {
    pub id: PostId,
    pub title: String,
    /// Who stands in, in order.
    pub deputies: Vec<PostId>,
    pub clause: ClauseId,
}

/// Who the policy speaks of: `staff`, `learner`, `visitor`, ...
#[derive(Debug, Clone)]
pub struct Population {
    pub id: String,
    pub title: String,
    pub clause: ClauseId,
}

/// A group with a filter profile of its own. The first group that fits a person on the day is theirs.
#[derive(Debug, Clone)]
pub struct Group {
    pub id: GroupId,
    pub title: String,
    pub population: String,
    /// Fits people younger than this on the day; none for any age.
    pub under_age_years: Option<u32>,
    /// Fits people who carry this flag, e.g. `support-plan`.
    pub flag: Option<String>,
    /// Agreement that must be acknowledged before the gate opens; none where the policy asks for none.
    pub agreement: Option<String>,
    pub clause: ClauseId,
}

/// Someone outside to whom a case may be referred. `contact` is filled by the organisation, never by a pack.
#[derive(Debug, Clone)]
pub struct Agency {
    pub id: String,
    pub title: String,
    pub clause: ClauseId,
}

#[derive(Debug, Clone)]
pub struct Law {
    pub title: String,
    pub year: Option<i16>,
    pub clause: ClauseId,
}

#[derive(Debug, Clone)]
pub struct Linked {
    pub title: String,
    pub clause: ClauseId,
}

/// One clause in our own words, as people read it.
#[derive(Debug, Clone)]
pub struct Clause {
    pub id: ClauseId,
    pub title: String,
    /// Markdown without raw HTML.
    pub text: String,
}

/// A heading of risk: content, contact, conduct, commerce.
#[derive(Debug, Clone)]
pub struct Area {
    pub id: String,
    pub title: String,
    pub clause: ClauseId,
}

/// One entry of the shared vocabulary (G10): filter category, alert theme, case kind and course all use it.
#[derive(Debug, Clone)]
pub struct Code {
    pub id: CodeId,
    /// As the block page says it: "gambling".
    pub title: String,
    pub area: String,
    /// Names under which block lists and word packs know it.
    pub aliases: Vec<String>,
    /// The kinds of detector that the pack expects for it: `list`, `words`, `search`, `person`. Empty shows as a gap.
    pub detectors: Vec<String>,
    pub procedure: Option<ProcedureId>,
    pub course: Option<String>,
    pub clause: ClauseId,
}

/// What the filter does, for whom, and why.
#[derive(Debug, Clone, Default)]
pub struct Filtering {
    pub profiles: Vec<Profile>,
    /// In the order of the file; a later, more specific rule does not win over an earlier one of the same tier by place
    /// alone: see `filter::decide`.
    pub rules: Vec<Rule>,
    pub triggers: Vec<Trigger>,
    pub exceptions: Vec<Exception>,
    pub help: Vec<HelpLink>,
    pub inspection: Inspection,
    /// When attempts to get round the filter are raised; none where the policy does not say.
    pub attempts: Option<Attempts>,
    /// The clause by which an exam leaves only its own sites open; empty where the policy does not say.
    pub exam_clause: ClauseId,
    /// What happens when nothing matches and when a part fails; clause for each.
    pub defaults: Defaults,
}

/// A set of rules for some groups.
#[derive(Debug, Clone)]
pub struct Profile {
    pub id: String,
    pub title: String,
    pub groups: Vec<GroupId>,
    pub safe_search: bool,
    pub youtube_restrict: bool,
    pub clause: ClauseId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Allow,
    Block,
    Warn,
    Watch,
}

impl Action {
    /// As files and answers write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
            Self::Warn => "warn",
            Self::Watch => "watch",
        }
    }
}

/// Who, what, when -> action.
#[derive(Debug, Clone)]
pub struct Rule {
    pub id: String,
    /// Empty means every profile.
    pub profiles: Vec<String>,
    pub action: Action,
    /// Codes of the vocabulary.
    pub codes: Vec<CodeId>,
    /// Hosts (with everything below) or `host/path` prefixes.
    pub sites: Vec<String>,
    pub when: When,
    pub clause: ClauseId,
    /// One plain sentence for the block page.
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    #[default]
    Always,
    /// Within the calendar's working hours in term.
    ClassHours,
    OutsideClassHours,
    /// While a site's timetable says that lunch is.
    Lunch,
    /// While a site's timetable says that an exam is.
    Exam,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    Low,
    Medium,
    High,
}

/// Something seen that a person must look at (7.1 "log-in triggers").
#[derive(Debug, Clone)]
pub struct Trigger {
    pub id: String,
    /// One of the ten alert themes: prevent, sexual-exploitation, hate, pornography, self-harm, bullying, grooming,
    /// drugs, gambling, county-lines.
    pub theme: String,
    pub codes: Vec<CodeId>,
    pub grade: Grade,
    /// The procedure that is begun when the person is a learner or visitor.
    pub procedure: ProcedureId,
    /// The procedure that is begun when the person is staff.
    pub staff_procedure: ProcedureId,
    pub clause: ClauseId,
    /// One plain sentence for the alert: "Searched for words that the policy links with ...".
    pub reason: String,
}

/// A pack's own exception: a site that is open although its category is not, or the other way round.
#[derive(Debug, Clone)]
pub struct Exception {
    pub site: String,
    pub action: Action,
    pub profiles: Vec<String>,
    pub clause: ClauseId,
    pub reason: String,
}

/// A link for people who need help with a risk.
#[derive(Debug, Clone)]
pub struct HelpLink {
    pub site: String,
    pub title: String,
    /// Risks it helps with; empty for any.
    pub codes: Vec<CodeId>,
    pub clause: ClauseId,
}

/// From how many attempts to get round the filter in a day a person looks (M05), and what is begun then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempts {
    pub threshold: u32,
    /// The procedure that is begun when the person is a learner or visitor.
    pub procedure: ProcedureId,
    /// The procedure that is begun when the person is staff.
    pub staff_procedure: ProcedureId,
    pub clause: ClauseId,
}

/// What is tunnelled unopened.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    pub except_codes: Vec<CodeId>,
    pub except_sites: Vec<String>,
    /// Groups whose connections are never opened, wherever they go.
    pub except_groups: Vec<GroupId>,
    pub clause: ClauseId,
}

/// Failure is a rule, not an accident (invariant 6). Unsaid means refuse.
#[derive(Debug, Clone)]
pub struct Defaults {
    pub unlisted: Action,
    pub unlisted_clause: ClauseId,
    pub unknown_protocol: Action,
    pub unknown_protocol_clause: ClauseId,
    pub scanner_down: Action,
    pub scanner_down_clause: ClauseId,
    /// What happens to what cannot be recorded: database away and the spool full.
    pub records_down: Action,
    pub records_down_clause: ClauseId,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            unlisted: Action::Block,
            unlisted_clause: String::new(),
            unknown_protocol: Action::Block,
            unknown_protocol_clause: String::new(),
            scanner_down: Action::Block,
            scanner_down_clause: String::new(),
            records_down: Action::Block,
            records_down_clause: String::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    Learner,
    Staff,
    Visitor,
    Anyone,
}

/// What people do about one kind of concern.
#[derive(Debug, Clone)]
pub struct Procedure {
    pub id: ProcedureId,
    pub title: String,
    pub about: About,
    /// Vocabulary codes this procedure answers.
    pub codes: Vec<CodeId>,
    /// Whether the report page offers it as a choice.
    pub reportable: bool,
    /// Posts that receive it, in order: the first owns it; silence or conflict passes it to the next.
    pub route: Vec<PostId>,
    /// Posts that are told as well but do not own it.
    pub also_told: Vec<PostId>,
    pub acknowledge_within: Span,
    pub clause: ClauseId,
    pub steps: Vec<Step>,
    pub cards: Vec<Card>,
    pub outcomes: Vec<Outcome>,
    pub referrals: Vec<Referral>,
    /// What the reporter is told will happen next.
    pub what_happens_next: String,
}

impl Procedure {
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    #[must_use]
    pub fn referral(&self, id: &str) -> Option<&Referral> {
        self.referrals.iter().find(|referral| referral.id == id)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// A named person judges whether the concern is real. Exactly one, and the first, in every procedure.
    Assess,
    /// Do it and write down what was done.
    Act,
    /// Choose one of the step's options, with reasons.
    Decide,
    /// Send a referral, after a preview.
    Refer,
    /// Close, answering what must change.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// May be taken in any order after its `after` steps.
    Open,
    /// May be passed early or skipped with a recorded reason.
    Reason,
    /// Only a second post may let it pass: `second_post`.
    Legal,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub id: String,
    pub title: String,
    /// Plain words: what to do and what to write down.
    pub text: String,
    pub kind: StepKind,
    pub owner: PostId,
    /// From the case's opening, or from the last of `after`.
    pub due: Span,
    pub after: Vec<String>,
    /// Only when this `decide` step had this option: (step, option).
    pub only_if: Option<(String, String)>,
    pub gate: Gate,
    pub second_post: Option<PostId>,
    pub options: Vec<ChoiceOption>,
    /// For `refer`: which referral.
    pub referral: Option<String>,
    pub clause: ClauseId,
}

#[derive(Debug, Clone)]
pub struct ChoiceOption {
    pub id: String,
    pub title: String,
}

/// A do-not-do card, shown at the moment of risk.
#[derive(Debug, Clone)]
pub struct Card {
    pub title: String,
    pub text: String,
    pub clause: ClauseId,
}

#[derive(Debug, Clone)]
pub struct Outcome {
    pub id: String,
    pub title: String,
    pub clause: ClauseId,
}

/// What may leave the organisation, to whom, on which ground.
#[derive(Debug, Clone)]
pub struct Referral {
    pub id: String,
    pub agency: String,
    pub title: String,
    /// What leaves, and nothing else: closed list `person-name`, `person-born`, `reference`, `concern`, `steps-taken`,
    /// `reason`, `sender-post`.
    pub fields: Vec<String>,
    pub consent: Consent,
    pub reply_by: Span,
    pub clause: ClauseId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// No agreement is needed (e.g. a crime, a child at risk).
    NotNeeded,
    /// The person agrees, or a lawful override is recorded (S-8).
    AgreedOrOverride,
}

/// A text that people acknowledge, or are shown.
#[derive(Debug, Clone)]
pub struct Agreement {
    pub id: String,
    pub kind: AgreementKind,
    pub version: String,
    pub title: String,
    pub sections: Vec<AgreementSection>,
    pub clause: ClauseId,
    /// SHA-256 of the file, in hexadecimal: what a signature is bound to.
    pub digest: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgreementKind {
    /// The monitoring notice (S-4): an acknowledgement, not consent.
    Notice,
    AcceptableUse,
}

#[derive(Debug, Clone)]
pub struct AgreementSection {
    pub title: String,
    /// Markdown without raw HTML.
    pub text: String,
}

/// A row of `rights.toml`: which post may do what, in which relation. Deny is the absence of a row.
#[derive(Debug, Clone)]
pub struct Right {
    pub post: PostId,
    /// One of `casework::access::ACTIONS`.
    pub action: String,
    pub relation: Relation,
    pub clause: ClauseId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The case's route or team has the person.
    CaseTeam,
    /// Any learner (or visitor) case.
    LearnerCases,
    /// Any staff case.
    StaffCases,
    /// Not bound to a case: filter events, technical alerts, lists, settings.
    Organisation,
}

/// A recurring duty: review, training, check, retention.
#[derive(Debug, Clone)]
pub struct ClockRule {
    pub id: String,
    pub title: String,
    pub every: Option<Span>,
    pub clause: ClauseId,
}

/// A row of the pack's `obligations.tsv`.
#[derive(Debug, Clone)]
pub struct Obligation {
    pub id: String,
    pub clause: ClauseId,
    pub duty: String,
    pub control: String,
    pub evidence: String,
    pub line: usize,
}

/// A worked example: for this group and address, the pack must decide so.
#[derive(Debug, Clone)]
pub struct Example {
    pub file: String,
    pub line: usize,
    pub group: GroupId,
    pub url: String,
    pub action: Action,
    pub clause: Option<ClauseId>,
}

/// Times of day between which an hour counts as a working hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkingHours {
    pub from: Time,
    pub to: Time,
}
