//! The beginning of a case: route without the conflicted, a key of its own, sealed words, steps, letters and the chase.

use casework::access::{self, Permit};
use casework::case::{self, CaseState, Source};
use casework::notice::{self, Occasion};
use casework::route::Route;
use jiff::Timestamp;
use policy::{About, Grade, Pack, Procedure, Relation};
use serde_json::json;
use store::Unit;
use store::cases::{Case, Member, Place};
use store::outbox::Letter;
use store::sealed::{Sealed, SealedKind};
use store::vault::{self, CaseSecret};

use crate::audit::{EntryWith, entry};
use crate::team::Team;
use crate::{ActionError, Haven};

/// Everything that must be known to begin a case.
pub(crate) struct Beginning<'a> {
    pub(crate) pack: &'a Pack,
    pub(crate) procedure: &'a Procedure,
    pub(crate) about: About,
    pub(crate) source: Source,
    /// The person the case is about, if Haven knows them.
    pub(crate) subject: Option<&'a str>,
    /// People who must never see it, besides the subject.
    pub(crate) excluded: Vec<&'a str>,
    /// The one among the excluded who was given as the person concerned: never let in later (decision 0020).
    pub(crate) meant: Option<&'a str>,
    pub(crate) theme: Option<&'a str>,
    pub(crate) grade: Option<Grade>,
    /// Texts to seal: kind, words, author (person id or empty).
    pub(crate) texts: Vec<(SealedKind, String, String)>,
    /// When it is said to have begun; coarser than `now` for an anonymous report (S-3).
    pub(crate) at: Timestamp,
    pub(crate) tell_now: bool,
    pub(crate) live_group: bool,
    /// `at` is a whole hour, and so must be every other time that is kept (S-3).
    pub(crate) by_the_hour: bool,
    /// Somebody is not safe now: no letter waits for its round (S-1).
    pub(crate) in_danger: bool,
}

