package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v3"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

func record(t testing.TB, s string) *cloudtrail.Record {
	t.Helper()
	rec, err := cloudtrail.ParseRecord([]byte(s))
	if err != nil {
		t.Fatalf("%v: %s", err, s)
	}
	return rec
}

func encode(t testing.TB, r *rule.Rule, withEvent bool, recs ...string) []byte {
	t.Helper()
	e := report.NewEncoder([]*rule.Rule{r}, withEvent)
	var out []byte
	for i, s := range recs {
		rec, file := record(t, s), report.QuoteFile("a.json")
		out = e.Append(out, 0, rec, file, i)
		whole := e.AppendEvent(nil, rec, file, i)
		if kept := report.AppendKept(nil, report.AppendFacts(nil, rec), file, i); !bytes.Equal(kept, whole) {
			t.Errorf("%s\nkept facts became %s\nwant             %s", s, kept, whole)
		}
	}
	return out
}

var plainRule = &rule.Rule{ID: "id", Title: "Title", Severity: rule.Medium}

// Every key is there, in the documented order, whatever the record holds.
func TestEncoderKeys(t *testing.T) {
	want := []string{
		"rule", "title", "severity", "eventID", "eventTime", "eventSource", "eventName", "awsRegion", "account",
		"actor", "sourceIPAddress", "errorCode", "readOnly", "file", "record",
	}
	for _, s := range []string{`{}`, `{"eventName":[1],"eventID":{},"readOnly":"maybe","awsRegion":null}`} {
		line := encode(t, plainRule, false, s)
		if d := cmp.Diff(want, keys(t, line)); d != "" {
			t.Errorf("%s: %s", s, d)
		}
	}
	sigma := &rule.Rule{ID: "x", Author: "Jane", Link: "https://example.com"}
	if d := cmp.Diff(append(want, "author", "link", "event"), keys(t, encode(t, sigma, true, `{}`))); d != "" {
		t.Error(d)
	}
}

func keys(t *testing.T, line []byte) (names []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	depth := 0
	for key := false; ; {
		tok, err := d.Token()
		if err != nil {
			return names
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			depth++
			key = depth == 1
			continue
		case json.Delim('}'), json.Delim(']'):
			depth--
			key = true
			continue
		}
		if depth != 1 {
			continue
		}
		if key {
			names = append(names, tok.(string))
		}
		key = !key
	}
}

// Values of a type that AWS does not document are told as text or not at all.
func TestEncoderTypes(t *testing.T) {
	for in, want := range map[string]string{
		`"x"`: `"x"`, `""`: `""`, `null`: `null`, `12`: `"12"`, `1e400`: `"1e400"`, `true`: `"true"`, `[]`: `null`, `{"a":1}`: `null`,
		`"a\u001bb"`: `"a\u001bb"`, `"\ud800"`: `"\ud800"`, `"é"`: `"é"`, "\"\u202e\"": `"\u202e"`, "\"\x7f\"": `"\u007f"`, "\"\u009b\"": `"\u009b"`,
		"\"a\xffb\"": "\"a\uFFFDb\"", "\"\U000e0041\"": `"\udb40\udc41"`,
	} {
		line := encode(t, plainRule, false, `{"eventName":`+in+`}`)
		if !bytes.Contains(line, []byte(`"eventName":`+want+`,`)) {
			t.Errorf("eventName %q: %s; want %s", in, line, want)
		}
	}
	for in, want := range map[string]string{
		`true`: "true", `false`: "false", `"true"`: "true", `"false"`: "false", `"yes"`: "null", `1`: "null", `null`: "null",
	} {
		if line := encode(t, plainRule, false, `{"readOnly":`+in+`}`); !bytes.Contains(line, []byte(`"readOnly":`+want+`,`)) {
			t.Errorf("readOnly %s: %s; want %s", in, line, want)
		}
	}
}

