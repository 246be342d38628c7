-- What a gateway on a machine of its own must know of lessons: which sites, until when, and the ids of who is in them. No title,
-- no code to join with, and nobody's reasons; of people only those who are in a lesson that has not ended.
CREATE VIEW gateway.lessons AS
  SELECT id, ''::text AS title, ''::text AS code, free_search, ''::text AS why, ''::text AS supervisor, citation, started_at,
    ''::text AS started_by, until, ended_at, NULL::text AS ended_by FROM haven.lessons WHERE ended_at IS NULL;
CREATE VIEW gateway.lesson_sites AS
  SELECT s.lesson_id, s.site, s.checked_at, NULL::text AS checked_by, s.closed_at, NULL::text AS closed_by
  FROM haven.lesson_sites s JOIN haven.lessons l ON l.id = s.lesson_id WHERE l.ended_at IS NULL;
CREATE VIEW gateway.lesson_people AS
  SELECT p.lesson_id, p.person, p.joined_at, p.left_at
  FROM haven.lesson_people p JOIN haven.lessons l ON l.id = p.lesson_id WHERE l.ended_at IS NULL AND p.left_at IS NULL;
