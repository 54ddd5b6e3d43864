package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/visible"
)

// fieldName is a path as people write it: userIdentity.type, resources[0].ARN,
// items[*]. A field of the EventBridge envelope says so.
func fieldName(p detect.Path) string {
	if len(p.Steps) == 0 {
		return "the whole record"
	}
	name := dotted(p.Steps)
	if p.Root == detect.RootEnvelope {
		return "the envelope's " + name
	}
	return name
}

func dotted(steps []detect.Step) string {
	var b strings.Builder
	for i, s := range steps {
		switch s.Kind {
		case detect.StepIndex:
			fmt.Fprintf(&b, "[%d]", s.Index)
			continue
		case detect.StepElements:
			b.WriteString("[*]")
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		switch {
		case s.Kind == detect.StepFields:
			b.WriteByte('*')
		case s.Key == "" || strings.ContainsAny(s.Key, `.[]"* `):
			b.WriteString(strconv.Quote(cut(s.Key)))
		default:
			b.WriteString(cut(s.Key))
		}
	}
	return b.String()
}

// Fields are the fields that a predicate reads, ascending, each once.
func Fields(n detect.Node) []string {
	seen := map[string]bool{}
	eachPath(n, func(p detect.Path) { seen[fieldName(p)] = true })
	out := make([]string, 0, len(seen))
	for f := range seen {
		out = append(out, visible.Text(f))
	}
	slices.Sort(out)
	return out
}

func eachPath(n detect.Node, visit func(detect.Path)) {
	switch n := n.(type) {
	case detect.All:
		for _, x := range n {
			eachPath(x, visit)
		}
	case detect.Any:
		for _, x := range n {
			eachPath(x, visit)
		}
	case detect.Not:
		eachPath(n.X, visit)
	case detect.Test:
		visit(n.Path)
	case detect.Consistent:
		for _, t := range n.Terms {
			visit(t.Path)
		}
	case detect.Compare:
		visit(n.Left)
		visit(n.Right)
	}
}
