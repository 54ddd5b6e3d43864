package query_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/synth"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/lake"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

// figuresVariable asks for the figures: the number of paired runs. The corpus has
// as many bytes of JSON as figuresBytes says, 1 GB when it says nothing.
const (
	figuresVariable = "TRAILWARDEN_QUERY_FIGURES"
	figuresBytes    = "TRAILWARDEN_QUERY_BYTES"
)

// reports are the two questions of a published walk-through: Athena's text, and
// the same for DuckDB's own reader of JSON.
var reports = []struct{ name, athena, duckdb string }{
	{"root sign-ins", `SELECT eventtime, account, useridentity.type AS usertype, useridentity.arn AS identity FROM "default"."cloudtrail_logs"
		WHERE eventsource = 'signin.amazonaws.com' AND eventname = 'ConsoleLogin' AND useridentity.type = 'Root' ORDER BY eventtime`,
		`SELECT r.eventTime, r.recipientAccountId, r.userIdentity.type, r.userIdentity.arn FROM records
		WHERE r.eventSource = 'signin.amazonaws.com' AND r.eventName = 'ConsoleLogin' AND r.userIdentity.type = 'Root' ORDER BY 1`},
	{"deletions", `SELECT eventtime, account, useridentity.type AS usertype, useridentity.arn AS identity, eventsource, eventname FROM "default"."cloudtrail_logs"
		WHERE lower(eventname) LIKE '%delete%' OR lower(eventname) LIKE '%remove%' ORDER BY eventtime`,
		`SELECT r.eventTime, r.recipientAccountId, r.userIdentity.type, r.userIdentity.arn, r.eventSource, r.eventName FROM records
		WHERE lower(r.eventName) LIKE '%delete%' OR lower(r.eventName) LIKE '%remove%' ORDER BY 1`},
}

// TestFigures measures raw logs, lake and DuckDB's own reader in paired runs and
// prints ratios. It judges nothing: the machine does.
func TestFigures(t *testing.T) {
	pairs, err := strconv.Atoi(os.Getenv(figuresVariable))
	if err != nil || pairs < 1 {
		t.Skipf("set %s to a number of paired runs", figuresVariable)
	}
	size, err := strconv.ParseInt(os.Getenv(figuresBytes), 10, 64)
	if err != nil {
		size = 1e9
	}
	dir := t.TempDir()
	corpus, lakeDir := filepath.Join(dir, "corpus"), filepath.Join(dir, "lake")
	made, err := synth.New(synth.Options{Seed: 1, Bytes: size}).Write(corpus)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("corpus: %v", made)
	raw := local(t, corpus)
	inLake := local(t)
	inLake.Listing, inLake.LakeDir = nil, lakeDir
	measureIngest(t, raw.Program, corpus, lakeDir)
	for _, q := range reports {
		var lakeTimes, duckTimes []float64
		for range pairs {
			a, n := timed(t, raw, q.athena)
			b, m := timed(t, inLake, q.athena)
			c, k := duckdb(t, raw.Program, corpus, q.duckdb)
			if n != m || n != k {
				t.Fatalf("%s: %d rows from the logs, %d from the lake, %d from DuckDB", q.name, n, m, k)
			}
			t.Logf("%s: %d rows; logs %.3f s, lake %.3f s, DuckDB's read_json %.3f s", q.name, n, a, b, c)
			lakeTimes, duckTimes = append(lakeTimes, a/b), append(duckTimes, c/a)
		}
		slices.Sort(lakeTimes)
		slices.Sort(duckTimes)
		t.Logf("%s: medians: logs ÷ lake %.1f, DuckDB ÷ logs %.1f, DuckDB ÷ lake %.0f", q.name, lakeTimes[pairs/2], duckTimes[pairs/2], lakeTimes[pairs/2]*duckTimes[pairs/2])
	}
}

func measureIngest(t *testing.T, program, corpus, dir string) {
	l, err := lake.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := lake.Options{Program: program, Listing: pipeline.List([]string{corpus}, true), Limits: cloudtrail.DefaultLimits()}
	before, began := processorSeconds(), time.Now()
	p, err := l.Ingest(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	took, used := time.Since(began).Seconds(), processorSeconds()-before
	if _, err := l.Compact(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	t.Logf("ingest: %.1f s, %.1f s of processors, %.0f MB/s of JSON a core; compacted %.1f s of processors; lake ÷ gz %.3f, %d files",
		took, used, float64(p.Decompressed)/1e6/used, processorSeconds()-before-used, float64(l.Stats().Bytes)/float64(p.Bytes), l.Stats().Files)
}

// timed is how many seconds a query takes from its text to its last row.
func timed(t *testing.T, l *query.Local, sql string) (seconds float64, rows int) {
	began := time.Now()
	_, all, err := run(l, sql)
	if err != nil {
		t.Fatal(err)
	}
	return time.Since(began).Seconds(), len(all)
}

// duckdb asks the engine itself, with its own reader of JSON over the same files.
func duckdb(t *testing.T, program, corpus, sql string) (seconds float64, rows int) {
	began := time.Now()
	p, err := sandbox.Start(context.Background(), program, sandbox.Limits{Memory: 16 << 30, Read: []string{corpus}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	view := "CREATE VIEW records AS SELECT unnest(Records) AS r FROM read_json('" + corpus + "/**/*.json.gz', maximum_object_size = 67108864, columns = {Records: " +
		"'STRUCT(eventTime VARCHAR, eventSource VARCHAR, eventName VARCHAR, recipientAccountId VARCHAR, userIdentity STRUCT(type VARCHAR, arn VARCHAR))[]'})"
	req := &sandbox.Request{SQL: sql, Setup: []string{view}, Folders: []string{corpus}, Memory: 12 << 30, Threads: runtime.NumCPU()}
	if err = p.Request(req); err == nil {
		err = p.End()
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		rows, done, err := p.Rows()
		if err != nil {
			t.Fatal(err)
		}
		if rows == nil {
			return time.Since(began).Seconds(), int(done.Rows)
		}
	}
}

// processorSeconds are those of this process and of its children that ended.
func processorSeconds() float64 {
	b, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	var ticks [4]float64 // utime, stime, cutime, cstime of proc(5)
	fields := strings.Fields(string(b[bytes.IndexByte(b, ')')+2:]))
	sum := 0.0
	for i := range ticks {
		if _, err := fmt.Sscan(fields[11+i], &ticks[i]); err == nil {
			sum += ticks[i]
		}
	}
	return sum / 100
}
