package trino

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// document views text as a JSON value; ok is false when it is none.
func document(text string) (cloudtrail.Value, bool) {
	raw := []byte(strings.TrimSpace(text))
	if len(raw) == 0 || !json.Valid(raw) {
		return cloudtrail.Value{}, false
	}
	return cloudtrail.ValueOf(raw), true
}

// follow gives the value that a path leads to. Of members with one name it goes to
// the first, as Trino does, which reads a text only as far as it must; json_parse
// keeps the last one.
func follow(v cloudtrail.Value, steps []step) cloudtrail.Value {
	for _, s := range steps {
		next := firstMember(v, s.name)
		if !next.Exists() {
			v.Elements(func(i int, e cloudtrail.Value) bool { // where 1 is the second one
				if i == s.index {
					next = e
				}
				return i < s.index
			})
		}
		v = next
	}
	return v
}

func firstMember(v cloudtrail.Value, name string) (found cloudtrail.Value) {
	v.Members(func(key []byte, member cloudtrail.Value) bool {
		if jsonscan.KeyIs(key, name) {
			found = member
		}
		return !found.Exists()
	})
	return found
}

// at is the value at the path.
func at(text, path string) (v cloudtrail.Value, err error) {
	steps, err := parsePath(path)
	if err != nil {
		return v, err
	}
	doc, ok := document(text)
	if !ok {
		return v, nil
	}
	return follow(doc, steps), nil
}

// jsonExtract is the JSON text at a path, or NULL.
func jsonExtract(text, path string) (any, error) {
	v, err := at(text, path)
	if err != nil || !v.Exists() {
		return nil, err
	}
	return compact(v), nil
}

// compact is a value's JSON without white space and with no more escapes than
// there must be, as Trino writes all JSON.
func compact(v cloudtrail.Value) string {
	raw := v.Raw()
	if bytes.ContainsAny(raw, " \t\r\n") {
		raw = jsonscan.Compact(nil, raw)
	}
	if bytes.IndexByte(raw, '\\') >= 0 {
		raw = unescaped(raw)
	}
	if bytes.ContainsAny(raw, ".eE") {
		raw = asDoubles(raw)
	}
	return string(raw)
}

// asDoubles writes the numbers with a point of a compact JSON value as the doubles
// that they are for Trino: 1.50 is 1.5, 1e3 is 1000.0.
func asDoubles(raw []byte) []byte {
	var out []byte
	done := 0
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(raw) && strings.IndexByte("0123456789+-.eE", raw[end]) >= 0 {
				end++
			}
			if number := raw[i:end]; bytes.ContainsAny(number, ".eE") {
				f, _ := strconv.ParseFloat(string(number), 64) // infinite when it is too large
				text := DoubleText(f)
				if math.IsInf(f, 0) {
					text = strconv.Quote(text)
				}
				out, done = append(append(out, raw[done:i]...), text...), end
			}
			i = end - 1
		}
	}
	if out == nil {
		return raw
	}
	return append(out, raw[done:]...)
}

// unescaped writes the texts of a JSON value anew.
func unescaped(raw []byte) []byte {
	var out []byte
	for len(raw) > 0 {
		from := bytes.IndexByte(raw, '"')
		if from < 0 {
			break
		}
		to := from + 1
		for ; to < len(raw) && raw[to] != '"'; to++ {
			if raw[to] == '\\' {
				to++
			}
		}
		text := raw[from:min(to+1, len(raw))]
		out, raw = append(out, raw[:from]...), raw[from+len(text):]
		if bytes.IndexByte(text, '\\') >= 0 {
			text = encoded(string(cloudtrail.ValueOf(text).Text(nil)))
		}
		out = append(out, text...)
	}
	return append(out, raw...)
}

// jsonParse writes JSON anew, as json_parse does: members sorted by their names,
// numbers with a point as doubles, no white space.
func jsonParse(text string) (any, error) {
	v, ok := document(text)
	if !ok {
		return nil, fmt.Errorf("cannot convert value to JSON: '%.60s'", text)
	}
	if k := v.Kind(); k != cloudtrail.Object && k != cloudtrail.Array && k != cloudtrail.Number {
		return string(v.Raw()), nil
	}
	d := json.NewDecoder(bytes.NewReader(v.Raw()))
	d.UseNumber()
	var all any
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	return string(encoded(doubles(all))), nil
}

// encoded is a value's JSON; v is made of what JSON can hold.
func encoded(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // fails for what JSON cannot hold, and a buffer takes all
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// doubles writes the numbers that are doubles as Trino does.
func doubles(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			x[k] = doubles(e)
		}
	case []any:
		for i, e := range x {
			x[i] = doubles(e)
		}
	case json.Number:
		if f, err := x.Float64(); err == nil && strings.ContainsAny(x.String(), ".eE") {
			return json.RawMessage(DoubleText(f))
		}
	}
	return v
}

