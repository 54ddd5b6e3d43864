package athenasql

// expr is an expression of the syntax tree. Every node knows its place in the
// text.
type expr interface{ pos() int }

type node struct{ at int }

func (n node) pos() int { return n.at }

// ident is a name as written.
type ident struct {
	text   string
	quoted bool
	at     int
}

type (
	// name is a column, perhaps with the table before it and fields behind.
	name struct {
		node
		parts []ident
	}
	// field is a field of what an expression gives.
	field struct {
		node
		x    expr
		name ident
	}
	// literal is a text, number, boolean or NULL.
	literal struct {
		node
		kind literalKind
		text string
	}
	// typed is a text with its type before it: DATE '2026-01-01'.
	typed struct {
		node
		typeName string // upper-case
		text     string
	}
	interval struct {
		node
		minus bool
		text  string
		from  string // upper-case unit
		to    string // upper-case unit, or empty
	}
	// special is a function that is called without brackets: CURRENT_DATE.
	special struct {
		node
		name string // lower-case
	}
	unary struct {
		node
		op string
		x  expr
	}
	binary struct {
		node
		op   string
		x, y expr
	}
	not struct {
		node
		x expr
	}
	isNull struct {
		node
		x   expr
		not bool
	}
	distinctFrom struct {
		node
		x, y expr
		not  bool
	}
	between struct {
		node
		x, lo, hi expr
		not       bool
	}
	in struct {
		node
		x     expr
		list  []expr
		query *query
		not   bool
	}
	like struct {
		node
		x, pattern, escape expr
		not, fold          bool
	}
	exists struct {
		node
		query *query
	}
	// quantified is x = ANY (query).
	quantified struct {
		node
		x     expr
		op    string
		all   bool
		query *query
	}
	subquery struct {
		node
		query *query
	}
	caseOf struct {
		node
		operand expr
		whens   []when
		other   expr
	}
	cast struct {
		node
		x   expr
		to  *typeName
		try bool
	}
	extract struct {
		node
		unit string // lower-case
		x    expr
	}
	atZone struct {
		node
		x, zone expr
	}
	call struct {
		node
		name     string // lower-case
		args     []expr
		star     bool
		distinct bool
		orderBy  []sortKey
		within   []sortKey // WITHIN GROUP (ORDER BY …)
		filter   expr
		over     *window
		nulls    string // IGNORE NULLS or RESPECT NULLS
	}
	lambda struct {
		node
		params []ident
		body   expr
	}
	array struct {
		node
		elems []expr
	}
	row struct {
		node
		elems []expr
	}
	subscript struct {
		node
		x, index expr
	}
)

type literalKind uint8

const (
	litNull literalKind = iota
	litBool
	litString
	litInteger
	litDecimal
	litDouble
	litBinary
)

type when struct{ cond, then expr }

type sortKey struct {
	x     expr
	desc  bool
	nulls string // FIRST, LAST or empty
}

type window struct {
	name      string // of a window of the query
	base      string // that it adds to: (w ORDER BY …)
	partition []expr
	orderBy   []sortKey
	frame     []frameWord
}

// frameWord is a word of a window's frame or an expression in it.
type frameWord struct {
	word string
	x    expr
}

// typeName is a type as written.
type typeName struct {
	at     int
	name   string // lower-case; "timestamp with time zone" is one name
	args   []*typeName
	number []string // of decimal(10,2), varchar(5)
	fields []typeField
}

type typeField struct {
	name string
	kind *typeName
}

// query is a query with all that may stand around its body.
type query struct {
	at        int
	with      []cte
	recursive bool
	body      body
	orderBy   []sortKey
	offset    expr
	limit     expr
	limitAll  bool
	ties      bool
}

type cte struct {
	name    ident
	columns []ident
	query   *query
}

// body is what gives a query's rows.
type body interface{ pos() int }

type (
	selection struct {
		node
		distinct bool
		items    []item
		from     []relation
		where    expr
		group    *grouping
		having   expr
		windows  []namedWindow
	}
	setOperation struct {
		node
		op       string // UNION, EXCEPT, INTERSECT
		all      bool
		distinct bool // said
		l, r     body
	}
	values struct {
		node
		rows []expr
	}
	nested struct {
		node
		query *query
	}
)

// item is an element of a select list.
type item struct {
	at    int
	star  bool
	of    []ident // of t.*
	names []ident // of (row).* AS (a, b)
	x     expr
	alias *ident
}

type namedWindow struct {
	name ident
	spec *window
}

type grouping struct {
	distinct bool
	sets     []groupSet
}

// groupSet is an expression to group by, or ROLLUP, CUBE, GROUPING SETS.
type groupSet struct {
	kind string // empty, ROLLUP, CUBE, GROUPING SETS
	x    expr
	list [][]expr
}

// relation is an element of FROM.
type relation interface{ pos() int }

type (
	table struct {
		node
		parts   []ident
		alias   *ident
		columns []ident
		hole    bool
		sample  string // percent of the rows
	}
	derived struct {
		node
		query   *query
		lateral bool
		alias   *ident
		columns []ident
	}
	unnest struct {
		node
		args       []expr
		ordinality bool
		alias      *ident
		columns    []ident
	}
	join struct {
		node
		kind    string // CROSS, INNER, LEFT, RIGHT, FULL
		natural bool
		l, r    relation
		on      expr
		using   []ident
	}
)
