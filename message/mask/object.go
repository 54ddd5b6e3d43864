package mask

import (
	"bytes"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// member is one key of an object with its value.
type member struct {
	key string
	val cloudtrail.Value
}

// members appends an object's members in order, the last of duplicate keys only.
func members(to []member, v cloudtrail.Value) (longer []member, duplicates bool) {
	start := len(to)
	v.Members(func(raw []byte, x cloudtrail.Value) bool {
		to = append(to, member{Key(raw), x})
		return true
	})
	all := to[start:]
	if len(all) <= few && allDiffer(all) {
		return to, false
	}
	last := make(map[string]int, len(all))
	for i, m := range all {
		last[m.key] = i
	}
	if len(last) == len(all) {
		return to, false
	}
	kept := to[:start]
	for i, m := range all {
		if last[m.key] == i {
			kept = append(kept, m)
		}
	}
	return kept, true
}

// few is how many members most objects have at most: comparing each with each is
// quicker for them than a map.
const few = 32

func allDiffer(all []member) bool {
	for i, m := range all {
		for _, n := range all[:i] {
			if n.key == m.key {
				return false
			}
		}
	}
	return true
}

// Key decodes an object key as cloudtrail.Value.Members gives it.
func Key(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		return string(raw)
	}
	quoted := append(append([]byte{'"'}, raw...), '"')
	return cloudtrail.ValueOf(quoted).Str()
}

func (w *writer) object(v cloudtrail.Value, secret bool, depth int) {
	start := len(w.members)
	var duplicates bool
	w.members, duplicates = members(w.members, v)
	defer func() { w.members = w.members[:start] }()
	all := w.members[start:] // stays as it is while members of members come and go behind it
	w.changed = w.changed || duplicates
	if depth >= w.limits.Depth && len(all) > 0 {
		w.changed = true
		w.quote("[object of " + Count(len(all)) + "]")
		return
	}
	pair := secretPair(all)
	w.buf = append(w.buf, '{')
	written, more := 0, 0
	for _, m := range all {
		documented := depth == 0 && w.nested == 0 && cloudtrail.FieldIDOf(m.key) != cloudtrail.NoField
		if written >= w.limits.Items && !documented || w.full() {
			more++
			continue
		}
		if !documented {
			written++
		}
		w.key(m.key)
		w.value(m.val, m.key, secret || SecretKey(m.key) || pair && valueKeys[m.key], depth+1)
	}
	if more > 0 {
		w.changed = true
		w.key("…")
		w.quote(Count(more) + " more")
	}
	w.buf = append(w.buf, '}')
}

func (w *writer) key(key string) {
	if w.buf[len(w.buf)-1] != '{' {
		w.buf = append(w.buf, ',')
	}
	shown, n := TextUpTo(key, max(w.limits.Text, 64))
	w.masked += n
	w.changed = w.changed || shown != key
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
	for _, m := range all {
		if nameKeys[m.key] && m.val.Kind() == cloudtrail.String && len(m.val.Raw()) < 1024 {
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
			if all, _ := members(nil, v.Lookup(keys[:i]...)); secretPair(all) {
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
