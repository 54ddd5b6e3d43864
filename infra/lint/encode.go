package lint

import (
	"encoding/json"
	"strconv"

	"github.com/trailwarden/trailwarden/infra/value"
)

func itoa(i int) string { return strconv.Itoa(i) }

// encode is a value as JSON; unknown parts are texts that say so.
func encode(v *value.Value) []byte { return appendJSON(nil, v) }

func appendJSON(b []byte, v *value.Value) []byte {
	switch {
	case v == nil || v.Kind == value.Null:
		return append(b, "null"...)
	case v.Kind == value.Bool || v.Kind == value.Number && json.Valid([]byte(v.Text)):
		return append(b, v.Text...)
	case v.Kind == value.List:
		b = append(b, '[')
		for i, x := range v.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, x)
		}
		return append(b, ']')
	case v.Kind == value.Map:
		b = append(b, '{')
		for i, k := range v.Keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(quoted(b, k.Name), ':')
			b = appendJSON(b, v.Items[i])
		}
		return append(b, '}')
	case v.Kind == value.Unknown:
		return append(b, `"unknown"`...)
	}
	return quoted(b, v.Text)
}

func quoted(b []byte, s string) []byte {
	q, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...)
	}
	return append(b, q...)
}

// whole tells whether all of a value is known.
func whole(v *value.Value) bool {
	ok := true
	v.Walk(func(_ string, x *value.Value) { ok = ok && x.Known() || x.Kind == value.Null })
	return ok
}
