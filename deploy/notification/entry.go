// Package notification adds one destination to the event notifications of a
// bucket and takes it away again, and leaves everything else in their
// configuration as it is.
//
// Amazon S3 knows only one call that writes all of a bucket's notifications at
// once, so whoever writes without having read takes away what others set up
// (Amazon S3 API Reference, PutBucketNotificationConfiguration). Merge and
// Remove are the decision, as pure functions; Change.Apply reads, decides,
// writes and looks whether it was kept.
package notification

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// DefaultID is the Id of the entry when its maker names none.
const DefaultID = "trailwarden"

// ObjectCreated is the event of every object that arrives, by whichever API.
const ObjectCreated = "s3:ObjectCreated:*"

// Limits of Amazon S3: bytes of an object key, entries of a bucket
// (Amazon S3 User Guide, event notifications; quotas) and characters of an Id.
const (
	maxKey     = 1024
	maxEntries = 100
	maxID      = 255
)

// Entry is the one notification that is ours. The Id tells it from others.
type Entry struct {
	ID string // DefaultID when empty
	// Destination is the ARN of a standard topic, a standard queue or a function
	// in the bucket's region.
	Destination string
	// EventBridge sends every event of the bucket to EventBridge in place of a
	// destination; it has neither Id, events nor filter, and leaves entries alone.
	EventBridge bool
	Events      []string // ObjectCreated when empty
	Prefix      string   // of the keys; empty means all
	Suffix      string
}

// id, events and the filter as they go to Amazon S3.
func (e Entry) id() string { return cmp.Or(e.ID, DefaultID) }

func (e Entry) events() []types.Event {
	if len(e.Events) == 0 {
		return []types.Event{ObjectCreated}
	}
	out := make([]types.Event, len(e.Events))
	for i, name := range e.Events {
		out[i] = types.Event(name)
	}
	return out
}

func (e Entry) filter() *types.NotificationConfigurationFilter {
	var rules []types.FilterRule
	if e.Prefix != "" {
		rules = append(rules, types.FilterRule{Name: types.FilterRuleNamePrefix, Value: aws.String(e.Prefix)})
	}
	if e.Suffix != "" {
		rules = append(rules, types.FilterRule{Name: types.FilterRuleNameSuffix, Value: aws.String(e.Suffix)})
	}
	if rules == nil {
		return nil
	}
	return &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: rules}}
}

// Check says what of the entry Amazon S3 would refuse, or nil.
func (e Entry) Check() error {
	if err := e.checkID(); err != nil {
		return err
	}
	if e.EventBridge {
		if e.Destination != "" || e.Prefix != "" || e.Suffix != "" || len(e.Events) > 0 {
			return errors.New("EventBridge gets every event of the bucket: it goes with no destination, events, prefix or suffix")
		}
		return nil
	}
	if _, err := kindOf(e.Destination); err != nil {
		return err
	}
	for name, text := range map[string]string{"prefix": e.Prefix, "suffix": e.Suffix} {
		if len(text) > maxKey || strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("%s %.40q: want at most %d bytes without control characters", name, text, maxKey)
		}
	}
	return e.checkEvents()
}

func (e Entry) checkID() error {
	if len(e.id()) > maxID || strings.ContainsFunc(e.id(), unicode.IsControl) {
		return fmt.Errorf("id %.40q: want at most %d characters without control characters", e.ID, maxID)
	}
	return nil
}

func (e Entry) checkEvents() error {
	for i, name := range e.events() {
		if !slices.Contains(name.Values(), name) {
			return fmt.Errorf("event %q is none of Amazon S3's; want one such as %s", name, ObjectCreated)
		}
		for _, other := range e.events()[:i] {
			if covers(other, name) || covers(name, other) {
				return fmt.Errorf("events %s and %s mean the same objects: leave one out", other, name)
			}
		}
	}
	return nil
}

// kind is a list of the configuration.
type kind string

const (
	topic    kind = "topic"
	queue    kind = "queue"
	function kind = "function"
)

func kindOf(destination string) (kind, error) {
	a, err := arn.Parse(destination)
	if err != nil || a.Region == "" || a.AccountID == "" || a.Resource == "" {
		return "", fmt.Errorf("destination %q: want the ARN of a topic, a queue or a function, such as arn:aws:sqs:eu-west-1:111122223333:trail-logs", destination)
	}
	if strings.HasSuffix(a.Resource, ".fifo") {
		return "", fmt.Errorf("destination %s is FIFO, to which Amazon S3 sends nothing: use a standard one", destination)
	}
	switch {
	case a.Service == "sns":
		return topic, nil
	case a.Service == "sqs":
		return queue, nil
	case a.Service == "lambda" && strings.HasPrefix(a.Resource, "function:"):
		return function, nil
	}
	return "", fmt.Errorf("destination %s: Amazon S3 sends to topics, queues and functions only", destination)
}
