// Package translate turns a rule of any language into an event pattern of
// EventBridge, a filter pattern of CloudWatch Logs, a question in SQL for
// Athena, or a Sigma rule.
//
// A translation is Exact, matching the same records; Wider, matching all of
// them and others, with the reasons; or Impossible. It is never narrower: what a
// target cannot say is left out, or replaced by something weaker that it can.
//
// The languages differ most about records that CloudTrail does not write: a
// list where a text belongs, a key in another letter case, a dot in a key.
// Unless Options.AnyRecord is set, fields that the User Guide documents are
// taken to be absent or of their documented type, and keys to be spelled as
// documented, others as the rule spells them, and to hold no dots. Numbers are
// taken to be such as 64 bits of floating point hold.
package translate

import (
	"fmt"
	"slices"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule"
)

// Target is a language to translate to.
type Target string

// The targets.
const (
	EventBridge Target = "eventbridge"
	Filter      Target = "filter"
	Athena      Target = "athena"
	Sigma       Target = "sigma"
)

// Targets are all targets.
func Targets() []Target { return []Target{EventBridge, Filter, Athena, Sigma} }

// Verdict says how a translation relates to the rule.
type Verdict string

// The verdicts.
const (
	Exact      Verdict = "exact"
	Wider      Verdict = "wider"
	Impossible Verdict = "not expressible"
)

// Options change what may be assumed, and what the text carries.
type Options struct {
	// AnyRecord assumes nothing of records: the translation holds for any JSON
	// object.
	AnyRecord bool
	// Table is the table that Athena is asked; default.cloudtrail_logs when
	// empty.
	Table string
}

// Result is a translation.
type Result struct {
	Target  Target  `json:"target"`
	Verdict Verdict `json:"verdict"`
	// Text is in the target's language; empty when Impossible.
	Text string `json:"text,omitempty"`
	// Reasons say, for Wider, what is lost and, for Impossible, which part
	// cannot be said.
	Reasons []string `json:"reasons,omitempty"`
	// Limits are quotas of the service that the text does not keep to as they
	// stand by default.
	Limits []string `json:"limits,omitempty"`
}

// Rule translates a rule. The error is for a target that does not exist.
func Rule(r *rule.Rule, to Target, o Options) (Result, error) {
	why := ""
	switch {
	case r.Memory != nil || r.CountedBy != "":
		why = "the rule counts or compares several records, and " + string(to) + " judges one at a time"
	case r.Inactive != "":
		why = "the rule judges nothing: " + r.Inactive
	case r.Predicate == nil:
		why = "the rule does not judge CloudTrail records"
	}
	if why != "" && slices.Contains(Targets(), to) {
		return Result{Target: to, Verdict: Impossible, Reasons: []string{why}}, nil
	}
	return Node(r.Predicate, r, to, o)
}

// Node translates a predicate. Of the rule, which may be nil, only what
// describes it is used.
func Node(n detect.Node, about *rule.Rule, to Target, o Options) (Result, error) {
	t := &translation{o: o, res: Result{Target: to}, about: about}
	if about == nil {
		t.about = &rule.Rule{Title: "translated"}
	}
	var write func(form) string
	switch to {
	case EventBridge:
		write = t.eventBridge
	case Filter:
		write = t.filter
	case Athena:
		write = t.athena
	case Sigma:
		write = t.sigma
	default:
		return Result{}, fmt.Errorf("no target %q; there are %v", to, Targets())
	}
	f := t.normal(n, false)
	if t.size > maxSize {
		return t.impossible("the rule has more than %d conditions", maxSize), nil
	}
	text := write(f)
	switch {
	case t.failed != "":
		return t.impossible("%s", t.failed), nil
	case text == "":
		t.res.Verdict = Impossible
		t.res.Reasons = append([]string{"what is left would match every record"}, t.res.Reasons...)
	case len(t.res.Reasons) > 0:
		t.res.Verdict = Wider
	default:
		t.res.Verdict = Exact
	}
	t.res.Text = text
	return t.res, nil
}

// maxSize bounds the conditions of one rule.
const maxSize = 20_000

// translation is one translation under way.
type translation struct {
	o      Options
	res    Result
	about  *rule.Rule
	failed string
	size   int
}

func (t *translation) impossible(format string, args ...any) Result {
	return Result{Target: t.res.Target, Verdict: Impossible, Reasons: []string{fmt.Sprintf(format, args...)}}
}

// lose notes what the translation says more weakly than the rule.
func (t *translation) lose(a atom, why string) {
	part := a.test.Src
	if part == "" {
		part = name(a.test.Path)
	}
	if a.negated {
		part = "not (" + part + ")"
	}
	t.loseText(part + ": " + why)
}

// maxReasons bounds the reasons that are given.
const maxReasons = 50

func (t *translation) loseText(reason string) {
	if !slices.Contains(t.res.Reasons, reason) && len(t.res.Reasons) < maxReasons {
		t.res.Reasons = append(t.res.Reasons, reason)
	}
}
