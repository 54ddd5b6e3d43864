package athenasql

import (
	"strings"
)

// jsonCall reads the arguments of the SQL/JSON functions, whose clauses are words
// (Trino, JSON functions and operators). The function's name and its bracket were
// read.
func (p *parser) jsonCall(c *call) (expr, error) {
	var err error
	switch c.name {
	case "json_object":
		err = p.jsonMembers(c)
	case "json_array":
		err = p.jsonElements(c)
	default:
		return p.jsonPathCall(c)
	}
	if err != nil {
		return nil, err
	}
	p.returning()
	return c, p.wantSym(")")
}

// isJSONCall tells that a function's arguments have clauses of their own.
func isJSONCall(name string) bool {
	switch name {
	case "json_value", "json_query", "json_exists", "json_object", "json_array":
		return true
	}
	return false
}

// jsonMembers reads KEY k VALUE v or k : v, and what becomes of NULL.
func (p *parser) jsonMembers(c *call) error {
	if p.tok().sym(")") || p.absent() != "" {
		return nil
	}
	_, err := list(p, func() (struct{}, error) {
		p.word("KEY")
		k, err := p.additive()
		if err != nil {
			return struct{}{}, err
		}
		if !p.word("VALUE") && !p.colon() {
			return struct{}{}, p.unexpected("want VALUE or :")
		}
		v, err := p.jsonPart()
		c.args = append(c.args, k, v)
		return struct{}{}, err
	})
	c.nulls = p.absent()
	if !p.words("WITH", "UNIQUE", "KEYS") {
		p.words("WITHOUT", "UNIQUE", "KEYS")
	}
	return err
}

func (p *parser) jsonElements(c *call) (err error) {
	if !p.tok().sym(")") {
		c.args, err = list(p, p.jsonPart)
	}
	c.nulls = p.absent()
	return err
}

// jsonPart reads a value in an object or array: texts that are said to be JSON, and
// those of functions that make JSON, are taken for what they hold.
func (p *parser) jsonPart() (expr, error) {
	x, err := p.additive()
	made, _ := x.(*call)
	if p.words("FORMAT", "JSON") || made != nil && (made.name == "json_object" || made.name == "json_array" || made.name == "json_query") {
		return &call{node: node{x.pos()}, name: "json_parse", args: []expr{x}}, err
	}
	return x, err
}

// absent reads NULL ON NULL and ABSENT ON NULL.
func (p *parser) absent() string {
	for _, w := range []string{"NULL", "ABSENT"} {
		if p.words(w, "ON", "NULL") {
			return w
		}
	}
	return ""
}

// returning reads RETURNING type.
func (p *parser) returning() *typeName {
	if !p.word("RETURNING") {
		return nil
	}
	to, err := p.typeName()
	if err != nil {
		return nil
	}
	if p.words("FORMAT", "JSON") {
		p.words("ENCODING", "UTF8")
	}
	return to
}

// jsonPathCall reads json_value, json_query and json_exists.
func (p *parser) jsonPathCall(c *call) (expr, error) {
	x, err := p.additive()
	if err != nil {
		return nil, err
	}
	p.words("FORMAT", "JSON")
	if err := p.wantSym(","); err != nil {
		return nil, err
	}
	path := p.tok()
	if path.kind != tokString {
		return nil, p.unexpected("want a path in single quotes, such as 'lax $.bucketName'")
	}
	p.advance()
	if p.tok().is("PASSING") {
		return nil, &syntaxError{at: p.tok().at, code: codeUnsupported, message: "PASSING is not to be had here"}
	}
	c.args = []expr{x, &literal{node{path.at}, litString, path.text}}
	to := p.returning()
	if c.name == "json_query" {
		c.args = append(c.args, &literal{node{path.at}, litString, p.wrapper()})
	}
	otherwise, err := p.otherwise()
	if err != nil {
		return nil, err
	}
	var result expr = c
	if to != nil {
		result = &cast{node: c.node, x: c, to: to, try: true}
	}
	if otherwise != nil {
		if c.name == "json_value" { // null is a value, for which no other comes
			raw := &call{node: c.node, name: "json_query", args: []expr{x, c.args[1], &literal{node{path.at}, litString, ""}}}
			null := &distinctFrom{node: c.node, x: raw, y: &literal{node{path.at}, litString, "null"}}
			nothing := &isNull{node: c.node, x: x}
			otherwise = &caseOf{node: c.node, whens: []when{{cond: nothing, then: &literal{c.node, litNull, "NULL"}}, {cond: null, then: otherwise}}}
		}
		result = &call{node: c.node, name: "coalesce", args: []expr{result, otherwise}}
	}
	return result, p.wantSym(")")
}

