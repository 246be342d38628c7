-- A gateway on a machine of its own sees who has a pass as it sees who is at a door.
CREATE OR REPLACE VIEW gateway.sessions AS
  SELECT id, decode(repeat('00', 32), 'hex') AS token_hash, person, ''::text AS csrf, created_at, seen_at, ended_at,
    door_listener, door_address, pass_hash, pass_listener, pass_address FROM haven.sessions
  WHERE ended_at IS NULL AND (door_listener IS NOT NULL OR pass_hash IS NOT NULL);
CREATE OR REPLACE VIEW gateway.people AS
  SELECT id, ''::text AS name, username, population, born, flags, site, ''::text AS email, disabled,
    NULL::text AS password_hash, created_at, ''::text AS search FROM haven.people
  WHERE id IN (SELECT s.person FROM haven.sessions s
    WHERE s.ended_at IS NULL AND (s.door_listener IS NOT NULL OR s.pass_hash IS NOT NULL));
CREATE OR REPLACE VIEW gateway.signatures AS
  SELECT person, agreement, digest, version, kind, at FROM haven.signatures
  WHERE person IN (SELECT s.person FROM haven.sessions s
    WHERE s.ended_at IS NULL AND (s.door_listener IS NOT NULL OR s.pass_hash IS NOT NULL));
