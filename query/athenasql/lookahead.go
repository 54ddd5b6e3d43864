package athenasql

import (
	"strings"
)

// regexpLike writes regexp_like. The engine's expressions cannot look ahead, but
// one that begins with ^(?!no)yes is the same as two: it begins with yes, and not
// with no.
func regexpLike(c *callSite) (string, typ, error) {
	text, ok := c.literal(1)
	no, yes, looks := "", "", false
	if ok {
		no, yes, looks = lookAhead(text)
	}
	if !looks {
		return pattern("regexp_matches($1, $2)", of(boolean))(c)
	}
	tests := make([]string, 2)
	for i, p := range []string{no, yes} {
		one := &callSite{t: c.t, s: c.s, x: &call{node: c.x.node, name: c.x.name, args: []expr{c.x.args[0], &literal{c.x.node, litString, p}}}, args: []string{c.args[0], ""}, types: c.types}
		var err error
		if tests[i], _, err = pattern("regexp_matches($1, $2)", of(boolean))(one); err != nil {
			return "", typ{}, err
		}
	}
	return "(NOT " + tests[0] + " AND " + tests[1] + ")", of(boolean), nil
}

// lookAhead takes ^(?!no)yes apart, perhaps behind (?i); ok is false for anything
// else, and where yes has alternatives of its own, to which ^ would not belong.
func lookAhead(text string) (no, yes string, ok bool) {
	flags := ""
	if rest, found := strings.CutPrefix(text, "(?i)"); found {
		flags, text = "(?i)", rest
	}
	text, ok = strings.CutPrefix(text, "^(?!")
	if !ok || strings.Contains(text, `\Q`) {
		return "", "", false
	}
	end := closing(text)
	if end < 0 {
		return "", "", false
	}
	no, yes = text[:end], text[end+1:]
	return flags + "^(?:" + no + ")", flags + "^" + yes, !hasAlternatives(yes)
}

// closing is where the bracket closes that was opened before the text; -1 for
// nowhere.
func closing(text string) int {
	at := -1
	eachSymbol(text, func(i int, c byte, depth int) bool {
		if c == ')' && depth < 0 {
			at = i
		}
		return at < 0
	})
	return at
}

func hasAlternatives(text string) bool {
	found := false
	eachSymbol(text, func(_ int, c byte, depth int) bool {
		found = found || c == '|' && depth == 0
		return !found
	})
	return found
}

// eachSymbol visits what is no part of a class or an escape, with how many
// brackets are open behind it.
func eachSymbol(text string, visit func(i int, c byte, depth int) bool) {
	depth, class := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
			continue
		case class:
			class = c != ']'
			continue
		case c == '[':
			class = true
			for _, first := range []byte("^]") { // which do not end it there
				if i+1 < len(text) && text[i+1] == first {
					i++
				}
			}
			continue
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		if !visit(i, text[i], depth) {
			return
		}
	}
}
