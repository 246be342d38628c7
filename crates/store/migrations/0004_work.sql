-- What Haven keeps, part 4: what is still to be done, what was sent, what changed, and small memories.

-- Work for later. Ids and dates only: a job says which case, never what is in it. One key, one job.
CREATE TABLE jobs (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  kind TEXT NOT NULL CHECK(length(kind) <= 64),
  payload TEXT NOT NULL CHECK(length(payload) <= 20000),
  key TEXT UNIQUE CHECK(length(key) <= 200),
  run_after BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  lease_until BIGINT,
  done_at BIGINT,
  dead_at BIGINT,
  last_error TEXT CHECK(length(last_error) <= 1000)
);
CREATE INDEX jobs_open ON jobs (run_after, id) WHERE done_at IS NULL AND dead_at IS NULL;

-- Mail. A letter says only that something waits.
CREATE TABLE letters (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  to_person TEXT NOT NULL CHECK(length(to_person) <= 64),
  subject TEXT NOT NULL CHECK(length(subject) <= 200),
  body TEXT NOT NULL CHECK(length(body) <= 10000),
  state TEXT NOT NULL CHECK(state IN ('queued', 'sent', 'dead')),
  attempts BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  sent_at BIGINT,
  last_error TEXT CHECK(length(last_error) <= 1000)
);
CREATE INDEX letters_queued ON letters (next_at, id) WHERE state = 'queued';
CREATE INDEX letters_by_time ON letters (created_at, id);

-- What the gateways must fetch afresh: pack, lists, roster, sessions, rules. Written in the transaction that changes it.
CREATE TABLE feed (
  seq BIGINT PRIMARY KEY,
  kind TEXT NOT NULL CHECK(length(kind) <= 40),
  digest TEXT NOT NULL CHECK(length(digest) <= 128),
  at BIGINT NOT NULL
);

-- The end of the feed: one row, so that numbers are given in the order of commits and no reader skips one.
CREATE TABLE feed_head (
  one BIGINT PRIMARY KEY CHECK(one = 1),
  seq BIGINT NOT NULL
);
INSERT INTO feed_head (one, seq) VALUES (1, 0);

-- "Ask for this site" from a block page (F12).
CREATE TABLE site_requests (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  at BIGINT NOT NULL,
  host TEXT NOT NULL CHECK(length(host) <= 253),
  asked_by TEXT NOT NULL CHECK(length(asked_by) <= 64),
  population TEXT NOT NULL CHECK(length(population) <= 40),
  why TEXT NOT NULL CHECK(length(why) <= 1000),
  record_reference TEXT NOT NULL CHECK(length(record_reference) <= 32),
  state TEXT NOT NULL CHECK(state IN ('asked', 'allowed', 'refused')),
  decided_at BIGINT,
  decided_by TEXT CHECK(length(decided_by) <= 64),
  decision_reason TEXT CHECK(length(decision_reason) <= 1000),
  until BIGINT
);
CREATE INDEX site_requests_by_time ON site_requests (at, id);

-- The organisation's own rules for single sites, each with a reason, a clause and an end.
CREATE TABLE local_rules (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  host TEXT NOT NULL CHECK(length(host) <= 253),
  allow BOOLEAN NOT NULL,
  population TEXT NOT NULL CHECK(length(population) <= 40), -- empty: everybody
  reason TEXT NOT NULL CHECK(length(reason) <= 1000),
  citation TEXT NOT NULL CHECK(length(citation) <= 200),
  made_at BIGINT NOT NULL,
  made_by TEXT NOT NULL CHECK(length(made_by) <= 64),
  until BIGINT,
  request_id TEXT REFERENCES site_requests (id),
  withdrawn_at BIGINT
);

-- Alerts as the head of IT sees them: device, theme and grade, never the case. The token hides a row from its subject.
CREATE TABLE technical_alerts (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  at BIGINT NOT NULL,
  theme TEXT NOT NULL CHECK(length(theme) <= 64),
  grade TEXT NOT NULL CHECK(length(grade) <= 20),
  device TEXT NOT NULL CHECK(length(device) <= 64),
  host TEXT NOT NULL CHECK(length(host) <= 253),
  event_reference TEXT NOT NULL UNIQUE CHECK(length(event_reference) <= 32),
  subject_token BYTEA CHECK(length(subject_token) = 32),
  acknowledged_at BIGINT,
  acknowledged_by TEXT CHECK(length(acknowledged_by) <= 64)
);
CREATE INDEX technical_alerts_by_time ON technical_alerts (at, id);

-- Forms already dealt with: the same form posted twice gets the same receipt.
CREATE TABLE receipts (
  key TEXT PRIMARY KEY CHECK(length(key) BETWEEN 1 AND 100),
  receipt TEXT NOT NULL CHECK(length(receipt) <= 20000),
  at BIGINT NOT NULL
);
CREATE INDEX receipts_by_time ON receipts (at);

-- Failed sign-ins, per account and per address: the next try waits. Rows go after a day.
CREATE TABLE failures (
  bucket TEXT NOT NULL CHECK(length(bucket) <= 200),
  at BIGINT NOT NULL,
  times BIGINT NOT NULL,
  PRIMARY KEY (bucket, at)
);
CREATE INDEX failures_by_time ON failures (at);
