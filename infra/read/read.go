// Package read reads infrastructure as people write it down, without running
// it: CloudFormation in YAML and JSON, Terraform, shell scripts with the AWS
// CLI, and articles that hold pieces of all of these.
//
// What depends on a deployment stays unknown and says what it depends on; see
// package value. Every reader bounds its work, since files may come from
// anybody.
package read

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
)

// budget bounds what substitution may make of a text.
type budget struct{ bytes, values int }

func newBudget() *budget { return &budget{8 << 20, value.MaxValues} }

// take tells whether n more bytes may be made.
func (b *budget) take(n int) bool {
	b.bytes -= n
	b.values--
	return b.bytes > 0 && b.values > 0
}

// unknown is a value that depends on name.
func unknown(name string, line, column int) *value.Value {
	return &value.Value{Refs: []string{name}, Line: line, Column: column}
}

// join makes one text of parts; unknown parts stay as ${name}.
func (b *budget) join(parts []*value.Value, line, column int) *value.Value {
	v := &value.Value{Kind: value.Text, Line: line, Column: column}
	var s strings.Builder
	for _, p := range parts {
		switch {
		case p == nil:
		case p.Kind == value.Unknown && len(p.Refs) > 0:
			fmt.Fprintf(&s, "${%s}", p.Refs[0])
			v.Refs = append(v.Refs, p.Refs[0])
		case p.Kind == value.Map || p.Kind == value.List || p.Kind == value.Unknown:
			s.WriteString("${?}")
			v.Refs = append(v.Refs, "?")
		default:
			s.WriteString(p.Text)
			v.Refs = append(v.Refs, p.Refs...)
		}
		if !b.take(s.Len()/(len(parts)+1)) || len(v.Refs) > maxRefs {
			return unknown("a text that is too long", line, column)
		}
	}
	v.Text = s.String()
	return v
}

// maxRefs bounds the unknown parts of one text.
const maxRefs = 64
