package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/dynamodb"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/faults"
	"github.com/trailwarden/trailwarden/lambda"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/source"
)

// function is the Lambda handler over a store, with the rules of these files.
func function(t testing.TB, b source.Fetcher, files []string, text string, store func(policy func() *alert.Policy) alert.Store) *lambda.Function {
	t.Helper()
	rules, _ := json.Marshal(files)
	cfg, list := config.Decode("test", fmt.Appendf(nil, "rules: %s\nlimits: {lateness: 1h}\n%s", rules, text))
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	f := lambda.New(lambda.Options{
		Fetch: b, Log: slog.New(slog.DiscardHandler), Refresh: time.Hour,
		Load: func(ctx context.Context) (*assemble.Parts, bool, error) {
			p, err := assemble.PartsOf(ctx, cfg, assemble.Options{Out: io.Discard})
			return p, false, err
		},
		Open: func(_ context.Context, _ *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
			return store(policy), nil
		},
	})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// queued is an event with a message of a queue for each object, and the keys by
// message.
func queued(objects []faults.Object) ([]byte, map[string]faults.Object) {
	var records []any
	by := map[string]faults.Object{}
	for i, o := range objects {
		id := fmt.Sprintf("m%d", i)
		by[id] = o
		body, _ := json.Marshal(map[string]any{"s3Bucket": "logs", "s3ObjectKey": []string{o.Key}})
		records = append(records, map[string]any{"messageId": id, "eventSource": "aws:sqs", "body": string(body),
			"eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:q", "attributes": map[string]any{"ApproximateReceiveCount": "1"}})
	}
	event, _ := json.Marshal(map[string]any{"Records": records})
	return event, by
}

// invoke hands objects to a function as a queue does: what it reports as failed
// comes again.
func invoke(t testing.TB, f *lambda.Function, objects []faults.Object) {
	t.Helper()
	for try := 0; len(objects) > 0; try++ {
		event, by := queued(objects)
		answer, err := f.Invoke(t.Context(), event)
		var a struct {
			BatchItemFailures []struct{ ItemIdentifier string }
		}
		if err == nil {
			err = json.Unmarshal(answer, &a)
		}
		if err != nil || try > 50 {
			t.Errorf("%d objects, try %d: %v", len(objects), try, err)
			return
		}
		objects = objects[:0:0]
		for _, x := range a.BatchItemFailures {
			objects = append(objects, by[x.ItemIdentifier])
		}
	}
}

// P3: rules that remember find in a function what they find in a scan: with a
// store of its own, and with two that share a table, whichever of them is handed
// which file.
func TestRulesThatRememberFindTheSameInAFunction(t *testing.T) {
	records := faults.Corpus{Seed: 4, Records: count(600, 6_000), Incidents: count(2, 6), Span: 5 * time.Hour}.Make()
	end := later(records)
	objects := inHand(records, count(40, 100))
	set, list := rule.Load(starterFiles(t, true), rule.Options{})
	if list.Err() != nil {
		t.Fatal(list.Err())
	}
	want := scanned(t, set.Rules, append(slices.Clone(objects), end))
	t.Logf("%d files, %d alerts", len(objects), len(want))
	if len(want) < 6 {
		t.Fatal("too few of them to tell anything")
	}
	b := bucket{}.put(objects).put([]faults.Object{end})
	t.Run("alone", func(t *testing.T) {
		s := open(t)
		f := function(t, b, starterFiles(t, true), "", func(func() *alert.Policy) alert.Store { return unclosed{s} })
		for batch := range slices.Chunk(objects, 10) {
			invoke(t, f, batch)
		}
		invoke(t, f, []faults.Object{end})
		same(t, "the function", alerts(t, s), want)
	})
	t.Run("two on a table", func(t *testing.T) {
		cfg := awstest.Config(t)
		cfg.BaseEndpoint = aws.String(awstest.OneByOne(t, cfg))
		table := awstest.Name(t, "alerts")
		var fs []*lambda.Function
		var first alert.Store
		for range 2 {
			fs = append(fs, function(t, b, starterFiles(t, true), "store: {dynamodb: {table: "+table+"}}", func(policy func() *alert.Policy) alert.Store {
				s, err := dynamodb.Open(t.Context(), cfg, table, dynamodb.Options{Policy: policy, Create: true})
				if err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = s
				}
				return s
			}))
		}
		handOut(t, fs, objects)
		invoke(t, fs[0], []faults.Object{end})
		same(t, "two functions", alerts(t, first), want)
	})
	figure(t, "doors", "%d files of %d records to one function and to two at once: %d alerts of rules that remember, identical", len(objects), len(records), len(want))
}

// inHand are records in files of that many, in the order of their time: the
// emulator's table is slow, and each file with a hit is a transaction.
func inHand(records []faults.Record, size int) (objects []faults.Object) {
	sorted := slices.SortedStableFunc(slices.Values(records), func(a, b faults.Record) int { return a.At.Compare(b.At) })
	for some := range slices.Chunk(sorted, size) {
		var texts []string
		for _, r := range some {
			texts = append(texts, r.JSON)
		}
		key := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/2026/03/14/%04d.json.gz", some[0].Account, some[0].Region, len(objects))
		objects = append(objects, faults.Object{Key: key, Body: faults.Pack(texts), Records: len(some)})
	}
	return objects
}

// handOut gives files to functions at once, one to each, and the next ones when
// they are done: so none comes later than the bound.
func handOut(t testing.TB, fs []*lambda.Function, objects []faults.Object) {
	t.Helper()
	for some := range slices.Chunk(objects, len(fs)) {
		var all sync.WaitGroup
		for i := range some {
			all.Go(func() { invoke(t, fs[i], some[i:i+1]) })
		}
		all.Wait()
	}
}

// unclosed is a store that others still read.
type unclosed struct{ alert.Store }

func (unclosed) Close() error { return nil }
