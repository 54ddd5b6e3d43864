package detect

import (
	"slices"
	"strconv"
	"strings"
)

// String is the path as people write it: keys joined by dots, [n] and [*] for
// array elements, * for any member. Fields of the EventBridge envelope start
// with "envelope:", and the record itself is "record".
func (p Path) String() string {
	var b strings.Builder
	if p.Root == RootEnvelope {
		b.WriteString("envelope:")
	} else if len(p.Steps) == 0 {
		return "record"
	}
	for i, st := range p.Steps {
		switch st.Kind {
		case StepIndex:
			b.WriteString("[" + strconv.Itoa(st.Index) + "]")
			continue
		case StepElements:
			b.WriteString("[*]")
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		if st.Kind == StepFields {
			b.WriteByte('*')
		} else {
			b.WriteString(st.Key)
		}
	}
	return b.String()
}

// Fields are the paths that n reads, as Path.String writes them, sorted and
// without repetition.
func Fields(n Node) []string {
	var out []string
	EachPath(n, func(p Path) { out = append(out, p.String()) })
	slices.Sort(out)
	return slices.Compact(out)
}

// EachPath calls visit with every path in n, in the order of the tree, with
// repetition.
func EachPath(n Node, visit func(Path)) {
	switch n := n.(type) {
	case All:
		for _, x := range n {
			EachPath(x, visit)
		}
	case Any:
		for _, x := range n {
			EachPath(x, visit)
		}
	case Not:
		EachPath(n.X, visit)
	case Test:
		visit(n.Path)
	case Consistent:
		for _, t := range n.Terms {
			visit(t.Path)
		}
	case Compare:
		visit(n.Left)
		visit(n.Right)
	}
}
