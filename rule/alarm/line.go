package alarm

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// lines are the lines on which the n values of a list in a JSON object begin.
func lines(text []byte, list string, n int) (all []int) {
	d := json.NewDecoder(bytes.NewReader(text))
	_, _ = d.Token() // of the object, which was read before
	for d.More() {
		key, err := d.Token()
		if err != nil {
			break
		}
		if name, _ := key.(string); strings.EqualFold(name, list) {
			all = begins(d, text)
			continue
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			break
		}
	}
	for len(all) < n {
		all = append(all, 1)
	}
	return all
}

// begins are the lines on which the values of the list begin that comes next.
func begins(d *json.Decoder, text []byte) (all []int) {
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return nil
	}
	line, from := 1, 0
	for d.More() {
		var one json.RawMessage
		if d.Decode(&one) != nil {
			return all
		}
		at := int(d.InputOffset()) - len(one)
		line += bytes.Count(text[from:at], []byte("\n"))
		from = at
		all = append(all, line)
	}
	_, _ = d.Token()
	return all
}

// LineOf is the line of the text that an error of ParseAlarms or ParseFilters is
// about; 1 when it is about all of it.
func LineOf(text []byte, err error) int {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	at := int64(0)
	if errors.As(err, &syntax) {
		at = syntax.Offset
	} else if errors.As(err, &kind) {
		at = kind.Offset
	}
	return 1 + bytes.Count(text[:min(at, int64(len(text)))], []byte("\n"))
}
