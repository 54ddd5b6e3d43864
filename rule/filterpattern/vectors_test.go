package filterpattern_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

func lines(t testing.TB, file string) []string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(b), "\n")
}

func TestInvalidPatternsAreRefusedWithTheirCode(t *testing.T) {
	for _, line := range lines(t, "testdata/invalid.txt") {
		code, text, ok := strings.Cut(line, "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		p, list := filterpattern.Parse(strings.ReplaceAll(text, `\n`, "\n"))
		if p != nil || len(list) != 1 || list[0].Code != code || list[0].Line != 1 || list[0].Column == 0 {
			t.Errorf("%s: want %s, got %v", text, code, list)
		}
		if len(list) == 1 && list[0].Fix != "" {
			if _, again := filterpattern.Parse(list[0].Fix); len(again) > 0 && again[0].Code == code && again[0].Column <= list[0].Column {
				t.Errorf("%s: the fix %q does not get further: %v", text, list[0].Fix, again)
			}
		}
	}
}

// judge judges a message by every door and fails when they disagree.
func judge(t *testing.T, p *filterpattern.Pattern, message string) bool {
	t.Helper()
	hit := p.MatchText([]byte(message))
	if strings.HasPrefix(message, "{") && json.Valid([]byte(message)) {
		as, err := detect.Naive(p.Predicate(), []byte(message))
		if err != nil || as != hit {
			t.Errorf("%s on %s: as text %v, as record %v (%v)", p.Text(), message, hit, as, err)
		}
		rec, err := cloudtrail.ParseRecord([]byte(message))
		if err != nil {
			t.Fatal(err)
		}
		compiled := false
		detect.Compile([]detect.Node{p.Predicate()}).NewMatcher().Match(rec, func(int) { compiled = true })
		if compiled != hit {
			t.Errorf("%s on %s: as text %v, by the engine %v", p.Text(), message, hit, compiled)
		}
	}
	return hit
}

func TestHitsAreExact(t *testing.T) {
	var p *filterpattern.Pattern
	for i, line := range lines(t, "testdata/matches.txt") {
		if len(line) < 3 || line[0] == '#' {
			continue
		}
		text := line[2:]
		switch line[0] {
		case '>':
			got, diags := filterpattern.Parse(text)
			if got == nil {
				t.Fatalf("line %d: %s: %v", i+1, text, diags)
			}
			again, diags := filterpattern.Parse(got.String())
			if again == nil || again.String() != got.String() {
				t.Fatalf("line %d: %s prints as %s: %v", i+1, text, got, diags)
			}
			p = again
		case '+', '-':
			if judge(t, p, text) != (line[0] == '+') {
				t.Errorf("line %d: %s on %s: want %c", i+1, p, text, line[0])
			}
		}
	}
}
