package athenasql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/query/schema"
)

// kind is a type as far as the translation has to know it.
type kind uint8

const (
	unknown kind = iota
	varchar
	boolean
	integer
	double
	decimal
	date
	timestamp
	timestampTZ
	timeOfDay
	intervalKind
	jsonKind
	arrayKind
	mapKind
	rowKind
	ipaddress
	ipprefix
	varbinary
)

var kindNames = [...]string{"unknown", "varchar", "boolean", "bigint", "double", "decimal", "date", "timestamp(3)",
	"timestamp(3) with time zone", "time(3)", "interval day to second", "json", "array", "map", "row", "ipaddress", "ipprefix", "varbinary"}

// typ is the type of an expression.
type typ struct {
	kind   kind
	key    *typ // of a map
	elem   *typ // of an array or a map's values
	fields []fieldType
	scale  int    // of a decimal: one more than its digits behind the point; 0 when they are not known
	zone   string // that a timestampTZ is shown in, when it is not UTC
}

type fieldType struct {
	name string
	typ  typ
}

func of(k kind) typ { return typ{kind: k} }

func arrayOf(t typ) typ { return typ{kind: arrayKind, elem: &t} }

func mapOf(k, v typ) typ { return typ{kind: mapKind, key: &k, elem: &v} }

func (t typ) elemType() typ {
	if t.elem == nil {
		return typ{}
	}
	return *t.elem
}

// String is the type as Trino names it.
func (t typ) String() string {
	switch t.kind {
	case arrayKind:
		return "array(" + t.elemType().String() + ")"
	case mapKind:
		if t.key != nil {
			return "map(" + t.key.String() + ", " + t.elemType().String() + ")"
		}
	case rowKind:
		parts := make([]string, len(t.fields))
		for i, f := range t.fields {
			parts[i] = f.name + " " + f.typ.String()
		}
		return "row(" + strings.Join(parts, ", ") + ")"
	}
	return kindNames[t.kind]
}

// fieldOf is the type of the field of that name.
func (t typ) fieldOf(name string) typ {
	for _, f := range t.fields {
		if strings.EqualFold(f.name, name) {
			return f.typ
		}
	}
	return typ{}
}

// unnamed tells whether it is a row, or an array or map of rows, whose fields have no
// names.
func (t typ) unnamed() bool {
	if t.kind == arrayKind || t.kind == mapKind {
		return t.elemType().unnamed()
	}
	return t.kind == rowKind && len(t.fields) > 0 && t.fields[0].name == "field0" &&
		!slices.ContainsFunc(t.fields, func(f fieldType) bool { return f.typ.kind == decimal })
}

func (t typ) isTime() bool { return t.kind == timestamp || t.kind == timestampTZ || t.kind == date }

func (t typ) isNumber() bool { return t.kind == integer || t.kind == double || t.kind == decimal }

// columnType is the type of a column of the trail.
func columnType(f schema.Field) typ {
	switch f.Kind {
	case schema.Map:
		return mapOf(of(varchar), of(varchar))
	case schema.Struct, schema.List:
		t := typ{kind: rowKind}
		for _, m := range f.Fields {
			t.fields = append(t.fields, fieldType{m.Name, columnType(m)})
		}
		if f.Kind == schema.List {
			return arrayOf(t)
		}
		return t
	}
	return of(varchar)
}

// scalarTypes are Trino's names, and Hive's, for types without parts.
var scalarTypes = map[string]struct {
	kind   kind
	engine string
}{
	"varchar": {varchar, "VARCHAR"}, "char": {varchar, "VARCHAR"}, "string": {varchar, "VARCHAR"},
	"boolean": {boolean, "BOOLEAN"}, "tinyint": {integer, "TINYINT"}, "smallint": {integer, "SMALLINT"},
	"integer": {integer, "INTEGER"}, "int": {integer, "INTEGER"}, "bigint": {integer, "BIGINT"},
	"double": {double, "DOUBLE"}, "real": {double, "FLOAT"}, "float": {double, "FLOAT"},
	"decimal": {decimal, "DECIMAL"}, "date": {date, "DATE"}, "time": {timeOfDay, "TIME"},
	"timestamp": {timestamp, "TIMESTAMP"}, "timestamp with time zone": {timestampTZ, "TIMESTAMPTZ"},
	"time with time zone": {timeOfDay, "TIMETZ"}, "json": {jsonKind, "JSON"}, "varbinary": {varbinary, "BLOB"},
	"ipaddress": {ipaddress, "VARCHAR"}, "ipprefix": {ipprefix, "VARCHAR"}, "uuid": {unknown, "UUID"},
}

// resolve finds a written type: what it is, and its name in the engine.
func (n *typeName) resolve() (typ, string, error) {
	switch n.name {
	case "array":
		if len(n.args) == 1 {
			t, engine, err := n.args[0].resolve()
			return arrayOf(t), engine + "[]", err
		}
	case "map":
		if len(n.args) == 2 {
			k, ke, err := n.args[0].resolve()
			if err != nil {
				return typ{}, "", err
			}
			v, ve, err := n.args[1].resolve()
			return mapOf(k, v), "MAP(" + ke + ", " + ve + ")", err
		}
	case "row", "struct":
		return n.resolveRow()
	}
	s, ok := scalarTypes[n.name]
	if !ok || len(n.args) > 0 {
		return typ{}, "", &syntaxError{at: n.at, code: codeUnsupported, message: fmt.Sprintf("the type %s is not to be had here", n.name)}
	}
	if s.kind == decimal {
		s.engine += "(" + either(len(n.number) > 0, strings.Join(n.number, ","), "38,0") + ")"
	}
	if s.kind == decimal {
		return decimalOf(n.scale()), s.engine, nil
	}
	return of(s.kind), s.engine, nil
}

// scale is how many digits decimal(10,2) has behind the point.
func (n *typeName) scale() int {
	if len(n.number) < 2 {
		return 0
	}
	scale, err := strconv.Atoi(n.number[1])
	if err != nil {
		return 0
	}
	return scale
}

func (n *typeName) resolveRow() (typ, string, error) {
	t, parts := typ{kind: rowKind}, make([]string, 0, len(n.fields))
	for _, f := range n.fields {
		ft, engine, err := f.kind.resolve()
		if err != nil {
			return typ{}, "", err
		}
		t.fields = append(t.fields, fieldType{strings.ToLower(f.name), ft})
		parts = append(parts, quoteName(strings.ToLower(f.name))+" "+engine)
	}
	return t, "STRUCT(" + strings.Join(parts, ", ") + ")", nil
}

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func quoteText(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
