package detect_test

import (
	"fmt"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// TestRepeatedTextsAreJudgedAsAtFirst: what a matcher remembers of a userIdentity
// or userAgent never shows, though texts come again, push each other out, are
// very long, or stand beside keys that make a path mean something else.
func TestRepeatedTextsAreJudgedAsAtFirst(t *testing.T) {
	path := func(fold bool, keys ...string) detect.Path {
		p := detect.Path{Fold: fold, Cross: true, Dotted: detect.DottedLiteralFirst, End: detect.EndScalars}
		for _, k := range keys {
			p.Steps = append(p.Steps, detect.Step{Kind: detect.StepKey, Key: k})
		}
		return p
	}
	equal := func(p detect.Path, v string) detect.Node {
		return detect.Test{Path: p, Match: detect.Text{Op: detect.Equal, Values: []string{v}, Kinds: detect.Strings}}
	}
	nodes := []detect.Node{
		equal(path(false, "userIdentity", "type"), "Root"),
		equal(path(true, "userIdentity", "type"), "Root"),
		detect.Not{X: equal(path(true, "userIdentity", "arn"), "a7")},
		equal(path(true, "userAgent"), "curl"),
		detect.All{equal(path(false, "userAgent"), "curl"), equal(path(false, "userIdentity", "arn"), "a3")},
	}
	m := detect.Compile(nodes).NewMatcher()
	long := fmt.Sprintf("%05000d", 1)
	for i := range 4_000 {
		text := fmt.Sprintf(`{"userIdentity":{"type":%q,"arn":"a%d"},"userAgent":%q`, []string{"Root", "root", long}[i%3], i%1501, []string{"curl", "sdk"}[i%2])
		switch i % 7 {
		case 1:
			text += `,"userIdentity.type":"Root"`
		case 2:
			text += `,"USERAGENT":"curl"`
		case 3:
			text += `,"useridentity":{"type":"Root"}`
		}
		text += "}"
		rec, err := cloudtrail.ParseRecord([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var got [5]bool
		m.Match(rec, func(rule int) { got[rule] = true })
		for n, node := range nodes {
			if want, err := detect.Naive(node, []byte(text)); err != nil || got[n] != want {
				t.Fatalf("record %d, rule %d: %v, want %v: %.200s", i, n, got[n], want, text)
			}
		}
	}
}
