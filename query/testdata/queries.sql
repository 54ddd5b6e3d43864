-- Questions in the style in which people publish them; each must run as it is.
-- A line of dashes with a name begins one.

-- name: count
SELECT count(*) FROM cloudtrail_logs;
-- name: all columns
SELECT * FROM cloudtrail_logs LIMIT 10;
-- name: quoted schema
SELECT eventname FROM "default"."cloudtrail_logs" LIMIT 5
-- name: other table name
SELECT eventname FROM cloudtrail_logs_my_company_trail LIMIT 5
-- name: three part name
SELECT eventname FROM "AwsDataCatalog"."security"."cloudtrail" LIMIT 5
-- name: placeholder
SELECT eventname FROM <your_table> LIMIT 5
-- name: placeholder with braces
SELECT eventname FROM ${table} LIMIT 5
-- name: placeholder with moustaches
SELECT eventname FROM {{ database }}.{{ table }} LIMIT 5
-- name: reserved placeholder
SELECT eventname FROM DATABASE.TABLE LIMIT 5
-- name: dashes in a name
SELECT eventname FROM aws-cloudtrail-logs-111122223333-abcd LIMIT 5
-- name: qualified columns
SELECT cloudtrail_logs.eventname, "cloudtrail_logs"."eventsource" FROM default.cloudtrail_logs
-- name: fully qualified columns
SELECT default.cloudtrail_logs.eventname FROM default.cloudtrail_logs
-- name: alias
SELECT ct.eventname, ct.useridentity.arn FROM cloudtrail_logs AS ct WHERE ct.useridentity.type = 'IAMUser'
-- name: camel case
SELECT eventTime, eventName, userIdentity.sessionContext.sessionIssuer.userName, sourceIPAddress FROM cloudtrail_logs
-- name: root activity
SELECT eventtime, eventname, sourceipaddress, useragent FROM cloudtrail_logs
WHERE useridentity.type = 'Root' AND useridentity.invokedby IS NULL AND eventtype != 'AwsServiceEvent' ORDER BY eventtime DESC
-- name: console sign-ins
SELECT useridentity.username, sourceipaddress, eventtime, additionaleventdata FROM cloudtrail_logs
WHERE eventname = 'ConsoleLogin' AND eventtime >= '2026-03-13T00:00:00Z' AND eventtime < '2026-03-16T00:00:00Z'
-- name: sign-ins without a second factor
SELECT useridentity.arn, count(*) AS logins FROM cloudtrail_logs
WHERE eventname = 'ConsoleLogin' AND json_extract_scalar(additionaleventdata, '$.MFAUsed') = 'No'
AND json_extract_scalar(responseelements, '$.ConsoleLogin') = 'Success' GROUP BY useridentity.arn
-- name: failed sign-ins
SELECT sourceipaddress, useridentity.username, count(1) c FROM cloudtrail_logs
WHERE eventname = 'ConsoleLogin' AND json_extract_scalar(responseelements, '$.ConsoleLogin') = 'Failure' GROUP BY 1, 2 HAVING count(1) > 0 ORDER BY c DESC
-- name: what did a key do
SELECT eventtime, eventsource, eventname, awsregion, sourceipaddress FROM cloudtrail_logs
WHERE useridentity.accesskeyid = 'AKIAIOSFODNN7EXAMPLE' ORDER BY eventtime
-- name: keys by number of calls
SELECT useridentity.accesskeyid, count(DISTINCT sourceipaddress) ips, min(eventtime) AS first_seen, max(eventtime) AS last_seen
FROM cloudtrail_logs WHERE useridentity.accesskeyid IS NOT NULL GROUP BY useridentity.accesskeyid ORDER BY ips DESC LIMIT 100
-- name: access denied
SELECT count (*) as TotalEvents, useridentity.arn, eventsource, eventname, errorCode, errorMessage FROM cloudtrail_logs
WHERE (errorcode like '%Denied%' or errorcode like '%Unauthorized%') AND eventtime >= '2026-01-01T00:00:00Z'
GROUP by eventsource, eventname, errorCode, errorMessage, useridentity.arn ORDER by eventsource, eventname
-- name: errors by day
SELECT date(from_iso8601_timestamp(eventtime)) AS day, errorcode, count(*) n FROM cloudtrail_logs
WHERE errorcode <> '' GROUP BY 1, 2 ORDER BY 1, 3 DESC
-- name: deletions
SELECT eventtime, useridentity.arn, eventname, requestparameters FROM cloudtrail_logs WHERE lower(eventname) LIKE '%delete%' ORDER BY eventtime
-- name: bucket access
SELECT useridentity.arn, json_extract_scalar(requestparameters, '$.bucketName') AS bucket, json_extract_scalar(requestparameters, '$.key') AS key
FROM cloudtrail_logs WHERE eventsource = 's3.amazonaws.com' AND eventname IN ('GetObject', 'PutObject', 'DeleteObject')
-- name: bucket policies
SELECT eventtime, json_extract(requestparameters, '$.bucketPolicy') AS policy FROM cloudtrail_logs WHERE eventname = 'PutBucketPolicy'
-- name: cast of extracted json
SELECT CAST(json_extract(requestparameters, '$.bucketName') AS varchar) AS bucket, count(*) FROM cloudtrail_logs WHERE eventsource = 's3.amazonaws.com' GROUP BY 1
-- name: resources
SELECT eventname, resource.arn, resource.type FROM cloudtrail_logs CROSS JOIN UNNEST(resources) AS t(resource) WHERE eventsource = 's3.amazonaws.com'
-- name: resources as columns
SELECT eventname, r.arn, r.accountid FROM cloudtrail_logs CROSS JOIN UNNEST(resources) AS r (arn, accountid, type)
-- name: resources without columns
SELECT t.arn, t.type FROM cloudtrail_logs, UNNEST(resources) AS t
-- name: resources with a comma
SELECT eventname, x FROM cloudtrail_logs, UNNEST(resources) t(x)
-- name: resources with ordinality
SELECT eventid, n, r.arn FROM cloudtrail_logs CROSS JOIN UNNEST(resources) WITH ORDINALITY AS t(r, n)
-- name: resources, also none
SELECT eventid, r.arn FROM cloudtrail_logs LEFT JOIN UNNEST(resources) AS t(r) ON TRUE
-- name: first resource
SELECT resources[1].arn, element_at(resources, 1).type FROM cloudtrail_logs WHERE cardinality(resources) > 0
-- name: any resource
SELECT eventname FROM cloudtrail_logs WHERE any_match(resources, r -> r.type = 'AWS::S3::Bucket')
-- name: resource arns
SELECT eventname, transform(resources, r -> r.arn) AS arns FROM cloudtrail_logs WHERE resources IS NOT NULL
-- name: json arrays
SELECT eventname, json_extract_scalar(item, '$.instanceId') AS id FROM cloudtrail_logs
CROSS JOIN UNNEST(CAST(json_extract(responseelements, '$.instancesSet.items') AS array(json))) AS t(item) WHERE eventname = 'RunInstances'
-- name: json rows
SELECT i.instanceid FROM cloudtrail_logs
CROSS JOIN UNNEST(CAST(json_extract(requestparameters, '$.instancesSet.items') AS array(row(instanceid varchar)))) AS t(i)
-- name: json maps
SELECT k, v FROM cloudtrail_logs CROSS JOIN UNNEST(CAST(json_parse(requestparameters) AS map(varchar, json))) AS t(k, v) WHERE requestparameters LIKE '{%'
-- name: security groups
SELECT eventtime, useridentity.arn, json_extract_scalar(requestparameters, '$.groupId') g,
 json_extract_scalar(requestparameters, '$.ipPermissions.items[0].ipRanges.items[0].cidrIp') cidr
