package schema

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Place is where a record lies: what its object key tells, and its name.
type Place struct {
	Object string // the file's name or the object's key
	Key    cloudtrail.ObjectKey
}

// NewPlace reads what an object's name tells. A file that lies outside the
// layout of a log bucket still tells by its own name.
func NewPlace(object string) Place {
	key, ok := cloudtrail.ParseObjectKey(object)
	if !ok || key.Region == "" {
		key = fromFileName(object)
	}
	return Place{Object: object, Key: key}
}

// fromFileName reads Account_CloudTrail_Region_Time_Unique.json.gz.
func fromFileName(object string) cloudtrail.ObjectKey {
	name := object[strings.LastIndexAny(object, `/\`)+1:]
	parts := strings.Split(name, "_")
	if len(parts) < 5 || len(parts[0]) != 12 || !strings.HasPrefix(parts[1], "CloudTrail") {
		return cloudtrail.ObjectKey{}
	}
	at, err := time.Parse("20060102T1504Z", parts[3])
	if err != nil {
		return cloudtrail.ObjectKey{}
	}
	return cloudtrail.ObjectKey{Account: parts[0], Kind: cloudtrail.FileKind(parts[1]), Region: parts[2],
		Date: at.Truncate(24 * time.Hour), Delivered: at, File: name}
}

// Row extracts the leaves of records. It is for one goroutine.
type Row struct {
	get     []func(dst []byte, rec *cloudtrail.Record, at *Place) ([]byte, bool)
	scratch []byte
	compact []byte
}

// NewRow prepares the extraction of leaves, named as Projection.Leaves does.
func NewRow(leaves []string) *Row {
	r := &Row{scratch: make([]byte, 0, 4096)}
	for _, name := range leaves {
		r.get = append(r.get, r.getter(name))
	}
	return r
}

// Append appends the text of leaf i of the record to dst; ok is false for NULL.
func (r *Row) Append(dst []byte, i int, rec *cloudtrail.Record, at *Place) (text []byte, ok bool) {
	return r.get[i](dst, rec, at)
}

func (r *Row) getter(name string) func([]byte, *cloudtrail.Record, *Place) ([]byte, bool) {
	c, f, keys := leafOf(name)
	if c.Key == "" {
		return derived(c.Name)
	}
	id := cloudtrail.FieldIDOf(c.Key)
	if id == cloudtrail.NoField {
		return func(dst []byte, rec *cloudtrail.Record, _ *Place) ([]byte, bool) {
			return r.text(dst, rec.Get(c.Key))
		}
	}
	return func(dst []byte, rec *cloudtrail.Record, _ *Place) ([]byte, bool) {
		v := rec.Field(id)
		if len(keys) > 0 {
			v = v.Lookup(keys...)
		}
		switch f.Kind {
		case Struct:
			return appendStruct(dst, v, f.Fields)
		case List:
			return appendList(dst, v, f.Fields)
		case Map:
			return appendMap(dst, v)
		}
		return r.text(dst, v)
	}
}

// leafOf finds the column of a leaf, the field that it is, and the keys that lead
// to it.
func leafOf(name string) (c Column, f Field, keys []string) {
	column, rest, _ := strings.Cut(name, ".")
	c, _ = Find(column)
	f = c.Field
	for part := range strings.SplitSeq(rest, ".") {
		for _, m := range f.Fields {
			if m.Name == part && f.Kind == Struct {
				keys, f = append(keys, m.Key), m
				break
			}
		}
	}
	return c, f, keys
}

// text appends the value as Athena's text column has it.
func (r *Row) text(dst []byte, v cloudtrail.Value) ([]byte, bool) {
	switch v.Kind() {
	case cloudtrail.Missing, cloudtrail.Null:
		return dst, false
	}
	return append(dst, v.Text(r.scratch[:0])...), true
}

// appendStruct appends an object as JSON with the table's field names, in one
// walk over its members. What is not in the table is left out.
func appendStruct(dst []byte, v cloudtrail.Value, fields []Field) ([]byte, bool) {
	if v.Kind() != cloudtrail.Object {
		return dst, false
	}
	dst = append(dst, '{')
	begin := len(dst)
	v.Members(func(key []byte, e cloudtrail.Value) bool {
		for i := range fields {
			f := &fields[i]
			if string(key) != f.Key || e.Kind() == cloudtrail.Null {
				continue
			}
			if len(dst) > begin {
				dst = append(dst, ',')
			}
			dst = append(append(append(dst, '"'), f.Name...), `":`...)
			dst = appendPart(dst, e, f)
			break
		}
		return true
	})
	return append(dst, '}'), true
}

