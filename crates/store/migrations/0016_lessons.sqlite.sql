-- SQLite serves one machine: there is no other gateway.
SELECT 1;
