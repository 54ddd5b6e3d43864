package envelope_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/trailwarden/trailwarden/source/envelope"
)

func stream(t *testing.T, r io.Reader, l envelope.Limits) (items []envelope.Item, err error) {
	t.Helper()
	err = envelope.Stream(t.Context(), r, l, func(it envelope.Item) error {
		it.Record = bytes.Clone(it.Record)
		items = append(items, it)
		return nil
	})
	return items, err
}

// A stream gives what opening the whole gives.
func TestStreamIsOpen(t *testing.T) {
	for _, v := range vectors(t) {
		if !sound(v) || v.Text != nil {
			continue
		}
		want := outcome(envelope.Unwrap(v.body(), envelope.DefaultLimits()))
		items, err := stream(t, iotest.HalfReader(bytes.NewReader(v.body())), envelope.DefaultLimits())
		if err != nil || outcome(items) != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", v.Name, err, outcome(items), want)
		}
	}
}

// A Firehose file of many messages, plain and compressed, cut and broken.
func TestFirehoseFile(t *testing.T) {
	message := `{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{"id":"1","timestamp":1,"message":"{\"eventVersion\":\"1.08\",\"eventCategory\":\"Management\"}"}]}`
	plain := []byte(strings.Repeat(message, 500))
	members := bytes.Repeat(squeeze([]byte(message+message)), 250)
	limits := envelope.DefaultLimits()
	limits.Output = 10_000 // one message, not the whole
	for name, body := range map[string][]byte{"plain": plain, "members": members} {
		items, err := stream(t, bytes.NewReader(body), limits)
		if err != nil || len(items) != 500 || items[499].Kind != envelope.Record {
			t.Errorf("%s: %d items, %v", name, len(items), err)
		}
		items, err = stream(t, bytes.NewReader(body[:len(body)-20]), limits)
		if n := len(items) - 1; err != nil || n < 498 || items[n].Kind != envelope.Poison {
			t.Errorf("%s, cut: %d items, %v", name, len(items), err)
		}
		broken := errors.New("the network is gone")
		items, err = stream(t, io.MultiReader(bytes.NewReader(body[:len(body)/2]), iotest.ErrReader(broken)), limits)
		if !errors.Is(err, broken) || len(items) < 200 {
			t.Errorf("%s, network: %d items, %v", name, len(items), err)
		}
	}
	items, err := stream(t, strings.NewReader(message+`{"a":"`+strings.Repeat("x", 2_000_000)), limits)
	if err != nil || len(items) != 2 || !strings.Contains(items[1].Reason, "more than 10000 bytes") {
		t.Errorf("a value without end: %d items, %v", len(items), err)
	}
	items, err = stream(t, bytes.NewReader(squeeze(make([]byte, 100<<20))), envelope.DefaultLimits())
	if err != nil || len(items) != 1 || items[0].Kind != envelope.Poison {
		t.Errorf("a bomb: %d items, %v", len(items), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := envelope.Stream(ctx, bytes.NewReader(plain), limits, func(envelope.Item) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	enough := errors.New("enough")
	if err := envelope.Stream(t.Context(), bytes.NewReader(plain), limits, func(envelope.Item) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("visit: %v", err)
	}
}

// What opening costs, for messages as they come.
func BenchmarkOpen(b *testing.B) {
	rec := `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/r/s"},"eventTime":"2026-03-14T09:26:53Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","requestParameters":{"a":"` + strings.Repeat("x", 800) + `"},"eventID":"e","eventCategory":"Management"}`
	events := make([]string, 50)
	for i := range events {
		events[i] = `{"id":"1","timestamp":1773480413000,"message":` + text([]byte(rec)) + `}`
	}
	logs := `{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[` + strings.Join(events, ",") + `]}`
	for name, body := range map[string][]byte{
		"S3Notification": []byte(`{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-1","eventTime":"2026-03-14T09:30:01.123Z","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"trail-logs"},"object":{"key":"AWSLogs/x","size":1024}}}]}`),
		"EventBridge":    []byte(`{"version":"0","id":"i","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","detail":` + rec + `}`),
		"LogsEvent":      []byte(`{"awslogs":{"data":"` + coded(squeeze([]byte(logs))) + `"}}`),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				envelope.Unwrap(body, envelope.DefaultLimits())
			}
		})
	}
}
