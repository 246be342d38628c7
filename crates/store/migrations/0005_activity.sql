-- What Haven keeps, part 5, in a file or schema of its own: what browsers asked for and what was decided.
--
-- A gateway may write here and read the feed; it has no way to people's cases. Only people who acknowledged the notice
-- have rows here (S-4); help sites and Haven's own pages never do (S-3).

-- Records come in batches; each gateway chains its own, so that a missing or altered batch shows.
CREATE TABLE batches (
  gateway TEXT NOT NULL CHECK(length(gateway) BETWEEN 1 AND 64),
  seq BIGINT NOT NULL CHECK(seq > 0),
  at BIGINT NOT NULL,
  records BIGINT NOT NULL,
  first_reference TEXT NOT NULL UNIQUE CHECK(length(first_reference) <= 32), -- a batch sent twice is kept once
  prev BYTEA NOT NULL CHECK(length(prev) = 32),
  record_digests BYTEA NOT NULL, -- 32 bytes a record, in order: they outlive the records, so retention leaves the chain whole
  digest BYTEA NOT NULL CHECK(length(digest) = 32),
  PRIMARY KEY (gateway, seq)
);

-- One decision about one request. The reference stands on the block page.
CREATE TABLE records (
  reference TEXT PRIMARY KEY CHECK(length(reference) BETWEEN 1 AND 32),
  gateway TEXT NOT NULL,
  batch BIGINT NOT NULL,
  place BIGINT NOT NULL,
  at BIGINT NOT NULL,
  person TEXT NOT NULL CHECK(length(person) <= 64),
  population TEXT NOT NULL CHECK(length(population) <= 40),
  listener TEXT NOT NULL CHECK(length(listener) <= 100),
  device TEXT NOT NULL CHECK(length(device) <= 64),
  method TEXT NOT NULL CHECK(length(method) <= 20),
  scheme TEXT NOT NULL CHECK(length(scheme) <= 20),
  host TEXT NOT NULL CHECK(length(host) <= 253),
  path TEXT NOT NULL CHECK(length(path) <= 2000),
  search TEXT NOT NULL CHECK(length(search) <= 500), -- words searched for; form posts are never kept
  action TEXT NOT NULL CHECK(length(action) <= 20),
  codes TEXT NOT NULL CHECK(length(codes) <= 2000),
  rule TEXT NOT NULL CHECK(length(rule) <= 200),
  citation TEXT NOT NULL CHECK(length(citation) <= 200),
  citation_text TEXT NOT NULL CHECK(length(citation_text) <= 200),
  reason TEXT NOT NULL CHECK(length(reason) <= 1000),
  list TEXT NOT NULL CHECK(length(list) <= 500),
  navigation BOOLEAN NOT NULL,
  pack_digest TEXT NOT NULL CHECK(length(pack_digest) <= 64),
  lists_digest TEXT NOT NULL CHECK(length(lists_digest) <= 64),
  alert TEXT CHECK(length(alert) <= 8000), -- JSON of what the trigger saw; NULL for nearly all, and again after a false alarm
  alert_taken_at BIGINT, -- when it crossed to casework
  how TEXT NOT NULL CHECK(length(how) <= 300), -- how and when the person was identified (S-5)
  session TEXT NOT NULL CHECK(length(session) <= 64),
  found TEXT NOT NULL CHECK(length(found) <= 500), -- host, device and reference, folded, to search in
  UNIQUE (gateway, batch, place)
);
CREATE INDEX records_by_time ON records (at, reference);
CREATE INDEX records_of_person ON records (person, at);
CREATE INDEX records_of_host ON records (host, at);
CREATE INDEX records_alerts ON records (at) WHERE alert IS NOT NULL;
CREATE INDEX records_alerts_waiting ON records (at) WHERE alert IS NOT NULL AND alert_taken_at IS NULL;
