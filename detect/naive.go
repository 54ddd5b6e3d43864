package detect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Naive states what a predicate means, in the plainest code we can write: it
// decodes the whole record with encoding/json and walks the tree. The engine
// must never differ from it; tests hold them equal. It shares with the engine
// nothing but the tree.
func Naive(n Node, record []byte) (bool, error) {
	v, err := decode(record)
	if err != nil {
		return false, err
	}
	rec, err := cloudtrail.ParseRecord(record)
	if err != nil {
		return false, err
	}
	return (&naive{root: v, rec: rec}).node(n), nil
}

// tree is one decoded JSON value, members in order.
type tree struct {
	kind    cloudtrail.Kind
	text    string // decoded string, literal, or compact JSON of a container
	raw     string // a container as it stands in the record
	keys    []string
	members map[string]*tree // object; last of duplicate keys
	elems   []*tree
}

func decode(b []byte) (*tree, error) {
	b = bytes.TrimSpace(b)
	if !json.Valid(b) {
		return nil, fmt.Errorf("not valid JSON")
	}
	return decodeValid(b)
}

// leastEscapes writes valid JSON with only the escapes that JSON asks for in the
// strings that hold others.
func leastEscapes(text string) string {
	var b strings.Builder
	for {
		start := strings.IndexByte(text, '"')
		if start < 0 {
			return b.String() + text
		}
		end := start + 1
		for text[end] != '"' {
			if text[end] == '\\' {
				end++
			}
			end++
		}
		b.WriteString(text[:start] + leastEscaped(text[start:end+1]))
		text = text[end+1:]
	}
}

