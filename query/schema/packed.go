package schema

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// packedLeaf is the one leaf of a row that is packed: a JSON object of all
// leaves. Handing a cell to the engine costs about as much as parsing a hundred
// bytes of JSON there, so that many cells are cheaper as one.
const packedLeaf = "ct_packed"

// packedFrom is the number of leaves from which rows are packed.
const packedFrom = 6

// Row extracts rows of the projection.
func (p Projection) Row() *Row {
	if !p.packed() {
		return NewRow(p.leaves)
	}
	r := NewRow(nil)
	type part struct {
		key []byte // "name":
		put func([]byte, *cloudtrail.Record, *Place) ([]byte, bool)
	}
	parts := make([]part, len(p.leaves))
	for i, name := range p.leaves {
		parts[i] = part{append(appendJSON(nil, packedName(i)), ':'), r.jsonGetter(name)}
	}
	r.get = append(r.get, func(dst []byte, rec *cloudtrail.Record, at *Place) ([]byte, bool) {
		dst = append(dst, '{')
		begin := len(dst)
		for _, q := range parts {
			before := len(dst)
			if before > begin {
				dst = append(dst, ',')
			}
			var ok bool
			if dst, ok = q.put(append(dst, q.key...), rec, at); !ok {
				dst = dst[:before]
			}
		}
		return append(dst, '}'), true
	})
	return r
}

func (p Projection) packed() bool { return len(p.leaves) >= packedFrom }

// packedName is the name of a leaf in a packed row, which is short because every
// row says it anew.
func packedName(i int) string { return strconv.FormatInt(int64(i), 36) }

// shape describes the packed row as the engine's from_json wants it.
func (p Projection) shape() string {
	parts := make([]string, len(p.leaves))
	for i, name := range p.leaves {
		kind := `"VARCHAR"`
		if c, ok := Find(name); ok {
			kind = c.shape()
		}
		parts[i] = `"` + packedName(i) + `":` + kind
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// jsonGetter extracts a leaf as JSON.
func (r *Row) jsonGetter(name string) func([]byte, *cloudtrail.Record, *Place) ([]byte, bool) {
	c, f, keys := leafOf(name)
	if c.Key == "" || f.Kind != Text {
		get := r.getter(name)
		if f.Kind != Text { // structs, lists and maps are JSON as they are
			return get
		}
		return func(dst []byte, rec *cloudtrail.Record, at *Place) ([]byte, bool) {
			text, ok := get(r.scratch[:0], rec, at)
			if !ok {
				return dst, false
			}
			return appendQuoted(dst, text), true
		}
	}
	id := cloudtrail.FieldIDOf(c.Key)
	return func(dst []byte, rec *cloudtrail.Record, _ *Place) ([]byte, bool) {
		v := rec.Field(id)
		if id == cloudtrail.NoField {
			v = rec.Get(c.Key)
		}
		if len(keys) > 0 {
			v = v.Lookup(keys...)
		}
		switch v.Kind() {
		case cloudtrail.Missing, cloudtrail.Null:
			return dst, false
		}
		return r.jsonText(dst, v), true
	}
}

// jsonText appends a value's text as a JSON string.
func (r *Row) jsonText(dst []byte, v cloudtrail.Value) []byte {
	raw := v.Raw()
	switch v.Kind() {
	case cloudtrail.String:
		if isPlain(raw) {
			return append(dst, raw...)
		}
	case cloudtrail.Object, cloudtrail.Array:
		r.compact = jsonscan.Compact(r.compact[:0], raw)
		return appendQuoted(dst, r.compact)
	}
	return appendQuoted(dst, v.Text(r.scratch[:0]))
}

// isPlain tells whether a JSON string may be copied: without \u, which may stand
// for half a character, and without bytes that may be no UTF-8.
func isPlain(raw []byte) bool { return !bytes.Contains(raw, []byte(`\u`)) && isASCII(raw) }

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// appendQuoted appends text as a JSON string.
func appendQuoted(dst, text []byte) []byte {
	if !isASCII(text) {
		return appendJSON(dst, string(text))
	}
	dst = append(dst, '"')
	from := 0
	for i, c := range text {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		default:
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, text[from:]...), '"')
}