// wrapper reads WITH … WRAPPER and KEEP or OMIT QUOTES, as ct_json_query takes
// them.
func (p *parser) wrapper() string {
	mode := ""
	switch {
	case p.word("WITHOUT"):
		p.word("ARRAY")
		p.word("WRAPPER")
	case p.tok().is("WITH"):
		p.advance()
		mode = "w"
		if p.word("CONDITIONAL") {
			mode = "c"
		} else {
			p.word("UNCONDITIONAL")
		}
		p.word("ARRAY")
		p.word("WRAPPER")
	}
	if p.words("OMIT", "QUOTES") {
		mode += "o"
	} else {
		p.words("KEEP", "QUOTES")
	}
	p.words("ON", "SCALAR", "STRING")
	return mode
}

// otherwise reads what is given when there is nothing, and at errors.
func (p *parser) otherwise() (other expr, err error) {
	for {
		switch {
		case p.word("DEFAULT"):
			if other, err = p.additive(); err != nil {
				return nil, err
			}
		case p.words("EMPTY", "ARRAY"):
			other = &literal{node{p.tok().at}, litString, "[]"}
		case p.words("EMPTY", "OBJECT"):
			other = &literal{node{p.tok().at}, litString, "{}"}
		case p.word("NULL") || p.word("ERROR") || p.word("TRUE") || p.word("FALSE") || p.word("UNKNOWN"):
		default:
			return other, nil
		}
		if err := p.wantWord("ON"); err != nil {
			return nil, err
		}
		if !p.word("EMPTY") && !p.word("ERROR") {
			return nil, p.unexpected("want EMPTY or ERROR")
		}
	}
}

// sqlJSONFunctions are those with clauses.
func sqlJSONFunctions() map[string]function {
	return map[string]function{
		"json_value":  simple(2, "ct_json_value($t1, $2)", varchar),
		"json_query":  simple(3, "ct_json_query($t1, $2, $3)", varchar),
		"json_exists": simple(2, "ct_json_exists($t1, $2)", boolean),
		"json_object": {min: 0, max: -1, write: jsonObject},
		"json_array":  {min: 0, max: -1, write: jsonArray},
	}
}

func jsonObject(c *callSite) (string, typ, error) {
	var members []string
	for i := 0; i+1 < len(c.args); i += 2 {
		members = append(members, "struct_pack(k := CAST("+c.args[i]+" AS VARCHAR), v := "+asJSON(c.args[i+1])+")")
	}
	if len(members) == 0 {
		return "'{}'", of(varchar), nil
	}
	text := "[" + strings.Join(members, ", ") + "]"
	if c.x.nulls == "ABSENT" {
		text = "list_filter(" + text + ", ct_e -> ct_e.v IS NOT NULL)"
	}
	return "('{' || coalesce(array_to_string(list_transform(" + text + ", ct_e -> CAST(to_json(ct_e.k) AS VARCHAR) || ':' || coalesce(ct_e.v, 'null')), ','), '') || '}')", of(varchar), nil
}

func jsonArray(c *callSite) (string, typ, error) {
	if len(c.args) == 0 {
		return "'[]'", of(varchar), nil
	}
	elems := make([]string, len(c.args))
	for i, a := range c.args {
		elems[i] = asJSON(a)
		if c.x.nulls == "NULL" {
			elems[i] = "coalesce(" + elems[i] + ", 'null')"
		}
	}
	return "('[' || coalesce(array_to_string([" + strings.Join(elems, ", ") + "], ','), '') || ']')", of(varchar), nil
}

// asJSON writes a value as JSON text, NULL as NULL.
func asJSON(text string) string {
	return "CASE WHEN " + text + " IS NOT NULL THEN CAST(to_json(" + text + ") AS VARCHAR) END"
}
