package translate

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/rule/eventbridge"
)

// The limits of event patterns (EventBridge User Guide, quotas; API Reference,
// PutRule): what a pattern may have by default, at most, and how many
// combinations $or may make.
const (
	defaultPattern = 2048
	maxPattern     = 4096
	maxCombined    = 1000
)

// eventBridge writes an event pattern.
func (t *translation) eventBridge(f form) string {
	if p, ok := t.about.Source.(*eventbridge.Pattern); ok {
		return t.patternLimits(p.String())
	}
	w := &patternWriter{t}
	alts := w.alternatives(f)
	if t.failed != "" || len(alts) == 0 {
		if t.failed == "" {
			t.failed = "the rule matches nothing, which an event pattern cannot say"
		}
		return ""
	}
	for _, a := range alts {
		if len(a) == 0 {
			return ""
		}
	}
	text := w.print(alts)
	p, list := eventbridge.Parse([]byte(text))
	if p == nil {
		t.failed = "EventBridge would refuse the pattern: " + list[0].Message
		return ""
	}
	for _, d := range list {
		t.res.Limits = append(t.res.Limits, d.Message)
	}
	return t.patternLimits(text)
}

func (t *translation) patternLimits(text string) string {
	switch n := len([]rune(text)); {
	case n > maxPattern:
		t.failed = "the pattern has " + strconv.Itoa(n) + " characters, and no event pattern may have more than " + strconv.Itoa(maxPattern)
	case n > defaultPattern:
		t.res.Limits = append(t.res.Limits, "the pattern has "+strconv.Itoa(n)+" characters; without a raised quota EventBridge takes "+strconv.Itoa(defaultPattern))
	}
	return text
}

type patternWriter struct{ *translation }

// alternative is one way to match: by flattened path, what a leaf may be. Each
// must hold.
type alternative map[string]leaf

// leaf is the matchers of one path, any of which will do.
type leaf struct {
	matchers []string // JSON
	exact    []string // the texts, where each matcher is a text of a field that holds one text
	src      string
}

// print writes alternatives; what all of them ask stands outside of $or.
func (w *patternWriter) print(alts []alternative) string {
	common := maps.Clone(alts[0])
	for _, a := range alts[1:] {
		maps.DeleteFunc(common, func(path string, l leaf) bool {
			o, ok := a[path]
			return !ok || !slices.Equal(o.matchers, l.matchers)
		})
	}
	var rest []alternative
	seen := map[string]bool{}
	for _, a := range alts {
		own := maps.Clone(a)
		for path := range common {
			delete(own, path)
		}
		if len(own) == 0 {
			rest = nil // one alternative asks for nothing more
			break
		}
		if text := object(tree(own)); !seen[text] {
			seen[text] = true
			rest = append(rest, own)
		}
	}
	if len(rest) == 1 {
		maps.Copy(common, rest[0])
		rest = nil
	}
	out := tree(common)
	if len(rest) > 0 {
		var or []any
		for _, a := range rest {
			or = append(or, tree(a))
		}
		out["$or"] = or
	}
	return object(out)
}

// tree nests the paths of an alternative, in order: a field comes before those
// below it.
func tree(a alternative) map[string]any {
	out := map[string]any{}
	for _, path := range slices.Sorted(maps.Keys(a)) {
		keys := append([]string{"detail"}, strings.Split(path, ".")...)
		if rest, ok := strings.CutPrefix(path, "\x00"); ok {
			keys = strings.Split(rest, ".")
		}
		list := make([]json.RawMessage, len(a[path].matchers))
		for i, m := range a[path].matchers {
			list[i] = json.RawMessage(m)
		}
		nest(out, keys, list)
	}
	return out
}

// nest puts a leaf where keys lead. Where a field on the way has a leaf of its
// own, the rest of the path is one key with dots, which is the same path.
func nest(in map[string]any, keys []string, leaf []json.RawMessage) {
	for len(keys) > 1 {
		next, isObject := in[keys[0]].(map[string]any)
		if in[keys[0]] != nil && !isObject {
			break
		}
		if next == nil {
			next = map[string]any{}
			in[keys[0]] = next
		}
		in, keys = next, keys[1:]
	}
	in[strings.Join(keys, ".")] = leaf
}

func object(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}
