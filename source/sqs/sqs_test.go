package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/faultproxy"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
	"github.com/trailwarden/trailwarden/source/sqs"
)

func TestMain(m *testing.M) { os.Exit(awstest.MainWithoutLeaks(m)) }

// bench is a queue on the emulator behind a fault proxy, and a handler that
// keeps a ledger.
type bench struct {
	t      *testing.T
	cfg    aws.Config
	queue  string
	direct *awssqs.Client
	proxy  *faultproxy.Proxy
	o      sqs.Options

	mu      sync.Mutex
	tries   map[string]int // by message
	handled map[string]int
	dead    map[string]int
	handle  func(d source.Delivery) error
}

func newBench(t *testing.T) *bench {
	t.Parallel()
	cfg := awstest.Config(t)
	b := &bench{t: t, cfg: cfg, direct: awssqs.NewFromConfig(cfg), tries: map[string]int{}, handled: map[string]int{}, dead: map[string]int{}}
	b.queue, _ = awstest.Queue(t, cfg)
	b.proxy = faultproxy.New(t, *cfg.BaseEndpoint, nil)
	through := cfg.Copy()
	through.BaseEndpoint = &b.proxy.URL
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	through.HTTPClient = &http.Client{Transport: transport}
	b.o = sqs.Options{Name: "q", Config: through, QueueURL: b.queue, Wait: time.Second, Visibility: 30 * time.Second,
		Backoff: source.Backoff{Base: 50 * time.Millisecond, Most: 200 * time.Millisecond}, Denied: 50 * time.Millisecond, Grace: 5 * time.Second}
	return b
}

func (b *bench) send(n int, body func(i int) string) {
	b.t.Helper()
	for i := 0; i < n; i += 10 {
		in := &awssqs.SendMessageBatchInput{QueueUrl: &b.queue}
		for j := i; j < min(n, i+10); j++ {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(j)), MessageBody: aws.String(body(j))})
		}
		if _, err := b.direct.SendMessageBatch(b.t.Context(), in); err != nil {
			b.t.Fatal(err)
		}
	}
}

func notice(i int) string { return fmt.Sprintf(`{"s3Bucket":"trail-logs","s3ObjectKey":["k%d"]}`, i) }

// serve is what a real handler does: poison and exhausted deliveries go to the
// dead letter, others are handled.
func (b *bench) serve(_ context.Context, d source.Delivery) error {
	b.mu.Lock()
	b.tries[d.ID]++
	b.mu.Unlock()
	if d.Exhausted() {
		b.note(b.dead, d.ID)
		return &source.Poison{Reason: "too many tries"}
	}
	for _, it := range d.Items {
		if it.Kind == envelope.Poison {
			b.note(b.dead, d.ID)
		}
	}
	if b.handle != nil {
		if err := b.handle(d); err != nil {
			return err
		}
	}
	for _, it := range d.Items {
		if it.Kind == envelope.Created {
			b.note(b.handled, it.Object.Key)
		}
	}
	return nil
}

func (b *bench) note(m map[string]int, k string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m[k]++
}

func (b *bench) count(m map[string]int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(m)
}

// run runs a source until done says so, and then gives it an end.
func (b *bench) run(done func(*sqs.Source) bool) *sqs.Source {
	b.t.Helper()
	s := sqs.New(b.o)
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, b.serve) }()
	limit := time.After(time.Minute)
	for !done(s) {
		select {
		case err := <-ended:
			cancel()
			b.t.Fatalf("Run ended: %v", err)
		case <-limit:
			cancel()
			b.t.Fatalf("not done in time: %+v, handled %d, dead %d", s.Health(), len(b.handled), len(b.dead))
		case <-time.After(20 * time.Millisecond):
		}
	}
	cancel()
	if err := <-ended; err != nil {
		b.t.Error(err)
	}
	h := s.Health()
	if h.Received != h.Acknowledged+h.Poisoned+h.Returned || h.InFlight != 0 {
		b.t.Errorf("counters do not balance: %+v", h)
	}
	return s
}