// jsonScalar is the text of a string, number or boolean at a path; anything else
// is NULL.
func jsonScalar(text, path string) (any, error) {
	v, err := at(text, path)
	if err != nil {
		return nil, err
	}
	switch v.Kind() {
	case cloudtrail.String, cloudtrail.Number, cloudtrail.Bool:
		return string(v.Text(nil)), nil
	}
	return nil, nil
}

func members(v cloudtrail.Value) (n int64) {
	v.Members(func([]byte, cloudtrail.Value) bool { n++; return true })
	v.Elements(func(int, cloudtrail.Value) bool { n++; return true })
	return n
}

func jsonSize(text, path string) (any, error) {
	v, err := at(text, path)
	if err != nil || !v.Exists() {
		return nil, err
	}
	return members(v), nil
}

func jsonLength(text string) any {
	v, _ := document(text)
	if v.Kind() != cloudtrail.Array {
		return nil
	}
	return members(v)
}

func jsonContains(text, wanted string) any {
	v, _ := document(text)
	want, ok := document(wanted)
	if v.Kind() != cloudtrail.Array || !ok {
		return nil
	}
	is, found := sameAs(want), false
	v.Elements(func(_ int, e cloudtrail.Value) bool {
		found = e.Kind() == want.Kind() && is(e)
		return !found
	})
	return found
}

// sameAs tells which scalars of its kind are the wanted one; it is read once,
// however many there are. 1 is not 1.0.
func sameAs(want cloudtrail.Value) func(cloudtrail.Value) bool {
	if want.Kind() != cloudtrail.Number {
		text := string(want.Text(nil))
		return func(e cloudtrail.Value) bool { return string(e.Text(nil)) == text }
	}
	const point = ".eE"
	number, err := strconv.ParseFloat(string(want.Raw()), 64)
	whole := !bytes.ContainsAny(want.Raw(), point)
	return func(e cloudtrail.Value) bool {
		if err != nil || whole == bytes.ContainsAny(e.Raw(), point) {
			return false
		}
		x, err := strconv.ParseFloat(string(e.Raw()), 64)
		return err == nil && x == number
	}
}

func jsonElement(text string, i int64) any {
	v, _ := document(text)
	if v.Kind() != cloudtrail.Array {
		return nil
	}
	if i < 0 {
		i += members(v)
	}
	var found any
	v.Elements(func(n int, e cloudtrail.Value) bool {
		if int64(n) == i && e.Kind() != cloudtrail.Null {
			found = compact(e)
		}
		return int64(n) < i
	})
	return found
}

// jsonText is what CAST(json AS varchar) gives.
func jsonText(text string) (any, error) {
	v, err := castable(text)
	if err != nil || v.Kind() == cloudtrail.Null {
		return nil, err
	}
	return scalarText(v), nil
}

// castable reads JSON that is to be cast to a scalar.
func castable(text string) (cloudtrail.Value, error) {
	v, ok := document(text)
	if !ok {
		return v, fmt.Errorf("not JSON: %.40q", text)
	}
	if k := v.Kind(); k == cloudtrail.Object || k == cloudtrail.Array {
		return v, errors.New("cannot cast a JSON object or array to a scalar; use json_format")
	}
	return v, nil
}

// scalarText is the text of a JSON scalar, where numbers with a point are doubles.
func scalarText(v cloudtrail.Value) string {
	if v.Kind() == cloudtrail.Number && bytes.ContainsAny(v.Raw(), ".eE") {
		f, _ := strconv.ParseFloat(string(v.Raw()), 64) // infinite when it is too large
		return scientific(f)
	}
	return string(v.Text(nil))
}

// jsonAs is a JSON scalar as a text that the engine casts to a bigint, double,
// decimal or boolean, by Trino's rules: truth is 1 or 0, and 0 is no truth.
func jsonAs(text, to string) (any, error) {
	v, err := castable(text)
	if err != nil {
		return nil, err
	}
	scalar := string(v.Text(nil))
	switch v.Kind() {
	case cloudtrail.Null:
		return nil, nil
	case cloudtrail.Bool:
		if to == "boolean" {
			return scalar, nil
		}
		return map[string]string{"true": "1", "false": "0"}[scalar], nil
	case cloudtrail.Number:
		if f, err := strconv.ParseFloat(scalar, 64); to == "boolean" && err == nil {
			return strconv.FormatBool(f != 0), nil
		}
		return scalar, nil
	}
	digits := strings.TrimLeft(scalar, "+-")
	whole := digits != "" && strings.Trim(digits, "0123456789") == "" && len(scalar)-len(digits) < 2
	truth := slices.Contains([]string{"true", "t", "1", "false", "f", "0"}, strings.ToLower(scalar))
	if to == "bigint" && !whole || to == "boolean" && !truth {
		return nil, fmt.Errorf("cannot cast '%.60s' to %s", scalar, to)
	}
	return scalar, nil
}

