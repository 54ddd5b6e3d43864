package lint

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// statements are the queries that stand in texts of the code.
func (l *linter) statements(file, text string) {
	for _, q := range queriesIn(text) {
		l.sql(place{file, "", placeOf(text, q.offset)}, q.sql, false)
	}
}

// quotedSQL is a query in a text of code.
type quotedSQL struct {
	sql    string
	offset int
}

var startsSQL = re2.Own("(?i)(\"\"\"|'''|[\"'`])\\s*(?:select\\s|with\\s+\\w+\\s+as\\s*\\()")

// queriesIn finds them. What is put in by formatting becomes a word.
func queriesIn(text string) []quotedSQL {
	var all []quotedSQL
	for _, m := range startsSQL.FindAllStringSubmatchIndex(text, 50) {
		quote := text[m[2]:m[3]]
		body := text[m[3]:min(len(text), m[3]+maxBody)]
		end := closes(body, quote)
		if end < 0 {
			continue
		}
		sql := strings.NewReplacer("\\\n", "\n", `\'`, `'`, `\"`, `"`, `\n`, "\n").Replace(body[:end])
		all = append(all, quotedSQL{strings.TrimSpace(inserted.ReplaceAllString(sql, "2026/01/02")), m[0]})
	}
	return all
}

// inserted is what formatting puts in: {x}, ${x}, %s.
var inserted = re2.Own(`\$?\{[^{}\n]{0,200}\}|%s`)

// closes is where a text of code ends.
func closes(body, quote string) int {
	for i := 0; i < len(body); i++ {
		if body[i] == '\\' {
			i++
			continue
		}
		if strings.HasPrefix(body[i:], quote) {
			return i
		}
	}
	return -1
}

var (
	rowReads = re2.Own(`\b(?:row|result|record|item|r|res|line|entry)\[\s*["'](\w+)["']\s*\]`)
	selected = re2.Own(`(?is)\bselect\b(.+?)\bfrom\b`)
	isRow    = re2.Own(`(?i)athena|get_?query|cloudtrail_logs`)
)

// answerKeys are names in Athena's answers that are no columns.
func answerKeys() []string {
	return []string{"ResultSet", "Rows", "Data", "VarCharValue", "ResultSetMetadata", "ColumnInfo", "NextToken", "QueryExecution", "QueryExecutionId", "Status", "State"}
}

// columnsRead finds columns that code reads and its queries do not select.
func (l *linter) columnsRead(file, text string) {
	if !isRow.MatchString(text) {
		return
	}
	columns := map[string]bool{}
	for _, m := range selected.FindAllStringSubmatch(text, 100) {
		for _, c := range strings.Split(m[1], ",") {
			if strings.Contains(c, "*") && !strings.Contains(c, "(") {
				return
			}
			words := strings.FieldsFunc(c, func(r rune) bool {
				return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
			})
			if len(words) > 0 {
				columns[strings.ToLower(words[len(words)-1])] = true
			}
		}
	}
	if len(columns) == 0 {
		return
	}
	var missing []string
	first := -1
	for _, m := range rowReads.FindAllStringSubmatchIndex(text, 100) {
		name := text[m[2]:m[3]]
		if !columns[strings.ToLower(name)] && !slices.Contains(answerKeys(), name) && !slices.Contains(missing, name) {
			missing = append(missing, name)
			if first < 0 {
				first = m[0]
			}
		}
	}
	if len(missing) > 0 && len(missing) < 12 {
		l.likely("S4.D4-column-not-selected", diagnostic.Error, file, text, first, "rows are asked for "+strings.Join(missing, ", ")+", which no query here selects", "The first row throws, and nothing is sent.", "select what the message needs")
	}
}
