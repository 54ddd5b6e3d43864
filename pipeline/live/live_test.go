package live_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

// ledger is a store that only writes down what it is given.
type ledger struct {
	mu       sync.Mutex
	findings map[string]int // of rules on single records: rule and identity
	windows  map[string]int // of rules that remember: rule and group
	letters  map[string]alert.Letter
	state    map[string][]byte
	commits  int
	fail     func(alert.Batch) error
}

func newLedger() *ledger {
	return &ledger{findings: map[string]int{}, windows: map[string]int{}, letters: map[string]alert.Letter{}, state: map[string][]byte{}}
}

func (l *ledger) Commit(_ context.Context, b alert.Batch) (alert.Committed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		if err := l.fail(b); err != nil {
			return alert.Committed{}, err
		}
	}
	l.commits++
	for _, f := range b.Findings {
		if f.Detection != nil {
			l.windows[f.Rule.ID+fmt.Sprint(f.Detection.Group)]++
			continue
		}
		l.findings[f.Rule.ID+" "+f.Identity]++
	}
	for _, x := range b.Letters {
		l.letters[x.ID] = x
	}
	for _, p := range b.State {
		if l.state[p.Name] = p.Data; p.Data == nil {
			delete(l.state, p.Name)
		}
	}
	return alert.Committed{}, nil
}

func (l *ledger) Load(_ context.Context, name string) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state["position "+name], nil
}

func (l *ledger) Save(_ context.Context, name string, b []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state["position "+name] = b; len(b) == 0 {
		delete(l.state, "position "+name)
	}
	return nil
}

// checkpoints are the positions in objects.
func (l *ledger) checkpoints() (n int) {
	for name := range l.state {
		if strings.HasPrefix(name, "object/") {
			n++
		}
	}
	return n
}

func (l *ledger) State(_ context.Context, prefix string, yield func(alert.Position) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(l.state)) {
		if strings.HasPrefix(name, prefix) {
			if err := yield(alert.Position{Name: name, Data: l.state[name]}); err != nil {
				return err
			}
		}
	}
	return nil
}

// records are the identities of the records that findings were made of.
func (l *ledger) records() int {
	ids := map[string]bool{}
	for k := range l.findings {
		ids[k[strings.LastIndex(k, " "):]] = true
	}
	return len(ids)
}

func (l *ledger) has() []string { return slices.Sorted(maps.Keys(l.findings)) }

// objects is a bucket in memory.
type objects struct {
	files map[string][]byte
	fail  func(key string) error
}

func (o objects) Open(_ context.Context, obj source.Object) (io.ReadCloser, source.Info, error) {
	if o.fail != nil {
		if err := o.fail(obj.Key); err != nil {
			return nil, source.Info{}, err
		}
	}
	b, ok := o.files[obj.Key]
	if !ok {
		return nil, source.Info{}, &source.Deleted{Object: obj, Err: fs.ErrNotExist}
	}
	obj.Size = int64(len(b))
	return io.NopCloser(bytes.NewReader(b)), source.Info{Object: obj}, nil
}

const examples = "../../examples"

// files are the shipped examples, by key.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(examples, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".json.gz") {
			return err
		}
		b, err := os.ReadFile(p)
		rel, _ := filepath.Rel(examples, p)
		all[filepath.ToSlash(rel)] = b
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatal("no examples: ", err)
	}
	return all
}

func starter(t *testing.T) []*rule.Rule {
	t.Helper()
	set, list := packs.Starter().Rules(rule.Options{})
	if list.Err() != nil {
		t.Fatal(list.Err())
	}
	return set.Rules
}

// scanned are the findings of a scan of the same files, by rule and identity.
func scanned(t *testing.T, rules []*rule.Rule, dir string) []string {
	t.Helper()
	judge := intake.Prepare(rules, nil).NewJudge()
	found := map[string]bool{}
	visitor := func() pipeline.RecordVisitor {
		return visit(func(rec *cloudtrail.Record) {
			for _, f := range judge.Record(nil, rec, 0, &intake.Origin{}) {
				found[f.Rule.ID+" "+f.Identity] = true
			}
		})
	}
	_, err := pipeline.Records(t.Context(), pipeline.RecordOptions{Listing: pipeline.List([]string{dir}, false), Workers: 1, Limits: cloudtrail.DefaultLimits()}, visitor)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(found))
}