// jsonShape writes a JSON value so that the engine can cast it as Trino does:
// fields of rows found whatever their case and in order, scalars as texts. shape
// is "v" a scalar, "t" its text, "j" JSON, ["a", elem], ["m", value] or ["r", [[name, type], …]].
func jsonShape(text, shape string) (any, error) {
	var s any
	if err := json.Unmarshal([]byte(shape), &s); err != nil {
		return nil, err
	}
	if !isShape(s) {
		return nil, fmt.Errorf("%.40q is no shape", shape)
	}
	v, ok := document(text)
	if !ok {
		return nil, fmt.Errorf("not JSON: %.40q", text)
	}
	if v.Kind() == cloudtrail.Null {
		return nil, nil
	}
	out, err := appendShape(nil, v, s)
	if err != nil {
		return nil, err
	}
	return string(out), nil
}

// isShape tells whether s is what jsonShape takes; a query may call the function
// that translated queries call.
func isShape(s any) bool {
	parts, ok := s.([]any)
	if !ok {
		return s == "v" || s == "t" || s == "j"
	}
	if len(parts) != 2 {
		return false
	}
	switch parts[0] {
	case "a", "m":
		return isShape(parts[1])
	case "r":
		fields, ok := parts[1].([]any)
		return ok && !slices.ContainsFunc(fields, func(f any) bool { return !isField(f) })
	}
	return false
}

func isField(f any) bool {
	pair, ok := f.([]any)
	if !ok || len(pair) != 2 {
		return false
	}
	_, named := pair[0].(string)
	return named && isShape(pair[1])
}

func appendShape(dst []byte, v cloudtrail.Value, shape any) ([]byte, error) {
	if v.Kind() == cloudtrail.Null || v.Kind() == cloudtrail.Missing {
		return append(dst, "null"...), nil
	}
	parts, ok := shape.([]any)
	if !ok {
		if shape == "j" {
			return append(dst, v.Raw()...), nil
		}
		if v.Kind() == cloudtrail.Object || v.Kind() == cloudtrail.Array {
			return nil, errors.New("cannot cast a JSON object or array to a scalar")
		}
		if shape == "t" {
			return append(dst, encoded(scalarText(v))...), nil
		}
		return append(dst, v.Raw()...), nil
	}
	switch parts[0] {
	case "a":
		return appendShapeList(dst, v, parts[1])
	case "m":
		return appendShapeMap(dst, v, parts[1])
	}
	return appendShapeRow(dst, v, parts[1].([]any))
}

func appendShapeList(dst []byte, v cloudtrail.Value, elem any) (_ []byte, err error) {
	if v.Kind() != cloudtrail.Array {
		return nil, fmt.Errorf("cannot cast a JSON %v to an array", v.Kind())
	}
	dst = append(dst, '[')
	v.Elements(func(i int, e cloudtrail.Value) bool {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, err = appendShape(dst, e, elem)
		return err == nil
	})
	return append(dst, ']'), err
}

func appendShapeMap(dst []byte, v cloudtrail.Value, elem any) (_ []byte, err error) {
	if v.Kind() != cloudtrail.Object {
		return nil, fmt.Errorf("cannot cast a JSON %v to a map", v.Kind())
	}
	dst = append(dst, '{')
	n := 0
	v.Members(func(key []byte, e cloudtrail.Value) bool {
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), key...), `":`...)
		dst, err = appendShape(dst, e, elem)
		return err == nil
	})
	return append(dst, '}'), err
}

// appendShapeRow writes an object; a row may also come as an array.
func appendShapeRow(dst []byte, v cloudtrail.Value, fields []any) (_ []byte, err error) {
	dst = append(dst, '{')
	for i, f := range fields {
		pair := f.([]any)
		name := pair[0].(string)
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, key...), ':')
		var value cloudtrail.Value
		switch v.Kind() {
		case cloudtrail.Object:
			value = v.GetFold(name)
		case cloudtrail.Array:
			v.Elements(func(n int, e cloudtrail.Value) bool {
				if n == i {
					value = e
				}
				return n < i
			})
		default:
			return nil, fmt.Errorf("cannot cast a JSON %v to a row", v.Kind())
		}
		if dst, err = appendShape(dst, value, pair[1]); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), err
}
