-- What Haven keeps, part 12: what was written down at a legal stop gate and waits for the second person.

-- One answer for each gate: a changed one takes the place of the first, and nobody has agreed to it yet. The words are
-- sealed; the second person agrees to exactly this sealed text.
CREATE TABLE step_answers (
  case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
  step TEXT NOT NULL CHECK(length(step) <= 64),
  choice TEXT CHECK(length(choice) <= 64), -- NULL where the step asks no question
  leave_out BOOLEAN NOT NULL, -- the answer is to leave the step out
  by_person TEXT NOT NULL CHECK(length(by_person) <= 64),
  at BIGINT NOT NULL,
  sealed_id TEXT NOT NULL REFERENCES sealed (id) ON DELETE CASCADE,
  PRIMARY KEY (case_id, step)
);
