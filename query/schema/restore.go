package schema

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// RestoreSQL is a query over source, the files of a lake, whose rows Restored
// makes records of again: the first cell has the members of known types as JSON,
// the others the texts of fields whose type the row does not say.
func RestoreSQL(source string) string {
	parts, cells := []string{}, []string{""}
	for _, c := range LakeColumns() {
		switch {
		case c.Key == "":
		case isOpen(c.Name):
			cells = append(cells, quote(c.Name))
		default:
			parts = append(parts, member(c.Field, quote(c.Name)))
		}
	}
	cells[0] = "concat(" + strings.Join(parts, ", ") + ") AS ct_head"
	return "SELECT " + strings.Join(cells, ", ") + " FROM " + source
}

// open are the fields that hold whatever the called service put there, as JSON
// text where it has parts.
func open() []string {
	return []string{"requestparameters", "responseelements", "additionaleventdata", "edgedevicedetails",
		"serviceeventdetails", "insightdetails", "eventcontext"}
}

func isOpen(column string) bool { return slices.Contains(open(), column) }

// member is ,"key":value in SQL, NULL where there is no value.
func member(f Field, at string) string {
	key := `,"` + f.Key + `":`
	switch {
	case f.Kind == List:
		list := "array_to_string(list_transform(" + at + ", r -> " + object(f.Fields, "r") + "), ',')" // NULL of an empty list
		return "CASE WHEN " + at + " IS NOT NULL THEN '" + key + "[' || coalesce(" + list + ", '') || ']' END"
	case f.Kind == Map:
		return "('" + key + "' || CAST(to_json(" + at + ") AS VARCHAR))"
	case f.Kind == Struct:
		return "CASE WHEN " + at + " IS NOT NULL THEN '" + key + "' || " + object(f.Fields, at) + " END"
	case f.Name == "readonly" || f.Name == "managementevent":
		return "('" + key + "' || CASE WHEN " + at + " IN ('true', 'false') THEN " + at + " ELSE CAST(to_json(" + at + ") AS VARCHAR) END)"
	}
	return "('" + key + "' || CAST(to_json(" + at + ") AS VARCHAR))"
}

func object(fields []Field, at string) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = member(f, at+"."+quote(f.Name))
	}
	return "'{' || substr(concat(" + strings.Join(parts, ", ") + "), 2) || '}'"
}

// Restored appends the record that a row of RestoreSQL holds, as JSON; next
// gives the row's cells. What Keeps says comes back as it was, but for the order
// of members and what the table does not tell apart: a text that is JSON of an
// object or array becomes that, and of null and missing the one that CloudTrail
// writes: null for the parameters and the answer of a call, missing elsewhere.
func Restored(dst []byte, next func() (text []byte, ok bool)) []byte {
	begin := len(dst)
	head, _ := next()
	dst = append(dst, head...)
	for _, c := range LakeColumns() {
		if c.Key == "" || !isOpen(c.Name) {
			continue
		}
		text, ok := next()
		if !ok && c.Name != "requestparameters" && c.Name != "responseelements" {
			continue
		}
		dst = append(append(append(dst, `,"`...), c.Key...), `":`...)
		dst = appendOpen(dst, text, ok)
	}
	dst[begin] = '{' // in place of the first comma; there is one, of the parameters
	return append(dst, '}')
}

func appendOpen(dst, text []byte, ok bool) []byte {
	switch {
	case !ok:
		return append(dst, "null"...)
	case len(text) > 0 && (text[0] == '{' || text[0] == '[') && json.Valid(text):
		return append(dst, bytes.TrimSpace(text)...)
	}
	return appendQuoted(dst, text)
}

// Keeps tells whether the lake has the field that keys lead to, so that a record
// from there has it as it was. The table has no columns for some fields, such as
// userIdentity.sessionContext.sourceIdentity, and of resources it knows ARN,
// accountId and type.
func Keeps(keys ...string) bool {
	_, ok := keptKind(keys)
	return ok
}

// KeepsText tells whether the lake also has the whole text of the field, if it
// is an object or array: no part of it was left out.
func KeepsText(keys ...string) bool {
	kind, ok := keptKind(keys)
	return ok && (kind == Text || kind == Map)
}

func keptKind(keys []string) (kind Kind, ok bool) {
	var fields []Field
	for _, c := range LakeColumns() {
		if c.Key != "" {
			fields = append(fields, c.Field)
		}
	}
	for _, key := range keys {
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Key == key })
		if i < 0 {
			return kind, false
		}
		if kind = fields[i].Kind; kind == Text || kind == Map {
			return kind, true // nothing of it is left out
		}
		fields = fields[i].Fields
	}
	return kind, len(keys) > 0
}
