package s3_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/faultproxy"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/s3"
)

// logKey is the key of a log file.
func logKey(root, account, kind, region string, at time.Time, unique string) string {
	return fmt.Sprintf("%sAWSLogs/%s/%s/%s/%s/%s_%s_%s_%s_%s.json.gz", root, account, kind, region, at.Format("2006/01/02"),
		account[strings.LastIndexByte(account, '/')+1:], kind, region, at.Format("20060102T1504Z"), unique)
}

var day = time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)

// trail fills a bucket: an organization and an account of its own, digests and
// others' files between them. It returns the log files by key.
func trail(b *bench) (keys []string) {
	for _, account := range []string{"111122223333", "o-abcdefghij/111122223333", "o-abcdefghij/444455556666"} {
		for _, region := range []string{"eu-west-1", "us-east-1"} {
			for d := range 4 {
				for h := range 2 {
					at := day.AddDate(0, 0, d).Add(time.Duration(h*10)*time.Hour + 5*time.Minute)
					keys = append(keys, logKey("", account, "CloudTrail", region, at, fmt.Sprintf("u%02d", h)))
				}
			}
			b.put(logKey("", account, "CloudTrail-Digest", region, day, "x"), []byte("{}"))
		}
		b.put("AWSLogs/"+account+"/Config/eu-west-1/2026/3/14/ConfigSnapshot/x.json.gz", []byte("{}"))
		b.put("AWSLogs/"+account+"/CloudTrail/", nil)
	}
	b.put("athena/results/x.csv", []byte("a,b"))
	for _, k := range keys {
		b.put(k, []byte(`{"Records":[]}`))
	}
	slices.Sort(keys)
	return keys
}

