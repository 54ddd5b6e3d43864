package pipeline_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

const base = `title: %[1]s
name: %[1]s
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: %[1]s}, condition: s}
---
`

// brief event: "seconds name user [ip]", with - for a field that is missing.
func briefEvent(n int, text string) string {
	f := strings.Fields(text)
	e := event(n, f[1], "")
	seconds := 0
	fmt.Sscan(f[0], &seconds)
	e = strings.Replace(e, fmt.Sprintf("2026-03-14T%02d:00:00Z", n%24), fmt.Sprintf("2026-03-14T09:%02d:%02dZ", seconds/60, seconds%60), 1)
	for i, name := range []string{"user", "ip"} {
		if len(f) > i+2 && f[i+2] != "-" {
			e = strings.TrimSuffix(e, "}") + fmt.Sprintf(`,"%s":%q}`, name, f[i+2])
		}
	}
	return e
}

func loaded(t *testing.T, text string) []*rule.Rule {
	t.Helper()
	set, list := rule.LoadFS(fstest.MapFS{"r.yml": {Data: []byte(text)}}, "", rule.Options{})
	if list.Err() != nil {
		t.Fatal(list)
	}
	return set.Rules
}

// told is group @ second of the record shown and count, of each finding.
func (o outcome) told(t *testing.T) []string {
	t.Helper()
	all := []string{}
	for _, l := range o.lines {
		f, err := report.ParseFinding([]byte(l))
		if err != nil {
			t.Fatal(err, l)
		}
		if f.Detection == nil {
			all = append(all, f.Rule+" "+f.EventName)
			continue
		}
		var group []string
		for _, g := range f.Detection.Group {
			group = append(group, g.Value)
		}
		minute, second := 0, 0
		fmt.Sscanf(f.EventTime[14:19], "%d:%d", &minute, &second)
		all = append(all, fmt.Sprintf("%s @%d %d", strings.Join(group, "/"), minute*60+second, f.Detection.Count))
	}
	return all
}

func TestCorrelations(t *testing.T) {
	text, err := os.ReadFile("testdata/correlations.yaml")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := yamldoc.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range docs[0].Values {
		t.Run(c.Get("name").Text, func(t *testing.T) {
			text := fmt.Sprintf(base, "a") + fmt.Sprintf(base, "b") + fmt.Sprintf(base, "c") + "title: it\nid: it\ncorrelation: " + string(c.Get("rule").AppendJSON(nil))
			if more := c.Get("more"); more != nil {
				for _, doc := range more.Values {
					text += "\n---\n" + string(doc.AppendJSON(nil))
				}
			}
			rules := slices.DeleteFunc(loaded(t, text), func(r *rule.Rule) bool { return r.ID != "it" && r.Memory == nil })
			var events []string
			for i, e := range c.Get("events").Values {
				if n, ok := strings.CutPrefix(e.Text, "="); ok {
					k := 0
					fmt.Sscan(n, &k)
					events = append(events, events[k])
					continue
				}
				events = append(events, briefEvent(i, e.Text))
			}
			want := []string{}
			for _, w := range c.Get("want").Values {
				want = append(want, w.Text)
			}
			got := scan(t, map[string]string{"a.json": logFile(events...)}, func(o *pipeline.Options) { o.Rules = rules })
			if d := cmp.Diff(want, got.told(t)); d != "" {
				t.Error(d)
			}
		})
	}
}

// Rules that a correlation counts are silent unless it says generate; a
// correlation of correlations counts their detections.
func TestGenerateAndChains(t *testing.T) {
	many := func(generate string) string {
		return fmt.Sprintf(base, "a") + fmt.Sprintf(base, "b") + "title: many\nid: many\nname: many\ncorrelation: {type: event_count, rules: [a], group-by: [user], timespan: 60s, condition: {gte: 2}}\n" + generate
	}
	then := "---\ntitle: then\nid: then\ncorrelation: {type: temporal_ordered, rules: [many, b], group-by: [user], timespan: 5m}\n"
	files := map[string]string{"a.json": logFile(briefEvent(1, "0 a ann"), briefEvent(2, "9 a ann"), briefEvent(3, "30 b ann"), briefEvent(4, "31 b bob"))}
	for name, c := range map[string]struct {
		rules string
		want  []string
	}{
		"silent":    {many(""), []string{"b b", "b b", "ann @9 2"}},
		"generate":  {many("generate: true\n"), []string{"a a", "a a", "b b", "b b", "ann @9 2"}},
		"chain":     {many("") + then, []string{"ann @30 2"}},
		"chain and": {many("") + then + "generate: true\n", []string{"b b", "b b", "ann @9 2", "ann @30 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := scan(t, files, func(o *pipeline.Options) { o.Rules = loaded(t, c.rules) })
			if d := cmp.Diff(c.want, got.told(t)); d != "" {
				t.Error(d)
			}
		})
	}
}

const counting = `
id: burst
match: {where: {eventName: {in: [CreateUser, DeleteUser]}}}
threshold: {count: 3, within: 2h, by: recipientAccountId}
---
id: regions
match: {where: {eventName: {exists: true}}}
first_seen: {value: eventName, by: recipientAccountId, warm_up: 0}
---
id: answered
match: {where: {eventName: {equals: CreateUser}}}
absence: {of: {where: {eventName: {equals: ListUsers}}}, within: 90m}
`

