package synth_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/internal/synth"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// The parts of a record that the tests look at.
type record struct {
	EventVersion, EventTime, EventSource, EventName, AWSRegion, ErrorCode, SourceIPAddress, EventID string
	ReadOnly                                                                                        bool
	RecipientAccountID                                                                              string `json:"recipientAccountId"`
	UserIdentity                                                                                    struct{ Type string }
	RequestParameters                                                                               map[string]any
}

func decode(t *testing.T, body []byte) []record {
	t.Helper()
	var log struct{ Records []record }
	if err := json.Unmarshal(body, &log); err != nil {
		t.Fatal(err)
	}
	return log.Records
}

// The same options give the same files, in whatever order they are made.
func TestSameSeedSameBytes(t *testing.T) {
	o := synth.Options{Seed: 7, Records: 2000}
	a, b := synth.New(o), synth.New(o)
	n := a.Files()
	for i := range n {
		a.File(n - 1 - i)
	}
	for i := range n {
		x, y := a.File(i), b.File(i)
		if x.Key != y.Key || !bytes.Equal(x.Body, y.Body) {
			t.Fatalf("file %d differs: %s and %s", i, x.Key, y.Key)
		}
	}
	o.Seed = 8
	if bytes.Equal(synth.New(o).File(0).Body, a.File(0).Body) {
		t.Error("another seed gives the same file")
	}
}

// Counts are exact, bytes are near.
func TestSizes(t *testing.T) {
	for name, c := range map[string]struct {
		o              synth.Options
		files, records int
	}{
		"files times records": {synth.Options{Files: 30, PerFile: 5}, 30, 150},
		"one big file":        {synth.Options{Records: 3000, PerFile: 3000}, 1, 3000},
		"uneven":              {synth.Options{Records: 12, PerFile: 5}, 3, 12},
	} {
		g := synth.New(c.o)
		records := 0
		for i := range g.Files() {
			records += len(decode(t, g.File(i).Body))
		}
		if g.Files() != c.files || records != c.records {
			t.Errorf("%s: %d files, %d records, want %d and %d", name, g.Files(), records, c.files, c.records)
		}
	}
	g := synth.New(synth.Options{Bytes: 5_000_000})
	size := 0
	for i := range g.Files() {
		size += len(g.File(i).Body)
	}
	if size < 4_700_000 || size > 5_300_000 {
		t.Errorf("%d bytes for 5,000,000", size)
	}
}

// The mix is that of real trails, and nothing belongs to anybody.
func TestMix(t *testing.T) {
	g := synth.New(synth.Options{Seed: 3, Records: 40_000})
	reserved := regexp.MustCompile(`^((192\.0\.2|198\.51\.100|203\.0\.113)\.\d+|[a-z0-9-]+\.amazonaws\.com)$`)
	calls, services, kinds, ids := map[string]int{}, map[string]bool{}, map[string]int{}, map[string]bool{}
	reads, failures, size := 0, 0, 0
	for i := range g.Files() {
		f := g.File(i)
		size += len(f.Body)
		for _, r := range decode(t, f.Body) {
			calls[r.EventSource+" "+r.EventName]++
			services[r.EventSource] = true
			kinds[r.UserIdentity.Type]++
			ids[r.EventID] = true
			if r.ReadOnly {
				reads++
			}
			if r.ErrorCode != "" {
				failures++
			}
			if !reserved.MatchString(r.SourceIPAddress) {
				t.Fatalf("address %q is not reserved for documentation", r.SourceIPAddress)
			}
			if _, err := time.Parse(time.RFC3339, r.EventTime); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(f.Key, "/"+r.RecipientAccountID+"/CloudTrail/"+r.AWSRegion+"/") {
				t.Fatalf("record of account %s in %s lies in %s", r.RecipientAccountID, r.AWSRegion, f.Key)
			}
		}
	}
	n := float64(g.Records())
	t.Logf("%d calls of %d services; %.1f %% reads, %.2f %% errors, %.0f bytes a record; %v", len(calls), len(services),
		100*float64(reads)/n, 100*float64(failures)/n, float64(size)/n, kinds)
	within := func(what string, got, low, high float64) {
		if got < low || got > high {
			t.Errorf("%s: %.4g, want %.4g to %.4g", what, got, low, high)
		}
	}
	within("calls", float64(len(calls)), 44, 45)
	within("services", float64(len(services)), 23, 23)
	within("share of reads", float64(reads)/n, .87, .91)
	within("share of errors", float64(failures)/n, .01, .02)
	within("share of AssumedRole", float64(kinds["AssumedRole"])/n, .55, .7)
	within("root records", float64(kinds["Root"]), 1, n/100)
	within("bytes a record", float64(size)/n, 1300, 1500)
	if len(ids) != g.Records() {
		t.Errorf("%d event ids for %d records", len(ids), g.Records())
	}
}

