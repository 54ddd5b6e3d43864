package plan

import "slices"

// Needs are the IDs of the resources that r refers to or depends on, sorted.
func (r *Resource) Needs() []string {
	ids := slices.Clone(r.DependsOn)
	Walk(r.Properties, func(v Value) {
		switch v := v.(type) {
		case Ref:
			ids = append(ids, v.ID)
		case Attr:
			ids = append(ids, v.ID)
		}
	})
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Ordered are the resources so that each comes after those it needs, and
// otherwise as they stand: the order in which commands make them.
func (s *Stack) Ordered() []*Resource {
	done, out := map[string]bool{}, make([]*Resource, 0, len(s.Resources))
	for len(out) < len(s.Resources) {
		before := len(out)
		for _, r := range s.Resources {
			if !done[r.ID] && !slices.ContainsFunc(r.Needs(), func(id string) bool { return !done[id] }) {
				done[r.ID] = true
				out = append(out, r)
			}
		}
		if len(out) == before {
			return out // those that need each other are left out
		}
	}
	return out
}

// cycle are resources that need each other, or something that does.
func (s *Stack) cycle() (ids []string) {
	done := map[string]bool{}
	for _, r := range s.Ordered() {
		done[r.ID] = true
	}
	for _, r := range s.Resources {
		if !done[r.ID] {
			ids = append(ids, r.ID)
		}
	}
	return ids
}
