package rule

import (
	"sort"
	"time"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
	"github.com/trailwarden/trailwarden/rule/keyword"
	"github.com/trailwarden/trailwarden/rule/region"
	"github.com/trailwarden/trailwarden/rule/where"
)

// The states of an EventBridge rule (PutRule, State). A pattern without a state
// judges every record, as TestEventPattern does.
const (
	Enabled    = "ENABLED" // all but read-only management events
	EnabledAll = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
	Disabled   = "DISABLED" // loaded, judges nothing
)

// part is the piece of a rule file that a language reads.
type part struct {
	language string
	file     string        // where text stands
	line     int           // the file's line of the text's first line
	text     []byte        // for the languages that read text
	node     *yamldoc.Node // for those that read nodes, whose lines are the file's
	state    string        // EventBridge rule state, "" when none was given
	native   bool          // it stands below match
	window   time.Duration // of a query; 0 when none was given
	where    *where.Reader // of the conditions of the other rules; may be nil
	made     compiled      // room for what compileWhere gives
}

// place gives a language's diagnostic its file and line.
func (p *part) place(d diagnostic.Diagnostic, rule string) diagnostic.Diagnostic {
	d.File = p.file
	if d.Rule == "" {
		d.Rule = rule
	}
	switch {
	case d.Line == 0:
		d.Line = p.line
	case p.text != nil:
		d.Line += p.line - 1
	}
	return d
}

// compiled is a rule as its language understood it.
type compiled struct {
	predicate detect.Node
	event     detect.Node // for JSON events that are no CloudTrail records
	source    Linter
	inactive  string
	memory    *memory.Spec // of a rule that remembers by itself
	sql       *SQL
	author    string
	license   string
	link      string
}

// fill completes the rule with what its language said; what the native rule
// says itself stays.
func (c *compiled) fill(r *Rule, p *part) {
	r.Language, r.Predicate, r.Event, r.Source, r.Inactive = p.language, c.predicate, c.event, c.source, c.inactive
	r.SQL = c.sql
	if c.memory != nil {
		c.memory.Rule = r.ID
		r.Predicate, r.Memory = nil, &Memory{Spec: c.memory}
	}
	r.TextFile, r.TextLine = p.file, 1
	if p.text != nil {
		r.TextLine = p.line
	}
	for _, f := range []struct {
		to   *string
		from string
	}{{&r.Author, c.author}, {&r.License, c.license}, {&r.Link, c.link}} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
}

// languages are the rule languages by their name under match. Adding one is a
// line here and a function below.
var languages = map[string]func(*part, Options) (*compiled, diagnostic.List){
	"where":       compileWhere,
	"keyword":     compileKeyword,
	"region":      compileRegion,
	"eventbridge": compileEventBridge,
	"filter":      compileFilter,
	"sigma":       compileSigma,
	"sql":         compileSQL,
}

// Languages are the names of the rule languages, sorted.
func Languages() []string {
	var names []string
	for name := range languages {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func compileWhere(p *part, _ Options) (*compiled, diagnostic.List) {
	c, list := p.where.ParseNode(p.node)
	if c == nil {
		return nil, list
	}
	p.made = compiled{predicate: c.Predicate()}
	return &p.made, list
}

func compileKeyword(p *part, _ Options) (*compiled, diagnostic.List) {
	read := keyword.ParseNode
	if p.native {
		read = keyword.ParseMatch
	}
	c, list := read(p.node)
	if c == nil {
		return nil, list
	}
	return &compiled{predicate: c.Predicate()}, list
}

func compileRegion(p *part, opts Options) (*compiled, diagnostic.List) {
	n := p.node
	if len(opts.ApprovedRegions) > 0 && n.Kind == yamldoc.Map {
		n = approving(n, opts.ApprovedRegions)
	} else if regions, ok := configured(n, opts.Configured); ok {
		n = approving(n, regions)
	}
	policy, list := region.ParseNode(n)
	if n != p.node {
		for i := range list {
			list[i].Message = "approved regions of the configuration: " + list[i].Message
		}
	}
	if policy == nil {
		return nil, list
	}
	return &compiled{predicate: policy.Predicate(), source: policy}, list
}

// configured is the approved regions of the policy n with those of the
// configuration in place of the text "configured"; ok tells that it stands there
// and that there are any.
func configured(n *yamldoc.Node, regions []string) (all []string, ok bool) {
	list := n.Get("approved")
	if len(regions) == 0 || list == nil {
		return nil, false
	}
	items := list.Values
	if list.Kind == yamldoc.String {
		items = []*yamldoc.Node{list}
	}
	for _, x := range items {
		if x.Kind == yamldoc.String && x.Text == ConfiguredRegions {
			all, ok = append(all, regions...), true
			continue
		}
		all = append(all, x.Text)
	}
	return all, ok
}

// approving is the policy n with other approved regions.
func approving(n *yamldoc.Node, regions []string) *yamldoc.Node {
	list := &yamldoc.Node{Kind: yamldoc.List, Line: n.Line, Column: n.Column}
	for _, r := range regions {
		list.Values = append(list.Values, &yamldoc.Node{Kind: yamldoc.String, Text: r, Line: n.Line, Column: n.Column})
	}
	out := &yamldoc.Node{Kind: yamldoc.Map, Line: n.Line, Column: n.Column}
	for i, k := range n.Keys {
		if k.Text != "approved" && k.Text != "denied" {
			out.Keys, out.Values = append(out.Keys, k), append(out.Values, n.Values[i])
		}
	}
	key := &yamldoc.Node{Kind: yamldoc.String, Text: "approved", Line: n.Line, Column: n.Column}
	out.Keys, out.Values = append(out.Keys, key), append(out.Values, list)
	return out
}

func compileEventBridge(p *part, _ Options) (*compiled, diagnostic.List) {
	pattern, list := eventbridge.Parse(p.text)
	if pattern == nil {
		return nil, list
	}
	state, _ := eventbridge.ParseState(p.state) // checked where it was read
	c := &compiled{predicate: pattern.PredicateIn(state), event: pattern.Event(), source: pattern.WithState(state)}
	if state == eventbridge.Disabled {
		c.event, c.inactive = detect.Const(false), "its state is "+Disabled
	}
	return c, list
}

func compileFilter(p *part, _ Options) (*compiled, diagnostic.List) {
	pattern, list := filterpattern.Parse(string(p.text))
	if pattern == nil {
		return nil, list
	}
	return &compiled{predicate: pattern.Predicate(), source: pattern}, list
}
