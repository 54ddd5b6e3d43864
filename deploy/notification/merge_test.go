package notification_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/trailwarden/trailwarden/deploy/notification"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

func init() { seeds.Rapid() }

const (
	topicARN    = "arn:aws:sns:eu-west-1:111122223333:trail-logs"
	queueARN    = "arn:aws:sqs:eu-west-1:111122223333:trail-logs"
	functionARN = "arn:aws:lambda:eu-west-1:111122223333:function:trailwarden"
)

func filter(prefix, suffix string) *types.NotificationConfigurationFilter {
	return &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: []types.FilterRule{
		{Name: "Prefix", Value: &prefix}, {Name: "Suffix", Value: &suffix},
	}}}
}

// lower has the names as the emulator takes them; Amazon S3 takes both.
func lower(f *types.NotificationConfigurationFilter) *types.NotificationConfigurationFilter {
	for i, r := range f.Key.FilterRules {
		f.Key.FilterRules[i].Name = types.FilterRuleName(strings.ToLower(string(r.Name)))
	}
	return f
}

func theirs(event, prefix, suffix string) notification.Config {
	return notification.Config{QueueConfigurations: []types.QueueConfiguration{{
		Id: aws.String("backup"), QueueArn: aws.String("arn:aws:sqs:eu-west-1:111122223333:backup"),
		Events: []types.Event{types.Event(event)}, Filter: filter(prefix, suffix)}}}
}

// S2.D10: Amazon S3's rule of overlaps, said before it is broken, with the name
// of the other.
func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		name                  string
		event, prefix, suffix string // theirs
		ours                  notification.Entry
		overlap               bool
	}{
		{"everything twice", "s3:ObjectCreated:*", "", "", notification.Entry{}, true},
		{"one of the family", "s3:ObjectCreated:Put", "", "", notification.Entry{}, true},
		{"the family of one", "s3:ObjectCreated:*", "", "", notification.Entry{Events: []string{"s3:ObjectCreated:Copy"}}, true},
		{"another event", "s3:ObjectRemoved:*", "", "", notification.Entry{}, false},
		{"two of a family", "s3:ObjectCreated:Put", "", "", notification.Entry{Events: []string{"s3:ObjectCreated:Copy"}}, false},
		{"prefixes apart", "s3:ObjectCreated:*", "backup/", "", notification.Entry{Prefix: "AWSLogs/"}, false},
		{"a prefix of ours", "s3:ObjectCreated:*", "AWS", "", notification.Entry{Prefix: "AWSLogs/"}, true},
		{"ours is a prefix", "s3:ObjectCreated:*", "AWSLogs/o-1/", "", notification.Entry{Prefix: "AWSLogs/"}, true},
		{"suffixes apart", "s3:ObjectCreated:*", "", ".csv", notification.Entry{Suffix: ".json.gz"}, false},
		{"a suffix of ours", "s3:ObjectCreated:*", "", ".gz", notification.Entry{Suffix: ".json.gz"}, true},
		{"same prefix, suffixes apart", "s3:ObjectCreated:*", "AWSLogs/", ".csv", notification.Entry{Prefix: "AWSLogs/", Suffix: ".gz"}, false},
		{"prefixes apart, same suffix", "s3:ObjectCreated:*", "a/", ".gz", notification.Entry{Prefix: "b/", Suffix: ".gz"}, false},
		{"crosswise", "s3:ObjectCreated:*", "AWSLogs/", "", notification.Entry{Suffix: ".gz"}, true},
		{"to EventBridge", "s3:ObjectCreated:*", "", "", notification.Entry{EventBridge: true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !c.ours.EventBridge {
				c.ours.Destination = topicARN
			}
			existing := theirs(c.event, c.prefix, c.suffix)
			merged, changed, err := notification.Merge(existing, c.ours)
			var overlap *notification.OverlapError
			if errors.As(err, &overlap) != c.overlap {
				t.Fatalf("error %v, want an overlap: %v", err, c.overlap)
			}
			if c.overlap && (!strings.Contains(err.Error(), `"backup"`) || changed || !notification.Equal(merged, existing)) {
				t.Errorf("changed %v and says %v; want nothing changed and the other named", changed, err)
			}
			if !c.overlap && !changed {
				t.Error("nothing changed")
			}
		})
	}
}

