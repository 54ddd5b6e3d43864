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
	words   string // $first is the first group and $type the second, types; $types is the second, some
}{
	{re2.Own(`(?s)^.*Binder Error: Cannot compare values of type (.*) and type (.*) - an explicit cast is required.*$`), "a $first is compared with a $type: write a CAST"},
	{re2.Own(`(?s)^.*Binder Error: Cannot mix values of type (.*) and (.*) in .* - an explicit cast is required.*$`), "a $first and a $type together: write a CAST"},
	{re2.Own(`(?s)^.*Cannot concatenate lists of types (.*) and (.*) - an explicit cast is required.*$`), "a $first and a $type together: write a CAST"},
	{re2.Own(`(?s)^.*Cannot deduce template type .*- '(.*)', from first occurrence\n - '(.*)', which is.*$`), "a $first and a $type do not go together here: write a CAST"},
	{re2.Own(`(?s)^.*Ambiguous reference to table "(.*)" \(duplicate alias.*$`), "two tables are called $1: give one of them another name with AS"},
	{re2.Own(`(?s)^.*Type VARCHAR with value ('.*') can't be cast to the destination type ([^\n]*).*$`), "$1 is no $type"},
	{re2.Own(`(?s)^.*Parameter type needs to be List.*$`), "an argument that must be an array is none"},
	{re2.Own(`(?s)^.*Binder Error: No function matches the given name and argument types '(?:ct_)?(.*)\((.*)\)'\. You might.*$`), "$first does not take ($types): write a CAST"},
	{re2.Own(`(?s)^.*Binder Error: Could not choose a best candidate function for the function call "(?:ct_)?(.*)\((.*)\)"\. In order.*$`), "$first does not take ($types): write a CAST"},
	{re2.Own(`(?s)^.*Binder Error: column "(.*)" must appear in the GROUP BY clause or must be part of an aggregate function.*$`), "'$1' must be an aggregate expression or appear in GROUP BY clause"},
	{re2.Own(`(?s)\n\n(LINE \d+: |Use "SET ).*`), ""},
	{re2.Own(`(?s)^.*database/sql/driver: API error: `), ""},
	{re2.Own(`(?s)^Conversion Error: Could not convert string '(no whole number|no number|neither true nor false): (.*)' to \w+(?: when casting .*)?$`), `"$2" is $1`},
	{re2.Own(`(?s)^Conversion Error: Could not convert string "no number: (.*)" to DECIMAL.*$`), `"$1" is no number`},
	{re2.Own(`(?s)^Conversion Error: (?:invalid|date|time|timestamp) (?:date field format|timestamp field format|field value out of range): "(?:no date: |no timestamp: )?(.*?)".*`), `"$1" is no date or time that there is, or not written as one`},
	{re2.Own(`^("\d{4}-[^"]*T[^"]*Z" is no date or time that there is, or not written as one)$`), "$1; from_iso8601_timestamp(text) reads it"},
	{re2.Own(`(?s)^Conversion Error: Could not convert string '(.*)' to (\w+)(?: when casting .*)?$`), `"$1" is no $type`},
	{re2.Own(`(?s)^Conversion Error: Type \w+ with value (.*) can't be cast because the value is out of range for the destination type (\w+).*$`), `$1 is out of the range of $type`},
	{re2.Own(`(?s)^Invalid Input Error: (Could not parse string ".*" according to format specifier ".*?")\n.*`), "$1"},
	{re2.Own(`(?s)^(?:Conversion Error: )?Unimplemented type for cast \((.*) -> (.*)\)$`), "Cannot cast $first to $type"},
	{re2.Own(`(?s)^Binder Error: (.*) - an explicit cast is required$`), "$1: write a CAST"},
	{re2.Own(`(?s)^.*Referenced table "[^"]*" not found.*$`), "an array in UNNEST that puts a column beside what is written is more than the embedded engine takes: make it a column of a WITH query, or --engine athena"},
	{re2.Own(`(?s)^.*Cannot perform non-inner join on subquery.*$`), "such a query in the ON of an outer join is more than the embedded engine takes: make it a column of a WITH query, or --engine athena"},
	{re2.Own(`(?s)^(INTERNAL|Not implemented|Parser) Error: .*$`), "the embedded engine cannot run a query of this shape; --engine athena does"},
	{re2.Own(`^(Invalid Input|Conversion|Out of Range|Binder|Catalog) Error: `), ""},
}

// words is a failure of the engine as a user reads it.
func words(err error) string {
	text := err.Error()
	for _, s := range said {
		words := s.words
		if m := s.message.FindStringSubmatch(text); len(m) > 2 {
			words = strings.NewReplacer("$first", trinoType(m[1]), "$types", mapMembers(m[2], trinoType), "$type", cmp.Or(types[m[2]], trinoType(m[2]))).Replace(words)
		}
		text = s.message.ReplaceAllString(text, words)
	}
	return text
}