/// A case ready to be kept: worked out before the transaction, because sealing is slow and needs none.
pub(crate) struct Prepared {
    pub(crate) case: Case,
    pub(crate) permit: Permit,
    route: Route,
    pack: std::sync::Arc<Pack>,
    steps: Vec<casework::StepFacts>,
    sealed: Vec<Sealed>,
    exclusions: Vec<([u8; 32], &'static str)>,
    letters: Vec<Letter>,
    citation: policy::Citation,
    tell_now: bool,
    first_waits: bool,
    by_the_hour: bool,
}

/// Works the case out, seals its words and wraps its key to everybody on the route (and to the recovery key). The keys
/// are put away first: if the transaction then fails, they open nothing.
pub(crate) async fn prepare(haven: &Haven, team: &Team, beginning: Beginning<'_>) -> Result<Prepared, ActionError> {
    // Every time that is kept follows from the beginning, so that no due time betrays the minute of an anonymous report (S-3).
    let began = beginning.at;
    let Beginning { pack, procedure, about, source, subject, .. } = beginning;
    let opening = case::open(pack, procedure, began)
        .ok_or_else(|| ActionError::Broken("the procedure's clause is missing from the pack".to_owned()))?;
    // Low grades and self-reports wait in a batch: they are chased a working day later, not within the hour.
    let acknowledge_due_at = if beginning.tell_now {
        opening.acknowledge_due_at
    } else {
        pack.calendar.due(began, policy::Span::WorkingDays(1)).max(opening.acknowledge_due_at)
    };
    let mut excluded = beginning.excluded.clone();
    excluded.extend(subject);
    let route = team.route(pack, procedure, &excluded);
    let first_waits = team.first_waits(procedure, &excluded);

    let id = haven.new_id(beginning.at);
    let permit = access::machine("opening", &id);
    let secret = CaseSecret::generate(&mut haven.entropy());
    wrap_to_route(haven, &id, &secret, &route, beginning.at).await?;
    // Who was left out is for those who hold the case: the record, which others verify, says nothing of it (invariant 11).
    let mut texts = vec![(SealedKind::Note, route.left_out.join(" "), crate::case::HAVEN.to_owned())];
    texts.extend_from_slice(&beginning.texts);
    let sealed = seal_all(haven, &id, secret.public(), beginning.at, &texts)?;

    let subject_token = subject.map(|person| haven.token_of(person));
    let group_key = match (&subject_token, beginning.theme) {
        (Some(token), Some(theme)) if beginning.live_group => Some(store::cases::group_key(token, theme)),
        _ => None,
    };
    let owner = route.holders.first();
    let mut random = [0_u8; 8];
    haven.moment.fill_random(&mut random);
    let case = Case {
        id,
        reference: casework::concern::reference(&random),
        procedure: opening.procedure,
        theme: beginning.theme.map(str::to_owned),
        grade: beginning.grade.map(|grade| case::grade_word(grade).to_owned()),
        state: CaseState::Unassessed,
        source,
        pack_digest: pack.digest.clone(),
        subject_token,
        about: about_word(about).to_owned(),
        owner_post: owner
            .map_or_else(|| procedure.route.first().cloned().unwrap_or_default(), |owner| owner.post.clone()),
        owner_person: owner.map(|owner| owner.person.clone()),
        opened_at: beginning.at,
        acknowledge_due_at: Some(acknowledge_due_at),
        acknowledged_at: None,
        acknowledged_by: None,
        // Nobody has been let in to the first post: it went to the next at once, and shows red.
        escalations: i64::from(first_waits),
        hits: 1,
        revision: 1,
        public_key: secret.public(),
        closed_at: None,
        outcome: None,
        emergency_at: None,
        last_hit_at: Some(beginning.at),
        group_key,
        search: store::ids::fold(&procedure.title),
    };
    let mut letters = if beginning.tell_now { letters(haven, &route, beginning.at) } else { Vec::new() };
    if beginning.by_the_hour {
        let in_danger = beginning.in_danger;
        letters = letters.into_iter().map(|letter| letter.by_the_hour(in_danger)).collect();
    }
    let exclusions = excluded
        .iter()
        .map(|person| {
            let concerned = Some(*person) == subject || Some(*person) == beginning.meant;
            let why = if concerned { crate::let_in::SUBJECT } else { crate::let_in::NAMED };
            (haven.token_of(person), why)
        })
        .collect();
    Ok(Prepared {
        case,
        permit,
        route,
        pack: std::sync::Arc::new(pack.clone()),
        steps: opening.steps,
        sealed,
        exclusions,
        letters,
        citation: opening.citation,
        tell_now: beginning.tell_now,
        first_waits,
        by_the_hour: beginning.by_the_hour,
    })
}

impl Prepared {
    /// Keeps the case: the whole of it in the caller's transaction.
    pub(crate) async fn keep(&self, haven: &Haven, unit: &mut Unit, actor: &str) -> Result<(), ActionError> {
        let case = &self.case;
        store::cases::insert(unit, &self.permit, case).await?;
        let members = members_of(&self.pack, &self.route, &case.about, case.opened_at);
        store::cases::set_members(unit, &self.permit, &case.id, &members).await?;
        for (token, why) in &self.exclusions {
            store::cases::exclude(unit, &self.permit, &case.id, token, why).await?;
        }
        store::cases::put_steps(unit, &self.permit, &case.id, &self.steps).await?;
        for sealed in &self.sealed {
            store::sealed::insert(unit, &self.permit, sealed).await?;
        }
        for letter in &self.letters {
            store::outbox::post(unit, letter).await?;
        }
        self.keep_chase(haven, unit).await?;
        let detail = json!({
            "procedure": case.procedure, "source": case.source.as_str(), "grade": case.grade, "theme": case.theme,
            "told": self.letters.len(), "at_once": self.tell_now,
            "first_waits": self.first_waits,
        });
        let digests = self.sealed.iter().map(|sealed| sealed.digest.clone()).collect();
        let made =
            entry(case.opened_at, actor, "case.open", &case.id, &detail).because(&self.citation).vouching(digests);
        store::audit::append(unit, made);
        Ok(())
    }

    async fn keep_chase(&self, haven: &Haven, unit: &mut Unit) -> Result<(), ActionError> {
        let Some(due) = self.case.acknowledge_due_at else { return Ok(()) };
        // A look that is due already would be made at once, and its entry would tell the minute of the report.
        let first = store::outbox::next_hour(self.case.opened_at);
        let due = if self.by_the_hour { due.max(first) } else { due };
        let job = crate::jobs::chase_job(haven, &self.case.id, self.case.escalations, due, self.case.opened_at);
        store::jobs::enqueue(unit, &job).await?;
        Ok(())
    }
}

pub(crate) fn about_word(about: About) -> &'static str {
    match about {
        About::Learner => "learner",
        About::Staff => "staff",
        About::Visitor => "visitor",
        About::Anyone => "anyone",
    }
}