// The same records give the same detections whatever file they are in, in
// whatever order, twice or once, and with any number of workers.
func TestScanOfWindowsDoesNotDependOnFilesOrWorkers(t *testing.T) {
	var records []string
	for i := range 200 {
		records = append(records, event(i, []string{"CreateUser", "DeleteUser", "ListUsers", "GetUser", "GetRole"}[i*i%5], ""))
	}
	var want []string
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 3))
		files := map[string]string{}
		r.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		for i := 0; i < len(records); i += 20 {
			files[fmt.Sprintf("%c.json", 'a'+i/20)] = logFile(append(slices.Clone(records[i:i+20]), records[r.IntN(len(records))])...)
		}
		got := scan(t, files, func(o *pipeline.Options) { o.Rules, o.Workers = loaded(t, counting), 1+int(seed)%4 })
		var ids []string
		for _, l := range got.lines {
			f, err := report.ParseFinding([]byte(l))
			if err != nil {
				t.Fatal(err)
			}
			d := f.Detection
			ids = append(ids, fmt.Sprintln(f.Rule, d.ID, f.EventID, d.Count, d.Summary, d.From, d.To, d.Values, len(d.Related)))
		}
		if seed == 0 {
			if want = ids; len(want) < 5 {
				t.Fatal("too few detections to compare:", want)
			}
		}
		if d := cmp.Diff(want, ids); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
	}
}

// What only warms up is no finding, and is known.
func TestScanWarmsUp(t *testing.T) {
	past := t.TempDir()
	if err := os.WriteFile(filepath.Join(past, "p.json"), []byte(logFile(event(1, "ListUsers", ""), event(2, "GetUser", ""))), 0o644); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"a.json": logFile(event(3, "ListUsers", ""), event(4, "GetRole", ""))}
	rules := func(o *pipeline.Options) { o.Rules = loaded(t, counting) }
	cold := scan(t, files, rules)
	warm := scan(t, files, func(o *pipeline.Options) { rules(o); o.Warm = pipeline.List([]string{past}, false) })
	if len(cold.lines) != 2 || len(warm.lines) != 1 || !strings.Contains(warm.lines[0], "GetRole") || warm.totals.Records != 2 || warm.totals.Files != 1 {
		t.Errorf("cold %d, warm %v %+v", len(cold.lines), warm.lines, warm.totals)
	}
}

// The standard input is read once; its records are shown all the same.
func TestScanOfWindowsFromStdin(t *testing.T) {
	in := strings.NewReader(logFile(event(1, "CreateUser", ""), event(2, "CreateUser", ""), event(2, "DeleteUser", `,"x":1`), event(3, "DeleteUser", "")))
	got := scan(t, nil, func(o *pipeline.Options) {
		o.Rules, o.Listing, o.Stdin, o.WithEvent = loaded(t, counting)[:1], pipeline.List([]string{"-"}, false), in, true
	})
	if len(got.lines) != 1 || !strings.Contains(got.lines[0], `"file":"-","record":3`) || !strings.Contains(got.lines[0], `"event":{"eventVersion"`) {
		t.Error(got.lines)
	}
}

// onRead is an input that does something when it is read, and is empty.
type onRead func()

func (f onRead) Read([]byte) (int, error) { f(); return 0, io.EOF }

// A file that is gone or another one when the record of a finding is to be shown
// loses no finding, and never shows another record; what could not be read is a
// fault.
func TestScanOfWindowsOutlivesChangedFiles(t *testing.T) {
	files := map[string]string{"a.json": logFile(event(1, "CreateUser", ""), event(2, "CreateUser", ""), event(3, "DeleteUser", ""))}
	for name, change := range map[string]func() error{
		"no such file": func() error { return os.Remove("a.json") },
		"changed": func() error {
			return os.WriteFile("a.json", []byte(logFile(event(4, "GetUser", ""), event(5, "GetUser", ""), event(6, "GetUser", ""))), 0o644)
		},
		"it changed": func() error { return os.WriteFile("a.json", nil, 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			got := scan(t, files, func(o *pipeline.Options) {
				o.Rules, o.Workers, o.WithEvent = loaded(t, counting)[:1], 1, true
				o.Listing = pipeline.List([]string{"a.json", "-"}, false)
				o.Stdin = onRead(func() {
					if err := change(); err != nil {
						t.Error(err)
					}
				})
			})
			if len(got.lines) != 1 || len(got.faults) != 1 || got.totals.Faults != 1 || got.totals.Findings != 1 {
				t.Fatalf("%q, %q, %+v; want one finding and one fault", got.lines, got.faults, got.totals)
			}
			f, err := report.ParseFinding([]byte(got.lines[0]))
			if err != nil {
				t.Fatal(err)
			}
			if f.EventTime != "2026-03-14T03:00:00Z" || f.EventID != "00000000-0000-4000-8000-000000000003" || f.EventName != "" ||
				f.File != "a.json" || f.Record != 2 || f.Detection.Count != 3 || !strings.Contains(string(f.Event), f.EventID) {
				t.Errorf("%s", got.lines[0])
			}
			if !strings.HasPrefix(got.faults[0], "a.json: ") || !strings.Contains(got.faults[0], name) {
				t.Errorf("%q does not name the file and what became of it", got.faults[0])
			}
		})
	}
}
