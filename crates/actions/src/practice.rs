//! What exists only in the practice organisation: the mailbox that anybody may read, and a clock that can be moved.

use jiff::Timestamp;

use crate::team::Team;
use crate::unit::in_unit;
use crate::{ActionError, Haven, Mode, Page, words};

/// Setting under which the practice clock's offset is kept, in minutes.
pub const CLOCK_OFFSET_SETTING: &str = "practice.clock-offset-minutes";
/// Furthest that the practice clock may be moved, in minutes (one year).
pub const CLOCK_LIMIT_MINUTES: i64 = 525_600;

#[derive(Debug, Clone)]
pub struct LetterRow {
    pub id: String,
    pub at_text: String,
    pub to: String,
    pub subject: String,
    pub body: String,
    /// `queued`, `sent` or `dead`.
    pub state: &'static str,
}

fn only_practice(haven: &Haven) -> Result<(), ActionError> {
    if haven.mode == Mode::Practice { Ok(()) } else { Err(ActionError::NotFound) }
}

/// All letters, newest first.
pub async fn mailbox(haven: &Haven, page: u32) -> Result<Page<LetterRow>, ActionError> {
    only_practice(haven)?;
    let pack = haven.pack();
    let now = haven.now();
    let team = Team::read(haven).await?;
    let found = store::outbox::mailbox(&haven.store, page.max(1)).await?;
    let row = |letter: store::outbox::Letter| LetterRow {
        id: letter.id,
        at_text: words::moment(&pack.calendar, now, letter.created_at),
        to: addressee(&pack, &team, &letter.to_person),
        subject: letter.subject,
        body: letter.body,
        state: match letter.state {
            store::outbox::LetterState::Queued => "queued",
            store::outbox::LetterState::Sent => "sent",
            store::outbox::LetterState::Dead => "dead",
        },
    };
    Ok(Page {
        items: found.items.into_iter().map(row).collect(),
        page: found.page,
        pages: found.pages,
        total: found.total,
    })
}

fn addressee(pack: &policy::Pack, team: &Team, person: &str) -> String {
    let post = team.person(person).and_then(|person| person.posts.first());
    match post {
        Some(post) => team.post_and_name(pack, post, person),
        None => team.name_of(person),
    }
}

/// Moves the practice clock forward. `server` reads the setting and moves its clock.
pub async fn move_clock(haven: &Haven, minutes: i64) -> Result<i64, ActionError> {
    only_practice(haven)?;
    if minutes <= 0 {
        return Err(ActionError::fault("minutes", "The practice clock only moves forward."));
    }
    in_unit!(haven, unit => {
        let kept = store::settings::get(&mut unit, CLOCK_OFFSET_SETTING).await?;
        let offset = kept.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0).saturating_add(minutes);
        if offset > CLOCK_LIMIT_MINUTES {
            return Err(ActionError::fault("minutes", "The practice clock cannot be moved further than a year."));
        }
        store::settings::put(&mut unit, CLOCK_OFFSET_SETTING, &offset.to_string()).await?;
        Ok(offset)
    })
}

/// What time the practice organisation believes it is.
pub fn practice_now(haven: &Haven) -> Result<(Timestamp, String), ActionError> {
    only_practice(haven)?;
    let now = haven.now();
    let text = now.to_zoned(haven.pack().calendar.zone.clone()).strftime("%A %-d %B %Y, %H:%M").to_string();
    Ok((now, text))
}

/// One invented person of the practice organisation.
#[derive(Debug, Clone)]
pub struct PracticePerson {
    pub id: String,
    pub username: String,
    pub name: String,
    /// Post titles, or the population.
    pub what: String,
}

/// Everybody in the practice organisation, for the one-click sign-in.
pub async fn practice_people(haven: &Haven) -> Result<Vec<PracticePerson>, ActionError> {
    only_practice(haven)?;
    let pack = haven.pack();
    let now = haven.now();
    let team = Team::read(haven).await?;
    let card = |person: &store::people::Person| {
        let titles: Vec<String> =
            person.posts.iter().filter_map(|post| pack.post(post)).map(|post| post.title.clone()).collect();
        let day = pack.calendar.day_of(now);
        let group = pack.group_on(&person.population, person.born, &person.flags, day);
        PracticePerson {
            id: person.id.clone(),
            username: person.username.clone(),
            name: person.name.clone(),
            what: if titles.is_empty() {
                group.map_or_else(|| person.population.clone(), |group| group.title.clone())
            } else {
                titles.join(", ")
            },
        }
    };
    // Learners first: that is where the story begins.
    let order = |person: &&store::people::Person| match person.population.as_str() {
        "learner" => 0,
        "visitor" => 1,
        _ => 2,
    };
    let mut people: Vec<&store::people::Person> = team.people.iter().collect();
    people.sort_by_key(order);
    Ok(people.into_iter().map(card).collect())
}
