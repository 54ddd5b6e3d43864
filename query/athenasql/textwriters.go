package athenasql

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
)

// onText writes a function of a text that gives a text.
func onText(template string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		switch c.types[0].kind {
		case varchar, unknown:
		case rowKind, arrayKind, mapKind, jsonKind:
			return "", typ{}, c.errorf(codeArguments, "takes a text, not a %s", c.types[0])
		default:
			c.t.warn(c.x.at, codeImplicit, "%s of a %s: Athena wants CAST(… AS varchar)", c.x.name, c.types[0])
			c.args[0] = "CAST(" + c.args[0] + " AS VARCHAR)"
		}
		return c.fill(template), of(varchar), nil
	}
}

func lengthOf(c *callSite) (string, typ, error) {
	if c.types[0].kind == varbinary {
		return c.fill("octet_length($1)"), of(integer), nil
	}
	text, _, err := onText("length($1)")(c)
	return text, of(integer), err
}

func reverse(c *callSite) (string, typ, error) {
	if c.types[0].kind == arrayKind {
		return c.fill("list_reverse($1)"), c.types[0], nil
	}
	return onText("ct_reverse($1)")(c)
}

func strpos(c *callSite) (string, typ, error) {
	if len(c.args) == 3 {
		return c.fill("ct_strpos($1, $2, CAST($3 AS BIGINT))"), of(integer), nil
	}
	return c.fill("strpos($1, $2)"), of(integer), nil
}

func replace(c *callSite) (string, typ, error) {
	if len(c.args) == 2 {
		return c.fill("replace($1, $2, '')"), of(varchar), nil
	}
	return c.fill("replace($*)"), of(varchar), nil
}

// substr counts from one; zero is no place, and gives an empty text.
func substr(c *callSite) (string, typ, error) {
	if c.types[0].kind == varbinary {
		return binarySubstr(c)
	}
	text := "substr($1, $2)"
	if len(c.args) == 3 { // the engine counts a length below zero backwards
		text = either(c.isWhole(2), "substr($*)", "substr($1, $2, CASE WHEN $3 < 0 THEN 0 ELSE $3 END)")
	}
	if l, ok := c.x.args[1].(*literal); ok && l.kind == litInteger && l.text != "0" {
		return c.fill(text), of(varchar), nil
	}
	return c.fill("CASE WHEN " + text + " IS NOT NULL AND ($2 = 0 OR $2 < -length($1)) THEN '' ELSE " + text + " END"), of(varchar), nil
}

// binarySubstr takes bytes as substr takes characters: two digits are one.
func binarySubstr(c *callSite) (string, typ, error) {
	if c.x.name == "substring" {
		return "", typ{}, c.errorf(codeArguments, "takes a text, not a varbinary; substr takes one")
	}
	rest := "substr(hex($1), CASE WHEN $2 > 0 THEN 2 * $2 - 1 ELSE 2 * $2 END"
	if len(c.args) == 3 {
		rest += ", CASE WHEN $3 < 0 THEN 0 ELSE 2 * $3 END"
	}
	return c.fill("unhex(CASE WHEN $2 = 0 OR $2 < -octet_length($1) THEN '' ELSE " + rest + ") END)"), of(varbinary), nil
}

// isWhole tells whether argument i is a whole number without a sign, written in
// the query.
func (c *callSite) isWhole(i int) bool {
	l, ok := c.x.args[i].(*literal)
	return ok && l.kind == litInteger
}

// blanks are what Java calls white space, which Trino trims; the engine's own
// functions trim spaces of all kinds and no tabs.
const blanks = "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000"

func trimmed(engine string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		if len(c.args) == 2 {
			return c.fill(engine + "($*)"), of(varchar), nil
		}
		return c.fill(engine+"($1, ") + quoteText(blanks) + ")", of(varchar), nil
	}
}

// fromUTF8 puts U+FFFD, or what is given, in the place of bytes that are no text,
// which the engine refuses.
func fromUTF8(c *callSite) (string, typ, error) {
	by := quoteText("\ufffd")
	if len(c.args) == 2 {
		by = either(c.types[1].kind == integer, c.fill("chr(CAST($2 AS INTEGER))"), c.args[1])
	}
	return c.fill("coalesce("+attempt("decode($1)")+", ct_from_utf8(hex($1), ") + by + "))", of(varchar), nil
}

