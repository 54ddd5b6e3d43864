package explain

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// listed is how many operands of one test are named before the rest is counted.
const listed = 12

// phrase is a match as the end of a sentence that starts with the field, or its
// opposite.
func phrase(m detect.Match, not bool) string {
	switch m := m.(type) {
	case detect.MatchAll:
		return joined(m, not, !not)
	case detect.MatchAny:
		return joined(m, not, not)
	case detect.MatchNot:
		return phrase(m.X, !not)
	case detect.Is:
		return kinds(detect.Kinds(m), not)
	case detect.Text:
		return textPhrase(m, not)
	case detect.Glob:
		return pick(not, "matches ", "does not match ") + `"` + cut(m.Pattern()) + `"` + where(m.Kinds) + folding(m.Fold)
	case detect.Regexp:
		return pick(not, "matches the expression /", "does not match the expression /") + cut(m.Re.String()) + "/"
	case detect.Num:
		return pick(not, "is ", "is not ") + numOp(m.Op) + m.Value.Text
	case detect.CIDR:
		if m.Prefix.IsSingleIP() {
			return pick(not, "is the address ", "is not the address ") + m.Prefix.Addr().String()
		}
		return pick(not, "is an address in ", "is no address in ") + m.Prefix.String()
	case detect.TimePart:
		return fmt.Sprintf("%s %s %d (UTC)", pick(not, "is a time in", "is no time in"), timeUnit(m.Unit), m.Value)
	}
	return pick(not, "has a value that matches", "has no value that matches") // no match: nothing satisfies it
}

func pick(not bool, yes, no string) string {
	if not {
		return no
	}
	return yes
}

// joined is several matches: all of them for and, one of them otherwise. What is
// joined by the other word within stands in brackets.
func joined(ms []detect.Match, not, and bool) string {
	word, other := " or ", " and "
	if and {
		word, other = other, word
	}
	var parts []string
	for _, m := range ms {
		part := phrase(m, not)
		if joins(m, not) == other {
			part = "(" + part + ")"
		}
		parts = append(parts, part)
	}
	if len(parts) > listed {
		parts = append(parts[:listed], fmt.Sprintf("%d more", len(parts)-listed))
	}
	if len(parts) == 0 {
		return pick(!and, "is anything", "is nothing")
	}
	return strings.Join(parts, word)
}

// joins is the word between the parts of a match, empty where it has one or none.
func joins(m detect.Match, not bool) string {
	switch m := m.(type) {
	case detect.MatchAll:
		if len(m) > 1 {
			return pick(not, " and ", " or ")
		}
	case detect.MatchAny:
		if len(m) > 1 {
			return pick(not, " or ", " and ")
		}
	case detect.MatchNot:
		return joins(m.X, !not)
	}
	return ""
}

func kinds(k detect.Kinds, not bool) string {
	switch k {
	case detect.Anything:
		return pick(not, "is present", "is absent")
	case detect.Anything &^ detect.Nulls:
		return pick(not, "is present and not null", "is null")
	}
	var names []string
	for _, x := range []cloudtrail.Kind{cloudtrail.Null, cloudtrail.Bool, cloudtrail.Number, cloudtrail.String, cloudtrail.Object, cloudtrail.Array} {
		if k.Has(x) {
			names = append(names, map[cloudtrail.Kind]string{cloudtrail.Null: "null", cloudtrail.Bool: "a boolean", cloudtrail.Number: "a number",
				cloudtrail.String: "text", cloudtrail.Object: "an object", cloudtrail.Array: "a list"}[x])
		}
	}
	if len(names) == 0 {
		return pick(not, "is nothing", "is anything")
	}
	return pick(not, "is ", "is not ") + strings.Join(names, " or ")
}

func textPhrase(m detect.Text, not bool) string {
	verbs := map[detect.TextOp][2]string{
		detect.Equal:     {"is", "is not"},
		detect.HasPrefix: {"starts with", "does not start with"},
		detect.HasSuffix: {"ends with", "does not end with"},
		detect.Contains:  {"contains", "does not contain"},
	}[m.Op]
	verb := verbs[0]
	if not {
		verb = verbs[1]
	}
	if len(m.Values) == 1 && m.Values[0] == "" && m.Op != detect.Equal {
		return pick(not, "is text", "is not text")
	}
	return verb + " " + operands(m) + where(m.Kinds) + folding(m.Fold)
}

// where tells of a test that is for objects and lists alone: it reads their JSON.
func where(k detect.Kinds) string {
	if k != 0 && k&^detect.Containers == 0 {
		return " in its JSON"
	}
	return ""
}

// operands lists the values of a text test, quoted unless the test is about
// literals such as true.
func operands(m detect.Text) string {
	var out []string
	for i, v := range m.Values {
		if i == listed {
			out = append(out, fmt.Sprintf("%d more", len(m.Values)-listed))
			break
		}
		if m.Kinds&detect.Strings != 0 {
			v = strconv.Quote(cut(v))
		}
		out = append(out, v)
	}
	if len(out) == 1 {
		return out[0]
	}
	last := len(out) - 1
	if last < 0 {
		return "one of nothing"
	}
	return strings.Join(out[:last], ", ") + " or " + out[last]
}

func numOp(op detect.NumOp) string {
	return [...]string{detect.NumEqual: "", detect.NumLess: "less than ", detect.NumLessEqual: "at most ",
		detect.NumGreater: "more than ", detect.NumGreaterEqual: "at least "}[op]
}

func timeUnit(u detect.TimeUnit) string {
	return [...]string{detect.Minute: "minute", detect.Hour: "hour", detect.Day: "day", detect.Week: "week",
		detect.Month: "month", detect.Year: "year"}[u]
}

// longest is how many characters of one value are shown.
const longest = 120

func cut(s string) string {
	n := 0
	for i := range s {
		if n++; n > longest {
			return s[:i] + "…"
		}
	}
	return s
}
