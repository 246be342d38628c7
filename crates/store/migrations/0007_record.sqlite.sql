INSERT INTO record_salt (one, salt) VALUES (1, randomblob(32));