FROM cloudtrail_logs WHERE eventname = 'AuthorizeSecurityGroupIngress'
-- name: open to the world
SELECT * FROM cloudtrail_logs WHERE eventname = 'AuthorizeSecurityGroupIngress' AND requestparameters LIKE '%0.0.0.0/0%'
-- name: roles assumed
SELECT json_extract_scalar(requestparameters, '$.roleArn') role, useridentity.arn, count(*) FROM cloudtrail_logs
WHERE eventname = 'AssumeRole' GROUP BY 1, 2 ORDER BY 3 DESC
-- name: role sessions
SELECT useridentity.sessioncontext.sessionissuer.arn, useridentity.principalid, split_part(useridentity.principalid, ':', 2) AS session, count(*)
FROM cloudtrail_logs WHERE useridentity.type = 'AssumedRole' GROUP BY 1, 2, 3
-- name: joins of credentials
SELECT a.eventtime, a.useridentity.arn AS who, b.eventname FROM cloudtrail_logs a
JOIN cloudtrail_logs b ON json_extract_scalar(a.responseelements, '$.credentials.accessKeyId') = b.useridentity.accesskeyid
WHERE a.eventname = 'AssumeRole'
-- name: with
WITH failed AS (SELECT useridentity.arn AS arn, errorcode FROM cloudtrail_logs WHERE errorcode IS NOT NULL),
counted AS (SELECT arn, count(*) AS n FROM failed GROUP BY arn)
SELECT arn, n FROM counted WHERE n > 1 ORDER BY n DESC
-- name: with the name of the table
WITH cloudtrail_logs AS (SELECT * FROM default.cloudtrail_logs WHERE eventsource = 'iam.amazonaws.com') SELECT eventname, count(*) FROM cloudtrail_logs GROUP BY 1
-- name: with used twice
WITH t AS (SELECT eventname n, sourceipaddress ip FROM cloudtrail_logs) SELECT a.ip FROM t a JOIN t b ON a.ip = b.ip AND a.n <> b.n LIMIT 3
-- name: subquery in
SELECT eventname FROM cloudtrail_logs WHERE sourceipaddress IN (SELECT sourceipaddress FROM cloudtrail_logs WHERE errorcode = 'AccessDenied')
-- name: exists
SELECT DISTINCT useridentity.arn FROM cloudtrail_logs a WHERE EXISTS (SELECT 1 FROM cloudtrail_logs b WHERE b.eventname = 'CreateAccessKey' AND b.useridentity.arn = a.useridentity.arn)
-- name: scalar subquery
SELECT eventname, count(*) * 100.0 / (SELECT count(*) FROM cloudtrail_logs) AS share FROM cloudtrail_logs GROUP BY eventname ORDER BY share DESC LIMIT 5
-- name: subquery in from
SELECT n, count(*) FROM (SELECT eventname AS n FROM cloudtrail_logs) AS x GROUP BY n
-- name: subquery without alias
SELECT n FROM (SELECT eventname AS n FROM cloudtrail_logs) WHERE n LIKE 'Create%'
-- name: star of a subquery
SELECT * FROM (SELECT * FROM cloudtrail_logs WHERE eventname LIKE 'Create%') WHERE eventsource = 'iam.amazonaws.com'
-- name: union
SELECT eventname FROM cloudtrail_logs WHERE eventname LIKE 'Create%' UNION ALL SELECT eventname FROM cloudtrail_logs WHERE eventname LIKE 'Delete%' ORDER BY 1
-- name: except and intersect
SELECT sourceipaddress FROM cloudtrail_logs WHERE errorcode IS NOT NULL EXCEPT SELECT sourceipaddress FROM cloudtrail_logs WHERE errorcode IS NULL
-- name: values
SELECT v.name, count(c.eventid) FROM (VALUES ('CreateUser', 1), ('DeleteUser', 2)) AS v(name, n) LEFT JOIN cloudtrail_logs c ON c.eventname = v.name GROUP BY v.name
-- name: in values
SELECT eventname FROM cloudtrail_logs WHERE eventname IN (VALUES 'CreateUser', 'DeleteUser')
-- name: last seven days
SELECT eventname FROM cloudtrail_logs WHERE from_iso8601_timestamp(eventtime) > current_timestamp - interval '7' day
-- name: date_add now
SELECT eventname FROM cloudtrail_logs WHERE from_iso8601_timestamp(eventtime) > date_add('day', -90, now())
-- name: date_diff now
SELECT eventname, date_diff('day', from_iso8601_timestamp(eventtime), now()) AS age FROM cloudtrail_logs WHERE date_diff('day', from_iso8601_timestamp(eventtime), now()) < 10000
-- name: day partition
SELECT eventname FROM cloudtrail_logs WHERE "timestamp" = '2026/03/14'
-- name: day partition bare
SELECT eventname FROM cloudtrail_logs WHERE timestamp >= '2026/03/14' AND timestamp <= '2026/03/15'
-- name: day partition between
SELECT eventname FROM cloudtrail_logs WHERE timestamp BETWEEN '2026/03/13' AND '2026/03/15' AND region = 'us-east-1' AND account = '111122223333'
-- name: day partition of yesterday
SELECT eventname FROM cloudtrail_logs WHERE timestamp = date_format(current_date - interval '1' day, '%Y/%m/%d')
-- name: partitions by year
SELECT eventname FROM cloudtrail_logs WHERE year = '2026' AND month = '03' AND day = '14'
-- name: partition called date
SELECT eventname FROM cloudtrail_logs WHERE date >= '2026/03/14' AND region IN ('us-east-1', 'us-west-2')
-- name: partition called dt
SELECT eventname FROM cloudtrail_logs WHERE dt BETWEEN '2026-03-14' AND '2026-03-15'
-- name: partition account_id
SELECT eventname FROM cloudtrail_logs WHERE account_id = '111122223333'
-- name: hours
SELECT date_trunc('hour', from_iso8601_timestamp(eventtime)) h, count(*) FROM cloudtrail_logs GROUP BY 1 ORDER BY 1
-- name: hour of day
SELECT hour(from_iso8601_timestamp(eventtime)) AS hr, count(*) AS c FROM cloudtrail_logs GROUP BY hour(from_iso8601_timestamp(eventtime)) ORDER BY hr
-- name: day of week
SELECT day_of_week(from_iso8601_timestamp(eventtime)) d, count(*) FROM cloudtrail_logs GROUP BY 1
-- name: date_format day
SELECT date_format(from_iso8601_timestamp(eventtime), '%Y-%m-%d %H:00') AS h, eventname FROM cloudtrail_logs
-- name: date_parse
SELECT date_parse(eventtime, '%Y-%m-%dT%H:%i:%sZ') AS t FROM cloudtrail_logs
-- name: parse_datetime
SELECT parse_datetime(eventtime, 'yyyy-MM-dd''T''HH:mm:ss''Z''') AS t FROM cloudtrail_logs
-- name: substr day
SELECT substr(eventtime, 1, 10) AS day, count(*) FROM cloudtrail_logs GROUP BY substr(eventtime, 1, 10)
-- name: zone
SELECT from_iso8601_timestamp(eventtime) AT TIME ZONE 'Europe/Berlin' AS t FROM cloudtrail_logs
-- name: from_unixtime
SELECT from_unixtime(to_unixtime(from_iso8601_timestamp(eventtime))) FROM cloudtrail_logs
-- name: arrays of names
SELECT useridentity.arn, array_agg(DISTINCT eventname) AS calls FROM cloudtrail_logs GROUP BY useridentity.arn
-- name: joined names
SELECT useridentity.arn, array_join(array_agg(DISTINCT eventname), ', ') AS calls FROM cloudtrail_logs GROUP BY 1
-- name: sorted names
SELECT sourceipaddress, array_join(array_sort(array_distinct(array_agg(eventname))), ',') FROM cloudtrail_logs GROUP BY sourceipaddress
-- name: ordered array
SELECT useridentity.arn, array_agg(eventname ORDER BY eventtime) FROM cloudtrail_logs GROUP BY useridentity.arn
-- name: listagg
SELECT eventsource, listagg(DISTINCT eventname, ', ') WITHIN GROUP (ORDER BY eventname) FROM cloudtrail_logs GROUP BY eventsource
-- name: map_agg
SELECT useridentity.arn, map_agg(eventname, eventtime) FROM cloudtrail_logs GROUP BY useridentity.arn
-- name: histogram
SELECT eventsource, histogram(eventname) FROM cloudtrail_logs GROUP BY eventsource
-- name: approx distinct
SELECT approx_distinct(sourceipaddress) FROM cloudtrail_logs
-- name: approx percentile
SELECT approx_percentile(length(requestparameters), 0.95) FROM cloudtrail_logs
-- name: count_if
SELECT eventsource, count_if(errorcode IS NOT NULL) AS failed, count(*) FILTER (WHERE readonly = 'true') AS reads FROM cloudtrail_logs GROUP BY eventsource
-- name: max_by
SELECT useridentity.arn, max_by(eventname, eventtime) AS last_call, min_by(sourceipaddress, eventtime) FROM cloudtrail_logs GROUP BY 1
-- name: arbitrary
SELECT useridentity.arn, arbitrary(useragent) FROM cloudtrail_logs GROUP BY useridentity.arn
-- name: every
SELECT useridentity.arn, every(readonly = 'true'), bool_or(errorcode IS NOT NULL) FROM cloudtrail_logs GROUP BY 1
-- name: windows
SELECT * FROM (SELECT eventtime, useridentity.arn, eventname, row_number() OVER (PARTITION BY useridentity.arn ORDER BY eventtime DESC) AS rn FROM cloudtrail_logs) WHERE rn = 1
-- name: lag
SELECT eventtime, lag(eventname) OVER (PARTITION BY sourceipaddress ORDER BY eventtime) AS before, lag(eventtime, 1, '') OVER (PARTITION BY sourceipaddress ORDER BY eventtime) FROM cloudtrail_logs
-- name: named window
SELECT eventname, rank() OVER w FROM cloudtrail_logs WINDOW w AS (PARTITION BY eventsource ORDER BY eventtime)
-- name: frame
SELECT eventtime, count(*) OVER (ORDER BY eventtime ROWS BETWEEN 5 PRECEDING AND CURRENT ROW) FROM cloudtrail_logs
-- name: window over aggregate
SELECT eventname, count(*) n, sum(count(*)) OVER () total FROM cloudtrail_logs GROUP BY eventname
-- name: rollup
SELECT eventsource, eventname, count(*) FROM cloudtrail_logs GROUP BY ROLLUP (eventsource, eventname)
-- name: grouping sets
SELECT eventsource, awsregion, count(*) FROM cloudtrail_logs GROUP BY GROUPING SETS ((eventsource), (awsregion), ())
-- name: cube
SELECT eventsource, readonly, count(*) FROM cloudtrail_logs GROUP BY CUBE (eventsource, readonly)
-- name: regexp_like
SELECT eventname FROM cloudtrail_logs WHERE regexp_like(eventname, '^(Create|Put|Attach|Update).*')
-- name: regexp case
SELECT eventname FROM cloudtrail_logs WHERE NOT regexp_like(eventname, '(?i)^(get|list|describe|head)')
-- name: regexp_extract
SELECT regexp_extract(useridentity.arn, '.*/(.*)$', 1) AS name, count(*) FROM cloudtrail_logs GROUP BY 1
-- name: regexp in json
SELECT regexp_extract(requestparameters, '"roleName":"([^"]+)"', 1) FROM cloudtrail_logs WHERE requestparameters LIKE '%roleName%'
-- name: regexp_replace
SELECT regexp_replace(sourceipaddress, '(\d+)\.(\d+)\.\d+\.\d+', '$1.$2.x.x') FROM cloudtrail_logs
-- name: private addresses
SELECT sourceipaddress FROM cloudtrail_logs WHERE NOT regexp_like(sourceipaddress, '^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)') AND NOT sourceipaddress LIKE '%.amazonaws.com'
-- name: networks
SELECT sourceipaddress FROM cloudtrail_logs WHERE sourceipaddress NOT LIKE '%:%' AND contains('203.0.113.0/24', TRY_CAST(sourceipaddress AS ipaddress))
-- name: case
SELECT CASE WHEN useridentity.type = 'AssumedRole' THEN useridentity.sessioncontext.sessionissuer.username
 WHEN useridentity.type = 'IAMUser' THEN useridentity.username ELSE useridentity.invokedby END AS who, count(*) FROM cloudtrail_logs GROUP BY 1
