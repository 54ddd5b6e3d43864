package detect_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// Once a matcher has met the kinds of record there are, judging one does not
// allocate: own fields, nested ones, envelope, addresses, folding, arrays.
func TestMatchDoesNotAllocate(t *testing.T) {
	keys := func(s ...string) detect.Path { return detect.Keys(s...) }
	crossed := detect.Path{Steps: []detect.Step{detect.Key("resources"), detect.Key("type")}, Cross: true, Dotted: detect.DottedUnion, End: detect.EndLeaves}
	arn := crossed
	arn.Steps = []detect.Step{detect.Key("resources"), detect.Key("ARN")}
	any := detect.Strings | detect.Numbers
	rules := append(benchRules(300),
		detect.Test{Path: keys("sourceIPAddress"), Match: detect.CIDR{Prefix: prefixes[0], Kinds: any}},
		detect.Test{Path: keys("eventTime"), Match: detect.TimePart{Unit: detect.Hour, Value: 3}},
		detect.Test{Path: keys("requestParameters", "port"), Match: detect.Num{Op: detect.NumGreater, Value: detect.Int(1000), Kinds: any}},
		detect.Test{Path: detect.Path{Root: detect.RootEnvelope, Steps: []detect.Step{detect.Key("detail-type")}}, Match: detect.Text{Values: []string{"AWS API Call via CloudTrail"}, Kinds: any}},
		detect.Test{Path: detect.Path{Root: detect.RootEnvelope, Steps: []detect.Step{detect.Key("source")}}, Match: detect.Text{Values: []string{"aws.s3"}, Kinds: any}},
		detect.Test{Path: keys("userAgent"), Match: detect.Glob{Pieces: []detect.Piece{{Kind: detect.AnyRun}, {Text: "kali"}, {Kind: detect.AnyChar}}, Fold: true, Kinds: any}},
		detect.Test{Path: keys("userAgent"), Match: detect.Regexp{Re: regexps[4], Kinds: any}},
		detect.Test{Path: detect.Path{}, Match: detect.Text{Op: detect.Contains, Values: []string{"evil"}, Fold: true, Kinds: detect.Anything}},
		detect.Consistent{Terms: []detect.Term{{Path: arn, Match: detect.Exists}, {Path: crossed, Match: detect.Text{Values: []string{"AWS::S3::Object"}, Kinds: any}}}},
	)
	m := detect.Compile(rules).NewMatcher()
	rec := record(t, `{"eventVersion":"1.08","eventSource":"s3.amazonaws.com","eventName":"PutObject","eventType":"AwsApiCall","eventTime":"2024-01-02T03:04:05Z","sourceIPAddress":"2001:db8::1","userAgent":"Kali \"Linux\" É","requestParameters":{"bucketName":"b","port":2049},"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/u"},"resources":[{"ARN":"x","type":"AWS::S3::Object"},{"ARN":"y","type":"AWS::S3::Bucket"}]}`)
	n := 0
	m.Match(rec, func(int) { n++ })
	if n == 0 {
		t.Fatal("no rule matched")
	}
	hit := func(int) {}
	// Compacting the whole record for a search of all its text is the one thing
	// that the JSON package allocates for.
	if got := testing.AllocsPerRun(200, func() { m.Match(rec, hit) }); got > 2 {
		t.Errorf("%v allocations a record", got)
	}
}

// Records with invented names do not grow a matcher without bound.
func TestInventedNamesDoNotGrowMemory(t *testing.T) {
	rules := benchRules(500)
	m := detect.Compile(rules).NewMatcher()
	r := rand.New(rand.NewPCG(1, 1))
	live := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	var rec *cloudtrail.Record
	before := live()
	for range 100_000 {
		rec = record(t, fmt.Sprintf(`{"eventSource":"%s.amazonaws.com","eventName":"Get%x"}`, benchServices[r.IntN(20)], r.Uint64()))
		m.Match(rec, func(int) {})
	}
	if grown := int64(live()) - int64(before); grown > 48<<20 {
		t.Errorf("%d bytes more are in use", grown)
	}
	runtime.KeepAlive(m)
}

// Long names and names that are no strings are judged without the memory for
// pairs, and alike.
func TestUnusualHeads(t *testing.T) {
	long := string(bytes.Repeat([]byte("x"), 1000))
	rules := []detect.Node{
		detect.Test{Path: detect.Keys("eventName"), Match: detect.Text{Values: []string{long, "5", "a", "null"}, Kinds: detect.Anything}},
		detect.All{text("eventSource", "s"), detect.Not{X: text("eventName", "a")}},
		detect.Test{Path: detect.Path{Root: detect.RootEnvelope, Steps: []detect.Step{detect.Key("source")}}, Match: detect.Text{Values: []string{"aws.iam"}, Kinds: detect.Strings}},
		detect.Test{Path: detect.Path{Steps: []detect.Step{detect.Key("eventname")}, Fold: true}, Match: detect.Text{Values: []string{"A"}, Kinds: detect.Strings}},
	}
	m := detect.Compile(rules).NewMatcher()
	for _, rec := range []string{
		`{}`, `{"eventName":5}`, `{"eventName":null,"eventSource":"s"}`, `{"eventSource":"s","eventName":"` + long + `"}`,
		`{"eventSource":["s"],"eventName":"a"}`, `{"eventSource":"","eventName":"a","insightDetails":{"eventSource":"iam.amazonaws.com"}}`,
		`{"eventSource":"","eventName":"a"}`, `{"eventSource":"s","eventName":"a"}`, `{"eventSource":"s","EVENTNAME":"A"}`,
		`{"eventSource":"s","eventName":"b","eventName":"a"}`, `{"eventSource":"iam.amazonaws.com","eventName":"\u0061"}`,
	} {
		differ(t, rules, rec, hits(m, record(t, rec)), naiveHits(t, rules, rec))
	}
}

// TestALongPathIsCompiledInProportion counts memory, which grew with the square
// of the path's length: 60 kB of a rule held the program up for half a minute.
func TestALongPathIsCompiledInProportion(t *testing.T) {
	const keys = 4000
	var before, after runtime.MemStats
	path := detect.Keys(strings.Split(strings.Repeat("a.", keys)+"a", ".")...)
	runtime.ReadMemStats(&before)
	detect.Compile([]detect.Node{detect.Test{Path: path, Match: detect.Exists}})
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) / keys; got > 10_000 {
		t.Errorf("%d bytes for each key of the path", got)
	}
}