// appendPart appends a field of a struct.
func appendPart(dst []byte, v cloudtrail.Value, f *Field) []byte {
	var ok bool
	switch f.Kind {
	case Struct:
		dst, ok = appendStruct(dst, v, f.Fields)
	case Map:
		dst, ok = appendMap(dst, v)
	case List:
		dst, ok = appendList(dst, v, f.Fields)
	default:
		return appendTextOrNull(dst, v)
	}
	if !ok {
		return append(dst, "null"...)
	}
	return dst
}

// appendList appends an array of structs as JSON with the table's field names.
func appendList(dst []byte, v cloudtrail.Value, fields []Field) ([]byte, bool) {
	if v.Kind() != cloudtrail.Array {
		return dst, false
	}
	dst = append(dst, '[')
	v.Elements(func(i int, e cloudtrail.Value) bool {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '{')
		for j, f := range fields {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSON(dst, f.Name), ':')
			// Records write ARN and arn; Athena's reader ignores case.
			dst = appendTextOrNull(dst, e.GetFold(f.Key))
		}
		dst = append(dst, '}')
		return true
	})
	return append(dst, ']'), true
}

func appendMap(dst []byte, v cloudtrail.Value) ([]byte, bool) {
	if v.Kind() != cloudtrail.Object {
		return dst, false
	}
	dst = append(dst, '{')
	n := 0
	v.Members(func(key []byte, e cloudtrail.Value) bool {
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), key...), `":`...)
		dst = appendTextOrNull(dst, e)
		return true
	})
	return append(dst, '}'), true
}

func appendTextOrNull(dst []byte, v cloudtrail.Value) []byte {
	switch v.Kind() {
	case cloudtrail.Missing, cloudtrail.Null:
		return append(dst, "null"...)
	case cloudtrail.String:
		if isPlain(v.Raw()) {
			return append(dst, v.Raw()...)
		}
	}
	return appendQuoted(dst, v.Text(nil))
}

func appendJSON(dst []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil { // a string always can be
		return append(dst, "null"...)
	}
	return append(dst, b...)
}

// derived is a column that no field of the record holds.
func derived(name string) func([]byte, *cloudtrail.Record, *Place) ([]byte, bool) {
	return func(dst []byte, rec *cloudtrail.Record, at *Place) ([]byte, bool) {
		return appendDerived(dst, name, rec, at)
	}
}

// AppendPartition appends the text of a partition column; ok is false for NULL.
func AppendPartition(dst []byte, name string, rec *cloudtrail.Record, at *Place) (text []byte, ok bool) {
	return appendDerived(dst, name, rec, at)
}

func appendDerived(dst []byte, name string, rec *cloudtrail.Record, at *Place) ([]byte, bool) {
	switch name {
	case "ct_record":
		return append(dst, rec.Raw()...), true
	case "ct_key":
		return AppendKey(dst, rec), true
	}
	if t, ok := at.Partition(name); ok {
		return append(dst, t...), t != ""
	}
	switch partitionOf(name) {
	case "account":
		t := rec.AppendAccount(dst)
		return t, len(t) > len(dst)
	case "region":
		t := rec.Field(cloudtrail.AWSRegion).Text(nil)
		return append(dst, t...), len(t) > 0
	case "day":
		t, ok := rec.Time()
		if !ok {
			return dst, false
		}
		return append(dst, dayText(name, t)...), true
	}
	return dst, false
}

// AppendKey appends the record's identity as text: its event ID and the account
// that received it, which the table has anyway, or what cloudtrail.Record.Key
// makes of a record that those do not identify.
func AppendKey(dst []byte, rec *cloudtrail.Record) []byte {
	id, account := rec.Field(cloudtrail.EventID), rec.Field(cloudtrail.RecipientAccountID)
	_, repairs := rec.Supersedes()
	category := rec.Field(cloudtrail.EventCategory).Str()
	if id.Kind() == cloudtrail.String && account.Kind() == cloudtrail.String && !repairs && category != "Insight" && !rec.Has(cloudtrail.InsightDetails) {
		dst = append(dst, id.Text(nil)...)
		return append(append(dst, '/'), account.Text(nil)...)
	}
	k := rec.Key()
	return hex.AppendEncode(dst, k[:])
}

// Partition is the text of a partition column that the place alone decides; ok
// is false when the record decides it. An empty text is NULL.
func (p *Place) Partition(name string) (text string, ok bool) {
	switch partitionOf(name) {
	case "object":
		return p.Object, true
	case "kind":
		return string(p.Key.Kind), true
	case "organization":
		return p.Key.Organization, true
	case "account":
		return p.Key.Account, p.Key.Account != ""
	case "region":
		return p.Key.Region, p.Key.Region != ""
	case "day":
		return dayText(name, p.Key.Date), !p.Key.Date.IsZero()
	}
	return "", false
}

func dayText(name string, t time.Time) string { return t.Format(partitions()[name].layout) }
