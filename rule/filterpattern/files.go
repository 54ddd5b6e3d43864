package filterpattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// MaxFileBytes bounds a file of patterns, in bytes.
const MaxFileBytes = 4 << 20

// Named is one pattern of a file, not parsed yet.
type Named struct {
	Name     string // empty when the file does not name it
	Text     string // the pattern
	Line     int    // 1-based line of the file where Text starts
	LogGroup string // describe-metric-filters: the log group it is attached to
}

// ReadFile reads a .filter file, or what `aws logs describe-metric-filters` (or
// describe-subscription-filters) printed. A .filter file holds
//
//   - one pattern, verbatim, over as many lines as it likes; or
//   - several, each after a line "# name", until the next such line; or
//   - several JSON patterns, one a line.
//
// Lines that start with "##" are comments; so is a "#" line without text.
func ReadFile(text []byte) ([]Named, diagnostic.List) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if len(text) > MaxFileBytes {
		return nil, fileError(0, "the file has %d bytes; at most %d are read", len(text), MaxFileBytes)
	}
	if isExport(text) {
		return ReadMetricFilters(text)
	}
	named, headed := sections(string(text))
	if !headed {
		if several := onePerLine(named); several != nil {
			return several, nil
		}
	}
	if len(named) == 0 {
		return nil, fileError(0, "the file holds no pattern; the pattern that matches everything is written \" \"")
	}
	return named, nil
}

func fileError(line int, format string, args ...any) diagnostic.List {
	return diagnostic.List{{Code: CodeFile, Line: line, Message: fmt.Sprintf(format, args...)}}
}

// isExport tells JSON from a JSON pattern: an object's first token after the
// brace is a quote, a pattern's is a selector.
func isExport(text []byte) bool {
	text = bytes.TrimSpace(text)
	if len(text) < 2 || text[0] != '{' && text[0] != '[' {
		return false
	}
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	if text[0] == '[' {
		return len(rest) > 0 && rest[0] == '{'
	}
	return len(rest) > 0 && rest[0] == '"'
}

// sections cuts a .filter file at its headings.
func sections(text string) (named []Named, headed bool) {
	name, start, body, number := "", 1, strings.Builder{}, 0
	flush := func() {
		lead := body.String()[:body.Len()-len(strings.TrimLeftFunc(body.String(), isBlank))]
		if pattern := strings.TrimFunc(body.String(), isBlank); pattern != "" {
			named = append(named, Named{Name: name, Text: pattern, Line: start + strings.Count(lead, "\n")})
		}
		body.Reset()
	}
	for line := range strings.Lines(text) {
		number++
		heading := strings.TrimSpace(strings.TrimPrefix(line, "#"))
		switch {
		case line[0] != '#':
			body.WriteString(line)
		case heading == "" || heading[0] == '#':
			body.WriteByte('\n') // a comment keeps its line
		default:
			flush()
			name, start, headed = heading, number+1, true
		}
	}
	flush()
	return named, headed
}

// onePerLine splits a file whose every line is a JSON pattern of its own; nil
// when it is no such file.
func onePerLine(named []Named) []Named {
	if len(named) != 1 || !strings.Contains(named[0].Text, "\n") {
		return nil
	}
	var out []Named
	number := named[0].Line - 1
	for line := range strings.Lines(named[0].Text) {
		number++
		text := strings.TrimFunc(line, isBlank)
		if text == "" {
			continue
		}
		if text[0] != '{' || text[len(text)-1] != '}' {
			return nil
		}
		out = append(out, Named{Text: text, Line: number})
	}
	return out
}

// ReadMetricFilters reads the JSON that `aws logs describe-metric-filters` or
// describe-subscription-filters prints: an object with a list of filters, the
// list, or one filter.
func ReadMetricFilters(text []byte) ([]Named, diagnostic.List) {
	if len(text) > MaxFileBytes {
		return nil, fileError(0, "the file has %d bytes; at most %d are read", len(text), MaxFileBytes)
	}
	if !json.Valid(text) {
		err, line := json.Unmarshal(text, new(any)), 1
		if e, ok := errors.AsType[*json.SyntaxError](err); ok {
			line += bytes.Count(text[:min(int(e.Offset), len(text))], []byte("\n"))
		}
		return nil, fileError(line, "not valid JSON: %v", err)
	}
	r := exportReader{text: text, d: json.NewDecoder(bytes.NewReader(text))}
	if r.value(0); len(r.list) > 0 {
		return nil, r.list
	}
	if len(r.found) == 0 {
		return nil, fileError(1, "no filterPattern in the JSON; want the output of aws logs describe-metric-filters")
	}
	return r.found, nil
}

// exportReader walks over the tokens of valid JSON, so that it knows where each
// pattern stands.
type exportReader struct {
	text  []byte
	d     *json.Decoder
	found []Named
	list  diagnostic.List
}

// value reads one JSON value: lists and the two known keys are entered.
func (r *exportReader) value(depth int) {
	t, err := r.d.Token()
	if err != nil || depth > 8 {
		r.list = fileError(r.line(), "the JSON is nested deeper than a list of filters")
		return
	}
	switch t {
	case json.Delim('['):
		for r.d.More() && len(r.list) == 0 {
			r.value(depth + 1)
		}
		r.close()
	case json.Delim('{'):
		r.object(depth)
	}
}

func (r *exportReader) object(depth int) {
	var n Named
	has := false
	for r.d.More() && len(r.list) == 0 {
		key, _ := r.d.Token()
		switch key {
		case "metricFilters", "subscriptionFilters":
			r.value(depth + 1)
		case "filterName":
			n.Name = r.textOf("filterName")
		case "logGroupName":
			n.LogGroup = r.textOf("logGroupName")
		case "filterPattern":
			n.Text, has = r.textOf("filterPattern"), true
			n.Line = r.line()
		default:
			var skipped json.RawMessage
			_ = r.d.Decode(&skipped) // valid: the whole text was checked
		}
	}
	r.close()
	if has {
		r.found = append(r.found, n)
	}
}

func (r *exportReader) close() { _, _ = r.d.Token() }

func (r *exportReader) textOf(key string) string {
	var s *string
	if err := r.d.Decode(&s); err != nil && err != io.EOF || s == nil {
		r.list = fileError(r.line(), "%s is not a text", key)
		return ""
	}
	return *s
}

// line is the 1-based line of what was read last.
func (r *exportReader) line() int {
	return bytes.Count(r.text[:r.d.InputOffset()], []byte("\n")) + 1
}
