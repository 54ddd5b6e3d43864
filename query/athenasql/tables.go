package athenasql

import (
	"reflect"
	"slices"
	"strings"
)

// tablesOf are the places where a query reads a table, rather than one of its
// own WITH queries.
func tablesOf(q *query) []*table {
	if q == nil {
		return nil
	}
	f := &tableFinder{}
	f.query(q)
	return f.found
}

// tableFinder walks a syntax tree. with are the names of WITH queries that can
// be seen.
type tableFinder struct {
	with  []string
	found []*table
}

func (f *tableFinder) query(q *query) {
	seen := len(f.with)
	for i := range q.with {
		if q.recursive {
			f.with = append(f.with, strings.ToLower(q.with[i].name.text))
		}
	}
	for i := range q.with {
		f.query(q.with[i].query)
		f.with = append(f.with, strings.ToLower(q.with[i].name.text))
	}
	v := reflect.ValueOf(q).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Name != "with" {
			f.walk(v.Field(i))
		}
	}
	f.with = f.with[:seen]
}

// walk looks for queries and tables in any part of the tree. The parser has
// bounded its depth.
func (f *tableFinder) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if v.Kind() == reflect.Pointer {
			switch v.Type() {
			case reflect.TypeFor[*query]():
				f.query((*query)(v.UnsafePointer()))
				return
			case reflect.TypeFor[*table]():
				f.table((*table)(v.UnsafePointer()))
				return
			}
		}
		f.walk(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			f.walk(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			f.walk(v.Index(i))
		}
	}
}

func (f *tableFinder) table(t *table) {
	if len(t.parts) == 1 && slices.Contains(f.with, strings.ToLower(t.parts[0].text)) {
		return
	}
	f.found = append(f.found, t)
}
