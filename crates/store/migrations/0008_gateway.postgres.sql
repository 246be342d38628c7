-- Views by the names of the tables, so that the same statements run on them. A gateway's role is granted these and its part
-- of `activity`, and no table. What it does not need is a constant.
CREATE SCHEMA gateway;
CREATE VIEW gateway.versions AS SELECT version, known FROM haven.versions;
CREATE VIEW gateway.feed AS SELECT seq, kind, digest, at FROM haven.feed;
CREATE VIEW gateway.feed_head AS SELECT one, seq FROM haven.feed_head;
CREATE VIEW gateway.packs_in_force AS SELECT place, digest, since, ''::text AS by_person FROM haven.packs_in_force;
-- The policy in force, and no older one.
CREATE VIEW gateway.packs AS
  SELECT digest, pack, version, files, kept_at, ''::text AS kept_by FROM haven.packs
  WHERE digest = (SELECT f.digest FROM haven.packs_in_force f ORDER BY f.place DESC LIMIT 1);
-- What was decided about a website, and neither by whom nor why.
CREATE VIEW gateway.local_rules AS
  SELECT id, host, allow, population, ''::text AS reason, citation, made_at, ''::text AS made_by, until,
    NULL::text AS request_id, withdrawn_at FROM haven.local_rules;
-- Who is at a door now. No token, so that nobody can be signed in with it.
CREATE VIEW gateway.sessions AS
  SELECT id, decode(repeat('00', 32), 'hex') AS token_hash, person, ''::text AS csrf, created_at, seen_at, ended_at,
    door_listener, door_address FROM haven.sessions
  WHERE ended_at IS NULL AND door_listener IS NOT NULL;
-- Of those people, what their group and the sentence "how identified" are worked out from. No name, address or password.
CREATE VIEW gateway.people AS
  SELECT id, ''::text AS name, username, population, born, flags, site, ''::text AS email, disabled,
    NULL::text AS password_hash, created_at, ''::text AS search FROM haven.people
  WHERE id IN (SELECT s.person FROM haven.sessions s WHERE s.ended_at IS NULL AND s.door_listener IS NOT NULL);
CREATE VIEW gateway.person_posts AS SELECT person, post FROM haven.person_posts WHERE false;
CREATE VIEW gateway.signatures AS
  SELECT person, agreement, digest, version, kind, at FROM haven.signatures
  WHERE person IN (SELECT s.person FROM haven.sessions s WHERE s.ended_at IS NULL AND s.door_listener IS NOT NULL);
