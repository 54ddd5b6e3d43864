package rule

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
)

// Store is a place that keeps records without some of their fields.
type Store struct {
	// Keeps tells whether the field that keys lead to comes back as it was;
	// KeepsText whether all of it does, if it is an object or array.
	Keeps, KeepsText func(keys ...string) bool
}

// Lost are the fields that r reads and the store does not keep, sorted: of
// records that come from there r may say something else. Whatever reads a record
// as a whole is called record.
func (r *Rule) Lost(s Store) []string {
	all := s.lost(r.Records())
	if r.Memory != nil {
		for _, in := range r.Memory.Spec.Inputs {
			for _, f := range slices.Concat(in.By, in.Value) {
				all = s.lostField(all, f.Name)
			}
			if in.Number != nil {
				all = s.lostField(all, in.Number.Name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s Store) lostField(all []string, name string) []string {
	keys := strings.Split(strings.TrimPrefix(name, "$."), ".")
	if slices.Contains(memory.Derived(), name) || s.KeepsText(keys...) {
		return all
	}
	return append(all, name)
}

func (s Store) lost(n detect.Node) (all []string) {
	switch n := n.(type) {
	case detect.All:
		for _, x := range n {
			all = append(all, s.lost(x)...)
		}
	case detect.Any:
		for _, x := range n {
			all = append(all, s.lost(x)...)
		}
	case detect.Not:
		return s.lost(n.X)
	case detect.Test:
		return s.lostPath(all, n.Path, readsText(n.Match))
	case detect.Consistent:
		for _, t := range n.Terms {
			all = s.lostPath(all, t.Path, false) // leaves only
		}
	case detect.Compare:
		all = s.lostPath(all, n.Left, objects(n.Kinds))
		all = s.lostPath(all, n.Right, objects(n.Kinds))
	}
	return all
}

// lostPath adds the path if the store does not keep what it leads to; text tells
// that the text of an object matters.
func (s Store) lostPath(all []string, p detect.Path, text bool) []string {
	if p.Root == detect.RootEnvelope {
		return all // made of fields that every store has
	}
	var keys []string
	for _, st := range p.Steps {
		if st.Kind == detect.StepFields { // of whatever names
			text = true
			break
		}
		if st.Kind == detect.StepKey {
			keys = append(keys, st.Key)
		}
	}
	if s.Keeps(keys...) && (!text || s.KeepsText(keys...)) {
		return all
	}
	return append(all, p.String())
}

func objects(k detect.Kinds) bool { return k.Has(cloudtrail.Object) || k.Has(cloudtrail.Array) }

// readsText tells whether the match looks at the text of an object or array.
func readsText(m detect.Match) bool {
	switch m := m.(type) {
	case detect.MatchAll:
		return slices.ContainsFunc(m, readsText)
	case detect.MatchAny:
		return slices.ContainsFunc(m, readsText)
	case detect.MatchNot:
		return readsText(m.X)
	case detect.Text:
		return objects(m.Kinds)
	case detect.Glob:
		return objects(m.Kinds)
	case detect.Regexp:
		return objects(m.Kinds)
	}
	return false
}
