package verify_test

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
	"github.com/trailwarden/trailwarden/cloudtrail/digest/digesttest"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

var mutations = flag.Int("mutations", 20, "mutations that TestTheAWSCLIAgrees makes")

//go:embed testdata/awscli.txt
var awscli string

//go:embed testdata/validate.py
var program string

// oracle is the AWS CLI, running.
type oracle struct {
	in  io.Writer
	out *bufio.Reader
}

func newOracle(t *testing.T, c *cloud) *oracle {
	python := awstest.PythonWith(t, "awscli-1.46.3", awscli)
	cmd := exec.Command(python, "-c", program, c.url, "us-east-1")
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, awstest.Env(t, c.cfg)...)
	cmd.Stderr = os.Stderr
	in, out := awstest.Beside(t, cmd)
	return &oracle{in, out}
}

// cliAnswer is one run of validate-logs.
type cliAnswer struct {
	Code   int
	Text   string
	GaveUp string
}

func (o *oracle) validate(t *testing.T, bucket string, from, to time.Time) (a cliAnswer) {
	t.Helper()
	args, err := json.Marshal([]string{"--trail-arn", "arn:aws:cloudtrail:us-east-1:" + account + ":trail/main",
		"--start-time", from.Format(time.RFC3339), "--end-time", to.Format(time.RFC3339), "--s3-bucket", bucket, "--verbose"})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(o.in, "%s\n", args)
	line, err := o.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("the AWS CLI ended: %v", err)
	}
	if err := json.Unmarshal(line, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// reasons are the AWS CLI's words for a verdict.
var reasons = []struct {
	words   string
	verdict digest.Verdict
}{
	{"INVALID: invalid format", digest.BadFormat},
	{"INVALID: signature verification failed", digest.BadSignature},
	{"INVALID: has been moved from its original location", digest.Moved},
	{"INVALID: public key not found", digest.UnknownKey},
	{"INVALID: Unable to load PKCS #1 key", digest.UnreadableKey},
	{"INVALID: not found", digest.Missing},
	{"INVALID: hash value doesn't match", digest.BadHash},
	{"INVALID: unexpected data after end", digest.TrailingBytes},
	{"valid", digest.Valid},
}

// other is a reason that is only the text of some exception.
const other = "invalid for another reason"

// verdicts reads the AWS CLI's lines: kind, file and verdict of each.
func (a cliAnswer) verdicts() (lines []string) {
	for line := range strings.SplitSeq(a.Text, "\n") {
		kind, rest, ok := strings.Cut(line, "\t")
		name, reason, _ := strings.Cut(rest, "\t")
		verdict := other
		for _, r := range reasons {
			if strings.HasPrefix(reason, r.words) {
				verdict = string(r.verdict)
				break
			}
		}
		switch {
		case strings.Contains(line, "No log files were delivered"):
			_, times, _ := strings.Cut(line, "between ")
			lines = append(lines, "gap "+strings.Replace(times, " and ", " ", 1))
		case ok && strings.HasPrefix(kind, "(backfill)"):
			lines = append(lines, fmt.Sprint(digest.KindBackfill, " ", name, ": ", verdict))
		case ok && kind == "Digest file":
			lines = append(lines, fmt.Sprint(digest.KindDigest, " ", name, ": ", verdict))
		case ok && kind == "Log file":
			lines = append(lines, fmt.Sprint(digest.KindLog, " ", name, ": ", verdict))
		}
	}
	return lines
}

// ours is our own verdict on each file, and what is beyond the AWS CLI.
func ours(t *testing.T, c *cloud, bucket string, from, to time.Time) (lines []string, beyond map[digest.Verdict]int) {
	t.Helper()
	beyond = map[digest.Verdict]int{}
	v := c.validator()
	v.Results = func(r digest.Result) {
		verdict := r.Verdict
		if verdict.Beyond() {
			beyond[verdict]++
			if verdict != digest.Truncated {
				return
			}
			verdict = digest.Valid // as far as the AWS CLI looks
		}
		if r.Kind == digest.KindGap {
			lines = append(lines, "gap "+r.From.Format(time.RFC3339)+" "+r.To.Format(time.RFC3339))
			return
		}
		lines = append(lines, fmt.Sprintf("%s s3://%s/%s: %s", r.Kind, r.Bucket, r.Key, verdict))
	}
	_, err := v.Validate(t.Context(), digest.Scope{Bucket: bucket, Account: account, Region: "us-east-1", Trail: "main", From: from, To: to})
	if err != nil {
		t.Fatal(err)
	}
	return lines, beyond
}

// TestTheAWSCLIAgrees makes random single changes to buckets, validates each by
// the AWS CLI and by ourselves, and holds the verdicts on every file equal.
func TestTheAWSCLIAgrees(t *testing.T) {
	s := seeds.Of(t)
	c := newCloud(t, 0)
	cli := newOracle(t, c)
	g := &trial{cloud: c, cli: cli, r: rand.New(rand.NewPCG(s, s)), kinds: map[string]int{}, beyond: map[digest.Verdict]int{}}
	g.worlds(t)
	for _, w := range g.all {
		if bad := g.compare(t, "nothing", w, w.clone()); bad > 0 {
			t.Fatal("a clean bucket is not valid")
		}
	}
	for g.made < *mutations {
		w := g.all[g.r.IntN(len(g.all))]
		changed := w.clone()
		m := changes[g.r.IntN(len(changes))]
		if !m.do(g.r, changed) {
			continue
		}
		g.kinds[m.name]++
		g.apply(t, w, changed)
		if bad := g.compare(t, m.name, w, changed); bad > 0 {
			g.found++
		}
		g.apply(t, changed, w)
		g.made++
	}
	t.Logf("%d mutations, %d not valid by the AWS CLI, %d for reasons that are an exception's text, %d gave the AWS CLI up; beyond it: %v\n%v",
		g.made, g.found, g.others, g.gaveUp, g.beyond, g.kinds)
}

// trial is one run of the comparison.
type trial struct {
	*cloud
	cli *oracle
	r   *rand.Rand
	all []*world

	made, found, others, gaveUp int
	kinds                       map[string]int
	beyond                      map[digest.Verdict]int
}

// world is the buckets of one trail; the newest digest is in the last.
type world struct {
	buckets []*digesttest.Bucket
	keys    digest.KeyBundle
	end     time.Time
	trail   digesttest.Trail
}

func (w *world) newest() *digesttest.Bucket { return w.buckets[len(w.buckets)-1] }

func (w *world) clone() *world {
	c := *w
	c.buckets = nil
	for _, b := range w.buckets {
		c.buckets = append(c.buckets, b.Clone())
	}
	c.keys = maps.Clone(w.keys)
	return &c
}

// worlds makes a plain trail, one that was off for a while, one with backfill,
// and one that moved to another bucket.
func (g *trial) worlds(t *testing.T) {
	bucket := func() *digesttest.Bucket { return digesttest.NewBucket(awstest.Bucket(t, g.cfg)) }
	plain, off, back, old := bucket(), bucket(), bucket(), bucket()
	plain.Add(trail("us-east-1"))

	first, second := trail("us-east-1"), trail("us-east-1")
	first.Hours, second.Hours, second.Start = 3, 3, start.Add(5*time.Hour)
	off.Add(first)
	off.Add(second)

	few := trail("us-east-1")
	few.Hours = 3
	back.Add(few)
	few.Backfill = true
	back.Add(few)

	moved := old.Beside(awstest.Bucket(t, g.cfg))
	link := old.Add(first)
	second.Start = start.Add(3 * time.Hour)
	moved.Continue(second, link)

	for _, buckets := range [][]*digesttest.Bucket{{plain}, {off}, {back}, {old, moved}} {
		w := &world{buckets: buckets, keys: buckets[0].Keys, end: start.Add(8 * time.Hour), trail: trail("us-east-1")}
		for _, b := range buckets {
			g.upload(t, b)
		}
		g.all = append(g.all, w)
	}
}

// apply brings the buckets from one state to another.
func (g *trial) apply(t *testing.T, from, to *world) {
	for i, b := range to.buckets {
		was := from.buckets[i]
		keys := maps.Clone(was.Objects)
		maps.Copy(keys, b.Objects)
		for key := range keys {
			if !reflect.DeepEqual(was.Objects[key], b.Objects[key]) || was.Meta[key] != b.Meta[key] || (was.Objects[key] == nil) != (b.Objects[key] == nil) {
				g.put(t, b, key)
			}
		}
	}
}

// compare validates both ways and returns how many files are not valid.
func (g *trial) compare(t *testing.T, name string, w, changed *world) (bad int) {
	t.Helper()
	g.bundle.Store(&changed.keys)
	bucket := w.newest().Name
	theirs := g.cli.validate(t, bucket, start, w.end)
	if theirs.GaveUp != "" {
		g.gaveUp++
		t.Logf("%s: the AWS CLI gives up: %s", name, theirs.GaveUp)
		return 1
	}
	mine, beyond := ours(t, g.cloud, bucket, start, w.end)
	for v, n := range beyond {
		g.beyond[v] += n
	}
	want := theirs.verdicts()
	for i, line := range want {
		file, verdict, ok := strings.Cut(line, ": ")
		if ok && verdict != string(digest.Valid) {
			bad++
		}
		if verdict == other {
			g.others++
			want[i] = g.like(file, line, mine)
		}
	}
	if (theirs.Code == 0) != (bad == 0) {
		t.Errorf("%s: exit code %d with %d bad files", name, theirs.Code, bad)
	}
	if a, b := sorted(want), sorted(mine); a != b {
		t.Errorf("%s\nthe AWS CLI:\n%s\nwe:\n%s\n%s", name, a, b, theirs.Text)
	}
	return bad
}

// like takes our word for the reason, as long as it is one.
func (g *trial) like(file, line string, mine []string) string {
	for _, m := range mine {
		if f, verdict, _ := strings.Cut(m, ": "); f == file && verdict != string(digest.Valid) {
			return m
		}
	}
	return line
}
