package memory

import (
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
	id   cloudtrail.FieldID
	kind derived
}

type derived uint8

const (
	path derived = iota
	account
	actor
	principal
	network
)

// Derived are the names that are no paths: account and actor as findings show
// them; principal, the actor without the name of its session, so that all
// sessions of a role are one; and network, the sourceIPAddress's first 16 bits, 32 of IPv6, which
// tells a change of provider from one of address.
func Derived() []string { return []string{"account", "actor", "principal", "network"} }

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

// AppendText appends the field's text as AppendValue does. ok is false when the
// record lacks it or has null there.
func (f *Field) AppendText(dst []byte, rec *cloudtrail.Record) (out []byte, ok bool) {
	var room [128]byte
	switch f.kind {
	case account:
		return appendDerived(dst, rec.AppendAccount(room[:0]))
	case actor:
		return appendDerived(dst, rec.AppendActor(room[:0]))
	case principal:
		return appendDerived(dst, append(room[:0], rec.Identity().Name...))
	case network:
		return appendDerived(dst, networkOf(rec))
	}
	v := f.value(rec)
	if !v.Exists() || v.Kind() == cloudtrail.Null {
		return dst, false
	}
	return AppendValue(dst, v.Text(room[:0])), true
}

func appendDerived(dst, text []byte) ([]byte, bool) {
	return AppendValue(dst, text), len(text) > 0
}

// The bits of an address that name its network.
const (
	bits4 = 16
	bits6 = 32
)

func networkOf(rec *cloudtrail.Record) []byte {
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
	case len(f.keys) == 0 || f.kind != path:
		return v
	case f.id != cloudtrail.NoField:
		v = rec.Field(f.id)
	default:
		v = rec.Get(f.keys[0])
	}
	if v.Exists() {
		v = v.Lookup(f.keys[1:]...)
	}
	if !v.Exists() {
		v = seek(rec.Value(), f.keys)
	}
	return first(v)
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

// Reading is what an input takes from one record: the parts of a Hit that the
// record decides. Its buffers are used again by the next Read.
type Reading struct {
	Group, Value []byte
	Number       float64
}

// Read reads the record for the input. It is false when a field is missing that
// the input needs: the record is then no hit.
func (in *Input) Read(rec *cloudtrail.Record, s *Spec, r *Reading) bool {
	r.Group, r.Value, r.Number = r.Group[:0], r.Value[:0], in.Amount
	ok := true
	for i := range in.By {
		if r.Group, ok = in.By[i].AppendText(r.Group, rec); !ok {
			return false
		}
	}
	for i := range in.Value {
		if r.Value, ok = in.Value[i].AppendText(r.Value, rec); !ok && s.Kind != Alarm {
			return false
		}
	}
	if in.Number != nil && s.numbered() {
		r.Number, ok = in.Number.Number(rec)
		return ok
	}
	return true
}

// readDetection is Read of a detection of another Spec: the group's values and
// the names value, count and subject are its fields.
func (in *Input) readDetection(d *Detection, s *Spec) (h Hit, ok bool) {
	h.Number = in.Amount
	for _, f := range in.By {
		v, ok := d.field(f.Name)
		if !ok {
			return h, false
		}
		h.Group = AppendValue(h.Group, []byte(v))
	}
	for _, f := range in.Value {
		v, ok := d.field(f.Name)
		if !ok {
			return h, false
		}
		h.Value = AppendValue(h.Value, []byte(v))
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
	return "", false
}