type visit func(*cloudtrail.Record)

func (v visit) Record(_ string, rec *cloudtrail.Record) error { v(rec); return nil }
func (v visit) File(string, cloudtrail.Summary) error         { return nil }
func (v visit) Close() error                                  { return nil }

func start(t *testing.T, store live.Store, fetch source.Fetcher, change func(*live.Options)) *live.Pipeline {
	t.Helper()
	rules := intake.Prepare(starter(t), nil)
	o := live.Options{Store: store, Fetch: func(string) source.Fetcher { return fetch }, Rules: func() *intake.Rules { return rules }, Mode: "serve",
		Limits: cloudtrail.DefaultLimits(), Now: func() time.Time { return now }}
	if change != nil {
		change(&o)
	}
	p := live.New(o)
	t.Cleanup(p.Close)
	return p
}

func announce(keys ...string) source.Delivery {
	d := source.Delivery{ID: strings.Join(keys, ","), Source: "queue", Receives: 1, MaxReceives: 5, Arrived: now}
	for _, k := range keys {
		d.Items = append(d.Items, envelope.Item{Kind: envelope.Created, Object: source.Object{Bucket: "logs", Key: k, Size: -1}})
	}
	return d
}

func balanced(t *testing.T, p *live.Pipeline) {
	t.Helper()
	if r, sum := p.Received.Load(), p.Judged.Load()+p.Duplicates.Load()+p.Failed.Load(); r != sum {
		t.Errorf("received %d records, of which %d are accounted for", r, sum)
	}
}

