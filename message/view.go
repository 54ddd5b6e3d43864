package message

import (
	"bytes"
	"strconv"
	"unsafe"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/message/mask"
)

// view is a record to be shown: every text that leaves it is masked and cut.
type view struct {
	*Builder
	*kit
	rec     *cloudtrail.Record
	sample  *alert.Sample
	broken  bool       // the record could not be read; rec is empty
	plain   mask.Plain // where in rec all is shown as it is
	careful bool       // nothing counts as plain, for tests

	// What several parts of a message tell, made once.
	identityOnce once[cloudtrail.Identity]
	callerOnce   once[caller]
	actionOnce   once[string]
	sourceOnce   once[string]
	actedOnce    once[[]string]
}

// kit is what records are read and masked with, one after the other.
type kit struct {
	reader cloudtrail.Reader
	masker mask.Masker
	apart  bool               // texts are copied, so that a message does not hold all of a large record
	found  []cloudtrail.Value // room for the values at the Builder's paths
	labels labelNames
}

// mostHeld is the size up to which messages hold records whole, in bytes. What a
// message shows of one takes as much by itself.
const mostHeld = 16 << 10

// once is a value that is made when it is first asked for.
type once[T any] struct {
	made bool
	val  T
}

func (o *once[T]) get(make func() T) T {
	if !o.made {
		o.val, o.made = make(), true
	}
	return o.val
}

func (v *view) identity() cloudtrail.Identity { return v.identityOnce.get(v.rec.Identity) }

func (v *view) caller() caller { return v.callerOnce.get(v.findCaller) }

func (v *view) action() string { return v.actionOnce.get(v.findAction) }

func (v *view) source() string { return v.sourceOnce.get(v.findSource) }

func (v *view) acted() []string { return v.actedOnce.get(v.resources) }

func (b *Builder) view(s *alert.Sample) *view {
	raw := bytes.Clone(s.Record) // of which texts that are shown may be a part
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	v := &view{Builder: b, sample: s}
	if v.kit, _ = b.kits.Get().(*kit); v.kit == nil {
		v.kit = &kit{found: make([]cloudtrail.Value, len(b.keys))}
	}
	v.apart = len(raw) > mostHeld
	rec, err := v.reader.Read(raw)
	if v.broken = err != nil; v.broken {
		rec, _ = v.reader.Read([]byte("{}")) // valid
	}
	v.rec = rec
	return v
}

// release gives back what views were read with. What was taken out of them is
// text of its own.
func (b *Builder) release(views []*view) {
	for _, v := range views {
		b.kits.Put(v.kit)
		v.kit, v.rec = nil, nil
	}
}

// Bounds of flat, which shows more of a value than any other.
const (
	flatText  = 512 // characters
	flatItems = 50
	flatDepth = 12
	flatBytes = 64 << 10
)

// masked is the record as a message shows it, and how many secrets were masked in
// it. Most of most records holds none and nothing that is too long: plain says so,
// and that needs not be looked at again.
func (v *view) masked() (raw []byte, n int) {
	raw, n, plain := v.masker.JSON(v.rec.Value(), v.Limits.Raw, mask.Bounds{
		Text: min(flatText, v.Limits.Text), Items: flatItems, Depth: flatDepth, Bytes: flatBytes / 2,
	})
	if !v.careful {
		v.plain = plain
	}
	return raw, n
}

// text is a value as text. Mostly it is a part of the text that the value was read from,
// and is not copied: nobody writes to a view's copy of its record, nor to what a Masker
// made.
func (k *kit) text(x cloudtrail.Value) string {
	text := x.Text(nil)
	if k.apart {
		return string(text)
	}
	return asString(text)
}

// str is the text of a string, and "" of every other kind.
func (k *kit) str(x cloudtrail.Value) string {
	if x.Kind() != cloudtrail.String {
		return ""
	}
	return k.text(x)
}

// asString is b, which nobody writes to, as a string.
func asString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// views are those of samples that a message can show.
func (b *Builder) views(samples []alert.Sample) []*view {
	all := make([]*view, min(len(samples), max(b.Limits.Events, alert.MaxSamples)))
	for i := range all {
		all[i] = b.view(&samples[i])
	}
	return all
}

// at is the value at a path of exact keys, as text to show; empty when it is
// missing or null.
func (v *view) at(keys ...string) string { return v.shown(v.rec.Lookup(keys...), keys) }

// shown is the value at such a path, which is x.
func (v *view) shown(x cloudtrail.Value, keys []string) string {
	if !x.Exists() {
		return ""
	}
	plain := v.plain.At(keys...)
	if k := x.Kind(); !plain && (k == cloudtrail.String || k == cloudtrail.Number) && mask.SecretPath(v.rec.Value(), keys...) {
		return mask.Shown
	}
	return v.show(x, keys[len(keys)-1], plain)
}

// show is a value that stands under key, as text; plain tells that it needs no
// masking.
func (v *view) show(x cloudtrail.Value, key string, plain bool) string {
	switch x.Kind() {
	case cloudtrail.Missing, cloudtrail.Null:
		return ""
	case cloudtrail.Bool, cloudtrail.Number:
		return mask.Cut(v.text(x), 64)
	case cloudtrail.String:
		s := v.text(x)
		if plain {
			return s
		}
		if mask.SecretKey(key) && s != "" {
			return mask.Shown
		}
		return v.clean(s)
	}
	out, _ := v.masker.Again(wrapped(key, x), mask.Limits{Bytes: v.Limits.Text, Text: 256, Items: 20, Depth: 6})
	return v.unwrapped(out, key)
}