// concat is NULL when any part is, which || is in both.
func concat(c *callSite) (string, typ, error) {
	result := of(varchar)
	for _, k := range c.types {
		if k.kind == arrayKind {
			result = k
		}
	}
	for i, k := range c.types {
		switch k.kind {
		case arrayKind, varbinary:
		case varchar, unknown:
			if result.kind == arrayKind && k.kind == varchar {
				c.args[i] = alone(c.x.args[i], c.args[i])
			}
		default:
			if result.kind == arrayKind {
				c.args[i] = alone(c.x.args[i], c.args[i])
				continue
			}
			c.t.warn(c.x.at, codeImplicit, "concat of a %s: Athena wants CAST(… AS varchar)", k)
			c.args[i] = "CAST(" + c.args[i] + " AS VARCHAR)"
		}
	}
	return "(" + strings.Join(c.args, " || ") + ")", result, nil
}

func concatWS(c *callSite) (string, typ, error) {
	if len(c.args) == 2 && c.types[1].kind == arrayKind {
		return c.fill("CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN coalesce(array_to_string($2, $1), '') END"), of(varchar), nil
	}
	return c.fill("concat_ws($*)"), of(varchar), nil
}

func split(c *callSite) (string, typ, error) {
	if err := c.filled(1, "The delimiter may not be the empty string"); err != nil {
		return "", typ{}, err
	}
	if len(c.args) == 3 {
		if err := c.within(2, positive, "$ < 1", "Limit must be positive"); err != nil {
			return "", typ{}, err
		}
		return c.unlessNull(c.fill("ct_split($1, $2, $3)"), 0, 1), arrayOf(of(varchar)), nil
	}
	return c.unlessNull(c.fill("string_split($1, $2)"), 1), arrayOf(of(varchar)), nil
}

// formatSpec is one conversion of Java's format: %[argument$][flags][width]kind.
var formatSpec = re2.Own(`%(?:(\d+)\$)?([-#+ 0,(]*)(\d*(?:\.\d+)?)([a-zA-Z%])`)

// format writes Java's format, a conversion after the other; texts are made of
// what %s takes.
func format(c *callSite) (string, typ, error) {
	pattern, ok := c.literal(0)
	if !ok {
		return "", typ{}, c.errorf(codeRefused, "the format must be written in the query")
	}
	var texts []string
	last, next := 0, 1
	for _, m := range formatSpec.FindAllStringSubmatchIndex(pattern, -1) {
		text := func(group int) string { return pattern[max(m[2*group], 0):max(m[2*group+1], 0)] }
		if strings.Contains(pattern[last:m[0]], "%") {
			break
		}
		texts = append(texts, quoteText(pattern[last:m[0]]))
		last = m[1]
		if text(4) == "%" || text(4) == "n" {
			texts = append(texts, either(text(4) == "%", "'%'", "chr(10)"))
			continue
		}
		n := next
		if text(1) != "" {
			n, _ = strconv.Atoi(text(1))
		} else {
			next++
		}
		one, err := c.formatted(text(2)+text(3), text(4), n)
		if err != nil {
			return "", typ{}, err
		}
		texts = append(texts, one)
	}
	if strings.Contains(pattern[last:], "%") {
		return "", typ{}, c.errorf(codeFormat, "%q is no format of Java's", pattern[last:])
	}
	return "(" + strings.Join(append(texts, quoteText(pattern[last:])), " || ") + ")", of(varchar), nil
}