func leastEscaped(literal string) string {
	pairs := strings.ReplaceAll(literal, `\\`, "")
	if !strings.Contains(pairs, `\u`) && !strings.Contains(pairs, `\/`) {
		return literal
	}
	var text string
	if json.Unmarshal([]byte(literal), &text) != nil {
		return literal
	}
	asked := strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\b", `\b`, "\f", `\f`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	var b strings.Builder
	for _, r := range asked.Replace(text) {
		if r < ' ' {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

func decodeValid(b []byte) (*tree, error) {
	b = bytes.TrimSpace(b)
	switch b[0] {
	case '{', '[':
		var c bytes.Buffer
		if err := json.Compact(&c, b); err != nil {
			return nil, err
		}
		t := &tree{kind: cloudtrail.Array, text: leastEscapes(c.String()), raw: string(b)}
		d := json.NewDecoder(bytes.NewReader(b))
		if _, err := d.Token(); err != nil {
			return nil, err
		}
		if b[0] == '{' {
			t.kind, t.members = cloudtrail.Object, map[string]*tree{}
		}
		for d.More() {
			key := ""
			if b[0] == '{' {
				tok, err := d.Token()
				if err != nil {
					return nil, err
				}
				key = tok.(string)
			}
			var raw json.RawMessage
			if err := d.Decode(&raw); err != nil {
				return nil, err
			}
			v, err := decodeValid(raw)
			if err != nil {
				return nil, err
			}
			if b[0] == '[' {
				t.elems = append(t.elems, v)
				continue
			}
			if t.members[key] != nil { // the last of duplicate keys is the one that is there
				i := slices.Index(t.keys, key)
				t.keys = slices.Delete(t.keys, i, i+1)
			}
			t.keys = append(t.keys, key)
			t.members[key] = v
		}
		return t, nil
	case '"':
		var s string
		err := json.Unmarshal(b, &s)
		return &tree{kind: cloudtrail.String, text: s}, err
	case 't', 'f':
		return &tree{kind: cloudtrail.Bool, text: string(b)}, nil
	case 'n':
		return &tree{kind: cloudtrail.Null, text: "null"}, nil
	}
	return &tree{kind: cloudtrail.Number, text: string(b)}, nil
}

type naive struct {
	root     *tree
	rec      *cloudtrail.Record
	envelope map[string]*tree // fields asked for, so that two paths meet the same arrays
}

// leaf is a selected value and the array elements it sits in.
type leaf struct {
	v  *tree
	at elements
}

// elements maps an array to the index of the element that a leaf sits in.
type elements map[*tree]int

func (m elements) with(a *tree, i int) elements {
	c := elements{a: i}
	for k, v := range m {
		c[k] = v
	}
	return c
}

func (m elements) agrees(o elements) bool {
	for a, i := range m {
		if j, ok := o[a]; ok && i != j {
			return false
		}
	}
	return true
}

func (m elements) join(o elements) elements {
	c := elements{}
	for k, v := range m {
		c[k] = v
	}
	for k, v := range o {
		c[k] = v
	}
	return c
}

func (e *naive) node(n Node) bool {
	switch n := n.(type) {
	case All:
		for _, x := range n {
			if !e.node(x) {
				return false
			}
		}
		return true
	case Any:
		for _, x := range n {
			if e.node(x) {
				return true
			}
		}
		return false
	case Not:
		return !e.node(n.X)
	case Const:
		return bool(n)
	case Test:
		for _, l := range e.selected(n.Path) {
			if matches(n.Match, l.v) {
				return true
			}
		}
		return false
	case Consistent:
		return e.consistent(n.Terms, elements{})
	case Compare:
		for _, l := range e.selected(n.Left) {
			for _, r := range e.selected(n.Right) {
				if n.Kinds.Has(l.v.kind) && n.Kinds.Has(r.v.kind) && textOp(n.Op, n.Fold, l.v.text, r.v.text) {
					return true
				}
			}
		}
		return false
	}
	panic(fmt.Sprintf("detect: unknown node %T", n))
}

func (e *naive) consistent(terms []Term, chosen elements) bool {
	if len(terms) == 0 {
		return true
	}
	t := terms[0]
	there := false
	for _, l := range e.selected(t.Path) {
		if !l.at.agrees(chosen) {
			continue
		}
		there = true
		if t.Match != nil && matches(t.Match, l.v) && e.consistent(terms[1:], chosen.join(l.at)) {
			return true
		}
	}
	return t.Absent && !there && e.consistent(terms[1:], chosen)
}

func (e *naive) selected(p Path) []leaf {
	root := e.root
	if p.Root == RootEnvelope {
		if len(p.Steps) == 0 || p.Steps[0].Kind != StepKey {
			return nil
		}
		root = e.enveloped(p.Steps[0].Key)
		if root == nil {
			return nil
		}
		p.Steps = p.Steps[1:]
	}
	var out []leaf
	walk(p, root, p.Steps, elements{}, &out)
	return out
}

func (e *naive) enveloped(name string) *tree {
	if t, ok := e.envelope[name]; ok {
		return t
	}
	var t *tree
	if v := cloudtrail.EnvelopeField(e.rec, name); v.Exists() {
		t, _ = decode(v.Raw())
	}
	if e.envelope == nil {
		e.envelope = map[string]*tree{}
	}
	e.envelope[name] = t
	return t
}

func walk(p Path, v *tree, steps []Step, at elements, out *[]leaf) {
	if len(steps) == 0 {
		end(p.End, v, at, out)
		return
	}
	s := steps[0]
	switch s.Kind {
	case StepIndex:
		if v.kind == cloudtrail.Array && s.Index >= 0 && s.Index < len(v.elems) {
			walk(p, v.elems[s.Index], steps[1:], at, out)
		}
	case StepElements:
		for i, x := range v.elems {
			walk(p, x, steps[1:], at.with(v, i), out)
		}
	case StepFields:
		for _, k := range v.keys {
			walk(p, v.members[k], steps[1:], at, out)
		}
	case StepKey:
		if v.kind == cloudtrail.Array && p.Cross {
			for i, x := range v.elems {
				if x.kind == cloudtrail.Array || x.kind == cloudtrail.Object {
					walk(p, x, steps, at.with(v, i), out)
				}
			}
			return
		}
		if v.kind != cloudtrail.Object {
			return
		}
		run := 1
		for p.Dotted != DottedNever && run < len(steps) && steps[run].Kind == StepKey {
			run++
		}
		for ; run > 0; run-- {
			key := s.Key
			for _, t := range steps[1:run] {
				key += "." + t.Key
			}
			x := v.member(key, p.Fold)
			if x == nil {
				continue
			}
			walk(p, x, steps[run:], at, out)
			if p.Dotted == DottedLiteralFirst {
				return
			}
		}
	}
}

func (v *tree) member(key string, fold bool) *tree {
	if x := v.members[key]; x != nil || !fold {
		return x
	}
	var found *tree
	for _, k := range v.keys {
		if strings.EqualFold(k, key) {
			found = v.members[k]
		}
	}
	return found
}

func end(mode End, v *tree, at elements, out *[]leaf) {
	switch mode {
	case EndLeaves:
		switch v.kind {
		case cloudtrail.Object:
			return
		case cloudtrail.Array:
			for i, x := range v.elems {
				if x.kind == cloudtrail.Array || x.kind == cloudtrail.Object {
					end(mode, x, at.with(v, i), out)
				} else {
					*out = append(*out, leaf{x, at})
				}
			}
			return
		}
	case EndElements:
		if v.kind == cloudtrail.Array {
			for _, x := range v.elems {
				end(mode, x, at, out)
			}
			return
		}
	case EndScalars:
		if v.kind == cloudtrail.Array && len(v.elems) > 0 {
			scalars := true
			for _, x := range v.elems {
				scalars = scalars && x.kind != cloudtrail.Array && x.kind != cloudtrail.Object
			}
			if scalars {
				for _, x := range v.elems {
					*out = append(*out, leaf{x, at})
				}
				return
			}
		}
	}
	*out = append(*out, leaf{v, at})
}

func matches(m Match, v *tree) bool {
	switch m := m.(type) {
	case MatchAll:
		for _, x := range m {
			if !matches(x, v) {
				return false
			}
		}
		return true
	case MatchAny:
		for _, x := range m {
			if matches(x, v) {
				return true
			}
		}
		return false
	case MatchNot:
		return !matches(m.X, v)
	case Is:
		return Kinds(m).Has(v.kind)
	case Text:
		if !m.Kinds.Has(v.kind) {
			return false
		}
		for _, s := range m.Values {
			if textOp(m.Op, m.Fold, v.textOf(m.Raw), s) {
				return true
			}
		}
		return false
	case Glob:
		return m.Kinds.Has(v.kind) && globText(m.Pieces, v.text, m.Fold)
	case Regexp:
		if !m.Kinds.Has(v.kind) {
			return false
		}
		s := v.textOf(m.Raw)
		if len(s) > MaxRegexpText {
			s = s[:MaxRegexpText]
		}
		return m.Re.MatchString(s)
	case Num:
		if !m.Kinds.Has(v.kind) || v.kind != cloudtrail.Number && v.kind != cloudtrail.String {
			return false
		}
		d, ok := ParseDecimal(v.text)
		if ok && m.Wide {
			return d.Relates(m.Op, m.Value)
		}
		return ok && d.compare(m.Op, m.Value)
	case CIDR:
		if !m.Kinds.Has(v.kind) {
			return false
		}
		parse := ParseAddr
		if m.Padded {
			parse = ParsePaddedAddr
		}
		a, ok := parse(v.text)
		return ok && m.Prefix.Contains(a)
	case TimePart:
		t, err := time.Parse(time.RFC3339, v.text)
		return v.kind == cloudtrail.String && err == nil && timePart(t.UTC(), m.Unit) == m.Value
	}
	panic(fmt.Sprintf("detect: unknown match %T", m))
}

func (v *tree) textOf(raw bool) string {
	if raw && v.raw != "" {
		return v.raw
	}
	return v.text
}

func timePart(t time.Time, u TimeUnit) int {
	switch u {
	case Minute:
		return t.Minute()
	case Hour:
		return t.Hour()
	case Day:
		return t.Day()
	case Week:
		_, w := t.ISOWeek()
		return w
	case Month:
		return int(t.Month())
	}
	return t.Year()
}

// ParseAddr reads s as an IP address: dotted IPv4, or IPv6 of hex digits and
// colons only (no zone, no embedded dotted quad).
func ParseAddr(s string) (netip.Addr, bool) {
	if strings.ContainsRune(s, ':') && strings.ContainsAny(s, ".%") {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	return a, err == nil
}

func textOp(op TextOp, fold bool, s, operand string) bool {
	if fold {
		s, operand = FoldText(s), FoldText(operand)
	}
	switch op {
	case HasPrefix:
		return strings.HasPrefix(s, operand)
	case HasSuffix:
		return strings.HasSuffix(s, operand)
	case Contains:
		return strings.Contains(s, operand)
	}
	return s == operand
}

func globText(pieces []Piece, s string, fold bool) bool {
	if fold {
		s = FoldText(s)
	}
	at := []int{0} // where in s the pieces so far can end
	for _, p := range pieces {
		var next []int
		for _, i := range at {
			next = append(next, globEnds(p, s, i, fold)...)
		}
		slices.Sort(next)
		at = slices.Compact(next)
	}
	return slices.Contains(at, len(s))
}

// globEnds is where a piece that starts at s[i:] can end.
func globEnds(p Piece, s string, i int, fold bool) []int {
	switch p.Kind {
	case AnyChar:
		if i == len(s) {
			return nil
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		return []int{i + n}
	case AnyRun:
		var ends []int
		for j := i; j <= len(s); j++ {
			if j == len(s) || utf8.RuneStart(s[j]) {
				ends = append(ends, j)
			}
		}
		return ends
	}
	want := p.Text
	if fold {
		want = FoldText(want)
	}
	if !strings.HasPrefix(s[i:], want) {
		return nil
	}
	return []int{i + len(want)}
}
