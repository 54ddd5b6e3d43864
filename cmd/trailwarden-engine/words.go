package main

import (
	"cmp"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
)

// types are the engine's names of types that its messages show, in Athena's words.
var types = map[string]string{
	"BOOL": "boolean", "INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint", "FLOAT": "real", "DOUBLE": "double",
}

// said are the engine's messages about values, and what they say to somebody who
// wrote Athena's SQL: not the name of a Go package, nor the place in a text that
// was made from theirs.
var said = []struct {
	message *re2.Lazy
	words   string // $type is the second group, a type
}{
	{re2.Own(`(?s)\n\n(LINE \d+: |Use "SET ).*`), ""},
	{re2.Own(`(?s)^.*database/sql/driver: API error: `), ""},
	{re2.Own(`(?s)^Conversion Error: Could not convert string '(no whole number|neither true nor false): (.*)' to \w+(?: when casting .*)?$`), `"$2" is $1`},
	{re2.Own(`(?s)^Conversion Error: (?:invalid|date|time|timestamp) (?:date field format|timestamp field format|field value out of range): "(?:no date: |no timestamp: )?(.*?)".*`), `"$1" is no date or time that there is, or not written as one`},
	{re2.Own(`(?s)^Conversion Error: Could not convert string '(.*)' to (\w+)(?: when casting .*)?$`), `"$1" is no $type`},
	{re2.Own(`(?s)^Conversion Error: Type \w+ with value (.*) can't be cast because the value is out of range for the destination type (\w+).*$`), `$1 is out of the range of $type`},
	{re2.Own(`(?s)^Invalid Input Error: (Could not parse string ".*" according to format specifier ".*?")\n.*`), "$1"},
	{re2.Own(`^(Invalid Input|Conversion|Out of Range) Error: `), ""},
}

// words is a failure of the engine as a user reads it.
func words(err error) string {
	text := err.Error()
	for _, s := range said {
		words := s.words
		if m := s.message.FindStringSubmatch(text); len(m) > 2 {
			words = strings.ReplaceAll(words, "$type", cmp.Or(types[m[2]], m[2]))
		}
		text = s.message.ReplaceAllString(text, words)
	}
	return text
}
