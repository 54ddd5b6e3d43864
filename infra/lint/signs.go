package lint

import (
	"sync"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// sign is a mistake in code that a text alone shows, in any language. Code is not
// understood here: what it says is likely, and says so.
type sign struct {
	code     string
	severity diagnostic.Severity
	find     *re2.Lazy
	// needs must be in the file too, and unless must not, when they are set.
	needs, unless *re2.Lazy
	message       string // after "likely: "
	why, fix      string
}

// signs are the mistakes that single expressions show, compiled when first asked
// for.
var signs = sync.OnceValue(makeSigns)

func makeSigns() []sign {
	re := re2.Own
	sends := re(`(?i)slack|webhook|sns|publish|send_?(mail|message|notification)|requests\.post|urllib3?\b`)
	return []sign{
		{"S0.D1-service-taken-for-region", diagnostic.Error, re(`(?i)event_?source["'\])]*\s*(?:not\s+)?in\s+\w*region|\b\w*region\w*\.(?:includes|indexOf|contains|has)\([^)\n]*eventSource|\bregion\w*\s*=[^=\n]*\bevent_?source\b`), nil, nil,
			"the service (eventSource) is taken for the region", "eventSource is iam.amazonaws.com and the like; the condition holds for every record or for none.", "awsRegion"},
		{"S0.D1-service-taken-for-region", diagnostic.Error, sourceIsRegion, nil, nil,
			"the service (eventSource) is held to the name of a region", "eventSource is iam.amazonaws.com and the like; the condition holds for every record or for none.", "awsRegion"},
		{"S0.D5-secret-in-plain-text", diagnostic.Error, slackHook, nil, nil, "a webhook is written out", "Everybody who may read the code posts to the channel.", "a reference to a secret"},
		{"S0.D5-secret-in-plain-text", diagnostic.Error, accessKeyID, nil, nil, "an access key is written out", "Everybody who may read the code has it.", "the function's role"},
		{"S0.D10-never-closed", diagnostic.Warning, re(`(?i)/api/now/(?:v\d/)?table/incident|create_?incident\s*\(`), nil, re(`(?i)correlation_?id|\.(?:patch|put)\(|["'](?:PATCH|PUT)["']|update_?incident|resolve_?incident`),
			"incidents are opened, and never found again", "Repeats open further ones, and nothing is updated or closed.", "a correlation_id, looked up before an incident is opened"},
		{"S1.D1-account-from-request", diagnostic.Warning, re(`(?i)requestParameters["'\])}.?\[(]*\s*(?:get\()?["'.]*\w*account\w*`), nil, nil,
			"the account is read from the request's parameters", "They may be null, and hold what the caller asked for, not the account of the event.", `recipientAccountId, or "account" of the event's envelope`},
		{"S1.D8-parameters-as-they-are", diagnostic.Warning, re(`(?i)(?:stringify|dumps?|to_?yaml|to_?json|f["'][^"'\n]*\{)[^;\n]{0,80}requestParameters|requestParameters[^;\n]{0,40}(?:stringify|dumps?)\b|[=:+]\s*(?:\w+\.)?(?:stringify|(?:safe_)?dumps?)\(\s*(?:event\[["']detail["']\]|event\.detail|detail)\s*[,)]`), sends, nil,
			"request parameters are sent as they are", "They can be 100 KB, and hold what should not be in a channel.", "name the fields that are needed, shorten and mask them"},
		{"S2.D1-first-record-only", diagnostic.Error, re(`(?:event|Event|payload|input|body)\w*(?:\.get\()?[.\["'(]*Records["'\])]*\s*\[\s*0\s*\]`), nil, re(`(?i)for\b[^\n]*\bevent[\w.\["'(]*Records|event\.Records\.(?:map|forEach|flatMap|filter)`),
			"only the first record of an event is processed", "Amazon S3, SNS and SQS may put several in one event; the others are lost.", "go over all Records"},
		{"S2.D2-key-not-decoded", diagnostic.Error, re(`\bs3\.object\.key\b|\[\s*["']s3["']\s*\]\s*\[\s*["']object["']\s*\]\s*\[\s*["']key["']\s*\]`), nil, re(`decodeURIComponent|unquote(?:_plus)?\b|URLDecoder|QueryUnescape|url_?decode`),
			"the object's key is used as it comes, URL-encoded", "A key with a blank or = is not found.", "decodeURIComponent(key.replace(/\\+/g, ' ')), urllib.parse.unquote_plus(key)"},
		{"S2.D2-key-not-checked", diagnostic.Warning, re(`(?i)(?:key|path|name)\w*\.match\([^\n]*\)\s*\[\s*\d\s*\]|re\.match\([^\n]*\bkey\b[^\n]*\)\.group\(`), nil, nil,
			"a key of another form throws", "Digest files, and a configuration file in the same bucket, have such keys.", "pass over keys that are not AWSLogs/…/CloudTrail/….json.gz"},
		{"S2.D4-configuration-in-chunks", diagnostic.Error, re(`\.on\(\s*["']data["']\s*,\s*(?:async\s+)?(?:function\s*\w*\s*)?\(?\s*(\w+)\s*\)?\s*(?:=>\s*)?\{?[^}]*?JSON\.parse\(\s*(\w+)\s*\)`), nil, nil,
			"each chunk of the object is parsed by itself", "An object that arrives in two chunks is no JSON in either.", "gather the chunks, and parse at 'end'"},
		{"S2.D6-temporary-files-stay", diagnostic.Warning, re(`["'\x60]/tmp/`), re(`(?i)createWriteStream|writeFile|download_?file|\bopen\(`), re(`(?i)unlink|os\.remove|rmSync|\brm\(|rmtree|TemporaryDirectory|NamedTemporaryFile`),
			"files under /tmp are never removed", "The function's next runs find them, until the disk is full.", "remove them, or read the object in memory"},
		{"S2.D7-unanchored-code", diagnostic.Warning, re(`event(?:Source|Name)["'\])]*\.(?:match|search)\(\s*(?:new\s+RegExp\(\s*[\w.]+|[\w.]+)|re\.search\([^,\n]+,[^)\n]*event(?:Source|Name)`), nil, nil,
			"an expression is searched anywhere in the name, and a record without the name throws", `"User" finds ListUsers, "sts" finds every source that ends in it.`, "anchor it: ^(CreateUser|DeleteUser)$; and ask whether the name is there"},
		{"S2.D8-no-subject", diagnostic.Warning, re(`(?i)\bsns\w*\.publish\(|\.publish\([^)\n]*TopicArn|TopicArn\s*[:=]`), re(`(?i)\.publish\(`), re(`\bSubject\b`),
			"the message has no subject", "Mail comes as \"AWS Notification Message\", whatever it is about.", "a Subject, of 100 characters at most"},
		{"S2.D8-message-without-actor", diagnostic.Warning, re(`(?i)\bsns\w*\.publish\(|\.publish\([^)\n]*TopicArn`), re(`(?i)eventName`), re(`(?i)(?:userIdentity|recipientAccountId)(?:[^"'\w:]|["']\s*[^\s:])|\barn(?:["']\s*)?[\])]`),
			"the message says what, and not who", "Whoever gets it must search the logs for account, actor, time and address.", "userIdentity.arn, recipientAccountId, eventTime, sourceIPAddress, eventID"},
		{"S2.D12-obsolete-api", diagnostic.Note, re(`\bcontext\.(?:done|succeed|fail)\(|new\s+(?:aws|AWS)\.(?:S3|SNS)\(|require\(["']aws-sdk["']\)`), nil, nil,
			"an API of retired runtimes", "Current Node.js runtimes have neither context.done nor version 2 of the SDK.", "async handlers and @aws-sdk/client-s3"},
		{"S4.D5-first-page-only", diagnostic.Error, re(`(?i)\.get_?query_?results\(|GetQueryResultsCommand\(`), nil, re(`NextToken|paginat`),
			"only the first 1,000 rows of the result are read", "The others are never told.", "get_paginator('get_query_results')"},
		{"S4.D5-null-cells", diagnostic.Error, re(`\[\s*["']VarCharValue["']\s*\]`), nil, nil,
			"a cell that is NULL throws", "Athena leaves VarCharValue out for NULL.", ".get('VarCharValue')"},
		{"S4.D6-whole-environment", diagnostic.Error, re(`(?m)^[ \t]*\w*(?i:bucket|database|table|prefix|region|path)\w*\s*=\s*(?:os\.environ|process\.env)\s*;?\s*$`), nil, nil,
			"a variable takes the whole environment", "It is no text, and holds every secret of the function.", "os.environ['BUCKET']"},
		{"S4.D6-drop-before-create", diagnostic.Warning, re(`(?i)["'\x60]\s*drop\s+table\b`), nil, nil,
			"the table is dropped before it is made anew", "Queries fail in between, and for good when making it fails.", "ALTER TABLE … SET TBLPROPERTIES, or trailwarden athena sync"},
		{"S4.D6-first-page-only", diagnostic.Error, re(`(?i)\.list_?objects(?:_?v2)?\(|ListObjectsV2Command\(`), nil, re(`(?i)paginat|ContinuationToken|NextMarker|IsTruncated`),
			"only the first 1,000 objects or folders are listed", "Accounts beyond are not in the table.", "get_paginator('list_objects_v2')"},
		{"S4.D8-html-not-escaped", diagnostic.Error, re(`(?i)f["']{1,3}[^"'\n]*<(?:td|tr|th|li|p|div|span|a|h\d)\b[^"'\n]*\{|["'\x60][^"'\x60\n]*<(?:td|tr|th|li|p|div|span|h\d)[^"'\x60\n]*>["'\x60]\s*\+|\x60[^\x60\n]*<(?:td|tr|th|li|p|div|span|h\d)\b[^\x60\n]*\$\{|<(?:td|li|p|div)>\s*(?:%s|\{\w*\})[^"'\n]*["'](?:\s*%|\.format\()`), nil, re(`(?i)html\.escape|escapeHtml|\bescape\(|autoescape|jinja|markupsafe|he\.encode|template\.HTML`),
			"HTML is put together from what callers wrote", "User agents, names and session names are an attacker's to choose.", "html.escape(…)"},
		{"S4.D8-sql-by-formatting", diagnostic.Warning, re(`(?i)\bf(?:"""|'''|["'])\s*(?:select|with|insert|create|alter)\s[^;{]*\{|["']\s*(?:select|insert|alter)\s[^"'\n]*["']\s*(?:%|\+|\.format\()|\x60\s*(?:select|with|insert|create|alter)\s[^\x60$]*\$\{`), nil, nil,
			"SQL is put together from texts", "What comes from an event can end the text and ask for more.", "ExecutionParameters with ? in the query"},
		{"S4.D9-no-workgroup", diagnostic.Warning, re(`(?i)\.start_?query_?execution\(|StartQueryExecutionCommand\(`), nil, re(`(?i)work_?group`),
			"the query runs in the primary workgroup", "There is no limit on what it reads, and its cost is nobody's.", "WorkGroup of one with a limit on bytes scanned"},
	}
}
