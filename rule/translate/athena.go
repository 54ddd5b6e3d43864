package translate

import (
	"strings"

	"github.com/trailwarden/trailwarden/detect"
)

// athena writes a question over the table of CloudTrail logs (Athena User
// Guide, "Query AWS CloudTrail logs").
func (t *translation) athena(f form) string {
	w := &athenaWriter{t}
	where := t.text(writer{atom: w.atom, and: " AND ", or: " OR ", never: "FALSE", open: "(", end: ")"}, f)
	if where == "" {
		return ""
	}
	table := t.o.Table
	if table == "" {
		table = "default.cloudtrail_logs"
	}
	t.res.Limits = append(t.res.Limits, "without a condition on the partitions (account, region, timestamp) every file is scanned: add one")
	return "SELECT *\nFROM " + table + "\nWHERE " + where
}

type athenaWriter struct{ *translation }

// documents are the columns that hold JSON text.
var documents = list("requestParameters responseElements additionalEventData serviceEventDetails")

// noColumn are documented fields that the table does not have.
var noColumn = list("managementEvent userIdentity.identityProvider")

// column is the expression for a path: NULL where there is no scalar.
func (w *athenaWriter) column(p detect.Path) (expr string, documented, ok bool) {
	if _, documented = w.kinds(p); documented {
		n := joined(p)
		return strings.ToLower(n), true, noColumn[strings.ToLower(n)] == ""
	}
	if p.Root != detect.RootRecord || !single(p) || p.Fold || !plainKeys(p) || len(p.Steps) < 2 || documents[strings.ToLower(p.Steps[0].Key)] != p.Steps[0].Key {
		return "", false, false
	}
	path := "$"
	for _, s := range p.Steps[1:] {
		if strings.ContainsAny(s.Key, "\"\\]'\x00") {
			return "", false, false
		}
		if strings.Trim(s.Key, nameChars) == "" && !strings.Contains(s.Key, "-") {
			path += "." + s.Key
		} else {
			path += `["` + s.Key + `"]`
		}
	}
	return "json_extract_scalar(" + strings.ToLower(p.Steps[0].Key) + ", '" + path + "')", false, true
}

func (w *athenaWriter) atom(a atom) string {
	col, documented, ok := w.column(a.test.Path)
	if a.compare != nil {
		return w.compare(a, col, ok)
	}
	if !ok {
		w.lose(a, "the table has no column for it, or its JSON functions do not reach it: they enter no lists and know one letter case")
		return ""
	}
	yes, exact := w.test(a, col, documented)
	switch {
	case !a.negated:
		if !exact && yes != "" {
			w.lose(a, "SQL says it more weakly")
		}
		return yes
	case !exact || yes == "":
		w.lose(a, "its negation cannot be said without losing matches")
		return ""
	}
	if _, is := a.test.Match.(detect.Is); is {
		return strings.TrimSuffix(yes, " IS NOT NULL") + " IS NULL"
	}
	return "NOT coalesce(" + yes + ", FALSE)"
}

func (w *athenaWriter) compare(a atom, left string, ok bool) string {
	right, _, okRight := w.column(a.compare.Right)
	_, l := w.kinds(a.compare.Left)
	_, r := w.kinds(a.compare.Right)
	if !ok || !okRight || !l || !r || a.compare.Op != detect.Equal || a.compare.Fold {
		w.lose(a, "fields are compared for equality only, in their letter case, and only documented ones")
		return ""
	}
	if a.negated {
		return "NOT coalesce(" + left + " = " + right + ", FALSE)"
	}
	return left + " = " + right
}

// test is the condition; exact tells whether it is just the test.
func (w *athenaWriter) test(a atom, col string, documented bool) (string, bool) {
	if is, ok := a.test.Match.(detect.Is); ok {
		return w.is(a, detect.Kinds(is), col, documented)
	}
	if !documented && kindsOf(a.test.Match)&^detect.Scalars != 0 {
		w.lose(a, "objects, lists and null are no values in SQL")
		return "", false
	}
	list, ok := asTexts(a.test.Match)
	if !ok {
		return w.otherwise(a, col)
	}
	var out []string
	var equal []string
	exact := true
	kinds, _ := w.kinds(a.test.Path)
	for _, x := range list {
		if !documented && numberish(x.Op, x.Values[0], x.Fold) || strings.Contains(x.Values[0], "\x00") {
			w.lose(a, "numbers may be spelled otherwise in SQL; any value counts")
			return col + " IS NOT NULL", false
		}
		// A column of flags has one text for a boolean and for its text.
		if documented && kinds&^x.Kinds != 0 && numberish(x.Op, x.Values[0], x.Fold) {
			exact = false
		}
		if x.Fold {
			exact = exact && !strings.ContainsAny(x.Values[0], "iIıİ")
		}
		if x.Op == detect.Equal && !x.Fold {
			equal = append(equal, literal(x.Values[0]))
			continue
		}
		out = append(out, like(col, x))
	}
	if len(equal) > 0 {
		out = append([]string{in(col, equal)}, out...)
	}
	return writer{open: "(", end: ")"}.joined(" OR ", out), exact
}

func (w *athenaWriter) is(a atom, k detect.Kinds, col string, documented bool) (string, bool) {
	kinds, _ := w.kinds(a.test.Path)
	switch {
	case documented && kinds&^k == 0, k == detect.Scalars:
		return col + " IS NOT NULL", true
	case k&^detect.Scalars == 0:
		return col + " IS NOT NULL", false
	}
	w.lose(a, "objects, lists and null are no values in SQL")
	return "", false
}

// otherwise asks for what SQL has no exact word for.
func (w *athenaWriter) otherwise(a atom, col string) (string, bool) {
	w.lose(a, "SQL cannot say it in a way that is the same everywhere; any value counts")
	return col + " IS NOT NULL", false
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func in(col string, values []string) string {
	if len(values) == 1 {
		return col + " = " + values[0]
	}
	return col + " IN (" + strings.Join(values, ", ") + ")"
}

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// like compares by LIKE. Ignoring case, both sides are made upper and then
// lower case: some letters have two of one and some of the other.
func like(col string, x detect.Text) string {
	v := x.Values[0]
	if x.Fold {
		col, v = "lower(upper("+col+"))", detect.FoldText(v)
	}
	if x.Op == detect.Equal {
		if x.Fold {
			return col + " = lower(upper(" + literal(v) + "))"
		}
		return col + " = " + literal(v)
	}
	pattern := likeEscapes.Replace(v)
	if x.Op != detect.HasPrefix {
		pattern = "%" + pattern
	}
	if x.Op != detect.HasSuffix {
		pattern += "%"
	}
	escape := ""
	if strings.Contains(pattern, `\`) {
		escape = ` ESCAPE '\'`
	}
	if x.Fold {
		return col + " LIKE lower(upper(" + literal(pattern) + "))" + escape
	}
	return col + " LIKE " + literal(pattern) + escape
}
