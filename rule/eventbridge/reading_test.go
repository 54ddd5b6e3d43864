package eventbridge_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// A second reading of the sheet, kept as far from the package as we can: it
// decodes with encoding/json, flattens the event into leaves and tries every
// choice of leaves for every alternative. It knows valid patterns only and no
// $or with reserved names.

type eventLeaf struct {
	path  string
	value any         // string, json.Number, bool, nil
	at    map[int]int // array number → element
}

func flatten(event string) (leaves []eventLeaf) {
	arrays := 0
	var walk func(path []string, v any, at map[int]int)
	walk = func(path []string, v any, at map[int]int) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				walk(append(slices.Clone(path), k), x, at)
			}
		case []any:
			arrays++
			id := arrays
			for i, x := range v {
				in := at
				switch x.(type) {
				case map[string]any, []any:
					in = map[int]int{id: i}
					for k, v := range at {
						in[k] = v
					}
				}
				walk(path, x, in)
			}
		default:
			leaves = append(leaves, eventLeaf{strings.Join(path, "."), v, at})
		}
	}
	walk(nil, decodeAny(event), nil)
	return leaves
}

func decodeAny(text string) any {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		panic("not JSON: " + text)
	}
	return v
}

// readAlternatives reads a pattern without duplicate keys whose $or, if any, is
// the operator.
func readAlternatives(pattern string) []map[string][]any {
	d := json.NewDecoder(strings.NewReader(pattern))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		panic(err)
	}
	return readObject(d, nil, []map[string][]any{{}})
}

func readObject(d *json.Decoder, path []string, alts []map[string][]any) []map[string][]any {
	for d.More() {
		k, _ := d.Token()
		open, _ := d.Token()
		if k == "$or" {
			var all []map[string][]any
			for d.More() {
				d.Token()
				fork := make([]map[string][]any, len(alts))
				for i, a := range alts {
					fork[i] = map[string][]any{}
					for p, m := range a {
						fork[i][p] = m
					}
				}
				all = append(all, readObject(d, path, fork)...)
			}
			d.Token()
			alts = all
			continue
		}
		here := append(slices.Clone(path), k.(string))
		if open == json.Delim('{') {
			alts = readObject(d, here, alts)
			continue
		}
		var matchers []any
		for d.More() {
			var m any
			if d.Decode(&m) != nil {
				panic("matcher")
			}
			matchers = append(matchers, m)
		}
		d.Token()
		for _, a := range alts {
			a[strings.Join(here, ".")] = matchers
		}
	}
	d.Token()
	return alts
}

// secondOpinion judges event by pattern.
func secondOpinion(pattern, event string) bool {
	leaves := flatten(event)
	for _, a := range readAlternatives(pattern) {
		var paths []string
		for p := range a {
			paths = append(paths, p)
		}
		slices.Sort(paths)
		if choose(a, paths, leaves, map[int]int{}) {
			return true
		}
	}
	return false
}

func choose(a map[string][]any, paths []string, leaves []eventLeaf, chosen map[int]int) bool {
	if len(paths) == 0 {
		return true
	}
	present := false
	for _, l := range leaves {
		if l.path != paths[0] || clash(chosen, l.at) {
			continue
		}
		present = true
		if slices.ContainsFunc(a[paths[0]], func(m any) bool { return opinion(m, l.value) }) {
			next := map[int]int{}
			for _, m := range []map[int]int{chosen, l.at} {
				for k, v := range m {
					next[k] = v
				}
			}
			if choose(a, paths[1:], leaves, next) {
				return true
			}
		}
	}
	absent := slices.ContainsFunc(a[paths[0]], func(m any) bool { o, ok := m.(map[string]any); return ok && o["exists"] == false })
	return absent && !present && choose(a, paths[1:], leaves, chosen)
}

func clash(a, b map[int]int) bool {
	for k, i := range a {
		if j, ok := b[k]; ok && i != j {
			return true
		}
	}
	return false
}

func opinion(m, v any) bool {
	o, ok := m.(map[string]any)
	if !ok {
		return literalOpinion(m, v)
	}
	for op, x := range o {
		s, isString := v.(string)
		switch op {
		case "exists":
			return x == true
		case "anything-but":
			return !excluded(x, v)
		case "numeric":
			return numericOpinion(x.([]any), v)
		case "exactly":
			return v == x
		case "cidr":
			p, _ := netip.ParsePrefix(x.(string))
			a, err := netip.ParseAddr(s)
			return isString && err == nil && p.Masked().Contains(a)
		}
		return isString && textOpinion(op, x, s)
	}
	return false
}

func literalOpinion(m, v any) bool {
	if a, ok := m.(json.Number); ok {
		b, ok := v.(json.Number)
		return ok && rational(a).Cmp(rational(b)) == 0
	}
	if a, ok := m.(string); ok {
		if s, ok := v.(string); ok {
			x, err1 := netip.ParseAddr(a)
			y, err2 := netip.ParseAddr(s)
			return err1 == nil && err2 == nil && x == y || a == s
		}
		return false
	}
	return m == v
}

func rational(n json.Number) *big.Rat {
	r, _ := new(big.Rat).SetString(n.String())
	return r
}

func numericOpinion(ops []any, v any) bool {
	n, ok := v.(json.Number)
	for i := 0; ok && i < len(ops); i += 2 {
		c := rational(n).Cmp(rational(ops[i+1].(json.Number)))
		op := ops[i].(string)
		ok = c == 0 && strings.Contains(op, "=") || c < 0 && op[0] == '<' || c > 0 && op[0] == '>'
	}
	return ok
}

func textOpinion(op string, x any, s string) bool {
	if o, ok := x.(map[string]any); ok {
		x, s = strings.ToLower(o["equals-ignore-case"].(string)), strings.ToLower(s)
	}
	w := x.(string)
	switch op {
	case "prefix":
		return strings.HasPrefix(s, w)
	case "suffix":
		return strings.HasSuffix(s, w)
	case "equals-ignore-case":
		return strings.EqualFold(s, w)
	case "wildcard":
		var re strings.Builder
		for i := 0; i < len(w); i++ {
			switch w[i] {
			case '*':
				re.WriteString(".*")
			case '\\':
				i++
				fallthrough
			default:
				re.WriteString(regexp.QuoteMeta(w[i : i+1]))
			}
		}
		return regexp.MustCompile("(?s)^" + re.String() + "$").MatchString(s)
	}
	panic(op)
}

func excluded(x, v any) bool {
	list, op := []any{x}, ""
	if o, ok := x.(map[string]any); ok {
		for k, y := range o {
			op, list = k, []any{y}
		}
	}
	if l, ok := list[0].([]any); ok {
		list = l
	}
	for _, y := range list {
		s, isString := v.(string)
		switch y := y.(type) {
		case json.Number:
			if n, ok := v.(json.Number); ok && rational(n).Cmp(rational(y)) == 0 {
				return true
			}
		case string:
			if isString && (op == "" && s == y || op != "" && textOpinion(op, y, s)) {
				return true
			}
		}
	}
	return false
}
