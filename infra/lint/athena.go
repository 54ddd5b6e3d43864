package lint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/query/schema"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// maxStatement is the most bytes of SQL that are read at once: Athena takes no
// more.
const maxStatement = 262_144

// sqlFile judges a file of statements.
func (l *linter) sqlFile(f File) {
	if l.tooLong(f) {
		return
	}
	text := string(f.Text)
	line := 1
	for _, s := range strings.SplitAfter(text, ";")[:min(1000, strings.Count(text, ";")+1)] {
		body := strings.TrimLeft(s, " \t\r\n")
		first := line + strings.Count(s[:len(s)-len(body)], "\n")
		if body = strings.TrimSuffix(strings.TrimSpace(body), ";"); body != "" {
			l.sql(place{f.Name, "", &value.Value{Line: first, Column: 1}}, body, true)
		}
		line += strings.Count(s, "\n")
	}
	l.dropped(place{file: f.Name}, text)
}

var (
	isTable  = re2.Own(`(?i)^\s*(?:--[^\n]*\n\s*)*create\s+(?:external\s+)?table\b`)
	isQuery  = re2.Own(`(?i)^\s*(?:--[^\n]*\n\s*)*(?:select|with)\b`)
	ofTrail  = re2.Own(`(?i)eventname|eventsource|useridentity|eventtime|awsregion|cloudtrail`)
	dropping = re2.Own(`(?i)\bdrop\s+table\b`)
	creating = re2.Own(`(?i)\bcreate\s+external\s+table\b`)
)

// sql judges one statement. Lines of the text are lines of the file, counted from
// the place, when exact is set.
func (l *linter) sql(p place, text string, exact bool) {
	switch {
	case len(text) > maxStatement || !ofTrail.MatchString(text):
	case isTable.MatchString(text):
		l.ddl(p, text)
	case isQuery.MatchString(text):
		l.query(p, text, exact)
	}
}

// query judges a query by package athenasql.
func (l *linter) query(p place, text string, exact bool) {
	report, err := athenasql.Check(text, athenasql.Options{Now: l.now})
	var list diagnostic.List
	var d diagnostic.Diagnostic
	switch {
	case errors.As(err, &d):
		switch d.Code {
		case "AQ001", "AQ003":
			d.Code = "S4.D4-query-does-not-parse"
		case "AQ012":
			d.Code = "S4.D4-unknown-column"
		default:
			return // what the embedded engine lacks is no mistake on Athena
		}
		list = append(list, d)
	case err == nil:
		list = report.List
	}
	for _, d := range list {
		if d.Code = items()[d.Code]; d.Code == "" {
			continue
		}
		d.File, d.Rule = p.where(), p.object
		switch {
		case d.Line == 0 || !exact:
			d.Line, d.Column = p.at.Line, p.at.Column
		default:
			d.Line += p.at.Line - 1
		}
		l.keep(d)
	}
}

var (
	property   = re2.Own(`'([^'\n]+)'\s*=\s*'([^']*)'`)
	unquoted   = re2.Own(`(?i)[(,]\s*timestamp\s+string`)
	partitions = re2.Own(`(?i)partitioned\s+by`)
	oldSerde   = re2.Own(`(?i)com\.amazon\.emr\.hive\.serde\.CloudTrailSerde`)
)

// ddl judges the definition of a table over the files of a trail.
func (l *linter) ddl(p place, text string) {
	at := func(offset int) place {
		q := p
		before := text[:offset]
		line := strings.Count(before, "\n")
		q.at = &value.Value{Line: p.at.Line + line, Column: offset - strings.LastIndexByte(before, '\n')}
		return q
	}
	for _, m := range property.FindAllStringSubmatchIndex(text, 200) {
		l.regions(at(m[0]), text[m[2]:m[3]], text[m[4]:m[5]])
	}
	if m := oldSerde.FindStringIndex(text); m != nil {
		l.add("S4.D6-old-serde", diagnostic.Warning, at(m[0]), "CloudTrailSerde is the older reader of CloudTrail's files", "It leaves newer fields out.", "org.apache.hive.hcatalog.data.JsonSerDe")
	}
	if m := unquoted.FindStringIndex(text); m != nil {
		l.add("S4.D6-reserved-word", diagnostic.Error, at(m[0]), "timestamp is a reserved word", "Athena refuses the statement.", "`timestamp` string")
	}
	if !partitions.MatchString(text) {
		l.add("S4.D9-no-partitions", diagnostic.Warning, p, "the table has no partitions", "Every query reads, and pays for, all files there are.", "trailwarden athena ddl")
	}
	columns, _, _ := strings.Cut(strings.ToLower(text), "row format")
	l.columns(p, columns)
}

