-- Console sign-ins of the root user, those that failed too: who tries them knows
-- the address of the account's owner. The run's window bounds the time.
SELECT eventtime,
       recipientaccountid AS account,
       awsregion AS region,
       useridentity.arn AS identity,
       sourceipaddress,
       json_extract_scalar(responseelements, '$.ConsoleLogin') AS result,
       json_extract_scalar(additionaleventdata, '$.MFAUsed') AS mfa,
       eventid
FROM cloudtrail_logs
WHERE eventsource = 'signin.amazonaws.com'
  AND eventname = 'ConsoleLogin'
  AND useridentity.type = 'Root'
ORDER BY eventtime, eventid
