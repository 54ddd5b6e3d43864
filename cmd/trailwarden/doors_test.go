package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/sink/sinktest"
)

// hostileLog has a record for each payload, with the payload in every field
// that somebody who calls an API can write.
func hostileLog(t *testing.T) []byte {
	t.Helper()
	var all []map[string]any
	for i, p := range sinktest.Payloads() {
		x := strings.ToValidUTF8(p.Text, "\uFFFD")
		all = append(all, map[string]any{
			"eventVersion": "1.08", "eventTime": "2026-03-14T09:26:53Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
			"awsRegion": "us-east-1", "recipientAccountId": "111122223333", "eventID": fmt.Sprintf("00000000-0000-4000-8000-%012d", i),
			"sourceIPAddress": x, "userAgent": x, "errorCode": x, "errorMessage": x, "requestID": x,
			"userIdentity": map[string]any{"type": "AssumedRole", "principalId": "AROAEXAMPLE:" + x, "accountId": "111122223333",
				"arn": "arn:aws:sts::111122223333:assumed-role/" + x + "/" + x, "userName": x,
				"sessionContext": map[string]any{"sourceIdentity": x, "sessionIssuer": map[string]any{"type": "Role", "arn": "arn:aws:iam::111122223333:role/" + x, "userName": x}}},
			"requestParameters": map[string]any{"userName": x, "bucketName": x, x: x, "tags": []any{map[string]any{"key": x, "value": x}}},
			"responseElements":  map[string]any{"user": map[string]any{"arn": x}},
			"resources":         []any{map[string]any{"ARN": x, "accountId": "111122223333", "type": "AWS::IAM::User"}},
		})
	}
	if len(all) < 200 {
		t.Fatalf("only %d payloads", len(all))
	}
	b, err := json.Marshal(map[string]any{"Records": all})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const hostileConfig = `
rules: [rule.yaml]
store: {sqlite: {path: alerts.db}}
aws: {region: eu-west-1}
sinks:
  out: {stdout: {}, quota: 1000/s}
` + previewSinks

// previewSinks are one of each kind, and of each style.
const previewSinks = `
  slack: {slack: {webhook: env:A}}
  yaml: {slack: {webhook: env:A, style: yaml}}
  line: {slack: {webhook: env:A, style: line}}
  sns: {sns: {topic: 'arn:aws:sns:eu-west-1:111122223333:t'}}
  lines: {sns: {topic: 'arn:aws:sns:eu-west-1:111122223333:t', style: lines}}
  ses: {ses: {from: a@example.com, to: [b@example.com]}}
  smtp: {smtp: {server: 'mail.example.com:587', from: a@example.com, to: [b@example.com], username: u, password: env:A}}
  now: {servicenow: {instance: 'https://example.service-now.com', username: u, password: env:A}}
  page: {pagerduty: {routing_key: env:A}}
  teams: {teams: {webhook: env:A}}
  hook: {webhook: {url: env:A}}
  hub: {securityhub: {account: '111122223333'}}
  bus: {eventbridge: }
  file: {file: {path: messages.ndjson}}
  ocsf: {ocsf: {path: ocsf.ndjson}}
routes: [{sinks: [out]}]
`

// obeyed finds what a terminal would obey in a command's output; formats for
// programs may hold what merely hides.
func obeyed(t *testing.T, door string, out []byte) {
	t.Helper()
	harms := visible.Hidden
	if strings.Contains(door, " -f ") {
		harms = func(r rune) bool { return r < ' ' && r != '\r' } // a pipe gets the text as it is
	}
	for i, r := range string(out) {
		if r != '\n' && r != '\t' && harms(r) {
			t.Errorf("%s: %U at %d: %q", door, r, i, out[max(0, i-60):min(len(out), i+20)])
			return
		}
	}
}

// F70: more than 200 payloads in every field that an attacker writes, behind
// every door of the command line: no terminal obeys one, and no spreadsheet
// computes one.
func TestHostileRecordsAreInertBehindEveryDoor(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, content := range map[string][]byte{"trailwarden.yaml": []byte(hostileConfig), "rule.yaml": []byte(canaryRule), "log.json": hostileLog(t)} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	door := func(args ...string) []byte {
		t.Helper()
		var out, errOut bytes.Buffer
		code := run(args, strings.NewReader(""), &out, &errOut)
		if code != 0 || out.Len() == 0 {
			t.Errorf("%q: exit code %d, %d bytes; %s", args, code, out.Len(), errOut.Bytes())
		}
		name := strings.Join(args, " ")
		obeyed(t, name, out.Bytes())
		obeyed(t, name+" (standard error)", errOut.Bytes())
		return out.Bytes()
	}
	door("scan", "-r", "rule.yaml", "log.json")
	computes(t, door("scan", "-r", "rule.yaml", "-f", "csv", "log.json"))
	for _, format := range []string{"json", "ndjson", "yaml"} {
		door("scan", "-r", "rule.yaml", "-f", format, "--with-event", "log.json")
	}
	door("scan", "--notify", "log.json")
	door("alerts", "list")
	for _, id := range alertIDs(t, door("alerts", "list", "-f", "ndjson")) {
		door("alerts", "show", id)
	}
	for _, sink := range strings.Split("slack yaml line sns lines ses smtp now page teams hook hub bus file ocsf out", " ") {
		door("notify", "preview", "--sink", sink, "log.json")
	}
}

// computes finds cells that a spreadsheet would compute.
func computes(t *testing.T, text []byte) {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
				t.Errorf("a cell begins with %q: %q", cell[0], cell)
			}
		}
	}
	if len(rows) < 200 {
		t.Errorf("%d rows", len(rows))
	}
}

// alertIDs are the ids of the first alerts of a list.
func alertIDs(t *testing.T, lines []byte) (ids []string) {
	t.Helper()
	for line := range bytes.Lines(lines) {
		var a struct{ ID string }
		if err := json.Unmarshal(line, &a); err != nil || a.ID == "" {
			t.Fatalf("%s: %v", line, err)
		}
		if ids = append(ids, a.ID); len(ids) == 40 {
			break
		}
	}
	return ids
}
