package memory

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// A Spec that counts the detections of another goes by its own fields, also by
// those that the other does not group by: such a field is the one of the record
// that is the detection's Trigger. So that it is known there, each hit of the
// Spec below carries these fields in front of its value. They come with it
// through files, states and restarts, and nothing is compared by them.

// carriedMark begins a value that carries fields. No other does: it is a length
// of zero in a form in which lengths are never written.
const carriedMark = "\x80\x00"

// Carry has each Spec whose detections others count carry the fields that those
// look at and that are not among its group's. It changes specs, of which every
// From is set and none is in use yet; a Spec that nobody counts, or that is only
// counted by its own fields, stays as it is.
func Carry(specs []*Spec) {
	for _, level := range slices.Backward(levels(specs)) { // what is above carries first
		for _, i := range level {
			for _, in := range specs[i].Inputs {
				if in.Node == nil && in.From >= 0 && in.From < len(specs) {
					specs[in.From].carry(in.looksAt())
				}
			}
		}
	}
}

// looksAt are all fields that the input reads.
func (in *Input) looksAt() (all []Field) {
	all = slices.Clone(in.By)
	for _, f := range in.Value {
		if f.kind == carried {
			all = append(all, f.of...)
			continue
		}
		all = append(all, f)
	}
	if in.Number != nil {
		all = append(all, *in.Number)
	}
	return all
}

// carry adds to the fields that s carries those that its detections do not have.
func (s *Spec) carry(fields []Field) {
	if s.Kind > Absence || s.Differ != nil {
		return // its trigger may change, or values are compared as they are
	}
	of := slices.Clone(s.carried())
	known := len(of)
	for _, f := range fields {
		same := func(x Field) bool { return x.Name == f.Name }
		if !slices.Contains(s.By, f.Name) && !OfDetections(f.Name) && !slices.ContainsFunc(of, same) {
			of = append(of, f)
		}
	}
	if len(of) == known {
		return
	}
	s.Inputs = slices.Clone(s.Inputs)
	for i := range s.Inputs {
		in := &s.Inputs[i]
		if known > 0 {
			in.Value = in.Value[1:]
		}
		in.Value = slices.Concat([]Field{carrying(of)}, in.Value)
	}
}

func carrying(of []Field) Field {
	var name strings.Builder
	for _, f := range of {
		fmt.Fprintf(&name, "%q ", f.Name)
	}
	return Field{Name: name.String(), kind: carried, of: of}
}

// carried are the fields that hits of s carry, the same of all inputs.
func (s *Spec) carried() []Field {
	if len(s.Inputs) == 0 || len(s.Inputs[0].Value) == 0 {
		return nil
	}
	return s.Inputs[0].Value[0].of
}

// OfDetections tells that a name is one by which a Spec finds something in
// detections themselves, whatever they group by: value, count, event_count,
// value_count and subject.
func OfDetections(name string) bool {
	switch name {
	case "value", "count", "event_count", "value_count", "subject":
		return true
	}
	return false
}

// appendCarried appends what of of there is; read appends the text of one field
// as AppendValue does, or is false.
func appendCarried(dst []byte, of []Field, read func(dst []byte, f *Field) ([]byte, bool)) []byte {
	var all []byte
	for i := range of {
		with, ok := read(append(all, 1), &of[i])
		if !ok {
			with = append(all, 0)
		}
		all = with
	}
	return appendText(append(dst, carriedMark...), all)
}

// cutCarried parts a value from what it carries.
func cutCarried(value string) (fields, own string) {
	rest, ok := strings.CutPrefix(value, carriedMark)
	if !ok {
		return "", value
	}
	n, k := binary.Uvarint([]byte(rest[:min(len(rest), binary.MaxVarintLen64)]))
	if k <= 0 || n > uint64(len(rest)-k) {
		return "", value
	}
	return rest[k : k+int(n)], rest[k+int(n):]
}

// ownValue is the value without what it carries.
func ownValue(value string) string {
	_, own := cutCarried(value)
	return own
}

// carriedIn are the fields that a value carries, less those that its record lacks.
func (s *Spec) carriedIn(value string) (all []Label) {
	fields, _ := cutCarried(value)
	c := codec{b: []byte(fields), reading: true}
	for _, f := range s.carried() {
		var is bool
		var text string
		if c.bool(&is); !is {
			continue
		}
		if c.text(&text); c.bad {
			break
		}
		all = append(all, Label{f.Name, text})
	}
	return all
}