func list(t *testing.T, c *s3.Client, l s3.Listing) (keys []string) {
	t.Helper()
	for o, err := range c.List(t.Context(), l) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

func filter(keys []string, keep func(k cloudtrail.ObjectKey) bool) (out []string) {
	for _, key := range keys {
		if k, ok := cloudtrail.ParseObjectKey(key); ok && keep(k) {
			out = append(out, key)
		}
	}
	return out
}

// A listing gives what it was asked for, in the order of keys, from any place.
func TestList(t *testing.T) {
	b := newBench(t)
	all := trail(b)
	from, to := day.AddDate(0, 0, 1).Add(time.Hour), day.AddDate(0, 0, 2).Add(time.Hour)
	for _, c := range []struct {
		name string
		l    s3.Listing
		want []string
	}{
		{"everything", s3.Listing{}, all},
		{"an account's folder", s3.Listing{Prefix: "AWSLogs/111122223333/"}, filter(all, func(k cloudtrail.ObjectKey) bool { return k.Organization == "" })},
		{"the beginning of an account", s3.Listing{Prefix: "AWSLogs/1111"}, filter(all, func(k cloudtrail.ObjectKey) bool { return k.Organization == "" })},
		{"the organization", s3.Listing{Prefix: "AWSLogs/o-abcdefghij/"}, filter(all, func(k cloudtrail.ObjectKey) bool { return k.Organization != "" })},
		{"one region's folder", s3.Listing{Prefix: "AWSLogs/111122223333/CloudTrail/us-east-1/"}, filter(all, func(k cloudtrail.ObjectKey) bool { return k.Organization == "" && k.Region == "us-east-1" })},
		{"a month's folder", s3.Listing{Prefix: "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/"}, filter(all, func(k cloudtrail.ObjectKey) bool { return k.Organization == "" && k.Region == "us-east-1" })},
		{"one object", s3.Listing{Prefix: all[3]}, all[3:4]},
		{"accounts", s3.Listing{Accounts: []string{"444455556666"}}, filter(all, func(k cloudtrail.ObjectKey) bool { return k.Account == "444455556666" })},
		{"regions", s3.Listing{Regions: []string{"eu-west-1"}}, filter(all, func(k cloudtrail.ObjectKey) bool { return k.Region == "eu-west-1" })},
		{"a range of time", s3.Listing{From: from, To: to}, filter(all, func(k cloudtrail.ObjectKey) bool { return !k.Delivered.Before(from) && k.Delivered.Before(to) })},
		{"from a time on", s3.Listing{From: from}, filter(all, func(k cloudtrail.ObjectKey) bool { return !k.Delivered.Before(from) })},
		{"up to a time", s3.Listing{To: to}, filter(all, func(k cloudtrail.ObjectKey) bool { return k.Delivered.Before(to) })},
		{"nothing", s3.Listing{From: day.AddDate(1, 0, 0)}, nil},
		{"another prefix", s3.Listing{Prefix: "no/"}, nil},
		{"foreign files too", s3.Listing{Prefix: "athena", Foreign: true}, []string{"athena/results/x.csv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.l.Bucket = b.bucket
			if got := list(t, b.client, c.l); !slices.Equal(got, c.want) {
				t.Fatalf("got %d keys %q, want %d %q", len(got), got, len(c.want), c.want)
			}
			for i := 0; i < len(c.want); i += 5 { // resumed behind any key
				c.l.After = c.want[i]
				if got := list(t, b.client, c.l); !slices.Equal(got, c.want[i+1:]) {
					t.Fatalf("after %s: %d keys, want %d", c.want[i], len(got), len(c.want)-i-1)
				}
			}
		})
	}
	digests := list(t, b.client, s3.Listing{Bucket: b.bucket, Kinds: []cloudtrail.FileKind{cloudtrail.FileDigest}})
	if len(digests) != 6 {
		t.Errorf("digests: %q", digests)
	}
}

// F40: a listing survives a busy service.
func TestListOfABusyService(t *testing.T) {
	b := newBench(t)
	all := trail(b)
	b.proxy.Decide(func(_ *http.Request, n int) faultproxy.Fault {
		if n%3 == 1 {
			return faultproxy.Fault{Status: 503, Code: "SlowDown"}
		}
		return faultproxy.Fault{}
	})
	if got := list(t, b.client, s3.Listing{Bucket: b.bucket}); !slices.Equal(got, all) {
		t.Errorf("%d keys, want %d", len(got), len(all))
	}
}

// A polled bucket delivers each file once, new ones as they come, and resumes
// where it stopped; files that may not be read wait aside.
func TestPoll(t *testing.T) {
	b := newBench(t)
	all := trail(b)
	cursor := &source.MemoryCursor{}
	var mu sync.Mutex
	got := map[string]int{}
	stop, denied := 10, all[2]
	run := func() (ended error) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		// A clock that is past the last file, and whose waits are short.
		clock := source.Clock{Now: func() time.Time { return day.AddDate(0, 0, 5) }, Sleep: func(ctx context.Context, _ time.Duration) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(5 * time.Millisecond):
				return nil
			}
		}}
		p := s3.NewPoll(s3.PollOptions{Name: "poll", Client: b.client, Listing: s3.Listing{Bucket: b.bucket}, Cursor: cursor, Clock: clock, Workers: 3})
		handle := func(_ context.Context, d source.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			o := d.Items[0].Object
			if o.Key == denied {
				return &source.Denied{Object: o, Code: "AccessDenied"}
			}
			got[o.Key]++
			if stop--; stop <= 0 {
				cancel()
			}
			return nil
		}
		return p.Run(ctx, handle)
	}
	if err := run(); err != nil { // broken off after ten
		t.Fatal(err)
	}
	mu.Lock()
	first := len(got)
	stop = len(all) - first - 1 // all others
	mu.Unlock()
	if err := run(); err != nil {
		t.Fatal(err)
	}
	late := logKey("", "444455556666", "CloudTrail", "eu-west-1", day.AddDate(0, 0, 5).Add(-20*time.Minute), "late")
	b.put(late, []byte(`{"Records":[]}`))
	stop, denied = 2, "" // the late one, and the one that may be read now
	if err := run(); err != nil {
		t.Fatal(err)
	}
	twice := 0
	for _, k := range append(all, late) {
		if got[k] == 0 {
			t.Errorf("%s was not delivered", k)
		}
		if got[k] > 1 {
			twice++
		}
	}
	if twice > 6 { // what was in hand when the first run was broken off
		t.Errorf("%d files were delivered again", twice)
	}
}