// formatted writes argument n by one conversion.
func (c *callSite) formatted(flags, kind string, n int) (string, error) {
	if n < 1 || n >= len(c.args) {
		return "", c.errorf(codeArguments, "the format wants an argument %d", n)
	}
	x, width := c.args[n], quoteText("%"+flags+kind)
	switch kind {
	case "s", "S":
		x, width = toText(x, c.types[n]), quoteText("%"+flags+"s")
		if c.types[n].kind == boolean {
			x = c.args[n] + "::VARCHAR"
		}
		if kind == "S" {
			x = "upper(" + x + ")"
		}
		if flags == "" {
			return "coalesce(" + x + ", 'null')", nil
		}
	case "b", "B":
		x, width = "CASE WHEN "+x+" THEN 'true' ELSE 'false' END", quoteText("%"+flags+"s")
		if kind == "B" {
			x = "upper(" + x + ")"
		}
	case "f", "e", "E", "g", "G":
		x = "CAST(" + x + " AS DOUBLE)"
	case "d", "x", "X", "o":
	default:
		return "", c.errorf(codeFormat, "of Java's formats %%s, %%d, %%f, %%e, %%x, %%o and %%b are to be had, not %%%s", kind)
	}
	return "coalesce(printf(" + width + ", " + x + "), " + quoteText(nullBy(flags)) + ")", nil
}

// nullBy is what Java's format makes of NULL: the word, cut and filled up as a text.
func nullBy(flags string) string {
	left := strings.Contains(strings.TrimRight(flags, "0123456789."), "-")
	width, precision, cut := strings.Cut(strings.TrimLeft(flags, "-#+ 0,("), ".")
	text := "null"
	if n, err := strconv.Atoi(precision); cut && err == nil {
		text = text[:min(n, len(text))]
	}
	return fmt.Sprintf("%"+either(left, "-", "")+either(len(width) < 4, width, "999")+"s", text)
}

// checkPattern refuses what RE2 does not have, and writes the rest for it. The
// tree is nil when the pattern is not written in the query.
func (c *callSite) checkPattern(i int) (*syntax.Regexp, error) {
	text, ok := c.literal(i)
	if !ok {
		return nil, nil
	}
	text, err := fromJava(text)
	if err == nil {
		_, err = re2.Check(text, false)
	}
	if err != nil {
		return nil, c.errorf(codePattern, "%v", err)
	}
	c.args[i] = quoteText(text)
	return syntax.Parse(text, syntax.Perl)
}

// hasGroups refuses a group that the pattern does not have.
func (c *callSite) hasGroups(tree *syntax.Regexp, n int) error {
	if tree != nil && (n < 0 || n > tree.MaxCap()) {
		return c.errorf(codePattern, "the pattern has %d groups, and no group %d", tree.MaxCap(), n)
	}
	return nil
}

// pattern writes a function whose second argument is a regular expression;
// without a template it is regexp_extract.
func pattern(template string, result typ) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		tree, err := c.checkPattern(1)
		group, isNumber := 0, false
		if err == nil && len(c.args) == 3 {
			if group, isNumber = c.number(2); isNumber {
				err = c.hasGroups(tree, group)
			}
		}
		switch {
		case err != nil:
			return "", typ{}, err
		case template != "":
			return c.fill(template), result, nil
		case len(c.args) == 2:
			c.args = append(c.args, "0")
		case tree == nil || !isNumber || optionalGroup(tree, group):
			return c.fill("ct_regexp_group($1, $2, CAST($3 AS BIGINT))"), result, nil
		}
		return c.fill("CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2, $3) END"), result, nil
	}
}

