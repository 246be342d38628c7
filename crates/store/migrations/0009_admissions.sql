-- What Haven keeps, part 9: who was let in to which post (S-10).

-- A post by which cases come to somebody counts only once another holder has let them in. No row, no cases: whoever
-- writes a post beside a name by some other way gains nothing. A reset password takes the letting-in away again.
CREATE TABLE admissions (
  person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  post TEXT NOT NULL CHECK(length(post) BETWEEN 1 AND 64),
  given_by TEXT NOT NULL CHECK(length(given_by) <= 64), -- who put them there or reset their password: never the one who lets them in
  given_at BIGINT NOT NULL,
  admitted_by TEXT CHECK(length(admitted_by) <= 64),
  admitted_at BIGINT,
  PRIMARY KEY (person, post)
);
