package terraform

import (
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// mapping says how a type of CloudFormation is written for the provider.
type mapping struct {
	to  string // aws_sqs_queue
	ref string // the attribute that CloudFormation's Ref gives
	// attributes are those that Fn::GetAtt gives, beyond Arn, which is arn.
	attributes map[string]string
	fields     []field
	// finish adds what follows from the type alone; it may be nil.
	finish func(w *writer, b *hclwrite.Body, r *plan.Resource)
}

// field says what becomes of one property.
type field struct {
	from string
	put  func(w *writer, b *hclwrite.Body, v plan.Value)
}

// attr is a property that is an attribute under another name.
func attr(from, to string) field {
	return field{from, func(w *writer, b *hclwrite.Body, v plan.Value) { w.set(b, to, w.expression(v)) }}
}

// same are properties whose names differ in spelling only.
func same(names ...string) []field {
	out := make([]field, len(names))
	for i, name := range names {
		out[i] = attr(name, snake(name))
	}
	return out
}

// encodedAs is a property that Terraform takes as JSON.
func encodedAs(from, to string) field {
	return field{from, func(w *writer, b *hclwrite.Body, v plan.Value) { w.set(b, to, w.encoded(v)) }}
}

// block is a property that is a block, or as many blocks as the list has.
func block(from, to string, fields ...field) field {
	return field{from, func(w *writer, b *hclwrite.Body, v plan.Value) {
		for _, m := range w.maps(v) {
			w.fill(nested(b, to), m, fields)
		}
	}}
}

// inline is a property whose own properties stand beside it.
func inline(from string, fields ...field) field {
	return field{from, func(w *writer, b *hclwrite.Body, v plan.Value) {
		for _, m := range w.maps(v) {
			w.fill(b, m, fields)
		}
	}}
}

// pairs is a list of names and values that is a map, as tags are.
func pairs(from, to, key, value string) field {
	return field{from, func(w *writer, b *hclwrite.Body, v plan.Value) {
		var out plan.Map
		for _, m := range w.maps(v) {
			name, ok := m.Get(key).(plan.Text)
			if !ok {
				w.fail("%s of %s is no plain text", key, from)
				return
			}
			out = append(out, plan.Entry{Key: string(name), Value: m.Get(value)})
		}
		w.set(b, to, w.object(out))
	}}
}

func tags() field { return pairs("Tags", "tags", "Key", "Value") }

// first is a list of which Terraform takes one.
func first(from, to string) field {
	return field{from, func(w *writer, b *hclwrite.Body, v plan.Value) {
		l, ok := v.(plan.List)
		if !ok || len(l) != 1 {
			w.fail("%s: want a list of one", from)
			return
		}
		w.set(b, to, w.expression(l[0]))
	}}
}

// nothing is a property for which there is nothing to write, because it is so
// anyhow.
func nothing(from string) field {
	return field{from, func(*writer, *hclwrite.Body, plan.Value) {}}
}

// apart is a property that is a resource of its own, tied to the first by an
// attribute.
func apart(from, to, tie, tied string, fields ...field) field {
	return field{from, func(w *writer, _ *hclwrite.Body, v plan.Value) {
		w.beside(to, "", func(b *hclwrite.Body) {
			w.set(b, tie, w.address()+"."+tied)
			fieldOf(from, fields).put(w, b, v)
		})
	}}
}

// fieldOf is the one field among fields that takes the property itself, or all
// of them for its properties.
func fieldOf(from string, fields []field) field {
	if len(fields) == 1 && fields[0].from == from {
		return fields[0]
	}
	return inline(from, fields...)
}

// fields joins lists of fields.
func fields(lists ...[]field) []field {
	var out []field
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// maps is a value that is a Map or a list of them.
func (w *writer) maps(v plan.Value) []plan.Map {
	switch v := v.(type) {
	case plan.Map:
		return []plan.Map{v}
	case plan.List:
		var out []plan.Map
		for _, x := range v {
			out = append(out, w.maps(x)...)
		}
		return out
	}
	w.fail("a value of type %T stands where properties are expected", v)
	return nil
}

// fill writes properties in their order. One that no field knows is an error:
// nothing is left out in silence.
func (w *writer) fill(b *hclwrite.Body, m plan.Map, known []field) {
	for _, e := range m {
		found := false
		for _, f := range known {
			if f.from == e.Key {
				w.place = append(w.place, e.Key)
				f.put(w, b, e.Value)
				w.place = w.place[:len(w.place)-1]
				found = true
				break
			}
		}
		if !found {
			w.fail("property %s is not known here", e.Key)
		}
	}
}
