package mask

import (
	"bytes"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// member is one key of an object with its value.
type member struct {
	*name
	val cloudtrail.Value
}

// walk is what is known of an object while its members are read.
type walk struct {
	round uint64
	guess **name // where the next name is remembered: mostly names follow each other as they did before
	known bool   // all names so far are remembered ones
	twice bool   // one of them stands twice
	names bool   // one of them names what stands beside it
}

// membersOf appends an object's members to those in hand, in order, the last of duplicate
// keys only. The object stands under a name.
func (w *writer) membersOf(v cloudtrail.Value, under *name) (duplicates bool) {
	start := len(w.members)
	w.walk = walk{guess: &under.first, known: w.names != nil}
	if w.names != nil {
		w.names.round++
		w.walk.round = w.names.round
	}
	v.Members(w.member)
	w.most = max(w.most, len(w.members))
	all := w.members[start:]
	switch {
	case w.walk.twice:
	case w.walk.known, len(all) <= few && allDiffer(all):
		return false
	}
	last := make(map[string]int, len(all))
	for i := range all {
		last[all[i].text] = i
	}
	if len(last) == len(all) {
		return false
	}
	kept := w.members[:start]
	for i, m := range all {
		if last[m.text] == i {
			kept = append(kept, m)
		}
	}
	w.members = kept
	return true
}

// member appends the next member of the object in hand.
func (w *writer) member(raw []byte, x cloudtrail.Value) bool {
	o := &w.walk
	k := *o.guess
	if k == nil || string(raw) != k.raw {
		if k = w.names.of(raw); k.kept {
			*o.guess = k
		}
	}
	if k.kept {
		o.twice = o.twice || k.round == o.round
		k.round = o.round
	} else {
		o.known = false
	}
	o.guess, o.names = &k.next, o.names || k.names
	w.members = append(w.members, member{k, x})
	return true
}

// few is how many members most objects have at most: comparing each with each is
// quicker for them than a map.
const few = 32

func allDiffer(all []member) bool {
	for i := range all {
		for j := range i {
			if all[i].text == all[j].text {
				return false
			}
		}
	}
	return true
}

// Key decodes an object key as cloudtrail.Value.Members gives it.
func Key(raw []byte) string {
	if asWritten(raw) {
		return string(raw)
	}
	quoted := append(append([]byte{'"'}, raw...), '"')
	return cloudtrail.ValueOf(quoted).Str()
}

// AppendKey appends Key of a key.
func AppendKey(to, raw []byte) []byte {
	if asWritten(raw) {
		return append(to, raw...)
	}
	return append(to, Key(raw)...)
}

func asWritten(raw []byte) bool { return bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) }

func (w *writer) object(v cloudtrail.Value, under *name, secret bool, depth int) {
	start := len(w.members)
	duplicates := w.membersOf(v, under)
	all := w.members[start:] // stays as it is while members of members come and go behind it
	pair := w.walk.names && secretPair(all)
	defer func() {
		w.members = w.members[:start]
		// Said after the members, so that none of them is taken for the place.
		w.changed = w.changed || duplicates
		w.marked = w.marked || pair || depth >= w.bounds.Depth || len(all) > w.bounds.Items && depth+w.nested > 0
	}()
	if depth >= w.limits.Depth && len(all) > 0 {
		w.changed = true
		w.quote("[object of " + Count(len(all)) + "]")
		return
	}
	w.buf = append(w.buf, '{')
	written, more := 0, 0
	for i := range all {
		m := &all[i]
		if written >= w.limits.Items && !w.documented(m, depth) || w.full() {
			more++
			continue
		}
		if len(all) <= w.limits.Items || !w.documented(m, depth) {
			written++
		}
		if depth == 0 {
			w.outer = m.text
		}
		w.marked = w.marked || m.secret
		w.key(m)
		w.value(m.val, m.name, secret || m.secret || pair && m.value, depth+1)
		w.spotted(m, depth)
	}
	if more > 0 {
		w.changed = true
		w.comma()
		w.quote("…")
		w.buf = append(w.buf, ':')
		w.quote(Count(more) + " more")
	}
	w.buf = append(w.buf, '}')
}

// documented tells a field of records that CloudTrail documents.
func (w *writer) documented(m *member, depth int) bool {
	return depth == 0 && w.nested == 0 && cloudtrail.FieldIDOf(m.text) != cloudtrail.NoField
}

func (w *writer) comma() {
	if w.buf[len(w.buf)-1] != '{' {
		w.buf = append(w.buf, ',')
	}
}

func (w *writer) key(m *member) {
	w.comma()
	limit := max(w.limits.Text, 64)
	if m.plain && len(m.text) <= limit {
		w.buf = append(append(append(w.buf, '"'), m.text...), '"', ':')
		return
	}
	shown, n := TextUpTo(m.text, limit)
	w.masked += n
	w.changed = w.changed || shown != m.text
	w.quote(shown)
	w.buf = append(w.buf, ':')
}

// Services write settings as pairs: {"name": "DB_PASSWORD", "value": "…"}.
var (
	nameKeys = setOf("name", "Name", "key", "Key", "parameterKey", "ParameterKey", "parameterName", "ParameterName", "attributeName",
		"AttributeName", "optionName", "OptionName", "headerName", "type", "Type")
	valueKeys = setOf("value", "Value", "values", "Values", "parameterValue", "ParameterValue", "attributeValue", "AttributeValue",
		"optionValue", "defaultValue", "resolvedValue", "headerValue", "stringValue", "StringValue")
)

// secretPair tells an object that names a secret beside its value.
func secretPair(all []member) bool {
	for i := range all {
		if m := &all[i]; m.names && m.val.Kind() == cloudtrail.String && len(m.val.Raw()) < 1024 {
			if s := m.val.Str(); SecretKey(s) || s == "SecureString" {
				return true
			}
		}
	}
	return false
}

// SecretPath tells whether what stands at a path of exact keys below v is a
// secret by a name on the way to it, or by the name beside it.
func SecretPath(v cloudtrail.Value, keys ...string) bool {
	for i, k := range keys {
		if SecretKey(k) {
			return true
		}
		if valueKeys[k] {
			var w writer
			if w.membersOf(v.Lookup(keys[:i]...), &name{}); secretPair(w.members) {
				return true
			}
		}
	}
	return false
}

// quote appends s, valid UTF-8, as a JSON string.
func (w *writer) quote(s string) {
	const hex = "0123456789abcdef"
	w.buf = append(w.buf, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			w.buf = append(w.buf, '\\', c)
		case c == '\n':
			w.buf = append(w.buf, '\\', 'n')
		case c < 0x20 || c == 0x7f:
			w.buf = append(w.buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			w.buf = append(w.buf, c)
		}
	}
	w.buf = append(w.buf, '"')
}
