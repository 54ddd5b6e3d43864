package mask

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Limits bound what is shown of a JSON value. What is over a limit is left out
// with a mark that counts it; the result is valid JSON all the same.
type Limits struct {
	Bytes int // of the whole JSON text
	Text  int // characters of one string
	Items int // members of one object, elements of one array
	Depth int // nested objects and arrays
}

// DefaultLimits hold nearly every real record whole.
func DefaultLimits() Limits { return Limits{Bytes: 16 << 10, Text: 1024, Items: 100, Depth: 16} }

// JSON is v with its secrets masked, by name and by shape and also in JSON that
// strings hold, reduced to the limits: first long strings, then long lists, then
// deep ones. Of duplicate keys the last is kept, which is the one that rules see.
// The fields that CloudTrail documents outlast others at the top. n counts what
// was masked.
func JSON(v cloudtrail.Value, l Limits) (out json.RawMessage, n int) {
	r := reduce(v, l, Bounds{}, nil, 0)
	return r.out, r.masked
}

// reduced is a value within limits.
type reduced struct {
	out     json.RawMessage
	masked  int  // in the first pass, which shows the most
	changed bool // anything differs from the value
	marked  bool // not plain
}

func reduce(v cloudtrail.Value, l Limits, b Bounds, names *names, nested int) (r reduced) {
	for pass := 0; ; pass++ {
		w := writer{
			limits: l, bounds: b, names: names, nested: nested,
			buf: make([]byte, 0, min(len(v.Raw())+64, l.Bytes+64)), members: make([]member, 0, min(len(v.Raw())/64+2, 64)),
		}
		w.value(v, &name{}, false, 0)
		if pass == 0 {
			r.masked = w.masked
		}
		r.changed, r.marked = r.changed || w.changed, r.marked || w.marked
		if !w.full() {
			r.out = w.buf
			return r
		}
		tighter := l.tighter()
		if tighter == l {
			r.out, r.changed = Omitted("too large to show", len(v.Raw())), true
			return r
		}
		l = tighter
	}
}

func (l Limits) tighter() Limits {
	return Limits{l.Bytes, max(l.Text/3, 16), max(l.Items/3, 1), max(l.Depth*2/3, 1)}
}

// writer writes one value within limits.
type writer struct {
	limits  Limits
	buf     []byte
	nested  int // JSON inside a string inside …
	masked  int
	changed bool
	marked  bool // not plain
	bounds  Bounds
	names   *names // that were met before, nil when none are remembered
	still   *still // strings that were met before and stay, nil when none are remembered

	tracking bool   // spots are noted
	spots    []spot // at which something was changed or marked
	outer    string // the key of the record under which the writer is

	members []member // of the objects that are being written, one within the other
	most    int      // members there were at a time
	walk    walk
}

func (w *writer) full() bool { return len(w.buf) > w.limits.Bytes }

// value appends v, which stands under key; secret says that everything in it is.
func (w *writer) value(v cloudtrail.Value, key *name, secret bool, depth int) {
	w.marked = w.marked || secret
	if w.full() {
		w.buf = append(w.buf, "null"...) // the pass is over; what it wrote is thrown away
		return
	}
	switch v.Kind() {
	case cloudtrail.Object:
		w.object(v, key, secret, depth)
	case cloudtrail.Array:
		w.array(v, key, secret, depth)
	case cloudtrail.String:
		w.string(v, secret)
	case cloudtrail.Number:
		w.number(v, key.text, secret)
	case cloudtrail.Missing:
		w.buf = append(w.buf, "null"...)
	default:
		w.buf = append(w.buf, v.Raw()...)
	}
}

func (w *writer) number(v cloudtrail.Value, key string, secret bool) {
	switch raw := v.Raw(); {
	case secret && wholly(key):
		w.mask()
	case len(raw) > 64:
		w.changed = true
		w.quote(Cut(string(raw), 64))
	default:
		w.buf = append(w.buf, raw...)
	}
}

func (w *writer) mask() {
	w.masked++
	w.changed = true
	w.quote(Shown)
}

