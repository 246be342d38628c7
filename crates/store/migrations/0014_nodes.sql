-- What Haven keeps, part 13, beside activity: what each node says of itself. Kinds and numbers, never a website or a person.

-- How a node stands, as it last said.
CREATE TABLE nodes (
  node TEXT PRIMARY KEY CHECK(length(node) BETWEEN 1 AND 64),
  started_at BIGINT NOT NULL,
  at BIGINT NOT NULL,
  about TEXT NOT NULL CHECK(length(about) <= 64000) -- JSON
);

-- What a node counted in each hour of each run: a start begins a new run, and takes nothing from the ones before.
CREATE TABLE node_hours (
  node TEXT NOT NULL CHECK(length(node) BETWEEN 1 AND 64),
  run BIGINT NOT NULL, -- when the run began
  hour BIGINT NOT NULL, -- when the hour began
  numbers TEXT NOT NULL CHECK(length(numbers) <= 4000), -- JSON
  PRIMARY KEY (node, run, hour)
);
CREATE INDEX node_hours_by_time ON node_hours (hour);

-- A day of a busy college has half a million records. Whatever is looked for in it stands in this one index, in the order of
-- the page, so that the records themselves are not walked.
DROP INDEX records_by_time;
CREATE INDEX records_seen ON records (at, reference, person, navigation, action, device, codes, found);
-- What was not opened: found without walking everything else. What a browser fetched by itself stands apart.
CREATE INDEX records_blocked ON records (at, navigation, host, person) WHERE action = 'block';