// regexpReplace replaces all matches; groups are $1 on Athena and \1 here.
func regexpReplace(c *callSite) (string, typ, error) {
	tree, err := c.checkPattern(1)
	if err != nil {
		return "", typ{}, err
	}
	engine := "regexp_replace($1, $2, $3, 'g')"
	if tree != nil && takesNothing(tree) && !looksBack(tree) {
		engine = "ct_regexp_replace($1, $2, $3)"
	}
	if len(c.args) == 2 {
		c.args = append(c.args, "''")
		return c.fill(engine), of(varchar), nil
	}
	if _, ok := c.x.args[2].(*lambda); ok {
		return c.replaceBy()
	}
	text, ok := c.literal(2)
	if !ok {
		c.args[2] = c.fill("ct_replacement($3)")
		return c.fill(engine), of(varchar), nil
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch next := i + 1; {
		case text[i] == '\\' && next == len(text):
			return "", typ{}, c.errorf(codePattern, "a \\ at the end of a replacement stands for nothing")
		case text[i] == '\\': // Java takes the next one as it is
			i++
			b.WriteString(either(text[i] == '\\', `\\`, string(text[i])))
		case text[i] == '$' && next < len(text) && text[next] >= '0' && text[next] <= '9':
			n, end := groupNumber(tree, text[next:])
			if err := c.hasGroups(tree, n); err != nil {
				return "", typ{}, err
			}
			if i += end; n > 9 { // which the engine does not have
				return "", typ{}, c.errorf(codeRefused, "group %d in a replacement is not to be had here; groups 1 to 9 are", n)
			}
			b.WriteString(`\` + strconv.Itoa(n))
		case strings.HasPrefix(text[i:], "${"):
			n, end := c.group(text[i+2:])
			if n < 0 {
				return "", typ{}, c.errorf(codePattern, "the pattern has no group of that name: %s", text[i:])
			}
			b.WriteString(`\` + strconv.Itoa(n))
			i += 2 + end
		case text[i] == '$':
			return "", typ{}, c.errorf(codePattern, "a $ in a replacement is followed by a group's number or {name}")
		default:
			b.WriteByte(text[i])
		}
	}
	c.args[2] = quoteText(b.String())
	return c.fill(engine), of(varchar), nil
}

// groupNumber reads the number of a group: as many digits as make a group that
// there is, and at least one. end is how many those are.
func groupNumber(tree *syntax.Regexp, digits string) (n, end int) {
	for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
		next := 10*n + int(digits[end]-'0')
		if end > 0 && (tree == nil || next > tree.MaxCap()) {
			break
		}
		n, end = next, end+1
	}
	return n, end
}

// group is the number of the group that the replacement names, up to a brace at
// end; -1 when the pattern has none.
func (c *callSite) group(rest string) (n, end int) {
	name, _, ok := strings.Cut(rest, "}")
	text, isText := c.literal(1)
	text, err := fromJava(text)
	if !ok || !isText || err != nil {
		return -1, 0
	}
	re, err := re2.Compile(text, false)
	if err != nil {
		return -1, 0
	}
	return re.SubexpIndex(name), len(name)
}

// splitTo writes split_to_map and split_to_multimap.
func splitTo(template string, result func([]typ) typ) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		for i, message := range []string{1: "entryDelimiter is empty", 2: "keyValueDelimiter is empty"} {
			if message == "" {
				continue
			}
			if err := c.filled(i, message); err != nil {
				return "", typ{}, err
			}
		}
		if c.args[1] == c.args[2] {
			return "", typ{}, c.errorf(codeArguments, "entryDelimiter and keyValueDelimiter must not be the same")
		}
		return c.fill(template), result(nil), nil
	}
}

// normalForms are the second argument of normalize, which is a word.
var normalForms = []string{"NFC", "NFD", "NFKC", "NFKD"}

func normalize(c *callSite) (string, typ, error) {
	if len(c.args) == 1 {
		return c.fill("nfc_normalize($1)"), of(varchar), nil
	}
	form, _ := c.literal(1)
	if !slices.Contains(normalForms, form) {
		return "", typ{}, c.errorf(codeArguments, "the form is one of NFC, NFD, NFKC and NFKD")
	}
	return c.fill("ct_normalize($1, $2)"), of(varchar), nil
}

// replaceBy writes regexp_replace with a lambda, which is given the groups of each
// match.
func (c *callSite) replaceBy() (string, typ, error) {
	p, body, _, err := c.lambda(2, []typ{arrayOf(of(varchar))}, nil)
	if err != nil {
		return "", typ{}, err
	}
	matches := c.fill("ct_regexp_matches($1, $2)")
	return "array_to_string(list_transform(CAST(CAST(" + matches + " AS JSON) AS STRUCT(b VARCHAR, g VARCHAR[])[]), ct_m -> ct_m.b || " +
		"CASE WHEN ct_m.g IS NULL THEN '' ELSE coalesce(list_transform([ct_m.g], " + p[0] + " -> " + body + ")[1], '') END), '')", of(varchar), nil
}
