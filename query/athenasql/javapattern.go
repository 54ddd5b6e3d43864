package athenasql

import (
	"errors"
	"regexp/syntax"
	"strconv"
	"strings"
)

// javaClasses are classes of characters that Trino's expressions have under
// other names (Trino, regular expression functions).
var javaClasses = map[string]string{
	"Lower": `\p{Ll}`, "Upper": `\p{Lu}`, "Alpha": `\p{L}`, "Digit": `\p{Nd}`, "Alnum": `\p{L}\p{Nd}`, "Punct": `\p{P}`, "Space": `\s`,
}

// fromJava writes what Java writes otherwise: named groups, \p{Lower}, \u0041. A
// class that is cut with another, or that holds one, would silently mean something
// else.
func fromJava(text string) (string, error) {
	r := javaReader{rest: text}
	for r.rest != "" {
		switch {
		case r.rest[0] == '\\':
			r.escape()
		case r.class && strings.HasPrefix(r.rest, "&&"):
			return "", errors.New("classes that are cut with && are not to be had here: write the characters that are left")
		case r.class && r.rest[0] == '[' && !strings.HasPrefix(r.rest, "[:"):
			return "", errors.New(`classes within classes are not to be had here: write one, and \[ for the bracket`)
		case r.class:
			r.class = r.rest[0] != ']'
			r.take(1)
		case r.rest[0] == '[':
			r.open()
		case strings.HasPrefix(r.rest, "(?<") && len(r.rest) > 3 && r.rest[3] != '=' && r.rest[3] != '!':
			r.put("(?P<", 3)
		default:
			r.take(1)
		}
	}
	return r.out.String(), nil
}

// javaReader writes a pattern anew, piece by piece.
type javaReader struct {
	rest  string
	class bool // within [ and ]
	out   strings.Builder
}

func (r *javaReader) take(n int) { r.put(r.rest[:n], n) }

// put writes a text in the place of the next n bytes.
func (r *javaReader) put(text string, n int) {
	r.out.WriteString(text)
	r.rest = r.rest[n:]
}

// open begins a class; ^ and ] do not end it where it begins.
func (r *javaReader) open() {
	r.class = true
	n := 1
	if strings.HasPrefix(r.rest[n:], "^") {
		n++
	}
	if strings.HasPrefix(r.rest[n:], "]") {
		n++
	}
	r.take(n)
}

// escape takes a backslash and what belongs to it.
func (r *javaReader) escape() {
	switch rest := r.rest; {
	case strings.HasPrefix(rest, `\Q`):
		end := strings.Index(rest, `\E`)
		if end < 0 {
			end = len(rest) - 2
		}
		r.take(end + 2)
	case strings.HasPrefix(rest, `\p{`) || strings.HasPrefix(rest, `\P{`):
		name, _, closed := strings.Cut(rest[3:], "}")
		if to, ok := javaClasses[name]; ok && closed {
			r.put(javaClass(to, rest[1] == 'P', r.class), 4+len(name))
			return
		}
		r.take(2)
	case strings.HasPrefix(rest, `\u`) && len(rest) >= 6 && isHex(rest[2:6]):
		r.put(`\x{`+rest[2:6]+"}", 6)
	default:
		r.take(min(2, len(rest)))
	}
}

func javaClass(class string, not, inside bool) string {
	switch {
	case not && !inside:
		return "[^" + class + "]"
	case !inside:
		return "[" + class + "]"
	case not:
		return strings.ToUpper(class[:2]) + class[2:]
	}
	return class
}

func isHex(s string) bool {
	_, err := strconv.ParseUint(s, 16, 32)
	return err == nil
}

// optionalGroup tells whether a match may leave out group n, which is NULL then
// and not the empty text.
func optionalGroup(re *syntax.Regexp, n int) bool {
	left := re.Op == syntax.OpQuest || re.Op == syntax.OpStar || re.Op == syntax.OpAlternate || re.Op == syntax.OpRepeat && re.Min == 0
	for _, sub := range re.Sub {
		if left && hasGroup(sub, n) || optionalGroup(sub, n) {
			return true
		}
	}
	return false
}

func hasGroup(re *syntax.Regexp, n int) bool {
	if re.Op == syntax.OpCapture && re.Cap == n {
		return true
	}
	for _, sub := range re.Sub {
		if hasGroup(sub, n) {
			return true
		}
	}
	return false
}

// takesNothing tells whether the expression matches the empty text, wherever that
// is: then Trino finds one more match behind a match, which the engine does not.
func takesNothing(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpStar, syntax.OpQuest, syntax.OpEndText, syntax.OpEndLine:
		return true
	case syntax.OpRepeat:
		return re.Min == 0 || takesNothing(re.Sub[0])
	case syntax.OpPlus, syntax.OpCapture:
		return takesNothing(re.Sub[0])
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if takesNothing(sub) {
				return true
			}
		}
		return false
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !takesNothing(sub) {
				return false
			}
		}
		return true
	}
	return false
}

// looksBack tells whether the expression asks for what is before a place.
func looksBack(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText, syntax.OpBeginLine, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	}
	for _, sub := range re.Sub {
		if looksBack(sub) {
			return true
		}
	}
	return false
}
