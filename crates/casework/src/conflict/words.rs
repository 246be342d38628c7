//! Words that are also names: how each must be written before it counts as naming somebody.
//!
//! The lists are short on purpose. A word that is not here counts as a name however it is written (decision 0014), so a
//! word belongs here only if it turns up in ordinary reports so often that it would leave people out by accident: a
//! concern about a learner that is taken to name a member of staff goes away from the safeguarding posts.

/// How far a word can be told from a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name wherever it stands.
    Name,
    /// Stands at the beginning of many sentences: a name only with a capital inside a sentence ("I saw Will").
    Opening,
    /// A name only with a capital ("Grace said", but not "grace").
    Common,
    /// What a post is called: a name only beside a title of address or the rest of the name ("Mr Head").
    Post,
}

/// What a folded word is.
pub(super) fn kind(word: &str) -> Kind {
    let singular = word.strip_suffix('s').filter(|singular| singular.len() > 2).unwrap_or(word);
    let in_list = |list: &[&str]| list.contains(&word) || list.contains(&singular);
    if in_list(POSTS) {
        Kind::Post
    } else if in_list(OPENING) {
        Kind::Opening
    } else if in_list(COMMON) {
        Kind::Common
    } else {
        Kind::Name
    }
}

/// Words before a name that make the next word a name.
pub(super) const ADDRESSES: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "dr",
    "doctor",
    "prof",
    "professor",
    "sir",
    "madam",
    "dame",
    "rev",
    "reverend",
    "imam",
    "rabbi",
    "father",
    "uncle",
];

/// Words of address that are also said without a name after them: "Miss, can you help".
pub(super) const SAID_ALONE: &[&str] = &["miss", "sir", "madam", "father", "uncle", "doctor"];

/// Parts of a name that are written apart or together: "de Souza", "Desouza"; "O Brien", "O'Brien".
pub(super) const PARTICLES: &[&str] = &[
    "o", "d", "l", "mc", "mac", "fitz", "st", "al", "el", "ul", "la", "le", "de", "del", "della", "di", "da", "dos",
    "du", "van", "von", "der", "den", "bin", "ibn",
];

/// Months that are also names.
pub(super) const MONTHS: &[&str] = &["april", "may", "june", "august"];

/// Before a month's name these say that the month is meant.
pub(super) const BEFORE_MONTHS: &[&str] =
    &["in", "since", "last", "until", "till", "next", "this", "early", "late", "mid", "during"];

/// After "principal" or "chief" these say that it is no post: "the principal reason".
pub(super) const THINGS: &[&str] = &[
    "aim",
    "amount",
    "cause",
    "concern",
    "contact",
    "difference",
    "difficulty",
    "factor",
    "focus",
    "idea",
    "issue",
    "language",
    "motive",
    "objective",
    "point",
    "problem",
    "purpose",
    "question",
    "reason",
    "residence",
    "risk",
    "source",
    "subject",
    "thing",
    "topic",
    "worry",
];

/// Words that link the words of a title.
pub(super) const LINKS: &[&str] = &["of", "and", "the", "for", "in"];

/// Ways to write the same post: the words on the left stand for the one on the right.
pub(super) const SHORT_FORMS: [(&[&str], &str); 4] = [
    (&["human", "resource"], "hr"),
    (&["information", "technology"], "it"),
    (&["senior", "management", "team"], "smt"),
    (&["senior", "leadership", "team"], "slt"),
];

const POSTS: &[&str] = &[
    "admin",
    "assessor",
    "board",
    "chair",
    "chief",
    "college",
    "coordinator",
    "deputy",
    "designated",
    "director",
    "executive",
    "governor",
    "head",
    "hr",
    "lead",
    "leader",
    "learner",
    "learning",
    "manager",
    "officer",
    "principal",
    "quality",
    "safeguarding",
    "school",
    "staff",
    "student",
    "support",
    "teacher",
    "technician",
    "tutor",
];

const OPENING: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "before", "but", "by", "can", "could", "dear", "did", "do", "does", "down", "even", "every", "ever", "for", "from",
    "get", "go", "got", "had", "has", "have", "he", "hello", "help", "her", "here", "hi", "him", "his", "hope", "how",
    "i", "if", "in", "is", "it", "just", "last", "let", "like", "long", "love", "made", "make", "many", "may", "me",
    "might", "more", "most", "much", "must", "my", "never", "new", "next", "no", "not", "now", "of", "off", "oh", "ok",
    "on", "once", "one", "only", "or", "our", "out", "over", "own", "people", "please", "said", "saw", "say", "she",
    "should", "so", "some", "still", "such", "than", "thank", "that", "the", "their", "them", "then", "there", "these",
    "they", "this", "to", "today", "too", "under", "up", "us", "very", "was", "we", "were", "what", "when", "where",
    "who", "why", "will", "with", "would", "you", "young",
];

const COMMON: &[&str] = &[
    "al",
    "art",
    "arm",
    "bad",
    "ball",
    "bank",
    "bed",
    "bell",
    "best",
    "big",
    "bin",
    "bird",
    "bishop",
    "black",
    "blood",
    "book",
    "boy",
    "bright",
    "brown",
    "bush",
    "case",
    "child",
    "christian",
    "church",
    "city",
    "class",
    "close",
    "cook",
    "cross",
    "da",
    "dad",
    "day",
    "de",
    "del",
    "den",
    "der",
    "di",
    "door",
    "dos",
    "du",
    "el",
    "fair",
    "faith",
    "field",
    "fine",
    "food",
    "friend",
    "girl",
    "good",
    "grace",
    "gray",
    "great",
    "green",
    "ground",
    "guy",
    "hall",
    "hand",
    "hard",
    "high",
    "hill",
    "ho",
    "home",
    "house",
    "ill",
    "jean",
    "keen",
    "king",
    "la",
    "le",
    "light",
    "little",
    "low",
    "ma",
    "man",
    "marks",
    "money",
    "nail",
    "nice",
    "night",
    "old",
    "pa",
    "page",
    "park",
    "pay",
    "poor",
    "pope",
    "post",
    "power",
    "price",
    "quick",
    "read",
    "real",
    "rich",
    "right",
    "ring",
    "road",
    "room",
    "safe",
    "sad",
    "self",
    "sex",
    "sharp",
    "short",
    "small",
    "son",
    "song",
    "st",
    "street",
    "strong",
    "sweet",
    "time",
    "van",
    "von",
    "way",
    "week",
    "west",
    "white",
    "wood",
    "wrong",
];
