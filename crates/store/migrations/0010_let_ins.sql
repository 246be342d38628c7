-- What Haven keeps, part 10: letting somebody in who was left out of a case by mistake.

-- One holder of the case asks, with sealed reasons; another agrees or refuses. The person is a keyed digest, as among the
-- exclusions: nobody learns from this table whom it is about, least of all they themselves.
CREATE TABLE let_ins (
  id TEXT PRIMARY KEY CHECK(length(id) BETWEEN 1 AND 64),
  case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
  token BYTEA NOT NULL CHECK(length(token) = 32),
  asked_by TEXT NOT NULL CHECK(length(asked_by) <= 64),
  asked_at BIGINT NOT NULL,
  sealed_id TEXT REFERENCES sealed (id) ON DELETE SET NULL,
  settled_by TEXT CHECK(length(settled_by) <= 64),
  settled_at BIGINT,
  agreed BOOLEAN
);
CREATE INDEX let_ins_of_case ON let_ins (case_id, asked_at, id);
