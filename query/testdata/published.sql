-- More questions in the style in which people publish them: definitions and
-- scripts, zones, nested JSON, windows, everything of the dialect. Each must run
-- as it is.

-- name: partition called date_partition
SELECT region_partition, eventname, count(*) AS eventcount FROM cloudtrail WHERE date_partition >= date_format(date_add('day', -90, current_timestamp), '%Y/%m/%d') AND account_partition = '111122223333' AND region_partition IN ('us-east-1', 'us-west-2') GROUP BY region_partition, eventname ORDER BY region_partition, eventcount DESC
-- name: distinct in brackets, ordered
SELECT useridentity.arn, array_agg(DISTINCT(eventname) ORDER BY eventname) AS names, array_agg(DISTINCT(sourceipaddress) ORDER BY sourceipaddress DESC) AS ips FROM cloudtrail GROUP BY useridentity.arn, useridentity.principalid, useridentity.username
-- name: addresses by their order
SELECT * FROM cloudtrail WHERE regexp_like(sourceipaddress, '^\d') AND NOT ((CAST(sourceipaddress AS IPADDRESS) > IPADDRESS '10.0.0.0' AND CAST(sourceipaddress AS IPADDRESS) < IPADDRESS '10.255.255.255') OR (CAST(sourceipaddress AS IPADDRESS) >= IPADDRESS '172.16.0.0' AND CAST(sourceipaddress AS IPADDRESS) <= IPADDRESS '172.31.255.255'))
-- name: extract of an extract
SELECT JSON_EXTRACT_SCALAR(JSON_EXTRACT(responseelements, '$.accessKey'), '$.userName') AS userName FROM cloudtrail WHERE eventname = 'CreateAccessKey' AND errorcode IS NULL
-- name: columnar copy
CREATE TABLE cloudtrail_orc WITH (format = 'ORC', orc_compression = 'SNAPPY', partitioned_by = ARRAY['account_partition', 'region_partition']) AS
SELECT eventtime, eventname, account_partition, region_partition FROM cloudtrail WHERE date_partition >= '2026/03/01'
-- name: columnar copy, more of it
INSERT INTO cloudtrail_orc SELECT eventtime, eventname, account_partition, region_partition FROM cloudtrail WHERE date_partition >= '2026/03/01'
-- name: view
CREATE OR REPLACE VIEW v_signins AS SELECT eventtime, useridentity.arn AS arn FROM cloudtrail_logs WHERE eventname = 'ConsoleLogin'
-- name: view and its use
CREATE VIEW "default"."v_signins" AS SELECT eventtime, useridentity.arn AS arn FROM cloudtrail_logs WHERE eventname = 'ConsoleLogin';
SELECT arn, count(*) FROM "default"."v_signins" GROUP BY arn;
-- name: table as select and its use
CREATE TABLE IF NOT EXISTS security.keys WITH (format = 'PARQUET', external_location = 's3://amzn-s3-demo-bucket/keys/') AS SELECT useridentity.accesskeyid AS k, eventname FROM cloudtrail_logs WHERE useridentity.accesskeyid IS NOT NULL;
SELECT k, count(DISTINCT eventname) FROM security.keys GROUP BY k ORDER BY 2 DESC
-- name: table as select without data
CREATE TABLE empty_copy AS SELECT * FROM cloudtrail_logs WITH NO DATA
-- name: unload
UNLOAD (SELECT eventtime, eventname, awsregion FROM cloudtrail_logs WHERE eventname LIKE 'Create%') TO 's3://amzn-s3-demo-bucket/out/' WITH (format = 'PARQUET', compression = 'SNAPPY', partitioned_by = ARRAY['awsregion'])
-- name: prepare and execute
PREPARE by_name FROM SELECT eventtime, sourceipaddress FROM cloudtrail_logs WHERE eventname = ? AND awsregion = ?;
EXECUTE by_name USING 'ConsoleLogin', 'us-east-1';
DEALLOCATE PREPARE by_name;
-- name: table's definition
CREATE EXTERNAL TABLE IF NOT EXISTS cloudtrail_logs (
  eventversion STRING, `useridentity` STRUCT<type:STRING, principalid:STRING>, eventtime STRING, eventname STRING
) COMMENT 'the trail' PARTITIONED BY (`timestamp` string) ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat' OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1' TBLPROPERTIES ('projection.enabled'='true', 'projection.timestamp.type'='date');
-- name: partition added
ALTER TABLE cloudtrail_logs ADD IF NOT EXISTS PARTITION (region='us-east-1', year='2026', month='03', day='14') LOCATION 's3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/14/'
-- name: partitions repaired
MSCK REPAIR TABLE cloudtrail_logs;
-- name: partitions shown
SHOW PARTITIONS cloudtrail_logs
-- name: databases shown
SHOW DATABASES
-- name: schemas shown
SHOW SCHEMAS LIKE 'def%'
-- name: table shown
SHOW CREATE TABLE default.cloudtrail_logs
-- name: properties shown
SHOW TBLPROPERTIES cloudtrail_logs
-- name: tables shown by pattern
SHOW TABLES 'cloud*'
-- name: tables shown in
SHOW TABLES IN default 'cloud*'
-- name: views shown
SHOW VIEWS IN default
-- name: functions shown
SHOW FUNCTIONS
-- name: described in full
DESCRIBE FORMATTED default.cloudtrail_logs
-- name: described with back quotes
DESCRIBE `default`.`cloudtrail_logs`
-- name: database made
CREATE DATABASE IF NOT EXISTS security COMMENT 'logs' LOCATION 's3://amzn-s3-demo-bucket/db/'
-- name: explain analyze
EXPLAIN ANALYZE SELECT eventname, count(*) FROM cloudtrail_logs GROUP BY eventname
-- name: explain with options
EXPLAIN (TYPE LOGICAL, FORMAT JSON) SELECT eventname FROM cloudtrail_logs
-- name: zone kept in a format
SELECT date_format(from_iso8601_timestamp(eventtime) AT TIME ZONE 'Asia/Tokyo', '%Y-%m-%d %H:%i:%s') AS jst, eventname FROM cloudtrail_logs ORDER BY 1
-- name: zone's day
SELECT date(from_iso8601_timestamp(eventtime) AT TIME ZONE 'Asia/Tokyo') AS d, count(*) FROM cloudtrail_logs GROUP BY 1
-- name: zone's hour
SELECT hour(at_timezone(from_iso8601_timestamp(eventtime), 'America/New_York')) AS h, count(*) FROM cloudtrail_logs GROUP BY 1 ORDER BY 1
-- name: zone's hour extracted
SELECT extract(hour FROM from_iso8601_timestamp(eventtime) AT TIME ZONE 'America/Los_Angeles') FROM cloudtrail_logs
-- name: zone by offset
SELECT from_iso8601_timestamp(eventtime) AT TIME ZONE '+09:00' FROM cloudtrail_logs LIMIT 1
-- name: day in a zone truncated
SELECT date_trunc('day', from_iso8601_timestamp(eventtime) AT TIME ZONE 'Asia/Tokyo') AS d, count(*) FROM cloudtrail_logs GROUP BY 1 ORDER BY 1
-- name: zone of a parsed time
SELECT with_timezone(date_parse(eventtime, '%Y-%m-%dT%H:%i:%sZ'), 'UTC') AT TIME ZONE 'Europe/London' FROM cloudtrail_logs
-- name: zone cast away
SELECT CAST(from_iso8601_timestamp(eventtime) AT TIME ZONE 'Asia/Tokyo' AS timestamp) AS jst FROM cloudtrail_logs
-- name: zone as text
SELECT CAST(from_iso8601_timestamp(eventtime) AT TIME ZONE 'Asia/Tokyo' AS varchar) FROM cloudtrail_logs LIMIT 2
-- name: outside office hours
SELECT useridentity.arn, eventname, eventtime FROM cloudtrail_logs WHERE hour(from_iso8601_timestamp(eventtime) AT TIME ZONE 'Europe/Berlin') NOT BETWEEN 8 AND 18 OR day_of_week(from_iso8601_timestamp(eventtime)) IN (6, 7)
-- name: format_datetime in a zone
SELECT format_datetime(from_iso8601_timestamp(eventtime) AT TIME ZONE 'Asia/Kolkata', 'yyyy-MM-dd HH:mm:ss') FROM cloudtrail_logs
-- name: parse_datetime with zone
SELECT parse_datetime('2026-03-14 10:00:00+0100', 'yyyy-MM-dd HH:mm:ssZ')
-- name: interval arithmetic
SELECT from_iso8601_timestamp(eventtime) + interval '90' minute - interval '1' day, interval '2' day + interval '3' hour FROM cloudtrail_logs
-- name: interval of two units
SELECT current_timestamp - interval '1 12' day to hour
-- name: time difference
SELECT eventid, from_iso8601_timestamp('2026-03-15T00:00:00Z') - from_iso8601_timestamp(eventtime) AS age FROM cloudtrail_logs
-- name: time difference compared
SELECT eventid FROM cloudtrail_logs WHERE current_timestamp - from_iso8601_timestamp(eventtime) > interval '1' day
-- name: texts as times
SELECT eventtime FROM cloudtrail_logs WHERE CAST(from_iso8601_timestamp(eventtime) AS timestamp) >= TIMESTAMP '2026-03-14 00:00:00' AND from_iso8601_timestamp(eventtime) < TIMESTAMP '2026-03-15 00:00:00 UTC'
-- name: day as a number
SELECT CAST(format_datetime(from_iso8601_timestamp(eventtime), 'yyyyMMdd') AS integer) AS d FROM cloudtrail_logs
-- name: week
SELECT year_of_week(from_iso8601_timestamp(eventtime)) y, week(from_iso8601_timestamp(eventtime)) w, count(*) FROM cloudtrail_logs GROUP BY 1, 2
-- name: quarter of a text
SELECT quarter(date(substr(eventtime, 1, 10))), count(*) FROM cloudtrail_logs GROUP BY 1
-- name: five minutes
SELECT from_unixtime(floor(to_unixtime(from_iso8601_timestamp(eventtime)) / 300) * 300) AS slot, count(*) FROM cloudtrail_logs GROUP BY 1 ORDER BY 1
-- name: five minutes by interval
SELECT date_trunc('hour', t) + (minute(t) / 5) * 5 * interval '1' minute AS slot, count(*) FROM (SELECT from_iso8601_timestamp(eventtime) AS t FROM cloudtrail_logs) GROUP BY 1
-- name: to_iso8601
SELECT to_iso8601(date_trunc('hour', from_iso8601_timestamp(eventtime))), to_iso8601(current_date) FROM cloudtrail_logs LIMIT 1
-- name: partition by now
SELECT count(*) FROM cloudtrail_logs WHERE "timestamp" >= format_datetime(current_timestamp - interval '30' day, 'YYYY/MM/dd') AND "timestamp" <= format_datetime(now(), 'YYYY/MM/dd')
-- name: partition by date parts
SELECT count(*) FROM cloudtrail_logs WHERE year = CAST(year(current_date) AS varchar) AND month = lpad(CAST(month(current_date) AS varchar), 2, '0')
-- name: partition numbers
SELECT count(*) FROM cloudtrail_logs WHERE CAST(year AS integer) >= 2026 AND CAST(month AS integer) BETWEEN 1 AND 12
-- name: partition joined
SELECT count(*) FROM cloudtrail_logs WHERE concat(year, '/', month, '/', day) >= '2026/03/01'
-- name: partition parsed
SELECT count(*) FROM cloudtrail_logs WHERE date_parse("timestamp", '%Y/%m/%d') >= current_date - interval '10000' day
-- name: partition parsed to date
SELECT count(*) FROM cloudtrail_logs WHERE date(date_parse(timestamp, '%Y/%m/%d')) BETWEEN date '2026-03-01' AND date '2026-03-31'
-- name: rows of json by array of rows
SELECT eventid, item.fromport, item.toport, r.cidrip FROM cloudtrail_logs
CROSS JOIN UNNEST(CAST(json_extract(requestparameters, '$.ipPermissions.items') AS ARRAY(ROW(ipprotocol varchar, fromport integer, toport integer, ipranges ROW(items ARRAY(ROW(cidrip varchar))))))) AS t(item)
CROSS JOIN UNNEST(item.ipranges.items) AS u(r) WHERE eventname = 'AuthorizeSecurityGroupIngress'
-- name: rows of json spread
SELECT eventid, fromport, cidr FROM cloudtrail_logs
CROSS JOIN UNNEST(CAST(json_extract(requestparameters, '$.ipPermissions.items') AS ARRAY(ROW(fromPort bigint, ipRanges json)))) AS t(fromport, ranges)
CROSS JOIN UNNEST(CAST(json_extract(ranges, '$.items') AS ARRAY(MAP(varchar, varchar)))) AS r(cidr)
-- name: arrays of maps
SELECT eventid, item['instanceId'] AS id FROM cloudtrail_logs CROSS JOIN UNNEST(CAST(json_extract(requestparameters, '$.instancesSet.items') AS array(map(varchar, varchar)))) AS x(item) WHERE eventname IN ('StopInstances', 'TerminateInstances')
-- name: arrays of maps by element_at
SELECT element_at(item, 'instanceId') FROM cloudtrail_logs CROSS JOIN UNNEST(CAST(json_extract(responseelements, '$.instancesSet.items') AS array(map(varchar, json)))) AS x(item)
-- name: arrays of texts from json
SELECT eventname, p FROM cloudtrail_logs CROSS JOIN UNNEST(CAST(json_parse(json_extract_scalar(requestparameters, '$.policyDocument')) AS map(varchar, json))) AS t(k, p) WHERE eventname LIKE 'Put%Policy'
-- name: policy statements
SELECT eventname, json_extract_scalar(s, '$.Effect') AS effect, json_format(json_extract(s, '$.Action')) AS actions FROM cloudtrail_logs
CROSS JOIN UNNEST(CAST(json_extract(json_extract_scalar(requestparameters, '$.policyDocument'), '$.Statement') AS ARRAY(JSON))) AS t(s) WHERE eventname IN ('CreatePolicy', 'PutUserPolicy', 'PutRolePolicy')
-- name: json values with a path
SELECT json_value(requestparameters, 'lax $.bucketName') AS b, json_query(requestparameters, 'lax $.bucketPolicy') AS p, json_exists(requestparameters, 'strict $.key') AS k FROM cloudtrail_logs WHERE eventsource = 's3.amazonaws.com'
-- name: json values typed
SELECT json_value(additionaleventdata, 'lax $.bytesTransferredOut' RETURNING double DEFAULT 0 ON EMPTY NULL ON ERROR) FROM cloudtrail_logs
-- name: json query wrapped
SELECT json_query(requestparameters, 'lax $.items[*].id' WITH ARRAY WRAPPER) FROM cloudtrail_logs
-- name: json built
SELECT json_object('name' : eventname, 'ip' : sourceipaddress), json_array(eventname, awsregion) FROM cloudtrail_logs LIMIT 2
-- name: json cast of a map
SELECT CAST(map_agg(eventname, n) AS json) FROM (SELECT eventname, count(*) AS n FROM cloudtrail_logs GROUP BY eventname)
-- name: json cast of an array
SELECT json_format(CAST(array_agg(DISTINCT eventname) AS JSON)) FROM cloudtrail_logs GROUP BY eventsource
-- name: json compared
SELECT count(*) FROM cloudtrail_logs WHERE json_extract(requestparameters, '$.publiclyAccessible') = json 'true'
-- name: json scalar as boolean
SELECT count(*) FROM cloudtrail_logs WHERE json_extract_scalar(requestparameters, '$.publiclyAccessible') = 'true' OR CAST(json_extract_scalar(responseelements, '$.publiclyAccessible') AS boolean)
-- name: json is null
SELECT count(*) FROM cloudtrail_logs WHERE json_extract(responseelements, '$.failureMessage') IS NOT NULL
-- name: json keys
SELECT eventname, map_keys(CAST(json_parse(requestparameters) AS map(varchar, json))) FROM cloudtrail_logs WHERE requestparameters IS NOT NULL AND json_size(requestparameters, '$') > 0
-- name: json tried
SELECT TRY(CAST(json_parse(requestparameters) AS map(varchar, varchar)))['bucketName'] FROM cloudtrail_logs WHERE eventsource = 's3.amazonaws.com' AND TRY(CAST(json_parse(requestparameters) AS map(varchar, varchar))) IS NOT NULL
-- name: json array contains
SELECT eventname FROM cloudtrail_logs WHERE json_array_contains(json_extract(requestparameters, '$.groupNames'), 'all')
-- name: json path with dashes
SELECT json_extract_scalar(requestparameters, '$["x-amz-acl"]'), json_extract_scalar(requestparameters, '$["Host"]') FROM cloudtrail_logs WHERE eventsource = 's3.amazonaws.com'
-- name: session tagging
SELECT json_extract_scalar(requestparameters, '$.roleSessionName') AS s, json_extract_scalar(requestparameters, '$.durationSeconds') AS d, CAST(json_extract_scalar(requestparameters, '$.durationSeconds') AS integer) / 3600 AS h FROM cloudtrail_logs WHERE eventname = 'AssumeRole' AND json_extract_scalar(requestparameters, '$.durationSeconds') IS NOT NULL
-- name: catalog with quotes
SELECT "eventname", "useridentity"."arn" FROM "AwsDataCatalog"."default"."cloudtrail_logs" AS "ct" WHERE "ct"."awsregion" = 'us-east-1' LIMIT 100;
-- name: limit all
SELECT eventname FROM cloudtrail_logs ORDER BY eventtime DESC LIMIT ALL
-- name: fetch next with offset
SELECT eventname FROM cloudtrail_logs ORDER BY eventtime, eventid OFFSET 3 ROWS FETCH NEXT 2 ROWS ONLY
-- name: with ties
SELECT eventname, count(*) AS n FROM cloudtrail_logs GROUP BY eventname ORDER BY n DESC FETCH FIRST 1 ROWS WITH TIES
-- name: except all
SELECT eventname FROM cloudtrail_logs EXCEPT ALL SELECT eventname FROM cloudtrail_logs WHERE readonly = 'true'
-- name: intersect
(SELECT useridentity.arn FROM cloudtrail_logs WHERE eventname = 'CreateUser') INTERSECT (SELECT useridentity.arn FROM cloudtrail_logs WHERE eventname = 'AttachUserPolicy') ORDER BY 1
-- name: union with brackets and limits
(SELECT eventname, eventtime FROM cloudtrail_logs ORDER BY eventtime LIMIT 2) UNION ALL (SELECT eventname, eventtime FROM cloudtrail_logs ORDER BY eventtime DESC LIMIT 2)
-- name: approx_distinct with an error
SELECT approx_distinct(useridentity.arn, 0.05) FROM cloudtrail_logs
-- name: approx_percentile of many
SELECT approx_percentile(n, ARRAY[0.5, 0.9, 0.99]) FROM (SELECT count(*) AS n FROM cloudtrail_logs GROUP BY sourceipaddress)
-- name: approx_most_frequent
SELECT approx_most_frequent(3, eventname, 100) FROM cloudtrail_logs
-- name: multimap
SELECT multimap_agg(eventsource, eventname) FROM cloudtrail_logs GROUP BY awsregion
-- name: map functions
SELECT map_filter(m, (k, v) -> v > 1), transform_values(m, (k, v) -> v * 2), map_keys(m), map_values(m), map_entries(m), cardinality(m), m[element_at(map_keys(m), 1)] IS NULL FROM (SELECT histogram(eventname) AS m FROM cloudtrail_logs) WHERE element_at(m, 'x') IS NULL
-- name: map concat and zip
SELECT map_concat(MAP(ARRAY['a'], ARRAY[1]), MAP(ARRAY['b'], ARRAY[2])), zip(ARRAY[1, 2], ARRAY['a', 'b']), zip_with(ARRAY[1, 2], ARRAY[3, 4], (x, y) -> x + y)
-- name: map union
SELECT map_union(m) FROM (SELECT map_agg(eventname, eventtime) AS m FROM cloudtrail_logs GROUP BY awsregion)
-- name: arrays
SELECT array_sort(ARRAY[3, 1, 2]), array_sort(ARRAY['b', 'a'], (x, y) -> IF(x < y, 1, IF(x = y, 0, -1))), array_position(ARRAY['a'], 'a'), array_max(ARRAY[1, 2]), array_remove(ARRAY[1, 2], 1), arrays_overlap(ARRAY[1], ARRAY[1, 2]), array_union(ARRAY[1], ARRAY[2]), array_except(ARRAY[1, 2], ARRAY[1]), array_intersect(ARRAY[1, 2], ARRAY[2]), reverse(ARRAY[1, 2]), slice(ARRAY[1, 2, 3], 2, 2), flatten(ARRAY[ARRAY[1], ARRAY[2]]), ARRAY[1] || ARRAY[2], ARRAY[1] || 2, contains(ARRAY[1], 1), repeat('x', 2), sequence(1, 3), trim_array(ARRAY[1, 2, 3], 1), ngrams(ARRAY['a', 'b', 'c'], 2), shuffle(ARRAY[1])
-- name: lambdas
SELECT filter(array_agg(eventname), e -> e LIKE 'Create%'), transform(filter(split(useridentity.arn, ':'), p -> length(p) > 0), p -> upper(p)), reduce(ARRAY[5, 20], CAST(ROW(0.0, 0) AS ROW(s double, c integer)), (s, x) -> CAST(ROW(x + s.s, s.c + 1) AS ROW(s double, c integer)), s -> IF(s.c = 0, NULL, s.s / s.c)) FROM cloudtrail_logs GROUP BY useridentity.arn
-- name: matching lambdas
SELECT count(*) FROM cloudtrail_logs WHERE none_match(resources, r -> r.accountid = '111122223333') OR all_match(resources, r -> r.type LIKE 'AWS::%') OR cardinality(filter(resources, x -> x.arn LIKE '%secret%')) > 0
-- name: rows
SELECT r.a, r.b, r[1] FROM (SELECT CAST(ROW(eventname, 1) AS ROW(a varchar, b integer)) AS r FROM cloudtrail_logs)
-- name: row comparison
SELECT count(*) FROM cloudtrail_logs WHERE (eventsource, eventname) IN (('iam.amazonaws.com', 'CreateUser'), ('iam.amazonaws.com', 'CreateAccessKey'))
-- name: row in query
SELECT count(*) FROM cloudtrail_logs WHERE (sourceipaddress, useragent) IN (SELECT sourceipaddress, useragent FROM cloudtrail_logs WHERE errorcode IS NOT NULL)
-- name: lag and time
SELECT arn, t, date_diff('second', lag(t) OVER (PARTITION BY arn ORDER BY t), t) AS gap FROM (SELECT useridentity.arn AS arn, from_iso8601_timestamp(eventtime) AS t FROM cloudtrail_logs)
-- name: window range
SELECT eventtime, count(*) OVER (PARTITION BY sourceipaddress ORDER BY from_iso8601_timestamp(eventtime) RANGE BETWEEN INTERVAL '10' MINUTE PRECEDING AND CURRENT ROW) AS burst FROM cloudtrail_logs
-- name: window functions
SELECT eventname, ntile(4) OVER (ORDER BY eventtime), percent_rank() OVER (ORDER BY eventtime), cume_dist() OVER (ORDER BY eventtime), dense_rank() OVER (ORDER BY eventname), first_value(eventname) OVER (ORDER BY eventtime), last_value(eventname) IGNORE NULLS OVER (ORDER BY eventtime ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), nth_value(eventname, 2) OVER (ORDER BY eventtime), lead(eventtime, 2) OVER (ORDER BY eventtime) FROM cloudtrail_logs
-- name: running sums
SELECT d, n, sum(n) OVER (ORDER BY d ROWS UNBOUNDED PRECEDING) AS total, avg(n) OVER (ORDER BY d ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week FROM (SELECT date(from_iso8601_timestamp(eventtime)) AS d, count(*) AS n FROM cloudtrail_logs GROUP BY 1)
-- name: deviation
WITH daily AS (SELECT useridentity.arn AS arn, date_trunc('hour', from_iso8601_timestamp(eventtime)) AS h, count(*) AS n FROM cloudtrail_logs GROUP BY 1, 2), stats AS (SELECT arn, avg(n) AS m, stddev_pop(n) AS sd FROM daily GROUP BY arn)
SELECT d.arn, d.h, d.n, (d.n - s.m) / nullif(s.sd, 0) AS z FROM daily d JOIN stats s ON d.arn = s.arn WHERE d.n > s.m + 2 * s.sd ORDER BY z DESC
-- name: grouping
SELECT eventsource, awsregion, grouping(eventsource, awsregion) AS g, count(*) FROM cloudtrail_logs GROUP BY GROUPING SETS ((eventsource, awsregion), (eventsource), ()) HAVING count(*) > 0 ORDER BY g, 4 DESC
-- name: rollup with others
SELECT awsregion, eventsource, count(*) FROM cloudtrail_logs GROUP BY awsregion, ROLLUP(eventsource)
-- name: nested with
SELECT * FROM (WITH x AS (SELECT eventname AS n FROM cloudtrail_logs) SELECT n, count(*) c FROM x GROUP BY n) ORDER BY c DESC LIMIT 3
-- name: with columns
WITH t (who, what) AS (SELECT useridentity.arn, eventname FROM cloudtrail_logs) SELECT who, count(DISTINCT what) FROM t GROUP BY who
-- name: allowed values
WITH allowed (ip) AS (VALUES '203.0.113.10', '198.51.100.7') SELECT sourceipaddress, count(*) FROM cloudtrail_logs LEFT JOIN allowed ON sourceipaddress = ip WHERE ip IS NULL GROUP BY sourceipaddress
-- name: allowed networks
SELECT sourceipaddress, eventname FROM cloudtrail_logs CROSS JOIN (VALUES '10.0.0.0/8', '203.0.113.0/24') AS n(cidr) WHERE regexp_like(sourceipaddress, '^\d+\.\d+\.\d+\.\d+$') AND contains(cidr, CAST(sourceipaddress AS ipaddress))
-- name: prefix of addresses
SELECT ip_prefix(CAST(sourceipaddress AS ipaddress), 24) AS net, count(*) FROM cloudtrail_logs WHERE regexp_like(sourceipaddress, '^[0-9.]+$') GROUP BY 1 ORDER BY 2 DESC
-- name: sorted by address
SELECT DISTINCT TRY_CAST(sourceipaddress AS ipaddress) AS ip FROM cloudtrail_logs ORDER BY ip
-- name: regexp count and split
SELECT regexp_count(useragent, '[A-Z]'), regexp_split(useragent, '[/ ]'), regexp_extract_all(useridentity.arn, '[^:/]+'), regexp_position(useragent, 'CLI') FROM cloudtrail_logs
-- name: regexp replaced by a group
SELECT DISTINCT regexp_replace(useridentity.arn, '^arn:aws:(iam|sts)::(\d{12}):', '$2 ') FROM cloudtrail_logs
-- name: regexp named group
SELECT regexp_replace(eventsource, '^(?<svc>[a-z0-9-]+)\..*$', '${svc}') FROM cloudtrail_logs
-- name: text functions
SELECT lpad(awsregion, 20, '.'), rpad(awsregion, 20, '.'), trim(BOTH ' ' FROM ' a '), ltrim('  a'), strpos(useridentity.arn, ':'), position('/' IN useridentity.arn), substring(eventtime FROM 1 FOR 10), substring(eventtime, 12, 5), length(eventname), chr(65), codepoint('A'), translate('abc', 'ab', 'xy'), levenshtein_distance('a', 'b'), concat_ws('-', eventsource, NULL, eventname), split_part(eventsource, '.', 1), starts_with(eventname, 'Get'), to_hex(md5(to_utf8(eventname))), lower(to_hex(sha256(to_utf8(eventname)))), from_utf8(from_base64('YQ==')), soundex('a') FROM cloudtrail_logs
-- name: substring with words
SELECT substring(useridentity.arn FROM 5) FROM cloudtrail_logs
-- name: strpos nth
SELECT strpos('a.b.c', '.', 2)
-- name: numbers
SELECT round(1.2345, 2), truncate(1.9), ceil(1.2), floor(1.8), abs(-1), mod(7, 3), 7 % 3, 7 / 2, 7 / 2.0, 1e0 / 3, power(2, 10), sqrt(16), cbrt(27), ln(10), log10(100), log2(8), sign(-3), greatest(1, 2), least(1, 2), to_base(255, 16), from_base('ff', 16), width_bucket(5.0, 0.0, 10.0, 5), bitwise_and(6, 3), random() < 1, is_nan(nan()), infinity() > 1
-- name: decimals
SELECT CAST(count(*) AS decimal(10, 2)) / 3, round(100.0 * count_if(errorcode IS NOT NULL) / count(*), 2) AS percent, CAST(1 AS double) / 3 FROM cloudtrail_logs
-- name: formatted
SELECT format('%,d calls, %.2f%% failed, %s', count(*), 12.345, max(eventtime)), format('%05d', 42) FROM cloudtrail_logs
-- name: durations
SELECT human_readable_seconds(96), to_milliseconds(INTERVAL '1' DAY)
-- name: try cast and typeof
SELECT try_cast('x' AS bigint), typeof(eventname), typeof(1), typeof(useridentity), typeof(from_iso8601_timestamp(eventtime)) FROM cloudtrail_logs LIMIT 1
-- name: null handling
SELECT nullif(errorcode, ''), coalesce(errorcode, 'none'), errorcode IS DISTINCT FROM 'AccessDenied', errorcode IS NOT DISTINCT FROM NULL, try(1 / 0) FROM cloudtrail_logs
-- name: any and all
SELECT eventname FROM cloudtrail_logs WHERE eventname = ANY (VALUES 'CreateUser', 'DeleteUser') AND eventtime >= ALL (SELECT min(eventtime) FROM cloudtrail_logs)
-- name: correlated count
SELECT DISTINCT c.sourceipaddress, (SELECT count(*) FROM cloudtrail_logs d WHERE d.sourceipaddress = c.sourceipaddress) AS n FROM cloudtrail_logs c
-- name: self join in time
SELECT a.useridentity.arn, a.eventtime, b.eventname FROM cloudtrail_logs a JOIN cloudtrail_logs b ON a.useridentity.arn = b.useridentity.arn AND from_iso8601_timestamp(b.eventtime) BETWEEN from_iso8601_timestamp(a.eventtime) AND from_iso8601_timestamp(a.eventtime) + interval '1' hour WHERE a.eventname = 'CreateAccessKey' AND b.eventname <> 'CreateAccessKey'
-- name: full join
SELECT coalesce(a.ip, b.ip), a.n, b.n FROM (SELECT sourceipaddress ip, count(*) n FROM cloudtrail_logs WHERE errorcode IS NULL GROUP BY 1) a FULL OUTER JOIN (SELECT sourceipaddress ip, count(*) n FROM cloudtrail_logs WHERE errorcode IS NOT NULL GROUP BY 1) b ON a.ip = b.ip
-- name: tablesample
SELECT count(*) > -1 FROM cloudtrail_logs TABLESAMPLE BERNOULLI (50)
-- name: information schema columns
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'default' AND table_name = 'cloudtrail_logs' ORDER BY ordinal_position
-- name: information schema tables
SELECT table_name FROM information_schema.tables WHERE table_schema = 'default'
-- name: table in select
TABLE cloudtrail_logs
-- name: select star and more
SELECT *, from_iso8601_timestamp(eventtime) AS t FROM cloudtrail_logs ORDER BY t DESC LIMIT 1
-- name: star of an alias
SELECT c.*, r.arn AS resource_arn FROM cloudtrail_logs c LEFT JOIN UNNEST(c.resources) AS t(r) ON true LIMIT 2
-- name: unnest with ordinality and fields
SELECT eventid, o, arn FROM cloudtrail_logs CROSS JOIN UNNEST(resources) WITH ORDINALITY AS t(arn, accountid, type, o) WHERE o = 1
-- name: unnest of a map
SELECT k, v FROM (SELECT histogram(eventname) h FROM cloudtrail_logs) CROSS JOIN UNNEST(h) AS t(k, v) ORDER BY v DESC
-- name: unnest of a split
SELECT part, count(*) FROM cloudtrail_logs CROSS JOIN UNNEST(split(useragent, ' ')) AS t(part) GROUP BY part
-- name: unnest in a comma join with where
SELECT u.type, count(*) FROM cloudtrail_logs AS c, UNNEST(c.resources) AS u(arn, accountid, type) WHERE c.eventname = 'GetObject' GROUP BY u.type
-- name: unnest of two with ordinality
SELECT a, b, n FROM UNNEST(ARRAY[1, 2], ARRAY['x']) WITH ORDINALITY AS t(a, b, n)
-- name: flag columns
SELECT useridentity.arn, count(CASE WHEN errorcode IS NOT NULL THEN 1 END) AS failed, sum(IF(readonly = 'false', 1, 0)) AS writes, max(CAST(readonly = 'true' AS integer)) FROM cloudtrail_logs GROUP BY useridentity.arn
-- name: boolean aggregates
SELECT bool_and(errorcode IS NULL), bool_or(readonly = 'false'), every(awsregion LIKE 'us-%') FROM cloudtrail_logs
-- name: statistics
SELECT stddev(n), variance(n), corr(n, m), geometric_mean(n), skewness(n), min_by(who, n), max_by(who, n, 3), max(n, 2), arbitrary(who) FROM (SELECT useridentity.arn who, CAST(count(*) AS double) n, CAST(count(DISTINCT eventname) AS double) m FROM cloudtrail_logs GROUP BY 1)
-- name: count distinct of rows
SELECT count(DISTINCT (eventsource, eventname)), count(DISTINCT ROW(sourceipaddress, useragent)) FROM cloudtrail_logs
-- name: filter clause
SELECT awsregion, count(*) FILTER (WHERE eventname LIKE 'Create%') AS created, array_agg(eventname) FILTER (WHERE errorcode IS NOT NULL) AS failed FROM cloudtrail_logs GROUP BY awsregion
-- name: listagg overflow
SELECT listagg(eventname, ', ' ON OVERFLOW TRUNCATE '...' WITH COUNT) WITHIN GROUP (ORDER BY eventtime) FROM cloudtrail_logs GROUP BY awsregion
-- name: ordered json
SELECT json_format(CAST(map_agg(awsregion, n) AS json)) FROM (SELECT awsregion, count(*) n FROM cloudtrail_logs GROUP BY 1)
-- name: case of text
SELECT CASE eventsource WHEN 's3.amazonaws.com' THEN 'S3' WHEN 'iam.amazonaws.com' THEN 'IAM' ELSE 'other' END AS svc, count(*) FROM cloudtrail_logs GROUP BY CASE eventsource WHEN 's3.amazonaws.com' THEN 'S3' WHEN 'iam.amazonaws.com' THEN 'IAM' ELSE 'other' END
-- name: not between
SELECT count(*) FROM cloudtrail_logs WHERE eventtime NOT BETWEEN '2026-03-14T00:00:00Z' AND '2026-03-15T00:00:00Z'
-- name: unequal in two ways
SELECT count(*) FROM cloudtrail_logs WHERE awsregion != 'us-east-1' AND eventsource <> 's3.amazonaws.com'
-- name: keyword columns
SELECT eventname AS "select", count(*) AS "order", awsregion AS "group" FROM cloudtrail_logs GROUP BY eventname, awsregion ORDER BY "order" DESC
-- name: unicode and emoji
SELECT eventname, 'größer ≥ 😀' AS "Größe" FROM cloudtrail_logs WHERE useragent NOT LIKE '%ü%'
-- name: semicolons in texts
SELECT ';' AS s, '--' AS c, '/* */' AS d, 'it''s' AS q; -- done; really
-- name: only comments around
-- first

/* and
 second */ SELECT 1
-- name: tabs and windows line ends
SELECT	eventname,
	awsregion
FROM	cloudtrail_logs
WHERE	eventname = 'CreateUser'
-- name: a quote that does not end
SELECT parse_datetime(eventtime, 'yyyy-MM-dd''T''HH:mm:ss''Z') AS t, count(*) FROM cloudtrail_logs GROUP BY 1
-- name: fractions
SELECT parse_datetime('2026-03-14T10:00:00.123456Z', 'yyyy-MM-dd''T''HH:mm:ss.SSSSSS''Z')
-- name: grouped by a struct
SELECT COUNT(*) AS NumberEvents, useridentity, eventname FROM cloudtrail_logs GROUP BY useridentity, eventname ORDER BY NumberEvents DESC
-- name: joined by lines
SELECT useridentity.arn, array_join(array_agg(DISTINCT eventname), CHR(10)) FROM cloudtrail_logs GROUP BY useridentity.arn
-- name: hidden columns
SELECT "$path", "$file_size", "$file_modified_time", count(*) FROM cloudtrail_logs GROUP BY 1, 2, 3
-- name: array of rows in angle brackets
SELECT i.instanceid FROM cloudtrail_logs CROSS JOIN UNNEST (CAST(json_extract(responseelements, '$.instancesSet.items') AS ARRAY<ROW(instanceid VARCHAR, imageid VARCHAR)>)) AS t (i) WHERE eventname = 'RunInstances'
-- name: distinct cases
SELECT COUNT(DISTINCT CASE WHEN errorcode IS NOT NULL THEN sourceipaddress END), COUNT(ALL eventname) FROM cloudtrail_logs
-- name: select all
SELECT ALL eventname FROM cloudtrail_logs LIMIT 1
-- name: text against iso now
SELECT eventname FROM cloudtrail_logs WHERE eventtime > to_iso8601(current_timestamp - interval '1' day)
-- name: negated field
SELECT count(*) FROM cloudtrail_logs WHERE NOT userIdentity.invokedBy = 'x' OR NOT (useridentity.sessioncontext.attributes.mfaauthenticated <> 'true')
-- name: two tables with a comma
SELECT t1.eventname, t2.eventname FROM "cloudtrail_logs" t1, "cloudtrail_logs" AS t2 WHERE t1.eventid = t2.eventid AND t1.awsregion = 'us-west-2'
-- name: parts of an arn
SELECT SPLIT_PART(SPLIT_PART(useridentity.arn, ':', 6), '/', 2) AS who, count(*) FROM cloudtrail_logs GROUP BY 1
-- name: time parsed by T
SELECT date_parse(eventtime, '%Y-%m-%dT%TZ') FROM cloudtrail_logs LIMIT 1
-- name: day in a condition
SELECT eventname, eventtime FROM cloudtrail_logs WHERE CAST(date_parse(eventtime, '%Y-%m-%dT%H:%i:%sZ') AS date) = DATE '2026-03-14'
-- name: subtraction of days from a date
SELECT count(*) FROM cloudtrail_logs WHERE CAST(substr(eventtime, 1, 10) AS date) > current_date - interval '10000' day
-- name: date from parts
SELECT count(*) FROM cloudtrail_logs WHERE date(year || '-' || month || '-' || day) >= date_add('day', -10000, current_date)
-- name: many ors
SELECT eventtime, eventname FROM cloudtrail_logs WHERE (eventname = 'CreateUser') or (eventname='CreateLoginProfile') or eventname = 'CreateAccessKey' and errorcode is null order by eventtime asc
-- name: upper case everywhere
SELECT EVENTNAME, USERIDENTITY.ARN, COUNT(*) AS TOTAL FROM CLOUDTRAIL_LOGS WHERE AWSREGION = 'us-east-1' GROUP BY EVENTNAME, USERIDENTITY.ARN ORDER BY TOTAL DESC
-- name: struct in quotes
SELECT "useridentity"."sessioncontext"."sessionissuer"."username" FROM "default"."cloudtrail_logs" WHERE "useridentity"."type" = 'AssumedRole'
-- name: json of structs
SELECT CAST(useridentity AS JSON), json_extract_scalar(json_format(CAST(useridentity AS JSON)), '$.type') FROM cloudtrail_logs LIMIT 1
-- name: time of day
SELECT CAST(from_iso8601_timestamp(eventtime) AS time) FROM cloudtrail_logs WHERE CAST(from_iso8601_timestamp(eventtime) AS time) > time '02:00:00' LIMIT 2
-- name: integer of a boolean
SELECT sum(CAST(errorcode IS NOT NULL AS integer)) FROM cloudtrail_logs
-- name: coalesced count
SELECT coalesce(sum(n), 0), coalesce(max(n), 0) FROM (SELECT count(*) n FROM cloudtrail_logs WHERE eventname = 'NoSuchCall' GROUP BY eventname)
-- name: percent of total
SELECT eventname, count(*) AS n, round(count(*) * 100.0 / sum(count(*)) OVER (), 2) AS pct FROM cloudtrail_logs GROUP BY eventname ORDER BY n DESC
-- name: top of each
SELECT * FROM (SELECT eventsource, eventname, count(*) AS n, row_number() OVER (PARTITION BY eventsource ORDER BY count(*) DESC) AS r FROM cloudtrail_logs GROUP BY eventsource, eventname) t WHERE r <= 2
-- name: with two and a union
WITH a AS (SELECT 'root' AS kind, count(*) AS n FROM cloudtrail_logs WHERE useridentity.type = 'Root'), b AS (SELECT 'user', count(*) FROM cloudtrail_logs WHERE useridentity.type = 'IAMUser') SELECT * FROM a UNION ALL SELECT * FROM b
-- name: insight columns
SELECT eventname, json_extract_scalar(insightdetails, '$.state') FROM cloudtrail_logs WHERE insightdetails IS NOT NULL
-- name: like with underscore and percent
SELECT eventname FROM cloudtrail_logs WHERE eventname LIKE 'Get_bject%' OR useragent LIKE '%[S3Console%'
-- name: ip in list of networks
SELECT sourceipaddress FROM cloudtrail_logs WHERE sourceipaddress NOT LIKE '%:%' AND any_match(ARRAY['10.0.0.0/8', '192.168.0.0/16'], c -> contains(c, TRY_CAST(sourceipaddress AS IPADDRESS)))
-- name: map from arrays
SELECT MAP(ARRAY['a', 'b'], ARRAY[1, 2])['a'], MAP_FROM_ENTRIES(ARRAY[('x', 1)]), SPLIT_TO_MAP('a=1;b=2', ';', '=')['b']
-- name: nulls first and last
SELECT errorcode, count(*) FROM cloudtrail_logs GROUP BY errorcode ORDER BY errorcode DESC NULLS FIRST
-- name: exponent and hex
SELECT 1e3, 0.5, .5, X'6162', -1, +1, - (2 - 3)