// Policies are escaped JSON inside strings, as CloudTrail keeps them.
func TestPolicyDocuments(t *testing.T) {
	g := synth.New(synth.Options{Records: 20_000})
	found := 0
	for i := range g.Files() {
		for _, r := range decode(t, g.File(i).Body) {
			for _, key := range []string{"policyDocument", "assumeRolePolicyDocument"} {
				text, ok := r.RequestParameters[key].(string)
				if !ok {
					continue
				}
				found++
				if !json.Valid([]byte(text)) {
					t.Fatalf("%s of %s is no JSON: %s", key, r.EventName, text)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no policy document in 20,000 records")
	}
}

// Files lie where CloudTrail puts them, and hold what File gives.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	o := synth.Options{Records: 400, PerFile: 100, Organization: "o-exampleorg1"}
	g := synth.New(o)
	summary, err := g.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`^AWSLogs/o-exampleorg1/(\d{12})/CloudTrail/([a-z0-9-]+)/\d{4}/\d\d/\d\d/(\d{12})_CloudTrail_([a-z0-9-]+)_\d{8}T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz$`)
	packed := int64(0)
	for i := range g.Files() {
		f := g.File(i)
		if m := key.FindStringSubmatch(f.Key); m == nil || m[1] != m[3] || m[2] != m[4] {
			t.Errorf("key %q", f.Key)
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Key)))
		if err != nil {
			t.Fatal(err)
		}
		packed += int64(len(data))
		if !bytes.Equal(gunzip(t, data), f.Body) {
			t.Errorf("%s does not hold what File gives", f.Key)
		}
	}
	if summary.Files != 4 || summary.Records != 400 || summary.PackedBytes != packed {
		t.Errorf("summary %+v", summary)
	}
}

func gunzip(t *testing.T, data []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// Made-up rules load without a word, in both forms, and in the number asked for.
func TestWriteRules(t *testing.T) {
	for name, o := range map[string]synth.RuleOptions{
		"native":        {Count: 250, PerFile: 100},
		"patterns":      {Count: 60, Pattern: true},
		"guard alone":   {Count: 1},
		"without guard": {Count: 30, NoGuard: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := synth.WriteRules(dir, o); err != nil {
				t.Fatal(err)
			}
			set, list := rule.Load([]string{dir}, rule.Options{})
			for _, d := range list {
				if d.Severity == diagnostic.Error {
					t.Error(d)
				}
			}
			if len(set.Rules) != o.Count {
				t.Errorf("%d rules, want %d", len(set.Rules), o.Count)
			}
		})
	}
}

func TestSameSeedSameRules(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for _, dir := range []string{a, b} {
		if err := synth.WriteRules(dir, synth.RuleOptions{Seed: 5, Count: 120}); err != nil {
			t.Fatal(err)
		}
	}
	err := fs.WalkDir(os.DirFS(a), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		x, _ := os.ReadFile(filepath.Join(a, path))
		y, err := os.ReadFile(filepath.Join(b, path))
		if !bytes.Equal(x, y) {
			t.Errorf("%s differs", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkFile(b *testing.B) {
	g := synth.New(synth.Options{Records: 1000, PerFile: 1000})
	b.SetBytes(int64(len(g.File(0).Body)))
	b.ReportAllocs()
	for b.Loop() {
		g.File(0)
	}
}
