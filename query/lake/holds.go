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
	// has none, or one whose text does not compare as times do.
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
	case !isInstant(text):
		d.untimed = true
	case d.first == "":
		d.first, d.last = string(text), string(text)
	case string(text) < d.first:
		d.first = string(text)
	case string(text) > d.last:
		d.last = string(text)
	}
}

// isInstant tells whether a text is a time in the form that CloudTrail writes, with
// or without a fraction of a second: such texts compare as their times do, to the
// second. In UTC with a blank, or with another zone, they do not.
func isInstant[T string | []byte](text T) bool {
	const form = "0000-00-00T00:00:00Z"
	if len(text) < len(form) || text[len(text)-1] != 'Z' || text[17] > '5' || len(text) > len(form) && text[19] != '.' {
		return false
	}
	for i := range 19 {
		if c := text[i]; form[i] == '0' && (c < '0' || c > '9') || form[i] != '0' && c != form[i] {
			return false
		}
	}
	return true
}

// Bounds are the first and the last eventtime; ok is false when they are not known.
func (h *Holds) Bounds() (first, last string, ok bool) {
	if h == nil || !isInstant(h.First) || !isInstant(h.Last) {
		return "", "", false
	}
	return h.First, h.Last, true
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
		first, last, ok := f.Holds.Bounds()
		all.untimed = all.untimed || !ok
		if ok {
			all.time([]byte(first))
			all.time([]byte(last))
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
