package athenasql

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/query/schema"
)

func isExtra(name string) bool {
	c, ok := schema.Find(name)
	return ok && c.Class == schema.Extra
}

// knowsAll tells whether the columns of every relation in sight are known, so
// that a name that none has is a mistake.
func (s *scope) knowsAll() bool {
	n := 0
	for ; s != nil; s = s.outer {
		for _, src := range s.sources {
			n++
			if len(src.columns) == 0 && !src.trail {
				return false
			}
		}
	}
	return n > 0
}

// noColumn says that a name means nothing, and what may have been meant.
func (t *translator) noColumn(x *name, s *scope) error {
	written := make([]string, len(x.parts))
	for i, p := range x.parts {
		written[i] = p.text
	}
	e := &syntaxError{at: x.at, code: codeColumn, message: fmt.Sprintf("there is no column %s", strings.Join(written, "."))}
	var known []string
	for in := s; in != nil; in = in.outer {
		for _, src := range in.sources {
			for _, c := range src.columns {
				known = append(known, strings.ToLower(c.name))
			}
			if src.trail {
				for _, c := range schema.Columns() {
					known = append(known, c.Name)
				}
			}
		}
	}
	switch near := nearest.Of(strings.ToLower(x.parts[0].text), known); {
	case x.parts[0].quoted && len(x.parts) == 1 && near == "":
		e.help = "texts stand in single quotes: '" + x.parts[0].text + "'"
	case near != "":
		e.help = near
	default:
		e.help = "DESCRIBE cloudtrail_logs shows the columns"
	}
	return e
}

func trailColumns() []column {
	var all []column
	for _, c := range schema.Columns() {
		if c.Class != schema.Extra {
			all = append(all, column{c.Name, columnType(c.Field)})
		}
	}
	return all
}
