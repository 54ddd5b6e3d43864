package athenasql

import (
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/query/schema"
)

// answer is a small table that the text alone decides.
type answer struct {
	columns []string
	rows    [][]string
}

// sql is a query that gives the answer.
func (a *answer) sql() string {
	names := make([]string, len(a.columns))
	nulls := make([]string, len(a.columns))
	for i, c := range a.columns {
		names[i], nulls[i] = quoteName(c), "CAST(NULL AS VARCHAR)"
	}
	if len(a.rows) == 0 {
		return "SELECT * FROM (VALUES (" + strings.Join(nulls, ", ") + ")) AS t(" + strings.Join(names, ", ") + ") WHERE false"
	}
	rows := make([]string, len(a.rows))
	for i, r := range a.rows {
		cells := make([]string, len(r))
		for j, c := range r {
			cells[j] = quoteText(c)
		}
		rows[i] = "(" + strings.Join(cells, ", ") + ")"
	}
	return "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS t(" + strings.Join(names, ", ") + ")"
}

// list is an answer of one column.
func listAnswer(column string, values ...string) *answer {
	a := &answer{columns: []string{column}}
	for _, v := range values {
		a.rows = append(a.rows, []string{v})
	}
	return a
}

// show reads SHOW and DESCRIBE.
func (p *parser) show(s *statement) error {
	if t := p.advance(); !t.is("SHOW") {
		p.word("FORMATTED")
		p.word("EXTENDED")
		return p.ofTable(s, describeTrail)
	}
	switch {
	case p.word("TABLES") || p.word("VIEWS"):
		s.rows = listAnswer("tab_name", "cloudtrail_logs")
		p.pattern()
	case p.word("DATABASES") || p.word("SCHEMAS"):
		s.rows = listAnswer("database_name", "default")
		p.pattern()
	case p.word("FUNCTIONS"):
		s.functions = true // listed by who answers: reading alone needs to know none
		p.pattern()
	case p.word("COLUMNS"):
		if !p.word("FROM") && !p.word("IN") {
			return p.unexpected("want FROM")
		}
		return p.ofTable(s, describeTrail)
	case p.words("CREATE", "TABLE"):
		return p.ofTable(s, createTrail)
	case p.word("TBLPROPERTIES"):
		return p.ofTable(s, trailProperties)
	case p.word("PARTITIONS"):
		return p.showPartitions(s)
	default:
		return &syntaxError{at: p.tok().at, code: codeUnsupported, message: "this SHOW is not to be had here",
			help: "SHOW TABLES, DATABASES, COLUMNS, PARTITIONS, FUNCTIONS, TBLPROPERTIES or CREATE TABLE"}
	}
	return nil
}

// pattern passes over IN database and a pattern of names.
func (p *parser) pattern() {
	for k := p.tok().kind; k == tokWord || k == tokQuoted || k == tokString; k = p.tok().kind {
		p.advance()
	}
}

func (p *parser) ofTable(s *statement, rows func() *answer) error {
	if _, err := p.table(); err != nil {
		return err
	}
	if p.tok().sym("(") { // one property of TBLPROPERTIES
		p.group()
	}
	s.rows = rows()
	return nil
}

// partitionsSQL lists the partitions that have records.
const partitionsSQL = `SELECT DISTINCT concat('account=', account, '/region=', region, '/timestamp=', "timestamp") AS "partition" FROM cloudtrail_logs ORDER BY 1`

func (p *parser) showPartitions(s *statement) error {
	if _, err := p.table(); err != nil {
		return err
	}
	inner, err := parse(partitionsSQL, Options{})
	if err == nil {
		s.query = inner.query
	}
	return err
}

func describeTrail() *answer {
	a := &answer{columns: []string{"col_name", "data_type", "comment"}}
	for _, c := range schema.Columns() {
		if c.Class != schema.Extra {
			a.rows = append(a.rows, []string{c.Name, c.SQLType(), either(c.Class == schema.Partition, "partition", "")})
		}
	}
	return a
}

// createTrail is the table as a statement, one line in each row.
func createTrail() *answer {
	var columns, partitions []string
	for _, c := range schema.Columns() {
		line := "  `" + c.Name + "` " + c.SQLType()
		switch c.Class {
		case schema.Recorded:
			columns = append(columns, line)
		case schema.Partition:
			partitions = append(partitions, line)
		}
	}
	text := "CREATE EXTERNAL TABLE `cloudtrail_logs`(\n" + strings.Join(columns, ",\n") + ")\nPARTITIONED BY (\n" + strings.Join(partitions, ",\n") + ")"
	return listAnswer("createtab_stmt", strings.Split(text, "\n")...)
}

// catalogTable is a table of information_schema, as far as there is something to
// tell.
func catalogTable(r *table) *answer {
	if n := len(r.parts); n < 2 || !strings.EqualFold(r.parts[n-2].text, "information_schema") {
		return nil
	}
	switch strings.ToLower(r.parts[len(r.parts)-1].text) {
	case "schemata":
		return &answer{columns: []string{"catalog_name", "schema_name"}, rows: [][]string{{"awsdatacatalog", "default"}}}
	case "tables":
		return &answer{columns: []string{"table_catalog", "table_schema", "table_name", "table_type"}, rows: [][]string{{"awsdatacatalog", "default", "cloudtrail_logs", "BASE TABLE"}}}
	case "columns":
		a := &answer{columns: []string{"table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "is_nullable", "data_type"}}
		for i, c := range schema.Columns() {
			if c.Class != schema.Extra {
				a.rows = append(a.rows, []string{"awsdatacatalog", "default", "cloudtrail_logs", c.Name, strconv.Itoa(i + 1), "YES", columnType(c.Field).String()})
			}
		}
		return a
	}
	return nil
}

func trailProperties() *answer {
	return &answer{columns: []string{"prpt_name", "prpt_value"}, rows: [][]string{{"EXTERNAL", "TRUE"}, {"classification", "cloudtrail"}}}
}
