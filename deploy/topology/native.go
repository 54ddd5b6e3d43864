package topology

import (
	"slices"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/translate"
)

// Limits of the targets, characters (EventBridge quotas, Event pattern size by
// default; CloudWatch Logs API Reference, PutMetricFilter).
const (
	maxPattern = 2048
	maxFilter  = 1024
)

// native is a rule's records in another system's language: all of them, and
// perhaps others. It may take several texts, each for some of the records.
type native struct {
	rule  *rule.Rule
	texts []string
	// wider tells that other records match as well; everything that no text at all
	// could be made.
	wider, everything bool
}

// natives translates the rules. Those that judge no record are left out.
func (b *builder) natives(to translate.Target, limit int) (out []native) {
	for _, r := range b.rules {
		n := r.Records()
		if n == nil || r.Inactive != "" {
			continue
		}
		t := translator{about: r, to: to, limit: limit}
		texts, ok := t.texts(n)
		out = append(out, native{rule: r, texts: texts, wider: t.wider, everything: !ok})
	}
	return out
}

// translator translates one rule so that it fits.
type translator struct {
	about *rule.Rule
	to    translate.Target
	limit int
	wider bool
}

// text is the translation of a node, if there is one that fits.
func (t *translator) text(n detect.Node) (text string, wider, ok bool) {
	r, err := translate.Node(n, &rule.Rule{ID: t.about.ID}, t.to, translate.Options{})
	if err != nil || r.Verdict == translate.Impossible || utf8.RuneCountInString(r.Text) > t.limit {
		return "", false, false
	}
	return r.Text, r.Verdict == translate.Wider, true
}

// texts translates a node whole; or else each of its alternatives, each made
// wider until it fits.
func (t *translator) texts(n detect.Node) ([]string, bool) {
	if r, err := translate.Node(n, t.about, t.to, translate.Options{}); err == nil && r.Verdict != translate.Impossible && utf8.RuneCountInString(r.Text) <= t.limit {
		t.wider = r.Verdict == translate.Wider
		return []string{r.Text}, true
	}
	if text, ok := t.loosened(n); ok {
		t.wider = true
		return []string{text}, true
	}
	alternatives, ok := n.(detect.Any)
	if !ok {
		return nil, false
	}
	var out []string
	for _, a := range alternatives {
		text, wider, ok := t.text(a)
		if !ok {
			wider = true
			text, ok = t.loosened(a)
		}
		if !ok {
			return nil, false
		}
		t.wider = t.wider || wider
		out = append(out, text)
	}
	return slices.Compact(out), true
}

// loosened leaves conditions out of a conjunction, or out of those of a choice,
// the one that takes most room first, until the rest fits: the result matches at
// least as much.
func (t *translator) loosened(n detect.Node) (string, bool) {
	for {
		smaller, ok := t.without(n)
		if !ok {
			return "", false
		}
		n = smaller
		if text, _, ok := t.text(n); ok {
			return text, true
		}
	}
}

// without is the node without its biggest condition; false when nothing may be
// left out any more.
func (t *translator) without(n detect.Node) (detect.Node, bool) {
	switch n := n.(type) {
	case detect.All:
		if len(n) < 2 {
			return nil, false
		}
		i := t.biggest(n)
		return slices.Delete(slices.Clone(n), i, i+1), true
	case detect.Any:
		i := t.biggest(n)
		if i < 0 {
			return nil, false
		}
		smaller, ok := t.without(n[i])
		if !ok {
			return nil, false
		}
		out := slices.Clone(n)
		out[i] = smaller
		return out, true
	}
	return nil, false
}

// biggest is the place of the node with the longest translation; one that has
// none is the biggest of all.
func (t *translator) biggest(all []detect.Node) int {
	best, size := -1, -1
	for i, n := range all {
		r, err := translate.Node(n, &rule.Rule{ID: t.about.ID}, t.to, translate.Options{})
		length := utf8.RuneCountInString(r.Text)
		if err != nil || r.Verdict == translate.Impossible {
			length = 1 << 30
		}
		if length > size {
			best, size = i, length
		}
	}
	return best
}
