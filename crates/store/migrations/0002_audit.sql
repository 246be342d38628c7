-- What Haven keeps, part 2: the audit chain. Every entry holds the digest of the one before it (invariant 10).

-- Who did what to what, under which clause, and the digests of the sealed texts it vouches for. No content: retention
-- can remove a text, and the chain still holds.
CREATE TABLE audit (
  seq BIGINT PRIMARY KEY CHECK(seq > 0),
  at BIGINT NOT NULL,
  actor TEXT NOT NULL CHECK(length(actor) <= 64), -- a person's id, clock, gateway, or empty for an anonymous reporter
  action TEXT NOT NULL CHECK(length(action) <= 64),
  object TEXT NOT NULL CHECK(length(object) <= 128),
  detail TEXT NOT NULL CHECK(length(detail) <= 20000), -- JSON, nothing sensitive
  citation TEXT NOT NULL CHECK(length(citation) <= 200), -- a clause with its pack's digest, or a safety rule
  digests TEXT NOT NULL CHECK(length(digests) <= 200000), -- JSON array of hexadecimal SHA-256
  prev BYTEA NOT NULL CHECK(length(prev) = 32),
  hash BYTEA NOT NULL CHECK(length(hash) = 32)
);
CREATE INDEX audit_of_object ON audit (object, seq);

-- The end of the chain: one row, moved on by the last statements before each commit.
CREATE TABLE audit_head (
  one BIGINT PRIMARY KEY CHECK(one = 1),
  seq BIGINT NOT NULL,
  hash BYTEA NOT NULL CHECK(length(hash) = 32)
);
