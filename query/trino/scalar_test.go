package trino_test

import (
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/query/trino"
)

// TestURLDecodeGivesText holds url_decode's answer to be text whatever bytes the
// percent signs stand for (vectors: Unicode 15, table 3-8, and Java's URLDecoder).
func TestURLDecodeGivesText(t *testing.T) {
	decode := function(t, "ct_url_decode")
	for in, want := range map[string]string{
		"a%20b+c":                        "a b c",
		"%C3%A9":                         "é",
		"%80":                            "\ufffd",
		"%80%80":                         "\ufffd\ufffd",
		"%E2%82A":                        "\ufffdA",
		"%F1%80%80%E1%80%C2b%80c%80%BFd": "\ufffd\ufffd\ufffdb\ufffdc\ufffd\ufffdd",
		"%C3":                            "\ufffd",
	} {
		if got, err := decode.Call([]any{in}); err != nil || got != want {
			t.Errorf("url_decode(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	if got, err := decode.Call([]any{"%zz"}); err == nil {
		t.Errorf("url_decode of an escape that is none = %q, want an error", got)
	}
}

func function(t *testing.T, name string) trino.Function {
	t.Helper()
	for _, fn := range trino.Functions() {
		if fn.Name == name {
			return fn
		}
	}
	t.Fatalf("there is no %s", name)
	return trino.Function{}
}

// TestBoundsOfJSON holds paths to a length, and a search in a long array to one
// look at what is sought.
func TestBoundsOfJSON(t *testing.T) {
	long := "$" + strings.Repeat(".a", 10_000)
	for _, name := range []string{"ct_json_extract", "ct_json_exists"} {
		if got, err := function(t, name).Call([]any{`{}`, long}); err == nil {
			t.Errorf("%s with a path of %d bytes = %v, want an error", name, len(long), got)
		}
	}
	array, number := "["+strings.Repeat("1,", 100_000)+"1]", strings.Repeat("9", 300)
	if got, err := function(t, "ct_json_array_contains").Call([]any{array, number}); err != nil || got != false {
		t.Errorf("json_array_contains of a long array = %v, %v; want false", got, err)
	}
}
