package config

import (
	"reflect"
	"strings"
	"testing"
)

// Every key says what it means, every default fits its key, and no struct has a
// key twice.
func TestKeysAreExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Keys() {
		if k.Doc == "" || !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s: description %q", k.Path, k.Doc)
		}
		if seen[k.Path] {
			t.Errorf("%s is there twice", k.Path)
		}
		seen[k.Path] = true
	}
	if len(seen) < 200 {
		t.Errorf("only %d keys found", len(seen))
	}
	Default() // panics on a default that its key does not take
	for _, block := range []any{new(Slack), new(ServiceNow), new(Webhook), new(S3Source), new(HTTPSource), new(File), new(SMTP), new(Athena), new(Organizations), new(Override), new(Sink), new(Source)} {
		prefill(reflect.ValueOf(block).Elem())
	}
}

// The defaults of the limits are the ones that are promised.
func TestDefaultLimits(t *testing.T) {
	l := Default().Limits
	for what, is := range map[string]bool{
		"2 GiB unpacked": l.Decompressed == 2<<30, "200:1": l.Ratio == 200 && l.RatioAfter == 16<<20, "4 MiB a record": l.Record == 4<<20,
		"256 levels": l.Depth == 256, "20,000 keys": l.Keys == 20_000, "1,024 characters shown": l.Shown == 1024,
		"1,024 members": l.Members == 1024, "200,000 groups": l.Groups == 200_000, "10,000 waiting": l.Backlog == 10_000, "7 days": l.Remember.String() == "7d",
	} {
		if !is {
			t.Errorf("%s: %+v", what, l)
		}
	}
}
