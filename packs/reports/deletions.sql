-- Resources that people and their programs took away: calls that changed
-- something and succeeded, made by no AWS service on its own behalf. Names are
-- taken by their verbs, so that GetDeletedX and UndeleteX are none.
SELECT eventtime,
       recipientaccountid AS account,
       awsregion AS region,
       coalesce(useridentity.arn, useridentity.principalid, useridentity.type) AS identity,
       eventsource,
       eventname,
       sourceipaddress,
       eventid
FROM cloudtrail_logs
WHERE regexp_like(eventname, '^(Admin|Batch|Bulk|Force)?(Delete|Remove|Terminate|Deregister|Revoke|Purge|Destroy|Empty)([A-Z0-9]|$)|^Schedule[A-Za-z]*Deletion$|^ReleaseAddress$|^ReleaseHosts$')
  AND coalesce(readonly, 'false') <> 'true'
  AND errorcode IS NULL
  AND errormessage IS NULL
  AND coalesce(eventtype, '') <> 'AwsServiceEvent'
  AND coalesce(useridentity.type, '') <> 'AWSService'
  AND useridentity.invokedby IS NULL
  AND NOT coalesce(useridentity.arn LIKE '%:assumed-role/AWSServiceRoleFor%', false)
ORDER BY eventtime, eventid
