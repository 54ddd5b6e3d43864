-- Questions that investigators ask of a trail. Each begins with its name, what
-- it answers, and its parameters with their defaults. They run on Athena, too:
-- the text is the same, with the parameters written in.

-- name: key-activity
-- about: Everything that an access key did, in order.
-- param: key = AKIAIOSFODNN7EXAMPLE
SELECT eventtime, eventsource, eventname, awsregion, sourceipaddress, useragent, errorcode
FROM cloudtrail_logs
WHERE useridentity.accesskeyid = :key
ORDER BY eventtime

-- name: key-owner
-- about: Who an access key belongs to, where it was used from, and first and last when.
-- param: key = AKIAIOSFODNN7EXAMPLE
SELECT useridentity.arn AS actor, useridentity.type AS type, sourceipaddress, count(*) AS calls,
       min(eventtime) AS first_seen, max(eventtime) AS last_seen
FROM cloudtrail_logs
WHERE useridentity.accesskeyid = :key
GROUP BY useridentity.arn, useridentity.type, sourceipaddress
ORDER BY first_seen

-- name: keys-by-address
-- about: Access keys that were used from more addresses than so many.
-- param: addresses = 1
SELECT useridentity.accesskeyid AS key, useridentity.arn AS actor, count(DISTINCT sourceipaddress) AS addresses, count(*) AS calls
FROM cloudtrail_logs
WHERE useridentity.accesskeyid IS NOT NULL
GROUP BY useridentity.accesskeyid, useridentity.arn
HAVING count(DISTINCT sourceipaddress) > CAST(:addresses AS bigint)
ORDER BY addresses DESC, key

-- name: role-activity
-- about: What sessions of a role did, by call.
-- param: role = Admin
SELECT split_part(useridentity.principalid, ':', 2) AS session, eventsource, eventname, count(*) AS calls,
       count_if(errorcode IS NOT NULL) AS failed, min(eventtime) AS first_seen, max(eventtime) AS last_seen
FROM cloudtrail_logs
WHERE useridentity.sessioncontext.sessionissuer.username = :role
GROUP BY 1, 2, 3
ORDER BY first_seen

-- name: role-assumptions
-- about: Who assumed which role, from where.
SELECT json_extract_scalar(requestparameters, '$.roleArn') AS role, coalesce(useridentity.arn, useridentity.invokedby) AS actor,
       sourceipaddress, count(*) AS times, max(eventtime) AS last_seen
FROM cloudtrail_logs
WHERE eventsource = 'sts.amazonaws.com' AND eventname LIKE 'AssumeRole%'
GROUP BY 1, 2, 3
ORDER BY times DESC

-- name: session-key-uses
-- about: What was done with the temporary keys that AssumeRole gave out.
SELECT a.eventtime AS assumed, a.useridentity.arn AS by_whom, b.useridentity.arn AS became, b.eventtime, b.eventsource, b.eventname
FROM cloudtrail_logs a
JOIN cloudtrail_logs b ON b.useridentity.accesskeyid = json_extract_scalar(a.responseelements, '$.credentials.accessKeyId')
WHERE a.eventsource = 'sts.amazonaws.com' AND a.eventname = 'AssumeRole'
ORDER BY a.eventtime, b.eventtime

-- name: user-activity
-- about: Everything that an IAM user did.
-- param: user = alice
SELECT eventtime, eventsource, eventname, awsregion, sourceipaddress, errorcode, requestparameters
FROM cloudtrail_logs
WHERE useridentity.username = :user
ORDER BY eventtime

-- name: address-activity
-- about: Who called what from an address.
-- param: address = 198.51.100.7
SELECT useridentity.arn AS actor, eventsource, eventname, count(*) AS calls, count_if(errorcode IS NOT NULL) AS failed,
       min(eventtime) AS first_seen, max(eventtime) AS last_seen
FROM cloudtrail_logs
WHERE sourceipaddress = :address
GROUP BY 1, 2, 3
ORDER BY first_seen