// P3: the same alerts whatever the order, the number and the path of deliveries.
func TestDeliveriesGiveTheFindingsOfAScanInAnyOrder(t *testing.T) {
	all := files(t)
	want := scanned(t, starter(t), examples)
	if len(want) == 0 {
		t.Fatal("the scan found nothing")
	}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		store := newLedger()
		p := start(t, store, objects{files: all}, nil)
		keys := slices.Sorted(maps.Keys(all))
		for _, k := range keys {
			if r.IntN(5) == 0 {
				keys = append(keys, k)
			}
		}
		r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		var wg sync.WaitGroup
		for chunk := range slices.Chunk(keys, 1+r.IntN(4)) {
			wg.Go(func() {
				if err := p.Handle(t.Context(), announce(chunk...)); err != nil {
					t.Error(err)
				}
			})
		}
		for _, k := range keys[:3] { // the same records by another path
			wg.Go(func() {
				items := envelope.Unwrap(all[k], envelope.DefaultLimits())
				if err := p.Handle(t.Context(), source.Delivery{ID: "m" + k, Source: "http", Arrived: now, Items: items}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := store.has(); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %d findings, a scan has %d", seed, len(got), len(want))
		}
		balanced(t, p)
	}
}

// P1: what is not committed comes again, and nothing is taken for seen before.
func TestADeliveryThatIsNotCommittedIsJudgedAgain(t *testing.T) {
	all := files(t)
	store := newLedger()
	broken := true
	store.fail = func(alert.Batch) error {
		if broken {
			return errors.New("no space")
		}
		return nil
	}
	p := start(t, store, objects{files: all}, nil)
	d := announce(slices.Sorted(maps.Keys(all))...)
	if err := p.Handle(t.Context(), d); err == nil {
		t.Fatal("acknowledged although nothing was committed")
	}
	broken = false
	d.Receives = 2
	if err := p.Handle(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if got, want := store.has(), scanned(t, starter(t), examples); !slices.Equal(got, want) {
		t.Errorf("%d findings, a scan has %d", len(got), len(want))
	}
}

func pack(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

// many is a log file of n records that the starter pack has a rule for.
func many(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"eventVersion":"1.11","eventID":"e%06d","eventTime":"2026-03-14T10:%02d:%02dZ","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1","recipientAccountId":"111122223333","readOnly":false,"userIdentity":{"type":"IAMUser","userName":"alice"},"requestParameters":{"name":"%s"}}`,
			i, i/60%60, i%60, strings.Repeat("x", 1000))
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

// F1, field failure of airbnb/streamalert issue 561: a large object is not
// judged from its start again and again.
func TestALargeObjectGoesOnFromItsCheckpoint(t *testing.T) {
	key := "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/big.json"
	store := newLedger()
	commits := 0
	store.fail = func(alert.Batch) error {
		if commits++; commits == 4 {
			return errors.New("the power is gone")
		}
		return nil
	}
	fetch := objects{files: map[string][]byte{key: many(3000)}}
	p := start(t, store, fetch, func(o *live.Options) { o.CheckpointBytes = 500_000 })
	d := announce(key)
	if err := p.Handle(t.Context(), d); err == nil {
		t.Fatal("acknowledged although a commit failed")
	}
	judged := store.records()
	if judged == 0 || judged == 3000 || store.checkpoints() != 1 {
		t.Fatalf("%d findings and %d checkpoints after the failure", judged, store.checkpoints())
	}
	// Another process goes on.
	q := start(t, store, fetch, func(o *live.Options) { o.CheckpointBytes = 500_000 })
	d.Receives = 2
	if err := q.Handle(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if q.Judged.Load() != int64(3000-judged) {
		t.Errorf("judged %d records on the second try, want the %d that were left", q.Judged.Load(), 3000-judged)
	}
	if store.records() != 3000 || store.checkpoints() != 0 {
		t.Errorf("findings on %d records and %d checkpoints at the end", store.records(), store.checkpoints())
	}
}

// F22, F26: one bad record or a cut file keeps no other record from being judged.
func TestWhatIsDamagedIsADeadLetterAndTheRestIsJudged(t *testing.T) {
	good := string(many(3))
	cut := pack(good)
	all := map[string][]byte{
		"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/bad.json":    []byte(strings.Replace(good, `"e000001"`, `"e00"0001"`, 1)),
		"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/cut.json.gz": cut[:len(cut)-12],
		"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/not.json.gz": []byte("<html>"),
	}
	store := newLedger()
	p := start(t, store, objects{files: all}, nil)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		d := announce(key)
		err := p.Handle(t.Context(), d)
		if err != nil {
			d.Receives = 2
			err = p.Handle(t.Context(), d)
		}
		if err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	if len(store.findings) < 2 {
		t.Errorf("%d findings, want the good records judged", len(store.findings))
	}
	var reasons []string
	for _, l := range store.letters {
		reasons = append(reasons, l.From[strings.LastIndex(l.From, "/")+1:]+": "+l.Reason)
	}
	slices.Sort(reasons)
	if len(reasons) != 3 {
		t.Errorf("dead letters: %q", reasons)
	}
	if n := p.Poisoned.Load(); n != 3 {
		t.Errorf("%d dead letters are counted, want all 3", n)
	}
	balanced(t, p)
}

// P5, P6: an object outside CloudTrail's layout may hold messages. Where it holds
// none, its dead letter says what it is; where some are none, each is one.
func TestObjectsThatMayHoldMessages(t *testing.T) {
	message := `{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{"id":"1","timestamp":1,"message":` +
		`"{\"eventVersion\":\"1.11\",\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"CreateUser\",\"eventID\":\"e1\"}"}]}`
	for _, c := range []struct {
		name, body string
		records    int64
		letters    []string
	}{
		{"messages", message + message, 2, nil},
		{"a ZIP archive", "PK\x03\x04xxxx", 0, []string{"ZIP archive"}},
		{"a web page", "<html>", 0, []string{"not JSON"}},
		{"another JSON", `{"a":1}`, 0, []string{"not a CloudTrail log"}},
		{"another JSON among messages", `{"a":1}` + message + `{"b":2}`, 1, []string{`its keys are "a"`, `its keys are "b"`}},
		{"messages that are cut", message + message[:40], 1, []string{"cannot be opened from byte"}},
		{"much of something else, and a message", strings.Repeat(`{"a":1}`, 150) + message, 1, []string{`its keys are "a"`}}, // all alike: one letter
	} {
		t.Run(c.name, func(t *testing.T) {
			const key = "firehose/2026/03/14/09/stream-1"
			store := newLedger()
			p := start(t, store, objects{files: map[string][]byte{key: []byte(c.body)}}, nil)
			d := announce(key)
			d.Receives = 2
			if err := p.Handle(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if got := p.Received.Load(); got != c.records {
				t.Errorf("%d records, want %d", got, c.records)
			}
			var reasons []string
			for _, l := range store.letters {
				reasons = append(reasons, l.Reason)
			}
			slices.Sort(reasons)
			if len(reasons) != len(c.letters) {
				t.Fatalf("dead letters %q, want %d", reasons, len(c.letters))
			}
			for i, want := range c.letters {
				if !strings.Contains(reasons[i], want) {
					t.Errorf("dead letter %q, want it to say %q", reasons[i], want)
				}
			}
			balanced(t, p)
		})
	}
}

// F34, F42: poison goes to the dead letter at once or after its last try; what
// permissions hide never does.
func TestHowFailuresEnd(t *testing.T) {
	key := "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/x.json"
	obj := source.Object{Bucket: "logs", Key: key}
	for _, c := range []struct {
		name            string
		err             error
		receives        int
		acked           bool
		letters, alerts int
		alone           int // tries alone that did not end
	}{
		{"a passing fault", errors.New("503 SlowDown"), 1, false, 0, 0, 0},
		{"a passing fault on the last try", errors.New("503 SlowDown"), 5, true, 1, 0, 0},
		{"denied", &source.Denied{Object: obj, Code: "AccessDenied"}, 1, false, 0, 0, 0},
		{"denied on the last try", &source.Denied{Object: obj, Code: "AccessDenied"}, 5, false, 0, 0, 0},
		{"deleted", &source.Deleted{Object: obj}, 1, true, 0, 1, 0},
		{"moved in its folder", &source.Gone{Object: obj}, 1, false, 0, 0, 0},
		{"in an archive", &source.Parked{Object: obj, StorageClass: "GLACIER"}, 1, true, 1, 0, 0},
		{"refused", &source.Refused{Object: obj, Reason: "too large"}, 1, true, 1, 0, 0},
		{"every try brought the process down", nil, 6, true, 0, 1, 0}, // alone it is found deleted
		{"every try brought the process down, alone once more", nil, 6, true, 0, 1, 1},
		{"every try brought the process down, alone too", nil, 6, true, 1, 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := newLedger()
			p := start(t, store, objects{fail: func(string) error { return c.err }}, nil)
			d := announce(key)
			d.Receives = c.receives
			for range c.alone {
				dying := start(t, store, objects{fail: func(string) error { panic("as a crash would") }}, nil)
				if err := source.Call(t.Context(), dying.Handle, d); source.Done(err) {
					t.Fatal("acknowledged")
				}
			}
			if err := p.Handle(t.Context(), d); source.Done(err) != c.acked {
				t.Errorf("error %v, want acknowledged %t", err, c.acked)
			}
			if len(store.letters) != c.letters || len(store.findings) != c.alerts {
				t.Errorf("%d dead letters and %d findings, want %d and %d", len(store.letters), len(store.findings), c.letters, c.alerts)
			}
		})
	}
}

// F36: the removal of a log file is a finding, that of anything else is not.
func TestRemovalsOfLogFilesAreFindings(t *testing.T) {
	store := newLedger()
	p := start(t, store, objects{}, nil)
	d := source.Delivery{ID: "1", Source: "queue", Arrived: now}
	for _, key := range []string{"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_20260314T1005Z_abcdefghijklmnop.json.gz", "athena/results.csv"} {
		d.Items = append(d.Items, envelope.Item{Kind: envelope.Removed, Object: source.Object{Bucket: "logs", Key: key}})
	}
	if err := p.Handle(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if len(store.findings) != 1 {
		t.Errorf("findings %v, want one for the log file", store.has())
	}
}

// rewritten gives a file that is replaced while it is read, and then what took its
// place.
type rewritten struct {
	objects
	opened *int
}

func (f rewritten) Open(ctx context.Context, o source.Object) (io.ReadCloser, source.Info, error) {
	if *f.opened++; *f.opened > 1 {
		return f.objects.Open(ctx, o)
	}
	return io.NopCloser(iotest.ErrReader(&source.Changed{Object: o})), source.Info{Object: o}, nil
}

// F36: a log file that somebody writes over while it is read is a finding, as one
// that was written over before; what took its place is judged.
func TestAFileReplacedWhileItIsReadIsAFinding(t *testing.T) {
	for key, want := range map[string]int{
		"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_20260314T1005Z_abcdefghijklmnop.json.gz": 1,
		"exports/trail.json": 0,
	} {
		store := newLedger()
		p := start(t, store, rewritten{objects{files: map[string][]byte{key: many(3)}}, new(int)}, nil)
		d := announce(key)
		d.Items[0].Object.ETag = "announced"
		if err := p.Handle(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		told := slices.DeleteFunc(store.has(), func(f string) bool { return !strings.HasPrefix(f, "trailwarden-log-replaced ") })
		if len(told) != want || p.Judged.Load() != 3 {
			t.Errorf("%s: findings %v, %d records judged", key, store.has(), p.Judged.Load())
		}
	}
}

// F46: of two sources that bring the same records, the one that comes second is
// heard, too, and its silence is told.
func TestASourceOfCopiesIsHeard(t *testing.T) {
	at := now
	pulse := &live.Pulse{Source: 2 * time.Hour}
	p := start(t, newLedger(), objects{}, func(o *live.Options) { o.Pulse, o.Now = pulse, func() time.Time { return at } })
	deliver := func(hour int, from ...string) {
		at = now.Add(time.Duration(hour) * time.Hour)
		text := bytes.ReplaceAll(many(1), []byte("e000000"), fmt.Appendf(nil, "hour-%d", hour))
		for _, name := range from {
			d := source.Delivery{ID: fmt.Sprint(name, hour), Source: name, Arrived: at, Items: envelope.Unwrap(text, envelope.DefaultLimits())}
			if err := p.Handle(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
	}
	for hour := range 4 {
		deliver(hour, "bus", "bucket")
	}
	for hour := 4; hour < 7; hour++ {
		deliver(hour, "bus")
	}
	if news := pulse.Check(at); len(news) != 1 || news[0].Place != (live.Place{Source: "bucket"}) || news[0].Over {
		t.Errorf("news %v, want the silence of the bucket", news)
	}
	balanced(t, p)
}

// F46: silence of what used to deliver is told once, and its end too.
func TestPulseTellsSilenceOnce(t *testing.T) {
	p := &live.Pulse{Account: 2 * time.Hour, Region: 2 * time.Hour}
	a := live.Place{Source: "q", Account: "111122223333", Region: "eu-west-1"}
	b := live.Place{Source: "q", Account: "111122223333", Region: "us-east-1"}
	at := now
	for range 4 {
		p.Note(map[live.Place]struct{}{a: {}, b: {}}, at)
		at = at.Add(time.Hour)
	}
	if s := p.Check(at); len(s) != 0 {
		t.Errorf("news while all deliver: %v", s)
	}
	for range 3 {
		p.Note(map[live.Place]struct{}{a: {}}, at)
		at = at.Add(time.Hour)
	}
	if s := p.Check(at); len(s) != 1 || s[0].Place != b || s[0].Over {
		t.Errorf("news %v, want the silence of %v", s, b)
	}
	if s := p.Check(at.Add(time.Minute)); len(s) != 0 {
		t.Errorf("told again: %v", s)
	}
	saved, err := p.Save()
	if err != nil {
		t.Fatal(err)
	}
	q := &live.Pulse{Account: 2 * time.Hour, Region: 2 * time.Hour}
	if err := q.Load(saved, at); err != nil {
		t.Fatal(err)
	}
	if s := q.Check(at.Add(time.Minute)); len(s) != 0 {
		t.Errorf("a restart is no news: %v", s)
	}
	q.Note(map[live.Place]struct{}{b: {}}, at.Add(time.Minute))
	if s := q.Check(at.Add(2 * time.Minute)); len(s) != 1 || !s[0].Over {
		t.Errorf("news %v, want the end of the silence", s)
	}
	at = at.Add(10 * time.Hour)
	if s := q.Check(at); len(s) != 1 || s[0].Place != (live.Place{Source: "q"}) {
		t.Errorf("news %v, want one for the whole source", s)
	}
}

// F46: the end of a silence is told where the place is quiet anew before somebody
// looks, as one whose silence is shorter than the looks are apart; and so is the next
// silence.
func TestTheEndOfAShortSilenceIsTold(t *testing.T) {
	const look = 15 * time.Second
	p, at := &live.Pulse{Account: -1, Region: -1}, now
	p.Watch(map[string]time.Duration{"queue": 5 * time.Second}, at)
	looked := func(over bool) {
		t.Helper()
		at = at.Add(look)
		if news := p.Check(at); len(news) != 1 || news[0].Over != over {
			t.Errorf("at %s: news %v, want one, over %v", at.Sub(now), news, over)
		}
	}
	looked(false)
	p.Note(map[live.Place]struct{}{{Source: "queue", Account: "111122223333", Region: "eu-west-1"}: {}}, at.Add(time.Second))
	looked(true)
	looked(false)
	if news := p.Check(at.Add(look)); len(news) != 0 {
		t.Errorf("told again: %v", news)
	}
}

// An account that stays quiet when its source is heard again is told after all, once
// it had a whole gap to come back in: somebody may have switched its trail off in the
// meantime. One that comes back is not.
func TestSilenceWithinALargerOneIsToldAfterIt(t *testing.T) {
	p := &live.Pulse{Source: 2 * time.Hour, Account: 24 * time.Hour, Region: -1}
	place := func(account string) map[live.Place]struct{} {
		return map[live.Place]struct{}{{Source: "q", Account: account, Region: "eu-west-1"}: {}}
	}
	at := now
	for range 4 {
		for _, account := range []string{"111111111111", "222222222222", "333333333333"} {
			p.Note(place(account), at)
		}
		p.Check(at)
		at = at.Add(time.Hour)
	}
	heard := at.Add(-time.Hour)
	var told []live.Silence
	pass := func(hours int, accounts ...string) {
		for range hours {
			for _, account := range accounts {
				p.Note(place(account), at)
			}
			told = append(told, p.Check(at)...)
			at = at.Add(time.Hour)
		}
	}
	pass(30)
	if len(told) != 1 || told[0].Place != (live.Place{Source: "q"}) {
		t.Fatalf("news %v, want the silence of the source alone", told)
	}
	pass(20, "111111111111")
	pass(4, "111111111111", "333333333333")
	if len(told) != 2 || !told[1].Over {
		t.Fatalf("news %v, want the return of the source and nothing else yet", told)
	}
	pass(5, "111111111111", "333333333333")
	want := live.Place{Source: "q", Account: "222222222222"}
	if len(told) != 3 || told[2].Place != want || told[2].Over || !told[2].Since.Equal(heard) {
		t.Fatalf("news %v, want the silence of %v since %v", told, want, heard)
	}
	p.Note(place("222222222222"), at)
	if news := p.Check(at); len(news) != 1 || news[0].Place != want || !news[0].Over {
		t.Errorf("news %v, want the return of %v", news, want)
	}
}

// A source with a time of its own is expected from the start, by that time; one that
// is no longer watched, or has given everything, is not; and a kind of place whose
// silence is not wanted is never told.
func TestASourceWithATimeOfItsOwnIsExpected(t *testing.T) {
	start := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	p := &live.Pulse{Source: 2 * time.Hour, Account: -1, Region: -1}
	p.Watch(map[string]time.Duration{"queue": 0, "bucket": 10 * time.Minute, "gone": time.Minute, "past": 5 * time.Minute}, start)
	p.Watch(map[string]time.Duration{"queue": 0, "bucket": 10 * time.Minute, "past": 5 * time.Minute}, start)
	p.Done("past")
	p.Watch(map[string]time.Duration{"queue": 0, "bucket": 10 * time.Minute, "past": 5 * time.Minute}, start) // a reload
	if news := p.Check(start.Add(9 * time.Minute)); len(news) != 0 {
		t.Fatalf("told too early: %v", news)
	}
	if news := p.Check(start.Add(11 * time.Minute)); len(news) != 1 || news[0].Place != (live.Place{Source: "bucket"}) || news[0].Over {
		t.Fatalf("want the silence of bucket, have %v", news)
	}
	heard := map[live.Place]struct{}{{Source: "bucket", Account: "111122223333", Region: "eu-west-1"}: {}}
	p.Note(heard, start.Add(12*time.Minute))
	if news := p.Check(start.Add(13 * time.Minute)); len(news) != 1 || !news[0].Over {
		t.Fatalf("want the return of bucket, have %v", news)
	}
	for hour := range 4 {
		p.Note(heard, start.Add(time.Duration(hour)*time.Hour))
	}
	if news := p.Check(start.Add(1000 * time.Hour)); len(news) != 1 || news[0].Place != (live.Place{Source: "bucket"}) {
		t.Fatalf("want the silence of bucket alone, have %v", news)
	}
	p.Begin("past", start.Add(1001*time.Hour)) // a reload that gave it more to read
	if news := p.Check(start.Add(1002 * time.Hour)); len(news) != 1 || news[0].Place != (live.Place{Source: "past"}) {
		t.Fatalf("want the silence of past, have %v", news)
	}
}
