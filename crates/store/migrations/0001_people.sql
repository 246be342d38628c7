-- What Haven keeps, part 1: the people of the organisation, how they sign in, what they have agreed to, and the policy.
--
-- These files are a tour. Times are microseconds since 1970, UTC. Ids are text that sorts by time, except where nobody
-- may learn an order: case references are random. A length stands beside every text that comes from outside.

-- Everybody who has an account: learners, staff, visitors. `search` is name and user name folded to plain lower case.
CREATE TABLE people (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  name TEXT NOT NULL CHECK(length(name) BETWEEN 1 AND 200),
  username TEXT NOT NULL UNIQUE CHECK(length(username) BETWEEN 1 AND 100),
  population TEXT NOT NULL CHECK(length(population) <= 40),
  born TEXT CHECK(length(born) = 10), -- yyyy-mm-dd; NULL when the organisation does not hold it
  flags TEXT NOT NULL CHECK(length(flags) <= 2000), -- JSON array of the pack's words, e.g. at-risk
  site TEXT NOT NULL CHECK(length(site) <= 100),
  email TEXT NOT NULL CHECK(length(email) <= 254),
  disabled BOOLEAN NOT NULL,
  password_hash TEXT CHECK(length(password_hash) <= 300), -- Argon2id; never a way to case keys (S-10)
  created_at BIGINT NOT NULL,
  search TEXT NOT NULL CHECK(length(search) <= 400)
);
CREATE INDEX people_by_name ON people (name, id);

-- Which posts of the pack a person holds: safeguarding lead, deputy, head of IT, ...
CREATE TABLE person_posts (
  person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  post TEXT NOT NULL CHECK(length(post) BETWEEN 1 AND 64),
  PRIMARY KEY (person, post)
);
CREATE INDEX person_posts_by_post ON person_posts (post, person);

-- A signed-in browser. Only the digest of its token is kept: a stolen copy of this table signs nobody in.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  token_hash BYTEA NOT NULL UNIQUE CHECK(length(token_hash) = 32),
  person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  csrf TEXT NOT NULL CHECK(length(csrf) <= 100),
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  ended_at BIGINT,
  door_listener TEXT CHECK(length(door_listener) <= 100), -- the gateway's listener and the computer behind it (S-6)
  door_address TEXT CHECK(length(door_address) <= 45)
);
-- One door, one live session: nobody is ever guessed (S-6).
CREATE UNIQUE INDEX sessions_one_per_door ON sessions (door_listener, door_address) WHERE ended_at IS NULL AND door_listener IS NOT NULL;
CREATE INDEX sessions_of_person ON sessions (person, ended_at);
CREATE INDEX sessions_live ON sessions (seen_at) WHERE ended_at IS NULL;

-- That the monitoring notice was shown and acknowledged (S-4), and which agreement was signed, in which words.
CREATE TABLE signatures (
  person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  agreement TEXT NOT NULL CHECK(length(agreement) <= 100),
  digest TEXT NOT NULL CHECK(length(digest) <= 64), -- of the words that were shown
  version TEXT NOT NULL CHECK(length(version) <= 40),
  kind TEXT NOT NULL CHECK(kind IN ('notice', 'acceptable-use')),
  at BIGINT NOT NULL,
  PRIMARY KEY (person, agreement, digest)
);
CREATE INDEX signatures_by_kind ON signatures (kind, person);

-- The shelf of policy packs: a case keeps the version it began under, so none is thrown away while a case names it.
CREATE TABLE packs (
  digest TEXT PRIMARY KEY CHECK(length(digest) = 64),
  pack TEXT NOT NULL CHECK(length(pack) <= 64),
  version TEXT NOT NULL CHECK(length(version) <= 40),
  files TEXT NOT NULL CHECK(length(files) <= 8000000), -- JSON: file name to text
  kept_at BIGINT NOT NULL,
  kept_by TEXT NOT NULL CHECK(length(kept_by) <= 64)
);

-- Which pack was in force from when. The last row is the one in force.
CREATE TABLE packs_in_force (
  place BIGINT PRIMARY KEY,
  digest TEXT NOT NULL REFERENCES packs (digest),
  since BIGINT NOT NULL,
  by_person TEXT NOT NULL CHECK(length(by_person) <= 64)
);

-- Small facts about this Haven: the organisation's name, the practice clock, the agencies' contacts.
CREATE TABLE settings (
  key TEXT PRIMARY KEY CHECK(length(key) BETWEEN 1 AND 100),
  value TEXT NOT NULL CHECK(length(value) <= 20000)
);
