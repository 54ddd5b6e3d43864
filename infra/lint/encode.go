package lint

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
)

func itoa(i int) string { return strconv.Itoa(i) }

// encode is a value as JSON; unknown parts are texts that say so.
func encode(v *value.Value) []byte {
	text, err := json.Marshal(plain(v))
	if err != nil {
		return []byte("null") // numbers beyond what JSON has
	}
	return text
}

// plain is a value as encoding/json has it.
func plain(v *value.Value) any {
	switch {
	case v == nil || v.Kind == value.Null:
		return nil
	case v.Kind == value.Unknown:
		return "unknown"
	case v.Kind == value.List:
		list := make([]any, len(v.Items))
		for i, x := range v.Items {
			list[i] = plain(x)
		}
		return list
	case v.Kind == value.Map:
		m := make(map[string]any, len(v.Items))
		for i, k := range v.Keys {
			m[k.Name] = plain(v.Items[i])
		}
		return m
	case v.Kind == value.Bool:
		return strings.EqualFold(v.Text, "true")
	case v.Kind == value.Number && json.Valid([]byte(v.Text)):
		return json.RawMessage(v.Text)
	}
	return v.Text
}

// whole tells whether all of a value is known.
func whole(v *value.Value) bool {
	ok := true
	v.Walk(func(_ string, x *value.Value) { ok = ok && x.Known() || x.Kind == value.Null })
	return ok
}
