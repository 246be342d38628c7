-- What Haven keeps, part 6, in a file or schema of its own that is in no backup: the keys.
--
-- Nothing here opens by itself. A holder's private key opens with that person's password (S-10), a case's key with a
-- holder's private key. Removing a case's rows here makes every copy of its texts unreadable.

-- Each case-holder's key pair. The private half is sealed with a key made from the password by Argon2id.
CREATE TABLE holder_keys (
  person TEXT PRIMARY KEY CHECK(length(person) <= 64),
  public BYTEA NOT NULL CHECK(length(public) = 32),
  sealed_private BYTEA NOT NULL CHECK(length(sealed_private) <= 500),
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);

-- A case's key, wrapped once for each person who may come to hold the case, and once for recovery.
CREATE TABLE case_keys (
  case_id TEXT NOT NULL CHECK(length(case_id) <= 64),
  person TEXT NOT NULL CHECK(length(person) <= 64),
  wrapped BYTEA NOT NULL CHECK(length(wrapped) <= 500),
  at BIGINT NOT NULL,
  PRIMARY KEY (case_id, person)
);
CREATE INDEX case_keys_of_person ON case_keys (person, case_id);

-- The public half of the recovery key. The private half exists only in the shares that people were given.
CREATE TABLE recovery_key (
  one BIGINT PRIMARY KEY CHECK(one = 1),
  public BYTEA NOT NULL CHECK(length(public) = 32),
  created_at BIGINT NOT NULL
);

-- A holder's private key for the length of a session, sealed with the token that only the browser has.
CREATE TABLE session_keys (
  session TEXT PRIMARY KEY CHECK(length(session) <= 64),
  wrapped BYTEA NOT NULL CHECK(length(wrapped) <= 500),
  at BIGINT NOT NULL
);

-- This Haven's own keys: `index` makes the keyed digests of people, `audit` signs the chain's head.
CREATE TABLE own_keys (
  name TEXT PRIMARY KEY CHECK(length(name) <= 40),
  secret BYTEA NOT NULL CHECK(length(secret) = 32)
);