// wrapped is {key: x}, so that the key's name counts when x is masked.
func wrapped(key string, x cloudtrail.Value) cloudtrail.Value {
	text := append(append([]byte(`{`), quote(key)...), ':')
	return cloudtrail.ValueOf(append(append(text, x.Raw()...), '}'))
}

func (v *view) unwrapped(object []byte, key string) string {
	x := cloudtrail.ValueOf(object).Get(key)
	if !x.Exists() {
		return string(object) // a note that it is too large
	}
	return string(x.Text(nil))
}

// strings are the texts at a path of keys below x, a field of the record. A * stands for
// every element of a list, at most limit of them.
func (v *view) strings(x cloudtrail.Value, field string, path []string, limit int, yield func(string)) {
	key, plain := field, v.plain.At(field)
	for ; len(path) > 0 && path[0] != "*"; path = path[1:] {
		key = path[0]
		if x = x.Get(key); !x.Exists() {
			return
		}
	}
	show := func(x cloudtrail.Value) {
		if k := x.Kind(); k == cloudtrail.String || k == cloudtrail.Number {
			if s := v.show(x, key, plain); s != "" {
				yield(s)
			}
		}
	}
	if len(path) == 0 {
		show(x)
		return
	}
	found := []cloudtrail.Value{x}
	for _, key = range path {
		found = step(found, key, limit)
	}
	for _, x := range found {
		show(x)
	}
}

// step puts what stands under key in place of each value.
func step(from []cloudtrail.Value, key string, limit int) []cloudtrail.Value {
	if key != "*" {
		to := from[:0]
		for _, x := range from {
			if y := x.Get(key); y.Exists() {
				to = append(to, y)
			}
		}
		return to
	}
	var to []cloudtrail.Value
	for _, x := range from {
		x.Elements(func(_ int, y cloudtrail.Value) bool {
			to = append(to, y)
			return len(to) < limit
		})
	}
	return to
}

// flat are the leaves of a value as labels, by dotted paths below prefix, masked
// and at most limit of them; the last then counts the rest. They are appended to to.
// The value stands at the path of keys.
func (v *view) flat(to []alert.Label, x cloudtrail.Value, prefix string, limit int, keys ...string) []alert.Label {
	if v.plain.At(keys...) {
		return boundedFrom(len(to), v.leaves(to, x, prefix), limit)
	}
	bounds := mask.Limits{Bytes: flatBytes, Text: min(flatText, v.Limits.Text), Items: flatItems, Depth: flatDepth}
	key := keys[len(keys)-1]
	out, _ := v.masker.Again(wrapped(key, x), bounds)
	shown := cloudtrail.ValueOf(out).Get(key)
	if !shown.Exists() {
		return append(to, alert.Label{Name: prefix, Value: string(out)})
	}
	return boundedFrom(len(to), v.leaves(to, shown, prefix), limit)
}

// boundedFrom is all with what follows its first n bounded.
func boundedFrom(n int, all []alert.Label, limit int) []alert.Label {
	if len(all)-n <= limit {
		return all
	}
	return append(all[:n+limit], alert.Label{Name: "…", Value: mask.Count(len(all)-n-limit) + " more"})
}

func bounded(all []alert.Label, limit int) []alert.Label {
	return boundedFrom(0, all, limit)
}

// leaves appends those of a value, with their paths below prefix.
func (k *kit) leaves(to []alert.Label, x cloudtrail.Value, prefix string) []alert.Label {
	k.labels.path = append(k.labels.path[:0], prefix...)
	to = k.leavesBelow(to, x)
	if cap(k.labels.path) > longestPath {
		k.labels.path = nil
	}
	return to
}

// labelNames are paths that labels have had. Records of a kind have the same ones.
type labelNames struct {
	path  []byte // in hand
	known map[string]string
}

// Bounds of the names that are remembered: who writes records may invent any number.
const (
	mostLabelNames   = 2048
	longestLabelName = 128 // bytes
	longestPath      = 16 << 10
)

// name is the path in hand as a text.
func (n *labelNames) name() string {
	if s, ok := n.known[string(n.path)]; ok {
		return s
	}
	s := string(n.path)
	if len(s) > longestLabelName {
		return s
	}
	if n.known == nil || len(n.known) >= mostLabelNames {
		n.known = map[string]string{}
	}
	n.known[s] = s
	return s
}

// leavesBelow appends the leaves of a value, which stands at the path in hand.
func (k *kit) leavesBelow(to []alert.Label, x cloudtrail.Value) []alert.Label {
	n := &k.labels
	empty, end := true, len(n.path)
	switch x.Kind() {
	case cloudtrail.Object:
		x.Members(func(key []byte, y cloudtrail.Value) bool {
			n.dot()
			n.path = mask.AppendKey(n.path, key)
			to, empty = k.leavesBelow(to, y), false
			n.path = n.path[:end]
			return true
		})
	case cloudtrail.Array:
		x.Elements(func(i int, y cloudtrail.Value) bool {
			n.dot()
			n.path = strconv.AppendInt(n.path, int64(i), 10)
			to, empty = k.leavesBelow(to, y), false
			n.path = n.path[:end]
			return true
		})
	}
	if empty {
		to = append(to, alert.Label{Name: n.name(), Value: k.text(x)})
	}
	return to
}

// dot begins a key below the path in hand.
func (n *labelNames) dot() {
	if len(n.path) > 0 {
		n.path = append(n.path, '.')
	}
}
