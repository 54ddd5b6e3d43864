package trino

import (
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// found are the values that an SQL/JSON path leads to. Text that is no JSON has
// none.
func found(text, path string) ([]cloudtrail.Value, error) {
	p, err := parseSQLPath(path)
	if err != nil {
		return nil, err
	}
	doc, ok := document(text)
	if !ok {
		return nil, nil
	}
	return p.eval(doc, doc), nil
}

// sqlJSONValue is the text of the one scalar at the path.
func sqlJSONValue(text, path string) (any, error) {
	all, err := found(text, path)
	if err != nil || len(all) != 1 {
		return nil, err
	}
	switch all[0].Kind() {
	case cloudtrail.String, cloudtrail.Number, cloudtrail.Bool:
		return scalarText(all[0]), nil
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
