package trino

import (
	"fmt"
	"strconv"
	"strings"
)

// step is one step of a JSON path: a member, an element, or all of them. A number
// is either, as it is in Trino, however it is written.
type step struct {
	name  string
	index int // that the name is; -1 when it is none
	all   bool
}

// maxPath bounds the bytes of a path: each step of it may look at a whole document.
const maxPath = 10_000

func pathFits(path string) error {
	if len(path) > maxPath {
		return fmt.Errorf("the JSON path has %d bytes; at most %d are read", len(path), maxPath)
	}
	return nil
}

func named(name string) step {
	index, err := strconv.Atoi(name)
	if err != nil || index < 0 || strconv.Itoa(index) != name {
		index = -1
	}
	return step{name: name, index: index}
}

// parsePath reads a JSON path as Trino's json_extract does: $.a.b, $["a-b"],
// $.a[0], $.*, $[*].
func parsePath(path string) ([]step, error) {
	if err := pathFits(path); err != nil {
		return nil, err
	}
	bad := func() ([]step, error) { return nil, fmt.Errorf("invalid JSON path: %q", path) }
	rest := strings.TrimPrefix(path, "$")
	if rest == path { // without $ a path is that of members
		if path == "" {
			return bad()
		}
		rest = "." + path
	}
	var steps []step
	for rest != "" {
		var s step
		var ok bool
		switch rest[0] {
		case '[':
			s, rest, ok = bracketStep(rest[1:])
		case '.':
			s, rest, ok = nameStep(rest[1:])
		}
		if !ok {
			return bad()
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func nameStep(s string) (step, string, bool) {
	n := strings.IndexAny(s, ".[")
	if n < 0 {
		n = len(s)
	}
	name := s[:n]
	if name == "*" {
		return step{all: true}, s[n:], true
	}
	return named(strings.Trim(name, `"`)), s[n:], name != "" && !strings.ContainsAny(name, "]* ?()")
}

func bracketStep(s string) (step, string, bool) {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		var name strings.Builder
		for i := 1; i < len(s); i++ {
			switch {
			case s[i] == '\\' && i+1 < len(s):
				i++
				name.WriteByte(s[i])
			case s[i] == s[0]:
				rest, ok := strings.CutPrefix(s[i+1:], "]")
				return named(name.String()), rest, ok
			default:
				name.WriteByte(s[i])
			}
		}
		return step{}, "", false
	}
	inner, rest, ok := strings.Cut(s, "]")
	if inner == "*" {
		return step{all: true}, rest, ok
	}
	return named(inner), rest, ok && inner != "" && !strings.ContainsAny(inner, "[*?(@:,-")
}
