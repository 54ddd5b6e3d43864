package main

import (
	"regexp"
	"strings"
)

// types are the engine's names of types that its messages show, in Athena's words.
var types = map[string]string{
	"BOOL": "boolean", "INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint", "FLOAT": "real", "DOUBLE": "double",
}

// said are the engine's messages about values, and what they say to somebody who
// wrote Athena's SQL: not the name of a Go package, nor the place in a text that
// was made from theirs.
var said = []struct {
	message *regexp.Regexp
	words   string // $type is the second group, a type
}{
	{regexp.MustCompile(`(?s)\n\n(LINE \d+: |Use "SET ).*`), ""},
	{regexp.MustCompile(`(?s)^.*database/sql/driver: API error: `), ""},
	{regexp.MustCompile(`(?s)^Conversion Error: Could not convert string '(no whole number|neither true nor false): (.*)' to \w+(?: when casting .*)?$`), `"$2" is $1`},
	{regexp.MustCompile(`(?s)^Conversion Error: (?:invalid|date|time|timestamp) (?:date field format|timestamp field format|field value out of range): "(?:no date: |no timestamp: )?(.*?)".*`), `"$1" is no date or time that there is, or not written as one`},
	{regexp.MustCompile(`(?s)^Conversion Error: Could not convert string '(.*)' to (\w+)(?: when casting .*)?$`), `"$1" is no $type`},
	{regexp.MustCompile(`(?s)^Conversion Error: Type \w+ with value (.*) can't be cast because the value is out of range for the destination type (\w+).*$`), `$1 is out of the range of $type`},
	{regexp.MustCompile(`(?s)^Invalid Input Error: (Could not parse string ".*" according to format specifier ".*?")\n.*`), "$1"},
	{regexp.MustCompile(`^(Invalid Input|Conversion|Out of Range) Error: `), ""},
}

// words is a failure of the engine as a user reads it.
func words(err error) string {
	text := err.Error()
	for _, s := range said {
		m := s.message.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		words := s.words
		if strings.Contains(words, "$type") {
			name := text[m[4]:m[5]]
			if athena, ok := types[name]; ok {
				name = athena
			}
			words = strings.ReplaceAll(words, "$type", name)
		}
		text = text[:m[0]] + string(s.message.ExpandString(nil, words, text, m)) + text[m[1]:]
	}
	return text
}