// A bucket is delivered in the order in which CloudTrail delivered its files, over
// all accounts and regions; files whose names say nothing of it come when they are
// listed, a page before those beside them at most. A listing that is broken off anywhere goes on from there. Where
// there are more regions than are merged, one comes after the other.
func TestPollInTheOrderOfDelivery(t *testing.T) {
	b := newBench(t)
	all := trail(b)
	odd := "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/15/copy-of-a-log.json.gz"
	outside := "AWSLogs/111122223333/CloudTrail/lost.json.gz"
	for _, k := range []string{odd, outside} {
		b.put(k, []byte(`{"Records":[]}`))
	}
	when := func(key string) time.Time {
		k, _ := cloudtrail.ParseObjectKey(key)
		return k.Delivered
	}
	inTime := slices.Clone(all)
	slices.SortFunc(inTime, func(a, b string) int {
		if c := when(a).Compare(when(b)); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	inTime = append([]string{outside}, inTime...)
	// The names of two files of each region are at hand.
	before := slices.Index(inTime, logKey("", "111122223333", "CloudTrail", "us-east-1", day.AddDate(0, 0, 1).Add(10*time.Hour+5*time.Minute), "u01"))
	inTime = slices.Insert(inTime, before+1, odd)
	byFolder := append([]string{odd}, all...)
	slices.Sort(byFolder)
	byFolder = append([]string{outside}, byFolder...)

	for name, c := range map[string]struct {
		merged int
		want   []string
	}{"merged": {0, inTime}, "one by one": {3, byFolder}} {
		t.Run(name, func(t *testing.T) {
			for _, every := range []int{0, 5, 11} { // broken off after so many; 0 is never
				if got := b.backfilled(t, c.merged, every); !slices.Equal(got, c.want) {
					t.Fatalf("broken off after each %d: got %q, want %q", every, got, c.want)
				}
			}
		})
	}
}

// Where little was delivered a few files are hours: none overtakes another by more
// than the bound, so that nothing of a past that is read is late.
func TestPollOvertakesByLittle(t *testing.T) {
	b := newBench(t)
	all := trail(b)
	var mu sync.Mutex
	inHand, most, n := map[string]time.Time{}, 0, 0
	p := s3.NewPoll(s3.PollOptions{Client: b.client, Workers: 4, Ahead: 9 * time.Hour, Listing: s3.Listing{Bucket: b.bucket, To: day.AddDate(10, 0, 0)}})
	err := p.Run(t.Context(), func(_ context.Context, d source.Delivery) error {
		key := d.Items[0].Object.Key
		k, _ := cloudtrail.ParseObjectKey(key)
		mu.Lock()
		for other, at := range inHand {
			if k.Delivered.Sub(at) > 9*time.Hour {
				t.Errorf("%s is begun while %s is in hand", key, other)
			}
		}
		inHand[key] = k.Delivered
		n, most = n+1, max(most, len(inHand))
		mu.Unlock()
		time.Sleep(5 * time.Millisecond) // for others to overtake it
		mu.Lock()
		delete(inHand, key)
		mu.Unlock()
		return nil
	})
	if err != nil || n != len(all) || most < 2 {
		t.Errorf("%d of %d files, %d at once at most: %v", n, len(all), most, err)
	}
}

// backfilled is what a backfill delivers that is broken off and taken up again
// after each some deliveries. What comes again within one delivery of a break is
// left out.
func (b *bench) backfilled(t *testing.T, merged, every int) (got []string) {
	t.Helper()
	cursor := &source.MemoryCursor{}
	for ended := false; !ended; {
		ctx, cancel := context.WithCancel(t.Context())
		p := s3.NewPoll(s3.PollOptions{Name: "poll", Client: b.client, Cursor: cursor, Workers: 1, Merged: merged, AtHand: 13,
			Listing: s3.Listing{Bucket: b.bucket, To: day.AddDate(10, 0, 0)}})
		n := 0
		err := p.Run(ctx, func(_ context.Context, d source.Delivery) error {
			if key := d.Items[0].Object.Key; !slices.Contains(got, key) {
				got = append(got, key)
			}
			if n++; n == every {
				cancel()
			}
			return nil
		})
		if ended = ctx.Err() == nil; err != nil {
			t.Fatal(err)
		}
		cancel()
	}
	return got
}

// A backfill ends by itself.
func TestBackfill(t *testing.T) {
	b := newBench(t)
	all := trail(b)
	n := 0
	p := s3.NewPoll(s3.PollOptions{Client: b.client, Workers: 1, Listing: s3.Listing{Bucket: b.bucket, From: day, To: day.AddDate(0, 0, 10)}})
	if err := p.Run(t.Context(), func(context.Context, source.Delivery) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	if n != len(all) {
		t.Errorf("%d deliveries, want %d", n, len(all))
	}
}

// P1: a position counts for what was listed. Who asks for more gets the rest, who
// asks for a later end only what is new, and an age in a configuration does not
// move what a pass has set out to read.
func TestBackfillOfMore(t *testing.T) {
	b := newBench(t)
	all := trail(b)
	at := func(days int) time.Time { return day.AddDate(0, 0, days) }
	between := func(from, to int) []string {
		return filter(all, func(k cloudtrail.ObjectKey) bool {
			return !k.Delivered.Before(at(from)) && k.Delivered.Before(at(to))
		})
	}
	few := s3.Listing{Bucket: b.bucket, From: at(1), To: at(2), Accounts: []string{"444455556666"}, Regions: []string{"eu-west-1"}}
	for _, c := range []struct {
		name          string
		before, after func(l s3.Listing) s3.Listing
		want          []string
	}{
		{"the same", nil, func(l s3.Listing) s3.Listing { return l }, nil},
		{"a later from, as an age moves on", nil, func(l s3.Listing) s3.Listing { l.From = l.From.Add(time.Hour); return l }, nil},
		{"an earlier end", nil, func(l s3.Listing) s3.Listing { l.To = l.To.Add(-time.Hour); return l }, nil},
		{"an earlier from", nil, func(l s3.Listing) s3.Listing { l.From, l.Accounts, l.Regions = at(0), nil, nil; return l }, between(0, 2)},
		{"more accounts and regions", nil, func(l s3.Listing) s3.Listing {
			l.Accounts, l.Regions = nil, []string{"eu-west-1", "us-east-1"}
			return l
		}, between(1, 2)},
		{"a later end", func(l s3.Listing) s3.Listing { l.Accounts, l.Regions = nil, nil; return l },
			func(l s3.Listing) s3.Listing { l.To = at(4); return l }, between(2, 4)},
	} {
		t.Run(c.name, func(t *testing.T) {
			first, cursor := few, &source.MemoryCursor{}
			if c.before != nil {
				first = c.before(first)
			}
			backfill(t, b, first, cursor, 1<<30)
			got := backfill(t, b, c.after(first), cursor, 1<<30)
			if slices.Sort(got); !slices.Equal(got, c.want) {
				t.Errorf("%d files, want %d:\n%q\n%q", len(got), len(c.want), got, c.want)
			}
		})
	}
	t.Run("ages move on while the first pass is broken off", func(t *testing.T) {
		cursor := &source.MemoryCursor{}
		got := backfill(t, b, s3.Listing{Bucket: b.bucket, From: at(0), To: at(2)}, cursor, 5)
		got = append(got, backfill(t, b, s3.Listing{Bucket: b.bucket, From: at(1), To: at(3)}, cursor, 1<<30)...)
		slices.Sort(got)
		if got, want := slices.Compact(got), between(0, 3); !slices.Equal(got, want) {
			t.Errorf("%d files, want %d:\n%q", len(got), len(want), got)
		}
	})
}

// backfill gives the files that one run delivers, in order; it is broken off
// after so many.
func backfill(t *testing.T, b *bench, l s3.Listing, cursor source.Cursor, most int) (got []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	clock := source.Clock{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	p := s3.NewPoll(s3.PollOptions{Name: "poll", Client: b.client, Listing: l, Cursor: cursor, Workers: 1, Clock: clock})
	err := p.Run(ctx, func(_ context.Context, d source.Delivery) error {
		if got = append(got, d.Items[0].Object.Key); len(got) == most {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// sized remembers the largest position that was saved.
type sized struct {
	source.MemoryCursor
	most int
}

func (c *sized) Save(ctx context.Context, name string, position []byte) error {
	c.most = max(c.most, len(position))
	return c.MemoryCursor.Save(ctx, name, position)
}

// The position of a backfill, which is saved again and again, does not grow with
// what was read: the next pass lists only the last hours again.
func TestPositionStaysSmall(t *testing.T) {
	b := newBench(t)
	all := trail(b)
	for i := range 60 {
		all = append(all, logKey("", "444455556666", "CloudTrail", "eu-west-1", day.Add(time.Hour), fmt.Sprintf("more%d", i)))
		b.put(all[len(all)-1], []byte(`{"Records":[]}`))
	}
	cursor := &sized{}
	if got := backfill(t, b, s3.Listing{Bucket: b.bucket, From: day, To: day.AddDate(0, 0, 10)}, cursor, 1<<30); len(got) != len(all) {
		t.Fatalf("%d files, want %d", len(got), len(all))
	}
	if cursor.most > 500 {
		t.Errorf("a position of %d bytes after %d files", cursor.most, len(all))
	}
}

// listing is a bucket that answers ListObjectsV2 and nothing else.
type listing []string // keys, sorted

func (l listing) Do(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	prefix, delimiter := q.Get("prefix"), q.Get("delimiter")
	after, most := max(q.Get("start-after"), q.Get("continuation-token")), 1000
	if n, err := strconv.Atoi(q.Get("max-keys")); err == nil {
		most = n
	}
	var b strings.Builder
	seen, last, n, more := "", "", 0, ""
	for i, _ := slices.BinarySearch(l, prefix); i < len(l) && strings.HasPrefix(l[i], prefix); i++ {
		key := l[i]
		if at := strings.Index(key[len(prefix):], delimiter); delimiter != "" && at >= 0 {
			key = key[:len(prefix)+at+1]
		}
		if l[i] <= after || key == seen {
			continue
		}
		if n++; n > most {
			more = "<IsTruncated>true</IsTruncated><NextContinuationToken>" + last + "</NextContinuationToken>"
			break
		}
		if seen, last = key, l[i]; strings.HasSuffix(key, "/") {
			fmt.Fprintf(&b, "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>", key)
			continue
		}
		fmt.Fprintf(&b, "<Contents><Key>%s</Key><Size>9</Size><LastModified>2026-03-14T12:00:00Z</LastModified></Contents>", key)
	}
	text := "<ListBucketResult>" + b.String() + more + "</ListBucketResult>"
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/xml"}},
		ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

// copies keeps every position that was saved.
type copies struct {
	source.MemoryCursor
	all [][]byte
}

func (c *copies) Save(ctx context.Context, name string, position []byte) error {
	c.all = append(c.all, position)
	return c.MemoryCursor.Save(ctx, name, position)
}

// A bucket with many files of the last day: what is written of them is some times
// the position that names them, and a process that is killed handles few again; a
// later pass that finds nothing new saves once.
func TestLargePositionsAreSavedSeldom(t *testing.T) {
	var l listing
	for i := range 20_000 {
		l = append(l, logKey("", "111122223333", "CloudTrail", "eu-west-1", day.Add(time.Duration(i)*4*time.Second), fmt.Sprintf("u%05d", i)))
	}
	client := s3.New(s3.Options{PathStyle: true, Config: aws.Config{Region: "eu-west-1", HTTPClient: l,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "x", "")}})
	run := func(cursor source.Cursor, passes int) (handled int) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		clock := source.Clock{Now: func() time.Time { return day.Add(23 * time.Hour) }, Sleep: func(context.Context, time.Duration) error {
			if passes--; passes == 0 {
				cancel()
			}
			return nil
		}}
		p := s3.NewPoll(s3.PollOptions{Name: "poll", Client: client, Listing: s3.Listing{Bucket: "logs"}, Cursor: cursor, Clock: clock, Workers: 1})
		if err := p.Run(ctx, func(context.Context, source.Delivery) error { handled++; return nil }); err != nil {
			t.Error(err)
		}
		return handled
	}
	cursor := &copies{}
	if n := run(cursor, 1); n != len(l) {
		t.Fatalf("%d files, want %d", n, len(l))
	}
	written, largest := 0, len(cursor.all[len(cursor.all)-1])
	for _, p := range cursor.all {
		written += len(p)
	}
	if largest < 16*len(l) || written > 30*largest {
		t.Errorf("%d bytes were written in %d times for a position of %d", written, len(cursor.all), largest)
	}
	kept := len(cursor.all)
	if n := run(cursor, 3); n != 0 || len(cursor.all) != kept+3 {
		t.Errorf("three passes later: %d files again, %d saved", n, len(cursor.all)-kept)
	}
	for _, at := range []int{1, kept / 2, kept - 2} {
		killed := &source.MemoryCursor{} // just before the next was saved
		if err := killed.Save(t.Context(), "s3/poll", cursor.all[at]); err != nil {
			t.Fatal(err)
		}
		before, next := len(cursor.all[at])/16, len(cursor.all[at+1])/16
		if n := run(killed, 1); n < len(l)-before || next-before > max(50, next/20+50) {
			t.Errorf("killed after %d files: %d more, and up to %d twice", before, n, next-before)
		}
	}
}

// What waited for a permission is read as soon as it is given, all of it.
func TestPermissionIsGiven(t *testing.T) {
	b := newBench(t)
	all := trail(b)
	var mu sync.Mutex
	got, waits := map[string]bool{}, 0
	clock := source.Clock{Sleep: func(ctx context.Context, _ time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		waits++
		return ctx.Err()
	}}
	p := s3.NewPoll(s3.PollOptions{Client: b.client, Listing: s3.Listing{Bucket: b.bucket, From: day, To: day.AddDate(0, 0, 10)}, Clock: clock})
	err := p.Run(t.Context(), func(_ context.Context, d source.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		o := d.Items[0].Object
		if waits == 0 {
			return &source.Denied{Object: o, Code: "AccessDenied"}
		}
		got[o.Key] = true
		return nil
	})
	if err != nil || len(got) != len(all) || len(all) <= 40 {
		t.Errorf("%d of %d files: %v", len(got), len(all), err)
	}
	if waits != 1 {
		t.Errorf("%d waits until all was read", waits)
	}
}

func TestParseURL(t *testing.T) {
	for u, want := range map[string][2]string{
		"s3://my-bucket": {"my-bucket", ""}, "s3://my-bucket/": {"my-bucket", ""}, "s3://my-bucket/a/b c%20": {"my-bucket", "a/b c%20"},
	} {
		bucket, prefix, err := s3.ParseURL(u)
		if err != nil || bucket != want[0] || prefix != want[1] {
			t.Errorf("%s: %q %q %v", u, bucket, prefix, err)
		}
	}
	for _, u := range []string{"", "s3://", "s3:///x", "http://my-bucket/x", "s3://a@b/x", "my-bucket/x"} {
		if _, _, err := s3.ParseURL(u); err == nil {
			t.Errorf("%q is accepted", u)
		}
	}
}

// A bucket that may not be listed lacks another permission than an object that may
// not be read.
func TestAListingThatIsRefusedSaysWhatItLacks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
	}))
	defer server.Close()
	c := s3.New(s3.Options{PathStyle: true, Config: aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")}})
	for _, err := range c.List(t.Context(), s3.Listing{Bucket: "trail"}) {
		if denied, ok := errors.AsType[*source.Denied](err); !ok || !strings.HasPrefix(denied.Do, "allow s3:ListBucket") {
			t.Errorf("%v", err)
		}
		return
	}
	t.Error("nothing was said")
}
