package lint

import (
	"strings"
	"sync"

	"github.com/trailwarden/trailwarden/infra/policy"
	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// article judges a text for people that has pieces of infrastructure in it.
func (l *linter) article(f File) {
	if l.tooLong(f) {
		return
	}
	text := string(f.Text)
	l.script(f, text)
	l.code(f, text)
	text = text[:min(len(text), maxCode)]
	l.pieces(f.Name, text)
	l.tables(f.Name, text)
	l.queries(f.Name, text)
	l.prose(f.Name, text)
}

// maxTries bounds how often a piece of an article is tried, and maxTried how many
// bytes that takes.
const (
	maxTries = 2000
	maxTried = 16 << 20
)

// pieces are the JSON documents and filter patterns that begin on lines of their
// own.
func (l *linter) pieces(file, text string) {
	heredocs := inHeredocs(text)
	tried := 0
	for offset, line, tries := 0, 1, 0; offset < len(text) && tries < maxTries && tried < maxTried; {
		end := offset + len(lineAt(text, offset))
		trimmed := strings.TrimLeft(text[offset:end], " \t\u00a0")
		next, rows := end+1, 1
		switch {
		case !strings.HasPrefix(trimmed, "{") || heredocs[line]:
		case isFilter.MatchString(trimmed):
			column := end - offset - len(trimmed) + 1
			l.filter(place{file, "", &value.Value{Line: line, Column: column}}, strings.TrimSpace(trimmed))
		default:
			tries++
			column := end - offset - len(trimmed) + 1
			r, err := value.ReadText(text[end-len(trimmed):], line, column)
			tried += r.Bytes + 1
			if err != nil || !l.piece(file, r) {
				break
			}
			next = end - len(trimmed) + r.Bytes
			rows = strings.Count(text[offset:next], "\n")
			if rest := lineAt(text, next); next < len(text) {
				next, rows = next+len(rest)+1, rows+1
			}
		}
		offset, line = next, line+rows
	}
}

// lineAt is the line that an offset begins, up to its end.
func lineAt(text string, offset int) string {
	line, _, _ := strings.Cut(text[offset:], "\n")
	return line
}

// isFilter is a filter pattern of CloudWatch Logs on a line of its own.
var isFilter = re2.Own(`^\{.*\$\.\w+.*\}\s*$`)

// piece judges a document of an article; false when it is none.
func (l *linter) piece(file string, r value.Read) bool {
	v := r.Value
	if v == nil || v.Kind != value.Map || len(v.Keys) == 0 {
		return false
	}
	known := false
	for _, k := range v.Keys {
		known = known || strings.Contains(pieceKeys, " "+k.Name+" ") || strings.HasSuffix(k.Name, "Configuration") || strings.HasSuffix(k.Name, "Configurations")
	}
	if !known {
		return false
	}
	for _, d := range policy.Problems(r.Problems) {
		d.File = file
		l.keep(d)
	}
	l.document(file, "", v)
	return true
}

// pieceKeys are keys by which a document of an article is known for one.
const pieceKeys = " Version Statement Records Policy source detail detail-type regexp sns Resources EventPattern Rules metricFilters MetricAlarms trailList EventSelectors AdvancedEventSelectors Targets "

// inHeredocs are the lines within documents that a script writes.
func inHeredocs(text string) map[int]bool {
	in, ends := map[int]bool{}, map[string]int{}
	word := ""
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		ends[strings.TrimSpace(line)] = i
	}
	for i, line := range lines {
		if word != "" {
			in[i+1] = true
			if strings.TrimSpace(line) == word {
				word = ""
			}
			continue
		}
		if m := heredocStart.FindStringSubmatch(line); m != nil && ends[m[1]] > i {
			word = m[1]
		}
	}
	return in
}

var heredocStart = re2.Own(`<<-?\s*['"]?([A-Z_]{2,40})['"]?\s*$`)

// maxTable bounds a definition of a table in an article, in bytes.
const maxTable = 32 << 10

var tableStart = re2.Own(`(?im)^[ \t]*create\s+external\s+table\b`)

// tables are definitions of tables in an article.
func (l *linter) tables(file, text string) {
	for _, m := range tableStart.FindAllStringIndex(text, 20) {
		rest := text[m[0]:min(len(text), m[0]+maxTable)]
		if end := tableEnd(rest); end > 0 {
			l.sql(place{file, "", placeOf(text, m[0])}, rest[:end], true)
		}
	}
}

