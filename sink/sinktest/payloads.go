// Package sinktest holds what tests of sinks share: texts that an attacker
// would write, secrets that must not come out, messages of every kind, and
// strict stand-ins for the vendors that enforce their limits and errors.
package sinktest

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// Payload is a text that means something to one kind of target and must mean
// nothing in a rendered message.
type Payload struct {
	Name    string // context and line
	Context string // slack, markdown, html, header, terminal, unicode, csv, servicenow, template, data
	Text    string // may be invalid UTF-8
}

//go:embed payloads.txt
var payloads string

// EvilHost is in every link of the payloads, in one form or another.
const EvilHost = "evil.example.com"

// Payloads is the corpus: more than 200 texts. It panics when the embedded file
// cannot be read, which its own test would show first.
func Payloads() []Payload {
	var out []Payload
	for i, line := range strings.Split(payloads, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		context, quoted, _ := strings.Cut(line, "\t")
		text, err := strconv.Unquote(quoted)
		if err != nil {
			panic(fmt.Sprintf("payloads.txt:%d: %s: %v", i+1, quoted, err))
		}
		out = append(out, Payload{fmt.Sprintf("%s:%d", context, i+1), context, text})
	}
	return out
}
