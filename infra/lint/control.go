package lint

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// loop is the body of a loop over something.
type loop struct {
	over   string
	body   string
	offset int
}

var loopHead = re2.Own(`(?m)^[ \t]*(?:(?:async\s+)?for\s+\(?[^\n:{]*?(?:\bin\b|\bof\b|;)\s*([^\n:{]*)|([\w.\[\]"']+)\.(?:forEach|map)\()[^\n]*$`)

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

var begins = re2.Own(`^(?:def|class|function|return|async def|import|from|exports|module)\b`)

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
	opensTicket = re2.Own(`(?i)/api/now|create_?(?:incident|ticket|issue)|open_?(?:incident|ticket)|servicenow\w*\(`)
	postsChat   = re2.Own(`(?i)slack|webhook|chat_?post_?message`)
	overRecords = re2.Own(`(?i)record|event`)
	overRows    = re2.Own(`(?i)row|result|data|item|finding`)
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
	isHandler = re2.Own(`(?m)exports\.\w*handler|def\s+\w*handler|lambda_handler|handler\s*=|module\.exports`)
	jsCatch   = re2.Own(`\.catch\(\s*(?:async\s*)?(?:function\s*\w*\s*\([^)]*\)\s*|\(?\s*\w*\s*\)?\s*=>\s*)\{`)
	pyExcept  = re2.Own(`(?m)^[ \t]*except\b[^\n]*:[ \t]*(?:#[^\n]*)?$`)
	raises    = re2.Own(`\bthrow\b|\breject\(|\braise\b|context\.fail|callback\(\s*\w*[eE]rr|\bfail\(|exit\(|done\(\s*\w*[eE]rr|batchItemFailures|batch_?item_?failures`)
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

var broadExcept = re2.Own(`except\s*(?::|\(?.*(?:Exception|ClientError|Error)\b)`)

var (
	promise   = re2.Own(`(?:Q\.defer\(\)|new\s+Promise\()`)
	onlyFirst = re2.Own(`\bif\s*\(\s*(?:!\s*[\w.]+|[\w.]+\s*={2,3}\s*(?:null|undefined)|typeof[^)]*undefined['"]?)\s*\)\s*\{`)
	resolves  = re2.Own(`\bresolve\(|\.resolve\b`)
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
	inRange = re2.Own(`range\(\s*(?:\d+\s*,\s*)?(\d{1,9})\s*\)`)
	sleeps  = re2.Own(`sleep\(\s*(\d{1,9})\s*\)`)
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
		times, err := strconv.Atoi(n[1])
		each, err2 := strconv.Atoi(s[1])
		if err == nil && err2 == nil && each > 0 && times > lambdaSeconds/each {
			l.likely("S4.D5-wait-longer-than-lambda", diagnostic.Warning, file, text, p.offset, fmt.Sprintf("the loop waits up to %d seconds, and a function runs 900 at most", times*each),
				"The function ends in the middle, and what it waited for is lost.", "start the query in one run, and fetch it in another")
		}
	}
}