// regions holds a projection of regions to all there are.
func (l *linter) regions(p place, name, values string) {
	column, ok := strings.CutPrefix(name, "projection.")
	column, isValues := strings.CutSuffix(column, ".values")
	if !ok || !isValues {
		return
	}
	var listed []string
	for _, v := range strings.Split(values, ",") {
		listed = append(listed, strings.TrimSpace(v))
	}
	all := allRegions()
	if !slices.ContainsFunc(listed, func(r string) bool { return slices.Contains(all, r) }) {
		return // accounts, or another partition
	}
	missing := slices.DeleteFunc(slices.Clone(all), func(r string) bool { return slices.Contains(listed, r) })
	if len(missing) == 0 {
		return
	}
	l.add("S4.D3-regions-missing", diagnostic.Warning, p, fmt.Sprintf("%d of %d regions are missing from projection.%s.values: %s", len(missing), len(all), column, strings.Join(missing, ", ")),
		"What happens there is in the bucket, and no query sees it.", strings.Join(all, ","))
}

// allRegions are the regions of the partition that the published tables list.
func allRegions() []string {
	var all []string
	for _, r := range catalog.Default().Regions() {
		if r.Partition == "aws" {
			all = append(all, r.Code)
		}
	}
	return all
}

// columns holds a table's columns to those that CloudTrail's records have.
func (l *linter) columns(p place, text string) {
	words := map[string]bool{}
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }) {
		words[w] = true
	}
	var missing []string
	for _, c := range schema.Columns() {
		if c.Class == schema.Recorded && !words[c.Name] {
			missing = append(missing, c.Name)
		}
	}
	if len(missing) > 0 {
		l.add("S4.D10-columns-missing", diagnostic.Warning, p, "the table has no "+strings.Join(missing, ", "), "Queries cannot ask for what records have there.", "trailwarden athena ddl")
	}
}

// dropped says of a table that is dropped before it is made anew.
func (l *linter) dropped(p place, text string) {
	drop, create := dropping.FindStringIndex(text), creating.FindStringIndex(text)
	if drop == nil || create != nil && create[0] < drop[0] {
		return
	}
	p.at = placeOf(text, drop[0])
	l.add("S4.D6-drop-before-create", diagnostic.Warning, p, "the table is dropped before it is made anew", "Queries fail in between, and for good when making it fails.",
		"ALTER TABLE … SET TBLPROPERTIES, or trailwarden athena sync")
}

// placeOf is where an offset of a text is.
func placeOf(text string, offset int) *value.Value {
	before := text[:offset]
	return &value.Value{Line: 1 + strings.Count(before, "\n"), Column: offset - strings.LastIndexByte(before, '\n')}
}

// workgroup judges a workgroup of Athena.
func (l *linter) workgroup(r *resource) {
	c := firstOf(r.get("Configuration"), r.get("WorkGroupConfiguration"))
	if c.Get("BytesScannedCutoffPerQuery") == nil && (c == nil || c.Only().Kind == value.Map) {
		l.add("S4.D9-no-scan-limit", diagnostic.Warning, r.place(c), "the workgroup has no limit on what a query reads", "One query without a partition filter reads years of logs, and is paid for by the byte.",
			"bytes_scanned_cutoff_per_query (BytesScannedCutoffPerQuery), for example 107374182400")
	}
}

// namedQuery judges a query that is kept on Athena.
func (l *linter) namedQuery(r *resource) {
	if q := r.get("QueryString", "Query"); q != nil && q.Kind == value.Text {
		l.sql(place{r.file, r.address, q}, strings.TrimSpace(q.Text), false)
	}
}

// table judges a table of Glue's catalogue.
func (l *linter) table(r *resource) {
	t := firstOf(r.get("TableInput"), r.body)
	params := t.Get("Parameters")
	if params == nil || params.Kind != value.Map || !ofTrail.Match(encode(t)) {
		return
	}
	for i, k := range params.Keys {
		if v := params.Items[i]; v.Known() {
			l.regions(r.place(v), k.Name, v.String())
		}
	}
	var names []string
	for _, c := range firstOf(t.Get("StorageDescriptor").Get("Columns"), t.Get("StorageDescriptor").Get("columns")).Each() {
		names = append(names, strings.ToLower(firstOf(c.Get("Name"), c.Get("name")).String()))
	}
	if len(names) > 0 && whole(t.Get("StorageDescriptor").Get("Columns")) {
		l.columns(r.place(nil), strings.Join(names, " "))
	}
}
