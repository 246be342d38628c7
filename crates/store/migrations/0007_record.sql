-- What Haven keeps, part 7: every audit entry vouches for the rows that its change wrote, by salted digests.

-- The salt: random, made once, never in an exported record, so that a digest there tells nothing to whoever guesses names
-- and dates. Its own digest stands in the first entry of the chain.
CREATE TABLE record_salt (
  one BIGINT PRIMARY KEY CHECK(one = 1),
  salt BYTEA NOT NULL CHECK(length(salt) = 32)
);