pub(crate) fn about_of(word: &str) -> About {
    match word {
        "staff" => About::Staff,
        "visitor" => About::Visitor,
        "learner" => About::Learner,
        _ => About::Anyone,
    }
}

/// Fewest people who see a case from its beginning: one to hold it and one to be the second person.
const SEEN_FROM_THE_START: usize = 2;

/// Who sees the case from its beginning: the first in order, and those whose post's rights name this kind of case. Posts that
/// only stand behind the team have the key, but the case reaches them when it is passed on, not before (need to know).
pub(crate) fn members_of(pack: &Pack, route: &Route, about: &str, since: Timestamp) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for (place, recipient) in route.holders.iter().enumerate() {
        if place > 0 && members.len() >= SEEN_FROM_THE_START && !is_for_kind(pack, &recipient.post, about) {
            continue;
        }
        members.push(Member {
            person: recipient.person.clone(),
            post: recipient.post.clone(),
            place: if place == 0 { Place::Owner } else { Place::Next },
            since,
        });
    }
    members
}

fn is_for_kind(pack: &Pack, post: &str, about: &str) -> bool {
    let wanted = if about_of(about) == About::Staff { Relation::StaffCases } else { Relation::LearnerCases };
    pack.rights.iter().any(|right| right.post == post && right.action == "case.act" && right.relation == wanted)
}

async fn wrap_to_route(
    haven: &Haven,
    case: &str,
    secret: &CaseSecret,
    route: &Route,
    at: Timestamp,
) -> Result<(), ActionError> {
    let live = store::keys::holders(&haven.store).await?;
    let mut wrapped = Vec::new();
    // S-10: on a route stands only who was let in. Whoever reset a password, or was put into a post, must not receive what
    // is told from then on.
    for recipient in &route.holders {
        if let Some(key) = live.iter().find(|key| key.person == recipient.person && key.revoked_at.is_none()) {
            let sealed = vault::wrap_case_key(&mut haven.entropy(), secret, case, &key.public)?;
            wrapped.push((recipient.person.clone(), sealed));
        }
    }
    if let Some(public) = store::keys::recovery(&haven.store).await? {
        let sealed = vault::wrap_case_key(&mut haven.entropy(), secret, case, &public)?;
        wrapped.push((store::keys::RECOVERY.to_owned(), sealed));
    }
    store::keys::put_case_keys(&haven.store, case, &wrapped, at).await?;
    Ok(())
}

fn seal_all(
    haven: &Haven,
    case: &str,
    public: [u8; 32],
    at: Timestamp,
    texts: &[(SealedKind, String, String)],
) -> Result<Vec<Sealed>, ActionError> {
    let filled = texts.iter().filter(|(_, text, _)| !text.is_empty());
    filled.map(|(kind, text, by)| seal_one(haven, case, &public, at, *kind, text, by)).collect()
}

/// Seals one text to a case and to its place there.
pub(crate) fn seal_one(
    haven: &Haven,
    case: &str,
    public: &[u8; 32],
    at: Timestamp,
    kind: SealedKind,
    text: &str,
    by: &str,
) -> Result<Sealed, ActionError> {
    let id = haven.new_id(at);
    let place = store::sealed::place(&id, case, kind, at, by);
    let ciphertext = vault::seal(&mut haven.entropy(), public, &place, text.as_bytes())?;
    Ok(Sealed::new(id, case.to_owned(), kind, at, by.to_owned(), ciphertext))
}

fn letters(haven: &Haven, route: &Route, at: Timestamp) -> Vec<Letter> {
    let first = route.holders.first();
    let told = first.into_iter().chain(&route.also_told);
    told.map(|recipient| letter(haven, &recipient.person, Occasion::Waiting, at)).collect()
}

/// A letter that reveals nothing.
pub(crate) fn letter(haven: &Haven, person: &str, occasion: Occasion, at: Timestamp) -> Letter {
    let notice = notice::letter(occasion, &haven.portal_address);
    Letter::new(haven.new_id(at), person.to_owned(), notice.subject, notice.body, at)
}