// tableEnd is where a definition ends: behind the last of its brackets, which
// stand open, or at a semicolon.
func tableEnd(text string) int {
	depth, last := 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			if j := strings.IndexByte(text[i+1:], '\''); j >= 0 {
				i += j + 1
			}
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				last = i + 1
			}
		case c == ';' && depth == 0:
			return i
		case c == '\n' && depth == 0 && last > 0 && !clause.MatchString(strings.TrimSpace(lineAt(text, i+1))):
			return last
		}
	}
	return last
}

// clause is a line that goes on with a definition.
var clause = re2.Own(`(?i)^(?:$|\)|\(|'|partitioned|row|stored|outputformat|inputformat|location|tblproperties|comment|with|--)`)

var queryStart = re2.Own(`(?m)^[ \t]*(?:SELECT|select|WITH|with)\b[^.:]*$`)

// maxQueryLines bounds a query in an article, and maxBeyond how many lines may be
// wrong before one is right again.
const (
	maxQueryLines = 40
	maxBeyond     = 8
)

// queries are the queries in an article, which does not say where they end: as
// much is taken as is a query.
func (l *linter) queries(file, text string) {
	for _, m := range queryStart.FindAllStringIndex(text, 20) {
		lines := strings.Split(text[m[0]:min(len(text), m[0]+maxBody)], "\n")
		good, from := 0, false
		for n := 1; n <= min(len(lines), maxQueryLines) && n <= good+maxBeyond+8; n++ {
			from = from || fromLine.MatchString(lines[n-1])
			if !from {
				continue
			}
			if _, err := athenasql.Check(strings.TrimSuffix(strings.TrimSpace(strings.Join(lines[:n], "\n")), ";"), athenasql.Options{Now: l.now}); err == nil {
				good = n
			}
			if strings.HasSuffix(strings.TrimSpace(lines[n-1]), ";") || good > 0 && n > good+maxBeyond {
				break
			}
		}
		if good > 0 {
			l.sql(place{file, "", placeOf(text, m[0])}, strings.TrimSuffix(strings.TrimSpace(strings.Join(lines[:good], "\n")), ";"), true)
		}
	}
}

var fromLine = re2.Own(`(?i)\bfrom\b`)

// sentences are what articles tell their readers to do.
var sentences = sync.OnceValue(makeSentences)

func makeSentences() []sign {
	re := re2.Own
	return []sign{
		{"S0.D1-service-taken-for-region", diagnostic.Error, re(`(?i)\beventSource\b[^.]{0,80}\bfrom\s+(?:any|one|all)\b[^.]{0,40}\bregions?\b`), nil, nil,
			"the service (eventSource) is taken for the region", "eventSource is iam.amazonaws.com and the like; the condition holds for every record or for none.", "awsRegion"},
		{"S0.D3-single-region-trail", diagnostic.Warning, re(`(?i)\bfor\s+(?:all|each|every)(?:\s+of)?(?:\s+the)?\s+[\w-]*\s*regions?\b[^.]{0,60}\bsame\b[^.]{0,40}\bbucket`), nil, nil,
			"a trail for each region", "A region that is enabled later is not recorded; several such trails record global services' events several times.", "one trail with --is-multi-region-trail"},
		{"S0.D5-secret-in-plain-text", diagnostic.Error, re(`(?i)\b(?:specify|put|enter|write|set|add)\b[^.\n]{0,40}\b(?:password|credentials|secrets?)\b[^.\n]{0,60}\b\w+\.(?:py|js|ts|java|rb|go)\b`), nil, nil,
			"credentials are written into a file of the package", "Everybody who gets the package has them.", "a reference to a secret"},
		{"S1.D1-account-from-request", diagnostic.Warning, re(`requestParameters[^.\n]{0,80}\b(?:which|what|whose) account`), nil, nil,
			"the account is read from the request's parameters", "They may be null, and hold what the caller asked for, not the account of the event.", `recipientAccountId, or "account" of the event's envelope`},
	}
}

func (l *linter) prose(file, text string) {
	l.signs(file, sentences(), text)
}
