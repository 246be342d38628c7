-- What Haven keeps, part 13: the pass of a session, where several people share the addresses of a listener (S-6).

-- Only its digest is kept, with the door at which it was given. It is good there, for as long as the session lives.
ALTER TABLE sessions ADD COLUMN pass_hash BYTEA CHECK(length(pass_hash) = 32);
ALTER TABLE sessions ADD COLUMN pass_listener TEXT CHECK(length(pass_listener) <= 100);
ALTER TABLE sessions ADD COLUMN pass_address TEXT CHECK(length(pass_address) <= 45);
CREATE UNIQUE INDEX sessions_one_per_pass ON sessions (pass_hash) WHERE pass_hash IS NOT NULL;