// The decoded text of a finding is the decoded text of the record, for any
// string; lines are valid UTF-8 and never break.
func TestEncoderIsFaithful(t *testing.T) {
	const seed = 5
	r := rand.New(rand.NewPCG(seed, seed))
	for range 3000 {
		s := randomText(r)
		quoted, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if r.IntN(2) == 0 {
			quoted = []byte(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(strings.Map(dropControls, s)) + `"`)
		}
		var want string
		if err := json.Unmarshal(quoted, &want); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		line := encode(t, plainRule, true, `{"eventName":`+string(quoted)+`,"userIdentity":{"type":"IAMUser","userName":`+string(quoted)+`}}`)
		f, err := report.ParseFinding(line)
		if err != nil || f.EventName != want || f.Actor != want {
			t.Fatalf("seed %d: %q became %q and %q (%v)", seed, want, f.EventName, f.Actor, err)
		}
		if !utf8.Valid(line) || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("seed %d: not one line of valid UTF-8: %q", seed, line)
		}
	}
}

// One character that cannot be copied is found wherever it stands.
func TestEncoderLooksAtEveryByte(t *testing.T) {
	for n := range 20 {
		for at := range n {
			for _, odd := range []string{"\"", "\\", "\x1b", "\x7f", "é"} {
				want := strings.Repeat("a", at) + odd + strings.Repeat("a", n-at-1)
				quoted, err := json.Marshal(want)
				if err != nil {
					t.Fatal(err)
				}
				line := encode(t, plainRule, false, fmt.Sprintf(`{"eventName":%[1]s,"recipientAccountId":%[1]s,"userIdentity":{"type":"IAMUser","userName":%[1]s}}`, quoted))
				if f, err := report.ParseFinding(line); err != nil || f.EventName != want || f.Account != want || f.Actor != want || strings.ContainsAny(string(line), "\x1b\x7f") {
					t.Fatalf("%q became %s (%v)", want, line, err)
				}
			}
		}
	}
}

func randomText(r *rand.Rand) string {
	pool := []rune("ab\"\\/<é€😀\x00\x1b\x7f\u0085\u009b\u200b\u202e\u2028\ufeff\U000e0001�\n\t")
	var b strings.Builder
	for range r.IntN(12) {
		b.WriteRune(pool[r.IntN(len(pool))])
	}
	return b.String()
}

func dropControls(r rune) rune {
	if r < ' ' {
		return -1
	}
	return r
}

// Append makes no garbage once its buffer has grown, but for the actor's name.
func TestEncoderAllocations(t *testing.T) {
	e := report.NewEncoder([]*rule.Rule{plainRule}, true)
	rec := record(t, `{"eventName":"CreateUser","eventID":"x","recipientAccountId":"1","userIdentity":{"type":"IAMUser","userName":"a"}}`)
	buf, file := make([]byte, 0, 4096), report.QuoteFile("a.json")
	if n := testing.AllocsPerRun(100, func() { buf = e.Append(buf[:0], 0, rec, file, 1) }); n > 6 {
		t.Errorf("%v allocations for a finding", n)
	}
}

