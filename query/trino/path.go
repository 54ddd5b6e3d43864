package trino

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// step is one step of a JSON path: a member or an element. A number is either, as it
// is in Trino, however it is written.
type step struct {
	name  string
	index int // that the name is; -1 when it is none
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

// parsePath reads a JSON path as Trino's json_extract does: $.a.b, $["a-b"], $.a[0].
func parsePath(path string) ([]step, error) {
	if err := pathFits(path); err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(path, "$")
	var steps []step
	for ok && rest != "" {
		var s step
		switch rest[0] {
		case '[':
			s, rest, ok = bracketStep(rest[1:])
		case '.':
			s, rest, ok = nameStep(rest[1:])
		default:
			ok = false
		}
		steps = append(steps, s)
	}
	if !ok {
		return nil, fmt.Errorf("invalid JSON path: %q; %s", path, pathHelp)
	}
	return steps, nil
}

// pathHelp says how paths are written, and what takes those that are not.
const pathHelp = `want $.name, $["any name"] or $.list[0]; json_query(text, 'lax $.list[*].name' WITH ARRAY WRAPPER) takes all elements`

// PathError is why Trino's json_extract does not take a path, and what to write.
func PathError(path string) error {
	_, err := parsePath(path)
	return err
}

func nameStep(s string) (step, string, bool) {
	n := strings.IndexFunc(s, func(r rune) bool { return !isPathLetter(r) && r != ':' && r != '$' && r != '-' })
	if n < 0 {
		n = len(s)
	}
	return named(s[:n]), s[n:], n > 0
}

func isPathLetter(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func bracketStep(s string) (step, string, bool) {
	if !strings.HasPrefix(s, `"`) {
		inner, rest, ok := strings.Cut(s, "]")
		return named(inner), rest, ok && inner != "" && strings.IndexFunc(inner, func(r rune) bool { return !isPathLetter(r) }) < 0
	}
	var name strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			name.WriteByte(s[i])
		case s[i] == '"':
			rest, ok := strings.CutPrefix(s[i+1:], "]")
			return named(name.String()), rest, ok
		default:
			name.WriteByte(s[i])
		}
	}
	return step{}, "", false
}
