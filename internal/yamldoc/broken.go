package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlError is what the library says of text that is no YAML, with the line at
// fault and what usually is wrong there.
func yamlError(text []byte, err error) *Error {
	var line int
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	if n, _ := fmt.Sscanf(msg, "line %d:", &line); n == 1 {
		_, msg, _ = strings.Cut(msg, ": ")
	}
	at := max(breaks(text), line)
	return &Error{at, "not valid YAML: " + msg + hint(msg, lineAt(text, at))}
}

// maxRetried bounds the bytes that are read again to find the line at fault.
const maxRetried = 1 << 20

// breaks is the first line, from 1, behind the longest beginning of text that is
// YAML; 0 when the text is too long to find out. The library itself names the line
// before the block in which something is wrong.
func breaks(text []byte) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	if len(text)*len(lines)/2 > maxRetried {
		return 0
	}
	end := len(text)
	for n := len(lines); n > 1; n-- {
		if end -= len(lines[n-1]); isYAML(text[:end]) {
			return n
		}
	}
	return 1
}

func isYAML(text []byte) bool {
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		if err := d.Decode(&n); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

func lineAt(text []byte, n int) []byte {
	for ; n > 1; n-- {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return line
}

// hint says what a person may have done for whom the library has msg about a line.
func hint(msg string, line []byte) string {
	inner := bytes.TrimLeft(line, " ")
	switch {
	case bytes.HasPrefix(inner, []byte("\t")):
		return "; a tab indents this line: write spaces"
	case strings.Contains(msg, "cannot start any token"):
		return "; put text that begins with a sign such as @, % or ` in quotes"
	case strings.Contains(msg, "did not find expected key"), strings.Contains(msg, "'-' indicator"):
		return "; is this line indented like the others of its block?"
	case strings.Contains(msg, "mapping values are not allowed"):
		return "; is this line indented too far, or has it text with a colon that wants quotes?"
	case strings.Contains(msg, "could not find expected ':'"):
		return "; want KEY: VALUE, with a colon and a space"
	case strings.Contains(msg, "unexpected end of stream"):
		return "; a quote is opened and never closed"
	case strings.Contains(msg, "did not find expected ','"):
		return "; is a bracket opened and never closed, or a comma missing?"
	}
	return ""
}
