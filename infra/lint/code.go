package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// sign is a mistake in code that a text alone shows, in any language. Code is not
// understood here: what it says is likely, and says so.
type sign struct {
	code     string
	severity diagnostic.Severity
	find     *regexp.Regexp
	// needs must be in the file too, and unless must not, when they are set.
	needs, unless *regexp.Regexp
	message       string // after "likely: "
	why, fix      string
}

// signs are the mistakes that single expressions show, compiled when first asked
// for.
var signs = sync.OnceValue(makeSigns)

func makeSigns() []sign {
	re := regexp.MustCompile
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
		{"S1.D8-parameters-as-they-are", diagnostic.Warning, re(`(?i)(?:stringify|dumps?|to_?yaml|to_?json|f["'][^"'\n]*\{)[^;\n]{0,80}requestParameters|requestParameters[^;\n]{0,40}(?:stringify|dumps?)\b`), sends, nil,
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
		{"S2.D8-message-without-actor", diagnostic.Warning, re(`(?i)\bsns\w*\.publish\(|\.publish\([^)\n]*TopicArn`), re(`(?i)eventName`), re(`(?i)userIdentity|recipientAccountId|\barn\b["'\])]`),
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

// words are what a text must have, in small letters, for a sign to be worth
// looking for: one of each code's.
func words() map[string]string {
	return map[string]string{
		"S0.D1-service-taken-for-region": "source", "S0.D5-secret-in-plain-text": "hooks.slack.com|akia|asia|password|credential|secret",
		"S0.D10-never-closed": "incident", "S1.D1-account-from-request": "requestparameters", "S1.D8-parameters-as-they-are": "requestparameters",
		"S0.D3-single-region-trail": "bucket", "S2.D1-first-record-only": "records", "S2.D2-key-not-decoded": "key", "S2.D2-key-not-checked": "match",
		"S2.D4-configuration-in-chunks": "json.parse", "S2.D6-temporary-files-stay": "/tmp/", "S2.D7-unanchored-code": "event",
		"S2.D8-no-subject": "publish", "S2.D8-message-without-actor": "publish", "S2.D12-obsolete-api": "context.|aws",
		"S4.D5-first-page-only": "query", "S4.D5-null-cells": "varcharvalue", "S4.D6-whole-environment": "environ|process.env",
		"S4.D6-drop-before-create": "drop", "S4.D6-first-page-only": "objects", "S4.D8-html-not-escaped": "<",
		"S4.D8-sql-by-formatting": "select|with|insert|create|alter", "S4.D9-no-workgroup": "execution",
	}
}

// worth tells whether a text, in small letters, has one of the words.
func worth(lower, words string) bool {
	for w := range strings.SplitSeq(words, "|") {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return words == ""
}

// maxCode is how many bytes of code or prose are looked at; what is longer was
// not written by a person.
const maxCode = 256 << 10

// code judges source code.
func (l *linter) code(f File, text string) {
	if len(text) > maxCode {
		l.unread(f.Name, &value.Error{Message: fmt.Sprintf("%d bytes; of code the first %d are looked at", len(text), maxCode)})
		text = text[:maxCode]
	}
	l.signs(f.Name, signs(), text)
	l.assigned(f.Name, text)
	l.loops(f.Name, text)
	l.swallowed(f.Name, text)
	l.neverResolves(f.Name, text)
	l.waits(f.Name, text)
	l.statements(f.Name, text)
	l.columnsRead(f.Name, text)
}

// maxSigns bounds how often one sign is reported of a file.
const maxSigns = 20

func (l *linter) signs(file string, all []sign, text string) {
	lower, words := strings.ToLower(text), words()
	for _, s := range all {
		if worth(lower, words[s.code]) {
			l.sign(file, s, text)
		}
	}
}

func (l *linter) sign(file string, s sign, text string) {
	if s.needs != nil && !s.needs.MatchString(text) || s.unless != nil && s.unless.MatchString(text) {
		return
	}
	for n, m := range s.find.FindAllStringSubmatchIndex(text, maxSigns) {
		if len(m) == 6 && m[2] >= 0 && m[4] >= 0 && text[m[2]:m[3]] != text[m[4]:m[5]] {
			continue // two names that must be one
		}
		if n > 0 && s.unless != nil {
			break // a property of the file: its first place will do
		}
		l.likely(s.code, s.severity, file, text, m[0], s.message, s.why, s.fix)
	}
}

// likely reports a sign at an offset of a text.
func (l *linter) likely(code string, severity diagnostic.Severity, file, text string, offset int, message, why, fix string) {
	for offset < len(text) && (text[offset] == '\n' || text[offset] == ' ' || text[offset] == '\t') {
		offset++
	}
	l.add(code, severity, place{file: file, at: placeOf(text, offset)}, "likely: "+message, why, fix)
}

var (
	secretAssigned = regexp.MustCompile(`(?im)\b([a-z_]*(?:password|passwd|pwd|secret|api_?key|auth_?token|webhook_?(?:url)?))["']?\s*[:=]\s*["']([^"'\s]{4,200})["']`)
	placeholder    = regexp.MustCompile(`(?i)^<|\$\{|\{\{|example|xxxx|change_?me|your[_-]|environ|getenv|^arn:|^https?://[^/]*(?:example|localhost)|\*\*\*|^[A-Z_]+$`)
)

// assigned finds secrets that are written out.
func (l *linter) assigned(file, text string) {
	for _, m := range secretAssigned.FindAllStringSubmatchIndex(text, maxSigns) {
		name, v := text[m[2]:m[3]], text[m[4]:m[5]]
		if secretNot.MatchString(name) || reference.MatchString(v) || placeholder.MatchString(v) || slackHook.MatchString(v) {
			continue
		}
		l.likely("S0.D5-secret-in-plain-text", diagnostic.Error, file, text, m[0], name+" is written out", "It is in the package, and in the history of the code.", "a reference to a secret, read when the function starts")
	}
}

// loop is the body of a loop over something.
type loop struct {
	over   string
	body   string
	offset int
}

var loopHead = regexp.MustCompile(`(?m)^[ \t]*(?:(?:async\s+)?for\s+\(?[^\n:{]*?(?:\bin\b|\bof\b|;)\s*([^\n:{]*)|([\w.\[\]"']+)\.(?:forEach|map)\()[^\n]*$`)

// loopsIn finds the loops of a text: bodies in braces, by indentation, or, where
// publishing lost it, up to what begins anew.
func loopsIn(text string) []loop {
	var all []loop
	for _, m := range loopHead.FindAllStringSubmatchIndex(text, 200) {
		over := ""
		for _, g := range []int{2, 4} {
			if m[g] >= 0 {
				over += text[m[g]:m[g+1]]
			}
		}
		all = append(all, loop{over, bodyAt(text, m[0], m[1]), m[0]})
	}
	return all
}

// maxBody bounds a body, in bytes.
const maxBody = 20_000

// bodyAt is what belongs to a line that begins at start and ends at end.
func bodyAt(text string, start, end int) string {
	line := text[start:end]
	if i := strings.LastIndexByte(line, '{'); i >= 0 && !strings.HasSuffix(strings.TrimSpace(line), ":") {
		return braces(text, start+i)
	}
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	var body strings.Builder
	flat := false
	for n, next := range strings.Split(text[min(len(text), end+1):min(len(text), end+1+maxBody)], "\n") {
		trimmed := strings.TrimLeft(next, " \t")
		own := len(next) - len(trimmed)
		if n == 0 {
			flat = own <= indent
		}
		if trimmed == "" && !flat {
			continue
		}
		if !flat && own <= indent || flat && (trimmed == "" || n > 15 || begins.MatchString(trimmed)) {
			break
		}
		body.WriteString(next + "\n")
	}
	return body.String()
}

var begins = regexp.MustCompile(`^(?:def|class|function|return|async def|import|from|exports|module)\b`)

// braces is what stands between an opening brace and the one that closes it.
func braces(text string, open int) string {
	depth := 0
	for i := open; i < len(text) && i < open+maxBody; i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return text[open+1 : i]
			}
		}
	}
	return text[open+1 : min(len(text), open+maxBody)]
}

var (
	opensTicket = regexp.MustCompile(`(?i)/api/now|create_?(?:incident|ticket|issue)|open_?(?:incident|ticket)|servicenow\w*\(`)
	postsChat   = regexp.MustCompile(`(?i)slack|webhook|chat_?post_?message`)
	overRecords = regexp.MustCompile(`(?i)record|event`)
	overRows    = regexp.MustCompile(`(?i)row|result|data|item|finding`)
)

// loops finds messages that are sent one by one.
func (l *linter) loops(file, text string) {
	if !opensTicket.MatchString(text) && !postsChat.MatchString(text) {
		return
	}
	for _, p := range loopsIn(text) {
		switch {
		case opensTicket.MatchString(p.body) && overRecords.MatchString(p.over):
			l.likely("S0.D2-ticket-per-record", diagnostic.Warning, file, text, p.offset, "a ticket for each record", "One script of an attacker, or of a colleague, opens hundreds.", "group by policy, account, region and actor; add to the open ticket")
		case postsChat.MatchString(p.body) && overRecords.MatchString(p.over):
			l.likely("S1.D7-message-per-event", diagnostic.Warning, file, text, p.offset, "a message for each event", "Slack takes about one a second, and nobody reads hundreds.", "group them, and post one message")
		case postsChat.MatchString(p.body) && overRows.MatchString(p.over):
			l.likely("S4.D8-post-per-row", diagnostic.Warning, file, text, p.offset, "a message for each row", "Slack takes about one a second, and nobody reads hundreds.", "one message with the rows, and how many more there are")
		}
	}
}

var (
	isHandler = regexp.MustCompile(`(?m)exports\.\w*handler|def\s+\w*handler|lambda_handler|handler\s*=|module\.exports`)
	jsCatch   = regexp.MustCompile(`\.catch\(\s*(?:async\s*)?(?:function\s*\w*\s*\([^)]*\)\s*|\(?\s*\w*\s*\)?\s*=>\s*)\{`)
	pyExcept  = regexp.MustCompile(`(?m)^[ \t]*except\b[^\n]*:[ \t]*(?:#[^\n]*)?$`)
	raises    = regexp.MustCompile(`\bthrow\b|\breject\(|\braise\b|context\.fail|callback\(\s*\w*[eE]rr|\bfail\(|exit\(|done\(\s*\w*[eE]rr|batchItemFailures|batch_?item_?failures`)
)

// swallowed finds handlers whose failures end as success.
func (l *linter) swallowed(file, text string) {
	if !isHandler.MatchString(text) {
		return
	}
	const why = "Lambda takes the run for a success: the event is not tried again, and lost."
	for _, m := range jsCatch.FindAllStringIndex(text, maxSigns) {
		if !raises.MatchString(braces(text, m[1]-1)) {
			l.likely("S2.D5-failure-ends-as-success", diagnostic.Error, file, text, m[0], "a failure is caught and not passed on", why, "throw the error again")
		}
	}
	for _, m := range pyExcept.FindAllStringIndex(text, maxSigns) {
		if body := bodyAt(text, m[0], m[1]); !raises.MatchString(body) && strings.Contains(text[m[0]:m[1]], "xcept") && broadExcept.MatchString(text[m[0]:m[1]]) {
			l.likely("S2.D5-failure-ends-as-success", diagnostic.Error, file, text, m[0], "a failure is caught and not passed on", why, "raise")
		}
	}
}

var broadExcept = regexp.MustCompile(`except\s*(?::|\(?.*(?:Exception|ClientError|Error)\b)`)

var (
	promise   = regexp.MustCompile(`(?:Q\.defer\(\)|new\s+Promise\()`)
	onlyFirst = regexp.MustCompile(`\bif\s*\(\s*(?:!\s*[\w.]+|[\w.]+\s*={2,3}\s*(?:null|undefined)|typeof[^)]*undefined['"]?)\s*\)\s*\{`)
	resolves  = regexp.MustCompile(`\bresolve\(|\.resolve\b`)
)

// neverResolves finds promises that are kept only when something is not there
// yet: in the next run of the same container they never are.
func (l *linter) neverResolves(file, text string) {
	for _, m := range promise.FindAllStringIndex(text, maxSigns) {
		end := min(len(text), m[1]+3000)
		if next := strings.Index(text[m[1]:end], "\nfunction "); next >= 0 {
			end = m[1] + next
		}
		body := text[m[1]:end]
		first := onlyFirst.FindStringIndex(body)
		if first == nil {
			continue
		}
		inside := braces(body, first[1]-1)
		rest := body[:first[0]] + body[min(len(body), first[1]+len(inside)):]
		if resolves.MatchString(inside) && !resolves.MatchString(rest) {
			l.likely("S2.D3-promise-never-resolves", diagnostic.Error, file, text, m[0], "the promise is resolved in the first run only",
				"In a container that is used again the handler waits for it until its timeout.", "resolve at once when the value is there already")
		}
	}
}

var (
	inRange = regexp.MustCompile(`range\(\s*(?:\d+\s*,\s*)?(\d{1,9})\s*\)`)
	sleeps  = regexp.MustCompile(`sleep\(\s*(\d{1,9})\s*\)`)
)

// lambdaSeconds is the longest that a function runs.
const lambdaSeconds = 900

// waits finds loops that wait longer than a function may run.
func (l *linter) waits(file, text string) {
	if !sleeps.MatchString(text) {
		return
	}
	for _, p := range loopsIn(text) {
		n, s := inRange.FindStringSubmatch(p.over), sleeps.FindStringSubmatch(p.body)
		if n == nil || s == nil {
			continue
		}
		var times, each int
		fmt.Sscan(n[1], &times)
		fmt.Sscan(s[1], &each)
		if times > 0 && each > 0 && times > lambdaSeconds/each {
			l.likely("S4.D5-wait-longer-than-lambda", diagnostic.Warning, file, text, p.offset, fmt.Sprintf("the loop waits up to %d seconds, and a function runs 900 at most", times*each),
				"The function ends in the middle, and what it waited for is lost.", "start the query in one run, and fetch it in another")
		}
	}
}

// statements are the queries that stand in texts of the code.
func (l *linter) statements(file, text string) {
	for _, q := range queriesIn(text) {
		l.sql(place{file, "", placeOf(text, q.offset)}, q.sql, false)
	}
}

// quotedSQL is a query in a text of code.
type quotedSQL struct {
	sql    string
	offset int
}

var startsSQL = regexp.MustCompile("(?i)(\"\"\"|'''|[\"'`])\\s*(?:select\\s|with\\s+\\w+\\s+as\\s*\\()")

// queriesIn finds them. What is put in by formatting becomes a word.
func queriesIn(text string) []quotedSQL {
	var all []quotedSQL
	for _, m := range startsSQL.FindAllStringSubmatchIndex(text, 50) {
		quote := text[m[2]:m[3]]
		body := text[m[3]:min(len(text), m[3]+maxBody)]
		end := closes(body, quote)
		if end < 0 {
			continue
		}
		sql := strings.NewReplacer("\\\n", "\n", `\'`, `'`, `\"`, `"`, `\n`, "\n").Replace(body[:end])
		all = append(all, quotedSQL{strings.TrimSpace(inserted.ReplaceAllString(sql, "2026/01/02")), m[0]})
	}
	return all
}

// inserted is what formatting puts in: {x}, ${x}, %s.
var inserted = regexp.MustCompile(`\$?\{[^{}\n]{0,200}\}|%s`)

// closes is where a text of code ends.
func closes(body, quote string) int {
	for i := 0; i < len(body); i++ {
		if body[i] == '\\' {
			i++
			continue
		}
		if strings.HasPrefix(body[i:], quote) {
			return i
		}
	}
	return -1
}

var (
	rowReads = regexp.MustCompile(`\b(?:row|result|record|item|r|res|line|entry)\[\s*["'](\w+)["']\s*\]`)
	selected = regexp.MustCompile(`(?is)\bselect\b(.+?)\bfrom\b`)
	isRow    = regexp.MustCompile(`(?i)athena|get_?query|cloudtrail_logs`)
)

// columnsRead finds columns that code reads and its queries do not select.
func (l *linter) columnsRead(file, text string) {
	if !isRow.MatchString(text) {
		return
	}
	columns := map[string]bool{}
	for _, m := range selected.FindAllStringSubmatch(text, 100) {
		for _, c := range strings.Split(m[1], ",") {
			if strings.Contains(c, "*") && !strings.Contains(c, "(") {
				return
			}
			words := strings.FieldsFunc(c, func(r rune) bool {
				return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
			})
			if len(words) > 0 {
				columns[strings.ToLower(words[len(words)-1])] = true
			}
		}
	}
	if len(columns) == 0 {
		return
	}
	var missing []string
	first := -1
	for _, m := range rowReads.FindAllStringSubmatchIndex(text, 100) {
		name := text[m[2]:m[3]]
		if !columns[strings.ToLower(name)] && !slices.Contains(missing, name) {
			missing = append(missing, name)
			if first < 0 {
				first = m[0]
			}
		}
	}
	if len(missing) > 0 && len(missing) < 12 {
		l.likely("S4.D4-column-not-selected", diagnostic.Error, file, text, first, "rows are asked for "+strings.Join(missing, ", ")+", which no query here selects", "The first row throws, and nothing is sent.", "select what the message needs")
	}
}
