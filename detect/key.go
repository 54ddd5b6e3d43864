package detect

import "unicode/utf8"

// key is a property of a record, cheap to look up for many rules at once, that
// some test needs: a value of one selector that equals, starts with, ends with
// or contains a text, lies in an address range, or is there at all.
type key struct {
	sel   int32
	kind  keyKind
	fold  bool
	kinds Kinds  // kinds of value that can have it
	hash  uint32 // the same for equal keys
	text  string // of keyRange the prefix in its text form
}

type keyKind uint8

const (
	keyText    keyKind = iota // + TextOp
	keyPrefix          = keyText + keyKind(HasPrefix)
	keySuffix          = keyText + keyKind(HasSuffix)
	keyInside          = keyText + keyKind(Contains)
	keyRange           = keyInside + 1
	keyPresent         = keyInside + 2
)

func present(sel int32) []key { return []key{newKey(sel, keyPresent, false, 0, "")} }

// newKey is a key with its hash (FNV-1a).
func newKey(sel int32, kind keyKind, fold bool, kinds Kinds, text string) key {
	h := uint32(2166136261)
	for _, b := range [...]byte{byte(sel), byte(sel >> 8), byte(sel >> 16), byte(kind), flag(fold), byte(kinds)} {
		h = (h ^ uint32(b)) * 16777619
	}
	for i := range len(text) {
		h = (h ^ uint32(text[i])) * 16777619
	}
	return key{sel: sel, kind: kind, fold: fold, kinds: kinds, hash: h, text: text}
}

// keysOf are keys of which every record has one where some value that sel
// selects satisfies m. There is always one: the value must be there.
func keysOf(sel int32, m Match) []key {
	switch m := m.(type) {
	case MatchAny:
		var out []key
		for _, x := range m {
			out = append(out, keysOf(sel, x)...)
		}
		if len(out) > 0 {
			return out
		}
	case MatchAll:
		best := present(sel)
		for _, x := range m {
			if ks := keysOf(sel, x); weaker(best, ks) {
				best = ks
			}
		}
		return best
	case Text:
		return textKeys(sel, m)
	case Glob:
		return globKeys(sel, m)
	case Regexp:
		return regexpKeys(sel, m)
	case CIDR:
		if m.Prefix.IsValid() && !m.Padded {
			return []key{newKey(sel, keyRange, false, m.Kinds, m.Prefix.Masked().String())}
		}
	}
	return present(sel)
}

// weaker tells whether a says less than b: presence alone, or more choices.
func weaker(a, b []key) bool {
	ap, bp := a[0].kind == keyPresent, b[0].kind == keyPresent
	if ap != bp {
		return ap
	}
	return len(a) > len(b)
}

func textKeys(sel int32, m Text) []key {
	if len(m.Values) == 0 || m.Raw && m.Kinds&Containers != 0 {
		return present(sel)
	}
	out := make([]key, len(m.Values))
	for i, v := range m.Values {
		if m.Fold {
			v = FoldText(v)
		}
		if v == "" && m.Op != Equal {
			return present(sel)
		}
		out[i] = newKey(sel, keyText+keyKind(m.Op), m.Fold, m.Kinds, v)
	}
	return out
}

// globKeys takes the literal at an end of the pattern, or its longest one.
func globKeys(sel int32, m Glob) []key {
	kind, text := keyInside, ""
	for i, p := range m.Pieces {
		if p.Kind != Literal || !utf8.ValidString(p.Text) {
			continue
		}
		if i == 0 && p.Text != "" {
			kind, text = keyPrefix, p.Text
			break
		}
		if len(p.Text) > len(text) {
			text = p.Text
		}
	}
	if text == "" {
		return present(sel)
	}
	if m.Fold {
		text = FoldText(text)
	}
	return []key{newKey(sel, kind, m.Fold, m.Kinds, text)}
}

func regexpKeys(sel int32, m Regexp) []key {
	needs := needed(m.Re)
	if len(needs) == 0 || m.Raw && m.Kinds&Containers != 0 {
		return present(sel)
	}
	out := make([]key, len(needs))
	for i, n := range needs {
		out[i] = newKey(sel, keyInside, n.fold, m.Kinds, n.text)
	}
	return out
}

// keys are keys of which every record has one that satisfies e; nil when there
// are no such keys. weigh rates a set, less being better; only atoms that pass
// are considered.
func (b *builder) keys(e *expr) ([]key, int) {
	switch e.op {
	case exprAtom:
		ks := b.atoms[e.atom].keys
		if len(ks) == 0 || b.headOnly && b.atoms[e.atom].level != levelPair {
			return nil, 0
		}
		return ks, b.weigh(ks)
	case exprAll:
		var best []key
		least := 0
		for _, k := range e.kids {
			if ks, w := b.keys(k); ks != nil && (best == nil || w < least) {
				best, least = ks, w
			}
		}
		return best, least
	case exprAny:
		var all []key
		sum := 0
		for _, k := range e.kids {
			ks, w := b.keys(k)
			if ks == nil {
				return nil, 0
			}
			all, sum = append(all, ks...), sum+w
		}
		return all, sum
	}
	return nil, 0
}

// weigh estimates what it costs to file a rule under ks: how often the keys
// are shared, how well they tell records apart, how dear they are to look up.
func (b *builder) weigh(ks []key) int {
	sum := 0
	for _, k := range ks {
		w := 1
		switch k.kind {
		case keyPrefix, keySuffix, keyRange:
			w = 3
		case keyInside:
			w = 6
		case keyPresent:
			w = 200
		}
		sum += w * (b.sharing(k) + 1)
	}
	sel := &b.selectors[ks[0].sel]
	switch sel.reach {
	case reachSelf:
		sum += 500
	case reachWalk:
		sum += 30
	case reachTrie:
		sum += len(sel.path.Steps)
	}
	return sum
}