// left is how many messages the queue still holds.
func (b *bench) left() string {
	out, err := b.direct.GetQueueAttributes(b.t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: &b.queue, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// Everything is handled once and deleted, in few calls.
func TestDrain(t *testing.T) {
	b := newBench(t)
	b.send(60, notice)
	b.run(func(s *sqs.Source) bool { return b.count(b.handled) == 60 })
	b.nearlyOnce()
	if left := b.left(); left != "0+0" {
		t.Errorf("left in the queue: %s", left)
	}
	deletes := 0
	for _, r := range b.proxy.Requests() {
		if r.Target == "AmazonSQS.DeleteMessageBatch" {
			deletes++
		}
	}
	if deletes == 0 || deletes > 30 {
		t.Errorf("%d calls to delete 60 messages", deletes)
	}
}

// F34: one poison in ten: nine are handled the first time, and the poison goes
// to the dead letter, be it unreadable or one that crashes the handler.
func TestPoison(t *testing.T) {
	for name, c := range map[string]struct {
		body  string
		crash bool
		tries int
	}{
		"no JSON":           {`{"Records":[`, false, 1},
		"unknown envelope":  {`{"hello":"world"}`, false, 1},
		"wrong base64":      {`{"awslogs":{"data":"%%%"}}`, false, 1},
		"crashes a handler": {`{"s3Bucket":"trail-logs","s3ObjectKey":["crash"]}`, true, 4},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.o.Visibility = time.Second
			b.handle = func(d source.Delivery) error {
				if d.Items[0].Object.Key == "crash" {
					panic("a decoder crashed")
				}
				return nil
			}
			b.send(10, func(i int) string {
				if i == 3 {
					return c.body
				}
				return notice(i)
			})
			b.run(func(s *sqs.Source) bool { return b.count(b.handled) == 9 && b.count(b.dead) == 1 })
			for id, n := range b.tries {
				want := 1
				if b.dead[id] > 0 {
					want = c.tries
				}
				if n != want {
					t.Errorf("message %s came %d times, want %d", id, n, want)
				}
			}
			if left := b.left(); left != "0+0" {
				t.Errorf("left in the queue: %s", left)
			}
		})
	}
}

