package main

// notes gathers remarks that can come once for each of a million files, and
// prints one line for each kind.
type notes struct {
	kinds []note
	rest  int // of kinds beyond maxNotes
}

type note struct {
	kind  string
	first string
	count int
}

// maxNotes bounds the kinds that are told apart.
const maxNotes = 20

func (n *notes) add(kind, text string) {
	for i := range n.kinds {
		if n.kinds[i].kind == kind {
			n.kinds[i].count++
			return
		}
	}
	if len(n.kinds) < maxNotes {
		n.kinds = append(n.kinds, note{kind, text, 1})
		return
	}
	n.rest++
}

// print says the first remark of each kind and how many more there were.
func (n *notes) print(s *streams, before string) {
	for _, x := range n.kinds {
		if x.count == 1 {
			s.say("%s%s", before, x.first)
		} else {
			s.say("%s%s (and %d more like it)", before, x.first, x.count-1)
		}
	}
	if n.rest > 0 {
		s.say("%s%d more of other kinds", before, n.rest)
	}
}