-- name: network-activity
-- about: Calls from a network, which is written with a slash.
-- param: network = 198.51.100.0/24
SELECT sourceipaddress, useridentity.arn AS actor, count(*) AS calls, max(eventtime) AS last_seen
FROM cloudtrail_logs
WHERE (sourceipaddress LIKE '%:%') = (:network LIKE '%:%') AND contains(:network, TRY_CAST(sourceipaddress AS ipaddress))
GROUP BY 1, 2
ORDER BY calls DESC

-- name: resource-history
-- about: Calls whose parameters, answers or resources name something.
-- param: resource = example
SELECT eventtime, useridentity.arn AS actor, eventsource, eventname, errorcode, requestparameters
FROM cloudtrail_logs
WHERE requestparameters LIKE '%' || :resource || '%' OR responseelements LIKE '%' || :resource || '%'
   OR any_match(resources, r -> r.arn LIKE '%' || :resource || '%')
ORDER BY eventtime

-- name: regions
-- about: How much happens in which region, and how much of it changes something.
SELECT awsregion, count(*) AS calls, count_if(readonly = 'false') AS changes, count(DISTINCT useridentity.arn) AS actors,
       min(eventtime) AS first_seen, max(eventtime) AS last_seen
FROM cloudtrail_logs
GROUP BY awsregion
ORDER BY calls DESC

-- name: new-regions
-- about: Regions that saw changes from a day on and none before.
-- param: since = 2026-03-14
SELECT awsregion, min(eventtime) AS first_change, array_join(array_agg(DISTINCT useridentity.arn), ', ') AS actors,
       array_join(array_agg(DISTINCT eventname), ', ') AS calls
FROM cloudtrail_logs
WHERE readonly = 'false'
GROUP BY awsregion
HAVING min(eventtime) >= :since
ORDER BY first_change

-- name: failed-calls
-- about: Who was refused what, most often first.
SELECT useridentity.arn AS actor, eventsource, eventname, errorcode, count(*) AS times, max(eventtime) AS last_seen
FROM cloudtrail_logs
WHERE errorcode IS NOT NULL
GROUP BY 1, 2, 3, 4
ORDER BY times DESC, last_seen DESC

-- name: refused-bursts
-- about: Actors that were refused at least so many different calls in an hour: somebody looks around.
-- param: calls = 3
SELECT date_trunc('hour', from_iso8601_timestamp(eventtime)) AS hour, useridentity.arn AS actor, sourceipaddress,
       count(DISTINCT eventname) AS calls, array_join(array_sort(array_agg(DISTINCT eventname)), ', ') AS names
FROM cloudtrail_logs
WHERE errorcode LIKE '%AccessDenied%' OR errorcode LIKE '%Unauthorized%'
GROUP BY 1, 2, 3
HAVING count(DISTINCT eventname) >= CAST(:calls AS bigint)
ORDER BY hour

-- name: deletions
-- about: What was deleted, by whom: calls that changed something, succeeded, and were not a service's own.
SELECT eventtime, recipientaccountid, useridentity.arn AS actor, awsregion, eventsource, eventname, requestparameters
FROM cloudtrail_logs
WHERE regexp_like(eventname, '^(Delete|Remove|Terminate|Deregister|Revoke|Detach|Disable|Disassociate|ScheduleKeyDeletion|Purge)')
  AND errorcode IS NULL AND readonly = 'false'
  AND useridentity.invokedby IS NULL AND useridentity.type <> 'AWSService'
ORDER BY eventtime

-- name: root-activity
-- about: What the root user did itself.
SELECT eventtime, recipientaccountid, eventsource, eventname, awsregion, sourceipaddress, useragent, errorcode
FROM cloudtrail_logs
WHERE useridentity.type = 'Root' AND useridentity.invokedby IS NULL AND eventtype <> 'AwsServiceEvent'
ORDER BY eventtime