// What Amazon S3 would refuse is refused before anything is read.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		want  string
		entry notification.Entry
	}{
		{"want the ARN", notification.Entry{}},
		{"want the ARN", notification.Entry{Destination: "trail-logs"}},
		{"FIFO", notification.Entry{Destination: queueARN + ".fifo"}},
		{"topics, queues and functions only", notification.Entry{Destination: "arn:aws:kinesis:eu-west-1:111122223333:stream/x"}},
		{"none of Amazon S3's", notification.Entry{Destination: topicARN, Events: []string{"s3:ObjectCreate:*"}}},
		{"leave one out", notification.Entry{Destination: topicARN, Events: []string{"s3:ObjectCreated:*", "s3:ObjectCreated:Put"}}},
		{"prefix", notification.Entry{Destination: topicARN, Prefix: strings.Repeat("x", 1025)}},
		{"suffix", notification.Entry{Destination: topicARN, Suffix: "\n"}},
		{"EventBridge gets every event", notification.Entry{Destination: topicARN, EventBridge: true}},
		{"EventBridge gets every event", notification.Entry{Prefix: "x", EventBridge: true}},
		{"id", notification.Entry{Destination: topicARN, ID: strings.Repeat("x", 256)}},
	} {
		if _, _, err := notification.Merge(notification.Config{}, c.entry); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+.100v: %v, want %q", c.entry, err, c.want)
		}
	}
}

// Somebody may have made our entry by hand; it is not made twice.
func TestTheSameUnderAnotherID(t *testing.T) {
	existing := theirs("s3:ObjectCreated:*", "AWSLogs/", "")
	e := notification.Entry{Destination: "arn:aws:sqs:eu-west-1:111122223333:backup", Prefix: "AWSLogs/"}
	if merged, changed, err := notification.Merge(existing, e); err != nil || changed || !notification.Equal(merged, existing) {
		t.Errorf("changed %v, %v", changed, err)
	}
}

// A bucket that is full says so.
func TestTooMany(t *testing.T) {
	var full notification.Config
	for i := range 100 {
		full.TopicConfigurations = append(full.TopicConfigurations, types.TopicConfiguration{Id: aws.String(fmt.Sprint(i)),
			TopicArn: aws.String(topicARN), Events: []types.Event{notification.ObjectCreated}, Filter: filter(fmt.Sprintf("%03d/", i), "")})
	}
	if _, _, err := notification.Merge(full, notification.Entry{Destination: queueARN, Prefix: "AWSLogs/"}); err == nil || !strings.Contains(err.Error(), "100") {
		t.Errorf("%v, want the limit", err)
	}
}

// randomConfig is any configuration, with and without our entry; others may
// overlap with each other, which is not ours to judge.
func randomConfig(r *rand.Rand) notification.Config {
	var c notification.Config
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	events := func() []types.Event {
		return []types.Event{types.Event(pick("s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectRemoved:*", "s3:ObjectTagging:*", "s3:NewThing:*"))}
	}
	some := func() *types.NotificationConfigurationFilter {
		if r.IntN(3) == 0 {
			return nil
		}
		return filter(pick("", "a/", "AWSLogs/", "AWSLogs/o-1/", "b"), pick("", ".gz", ".json.gz", ".csv"))
	}
	id := func(i int) *string { return aws.String(pick(fmt.Sprint("other-", i), fmt.Sprint("Trailwarden", i))) }
	for i := range r.IntN(4) {
		c.TopicConfigurations = append(c.TopicConfigurations, types.TopicConfiguration{Id: id(i), TopicArn: aws.String(topicARN + "-2"), Events: events(), Filter: some()})
	}
	for i := range r.IntN(4) {
		c.QueueConfigurations = append(c.QueueConfigurations, types.QueueConfiguration{Id: id(i + 10), QueueArn: aws.String(queueARN + "-2"), Events: events(), Filter: some()})
	}
	for i := range r.IntN(4) {
		c.LambdaFunctionConfigurations = append(c.LambdaFunctionConfigurations,
			types.LambdaFunctionConfiguration{Id: id(i + 20), LambdaFunctionArn: aws.String(functionARN + "-2"), Events: events(), Filter: some()})
	}
	if r.IntN(2) == 0 {
		c.EventBridgeConfiguration = &types.EventBridgeConfiguration{}
	}
	if r.IntN(2) == 0 { // what we set up before, in some other way
		c.QueueConfigurations = append(c.QueueConfigurations, types.QueueConfiguration{Id: aws.String(notification.DefaultID), QueueArn: aws.String(queueARN), Events: events(), Filter: some()})
	}
	return c
}

