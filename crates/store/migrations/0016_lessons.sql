-- What Haven keeps, part 16: lessons with checked sites, or with free searching that somebody watches (F10).

CREATE TABLE lessons (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  title TEXT NOT NULL CHECK(length(title) <= 200),
  code TEXT NOT NULL CHECK(length(code) BETWEEN 4 AND 16),
  free_search BOOLEAN NOT NULL,
  why TEXT NOT NULL CHECK(length(why) <= 1000), -- why learners search freely
  supervisor TEXT NOT NULL CHECK(length(supervisor) <= 200), -- who watches then
  citation TEXT NOT NULL CHECK(length(citation) <= 200),
  started_at BIGINT NOT NULL,
  started_by TEXT NOT NULL CHECK(length(started_by) <= 64),
  until BIGINT NOT NULL,
  ended_at BIGINT,
  ended_by TEXT CHECK(length(ended_by) <= 64)
);
CREATE INDEX lessons_by_time ON lessons (started_at, id);
CREATE INDEX lessons_by_end ON lessons (until);

-- What was checked for a lesson, and what was found unsuitable in it.
CREATE TABLE lesson_sites (
  lesson_id TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  site TEXT NOT NULL CHECK(length(site) BETWEEN 1 AND 253),
  checked_at BIGINT, -- none: found unsuitable while learners searched freely
  checked_by TEXT CHECK(length(checked_by) <= 64),
  closed_at BIGINT,
  closed_by TEXT CHECK(length(closed_by) <= 64),
  PRIMARY KEY (lesson_id, site)
);

-- Who is in it. Forgotten as activity is.
CREATE TABLE lesson_people (
  lesson_id TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  person TEXT NOT NULL CHECK(length(person) <= 64),
  joined_at BIGINT NOT NULL,
  left_at BIGINT,
  PRIMARY KEY (lesson_id, person)
);
CREATE INDEX lesson_people_by_person ON lesson_people (person);