-- name: sign-ins
-- about: Console sign-ins, whether they succeeded and with a second factor.
SELECT eventtime, recipientaccountid, coalesce(useridentity.username, useridentity.arn, useridentity.type) AS who, sourceipaddress,
       json_extract_scalar(responseelements, '$.ConsoleLogin') AS result,
       json_extract_scalar(additionaleventdata, '$.MFAUsed') AS second_factor, errormessage
FROM cloudtrail_logs
WHERE eventsource = 'signin.amazonaws.com' AND eventname = 'ConsoleLogin'
ORDER BY eventtime

-- name: root-sign-ins
-- about: Console sign-ins of the root user.
SELECT eventtime, recipientaccountid AS account, useridentity.type AS usertype, useridentity.arn AS identity, sourceipaddress,
       json_extract_scalar(responseelements, '$.ConsoleLogin') AS result
FROM cloudtrail_logs
WHERE eventsource = 'signin.amazonaws.com' AND eventname = 'ConsoleLogin' AND useridentity.type = 'Root'
ORDER BY eventtime

-- name: failed-sign-ins
-- about: Addresses with failed sign-ins, and how many names they tried.
SELECT sourceipaddress, count(*) AS times, count(DISTINCT useridentity.username) AS names, min(eventtime) AS first_seen, max(eventtime) AS last_seen
FROM cloudtrail_logs
WHERE eventname = 'ConsoleLogin' AND json_extract_scalar(responseelements, '$.ConsoleLogin') = 'Failure'
GROUP BY sourceipaddress
ORDER BY times DESC

-- name: privilege-changes
-- about: Who gave whom which rights: policies attached or written, users, keys and passwords made, trust changed.
SELECT eventtime, useridentity.arn AS actor, eventname,
       coalesce(json_extract_scalar(requestparameters, '$.userName'), json_extract_scalar(requestparameters, '$.roleName'),
                json_extract_scalar(requestparameters, '$.groupName')) AS target,
       json_extract_scalar(requestparameters, '$.policyArn') AS policy, errorcode
FROM cloudtrail_logs
WHERE eventsource = 'iam.amazonaws.com'
  AND regexp_like(eventname, '^(Attach|Put)(User|Role|Group)Policy$|^Create(User|AccessKey|LoginProfile|PolicyVersion|Role)$|^Update(LoginProfile|AssumeRolePolicy)$|^AddUserToGroup$|^SetDefaultPolicyVersion$|^AddRoleToInstanceProfile$')
ORDER BY eventtime

-- name: trail-tampering
-- about: Calls that stop or blind the recording and the guards.
SELECT eventtime, recipientaccountid, useridentity.arn AS actor, eventsource, eventname, requestparameters, errorcode
FROM cloudtrail_logs
WHERE (eventsource = 'cloudtrail.amazonaws.com' AND eventname IN ('StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors', 'DeleteEventDataStore'))
   OR (eventsource = 'guardduty.amazonaws.com' AND eventname IN ('DeleteDetector', 'UpdateDetector', 'CreateIPSet', 'StopMonitoringMembers', 'DeleteMembers'))
   OR (eventsource = 'config.amazonaws.com' AND eventname IN ('StopConfigurationRecorder', 'DeleteDeliveryChannel', 'DeleteConfigurationRecorder'))
   OR (eventsource = 'securityhub.amazonaws.com' AND eventname IN ('DisableSecurityHub', 'BatchUpdateFindings', 'UpdateFindings'))
   OR eventname IN ('DeleteFlowLogs', 'DeleteLogGroup', 'DeleteLogStream')
ORDER BY eventtime

-- name: secrets-read
-- about: Who read secrets and encrypted parameters.
SELECT useridentity.arn AS actor, eventname, coalesce(json_extract_scalar(requestparameters, '$.secretId'),
       json_extract_scalar(requestparameters, '$.name')) AS secret, count(*) AS times, max(eventtime) AS last_seen
