package sigma

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Bounds of one regular expression. Matching costs time proportional to its
// program's size times the text's length, and counted repetition makes large
// programs from short texts.
const (
	maxRegexpText    = 4 << 10 // bytes
	maxRegexpProgram = 20_000  // instructions, about
	maxRegexpClasses = 64      // Unicode classes, whose tables are large
)

// compileRegexp compiles source, with flags of "ims", in RE2's syntax, and
// refuses what would be too big before it is built.
func compileRegexp(source, flags string) (*regexp.Regexp, error) {
	if len(source) > maxRegexpText {
		return nil, fmt.Errorf("the expression has %d bytes; at most %d are allowed", len(source), maxRegexpText)
	}
	if n := strings.Count(source, `\p`) + strings.Count(source, `\P`); n > maxRegexpClasses {
		return nil, fmt.Errorf("the expression has %d Unicode classes; at most %d are allowed", n, maxRegexpClasses)
	}
	if flags != "" {
		source = "(?" + flags + ")" + source
	}
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		var e *syntax.Error
		if errors.As(err, &e) && e.Code == syntax.ErrInvalidRepeatSize {
			return nil, fmt.Errorf("%s: %s; a repetition counts to 1000 at most: write a longer one as several in a row", e.Code, e.Expr)
		}
		return nil, fmt.Errorf("%s%s", strings.TrimPrefix(err.Error(), "error parsing regexp: "), notRE2(source))
	}
	if n := programSize(tree); n > maxRegexpProgram {
		return nil, fmt.Errorf("the expression's repetitions make it too big (about %d steps; at most %d)", n, maxRegexpProgram)
	}
	return regexp.Compile(source)
}

// notRE2 names the usual reason why an expression of another engine fails.
func notRE2(source string) string {
	switch {
	case strings.Contains(source, "(?=") || strings.Contains(source, "(?!"):
		return "; look-ahead is not supported: move the test into a second field condition, with \"not\" for (?!…)"
	case strings.Contains(source, "(?<=") || strings.Contains(source, "(?<!"):
		return "; look-behind is not supported: move the test into a second field condition"
	case strings.Contains(source, "(?>") || strings.Contains(source, "++") || strings.Contains(source, "*+"):
		return "; atomic groups and possessive repetition are not supported: leave the sign out, matching takes linear time anyway"
	}
	for d := '1'; d <= '9'; d++ {
		if strings.Contains(source, `\`+string(d)) {
			return "; back-references are not supported"
		}
	}
	return ""
}

// programSize estimates the instructions that re compiles to.
func programSize(re *syntax.Regexp) int {
	const tooMuch = 1 << 30
	size := 1
	switch re.Op {
	case syntax.OpLiteral:
		size = len(re.Rune)
	case syntax.OpCharClass:
		size = 1 + len(re.Rune)/32
	}
	for _, sub := range re.Sub {
		size = min(size+programSize(sub), tooMuch)
	}
	if re.Op == syntax.OpRepeat {
		size = min(size*max(re.Min, re.Max, 1), tooMuch)
	}
	return size
}