// F43: a handler that takes longer than the visibility timeout keeps its message.
// The queue keeps its own time; the source's goes faster, so that a machine that
// stands still for a while has missed nothing.
func TestHeartbeat(t *testing.T) {
	b := newBench(t)
	b.o.Visibility = 8 * time.Second
	b.o.Clock = source.Clock{Sleep: func(ctx context.Context, d time.Duration) error {
		if d > b.o.Visibility/2 {
			t.Errorf("waited %v before a heartbeat", d)
		}
		return (source.Clock{}).Wait(ctx, d/20)
	}}
	b.send(3, notice)
	b.handle = func(source.Delivery) error {
		time.Sleep(b.o.Visibility + time.Second) // the work
		return nil
	}
	b.run(func(s *sqs.Source) bool { return b.count(b.handled) == 3 })
	for id, n := range b.tries {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
}

// F43: a heartbeat that is not answered is given up for the next one, and the
// message stays ours. The source's clock goes faster, as in TestHeartbeat.
func TestHeartbeatWithoutAnswer(t *testing.T) {
	b := newBench(t)
	b.o.Visibility = 12 * time.Second
	b.o.Clock = source.Clock{Sleep: func(ctx context.Context, d time.Duration) error { return (source.Clock{}).Wait(ctx, d/20) }}
	b.send(1, notice)
	beats, second := 0, make(chan struct{})
	b.proxy.Decide(func(r *http.Request, _ int) faultproxy.Fault {
		if r.Header.Get("X-Amz-Target") != "AmazonSQS.ChangeMessageVisibility" {
			return faultproxy.Fault{}
		}
		if beats++; beats == 1 {
			return faultproxy.Fault{Longer: 100, Then: faultproxy.Stall}
		}
		if beats == 2 {
			close(second)
		}
		return faultproxy.Fault{}
	})
	b.handle = func(source.Delivery) error {
		select {
		case <-second:
		case <-t.Context().Done():
		}
		return nil
	}
	b.run(func(*sqs.Source) bool { return b.count(b.handled) == 1 })
	for id, n := range b.tries {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
}

// F8, F43: a queue that answers no delete does not hold up the stop. What was not
// deleted comes again.
func TestStopWithoutDeletes(t *testing.T) {
	b := newBench(t)
	b.o.Grace, b.o.Parallel = time.Second, 30
	b.send(30, notice)
	b.proxy.Decide(func(r *http.Request, _ int) faultproxy.Fault {
		if r.Header.Get("X-Amz-Target") == "AmazonSQS.DeleteMessageBatch" {
			return faultproxy.Fault{Then: faultproxy.Stall}
		}
		return faultproxy.Fault{}
	})
	var stopped time.Time
	s := b.run(func(*sqs.Source) bool {
		stopped = time.Now()
		return b.count(b.handled) == 30
	})
	if took := time.Since(stopped); took > 45*time.Second { // each of three batches of deletes has half a minute otherwise
		t.Errorf("it stopped after %v", took)
	}
	if h := s.Health(); h.AckFaults == 0 {
		t.Errorf("health %+v", h)
	}
}

// F43: receives that fail, deletes that fail, and answers that are lost: nothing
// is missing, and Health tells while it lasts.
func TestFailingQueue(t *testing.T) {
	b := newBench(t)
	b.o.Visibility = 2 * time.Second
	b.send(40, notice)
	faults := 0
	b.proxy.Decide(func(r *http.Request, n int) faultproxy.Fault {
		if n%3 != 0 || r.Header.Get("X-Amz-Target") == "AmazonSQS.GetQueueAttributes" {
			return faultproxy.Fault{}
		}
		faults++
		if r.Header.Get("X-Amz-Target") == "AmazonSQS.DeleteMessageBatch" && n%2 == 0 {
			return faultproxy.Fault{Lost: true}
		}
		return faultproxy.Fault{Status: 500, Code: "InternalFailure", JSON: true}
	})
	s := b.run(func(s *sqs.Source) bool { return b.count(b.handled) == 40 })
	if h := s.Health(); h.Faults == 0 || faults == 0 {
		t.Errorf("%d faults, counted %d", faults, h.Faults)
	}
	if left := b.left(); left != "0+0" {
		t.Errorf("left in the queue: %s", left)
	}
}

// F42: while a permission is missing, messages are kept and tried again without
// using up their receives; when it is given, they are handled.
func TestDeniedMessagesAreHeld(t *testing.T) {
	b := newBench(t)
	b.o.MaxReceives, b.o.Parallel = 3, 2
	b.send(5, notice)
	var mu sync.Mutex
	var most, denied int
	allowed := false
	b.handle = func(d source.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		most = max(most, d.Receives)
		if !allowed && d.Items[0].Object.Key != "k4" {
			denied++
			return fmt.Errorf("fetching: %w", &source.Denied{Object: d.Items[0].Object, Code: "AccessDenied"})
		}
		return nil
	}
	b.run(func(s *sqs.Source) bool {
		mu.Lock()
		defer mu.Unlock()
		if denied > 40 { // ten tries of each
			allowed = true
		}
		return b.count(b.handled) == 5
	})
	if most != 1 || b.count(b.dead) > 0 {
		t.Errorf("received up to %d times, %d dead", most, len(b.dead))
	}
}

// F42: of more messages than can be held, the others are given back for long
// enough that the wait for the permission does not use up their receives, and
// those that may be read are handled meanwhile.
func TestDeniedMessagesBeyondThoseHeld(t *testing.T) {
	b := newBench(t)
	b.o.MaxReceives, b.o.Parallel, b.o.Held = 3, 2, 1
	b.o.Receivers = 1 // the emulator hands a message out twice when two ask at once
	b.send(6, notice)
	var mu sync.Mutex
	var most, denied int
	b.handle = func(d source.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		most = max(most, d.Receives)
		if d.Items[0].Object.Key != "k5" {
			denied++
			return &source.Denied{Object: d.Items[0].Object, Code: "AccessDenied"}
		}
		return nil
	}
	b.run(func(*sqs.Source) bool {
		mu.Lock()
		defer mu.Unlock()
		return denied > 30 && b.count(b.handled) == 1
	})
	if most != 1 || b.count(b.dead) > 0 {
		t.Errorf("received up to %d times, %d dead", most, len(b.dead))
	}
}

// A stop gives messages back at once and lets those in hand finish.
func TestStop(t *testing.T) {
	b := newBench(t)
	b.o.Visibility = 60 * time.Second
	b.o.MaxReceives = 1000
	b.send(4, notice)
	started := make(chan struct{}, 100)
	b.handle = func(d source.Delivery) error {
		started <- struct{}{}
		if d.Items[0].Object.Key == "k0" {
			time.Sleep(300 * time.Millisecond)
			return nil
		}
		return errors.New("not now")
	}
	b.o.Backoff = source.Backoff{Base: time.Minute, Most: time.Minute}
	n := 0
	b.run(func(*sqs.Source) bool {
		for len(started) > 0 {
			<-started
			n++
		}
		return n >= 4
	})
	if b.count(b.handled) != 1 {
		t.Errorf("%d handled, want the one in hand", b.count(b.handled))
	}
}

// F11: two servers on one queue share the work.
func TestTwoServers(t *testing.T) {
	b := newBench(t)
	b.send(60, notice)
	second := sqs.New(b.o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- second.Run(ctx, b.serve) }()
	b.run(func(s *sqs.Source) bool { return b.count(b.handled) == 60 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	b.nearlyOnce()
}

// nearlyOnce checks that hardly anything came twice. The queue promises at least
// once, and so does the emulator when two ask at the same moment.
func (b *bench) nearlyOnce() {
	b.t.Helper()
	extra := 0
	for _, n := range b.handled {
		extra += n - 1
	}
	if extra > len(b.handled)/10 {
		b.t.Errorf("%d messages were handled again: %v", extra, b.handled)
	}
}

// A queue that is not there is for people to mend; one that cannot be reached is
// waited for.
func TestNoQueue(t *testing.T) {
	b := newBench(t)
	b.o.QueueURL += "-which-is-not-there"
	err := sqs.New(b.o).Run(t.Context(), b.serve)
	var config *source.ConfigError
	if !errors.As(err, &config) {
		t.Errorf("got %v", err)
	}
	b.o.QueueURL = b.queue
	b.send(1, notice)
	b.proxy.Decide(func(_ *http.Request, n int) faultproxy.Fault {
		if n < 6 {
			return faultproxy.Fault{Status: 403, Code: "AccessDeniedException", JSON: true}
		}
		return faultproxy.Fault{}
	})
	s := b.run(func(s *sqs.Source) bool { return b.count(b.handled) == 1 })
	if h := s.Health(); h.Fault != nil || h.Faults == 0 {
		t.Errorf("health %+v", h)
	}
}
