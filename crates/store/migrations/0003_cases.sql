-- What Haven keeps, part 3: concerns and what is done about them.
--
-- Clocks, steps, routes and dates stand here unsealed, so that a deadline needs nobody signed in. What a person wrote or
-- did stands only in `sealed`, readable with the case's key, and case keys are kept elsewhere (0006).

-- One case. `subject_token` is a keyed digest of the person it is about: it groups, hides and forgets, and names nobody.
CREATE TABLE cases (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  reference TEXT NOT NULL UNIQUE CHECK(length(reference) BETWEEN 6 AND 32), -- random: gaps tell nothing
  procedure TEXT NOT NULL CHECK(length(procedure) <= 64),
  theme TEXT CHECK(length(theme) <= 64),
  grade TEXT CHECK(length(grade) <= 20),
  state TEXT NOT NULL CHECK(state IN ('unassessed', 'open', 'closed', 'false-alarm')),
  source TEXT NOT NULL CHECK(source IN ('alert', 'report', 'anonymous', 'accident')),
  pack_digest TEXT NOT NULL CHECK(length(pack_digest) = 64), -- the policy version that it began under
  subject_token BYTEA CHECK(length(subject_token) = 32), -- NULL once forgotten
  about TEXT NOT NULL CHECK(length(about) <= 40),
  owner_post TEXT NOT NULL CHECK(length(owner_post) <= 64),
  owner_person TEXT CHECK(length(owner_person) <= 64),
  opened_at BIGINT NOT NULL,
  acknowledge_due_at BIGINT,
  acknowledged_at BIGINT,
  acknowledged_by TEXT CHECK(length(acknowledged_by) <= 64),
  escalations BIGINT NOT NULL,
  hits BIGINT NOT NULL,
  last_hit_at BIGINT,
  revision BIGINT NOT NULL,
  public_key BYTEA NOT NULL CHECK(length(public_key) = 32),
  closed_at BIGINT,
  outcome TEXT CHECK(length(outcome) <= 64),
  emergency_at BIGINT,
  group_key BYTEA UNIQUE CHECK(length(group_key) = 32), -- set while more hits of the same person and theme join (S-5)
  search TEXT NOT NULL CHECK(length(search) <= 1000) -- folded words that are not sealed: reference, kind
);
CREATE INDEX cases_by_state ON cases (state, opened_at);
CREATE INDEX cases_unacknowledged ON cases (acknowledge_due_at) WHERE acknowledged_at IS NULL AND closed_at IS NULL;

-- Who has a place in a case: who owns it, who is next, who was told, who must second.
CREATE TABLE case_members (
  case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
  person TEXT NOT NULL CHECK(length(person) <= 64),
  post TEXT NOT NULL CHECK(length(post) <= 64),
  place TEXT NOT NULL CHECK(place IN ('owner', 'next', 'told', 'second')),
  since BIGINT NOT NULL,
  PRIMARY KEY (case_id, person)
);
CREATE INDEX case_members_by_person ON case_members (person, case_id);

-- Whom a case is hidden from (invariant 11), by keyed digest: the table itself tells on nobody.
CREATE TABLE case_exclusions (
  case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
  token BYTEA NOT NULL CHECK(length(token) = 32),
  why TEXT NOT NULL CHECK(length(why) <= 300), -- a sentence without a name
  PRIMARY KEY (case_id, token)
);
CREATE INDEX case_exclusions_by_token ON case_exclusions (token, case_id);

-- The steps of the case's procedure, with their clocks.
CREATE TABLE case_steps (
  case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
  step TEXT NOT NULL CHECK(length(step) <= 64),
  place BIGINT NOT NULL,
  status TEXT NOT NULL CHECK(length(status) <= 20),
  due_at BIGINT,
  done_at BIGINT,
  done_by TEXT CHECK(length(done_by) <= 64),
  choice TEXT CHECK(length(choice) <= 64),
  second_by TEXT CHECK(length(second_by) <= 64), -- who let a legal stop gate pass
  PRIMARY KEY (case_id, step)
);
CREATE INDEX case_steps_due ON case_steps (due_at) WHERE done_at IS NULL;