FROM cloudtrail_logs
WHERE eventname IN ('GetSecretValue', 'BatchGetSecretValue', 'GetParameter', 'GetParameters', 'GetParametersByPath')
GROUP BY 1, 2, 3
ORDER BY times DESC

-- name: buckets-opened
-- about: Changes that may open a bucket to others.
SELECT eventtime, useridentity.arn AS actor, eventname, json_extract_scalar(requestparameters, '$.bucketName') AS bucket, errorcode,
       json_extract(requestparameters, '$.bucketPolicy') AS policy
FROM cloudtrail_logs
WHERE eventsource = 's3.amazonaws.com'
  AND eventname IN ('PutBucketPolicy', 'PutBucketAcl', 'PutObjectAcl', 'DeleteBucketPublicAccessBlock', 'PutBucketPublicAccessBlock', 'DeletePublicAccessBlock')
ORDER BY eventtime

-- name: open-ports
-- about: Security group rules that let everybody in.
SELECT eventtime, useridentity.arn AS actor, awsregion, json_extract_scalar(requestparameters, '$.groupId') AS security_group,
       json_extract_scalar(p, '$.ipProtocol') AS protocol, json_extract_scalar(p, '$.fromPort') AS from_port, json_extract_scalar(p, '$.toPort') AS to_port
FROM cloudtrail_logs
CROSS JOIN UNNEST(CAST(json_extract(requestparameters, '$.ipPermissions.items') AS array(json))) AS t(p)
WHERE eventname = 'AuthorizeSecurityGroupIngress' AND (json_format(p) LIKE '%0.0.0.0/0%' OR json_format(p) LIKE '%::/0%')
ORDER BY eventtime

-- name: instances-started
-- about: Machines that were started: who, where, which and how many.
SELECT eventtime, useridentity.arn AS actor, awsregion, json_extract_scalar(requestparameters, '$.instanceType') AS type,
       json_array_length(json_extract(responseelements, '$.instancesSet.items')) AS machines, errorcode
FROM cloudtrail_logs
WHERE eventsource = 'ec2.amazonaws.com' AND eventname = 'RunInstances'
ORDER BY eventtime

-- name: first-calls
-- about: Calls that an actor made for the first time from a day on.
-- param: since = 2026-03-14
SELECT useridentity.arn AS actor, eventsource, eventname, min(eventtime) AS first_seen, count(*) AS times
FROM cloudtrail_logs
GROUP BY 1, 2, 3
HAVING min(eventtime) >= :since
ORDER BY first_seen

-- name: busy-hours
-- about: Calls and changes by hour.
SELECT date_trunc('hour', from_iso8601_timestamp(eventtime)) AS hour, count(*) AS calls, count_if(readonly = 'false') AS changes,
       count_if(errorcode IS NOT NULL) AS failed
FROM cloudtrail_logs
GROUP BY 1
ORDER BY 1

-- name: user-agents
-- about: Programs that called, rare ones first.
SELECT useragent, count(*) AS calls, count(DISTINCT useridentity.arn) AS actors, min(eventtime) AS first_seen
FROM cloudtrail_logs
GROUP BY useragent
ORDER BY calls, useragent

-- name: other-accounts
-- about: Calls by actors of other accounts.
SELECT useridentity.accountid AS from_account, recipientaccountid AS in_account, useridentity.arn AS actor, eventsource, eventname, count(*) AS calls
FROM cloudtrail_logs
WHERE useridentity.accountid <> recipientaccountid
GROUP BY 1, 2, 3, 4, 5
ORDER BY calls DESC

-- name: old-tls
-- about: Callers that still use TLS 1.0 or 1.1.
SELECT tlsdetails.tlsversion AS version, eventsource, useridentity.arn AS actor, useragent, count(*) AS calls
FROM cloudtrail_logs
WHERE tlsdetails.tlsversion IN ('TLSv1', 'TLSv1.1')
GROUP BY 1, 2, 3, 4
ORDER BY calls DESC
