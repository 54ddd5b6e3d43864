package template_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/message/template"
)

func src(text string) template.Source {
	return template.Source{File: "trailwarden.yaml", Line: 7, Text: text}
}

func parse(t *testing.T, s template.Sources) *template.Set {
	t.Helper()
	set, err := template.Parse(s, template.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// small are the cases that are no longer than a Builder makes them.
func small(all []messagetest.Case) []messagetest.Case {
	return slices.DeleteFunc(all, func(c messagetest.Case) bool {
		return len(c.Message.Who.Name) > 500 || c.Message.Kind == alert.Report
	})
}

// roomy takes fixtures that are longer than a Builder makes them.
func roomy(t *testing.T, s template.Sources) *template.Set {
	t.Helper()
	limits := template.DefaultLimits()
	limits.Output, limits.Time = 8<<20, time.Minute
	set, err := template.Parse(s, limits)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func apply(t *testing.T, s *template.Set, m *message.Message) *message.Message {
	t.Helper()
	out, err := s.Apply(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Each function says what its name says.
func TestFunctions(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{{.Severity | upper}}: {{.Headline}}`, "HIGH: DeleteTrail by alice in production (111122223333), eu-west-1"},
		{`{{date "02.01.2006 15:04 MST" "Europe/Berlin" .FirstSeen}}`, "14.03.2026 16:09 CET"},
		{`{{date "2006" "UTC" .Since}}`, ""},
		{`{{.FirstSeen.Format "Mon"}} {{.DelaySeconds}}`, "Sat 270"},
		{`{{trunc 12 .Headline}}`, "DeleteTrail…"},
		{`{{.Headline | trunc 300}}`, "DeleteTrail by alice in production (111122223333), eu-west-1"},
		{`{{json .Who.Name}} {{json .Group}}`, `"alice" [{"name":"account","value":"111122223333"},{"name":"region","value":"eu-west-1"},{"name":"actor","value":"alice"}]`},
		{`{{yaml .Where}}`, "account: \"111122223333\"\naccountName: production\nunit: Root/Workloads\nregion: eu-west-1\nplace: Ireland, IE\npartition: aws\n"},
		{`{{yaml (tree .What.Parameters)}}`, "name: arn:aws:cloudtrail:eu-west-1:111122223333:trail/management-events\n"},
		{`{{yaml "\ta tab\nand a line"}}`, `"\ta tab\nand a line"` + "\n"}, // as a block, libyaml would refuse it
		{`{{mask "password=hunter22222"}}`, "password=[masked]"},
		{`{{join ", " .What.Resources}}`, "arn:aws:cloudtrail:eu-west-1:111122223333:trail/management-events"},
		{`{{default "nobody" .Who.Session}} {{default "x" .Who.Name}}`, "nobody alice"},
		{`{{commas 1234567}} {{commas .Count}} {{oneline "a\nb"}} {{lower "ÄB"}} {{defang "https://www.x.example or x.com"}}`, "1,234,567 1 a b äb hxxps[:]//www[.]x[.]example or x[.]com"},
		{`{{printf "%5d|%-4s|%.2f" .Count "x" 1.5}} {{print 1 "a"}}{{println "b"}}`, "    1|x   |1.50 1ab\n"},
		{`{{range $i, $e := .Events}}{{$i}} {{$e.Who}} {{$.Kind}}{{end}}{{range .Rows}}{{else}} none{{end}}`, "0 alice opened none"},
		{`{{with .Who}}{{.Name}}{{end}}{{if and (eq .Count 1) (not .MayRepeat)}}!{{else}}?{{end}}`, "alice!"},
		{`{{len .Next}} {{slice .Who.Name 0 2}} {{if .Events}}{{(index .Events 0).Action}}{{end}}`, "3 al DeleteTrail"},
		{`{{range .Events}}{{break}}{{end}}{{/* nothing */}}x{{- "y" -}}  z`, "xyz"},
	} {
		t.Run(c.in, func(t *testing.T) {
			set, err := template.Parse(template.Sources{Text: src("{{if .Count}}{{if .Who.Name}}" + c.in + "{{end}}{{end}}")}, template.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			if got := apply(t, set, messagetest.Opened()).Text; got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// A mistake is found when the templates are read, and named with file, line and
// template.
func TestMistakesAreFoundWhenRead(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"syntax", "a\n{{if}}", "trailwarden.yaml:8: template of text: missing value for if"},
		{"unknown function", "{{shout .Headline}}", `trailwarden.yaml:7: template of text: function "shout" not defined`},
		{"function of the library", "a\n\n{{urlquery .Headline}}", "trailwarden.yaml:9: template of text: the function urlquery is not allowed; there are and, commas,"},
		{"call", "{{call .Headline}}", "the function call is not allowed"},
		{"unknown field", "{{.Headlin}}", "a message has no Headlin; did you mean Headline?"},
		{"unknown field below", "{{range .Events}}\n{{.Whom}}{{end}}", "trailwarden.yaml:8: template of text: a message has no Whom"},
		{"method that changes", `{{.FirstSeen.UnmarshalText .Headline}}`, "a message has no UnmarshalText"},
		{"field elsewhere", "{{.Who.Region}}", "can't evaluate field Region"},
		{"index beyond", "{{(index .Events 0).Who}}", "slice index out of range (tried on a message of kind storm)"},
		{"define", `{{define "x"}}{{end}}`, "define and block are not allowed"},
		{"recursion", `{{define "x"}}{{template "x"}}{{end}}{{template "x"}}`, "define and block are not allowed"},
		{"self", `{{template "t"}}`, "is not allowed here"},
		{"the root set", `{{$ := 1}}x`, "$ is the message and cannot be set"},
		{"zone", `{{date "2006" "Mars/Base" .Opened}}`, `"Mars/Base" is no time zone`},
		{"zone outside", `{{date "2006" "../../etc/passwd" .Opened}}`, `is no time zone`},
		{"type", `{{commas .Headline}}`, "is no whole number"},
		{"our own", `{{if trailwardenTick $}}{{end}}`, "the function trailwardenTick is not allowed"},
		{"too long", strings.Repeat("x", 64<<10+1), "the template has 65537 bytes; the limit is 65536"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := template.Parse(template.Sources{Text: src(c.in)}, template.DefaultLimits())
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "trailwarden.yaml:") {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	_, err := template.Parse(template.Sources{Headline: src("{{.A}}"), HTML: src("<p>{{.B}}"), Fields: []template.Field{{Name: "urgency", Source: src("{{.C}}")}}}, template.DefaultLimits())
	for _, what := range []string{"template of headline", "template of html", "template of field urgency"} {
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("not all mistakes are named: %v", err)
		}
	}
}

// What would take for ever or fill memory is stopped, when the templates are read.
func TestBombs(t *testing.T) {
	for name, in := range map[string]string{
		"long loop":        `{{range 1000000000}}{{end}}`,
		"long loop, text":  `{{range 1000000000}}x{{end}}`,
		"nested loops":     strings.Repeat(`{{range 999999}}`, 30) + "x" + strings.Repeat(`{{end}}`, 30),
		"wide printf":      `{{printf "%1000000000d" 1}}`,
		"star printf":      `{{printf "%*d" 1000000000 1}}`,
		"precise printf":   `{{printf "%.1000000000f" 1.0}}`,
		"argument printf":  `{{printf "%[2]*[1]d" 1 1000000000}}`,
		"doubling":         `{{$x := "0123456789"}}{{range 60}}{{$x = print $x $x}}{{end}}`,
		"escaping":         `{{json (json (json (json (json (json (json (json (json (json (json (json (json "\"")))))))))))))}}`,
		"doubling escapes": `{{$x := "\""}}{{range 60}}{{$x = json $x}}{{end}}`,
		"output":           `{{range 9999}}{{json $}}{{end}}`,
		"slow":             `{{range 99999}}{{if yaml $}}{{end}}{{end}}`,
		"html, too":        `{{range 1000000000}}<p>{{end}}`,
	} {
		t.Run(name, func(t *testing.T) {
			limits := template.DefaultLimits()
			limits.Time = 200 * time.Millisecond
			s := template.Sources{Text: src(in)}
			if strings.HasPrefix(name, "html") {
				s = template.Sources{HTML: src(in)}
			}
			_, err := template.Parse(s, limits)
			if err == nil || !strings.HasPrefix(err.Error(), "trailwarden.yaml:7: template of ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The templates' words take the place of the message's; the message itself stays.
func TestApply(t *testing.T) {
	set := parse(t, template.Sources{Headline: src("{{.Who.Name}}\r\n{{.Count}}"), Text: src("T"), HTML: src("<b>{{.Headline}}</b>"),
		Fields: []template.Field{{Name: "assignment_group", Source: src("{{if eq .Where.AccountName \"production\"}}SOC{{end}}")}, {Name: "empty", Source: src("{{if false}}x{{end}} ")}}})
	m := messagetest.Opened()
	m.Who.Name = "<script>alert(1)</script>"
	m.Headline = "<i>"
	before := messagetest.Opened()
	before.Who.Name, before.Headline = m.Who.Name, m.Headline
	out := apply(t, set, m)
	if out.Headline != "<script>alert(1)</script> 1" || out.Text != "T" || out.HTML != "<b>&lt;i&gt;</b>" {
		t.Errorf("%q %q %q", out.Headline, out.Text, out.HTML)
	}
	if d := cmp.Diff([]alert.Label{{Name: "assignment_group", Value: "SOC"}}, out.Custom); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(before, m); d != "" {
		t.Errorf("the message changed: %s", d)
	}
}

// When a template fails on a message, the message's own words are kept.
// Targets refuse a message without a headline: one that a template leaves empty for
// some alerts stays the message's own.
func TestAnEmptyHeadlineStaysTheMessagesOwn(t *testing.T) {
	set := parse(t, template.Sources{Headline: src(`{{if eq .Status "no such status"}}never{{end}}` + " \n")})
	if got := apply(t, set, &message.Message{Headline: "own words"}).Headline; got != "own words" {
		t.Errorf("headline %q", got)
	}
}

func TestFailureKeepsOwnWords(t *testing.T) {
	limits := template.DefaultLimits()
	limits.Output = 3000
	set, err := template.Parse(template.Sources{Headline: src("{{.Summary}}"), Text: src("fine")}, limits)
	if err != nil {
		t.Fatal(err)
	}
	m := messagetest.Opened()
	m.Summary = strings.Repeat("x", 4000)
	out, err := set.Apply(context.Background(), m)
	if err == nil || !strings.Contains(err.Error(), "trailwarden.yaml:7: template of headline: it writes more than 3000 bytes") && !strings.Contains(err.Error(), "more than 3000") {
		t.Errorf("%v", err)
	}
	if out == nil || out.Headline != m.Headline || out.Text != "fine" {
		t.Errorf("%+v", out)
	}
}

// Text from records is never a link in HTML.
func TestNoLinksToRecordsText(t *testing.T) {
	for _, in := range []string{`<a href="{{.What.Error}}">x</a>`, `<a href='{{.From.UserAgent}}'>x</a>`, `<img src={{.Where.AccountName}}>`, `<a href="https://x/{{.Headline}}">`,
		`<form action="{{.Who.Name}}">`, `<a title="a" HREF = "{{range .Events}}{{.Resource}}{{end}}">`} {
		if _, err := template.Parse(template.Sources{HTML: src(in)}, template.DefaultLimits()); err == nil || !strings.Contains(err.Error(), "is put into a link") {
			t.Errorf("%s: %v", in, err)
		}
	}
	set := roomy(t, template.Sources{HTML: src(`<table>{{range .Links}}<tr><td><a href="{{.URL}}">{{.Text}}</a>{{end}}{{range .Events}}<tr title="{{.Who}}"><td>{{.Resource}}{{end}}</table>`)})
	tag := regexp.MustCompile(`<[^>]*>?`)
	ours := regexp.MustCompile(`^<(table|/table|tr|td|/a|a href="https://eu-west-1\.console\.aws\.amazon\.com/[^"<>]*"|tr title="[^"<>]*")>$`)
	for _, c := range small(messagetest.Hostile()) {
		for _, found := range tag.FindAllString(apply(t, set, c.Message).HTML, -1) {
			if !ours.MatchString(found) {
				t.Fatalf("%s: %s", c.Name, found)
			}
		}
	}
}

// YAML says what the JSON says, for every fixture.
func TestYAMLSaysTheSame(t *testing.T) {
	set := roomy(t, template.Sources{Text: src(`{{yaml $}}`), Headline: src(`{{trunc 200 (json .Who)}}`)})
	for _, c := range append(messagetest.Kinds(), small(messagetest.Hostile())...) {
		out := apply(t, set, c.Message)
		var fromYAML, fromJSON any
		if err := yaml.Unmarshal([]byte(out.Text), &fromYAML); err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		text, _ := json.Marshal(c.Message)
		if err := json.Unmarshal(text, &fromJSON); err != nil {
			t.Fatal(err)
		}
		again, _ := json.Marshal(fromYAML)
		want, _ := json.Marshal(fromJSON)
		if string(again) != string(want) && !strings.Contains(string(want), "T15:0") { // times are another type in YAML
			t.Fatalf("%s:\n%s\n%s", c.Name, again, want)
		}
		if !utf8.ValidString(out.Text) || !utf8.ValidString(out.Headline) {
			t.Errorf("%s: not valid UTF-8", c.Name)
		}
	}
}

// A Set may be used by several goroutines at once.
func TestConcurrentUse(t *testing.T) {
	set := parse(t, template.Sources{Headline: src(`{{range .Events}}{{.Who}}{{end}}`), HTML: src(`<p title="{{.Headline}}">{{yaml .Who}}</p>`)})
	want := apply(t, set, messagetest.Repeated()).HTML
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if out, err := set.Apply(context.Background(), messagetest.Repeated()); err != nil || out.HTML != want {
					t.Errorf("%v %q", err, out.HTML)
				}
			}
		})
	}
	wg.Wait()
}

// Any template is refused, or runs on every kind of message within its limits.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"{{.Headline}}", `{{range .Events}}{{.Who | upper}}{{end}}`, `{{define "a"}}{{end}}`, `{{$x := 1}}{{range 5}}{{$x = print $x $x}}{{end}}`, `{{with $y := .Who}}{{$y.Name}}{{else with .Rule}}{{.ID}}{{end}}`, `<a href="{{.Headline}}"`} {
		f.Add(s)
	}
	limits := template.Limits{Source: 4096, Output: 4096, Steps: 500, Time: 100 * time.Millisecond}
	f.Fuzz(func(t *testing.T, text string) {
		set, err := template.Parse(template.Sources{Headline: src(text), HTML: src(text)}, limits)
		if err != nil {
			return
		}
		if out, _ := set.Apply(context.Background(), messagetest.Repeated()); out == nil || len(out.HTML) > limits.Output {
			t.Errorf("%q", text)
		}
	})
}

func ExampleSet_Apply() {
	set, err := template.Parse(template.Sources{Headline: template.Source{File: "trailwarden.yaml", Line: 12,
		Text: `[{{.Severity | upper}}] {{.What.Action}} in {{default "unknown" .Where.AccountName}}, {{date "15:04" "Europe/Berlin" .FirstSeen}}`}}, template.DefaultLimits())
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := set.Apply(context.Background(), messagetest.Opened())
	fmt.Println(m.Headline, err)
	// Output: [HIGH] DeleteTrail in production, 16:09 <nil>
}