-- Every text, name and piece of evidence, sealed to the case's key. The digest is of the sealed bytes; an audit entry
-- vouches for it. Images that are unlawful to hold have no way in: no kind here can carry a picture (S-7).
CREATE TABLE sealed (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK(kind IN ('narrative', 'note', 'name', 'evidence', 'reply', 'referral', 'alert', 'timeline', 'decision')),
  at BIGINT NOT NULL,
  by_person TEXT NOT NULL CHECK(length(by_person) <= 64), -- empty for an anonymous reporter, the clock or the gateway
  ciphertext BYTEA NOT NULL CHECK(length(ciphertext) <= 2000000),
  digest TEXT NOT NULL CHECK(length(digest) = 64)
);
CREATE INDEX sealed_of_case ON sealed (case_id, at, id);

-- What was decided; the reasons are sealed.
CREATE TABLE decisions (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
  step TEXT NOT NULL CHECK(length(step) <= 64),
  choice TEXT NOT NULL CHECK(length(choice) <= 64),
  at BIGINT NOT NULL,
  by_person TEXT NOT NULL CHECK(length(by_person) <= 64),
  sealed_id TEXT REFERENCES sealed (id) ON DELETE SET NULL
);
CREATE INDEX decisions_of_case ON decisions (case_id, at, id);

-- What left the organisation, to whom, and whether an answer came.
CREATE TABLE referrals (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
  step TEXT NOT NULL CHECK(length(step) <= 64),
  agency TEXT NOT NULL CHECK(length(agency) <= 64),
  sent_at BIGINT NOT NULL,
  sent_by TEXT NOT NULL CHECK(length(sent_by) <= 64),
  consent TEXT NOT NULL CHECK(length(consent) <= 40),
  reply_by BIGINT,
  reply_at BIGINT,
  sealed_id TEXT REFERENCES sealed (id) ON DELETE SET NULL
);
CREATE INDEX referrals_of_case ON referrals (case_id, sent_at, id);

-- Reports that carry their reporter's name. An anonymous report never has a row here (S-3).
CREATE TABLE reports (
  case_id TEXT PRIMARY KEY REFERENCES cases (id) ON DELETE CASCADE,
  reference TEXT NOT NULL UNIQUE CHECK(length(reference) <= 32),
  reporter TEXT NOT NULL CHECK(length(reporter) <= 64),
  confidential BOOLEAN NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX reports_of_reporter ON reports (reporter, at);

-- The two-way thread of an anonymous report. Who holds the code can read it; nothing here says who that is (S-3).
CREATE TABLE anonymous_threads (
  reference TEXT PRIMARY KEY CHECK(length(reference) <= 32),
  code_hash BYTEA NOT NULL UNIQUE CHECK(length(code_hash) = 32),
  reporter_public BYTEA NOT NULL CHECK(length(reporter_public) = 32),
  case_id TEXT NOT NULL UNIQUE REFERENCES cases (id) ON DELETE CASCADE
);

-- Each message twice: sealed to the case, and sealed to the code.
CREATE TABLE anonymous_messages (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  reference TEXT NOT NULL REFERENCES anonymous_threads (reference) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  from_us BOOLEAN NOT NULL,
  for_case BYTEA NOT NULL CHECK(length(for_case) <= 200000),
  for_reporter BYTEA NOT NULL CHECK(length(for_reporter) <= 200000)
);
CREATE INDEX anonymous_messages_of_thread ON anonymous_messages (reference, at, id);

-- When a case's keys were erased, and the day from which no backup of the keys can open it either.
CREATE TABLE erasures (
  case_id TEXT PRIMARY KEY CHECK(length(case_id) <= 64),
  at BIGINT NOT NULL,
  final_at BIGINT NOT NULL
);
