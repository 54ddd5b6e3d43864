package detect_test

import (
	"fmt"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// TestInventedValuesAreJudgedAsTheyAre: what a matcher remembers of fields that
// mostly have few values never shows, though there are more values than it
// remembers, of which rules tell each from every other, with few rules and with
// many; and though some values are long, no texts, or beside a key in another case.
func TestInventedValuesAreJudgedAsTheyAre(t *testing.T) {
	text := func(op detect.TextOp, fold bool, v string, keys ...string) detect.Node {
		p := detect.Keys(keys...)
		p.Fold = fold
		return detect.Test{Path: p, Match: detect.Text{Op: op, Values: []string{v}, Kinds: detect.Strings, Fold: fold}}
	}
	const bits = 13
	code := func(n int) (s string) {
		for i := range bits {
			s += string("abcdefghijklm"[i] - byte(n>>i&1)*('a'-'A'))
		}
		return s
	}
	var few, many []detect.Node
	for i := range bits {
		few = append(few, text(detect.Contains, false, string("ABCDEFGHIJKLM"[i]), "errorCode"))
	}
	few = append(few,
		detect.All{text(detect.Equal, false, "GetObject", "eventName"), text(detect.HasPrefix, false, "a", "errorCode"), text(detect.Equal, false, "Root", "userIdentity", "type")},
		detect.All{text(detect.Equal, false, "GetObject", "eventName"), detect.Not{X: text(detect.Equal, true, "eu-west-1", "awsRegion")}, text(detect.Equal, false, "Root", "userIdentity", "type")},
		detect.Not{X: text(detect.Equal, false, "s.amazonaws.com", "userIdentity", "invokedBy")},
		detect.Compare{Left: detect.Keys("errorCode"), Right: detect.Keys("awsRegion"), Op: detect.Equal, Kinds: detect.Strings},
	)
	for i := range 300 {
		many = append(many, text(detect.Equal, false, code(17*i), "errorCode"), text(detect.HasSuffix, false, fmt.Sprint(i), "userIdentity", "type"))
	}
	for _, nodes := range [][]detect.Node{few, append(many, few...)} {
		m := detect.Compile(nodes).NewMatcher()
		var got []bool
		for i := range 6_000 {
			raw := fmt.Sprintf(`{"eventSource":"s3.amazonaws.com","eventName":%q,"errorCode":%q,"awsRegion":%q,"userIdentity":{"type":%q,"invokedBy":%q}`,
				[]string{"GetObject", "PutObject"}[i%2], code(i*5%(1<<bits)), []string{"eu-west-1", "EU-WEST-1", code(i * 5 % (1 << bits))}[i%3],
				[]string{"Root", fmt.Sprint("type", i)}[i/7%2], []string{"s.amazonaws.com", "s"}[i/3%2])
			switch i % 11 {
			case 1:
				raw += `,"AWSRegion":"eu-west-1"`
			case 2:
				raw += `,"errorCode":["ABC"]`
			case 3:
				raw += fmt.Sprintf(`,"errorCode":"%0300d"`, i)
			case 4:
				raw += `,"errorCode":null`
			}
			raw += "}"
			rec, err := cloudtrail.ParseRecord([]byte(raw))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got[:0], make([]bool, len(nodes))...)
			m.Match(rec, func(rule int) { got[rule] = true })
			if i%5 > 0 || len(nodes) > len(few) && i%50 > 0 {
				continue // it was remembered, if it may; judging all naively takes long
			}
			for n, node := range nodes {
				if want, err := detect.Naive(node, []byte(raw)); err != nil || got[n] != want {
					t.Fatalf("record %d, rule %d of %d: %v, want %v: %.300s", i, n, len(nodes), got[n], want, raw)
				}
			}
		}
	}
}
