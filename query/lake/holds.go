package lake

import (
	"maps"
	"slices"
)

// maxValues bounds how many values of a leaf are listed; a file that has more of
// them may hold any.
const maxValues = 512

// Holds is what the manifest tells of a file's records, or of those of several.
type Holds struct {
	// Values are all texts of some leaves, sorted, by the leaf's name; "" is NULL.
	// A leaf that is not here may have any.
	Values map[string][]string `json:"values,omitempty"`
	// First and Last bound eventtime, as texts; both are empty when some record
	// has none.
	First string `json:"first,omitempty"`
	Last  string `json:"last,omitempty"`
}

// dayHolds is Holds while it grows.
type dayHolds struct {
	values      map[string]map[string]struct{}
	first, last string
	untimed     bool
}

func newDayHolds() *dayHolds { return &dayHolds{values: map[string]map[string]struct{}{}} }

// see notes a value of a leaf.
func (d *dayHolds) see(leaf string, text []byte) {
	set, ok := d.values[leaf]
	if !ok {
		set = map[string]struct{}{}
		d.values[leaf] = set
	}
	if _, known := set[string(text)]; !known && len(set) <= maxValues {
		set[string(text)] = struct{}{}
	}
}

func (d *dayHolds) time(text []byte) {
	switch {
	case len(text) == 0:
		d.untimed = true
	case d.first == "":
		d.first, d.last = string(text), string(text)
	case string(text) < d.first:
		d.first = string(text)
	case string(text) > d.last:
		d.last = string(text)
	}
}

// add adds what another one holds.
func (d *dayHolds) add(other *dayHolds) {
	for leaf, set := range other.values {
		for text := range set {
			d.see(leaf, []byte(text))
		}
	}
	d.untimed = d.untimed || other.untimed
	if other.first != "" {
		d.time([]byte(other.first))
		d.time([]byte(other.last))
	}
}

// holds is what was gathered.
func (d *dayHolds) holds() *Holds {
	h := &Holds{Values: map[string][]string{}}
	for leaf, set := range d.values {
		if len(set) <= maxValues {
			h.Values[leaf] = slices.Sorted(maps.Keys(set))
		}
	}
	if !d.untimed {
		h.First, h.Last = d.first, d.last
	}
	return h
}

// union is what all of the files hold together; nil when one does not say.
func union(files []File) *Holds {
	all := newDayHolds()
	unknown := map[string]bool{}
	for _, f := range files {
		if f.Holds == nil {
			return nil
		}
		for _, leaf := range leaves(files) {
			values, ok := f.Holds.Values[leaf]
			unknown[leaf] = unknown[leaf] || !ok
			for _, v := range values {
				all.see(leaf, []byte(v))
			}
		}
		all.untimed = all.untimed || f.Holds.First == ""
		if f.Holds.First != "" {
			all.time([]byte(f.Holds.First))
			all.time([]byte(f.Holds.Last))
		}
	}
	h := all.holds()
	maps.DeleteFunc(h.Values, func(leaf string, _ []string) bool { return unknown[leaf] })
	return h
}

// leaves are the names of all leaves that some file lists.
func leaves(files []File) (all []string) {
	for _, f := range files {
		for leaf := range f.Holds.Values {
			if !slices.Contains(all, leaf) {
				all = append(all, leaf)
			}
		}
	}
	return all
}
