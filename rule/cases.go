package rule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"path"
	"strings"

	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// CaseKeys are the keys of one test in a rule; a test in a file beside rules has
// also rule.
func CaseKeys() []string { return []string{"name", "event", "events", "countries", "match"} }

// tests reads the tests of a rule.
func (n *native) tests(v *yamldoc.Node, f *file) []Case {
	if v.Kind != yamldoc.List {
		n.fail(v, CodeType, "tests: want a list of tests, each with event and match; found a %s", v.Kind)
		return nil
	}
	var cases []Case
	for i, x := range v.Values {
		if c, ok := n.test(x, CaseKeys()); ok {
			if c.Name == "" {
				c.Name = fmt.Sprintf("test %d", i+1)
			}
			cases = append(cases, c)
		}
	}
	return cases
}

func (n *native) test(x *yamldoc.Node, keys []string) (Case, bool) {
	c := Case{File: n.file.name, Line: x.Line}
	if x.Kind != yamldoc.Map {
		n.fail(x, CodeTest, "a test is a mapping with name, event and match; found a %s", x.Kind)
		return c, false
	}
	before := len(n.list)
	for i, k := range x.Keys {
		switch v := x.Values[i]; {
		case k.Text == "name":
			c.Name = n.text(k, v)
		case k.Text == "event":
			c.Event = n.event(v)
		case k.Text == "events":
			c.Events = n.events(v)
		case k.Text == "countries":
			c.Countries = n.countries(v)
		case k.Text == "match":
			c.Match = v.Bool()
			if v.Kind != yamldoc.Bool {
				n.fail(v, CodeTest, "match of a test: want true or false; found a %s", v.Kind)
			}
		case !contains(keys, k.Text):
			n.add(diagnostic.Error, k, CodeKey, nearest.Of(k.Text, keys), "unknown key %q in a test (keys are %s)", clip(k.Text), strings.Join(keys, ", "))
		}
	}
	if x.Get("match") == nil {
		n.fail(x, CodeTest, "the test has no match")
	}
	if (x.Get("event") == nil) == (x.Get("events") == nil) {
		n.fail(x, CodeTest, "the test has no event, or event and events: want event, or events for a rule that remembers")
	}
	return c, len(n.list) == before
}

// countries reads where the addresses of a test are: a mapping of addresses to
// the codes of countries.
func (n *native) countries(v *yamldoc.Node) map[netip.Addr]string {
	if v.Kind != yamldoc.Map {
		n.fail(v, CodeTest, "countries of a test: want a mapping of addresses to countries, such as 203.0.113.7: NL; found a %s", v.Kind)
		return nil
	}
	all := map[netip.Addr]string{}
	for i, k := range v.Keys {
		addr, err := netip.ParseAddr(k.Text)
		if err != nil || v.Values[i].Kind != yamldoc.String {
			n.fail(k, CodeTest, "countries of a test: want an address and the code of its country in quotes, such as 203.0.113.7: \"NL\"; found %q", clip(k.Text))
			continue
		}
		all[addr.Unmap()] = v.Values[i].Text
	}
	return all
}

// event reads a test's event: a mapping, JSON text, or {file: NAME}.
func (n *native) event(v *yamldoc.Node) []byte {
	ref := v.Get("file")
	var text []byte
	switch {
	case v.Kind == yamldoc.Map && len(v.Keys) == 1 && ref != nil && ref.Kind == yamldoc.String:
		t, ok := n.reference(ref)
		if !ok {
			return nil
		}
		text = t
	case v.Kind == yamldoc.Map:
		return v.AppendJSON(nil)
	case v.Kind == yamldoc.String:
		text = []byte(v.Text)
	default:
		n.fail(v, CodeTest, "event of a test: want a mapping, JSON text or {file: NAME}; found a %s", v.Kind)
		return nil
	}
	event, why := singleEvent(text)
	if why != "" {
		n.fail(v, CodeTest, "event of a test: %s", why)
	}
	return event
}

// singleEvent is the one JSON object in text, taken out of a log file's Records
// when there is exactly one.
func singleEvent(text []byte) (event []byte, why string) {
	text = bytes.TrimSpace(text)
	if !json.Valid(text) || len(text) == 0 || text[0] != '{' {
		return nil, "not a JSON object"
	}
	var log map[string]json.RawMessage
	if err := json.Unmarshal(text, &log); err != nil {
		return nil, err.Error()
	}
	var records []json.RawMessage
	if len(log) == 1 && json.Unmarshal(log["Records"], &records) == nil {
		if len(records) != 1 {
			return nil, fmt.Sprintf("a log file with %d records; a test has one", len(records))
		}
		return records[0], ""
	}
	return text, ""
}

// caseFile is a file of tests, kept until its neighbour's rules are known.
type caseFile struct {
	file  *file
	cases []namedCase
}

type namedCase struct {
	rule string // "" when the neighbour has one rule
	c    Case
	line int
}

// casesFile reads NAME.tests.yaml: a list of tests, or a mapping with tests.
func (l *loader) casesFile(f *file) {
	n := &native{loader: l, file: f, rule: &Rule{}}
	cf := caseFile{file: f}
	for _, d := range yamldoc.Documents(f.text) {
		if d.Err != nil {
			l.say(diagnostic.Error, f.name, d.Err.Line, CodeSyntax, "%s", d.Err.Message)
			continue
		}
		list := d.Node
		if t := list.Get("tests"); t != nil {
			list = t
		}
		cf.cases = append(cf.cases, n.namedCases(list)...)
	}
	l.list = append(l.list, n.list...)
	l.cases = append(l.cases, cf)
}

func (n *native) namedCases(list *yamldoc.Node) []namedCase {
	if list.Kind != yamldoc.List {
		n.fail(list, CodeTest, "a file of tests holds a list of tests, each with event and match; found a %s", list.Kind)
		return nil
	}
	var out []namedCase
	for i, x := range list.Values {
		c, ok := n.test(x, append(CaseKeys(), "rule"))
		if c.Name == "" {
			c.Name = fmt.Sprintf("test %d", i+1)
		}
		id := ""
		if r := x.Get("rule"); r != nil {
			id = r.Text
		}
		if ok {
			out = append(out, namedCase{id, c, x.Line})
		}
	}
	return out
}

// attachCases gives the tests of files to the rules of the files beside them.
func (l *loader) attachCases() {
	for _, cf := range l.cases {
		for _, nc := range cf.cases {
			l.attach(cf.file, nc)
		}
	}
}

func (l *loader) attach(f *file, nc namedCase) {
	base := strings.TrimSuffix(strings.TrimSuffix(f.name, path.Ext(f.name)), ".tests")
	var found []*Rule
	for _, r := range l.set.Rules {
		if beside(r.File, base) && (nc.rule == "" || nc.rule == r.ID) {
			found = append(found, r)
		}
	}
	if len(found) == 1 {
		found[0].Tests = append(found[0].Tests, nc.c)
		return
	}
	message := fmt.Sprintf("the test names no rule; %d rules stand in files named %s", len(found), path.Base(base))
	if nc.rule != "" {
		message = fmt.Sprintf("the test is for rule %q, which is not in a file named %s", clip(nc.rule), path.Base(base))
	}
	l.say(diagnostic.Error, f.name, nc.line, CodeTest, "%s", message)
}

// beside tells whether file is base with an ending, or with none.
func beside(file, base string) bool {
	return file == base || strings.TrimSuffix(file, path.Ext(file)) == base
}
