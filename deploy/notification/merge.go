package notification

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Config is all of a bucket's notifications.
type Config = types.NotificationConfiguration

// OverlapError is why an entry cannot be added: Amazon S3 takes one destination
// for an event of a key, so the prefixes and suffixes of two entries with the
// same event may not overlap (Amazon S3 User Guide, filtering event
// notifications by object key names).
type OverlapError struct {
	ID, Destination string // of the entry that is there
	Event           string // one that both have
	Prefix, Suffix  string // of the entry that is there
}

// Error names the other entry and the ways out.
func (e *OverlapError) Error() string {
	way := "send the bucket's events to EventBridge as well, which overlaps with nothing, or put a topic in between that both read from"
	if k, err := kindOf(e.Destination); err == nil && k == topic {
		way = "subscribe to that topic, or send the bucket's events to EventBridge as well, which overlaps with nothing"
	}
	return fmt.Sprintf("the bucket already sends %s of keys %s to %s (notification %q), and Amazon S3 takes one destination for each key: "+
		"choose a prefix apart from it, %s", e.Event, keys(e.Prefix, e.Suffix), e.Destination, e.ID, way)
}

// keys says in short which keys a filter lets through.
func keys(prefix, suffix string) string {
	if suffix == "" {
		return fmt.Sprintf("%q", prefix+"*")
	}
	return fmt.Sprintf("%q", prefix+"*"+suffix)
}

// Merge is existing with e in it: added, or in the place of the entry with its
// Id. Nothing else changes. changed is false when it is there already, also
// under somebody else's Id. The error is an *OverlapError, or says what is wrong
// with e.
func Merge(existing Config, e Entry) (merged Config, changed bool, err error) {
	if err := e.Check(); err != nil {
		return existing, false, err
	}
	if e.EventBridge {
		merged = existing
		if merged.EventBridgeConfiguration == nil {
			merged.EventBridgeConfiguration = &types.EventBridgeConfiguration{}
		}
		return settle(existing, merged)
	}
	merged = without(existing, e.id())
	others := entries(merged)
	for _, o := range others {
		if o.same(e) {
			return settle(existing, merged)
		}
	}
	for _, o := range others {
		if err := o.overlaps(e); err != nil {
			return existing, false, err
		}
	}
	if len(others) >= maxEntries {
		return existing, false, fmt.Errorf("the bucket has %d notifications, the most that Amazon S3 takes: send its events to EventBridge instead", len(others))
	}
	add(&merged, e)
	return settle(existing, merged)
}

// Remove is existing without the entry of that Id. EventBridge stays as it is:
// it has no Id, so nobody can tell whose it is.
func Remove(existing Config, id string) (rest Config, changed bool) {
	rest, changed, _ = settle(existing, without(existing, Entry{ID: id}.id()))
	return rest, changed
}

// settle keeps what is there when nothing would change.
func settle(existing, wanted Config) (Config, bool, error) {
	if Equal(existing, wanted) {
		return existing, false, nil
	}
	return wanted, true, nil
}

// without copies the configuration without the entry of that Id.
func without(c Config, id string) Config {
	keep := func(other *string) bool { return aws.ToString(other) != id }
	out := c
	out.TopicConfigurations = filtered(c.TopicConfigurations, func(t types.TopicConfiguration) bool { return keep(t.Id) })
	out.QueueConfigurations = filtered(c.QueueConfigurations, func(t types.QueueConfiguration) bool { return keep(t.Id) })
	out.LambdaFunctionConfigurations = filtered(c.LambdaFunctionConfigurations,
		func(t types.LambdaFunctionConfiguration) bool { return keep(t.Id) })
	return out
}

func filtered[T any](list []T, keep func(T) bool) []T {
	var out []T
	for _, x := range list {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
}

func add(c *Config, e Entry) {
	id, to := aws.String(e.id()), aws.String(e.Destination)
	switch k, _ := kindOf(e.Destination); k {
	case topic:
		c.TopicConfigurations = append(c.TopicConfigurations, types.TopicConfiguration{Id: id, TopicArn: to, Events: e.events(), Filter: e.filter()})
	case queue:
		c.QueueConfigurations = append(c.QueueConfigurations, types.QueueConfiguration{Id: id, QueueArn: to, Events: e.events(), Filter: e.filter()})
	case function:
		c.LambdaFunctionConfigurations = append(c.LambdaFunctionConfigurations,
			types.LambdaFunctionConfiguration{Id: id, LambdaFunctionArn: to, Events: e.events(), Filter: e.filter()})
	}
}

// entry is a notification of any kind as it lies in the configuration.
type entry struct {
	id, destination string
	events          []types.Event
	prefix, suffix  string
}

func entries(c Config) []entry {
	var out []entry
	for _, t := range c.TopicConfigurations {
		out = append(out, entryOf(t.Id, t.TopicArn, t.Events, t.Filter))
	}
	for _, t := range c.QueueConfigurations {
		out = append(out, entryOf(t.Id, t.QueueArn, t.Events, t.Filter))
	}
	for _, t := range c.LambdaFunctionConfigurations {
		out = append(out, entryOf(t.Id, t.LambdaFunctionArn, t.Events, t.Filter))
	}
	return out
}

func entryOf(id, destination *string, events []types.Event, f *types.NotificationConfigurationFilter) entry {
	e := entry{id: aws.ToString(id), destination: aws.ToString(destination), events: slices.Clone(events)}
	slices.Sort(e.events)
	if f == nil || f.Key == nil {
		return e
	}
	for _, r := range f.Key.FilterRules { // Amazon S3 answers with Prefix and takes prefix
		switch {
		case strings.EqualFold(string(r.Name), "prefix"):
			e.prefix = aws.ToString(r.Value)
		case strings.EqualFold(string(r.Name), "suffix"):
			e.suffix = aws.ToString(r.Value)
		}
	}
	return e
}

// same tells whether an entry does all that e asks for and nothing more.
func (o entry) same(e Entry) bool {
	events := slices.Sorted(slices.Values(e.events()))
	return o.destination == e.Destination && o.prefix == e.Prefix && o.suffix == e.Suffix && slices.Equal(o.events, events)
}

// overlaps is an *OverlapError where one key could go both ways.
func (o entry) overlaps(e Entry) error {
	if !strings.HasPrefix(o.prefix, e.Prefix) && !strings.HasPrefix(e.Prefix, o.prefix) ||
		!strings.HasSuffix(o.suffix, e.Suffix) && !strings.HasSuffix(e.Suffix, o.suffix) {
		return nil
	}
	for _, theirs := range o.events {
		for _, ours := range e.events() {
			if covers(theirs, ours) || covers(ours, theirs) {
				return &OverlapError{ID: o.id, Destination: o.destination, Event: string(theirs), Prefix: o.prefix, Suffix: o.suffix}
			}
		}
	}
	return nil
}

// covers tells whether event a, which may end in a wildcard, means b too.
func covers(a, b types.Event) bool {
	family, all := strings.CutSuffix(string(a), "*")
	return a == b || all && strings.HasPrefix(string(b), family)
}

// Equal tells whether two configurations send the same events to the same
// places under the same Ids. The order of entries, events and filter rules has
// no meaning.
func Equal(a, b Config) bool {
	return (a.EventBridgeConfiguration == nil) == (b.EventBridgeConfiguration == nil) && slices.Equal(fingerprints(a), fingerprints(b))
}

func fingerprints(c Config) []string {
	var out []string
	for _, e := range entries(c) {
		out = append(out, fmt.Sprintf("%q", e))
	}
	slices.Sort(out)
	return out
}
