package rule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
)

// LoadText reads rules of one language from text: the language's own text, the
// forms its files have, or a native rule whose match holds that language. name
// stands for the file in diagnostics and names the rule.
func LoadText(language, name string, text []byte, opts Options) (*Set, diagnostic.List) {
	return loadOne(language, &file{name: name, path: name, named: true, text: trimBOM(text)}, opts)
}

// LoadFile reads rules of one language from a file as LoadText does; file:
// references in a native rule may reach the files beside it.
func LoadFile(language, name string, opts Options) (*Set, diagnostic.List) {
	l := newLoader(opts)
	l.path(name)
	if len(l.files) != 1 || l.files[0].name != name {
		if len(l.list) == 0 {
			l.say(diagnostic.Error, name, 0, CodeRead, "a folder; want one file")
		}
		l.files = nil
		return l.finish()
	}
	defer l.close()
	return loadOne(language, l.files[0], opts)
}

func loadOne(language string, f *file, opts Options) (*Set, diagnostic.List) {
	opts.ApprovedRegions = nil
	l := newLoader(opts)
	name := f.name
	switch {
	case languages[language] == nil:
		l.say(diagnostic.Error, name, 0, CodeLanguage, "no rule language %q; there are %s", clip(language), strings.Join(Languages(), ", "))
	case len(f.text) > yamldoc.MaxBytes:
		l.say(diagnostic.Error, name, 0, CodeSyntax, "the text has %d bytes; at most %d are read", len(f.text), yamldoc.MaxBytes)
	default:
		l.textOf(language, f)
	}
	return l.finish()
}

func (l *loader) textOf(language string, f *file) {
	if n := nativeText(language, f.text); n != nil {
		l.nativeOf(language, f, n)
		return
	}
	switch language {
	case "eventbridge":
		if exports, ok := eventbridge.ParseExport(f.text); ok {
			l.exportedRules(f, exports)
			return
		}
		l.pattern(f, f.text, f.rule(), eventbridge.Unstated)
	case "filter":
		if len(bytes.TrimSpace(f.text)) == 0 { // the empty pattern matches everything
			l.add(f, f.rule(), &part{language: language, file: f.name, text: f.text, line: 1})
			return
		}
		l.filterFile(f)
	case "sigma":
		l.sigmaText(f, f.text)
	default:
		l.textRule(language, f)
	}
}

// rule is the rule that a file without metadata holds.
func (f *file) rule() *Rule { return &Rule{ID: f.stem(), Title: f.stem(), Line: 1} }

// nativeText is the native rule that text holds, or nil. A field named match is
// none of ours: the language asked for, or an id and another language, is below.
func nativeText(language string, text []byte) *yamldoc.Node {
	if !bytes.Contains(text, []byte("match")) {
		return nil
	}
	docs := yamldoc.Documents(text)
	if len(docs) == 0 || docs[0].Err != nil || docs[0].Node.Kind != yamldoc.Map {
		return nil
	}
	m := docs[0].Node.Get("match")
	if m.Get(language) != nil {
		return docs[0].Node
	}
	for _, l := range Languages() {
		if isText(docs[0].Node.Get("id")) && m.Get(l) != nil {
			return docs[0].Node
		}
	}
	return nil
}

// nativeOf loads a native rule, which must be of the language asked for.
func (l *loader) nativeOf(language string, f *file, n *yamldoc.Node) {
	m := n.Get("match")
	if m.Get(language) == nil {
		l.say(diagnostic.Error, f.name, m.Line, CodeLanguage, "the rule's match is not in the language %s that was asked for", language)
		return
	}
	l.yamlFile(f)
}

// textRule loads the text of a language that is written in YAML.
func (l *loader) textRule(language string, f *file) {
	n := l.structured(language, f)
	if n == nil {
		return
	}
	if v := n.Get(language); v != nil && len(n.Keys) == 1 {
		n = v // the text as it stands below match
	}
	l.add(f, f.rule(), &part{language: language, file: f.name, line: n.Line, node: n})
}

// Place is where a rule stands, as messages name it.
func (r *Rule) Place() string {
	if r.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("%s:%d", r.File, r.Line)
}

// structured is the one value that text holds, in JSON or YAML; nil when it is
// reported to hold none.
func (l *loader) structured(language string, f *file) *yamldoc.Node {
	if json.Valid(f.text) { // where the last of duplicate keys wins
		if n, err := yamldoc.ParseJSON(f.text); err == nil {
			return n
		}
	}
	docs := yamldoc.Documents(f.text)
	switch {
	case len(docs) != 1:
		l.say(diagnostic.Error, f.name, 1, CodeType, "want one %s rule, found %d documents", language, len(docs))
	case docs[0].Err != nil:
		l.say(diagnostic.Error, f.name, docs[0].Err.Line, CodeSyntax, "%s", docs[0].Err.Message)
	default:
		return docs[0].Node
	}
	return nil
}

// numbered is the id of the n-th of several rules without names.
func numbered(stem string, n int) string { return fmt.Sprintf("%s-%d", stem, n) }
