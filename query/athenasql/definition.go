package athenasql

// create reads CREATE VIEW and CREATE TABLE AS, and passes over definitions of
// tables and databases, which the trail does not need.
func (s *script) create() error {
	t := s.advance()
	or := s.words("OR", "REPLACE")
	s.words("PROTECTED", "MULTI", "DIALECT")
	switch {
	case s.word("VIEW"):
		return s.define(t, "CREATE VIEW", func() error { return nil })
	case !or && (s.word("DATABASE") || s.word("SCHEMA")):
		return s.nothing(t, "CREATE DATABASE", s.database)
	case !or && s.words("EXTERNAL", "TABLE"):
		return s.nothing(t, "CREATE EXTERNAL TABLE", s.externalTable)
	case !or && s.word("TABLE"):
		return s.createTable(t)
	}
	s.i--
	for !s.tok().is("CREATE") {
		s.i--
	}
	return s.noQuery()
}

// createTable reads CREATE TABLE AS, or the definition of an Iceberg table.
func (s *script) createTable(t token) error {
	begin := s.i
	s.words("IF", "NOT", "EXISTS")
	if _, err := s.tableName(); err != nil {
		return err
	}
	columns := s.tok().sym("(")
	s.i = begin
	if columns {
		return s.nothing(t, "CREATE TABLE", s.externalTable)
	}
	return s.define(t, "CREATE TABLE AS", func() error {
		if s.tok().is("WITH") && s.ahead(1).sym("(") {
			s.advance()
			s.group()
		}
		return nil
	})
}

// tableName reads a table's name, without an alias.
func (s *script) tableName() (ident, error) {
	name, err := s.ident("a name")
	for err == nil && s.sym(".") {
		name, err = s.afterDot("a name")
	}
	return name, err
}

// define reads name … AS query.
func (s *script) define(t token, what string, options func() error) error {
	s.words("IF", "NOT", "EXISTS")
	name, err := s.tableName()
	if err != nil {
		return err
	}
	if err := options(); err != nil {
		return err
	}
	if err := s.wantWord("AS"); err != nil {
		return err
	}
	q, err := s.query()
	if err != nil {
		return err
	}
	if s.words("WITH", "NO", "DATA") {
		q = emptied(q)
	} else {
		s.words("WITH", "DATA")
	}
	s.made(t, "%s %s: nothing is made; it lives as long as this text, and its rows are worked out when they are asked for", what, name.text)
	s.defined = append(s.defined, definition{name, q, what})
	return nil
}

// emptied is a query with the columns of q and no rows.
func emptied(q *query) *query {
	return &query{at: q.at, limit: &literal{node{q.at}, litInteger, "0"}, body: &nested{node{q.at}, q}}
}

// database reads the rest of CREATE DATABASE.
func (s *script) database() error {
	s.words("IF", "NOT", "EXISTS")
	if _, err := s.tableName(); err != nil {
		return err
	}
	return s.clauses()
}

// externalTable reads the rest of CREATE EXTERNAL TABLE, as the Athena User
// Guide gives it (CREATE TABLE).
func (s *script) externalTable() error {
	s.words("IF", "NOT", "EXISTS")
	if _, err := s.tableName(); err != nil {
		return err
	}
	if s.tok().sym("(") {
		if err := s.columnDefinitions(); err != nil {
			return err
		}
	}
	return s.clauses()
}

// columnDefinitions reads (name type COMMENT 'text', …); a partition of an
// Iceberg table may be a function of a column.
func (s *script) columnDefinitions() error {
	s.advance()
	_, err := list(s.parser, func() (struct{}, error) {
		t := s.advance()
		if t.kind != tokWord && t.kind != tokQuoted {
			s.i--
			return struct{}{}, s.unexpected("want a column's name")
		}
		if s.tok().sym("(") {
			s.group()
		} else if next := s.tok(); !next.sym(",") && !next.sym(")") {
			if _, err := s.typeName(); err != nil {
				return struct{}{}, err
			}
		}
		if s.word("COMMENT") {
			s.advance()
		}
		return struct{}{}, nil
	})
	if err != nil {
		return err
	}
	return s.wantSym(")")
}

