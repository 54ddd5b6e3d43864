package memory

import (
	"net/netip"
	"slices"
)

// NeedsCountry tells whether the Spec groups by, counts or compares countries.
func (s *Spec) NeedsCountry() bool {
	return slices.ContainsFunc(s.Inputs, func(in Input) bool {
		return slices.ContainsFunc(slices.Concat(in.By, in.Value), func(f Field) bool { return f.kind == country })
	})
}

// Located is s with somebody who knows the countries of addresses: an empty
// text where none is known, and the record is then left out. It must be safe for
// concurrent use.
func (s *Spec) Located(countryOf func(netip.Addr) string) *Spec {
	with := func(fields []Field) []Field {
		fields = slices.Clone(fields)
		for i := range fields {
			fields[i].countryOf = countryOf
		}
		return fields
	}
	out := *s
	out.Inputs = slices.Clone(s.Inputs)
	for i := range out.Inputs {
		in := &out.Inputs[i]
		in.By, in.Value = with(in.By), with(in.Value)
	}
	return &out
}
