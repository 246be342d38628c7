INSERT INTO record_salt (one, salt)
VALUES (1, decode(replace(CAST(gen_random_uuid() AS text) || CAST(gen_random_uuid() AS text), '-', ''), 'hex'));
