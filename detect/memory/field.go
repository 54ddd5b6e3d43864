package memory

import (
	"bytes"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// Field is a value of a record that groups or is counted: a dotted path, or one
// of the names that Derived lists. The zero Field is missing everywhere.
type Field struct {
	Name string
	keys []string
	// exact, in place of keys, are steps that are followed as they are.
	exact []detect.Step
	id    cloudtrail.FieldID
	kind  derived
	// countryOf knows countries of addresses; nil where nobody does.
	countryOf func(netip.Addr) string
	// of are the fields that one of kind carried is made of, see Carry.
	of []Field
}

type derived uint8

const (
	path derived = iota
	account
	actor
	principal
	network
	country
	subnet
)

// kinds is how many derived fields there are, and one for paths.
const kinds = subnet + 1

// carried is several fields that a hit carries; it is never missing.
const carried = kinds

// Derived are the names that are no paths: account and actor as findings show
// them; principal, the actor without the name of its session, so that all
// sessions of a role are one; network, the sourceIPAddress's first 16 bits, 32 of
// IPv6, which tells a change of provider from one of address; country, the code
// (ISO 3166 alpha-2) of the country that the address is in, for Specs that
// Located gave somebody who knows; and subnet, the address's first 24 bits, 48 of
// IPv6, which is one line or one site. A sourceIPAddress that is no address, as of
// calls that an AWS service makes, has no network, country or subnet.
func Derived() []string {
	return []string{"account", "actor", "principal", "network", "country", "subnet"}
}

// FieldOf is the field called name. A key of a path is looked for in its exact
// letter case first, then in any; keys that contain dots themselves are found
// as they are; of an array the first element counts that has a value.
func FieldOf(name string) Field {
	f := Field{Name: name, keys: strings.Split(name, ".")}
	f.id = cloudtrail.FieldIDOf(f.keys[0])
	for i, d := range Derived() {
		if name == d {
			f.kind = derived(i + 1)
		}
	}
	return f
}

// FieldAt is the value that exact keys and indexes lead to, called name: letter
// case counts, arrays are entered by index alone, and no name is derived.
// Steps of other kinds lead nowhere.
func FieldAt(name string, steps []detect.Step) Field { return Field{Name: name, exact: steps} }

// AppendText appends the field's text as AppendValue does. ok is false when the
// record lacks it or has null there.
func (f *Field) AppendText(dst []byte, rec *cloudtrail.Record) (out []byte, ok bool) {
	var room [128]byte
	text, ok := f.text(room[:0], rec)
	if !ok {
		return dst, false
	}
	return AppendValue(dst, text), true
}

// text is the field's text; it may be in room, which is grown as needed.
func (f *Field) text(room []byte, rec *cloudtrail.Record) (text []byte, ok bool) {
	switch f.kind {
	case account:
		text = rec.AppendAccount(room)
	case actor:
		text = rec.AppendActor(room)
	case principal:
		text = withoutSession(rec.AppendActor(room))
	case network:
		text = prefixOf(rec, 16, 32)
	case country:
		text = f.countryIn(room, rec)
	case subnet:
		text = prefixOf(rec, 24, 48)
	default:
		v := f.value(rec)
		if !v.Exists() || v.Kind() == cloudtrail.Null {
			return nil, false
		}
		return v.Text(room), true
	}
	return text, len(text) > 0
}

// prefixOf is the first bits of the record's address, nil when it has none.
func prefixOf(rec *cloudtrail.Record, bits4, bits6 int) []byte {
	a, ok := detect.ParseAddr(rec.Field(cloudtrail.SourceIPAddress).Str())
	if !ok {
		return nil
	}
	bits := bits6
	if a.Is4() {
		bits = bits4
	}
	return netip.PrefixFrom(a, bits).Masked().AppendTo(nil)
}

func (f *Field) countryIn(room []byte, rec *cloudtrail.Record) []byte {
	a, ok := detect.ParseAddr(rec.Field(cloudtrail.SourceIPAddress).Str())
	if !ok || f.countryOf == nil {
		return nil
	}
	return append(room, f.countryOf(a)...)
}

// Number is the field as a number; a text that holds one counts.
func (f *Field) Number(rec *cloudtrail.Record) (float64, bool) {
	v := f.value(rec)
	if k := v.Kind(); k != cloudtrail.Number && k != cloudtrail.String {
		return 0, false
	}
	x, err := strconv.ParseFloat(string(v.Text(nil)), 64)
	return x, err == nil && !math.IsInf(x, 0) && !math.IsNaN(x)
}

func (f *Field) value(rec *cloudtrail.Record) cloudtrail.Value {
	var v cloudtrail.Value
	switch {
	case f.exact != nil:
		return follow(rec.Value(), f.exact)
	case len(f.keys) == 0 || f.kind != path:
		return v
	case f.id != cloudtrail.NoField:
		v = rec.Field(f.id)
	default:
		v = rec.Get(f.keys[0])
	}
	if !v.Exists() {
		return first(seek(rec.Value(), f.keys))
	}
	below := v.Lookup(f.keys[1:]...)
	if k := v.Kind(); !below.Exists() && (k == cloudtrail.Object || k == cloudtrail.Array) {
		below = seek(v, f.keys[1:])
	}
	return first(below)
}

func follow(v cloudtrail.Value, steps []detect.Step) cloudtrail.Value {
	for _, s := range steps {
		var next cloudtrail.Value
		switch s.Kind {
		case detect.StepKey:
			next = v.Get(s.Key)
		case detect.StepIndex:
			v.Elements(func(i int, x cloudtrail.Value) bool {
				if i == s.Index {
					next = x
				}
				return i < s.Index
			})
		}
		v = next
	}
	return v
}

// withoutSession is an actor's name up to the session; an ARN, which stands for
// actors without a name, is left whole.
func withoutSession(actor []byte) []byte {
	if name, _, ok := bytes.Cut(actor, []byte("/")); ok && bytes.IndexByte(name, ':') < 0 {
		return name
	}
	return actor
}

// seek follows keys the long way: arrays are entered, the longest key with dots
// is taken first, and letter case is ignored where nothing has the exact one.
func seek(v cloudtrail.Value, keys []string) (found cloudtrail.Value) {
	if len(keys) == 0 {
		return v
	}
	switch v.Kind() {
	case cloudtrail.Array:
		v.Elements(func(_ int, x cloudtrail.Value) bool {
			found = seek(x, keys)
			return !found.Exists()
		})
	case cloudtrail.Object:
		for n := len(keys); n > 0; n-- {
			key := strings.Join(keys[:n], ".")
			x := v.Get(key)
			if !x.Exists() {
				x = v.GetFold(key)
			}
			if x.Exists() {
				return seek(x, keys[n:])
			}
		}
	}
	return found
}

// first is a value, or of an array of scalars the first that is not null.
func first(v cloudtrail.Value) (found cloudtrail.Value) {
	if v.Kind() != cloudtrail.Array {
		return v
	}
	v.Elements(func(_ int, x cloudtrail.Value) bool {
		if k := x.Kind(); k == cloudtrail.Object || k == cloudtrail.Array {
			found = v
			return false
		} else if k != cloudtrail.Null {
			found = x
			return false
		}
		return true
	})
	return found
}

// Reading reads records for inputs: what Read finds are the parts of a Hit that
// the record decides. Its buffers are used again by the next Read.
type Reading struct {
	Group, Value []byte
	Number       float64

	rec     *cloudtrail.Record
	derived [kinds][]byte // of the record, with their lengths in front
	known   [kinds]bool
}

// Begin takes up a record, whose account, actor and so on are found once for
// all inputs.
func (r *Reading) Begin(rec *cloudtrail.Record) {
	r.rec, r.known = rec, [kinds]bool{}
}

// Read reads the record for an input of s. It is false when a field is missing
// that the input needs: the record is then no hit.
func (r *Reading) Read(s *Spec, input int) bool {
	in := &s.Inputs[input]
	var ok bool
	if r.Group, ok = r.Texts(r.Group[:0], in.By); !ok {
		return false
	}
	if r.Value, ok = r.Texts(r.Value[:0], in.Value); !ok && s.Kind != Alarm {
		return false
	}
	r.Number, ok = r.NumberOf(s, in)
	return ok
}

// Texts appends the texts of the fields. When it is false the record lacks one.
func (r *Reading) Texts(dst []byte, fields []Field) (out []byte, all bool) {
	all = true
	for i := range fields {
		var ok bool
		dst, ok = r.append(dst, &fields[i])
		all = all && ok
	}
	return dst, all
}

// NumberOf is the number that the record has for an input of s.
func (r *Reading) NumberOf(s *Spec, in *Input) (float64, bool) {
	if in.Number != nil && s.numbered() {
		return in.Number.Number(r.rec)
	}
	return in.Amount, true
}

func (r *Reading) append(dst []byte, f *Field) ([]byte, bool) {
	if f.kind == path {
		return f.AppendText(dst, r.rec)
	}
	if f.kind == carried {
		return appendCarried(dst, f.of, r.append), true
	}
	text := r.derive(f.kind, f)
	if len(text) == 0 {
		return dst, false
	}
	return AppendValue(dst, text), true
}

// derive is a text that is no path's, as f has it: who knows countries is the
// same for all fields of a set.
func (r *Reading) derive(kind derived, f *Field) []byte {
	if r.known[kind] {
		return r.derived[kind]
	}
	r.known[kind] = true
	text := r.derived[kind][:0]
	switch kind {
	case account:
		text = r.rec.AppendAccount(text)
	case actor:
		text = r.rec.AppendActor(text)
	case principal:
		text = append(text, withoutSession(r.derive(actor, f))...)
	case network:
		text = append(text, prefixOf(r.rec, 16, 32)...)
	case country:
		text = f.countryIn(text, r.rec)
	case subnet:
		text = append(text, prefixOf(r.rec, 24, 48)...)
	}
	r.derived[kind] = text
	return text
}

// readDetection is Read of a detection of another Spec: the group's values and
// the names value, count and subject are its fields, and what it carries.
func (in *Input) readDetection(d *Detection, s *Spec) (h Hit, ok bool) {
	h.Number = in.Amount
	for i := range in.By {
		if h.Group, ok = d.append(h.Group, &in.By[i]); !ok {
			return h, false
		}
	}
	for i := range in.Value {
		if h.Value, ok = d.append(h.Value, &in.Value[i]); !ok {
			return h, false
		}
	}
	if in.Number != nil && s.numbered() {
		v, _ := d.field(in.Number.Name)
		x, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return h, false
		}
		h.Number = x
	}
	return h, true
}

func (d *Detection) field(name string) (string, bool) {
	for _, l := range d.Group {
		if l.Name == name {
			return l.Value, true
		}
	}
	switch name {
	case "value":
		return number(d.Value), true
	case "count", "event_count", "value_count":
		return strconv.FormatInt(d.Count, 10), true
	case "subject":
		return d.Subject, d.Subject != ""
	}
	for _, l := range d.Carried {
		if l.Name == name {
			return l.Value, true
		}
	}
	return "", false
}

func (d *Detection) append(dst []byte, f *Field) ([]byte, bool) {
	if f.kind == carried {
		return appendCarried(dst, f.of, d.append), true
	}
	v, ok := d.field(f.Name)
	if !ok {
		return dst, false
	}
	return AppendValue(dst, []byte(v)), true
}
