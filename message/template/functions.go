package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are known where the system has no files of them

	"go.yaml.in/yaml/v3"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/defang"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/mask"
)

// builtin are the functions of the template packages that are let through; the
// others escape for contexts that the sinks escape for, or call what they are
// given.
func builtin() []string {
	return []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice"}
}

// functions are those that templates may call, beside builtin.
func functions() map[string]any {
	return map[string]any{
		tickName:  tick,
		"upper":   func(x any) string { return strings.ToUpper(plain(x)) },
		"lower":   func(x any) string { return strings.ToLower(plain(x)) },
		"oneline": func(x any) string { return oneLine(plain(x)) },
		"mask":    func(x any) string { s, _ := mask.Text(plain(x)); return s },
		"defang":  func(x any) string { return defang.Text(plain(x)) },
		"trunc":   trunc,
		"join":    join,
		"default": orDefault,
		"date":    date,
		"commas":  commas,
		"json":    toJSON,
		"yaml":    toYAML,
		"tree":    func(l []alert.Label) json.RawMessage { return message.Tree(l) },
		"print":   func(xs ...any) (string, error) { return sized(fmt.Sprint(each(xs)...)) },
		"println": func(xs ...any) (string, error) { return sized(fmt.Sprintln(each(xs)...)) },
		"printf":  printf,
	}
}

func functionNames() []string {
	names := append(slices.Collect(maps.Keys(functions())), builtin()...)
	return slices.Sorted(slices.Values(slices.DeleteFunc(names, func(s string) bool { return s == tickName })))
}

func allowed(name string) bool {
	_, ok := functions()[name]
	return ok && name != tickName || slices.Contains(builtin(), name)
}

// maxResult bounds what one function returns, in bytes: functions in functions
// must not grow without end.
const maxResult = 512 << 10

func sized(s string) (string, error) {
	if len(s) > maxResult {
		return "", fmt.Errorf("the result has more than %d bytes", maxResult)
	}
	return s, nil
}

// plain is a value as text; the message itself is its headline.
func plain(x any) string {
	switch x := x.(type) {
	case string:
		return x
	case *running:
		return x.Headline
	case json.RawMessage:
		return string(x)
	case nil:
		return ""
	}
	return fmt.Sprint(x)
}

func each(xs []any) []any {
	for i, x := range xs {
		if r, ok := x.(*running); ok {
			xs[i] = plain(r)
		}
	}
	return xs
}

var widths = re2.Own(`%[-+# 0]*(\*|\d{4,}|\[|\d*\.(\*|\d{4,}|\[))`)

// printf refuses widths that would write megabytes of blanks.
func printf(format string, xs ...any) (string, error) {
	if widths.MatchString(format) {
		return "", errors.New("printf: widths of four digits, * and [ are not allowed")
	}
	return sized(fmt.Sprintf(format, each(xs)...))
}

// trunc cuts text to n characters, the mark included.
func trunc(n int, x any) (string, error) {
	if n < 1 {
		return "", fmt.Errorf("trunc: %d characters; expected 1 or more", n)
	}
	r := []rune(plain(x))
	if len(r) <= n {
		return string(r), nil
	}
	return string(r[:n-1]) + "…", nil
}

func join(sep string, xs []string) (string, error) { return sized(strings.Join(xs, sep)) }

// orDefault is x, or other when x is empty.
func orDefault(other string, x any) string {
	if s := plain(x); s != "" && s != "0" && s != "[]" && s != "<nil>" {
		return s
	}
	return other
}

// date writes a time in a layout of Go's time package, in a zone of the IANA
// database: date "2006-01-02 15:04" "Europe/Berlin" .FirstSeen. A message's
// missing time is written as nothing.
func date(layout, zone string, t time.Time) (string, error) {
	z, err := time.LoadLocation(zone)
	if err != nil {
		return "", fmt.Errorf("date: %q is no time zone; expected one such as UTC or Europe/Berlin", zone)
	}
	if t.IsZero() {
		return "", nil
	}
	return t.In(z).Format(layout), nil
}

// commas writes a whole number as 12,345.
func commas(x any) (string, error) {
	switch n := x.(type) {
	case int:
		return mask.Count(n), nil
	case int64:
		return mask.Count(int(n)), nil
	}
	return "", fmt.Errorf("commas: %v is no whole number", x)
}

// toJSON is a value as compact JSON, without escapes for HTML.
func toJSON(x any) (string, error) {
	if r, ok := x.(*running); ok {
		x = r.Message
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(x); err != nil {
		return "", fmt.Errorf("json: %w", err)
	}
	return sized(strings.TrimSuffix(b.String(), "\n"))
}

// toYAML is a value as YAML, keys in the order of its JSON.
func toYAML(x any) (string, error) {
	text, err := toJSON(x)
	if err != nil {
		return "", err
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	node, err := yamlNode(dec)
	if err != nil {
		return "", fmt.Errorf("yaml: %w", err)
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(node); err != nil {
		return "", fmt.Errorf("yaml: %w", err)
	}
	return sized(b.String())
}

// yamlNode reads the next JSON value as a node, so that keys keep their order.
func yamlNode(dec *json.Decoder) (*yaml.Node, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch v := tok.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.MappingNode}
		if v == '[' {
			n.Kind = yaml.SequenceNode
		}
		for dec.More() { // of an object, keys and values in turn
			below, err := yamlNode(dec)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, below)
		}
		_, err := dec.Token()
		return n, err
	case string:
		return yamldoc.Text(v), nil
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: v.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(v)}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
}