// clauseHeads are the words that begin a clause of a definition, and whether
// columns in brackets follow.
var clauseHeads = []struct {
	words   []string
	columns bool
}{
	{[]string{"COMMENT"}, false}, {[]string{"PARTITIONED", "BY"}, true}, {[]string{"CLUSTERED", "BY"}, true}, {[]string{"INTO"}, false},
	{[]string{"ROW", "FORMAT", "SERDE"}, false}, {[]string{"ROW", "FORMAT", "DELIMITED"}, false}, {[]string{"WITH", "SERDEPROPERTIES"}, false},
	{[]string{"WITH", "DBPROPERTIES"}, false}, {[]string{"FIELDS", "TERMINATED", "BY"}, false}, {[]string{"ESCAPED", "BY"}, false},
	{[]string{"COLLECTION", "ITEMS", "TERMINATED", "BY"}, false}, {[]string{"MAP", "KEYS", "TERMINATED", "BY"}, false},
	{[]string{"LINES", "TERMINATED", "BY"}, false}, {[]string{"NULL", "DEFINED", "AS"}, false}, {[]string{"STORED", "AS", "INPUTFORMAT"}, false},
	{[]string{"OUTPUTFORMAT"}, false}, {[]string{"STORED", "AS"}, false}, {[]string{"LOCATION"}, false}, {[]string{"TBLPROPERTIES"}, false},
}

// clauses reads the clauses of a definition: words, and a value or something in
// brackets.
func (s *script) clauses() error {
	for t := s.tok(); t.kind != tokEnd && !t.sym(";"); t = s.tok() {
		known := false
		for _, h := range clauseHeads {
			if known = s.words(h.words...); !known {
				continue
			}
			if h.columns && s.tok().sym("(") {
				if err := s.columnDefinitions(); err != nil {
					return err
				}
			}
			break
		}
		if !known {
			return s.unexpected("want a clause such as PARTITIONED BY, ROW FORMAT SERDE, STORED AS, LOCATION or TBLPROPERTIES")
		}
		s.clauseValue()
	}
	return nil
}

// clauseValue passes over the value of a clause.
func (s *script) clauseValue() {
	switch t := s.tok(); {
	case t.sym("("):
		s.group()
	case t.kind == tokString:
		s.advance()
	case t.kind == tokNumber:
		s.advance()
		s.word("BUCKETS")
	case t.is("PARQUET") || t.is("ORC") || t.is("AVRO") || t.is("TEXTFILE") || t.is("SEQUENCEFILE") || t.is("RCFILE") || t.is("JSON") || t.is("ION"):
		s.advance()
	}
}

// alterations are what may follow the table's name in ALTER TABLE.
var alterations = [][]string{
	{"ADD", "IF", "NOT", "EXISTS", "PARTITION"}, {"ADD", "PARTITION"}, {"DROP", "IF", "EXISTS", "PARTITION"}, {"DROP", "PARTITION"},
	{"RENAME", "PARTITION"}, {"PARTITION"}, {"ADD", "COLUMNS"}, {"REPLACE", "COLUMNS"}, {"CHANGE", "COLUMN"}, {"CHANGE"}, {"DROP", "COLUMN"},
	{"SET", "LOCATION"}, {"SET", "TBLPROPERTIES"},
}

// alter reads the rest of ALTER TABLE.
func (s *script) alter() error {
	if _, err := s.tableName(); err != nil {
		return err
	}
	for _, words := range alterations {
		if s.words(words...) {
			s.toEnd()
			return nil
		}
	}
	return s.unexpected("want ADD PARTITION, ADD COLUMNS, DROP PARTITION, SET LOCATION or SET TBLPROPERTIES")
}

// toEnd passes over the rest of the statement.
func (s *script) toEnd() {
	for t := s.tok(); t.kind != tokEnd && !t.sym(";"); t = s.tok() {
		s.advance()
	}
}
