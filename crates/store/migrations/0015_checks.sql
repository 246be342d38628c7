-- What Haven keeps, part 14, beside activity: what a check of the running filter found at each gateway. No person took part in it.
CREATE TABLE checks (
  request TEXT NOT NULL CHECK(length(request) BETWEEN 1 AND 64),
  node TEXT NOT NULL CHECK(length(node) BETWEEN 1 AND 64),
  at BIGINT NOT NULL,
  results TEXT NOT NULL CHECK(length(results) <= 1000000), -- JSON
  noted_at BIGINT, -- when an entry of the record took its digest over
  PRIMARY KEY (request, node)
);
CREATE INDEX checks_by_time ON checks (at);
