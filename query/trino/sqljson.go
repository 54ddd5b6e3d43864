package trino

import (
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// found are the values that an SQL/JSON path leads to. In lax mode, the usual
// one, a member of an array is that of its elements. Text that is no JSON has
// none.
func found(text, path string) (all []cloudtrail.Value, err error) {
	path = strings.TrimSpace(path)
	lax := true
	if rest, ok := strings.CutPrefix(path, "strict"); ok {
		path, lax = strings.TrimSpace(rest), false
	}
	path = strings.TrimSpace(strings.TrimPrefix(path, "lax"))
	steps, err := parsePath(path)
	if err != nil {
		return nil, err
	}
	doc, ok := document(text)
	if !ok {
		return nil, nil
	}
	followLax(doc, steps, lax, func(v cloudtrail.Value) { all = append(all, v) })
	return all, nil
}

// followLax is follow, but for members of arrays.
func followLax(v cloudtrail.Value, steps []step, lax bool, yield func(cloudtrail.Value)) {
	if len(steps) == 0 {
		yield(v)
		return
	}
	s, next := steps[0], func(e cloudtrail.Value) { followLax(e, steps[1:], lax, yield) }
	switch {
	case lax && s.named && v.Kind() == cloudtrail.Array:
		v.Elements(func(_ int, e cloudtrail.Value) bool {
			if e.Kind() == cloudtrail.Object {
				followLax(e, steps, lax, yield)
			}
			return true
		})
	case lax && !s.named && v.Kind() != cloudtrail.Array && (!s.all || v.Kind() != cloudtrail.Object):
		if s.all || s.index == 0 { // what is no array is one of itself
			next(v)
		}
	default:
		follow(v, steps[:1], next)
	}
}

// sqlJSONValue is the text of the one scalar at the path.
func sqlJSONValue(text, path string) (any, error) {
	all, err := found(text, path)
	if err != nil || len(all) != 1 {
		return nil, err
	}
	switch all[0].Kind() {
	case cloudtrail.String, cloudtrail.Number, cloudtrail.Bool:
		return string(all[0].Text(nil)), nil
	}
	return nil, nil
}

// sqlJSONQuery is the JSON at the path. mode has w for an array around it, c for
// one unless it is one value with parts, and o for a text without its quotes.
func sqlJSONQuery(text, path, mode string) (any, error) {
	all, err := found(text, path)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	kind := all[0].Kind()
	wrap := strings.Contains(mode, "w") || strings.Contains(mode, "c") && (len(all) > 1 || kind != cloudtrail.Object && kind != cloudtrail.Array)
	switch {
	case wrap:
		raw := make([]string, len(all))
		for i, v := range all {
			raw[i] = compact(v)
		}
		return "[" + strings.Join(raw, ",") + "]", nil
	case len(all) > 1:
		return nil, nil
	case kind == cloudtrail.String && strings.Contains(mode, "o"):
		return string(all[0].Text(nil)), nil
	}
	return compact(all[0]), nil
}

func sqlJSONExists(text, path string) (any, error) {
	all, err := found(text, path)
	return len(all) > 0, err
}