// foreign is everything in a configuration that is not ours, and in its order.
func foreign(c notification.Config) notification.Config {
	var out notification.Config
	for _, x := range c.TopicConfigurations {
		if aws.ToString(x.Id) != notification.DefaultID {
			out.TopicConfigurations = append(out.TopicConfigurations, x)
		}
	}
	for _, x := range c.QueueConfigurations {
		if aws.ToString(x.Id) != notification.DefaultID {
			out.QueueConfigurations = append(out.QueueConfigurations, x)
		}
	}
	for _, x := range c.LambdaFunctionConfigurations {
		if aws.ToString(x.Id) != notification.DefaultID {
			out.LambdaFunctionConfigurations = append(out.LambdaFunctionConfigurations, x)
		}
	}
	out.EventBridgeConfiguration = c.EventBridgeConfiguration
	return out
}

func diff(a, b notification.Config) string {
	return cmp.Diff(a, b, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(notification.Config{}, types.TopicConfiguration{}, types.QueueConfiguration{},
		types.LambdaFunctionConfiguration{}, types.NotificationConfigurationFilter{}, types.S3KeyFilter{}, types.FilterRule{}, types.EventBridgeConfiguration{}))
}

func randomEntry(r *rand.Rand) notification.Entry {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	return notification.Entry{Destination: pick(topicARN, queueARN, functionARN, queueARN+"-2"), Prefix: pick("", "AWSLogs/", "a/b/", "c/"),
		Suffix: pick("", ".gz", ".txt"), Events: [][]string{nil, {"s3:ObjectCreated:Put"}, {"s3:ObjectRemoved:*", "s3:ObjectCreated:*"}}[r.IntN(3)]}
}

// S2.D10: whatever is there, nothing of others ever changes; a second merge
// changes nothing; a removal takes ours and only ours.
func TestOthersAreNeverTouched(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		existing, e := randomConfig(r), randomEntry(r)
		merged, changed, err := notification.Merge(existing, e)
		if d := diff(foreign(existing), foreign(merged)); d != "" {
			t.Fatalf("Merge changed what is others':\n%s", d)
		}
		if err != nil {
			if changed || diff(existing, merged) != "" {
				t.Fatalf("refused and changed all the same: %v", err)
			}
			return
		}
		if twice, again, err := notification.Merge(merged, e); err != nil || again || diff(merged, twice) != "" {
			t.Fatalf("a second merge: changed %v, %v", again, err)
		}
		if n := len(notification.Describe(merged)) - len(notification.Describe(foreign(merged))); n > 1 {
			t.Fatalf("%d entries are ours", n)
		}
		rest, _ := notification.Remove(merged, "")
		if d := diff(foreign(existing), rest); d != "" {
			t.Fatalf("Remove left something or took too much:\n%s", d)
		}
	})
}

// Turning EventBridge on changes nothing else, and nobody turns it off.
func TestEventBridge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		existing := randomConfig(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		merged, changed, err := notification.Merge(existing, notification.Entry{EventBridge: true})
		if err != nil || changed != (existing.EventBridgeConfiguration == nil) || merged.EventBridgeConfiguration == nil {
			t.Fatalf("changed %v, %v", changed, err)
		}
		if merged.EventBridgeConfiguration = existing.EventBridgeConfiguration; diff(existing, merged) != "" {
			t.Fatal("something else changed")
		}
		merged.EventBridgeConfiguration = &types.EventBridgeConfiguration{}
		if rest, _ := notification.Remove(merged, ""); rest.EventBridgeConfiguration == nil {
			t.Fatal("Remove turned EventBridge off")
		}
	})
}
