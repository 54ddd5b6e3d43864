package detect

import "github.com/trailwarden/trailwarden/cloudtrail"

// Engine judges records by many predicates at once. It is immutable and may be
// shared; each goroutine needs a Matcher of its own.
type Engine struct{ nodes []Node }

// Compile prepares nodes for matching. The index of a node is its rule number.
func Compile(nodes []Node) *Engine { return &Engine{nodes: nodes} }

// Matcher judges records, one at a time. It is not for concurrent use.
type Matcher struct{ engine *Engine }

// NewMatcher makes a Matcher with caches of its own.
func (e *Engine) NewMatcher() *Matcher { return &Matcher{engine: e} }

// Match calls hit with the number of each rule that rec satisfies, ascending.
func (m *Matcher) Match(rec *cloudtrail.Record, hit func(rule int)) {
	root, err := decode(rec.Raw())
	if err != nil {
		return
	}
	w := naive{root: root, rec: rec}
	for i, n := range m.engine.nodes {
		if w.node(n) {
			hit(i)
		}
	}
}
