package rule

import (
	"bytes"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/keyword"
)

// shape is the kind of rule that a YAML or JSON mapping is.
type shape uint8

const (
	unknownShape shape = iota
	nativeShape
	packShape // native rules under rules
	sigmaShape
	keywordShape
)

// shapeOf tells by its keys what a mapping is.
func shapeOf(n *yamldoc.Node) shape {
	has := func(keys ...string) bool {
		for _, k := range keys {
			if n.Get(k) != nil {
				return true
			}
		}
		return false
	}
	rules := n.Get("rules")
	switch {
	case has("match", "sequence"):
		return nativeShape
	case has("detection", "correlation", "logsource", "action"):
		return sigmaShape
	case rules != nil && rules.Kind == yamldoc.List:
		return packShape
	case has("regexp") || isText(n.Get("source")) && (has("sns") || len(n.Keys) == 1):
		return keywordShape
	case has("id") && has("title", "severity"):
		return nativeShape
	}
	return unknownShape
}

func isText(n *yamldoc.Node) bool { return n != nil && n.Kind == yamldoc.String }

// yamlFile loads every document of a YAML file, each by its own shape.
func (l *loader) yamlFile(f *file) {
	docs, done := l.documents(f)
	defer done()
	if len(docs) == 0 {
		l.say(diagnostic.Warning, f.name, 1, CodeNoRules, "the file is empty")
	}
	if l.onlySigma(f, docs) {
		l.sigmaText(f, f.text)
		return
	}
	for _, d := range docs {
		switch {
		case d.Err != nil && sigmaLike(d.Text):
			l.sigmaText(f, atLine(d.Text, d.Line)) // its own code for broken YAML
		case d.Err != nil:
			l.broken(f, d)
		case d.Node.Kind == yamldoc.List:
			l.nativeList(f, d.Node)
		default:
			l.document(f, d.Node, d.Text, d.Line)
		}
	}
}

// broken reports a document that cannot be read, or reads what can be read of
// it: a list of rules falls into its rules.
func (l *loader) broken(f *file, d yamldoc.Document) {
	items, ok := yamldoc.Items(d, "rules")
	if !ok {
		l.say(diagnostic.Error, f.name, d.Err.Line, CodeSyntax, "%s", d.Err.Message)
		return
	}
	for _, x := range items {
		if x.Err != nil {
			l.say(diagnostic.Error, f.name, x.Err.Line, CodeSyntax, "%s", x.Err.Message)
			continue
		}
		l.nativeRule(f, x.Node)
	}
}

// onlySigma tells whether every readable document of a file is Sigma. Such a
// file is handed over whole: its documents may belong together.
func (l *loader) onlySigma(f *file, docs []yamldoc.Document) bool {
	found := false
	for _, d := range docs {
		if d.Node != nil {
			if d.Node.Kind != yamldoc.Map || shapeOf(d.Node) != sigmaShape {
				return false
			}
			found = true
		}
	}
	return found
}

// document loads one mapping; text is its own text, starting on line.
func (l *loader) document(f *file, n *yamldoc.Node, text []byte, line int) {
	if n.Kind != yamldoc.Map {
		l.unrecognized(f, n)
		return
	}
	switch shapeOf(n) {
	case nativeShape:
		l.nativeRule(f, n)
	case packShape:
		l.pack(f, n)
	case sigmaShape:
		l.sigmaText(f, atLine(text, line))
	case keywordShape:
		l.keywordFile(f, n)
	default:
		l.unrecognized(f, n)
	}
}

// atLine is text moved down to start on line.
func atLine(text []byte, line int) []byte {
	return append(bytes.Repeat([]byte("\n"), line-1), text...)
}

// sigmaLike tells whether text that is no YAML was meant as a Sigma rule.
func sigmaLike(text []byte) bool {
	return bytes.Contains(text, []byte("logsource:")) && bytes.Contains(text, []byte("detection:"))
}

// pack loads the native rules listed under rules.
func (l *loader) pack(f *file, n *yamldoc.Node) {
	for i, k := range n.Keys {
		if k.Text == "rules" {
			l.nativeList(f, n.Values[i])
			continue
		}
		l.say(diagnostic.Error, f.name, k.Line, CodeKey, "unknown key %q beside rules", clip(k.Text))
	}
}

func (l *loader) nativeList(f *file, list *yamldoc.Node) {
	for _, n := range list.Values {
		l.nativeRule(f, n)
	}
}

func (l *loader) keywordFile(f *file, n *yamldoc.Node) {
	c, list := keyword.ParseNode(n)
	for i := range list {
		list[i].Rule = f.stem()
	}
	l.list = append(l.list, inFile(list, f.name)...)
	if c == nil {
		return
	}
	r := &Rule{ID: f.stem(), Title: f.stem(), Severity: Medium, File: f.name, Line: n.Line}
	r.Description = "Regex configuration: source " + quoted(c.Source) + ", API " + quoted(c.Regexp)
	(&compiled{predicate: c.Predicate()}).fill(r, &part{language: "keyword", file: f.name})
	l.set.Rules = append(l.set.Rules, r)
}

func quoted(s string) string { return `"` + clip(s) + `"` }

// unrecognized reports a file that is no rule. In a folder that is a warning:
// other things may lie there.
func (l *loader) unrecognized(f *file, n *yamldoc.Node) {
	severity := diagnostic.Warning
	if f.named {
		severity = diagnostic.Error
	}
	l.say(severity, f.name, n.Line, CodeShape, "no rule: a native rule has match, a Sigma rule detection, a regex configuration source and regexp; found %s", contents(n))
}

func contents(n *yamldoc.Node) string {
	if n.Kind != yamldoc.Map {
		return "a " + n.Kind.String()
	}
	var keys []string
	for i, k := range n.Keys {
		if i == 6 {
			keys = append(keys, "…")
			break
		}
		keys = append(keys, clip(k.Text))
	}
	return "the keys " + strings.Join(keys, ", ")
}