-- name: if
SELECT if(errorcode IS NULL, 'ok', 'failed') AS result, count(*) FROM cloudtrail_logs GROUP BY if(errorcode IS NULL, 'ok', 'failed')
-- name: coalesce
SELECT coalesce(useridentity.username, useridentity.sessioncontext.sessionissuer.username, useridentity.principalid, 'unknown') AS u FROM cloudtrail_logs
-- name: element_at split
SELECT element_at(split(useridentity.arn, '/'), -1) AS name FROM cloudtrail_logs
-- name: split subscript
SELECT split(eventsource, '.')[1] AS service, count(*) FROM cloudtrail_logs GROUP BY split(eventsource, '.')[1]
-- name: concat
SELECT concat(eventsource, ':', eventname) AS call, useridentity.arn || ' from ' || sourceipaddress FROM cloudtrail_logs
-- name: replace
SELECT replace(eventsource, '.amazonaws.com', '') AS service FROM cloudtrail_logs
-- name: tls
SELECT tlsdetails.tlsversion, count(*) FROM cloudtrail_logs WHERE tlsdetails.tlsversion IS NOT NULL GROUP BY tlsdetails.tlsversion
-- name: old tls
SELECT eventsource, tlsdetails.tlsversion, sourceipaddress, useragent FROM cloudtrail_logs WHERE tlsdetails.tlsversion IN ('TLSv1', 'TLSv1.1')
-- name: mfa
SELECT eventname FROM cloudtrail_logs WHERE useridentity.sessioncontext.attributes.mfaauthenticated = 'false' AND useridentity.type = 'IAMUser'
-- name: struct whole
SELECT useridentity, tlsdetails FROM cloudtrail_logs LIMIT 3
-- name: struct is null
SELECT count(*) FROM cloudtrail_logs WHERE useridentity.sessioncontext IS NOT NULL
-- name: struct as json
SELECT json_format(CAST(useridentity AS json)) FROM cloudtrail_logs LIMIT 2
-- name: federation map
SELECT useridentity.sessioncontext.webidfederationdata.attributes FROM cloudtrail_logs LIMIT 2
-- name: vpc endpoints
SELECT vpcendpointid, count(*) FROM cloudtrail_logs WHERE vpcendpointid IS NOT NULL GROUP BY vpcendpointid
-- name: user agents
SELECT useragent, count(*) AS n FROM cloudtrail_logs WHERE lower(useragent) LIKE '%kali%' OR useragent LIKE 'aws-cli%' GROUP BY useragent ORDER BY n DESC
-- name: cross account
SELECT recipientaccountid, useridentity.accountid, eventname FROM cloudtrail_logs WHERE useridentity.accountid <> recipientaccountid
-- name: new users
SELECT eventtime, json_extract_scalar(requestparameters, '$.userName') AS name FROM cloudtrail_logs WHERE eventsource = 'iam.amazonaws.com' AND eventname = 'CreateUser'
-- name: policies attached
SELECT json_extract_scalar(requestparameters, '$["policyArn"]') FROM cloudtrail_logs WHERE eventname LIKE 'Attach%Policy'
-- name: regions
SELECT awsregion, count(*) AS events, count(DISTINCT eventname) FROM cloudtrail_logs GROUP BY awsregion ORDER BY events DESC
-- name: regions not allowed
SELECT awsregion, eventname FROM cloudtrail_logs WHERE awsregion NOT IN ('us-east-1', 'eu-west-1') AND readonly = 'false'
-- name: read-only text
SELECT eventname FROM cloudtrail_logs WHERE readonly = 'false' AND errorcode IS NULL
-- name: not like
SELECT DISTINCT eventname FROM cloudtrail_logs WHERE eventname NOT LIKE 'Describe%' AND eventname NOT LIKE 'List%' AND eventname NOT LIKE 'Get%'
-- name: escape
SELECT eventname FROM cloudtrail_logs WHERE eventname LIKE 'Put\_%' ESCAPE '\'
-- name: trail tampering
SELECT eventtime, useridentity.arn, eventname, requestparameters FROM cloudtrail_logs WHERE eventsource = 'cloudtrail.amazonaws.com' AND eventname IN ('StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors')
-- name: kms
SELECT eventname, json_extract_scalar(requestparameters, '$.keyId') k FROM cloudtrail_logs WHERE eventsource = 'kms.amazonaws.com'
-- name: instance profile
SELECT * FROM cloudtrail_logs WHERE regexp_like(useridentity.principalid, ':i-[0-9a-f]+$')
-- name: bytes out
SELECT sum(CAST(json_extract_scalar(additionaleventdata, '$.bytesTransferredOut') AS double)) FROM cloudtrail_logs WHERE eventsource = 's3.amazonaws.com'
-- name: try cast of bytes
SELECT sum(try_cast(json_extract_scalar(additionaleventdata, '$.bytesTransferredOut') AS bigint)) / 1024 / 1024 AS mb FROM cloudtrail_logs
-- name: greatest
SELECT greatest(max(eventtime), '2026') FROM cloudtrail_logs
-- name: format
SELECT format('%s %s', eventname, awsregion) FROM cloudtrail_logs
-- name: fetch first
SELECT eventname FROM cloudtrail_logs ORDER BY eventtime FETCH FIRST 3 ROWS ONLY
-- name: offset limit
SELECT eventname FROM cloudtrail_logs ORDER BY eventtime OFFSET 2 LIMIT 3
-- name: order by position
SELECT eventname, count(*) FROM cloudtrail_logs GROUP BY 1 ORDER BY 2 DESC, 1 ASC NULLS FIRST
-- name: order by alias
SELECT eventname AS e, count(*) AS total FROM cloudtrail_logs GROUP BY eventname ORDER BY total DESC
-- name: order by expression
SELECT eventname FROM cloudtrail_logs ORDER BY lower(eventname), from_iso8601_timestamp(eventtime) DESC
-- name: distinct count of two
SELECT count(DISTINCT concat(eventsource, eventname)) FROM cloudtrail_logs
-- name: alias with quotes
SELECT useridentity.arn AS "user", eventname "Event Name" FROM cloudtrail_logs
-- name: alias identity
SELECT useridentity.arn as identity, useridentity.type as usertype FROM cloudtrail_logs
-- name: alias user
SELECT useridentity.arn AS user FROM cloudtrail_logs
-- name: comments
SELECT eventname -- the call
, /* where */ awsregion FROM cloudtrail_logs;
-- name: path column
SELECT "$path", count(*) FROM cloudtrail_logs GROUP BY "$path"
-- name: lateral
SELECT c.eventname, x.n FROM cloudtrail_logs c CROSS JOIN LATERAL (SELECT length(c.eventname) AS n) x
-- name: sequence of days
SELECT d, count(c.eventid) FROM UNNEST(sequence(date '2026-03-13', date '2026-03-15')) AS t(d)
LEFT JOIN cloudtrail_logs c ON date(from_iso8601_timestamp(c.eventtime)) = d GROUP BY d ORDER BY d
-- name: zip of arrays
SELECT a, b FROM UNNEST(ARRAY[1, 2], ARRAY['x', 'y']) AS t(a, b)
-- name: recursive
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n
-- name: describe
DESCRIBE cloudtrail_logs
-- name: show columns
SHOW COLUMNS FROM default.cloudtrail_logs
-- name: show tables
SHOW TABLES IN default
-- name: explain
EXPLAIN SELECT count(*) FROM cloudtrail_logs
-- name: nothing but values
VALUES (1, 'a'), (2, 'b')
-- name: nested functions
SELECT upper(substr(coalesce(json_extract_scalar(requestparameters, '$.userName'), useridentity.username, '-'), 1, 3)) FROM cloudtrail_logs
-- name: time between texts
SELECT eventname FROM cloudtrail_logs WHERE eventtime BETWEEN '2026-03-14T02:00:00Z' AND '2026-03-14T04:00:00Z'
-- name: time between times
SELECT eventname FROM cloudtrail_logs WHERE from_iso8601_timestamp(eventtime) BETWEEN timestamp '2026-03-14 02:00:00' AND timestamp '2026-03-14 04:00:00'
-- name: time between parsed
SELECT eventname FROM cloudtrail_logs WHERE from_iso8601_timestamp(eventtime) BETWEEN parse_datetime('2026-03-14 02:00', 'yyyy-MM-dd HH:mm') AND from_iso8601_timestamp('2026-03-14T04:00:00Z')
-- name: day of time
SELECT eventname FROM cloudtrail_logs WHERE date(from_iso8601_timestamp(eventtime)) = date '2026-03-14'
-- name: cast of time to date
SELECT CAST(from_iso8601_timestamp(eventtime) AS date) d, count(*) FROM cloudtrail_logs GROUP BY CAST(from_iso8601_timestamp(eventtime) AS date)
-- name: bursts
SELECT sourceipaddress, date_trunc('minute', from_iso8601_timestamp(eventtime)) AS m, count(*) AS c FROM cloudtrail_logs
WHERE errorcode IN ('AccessDenied', 'UnauthorizedOperation', 'Client.UnauthorizedOperation') GROUP BY 1, 2 HAVING count(*) >= 2 ORDER BY c DESC
-- name: first seen
SELECT useridentity.arn, eventname, min(from_iso8601_timestamp(eventtime)) AS first FROM cloudtrail_logs GROUP BY 1, 2 HAVING min(from_iso8601_timestamp(eventtime)) > timestamp '2020-01-01 00:00:00 UTC'
-- name: two regions in an hour
SELECT useridentity.arn, date_trunc('hour', from_iso8601_timestamp(eventtime)) h, cardinality(array_agg(DISTINCT awsregion)) r FROM cloudtrail_logs GROUP BY 1, 2 HAVING cardinality(array_agg(DISTINCT awsregion)) > 1
-- name: not in brackets
SELECT * FROM cloudtrail_logs WHERE ((eventSource = 's3.amazonaws.com' AND eventName = 'ListBuckets') AND NOT (useridentity.type = 'AssumedRole'))
-- name: addendum
SELECT addendum.reason, addendum.updatedfields FROM cloudtrail_logs WHERE addendum.reason IS NOT NULL
-- name: on behalf of
SELECT useridentity.onbehalfof.userid FROM cloudtrail_logs WHERE useridentity.onbehalfof IS NOT NULL
-- name: event category
SELECT eventcategory, managementevent, count(*) FROM cloudtrail_logs GROUP BY 1, 2
-- name: using
SELECT count(*) FROM cloudtrail_logs a JOIN (SELECT eventid FROM cloudtrail_logs) b USING (eventid)
-- name: average per user
SELECT avg(n), max(n), stddev(n) FROM (SELECT useridentity.arn, count(*) n FROM cloudtrail_logs GROUP BY 1)
-- name: json in group by
SELECT json_extract_scalar(requestparameters, '$.instanceType') FROM cloudtrail_logs WHERE eventname = 'RunInstances' GROUP BY json_extract_scalar(requestparameters, '$.instanceType')
-- name: reduce
SELECT reduce(array_agg(length(eventname)), 0, (s, x) -> s + x, s -> s) FROM cloudtrail_logs
-- name: url
SELECT url_extract_host('https://' || tlsdetails.clientprovidedhostheader) FROM cloudtrail_logs WHERE tlsdetails.clientprovidedhostheader IS NOT NULL
-- name: boolean column from json
SELECT CAST(json_extract(responseelements, '$.publiclyAccessible') AS boolean) FROM cloudtrail_logs WHERE eventname = 'CreateDBInstance'
