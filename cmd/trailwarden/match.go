package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
	"github.com/trailwarden/trailwarden/rule/sigma"
)

type matchCommand struct {
	Lang string     `required:"" short:"l" placeholder:"LANG" enum:"eventbridge,filter,sigma,keyword,region,where" help:"The rule's language: eventbridge, filter, sigma, keyword, region or where."`
	Rule *givenRule `placeholder:"TEXT" help:"The rule itself, instead of RULE-FILE."`
	Args []string   `arg:"" optional:"" name:"file" help:"RULE-FILE, unless --rule is given; then event files, or - for standard input, the default."`
}

// givenRule is a rule given on the command line. It may begin with a minus sign,
// as the filter pattern -ERROR does; any other flag's value may not.
type givenRule string

// Decode takes the word after the flag.
func (t *givenRule) Decode(ctx *kong.DecodeContext) error {
	word, err := ctx.Scan.PopValue("string")
	text, isText := word.Value.(string)
	if err != nil && (!isText || strings.HasPrefix(text, "--")) {
		return fmt.Errorf("the rule's text: %w", err)
	}
	*t = givenRule(text)
	return nil
}

// Help says what events may be and what the exit code means.
func (matchCommand) Help() string {
	return `Events may be CloudTrail log files, JSON arrays, one JSON object after the other or a single one, also compressed. For eventbridge, an event that is no CloudTrail record is matched as it stands. For filter, text that is not JSON is matched line by line.

Matching events are printed as NDJSON. Of a rule that remembers these are the events that count, and standard error says towards what. Exit codes: 0 some event matched; 1 none did; 2 the rule or an event is invalid.`
}

// Run tries the rule on the events.
func (c *matchCommand) Run(s *streams) error {
	set, err := c.load(s)
	if err != nil {
		return err
	}
	out, err := openOutput(s, "")
	if err != nil {
		return err
	}
	w := io.Writer(out)
	if out.layout.Terminal {
		w = report.TerminalJSON(out)
	}
	m := newMatching(set.Rules, w)
	m.memory, m.say = newRemembering(set.Rules), s.say
	m.single = c.Lang == "eventbridge"
	if len(c.Args) == 0 {
		c.Args = []string{"-"}
	}
	for _, p := range c.Args {
		if err := m.input(s, p); err != nil {
			return errors.Join(err, out.Close())
		}
	}
	if m.memory != nil {
		if err := m.memory.close(s.say); err != nil {
			return errors.Join(err, out.Close())
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	switch {
	case m.invalid:
		return exit{exitUsage}
	case m.matched == 0:
		return exit{exitFinding}
	}
	return nil
}

// load reads the rule, taking its file from the arguments if need be. A rule
// that judges nothing is an error here: who tries it wants to know. One for
// another log source is none: it matches no event.
func (c *matchCommand) load(s *streams) (*rule.Set, error) {
	opts := assemble.RuleOptions(config.Default())
	var set *rule.Set
	var list diagnostic.List
	switch {
	case c.Rule != nil:
		set, list = rule.LoadText(c.Lang, "--rule", []byte(*c.Rule), opts)
	case len(c.Args) > 0:
		set, list = rule.LoadFile(c.Lang, c.Args[0], opts)
		c.Args = c.Args[1:]
	default:
		return nil, errors.New("no rule: give RULE-FILE or --rule TEXT")
	}
	if diagnose(s, list) > 0 {
		return nil, exit{exitUsage}
	}
	for _, r := range set.Rules {
		if r.Inactive == "" {
			return set, nil
		}
		s.say("rule %s judges nothing: %s", r.ID, r.Inactive)
		if d, ok := r.Source.(*sigma.Rule); ok && d.Elsewhere() {
			return set, nil
		}
	}
	return nil, errors.New("no rule is left to match by")
}

// matching judges events of any kind by rules and prints those that match.
type matching struct {
	rules   []*rule.Rule
	records *detect.Matcher // CloudTrail records
	events  *detect.Matcher // other JSON events
	out     io.Writer
	matched int
	invalid bool
	single  bool // an array is no event
	found   bool // for the event in hand
	line    []byte
	memory  *remembering // nil when no rule remembers
	say     func(format string, args ...any)
}

func newMatching(rules []*rule.Rule, out io.Writer) *matching {
	var records, events []detect.Node
	for _, r := range rules {
		p, e := r.Predicate, r.Event
		if r.Inactive != "" || p == nil {
			p, e = detect.Const(false), detect.Const(false)
		}
		if e == nil {
			e = p
		}
		records, events = append(records, p), append(events, e)
	}
	return &matching{
		rules: rules, out: out,
		records: detect.Compile(records).NewMatcher(), events: detect.Compile(events).NewMatcher(),
	}
}

// event judges one JSON object.
func (m *matching) event(rec *cloudtrail.Record) error {
	by := m.events
	if eventbridge.IsRecord(rec) {
		by = m.records
	}
	m.found = false
	by.Match(rec, func(int) { m.found = true })
	if m.memory != nil {
		counts, err := m.memory.event(rec, m.say)
		if err != nil {
			return err
		}
		m.found = m.found || counts
	}
	if !m.found {
		return nil
	}
	m.line = report.AppendCompact(m.line[:0], rec.Raw())
	return m.print(m.line)
}

// text judges one line of a log that is not JSON.
func (m *matching) text(line []byte) error {
	for _, r := range m.rules {
		if t, ok := r.Source.(interface{ MatchText([]byte) bool }); ok && r.Inactive == "" && t.MatchText(line) {
			return m.print(line)
		}
	}
	return nil
}

// takesText tells whether some rule judges text that is not JSON.
func (m *matching) takesText() bool {
	for _, r := range m.rules {
		if _, ok := r.Source.(interface{ MatchText([]byte) bool }); ok {
			return true
		}
	}
	return false
}

func (m *matching) print(line []byte) error {
	m.matched++
	if _, err := m.out.Write(append(line[:len(line):len(line)], '\n')); err != nil {
		return fmt.Errorf("the output could not be written: %w", err)
	}
	return nil
}
