-- Investigations as one writes them on Athena: functions of every family in the
-- ways in which they are combined. Each must run as it is.

-- name: partition columns of four parts
SELECT eventname, count(*) FROM "cloudtrail"."logs" WHERE year = '2026' AND month = '03' AND day BETWEEN '10' AND '20' AND region = 'us-east-1' GROUP BY eventname ORDER BY 2 DESC
-- name: partition columns cast to numbers
SELECT eventname, count(*) AS n FROM cloudtrail_logs WHERE CAST(year AS integer) = 2026 AND CAST(month AS integer) >= 3 GROUP BY 1 ORDER BY n DESC LIMIT 20
-- name: timestamp partition as a date
SELECT date_parse("timestamp", '%Y/%m/%d') AS day, count(*) AS events FROM cloudtrail_logs WHERE date_parse("timestamp", '%Y/%m/%d') >= TIMESTAMP '2026-03-10 00:00:00' GROUP BY 1 ORDER BY 1
-- name: the file behind a row
SELECT "$path", count(*) AS n FROM cloudtrail_logs GROUP BY "$path" ORDER BY n DESC LIMIT 5
-- name: part of the file's name
SELECT DISTINCT regexp_extract("$path", '[^/]+$') AS file FROM cloudtrail_logs WHERE eventname = 'ConsoleLogin'
-- name: nested scalars
SELECT json_extract_scalar(requestparameters, '$.instancesSet.items[0].instanceId') AS instance, eventtime FROM cloudtrail_logs WHERE eventsource = 'ec2.amazonaws.com' AND requestparameters IS NOT NULL
-- name: unnest of a json array
SELECT eventtime, json_extract_scalar(perm, '$.ipProtocol') AS proto, json_extract_scalar(perm, '$.fromPort') AS from_port
FROM cloudtrail_logs CROSS JOIN UNNEST(CAST(json_extract(requestparameters, '$.ipPermissions.items') AS array(json))) AS t(perm)
WHERE eventname = 'AuthorizeSecurityGroupIngress'
-- name: unnest twice
SELECT eventid, json_extract_scalar(r, '$.cidrIp') AS cidr FROM cloudtrail_logs
CROSS JOIN UNNEST(CAST(json_extract(requestparameters, '$.ipPermissions.items') AS array(json))) AS p(perm)
CROSS JOIN UNNEST(CAST(json_extract(perm, '$.ipRanges.items') AS array(json))) AS q(r)
WHERE eventname LIKE 'AuthorizeSecurityGroup%'
-- name: unnest of resources by name
SELECT r.arn, r.accountid, r.type, count(*) FROM cloudtrail_logs CROSS JOIN UNNEST(resources) AS t(r) GROUP BY 1, 2, 3
-- name: unnest with ordinality
SELECT eventid, n, r.arn FROM cloudtrail_logs CROSS JOIN UNNEST(resources) WITH ORDINALITY AS t(r, n) ORDER BY eventid, n
-- name: unnest of a map
SELECT eventname, k, v FROM cloudtrail_logs CROSS JOIN UNNEST(CAST(json_extract(requestparameters, '$') AS map(varchar, json))) AS t(k, v) WHERE requestparameters IS NOT NULL LIMIT 50
-- name: left join unnest
SELECT c.eventid, cardinality(c.resources) AS n, r.arn FROM cloudtrail_logs c LEFT JOIN UNNEST(c.resources) AS t(r) ON true
-- name: first resource
SELECT eventname, resources[1].arn, element_at(resources, 1).type FROM cloudtrail_logs WHERE cardinality(resources) > 0
-- name: resource beyond the end
SELECT eventname, try(resources[5].arn) AS fifth, element_at(resources, -1).arn AS last FROM cloudtrail_logs WHERE resources IS NOT NULL
-- name: transform resources
SELECT eventname, array_join(transform(resources, r -> r.arn), ', ') AS arns FROM cloudtrail_logs WHERE resources IS NOT NULL
-- name: filter resources
SELECT eventname, filter(resources, r -> r.type = 'AWS::S3::Bucket') AS buckets FROM cloudtrail_logs WHERE any_match(resources, r -> r.arn LIKE 'arn:aws:s3:::%')
-- name: reduce
SELECT useridentity.arn, reduce(array_agg(length(eventname)), 0, (s, x) -> s + x, s -> s) AS letters FROM cloudtrail_logs GROUP BY 1
-- name: escaped like
SELECT DISTINCT eventname FROM cloudtrail_logs WHERE eventname LIKE 'Get\_%' ESCAPE '\' OR useragent LIKE '%100!%%' ESCAPE '!'
-- name: not like and not in
SELECT eventname FROM cloudtrail_logs WHERE eventname NOT LIKE 'Describe%' AND eventname NOT LIKE 'List%' AND eventsource NOT IN ('kms.amazonaws.com', 'logs.amazonaws.com')
-- name: word boundaries
SELECT eventname, useragent FROM cloudtrail_logs WHERE regexp_like(useragent, '(?i)\b(kali|parrot|pentoo)\b') OR regexp_like(useragent, 'aws-cli/\d+\.\d+')
-- name: caller's tool
SELECT regexp_extract(useragent, '^([^/ ]+)', 1) AS tool, count(*) AS n, approx_distinct(useridentity.arn) AS who FROM cloudtrail_logs GROUP BY 1 ORDER BY n DESC
-- name: tools by case
SELECT CASE WHEN useragent LIKE 'aws-cli/%' THEN 'cli' WHEN useragent LIKE 'Boto3/%' THEN 'boto' WHEN useragent LIKE '%console.amazonaws.com%' THEN 'console' ELSE 'other' END AS tool, count(*) FROM cloudtrail_logs GROUP BY 1 ORDER BY 2 DESC
-- name: simple case
SELECT CASE useridentity.type WHEN 'Root' THEN 3 WHEN 'IAMUser' THEN 2 ELSE 1 END AS weight, count(*) FROM cloudtrail_logs GROUP BY 1
-- name: last seven days by partition
SELECT count(*) FROM cloudtrail_logs WHERE "timestamp" >= date_format(current_date - interval '7' day, '%Y/%m/%d')
-- name: last hour by time
SELECT eventname FROM cloudtrail_logs WHERE from_iso8601_timestamp(eventtime) > now() - interval '1' hour
-- name: last day, compared as text
SELECT eventname FROM cloudtrail_logs WHERE eventtime >= to_iso8601(current_timestamp - interval '1' day)
-- name: window of minutes with parse_datetime
SELECT eventname FROM cloudtrail_logs WHERE parse_datetime(eventtime, 'yyyy-MM-dd''T''HH:mm:ss''Z''') BETWEEN TIMESTAMP '2026-03-14 00:00:00 UTC' AND TIMESTAMP '2026-03-15 00:00:00 UTC'
-- name: date literals
SELECT eventname FROM cloudtrail_logs WHERE CAST(from_iso8601_timestamp(eventtime) AS date) BETWEEN DATE '2026-03-01' AND DATE '2026-03-31'
-- name: hours of work in a zone
SELECT eventtime, useridentity.arn FROM cloudtrail_logs WHERE hour(from_iso8601_timestamp(eventtime) AT TIME ZONE 'America/New_York') NOT BETWEEN 8 AND 18
-- name: weekends
SELECT useridentity.arn, count(*) FROM cloudtrail_logs WHERE day_of_week(from_iso8601_timestamp(eventtime)) IN (6, 7) GROUP BY 1
-- name: name of the weekday
SELECT date_format(from_iso8601_timestamp(eventtime), '%W') AS weekday, format_datetime(from_iso8601_timestamp(eventtime), 'EEEE') AS again, count(*) FROM cloudtrail_logs GROUP BY 1, 2
-- name: five minutes
SELECT from_unixtime(floor(to_unixtime(from_iso8601_timestamp(eventtime)) / 300) * 300) AS bucket, count(*) AS n FROM cloudtrail_logs GROUP BY 1 ORDER BY 1
-- name: gaps between calls
SELECT useridentity.arn, eventname, eventtime, date_diff('second', lag(from_iso8601_timestamp(eventtime)) OVER (PARTITION BY useridentity.arn ORDER BY eventtime), from_iso8601_timestamp(eventtime)) AS gap FROM cloudtrail_logs ORDER BY gap DESC NULLS LAST
-- name: running total
SELECT eventtime, eventname, count(*) OVER (PARTITION BY useridentity.arn ORDER BY eventtime ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far FROM cloudtrail_logs
-- name: top three of each
SELECT * FROM (SELECT eventsource, eventname, count(*) AS n, row_number() OVER (PARTITION BY eventsource ORDER BY count(*) DESC, eventname) AS place FROM cloudtrail_logs GROUP BY eventsource, eventname) WHERE place <= 3 ORDER BY eventsource, place
-- name: shares
SELECT eventsource, count(*) AS n, round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS percent FROM cloudtrail_logs GROUP BY eventsource ORDER BY n DESC
-- name: first and last by window
SELECT DISTINCT useridentity.arn, first_value(eventname) OVER (PARTITION BY useridentity.arn ORDER BY eventtime) AS first_call, last_value(eventname) OVER (PARTITION BY useridentity.arn ORDER BY eventtime ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_call FROM cloudtrail_logs
-- name: ranks
SELECT eventname, rank() OVER (ORDER BY n DESC) AS r, dense_rank() OVER (ORDER BY n DESC) AS d, ntile(4) OVER (ORDER BY n DESC) AS q, percent_rank() OVER (ORDER BY n) AS p FROM (SELECT eventname, count(*) n FROM cloudtrail_logs GROUP BY eventname)
-- name: named window
SELECT eventtime, lead(eventname) OVER w AS next_call, lag(eventname, 2, 'none') OVER w AS two_before FROM cloudtrail_logs WINDOW w AS (PARTITION BY useridentity.accesskeyid ORDER BY eventtime)
-- name: addresses never seen before
WITH before AS (SELECT DISTINCT sourceipaddress FROM cloudtrail_logs WHERE eventtime < '2026-03-14T00:00:00Z'), after AS (SELECT useridentity.arn AS arn, sourceipaddress, min(eventtime) AS first_seen FROM cloudtrail_logs WHERE eventtime >= '2026-03-14T00:00:00Z' GROUP BY 1, 2)
SELECT after.* FROM after LEFT JOIN before ON after.sourceipaddress = before.sourceipaddress WHERE before.sourceipaddress IS NULL ORDER BY first_seen
-- name: exists
SELECT DISTINCT a.useridentity.arn FROM cloudtrail_logs a WHERE a.eventname = 'ConsoleLogin' AND EXISTS (SELECT 1 FROM cloudtrail_logs b WHERE b.useridentity.arn = a.useridentity.arn AND b.eventname LIKE 'Delete%' AND b.eventtime > a.eventtime)
-- name: not exists
SELECT DISTINCT useridentity.accesskeyid FROM cloudtrail_logs a WHERE NOT EXISTS (SELECT * FROM cloudtrail_logs b WHERE b.useridentity.accesskeyid = a.useridentity.accesskeyid AND b.errorcode IS NOT NULL)
-- name: in a query
SELECT eventname, sourceipaddress FROM cloudtrail_logs WHERE useridentity.accesskeyid IN (SELECT json_extract_scalar(responseelements, '$.accessKey.accessKeyId') FROM cloudtrail_logs WHERE eventname = 'CreateAccessKey')
-- name: scalar query
SELECT eventname FROM cloudtrail_logs WHERE eventtime = (SELECT max(eventtime) FROM cloudtrail_logs)
-- name: self join of roles and sessions
SELECT a.useridentity.arn AS who, json_extract_scalar(a.requestparameters, '$.roleArn') AS role, b.eventname, b.eventtime FROM cloudtrail_logs AS a JOIN cloudtrail_logs AS b
ON json_extract_scalar(a.responseelements, '$.credentials.accessKeyId') = b.useridentity.accesskeyid WHERE a.eventname = 'AssumeRole' ORDER BY b.eventtime
-- name: join using
SELECT useridentity_arn, logins, calls FROM (SELECT useridentity.arn AS useridentity_arn, count(*) AS logins FROM cloudtrail_logs WHERE eventname = 'ConsoleLogin' GROUP BY 1) l FULL OUTER JOIN (SELECT useridentity.arn AS useridentity_arn, count(*) AS calls FROM cloudtrail_logs GROUP BY 1) c USING (useridentity_arn)
-- name: values as a list of interest
SELECT v.title, count(c.eventid) AS n FROM (VALUES ('StopLogging', 'trail stopped'), ('DeleteTrail', 'trail deleted'), ('PutBucketPolicy', 'policy')) AS v(name, title) LEFT JOIN cloudtrail_logs c ON c.eventname = v.name GROUP BY v.title
-- name: values alone
VALUES (1, 'a'), (2, 'b')
-- name: with values
WITH bad(ip) AS (VALUES '203.0.113.5', '198.51.100.9') SELECT eventname FROM cloudtrail_logs JOIN bad ON sourceipaddress = bad.ip
-- name: grouping sets
SELECT eventsource, awsregion, count(*) AS n, grouping(eventsource, awsregion) AS g FROM cloudtrail_logs GROUP BY GROUPING SETS ((eventsource, awsregion), (eventsource), ()) ORDER BY n DESC
-- name: cube
SELECT eventsource, readonly, count(*) FROM cloudtrail_logs GROUP BY CUBE (eventsource, readonly)
-- name: rollup
SELECT recipientaccountid, awsregion, count(*) FROM cloudtrail_logs GROUP BY ROLLUP (recipientaccountid, awsregion) ORDER BY 1 NULLS FIRST, 2 NULLS FIRST
-- name: group by all expressions
SELECT substr(eventtime, 1, 13) AS hour, eventsource, count(*) FROM cloudtrail_logs GROUP BY substr(eventtime, 1, 13), eventsource HAVING count(*) > 1 ORDER BY hour, 3 DESC
-- name: filtered aggregates
SELECT useridentity.arn, count(*) AS calls, count(*) FILTER (WHERE errorcode IS NOT NULL) AS errors, count_if(readonly = 'false') AS writes, sum(IF(eventname LIKE 'Delete%', 1, 0)) AS deletions FROM cloudtrail_logs GROUP BY 1 ORDER BY errors DESC
-- name: error rate
SELECT useridentity.arn, CAST(count_if(errorcode IS NOT NULL) AS double) / count(*) AS rate, avg(IF(errorcode IS NULL, 0, 1)) AS again FROM cloudtrail_logs GROUP BY 1 HAVING count(*) > 2 ORDER BY rate DESC
-- name: division by nothing
SELECT useridentity.arn, try(count_if(errorcode IS NOT NULL) / count_if(readonly = 'x')) AS never, count(*) / nullif(count_if(readonly = 'x'), 0) AS nothing FROM cloudtrail_logs GROUP BY 1
-- name: sets of regions
SELECT useridentity.arn, array_sort(array_agg(DISTINCT awsregion)) AS regions, cardinality(array_agg(DISTINCT awsregion)) AS n, array_join(array_sort(array_agg(DISTINCT eventsource)), ',') AS services FROM cloudtrail_logs GROUP BY 1 HAVING cardinality(array_agg(DISTINCT awsregion)) > 1
-- name: ordered aggregate
SELECT useridentity.accesskeyid, array_agg(eventname ORDER BY eventtime DESC) AS calls, slice(array_agg(eventname ORDER BY eventtime), 1, 3) AS first_three FROM cloudtrail_logs GROUP BY 1
-- name: list of texts
SELECT useridentity.arn, listagg(eventname, ',') WITHIN GROUP (ORDER BY eventtime) AS trace FROM cloudtrail_logs WHERE errorcode IS NOT NULL GROUP BY 1
-- name: max by
SELECT useridentity.arn, max_by(eventname, eventtime) AS latest, min_by(sourceipaddress, eventtime) AS first_ip, max_by(eventname, eventtime, 3) AS last_three FROM cloudtrail_logs GROUP BY 1
-- name: histograms
SELECT useridentity.type, histogram(eventsource) AS by_source, map_agg(eventid, eventname) AS all_of_them, multimap_agg(eventsource, eventname) AS names FROM cloudtrail_logs GROUP BY 1
-- name: maps taken apart
SELECT type, k, v FROM (SELECT useridentity.type AS type, histogram(eventsource) AS h FROM cloudtrail_logs GROUP BY 1) CROSS JOIN UNNEST(h) AS t(k, v) ORDER BY v DESC
-- name: map functions
SELECT map_keys(h) AS names, element_at(h, 'iam.amazonaws.com') AS iam, map_filter(h, (k, v) -> v > 1) AS often, transform_values(h, (k, v) -> v * 2) AS doubled, cardinality(h) AS n FROM (SELECT histogram(eventsource) AS h FROM cloudtrail_logs)
-- name: percentiles
SELECT eventsource, approx_percentile(length(requestparameters), 0.95) AS p95, approx_percentile(length(requestparameters), ARRAY[0.5, 0.9]) AS some FROM cloudtrail_logs GROUP BY 1
-- name: spread
SELECT eventsource, stddev(length(eventname)) AS s, variance(length(eventname)) AS v, stddev_pop(length(eventname)) AS sp, corr(length(eventname), length(useragent)) AS c FROM cloudtrail_logs GROUP BY 1
-- name: outliers
WITH d AS (SELECT useridentity.arn AS arn, substr(eventtime, 1, 10) AS day, count(*) AS n FROM cloudtrail_logs GROUP BY 1, 2), s AS (SELECT arn, avg(n) AS mean, stddev(n) AS sd FROM d GROUP BY arn)
SELECT d.arn, d.day, d.n, (d.n - s.mean) / nullif(s.sd, 0) AS z FROM d JOIN s ON d.arn = s.arn WHERE d.n > s.mean + 2 * coalesce(s.sd, 0)
-- name: tagged texts
SELECT split_part(useridentity.arn, ':', 6) AS tail, split(useridentity.arn, '/')[1] AS head, element_at(split(useridentity.arn, '/'), -1) AS session, element_at(split(useridentity.arn, '/'), 7) AS nothing FROM cloudtrail_logs WHERE useridentity.arn IS NOT NULL
-- name: texts put together
SELECT concat(useridentity.type, ':', coalesce(useridentity.username, useridentity.sessioncontext.sessionissuer.username, '-')) AS who, 'x' || eventname || 'y' AS n, concat_ws('|', eventsource, eventname, errorcode) AS key FROM cloudtrail_logs
-- name: positions
SELECT strpos(useridentity.arn, ':role/') AS at, position('/' IN useridentity.arn) AS slash, substring(useridentity.arn FROM 9 FOR 3) AS service, substr(eventtime, -1) AS zulu, reverse(eventname) AS r, length(eventname) AS l FROM cloudtrail_logs
-- name: padded
SELECT lpad(CAST(hour(from_iso8601_timestamp(eventtime)) AS varchar), 2, '0') AS h, count(*) AS n, rpad('', CAST(count(*) AS integer), '#') AS bar FROM cloudtrail_logs GROUP BY 1 ORDER BY 1
-- name: urls
SELECT url_extract_host(useragent) AS host, url_decode('a%20b') AS d, url_extract_parameter('https://x/?a=1&b=2', 'b') AS p, url_extract_path(json_extract_scalar(additionaleventdata, '$.LoginTo')) AS path FROM cloudtrail_logs WHERE eventname = 'ConsoleLogin'
-- name: addresses of a network
SELECT sourceipaddress, count(*) FROM cloudtrail_logs WHERE regexp_like(sourceipaddress, '^\d+\.\d+\.\d+\.\d+$') AND contains('10.0.0.0/8', CAST(sourceipaddress AS ipaddress)) GROUP BY 1
-- name: first of a network
SELECT DISTINCT ip_prefix(TRY_CAST(sourceipaddress AS ipaddress), 24) AS net FROM cloudtrail_logs
-- name: public addresses
SELECT sourceipaddress FROM cloudtrail_logs WHERE regexp_like(sourceipaddress, '^\d+\.\d+\.\d+\.\d+$') AND none_match(ARRAY['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], n -> contains(n, CAST(sourceipaddress AS ipaddress)))
-- name: casts that fail
SELECT try_cast(json_extract_scalar(requestparameters, '$.maxResults') AS bigint) AS n, try(CAST(eventname AS integer)) AS never, TRY_CAST(readonly AS boolean) AS ro FROM cloudtrail_logs
-- name: rows
SELECT CAST(ROW(eventname, 1) AS ROW(name varchar, n integer)).name AS a, ROW(1, 'x')[2] AS b FROM cloudtrail_logs
-- name: rows as json
SELECT json_format(CAST(ROW(eventname, eventsource) AS json)) AS a, json_format(CAST(ARRAY[1, 2] AS json)) AS b, json_format(CAST(MAP(ARRAY['k'], ARRAY[eventname]) AS json)) AS c FROM cloudtrail_logs
-- name: json as rows
SELECT p.rolearn, p.rolesessionname FROM (SELECT CAST(json_parse(requestparameters) AS ROW(roleArn varchar, roleSessionName varchar)) AS p FROM cloudtrail_logs WHERE eventname = 'AssumeRole')
-- name: lengths of json arrays
SELECT json_array_length(json_extract(requestparameters, '$.filterSet.items')) AS n, json_size(requestparameters, '$') AS size, json_array_contains(json_extract(requestparameters, '$.names'), 'a') AS has FROM cloudtrail_logs
-- name: json in sql's own words
SELECT json_value(requestparameters, 'lax $.bucketName') AS bucket, json_exists(requestparameters, 'lax $.policy') AS has_policy, json_query(requestparameters, 'lax $.bucketPolicy' WITH WRAPPER) AS policy FROM cloudtrail_logs WHERE eventsource = 's3.amazonaws.com'
-- name: all of a path
SELECT json_query(requestparameters, 'lax $.instancesSet.items[*].instanceId' WITH ARRAY WRAPPER) AS ids FROM cloudtrail_logs WHERE eventname = 'TerminateInstances'
-- name: policies that let everybody
SELECT eventtime, json_extract_scalar(requestparameters, '$.bucketName') AS bucket FROM cloudtrail_logs WHERE eventname = 'PutBucketPolicy' AND (requestparameters LIKE '%"Principal":"*"%' OR json_format(json_extract(requestparameters, '$.bucketPolicy')) LIKE '%"AWS":"*"%')
-- name: text of a policy inside of text
SELECT json_extract_scalar(json_parse(json_extract_scalar(requestparameters, '$.policyDocument')), '$.Version') AS version FROM cloudtrail_logs WHERE eventname IN ('PutUserPolicy', 'CreatePolicy', 'PutRolePolicy')
-- name: order by what is not shown
SELECT eventname FROM cloudtrail_logs ORDER BY eventtime DESC, eventid LIMIT 10
-- name: order by an alias and a number
SELECT eventsource AS s, count(*) AS n FROM cloudtrail_logs GROUP BY 1 ORDER BY n DESC, 1 OFFSET 2 ROWS FETCH NEXT 3 ROWS ONLY
-- name: offset before limit
SELECT eventname FROM cloudtrail_logs ORDER BY eventtime, eventid OFFSET 5 LIMIT 5
-- name: limit all
SELECT eventname FROM cloudtrail_logs LIMIT ALL
-- name: ties
SELECT eventname, count(*) AS n FROM cloudtrail_logs GROUP BY 1 ORDER BY n DESC FETCH FIRST 2 ROWS WITH TIES
-- name: sampled
SELECT count(*) FROM cloudtrail_logs TABLESAMPLE BERNOULLI (50)
-- name: set operations
(SELECT useridentity.arn FROM cloudtrail_logs WHERE eventname LIKE 'Create%' INTERSECT SELECT useridentity.arn FROM cloudtrail_logs WHERE eventname LIKE 'Delete%') EXCEPT SELECT useridentity.arn FROM cloudtrail_logs WHERE useridentity.type = 'Root'
-- name: union of counts
SELECT 'failed' AS what, count(*) AS n FROM cloudtrail_logs WHERE errorcode IS NOT NULL UNION ALL SELECT 'all', count(*) FROM cloudtrail_logs ORDER BY n
-- name: distinct from
SELECT eventname FROM cloudtrail_logs WHERE errorcode IS DISTINCT FROM 'AccessDenied' AND useridentity.invokedby IS NOT DISTINCT FROM NULL
-- name: any and all
SELECT eventname FROM cloudtrail_logs WHERE eventsource = ANY (VALUES 'iam.amazonaws.com', 'sts.amazonaws.com') AND length(eventname) >= ALL (SELECT 3)
-- name: between texts
SELECT eventname FROM cloudtrail_logs WHERE eventtime BETWEEN '2026-03-14T00:00:00Z' AND '2026-03-14T23:59:59Z' AND NOT (readonly = 'true' OR readonly IS NULL)
-- name: upper-case keywords and names in mixed case
Select EventName, UserIdentity.SessionContext.Attributes.MFAAuthenticated As MFA From CloudTrail_Logs Where UserIdentity.Type In ('IAMUser', 'AssumedRole') Order By EventTime Desc Limit 10
-- name: comments everywhere
/* who */ SELECT -- the name
useridentity.username /* of the user */, count(*) -- how often
FROM cloudtrail_logs -- the trail
GROUP BY 1 -- by name
-- name: unicode text
SELECT eventname FROM cloudtrail_logs WHERE useridentity.username = U&'J\00FCrgen' OR useragent = 'naïve ☃'
-- name: quotes in texts
SELECT 'it''s' AS a, "eventname" AS "event ""name""" FROM cloudtrail_logs
-- name: reserved words as aliases in quotes
SELECT useridentity.arn AS "user", eventtime AS "time", sourceipaddress AS "from", count(*) AS "count" FROM cloudtrail_logs GROUP BY 1, 2, 3
-- name: unquoted aliases that are words elsewhere
SELECT eventname AS name, eventtime AS time, useridentity.type AS type, eventsource AS source, awsregion AS region_name, count(*) AS total FROM cloudtrail_logs GROUP BY 1, 2, 3, 4, 5
-- name: intervals
SELECT now() - interval '30' minute AS a, current_date + interval '1' month AS b, date_add('week', -1, current_date) AS c, interval '2' day + interval '3' hour AS d, timestamp '2026-03-14 01:02:03' + interval '1:30' hour to minute AS e
-- name: times of a day
SELECT current_time IS NOT NULL AS a, localtimestamp IS NOT NULL AS b, TIME '10:00:00' < TIME '11:00:00' AS c, extract(hour FROM from_iso8601_timestamp(eventtime)) AS h FROM cloudtrail_logs
-- name: truncated and shown in a zone
SELECT date_trunc('hour', from_iso8601_timestamp(eventtime) AT TIME ZONE 'Asia/Tokyo') AS tokyo, count(*) FROM cloudtrail_logs GROUP BY 1 ORDER BY 1
-- name: seconds since 1970
SELECT to_unixtime(from_iso8601_timestamp(eventtime)) AS s, from_unixtime(1773446400) AS t, from_unixtime(1773446400, 'Europe/Berlin') AS b, CAST(to_unixtime(TIMESTAMP '2026-03-14 00:00:00') AS bigint) AS whole FROM cloudtrail_logs
-- name: calendar of days without events
SELECT d, count(c.eventid) AS n FROM UNNEST(sequence(DATE '2026-03-01', DATE '2026-03-31', interval '1' day)) AS t(d) LEFT JOIN cloudtrail_logs c ON date(from_iso8601_timestamp(c.eventtime)) = t.d GROUP BY d ORDER BY d
-- name: recursive chain of roles
WITH RECURSIVE chain(key, depth) AS (SELECT 'AKIAIOSFODNN7EXAMPLE', 0 UNION ALL SELECT json_extract_scalar(c.responseelements, '$.credentials.accessKeyId'), depth + 1 FROM chain JOIN cloudtrail_logs c ON c.useridentity.accesskeyid = chain.key AND c.eventname = 'AssumeRole' WHERE depth < 5) SELECT DISTINCT key, depth FROM chain
-- name: sessions by pauses
WITH e AS (SELECT useridentity.arn AS arn, from_iso8601_timestamp(eventtime) AS t FROM cloudtrail_logs), g AS (SELECT arn, t, CASE WHEN date_diff('minute', lag(t) OVER (PARTITION BY arn ORDER BY t), t) > 30 THEN 1 ELSE 0 END AS fresh FROM e), s AS (SELECT arn, t, sum(fresh) OVER (PARTITION BY arn ORDER BY t) AS session FROM g)
SELECT arn, session, min(t) AS began, max(t) AS ended, count(*) AS calls FROM s GROUP BY arn, session ORDER BY began
-- name: impossible travel
SELECT * FROM (SELECT useridentity.username AS u, eventtime, sourceipaddress, lag(sourceipaddress) OVER (PARTITION BY useridentity.username ORDER BY eventtime) AS before FROM cloudtrail_logs WHERE eventname = 'ConsoleLogin') WHERE before IS NOT NULL AND before <> sourceipaddress
-- name: privilege changes
SELECT eventtime, useridentity.arn, eventname, coalesce(json_extract_scalar(requestparameters, '$.userName'), json_extract_scalar(requestparameters, '$.roleName'), json_extract_scalar(requestparameters, '$.groupName')) AS target, json_extract_scalar(requestparameters, '$.policyArn') AS policy FROM cloudtrail_logs WHERE eventsource = 'iam.amazonaws.com' AND regexp_like(eventname, '^(Attach|Put|Add|Create|Update)') ORDER BY eventtime
-- name: who made a thing public
SELECT eventtime, useridentity.arn FROM cloudtrail_logs WHERE eventname = 'ModifySnapshotAttribute' AND any_match(CAST(json_extract(requestparameters, '$.createVolumePermission.add.items') AS array(json)), i -> json_extract_scalar(i, '$.group') = 'all')
-- name: secrets read by few
SELECT json_extract_scalar(requestparameters, '$.secretId') AS secret, count(DISTINCT useridentity.arn) AS readers, arbitrary(useridentity.arn) AS one FROM cloudtrail_logs WHERE eventname = 'GetSecretValue' GROUP BY 1 HAVING count(DISTINCT useridentity.arn) <= 2
-- name: identity center users
SELECT useridentity.onbehalfof.userid, useridentity.sessioncontext.webidfederationdata.federatedprovider, tlsdetails.tlsversion, tlsdetails.ciphersuite FROM cloudtrail_logs LIMIT 5
-- name: old tls
SELECT eventsource, tlsdetails.tlsversion AS v, count(*) AS n FROM cloudtrail_logs WHERE tlsdetails.tlsversion IN ('TLSv1', 'TLSv1.1') GROUP BY 1, 2
-- name: describe
DESCRIBE cloudtrail_logs
-- name: show columns
SHOW COLUMNS IN cloudtrail_logs
-- name: show partitions
SHOW PARTITIONS cloudtrail_logs
-- name: explain
EXPLAIN SELECT count(*) FROM cloudtrail_logs WHERE eventname = 'ConsoleLogin'
-- name: lambda with two arguments
SELECT zip_with(ARRAY['a', 'b'], ARRAY[1, 2], (x, y) -> x || CAST(y AS varchar)) AS z, array_sort(ARRAY[3, 1, 2], (a, b) -> IF(a < b, 1, IF(a = b, 0, -1))) AS s, map_from_entries(ARRAY[ROW('a', 1)]) AS m
-- name: lateral
SELECT c.eventid, x.n FROM cloudtrail_logs c CROSS JOIN LATERAL (SELECT length(c.eventname) AS n) AS x
-- name: parenthesized and nested unions
SELECT count(*) FROM ((SELECT eventid FROM cloudtrail_logs WHERE readonly = 'true') UNION (SELECT eventid FROM cloudtrail_logs WHERE readonly = 'false')) AS u
-- name: hex, base64 and hashes
SELECT to_hex(md5(to_utf8(eventid))) AS h, to_base64(to_utf8(eventname)) AS b, from_utf8(from_base64('YWJj')) AS t, lower(to_hex(sha256(to_utf8('x')))) AS s FROM cloudtrail_logs
-- name: user data of an instance
SELECT eventtime, from_utf8(from_base64(json_extract_scalar(requestparameters, '$.userData'))) AS script FROM cloudtrail_logs WHERE eventname = 'RunInstances' AND json_extract_scalar(requestparameters, '$.userData') IS NOT NULL AND json_extract_scalar(requestparameters, '$.userData') NOT LIKE '<%'

-- name: graph edges from sessions to services, with columns named as a loader wants them
SELECT md5(to_utf8(a.eventid)) AS "~id", md5(to_utf8(element_at(split(a.useridentity.principalid, ':'), 2))) AS "~from",
       md5(to_utf8(a.eventsource)) AS "~to", a.eventname AS "~label", 1 AS "weight:Double"
FROM (SELECT * FROM aws_logs.cloudtrail) a
LEFT JOIN (SELECT eventid, r.arn AS resource_arn FROM aws_logs.cloudtrail CROSS JOIN UNNEST(resources) AS t (r)) b ON a.eventid = b.eventid
WHERE date_parse(a.eventtime, '%Y-%m-%dT%TZ') BETWEEN date '2026-03-01' AND date '2026-03-31'

-- name: resources by action, an underscore as the alias, days as timestamps with and without a zone
SELECT eventsource, array_distinct(array_agg(r.arn)) AS arns, count(*) AS n
FROM cloudtrail_logs CROSS JOIN UNNEST(resources) AS _(r)
WHERE date_parse(eventtime, '%Y-%m-%dT%H:%i:%sZ') BETWEEN parse_datetime('2026-03-01', 'yyyy-MM-dd')
      AND parse_datetime('2026-03-31', 'yyyy-MM-dd') + interval '1' day
  AND (errorcode IS NULL OR errorcode = '')
GROUP BY eventsource ORDER BY eventsource

-- name: days as dates, as texts, and by ages
SELECT count(*) FROM cloudtrail_logs WHERE day BETWEEN DATE '2026-03-01' AND DATE '2026-03-31' AND eventdate >= current_date - interval '9000' day
  AND date >= date_format(date '2026-03-14' - interval '30' day, '%Y/%m/%d')

-- name: gaps between the calls of one principal
SELECT useridentity.arn, eventname, date_diff('second', from_iso8601_timestamp(lag(eventtime) OVER w), from_iso8601_timestamp(eventtime)) AS gap
FROM cloudtrail_logs WINDOW w AS (PARTITION BY useridentity.arn ORDER BY eventtime) ORDER BY gap DESC NULLS LAST LIMIT 20

-- name: share of each call in all calls
SELECT eventname, count(*) AS calls, round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS pct FROM cloudtrail_logs GROUP BY eventname ORDER BY calls DESC

-- name: a key from its making to its first use within the hour
WITH created AS (SELECT eventtime, json_extract_scalar(responseelements, '$.accessKey.accessKeyId') AS new_key FROM cloudtrail_logs WHERE eventname = 'CreateAccessKey')
SELECT c.eventtime AS made, c.new_key, min(l.eventtime) AS used FROM created c
JOIN cloudtrail_logs l ON l.useridentity.accesskeyid = c.new_key
 AND from_iso8601_timestamp(l.eventtime) BETWEEN from_iso8601_timestamp(c.eventtime) AND from_iso8601_timestamp(c.eventtime) + interval '1' hour
GROUP BY c.eventtime, c.new_key

-- name: half minutes by arithmetic on texts
SELECT concat(substr(eventtime, 1, 17), lpad(CAST(CAST(substr(eventtime, 18, 2) AS integer) / 30 * 30 AS varchar), 2, '0')) AS bucket, count(*)
FROM cloudtrail_logs GROUP BY 1 ORDER BY 1

-- name: pairs of source and name
SELECT eventid FROM cloudtrail_logs WHERE (eventsource, eventname) IN (VALUES ('iam.amazonaws.com', 'CreateUser'), ('s3.amazonaws.com', 'GetObject'))

-- name: policies that allow everything, by SQL/JSON
SELECT eventid, json_query(url_decode(json_extract_scalar(requestparameters, '$.policyDocument')), 'lax $.Statement[*] ? (@.Effect == "Allow" && @.Resource == "*").Action' WITH ARRAY WRAPPER) AS actions
FROM cloudtrail_logs WHERE eventname IN ('PutRolePolicy', 'PutUserPolicy', 'CreatePolicy')

-- name: the newest call of each principal, by a subquery that sees the row
SELECT a.eventname, a.useridentity.arn FROM cloudtrail_logs a
WHERE a.eventtime = (SELECT max(b.eventtime) FROM cloudtrail_logs b WHERE b.useridentity.arn = a.useridentity.arn)

-- name: rows of rows
SELECT ROW(eventsource, eventname) AS call, count(*) AS n, array_agg(DISTINCT ROW(awsregion, useridentity.type)) FROM cloudtrail_logs GROUP BY 1 ORDER BY n DESC LIMIT 10

-- name: where objects lie, in a table of its own
SELECT * FROM (SELECT "$path" AS file, eventname FROM cloudtrail_logs) AS t WHERE file LIKE '%us-east-1%' LIMIT 10

-- name: calls and refusals side by side
SELECT eventsource, a.calls, b.refused FROM (SELECT eventsource, count(*) AS calls FROM cloudtrail_logs GROUP BY 1) a FULL JOIN (SELECT eventsource, count(*) AS refused FROM cloudtrail_logs WHERE errorcode IS NOT NULL GROUP BY 1) b USING (eventsource) ORDER BY eventsource

-- name: who, field by field
SELECT c.useridentity.*, c.eventname FROM cloudtrail_logs c WHERE eventname IN ('StopLogging', 'DeleteTrail')

-- name: names however written, in order
SELECT DISTINCT c.EventName, c.awsregion FROM cloudtrail_logs c ORDER BY c.eventname, c.awsregion