func render(t testing.TB, format string, l report.Layout, lines []byte) string {
	t.Helper()
	var b bytes.Buffer
	w, err := report.New(format, &b, l)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) > 0 {
		if err := w.Findings(lines); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(report.Totals{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hostile are texts that terminals, spreadsheets and parsers could obey.
var hostile = []string{
	"\x1b[31mred", "\x1b]0;title\x07", "\u009b31m", "\x9b31m", "a\rb", "a\x08b", "\u202etxt.exe", "\u200bzero", "\u2066x\u2069", "x\x7f",
	"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u200b=1", "\"=1", "＝1", "＋1", "－1", "＠1", "a;=1", "a\t=1", "|calc", "%0a",
	"', DROP TABLE", "\U000e0041tag", "\ud7ff", "\u3164", "- a: b", "{{x}}", "#comment", "null", "~", "yes",
}

func hostileFindings(t *testing.T) []byte {
	t.Helper()
	var recs []string
	for _, h := range hostile {
		q, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		raw := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(strings.Map(dropControls, h)) + `"`
		for _, s := range []string{string(q), raw} {
			recs = append(recs, fmt.Sprintf(`{"eventID":%[1]s,"eventTime":%[1]s,"eventName":%[1]s,"awsRegion":%[1]s,"sourceIPAddress":%[1]s,"errorCode":%[1]s,"recipientAccountId":%[1]s,"userIdentity":{"type":"IAMUser","userName":%[1]s},"tags":{%[1]s:%[1]s}}`, s))
		}
	}
	return encode(t, plainRule, true, recs...)
}

// No format obeys anything: what reaches a terminal is printable.
func TestTerminalIsNeverObeyed(t *testing.T) {
	lines := hostileFindings(t)
	for _, format := range report.Formats() {
		for _, terminal := range []bool{true, false} {
			if !terminal && format != "table" {
				continue
			}
			out := render(t, format, report.Layout{Terminal: terminal, Width: 90, WithEvent: true}, lines)
			for _, r := range out {
				if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || strings.ContainsRune("\u200b\u202e\u2066\u2069\u3164", r) || r >= 0xe0000 && r < 0xe0fff) {
					t.Errorf("%s (terminal %v) lets %U through", format, terminal, r)
				}
			}
		}
	}
}

// What a query or a timeline writes for a terminal, in whatever format, moves
// nothing there; in pieces no character is lost.
func TestTerminalIsOnlyDrawnOn(t *testing.T) {
	text := strings.Join(hostile, "\n") + "\nZürich\t東京"
	for _, format := range []string{"csv", "html", "table", "json", "ndjson"} {
		for _, step := range []int{1, 2, 3, 4096} {
			var b bytes.Buffer
			w := report.Terminal(&b, format)
			for i := 0; i < len(text); i += step {
				if _, err := io.WriteString(w, text[i:min(i+step, len(text))]); err != nil {
					t.Fatal(err)
				}
			}
			for _, r := range b.String() {
				if r != '\n' && r != '\t' && visible.Hidden(r) {
					t.Errorf("%s lets %U through", format, r)
				}
			}
			if !strings.HasSuffix(b.String(), "yes\nZürich\t東京") {
				t.Errorf("%s: %q", format, b.String())
			}
		}
	}
}

// What TerminalJSON changes is the writing, not the value, however it is cut
// into pieces.
func TestTerminalJSONKeepsTheValue(t *testing.T) {
	lines := hostileFindings(t)
	for _, step := range []int{1, 2, 3, 7, 4096} {
		var b bytes.Buffer
		w := report.TerminalJSON(&b)
		for i := 0; i < len(lines); i += step {
			if _, err := w.Write(lines[i:min(i+step, len(lines))]); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(decodeAll(t, lines), decodeAll(t, b.Bytes())); d != "" {
			t.Fatalf("in pieces of %d: %s", step, d)
		}
	}
}

func decodeAll(t *testing.T, b []byte) (all []any) {
	t.Helper()
	for line := range bytes.Lines(b) {
		var v any
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, v)
	}
	return all
}

// A CSV cell never starts a formula, and the columns stay in place.
func TestCSVCellsAreNoFormulas(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(render(t, "csv", report.Layout{WithEvent: true}, hostileFindings(t)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+2*len(hostile) {
		t.Fatalf("%d rows; want %d", len(rows), 1+2*len(hostile))
	}
	for _, row := range rows {
		for _, cell := range row {
			for _, part := range strings.FieldsFunc(cell, func(r rune) bool { return r == ';' || r == '\t' || r == '\n' || r == '\r' }) {
				if strings.ContainsAny(string([]rune(strings.TrimLeft(part, " \u200b\""))[:min(1, len([]rune(strings.TrimLeft(part, " \u200b\""))))]), "=+-@＝＋－＠|%") {
					t.Errorf("cell %q starts a formula", cell)
				}
			}
		}
	}
}

// A CSV file that is shown on a terminal later moves nothing there either.
func TestCSVHoldsNothingThatATerminalObeys(t *testing.T) {
	for i, r := range render(t, "csv", report.Layout{WithEvent: true}, hostileFindings(t)) {
		if unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) {
			t.Fatalf("%U at byte %d", r, i)
		}
	}
}

func TestCell(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "alice": "alice", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\t1": "'\t1", "\r1": "'\r1", " =1": "' =1",
		"＝1": "'＝1", "－1": "'－1", "a=b": "a=b", "a-b@c": "a-b@c", "2026-03-14": "2026-03-14", "x;=1": "x;'=1", "x\n+1": "x\n'+1", "'=1": "''=1",
	} {
		if got := report.Cell(in); got != want {
			t.Errorf("Cell(%q) = %q; want %q", in, got, want)
		}
	}
}

// YAML and JSON hold exactly the values of the NDJSON lines, also of a rule that
// remembers and under keys of any length.
func TestYAMLAndJSONHoldTheSameValues(t *testing.T) {
	lines := hostileFindings(t)
	for _, n := range []int{990, 1000, 1010, 1024, 5000} {
		lines = append(lines, encode(t, plainRule, true, fmt.Sprintf(`{"tags":{"a":1,%q : {"b": 2}},"c":%[1]q}`, strings.Repeat("k", n)))...)
	}
	e := report.NewEncoder([]*rule.Rule{plainRule}, false)
	lines = e.AppendDetection(lines, 0, nil, &report.Detection{ID: "d", Kind: "count", Mode: "scan", Summary: "3 records: \x1b[31m\u202e", Count: 3,
		Group: []report.Label{{Name: "actor", Value: "= a: b"}, {Name: "account"}}, Values: []string{"", "- x"},
		At: time.Date(2026, 3, 14, 2, 0, 0, 0, time.UTC), Related: []report.Related{{File: "a.json", Record: 7}}}, nil)
	var fromJSON, fromYAML []map[string]any
	if err := json.Unmarshal([]byte(render(t, "json", report.Layout{}, lines)), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(render(t, "yaml", report.Layout{}, lines)), &fromYAML); err != nil {
		t.Fatal(err)
	}
	for i, want := range decodeAll(t, lines) {
		w := want.(map[string]any)
		if d := cmp.Diff(w, fromJSON[i]); d != "" {
			t.Fatal("JSON:", d)
		}
		for k, v := range w {
			if v == "" { // written as null
				w[k] = nil
			}
		}
		y, err := json.Marshal(fromYAML[i]) // whole numbers are other types in YAML
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(any(w), decodeAll(t, y)[0]); d != "" {
			t.Fatal("YAML:", d)
		}
	}
}

// An aggregated record has no eventTime: the end of its window stands for it.
func TestAggregatedRecordsHaveTheTimeOfTheirWindow(t *testing.T) {
	line := encode(t, plainRule, false, `{"eventId":"i","timeWindow":{"windowStart":"2026-03-14T00:00:00Z","windowEnd":"2026-03-14T00:05:00Z"}}`)
	if !bytes.Contains(line, []byte(`"eventTime":"2026-03-14T00:05:00Z",`)) {
		t.Errorf("%s", line)
	}
}

// YAML 1.1 takes a number with an exponent for text unless it has a point and a
// sign.
func TestYAMLNumbersHaveAPointAndASign(t *testing.T) {
	line := encode(t, plainRule, true, `{"n":[1E5,-1e-5,1.5e5,1e+5,0,-0,12.5,10000000000000000000]}`)
	if got := render(t, "yaml", report.Layout{WithEvent: true}, line); !strings.Contains(got, `[1.0e+5, -1.0e-5, 1.5e+5, 1.0e+5, 0, -0, 12.5, 10000000000000000000]`) {
		t.Error(got)
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := report.New("xml", nil, report.Layout{}); err == nil || !strings.Contains(err.Error(), "ndjson") {
		t.Errorf("error %v; want it to name the formats", err)
	}
}