// string appends a text: a secret masked, JSON in it reduced as JSON is, other
// text searched for secrets and cut.
func (w *writer) string(v cloudtrail.Value, secret bool) {
	w.marked = w.marked || len(v.Raw()) > w.bounds.Text
	if !secret && w.quiet(v.Raw()) {
		w.buf = append(w.buf, v.Raw()...)
		return
	}
	s := v.Str()
	if secret && !nothing(s) {
		w.mask()
		return
	}
	if inner, plain, ok := w.embedded(s); ok {
		w.marked = w.marked || !plain
		w.quote(inner)
		return
	}
	text, n := TextUpTo(s, w.limits.Text)
	w.masked += n
	w.changed = w.changed || text != s
	w.quote(text)
	if w.still != nil && n == 0 && text == s && written(s) {
		w.still.add(v.Raw())
	}
}

// quiet tells that a string is shown as it is written.
func (w *writer) quiet(raw []byte) bool {
	s := raw[1 : len(raw)-1]
	switch {
	case len(s) > w.limits.Text:
		return false
	case len(s) == 0 || s[0] != '{' && s[0] != '[' && s[0] != ' ' && quiet(s):
		return true
	}
	return w.still != nil && w.still.knows(raw)
}

// nothing tells values that hide nothing: empty ones, booleans, and the words
// that AWS itself puts in place of a secret.
func nothing(s string) bool {
	switch s {
	case "", "true", "false", "HIDDEN_DUE_TO_SECURITY_REASONS", "<sensitiveDataRemoved>", Shown:
		return true
	}
	return strings.Trim(s, "*") == ""
}

// maxEmbedded bounds the JSON text in a string that is read as JSON, in bytes.
const maxEmbedded = 1 << 20

// embedded is a string that holds JSON, a policy as a rule, masked and reduced
// as JSON is; ok is false for other strings. It is plain when it stays as it is, as
// JSON and as any text.
func (w *writer) embedded(s string) (text string, plain, ok bool) {
	t := strings.TrimSpace(s)
	if w.nested >= 3 || len(t) < 2 || len(t) > maxEmbedded || (t[0] != '{' && t[0] != '[') || !json.Valid([]byte(t)) {
		return "", false, false
	}
	l := w.limits
	l.Bytes = max(l.Text, 64)
	r := reduce(cloudtrail.ValueOf([]byte(t)), l, w.bounds, w.names, w.nested+1)
	w.masked += r.masked
	if !r.changed && len(s) <= w.limits.Text {
		return s, !r.marked && len(r.out) <= w.bounds.Text && staysAsText(s), true
	}
	w.changed = true
	return string(r.out), false, true
}

// staysAsText tells that nothing is masked in a text that is not read as JSON.
func staysAsText(s string) bool {
	out, n := Text(s)
	return n == 0 && out == s
}

func (w *writer) array(v cloudtrail.Value, key *name, secret bool, depth int) {
	if depth >= w.limits.Depth {
		if n := elements(v); n > 0 {
			w.changed = true
			w.quote("[list of " + Count(n) + "]")
			return
		}
	}
	w.buf = append(w.buf, '[')
	n, option := 0, false // the element before was an option such as --password
	v.Elements(func(i int, x cloudtrail.Value) bool {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		if n = i + 1; i == w.limits.Items {
			w.changed = true
			w.quote("… " + Count(elements(v)-i) + " more")
			return false
		}
		w.value(x, key, secret || option, depth+1)
		option = secretOption(x)
		return !w.full()
	})
	w.buf = append(w.buf, ']')
	w.marked = w.marked || depth >= w.bounds.Depth || n > w.bounds.Items
}

// elements counts those of a list.
func elements(v cloudtrail.Value) (n int) {
	v.Elements(func(int, cloudtrail.Value) bool { n++; return true })
	return n
}

// secretOption tells that a secret stands next in a list of arguments.
func secretOption(v cloudtrail.Value) bool {
	raw := v.Raw()
	if len(raw) < 2 || len(raw) > 128 || raw[1] != '-' && raw[1] != '\\' {
		return false
	}
	name, ok := strings.CutPrefix(v.Str(), "-")
	return ok && SecretKey(name)
}

// Omitted is what stands in place of a value of size bytes that is not shown.
func Omitted(reason string, size int) json.RawMessage {
	text, _ := json.Marshal(reason) // of a string: it cannot fail
	return json.RawMessage(`{"omitted":true,"reason":` + string(text) + `,"originalSize":` + strconv.Itoa(size) + `}`)
}
