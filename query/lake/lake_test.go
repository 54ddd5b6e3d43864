package lake_test

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/lake"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

const logs = "../../examples/AWSLogs"

func engine(t *testing.T) string {
	t.Helper()
	p, err := sandbox.FindEngine(context.Background(), func(string) {})
	if err != nil {
		needs.Missing(t, "engine", err)
	}
	return p
}

func options(t *testing.T, paths ...string) lake.Options {
	return lake.Options{Program: engine(t), Listing: pipeline.List(paths, true), Limits: cloudtrail.DefaultLimits()}
}

func ingest(t *testing.T, dir string, o lake.Options) lake.Progress {
	t.Helper()
	l, err := lake.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p, err := l.Ingest(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ask answers a query over a lake and logs as lines.
func ask(t *testing.T, dir, sql string, paths ...string) []string {
	t.Helper()
	q := &query.Local{Program: engine(t), Listing: pipeline.List(paths, false), LakeDir: dir, Bounds: query.DefaultBounds(), Limits: cloudtrail.DefaultLimits()}
	r, err := q.Query(context.Background(), query.Statement{SQL: sql})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []string
	for row := r.Next(); row != nil; row = r.Next() {
		var cells []string
		for _, c := range row {
			cells = append(cells, string(c.Text))
		}
		all = append(all, strings.Join(cells, "|"))
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return all
}

const everything = "SELECT * FROM cloudtrail_logs ORDER BY eventid, eventtime, recipientaccountid"

// The lake answers as the logs do, column by column.
func TestLakeAnswersAsTheLogs(t *testing.T) {
	dir := t.TempDir()
	p := ingest(t, dir, options(t, logs))
	fromLogs, fromLake := ask(t, "", everything, logs), ask(t, dir, everything)
	if int(p.Rows) != len(fromLogs) || !slices.Equal(fromLogs, fromLake) {
		t.Errorf("%d rows ingested, %d from the logs, %d from the lake", p.Rows, len(fromLogs), len(fromLake))
		for i := range min(len(fromLogs), len(fromLake)) {
			if fromLogs[i] != fromLake[i] {
				t.Fatalf("row %d:\n%s\n%s", i, fromLogs[i], fromLake[i])
			}
		}
	}
	days := `SELECT year, month, day, "timestamp", count(*) FROM cloudtrail_logs GROUP BY 1, 2, 3, 4 ORDER BY 4`
	if a, b := ask(t, "", days, logs), ask(t, dir, days); !slices.Equal(a, b) {
		t.Errorf("partitions: %v from the logs, %v from the lake", a, b)
	}
}

// What is in the lake is not taken in again, under whatever name it comes.
func TestIngestTwiceAddsNothing(t *testing.T) {
	dir := t.TempDir()
	first := ingest(t, dir, options(t, logs))
	if again := ingest(t, dir, options(t, logs)); again.Rows != 0 || again.Objects != 0 || again.Known == 0 {
		t.Errorf("again: %+v", again)
	}
	copied := filepath.Join(t.TempDir(), "copies")
	if err := os.CopyFS(copied, os.DirFS(logs)); err != nil {
		t.Fatal(err)
	}
	// Not in the layout of a bucket, so other objects, with the same records.
	if p := ingest(t, dir, options(t, copied)); p.Rows != 0 || p.Duplicates < first.Rows {
		t.Errorf("copies: %+v", p)
	}
}

// Logs that are not in the lake yet are part of the answer, and records that are
// in both are there once.
func TestLakeAndLogsAreOne(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(logs, "o-exampleorgid")
	accounts, err := os.ReadDir(half)
	if err != nil || len(accounts) < 2 {
		t.Fatal(accounts, err)
	}
	ingest(t, dir, options(t, filepath.Join(half, accounts[0].Name())))
	if a, b := ask(t, "", everything, logs), ask(t, dir, everything, logs); !slices.Equal(a, b) {
		t.Errorf("%d rows from the logs, %d from both", len(a), len(b))
	}
}

// A record and the one that repairs it are rows of the logs and of a lake, whichever
// comes first: history is what was delivered.
func TestARepairAndWhatItRepairsAreBothRows(t *testing.T) {
	one := record("a", "2026-03-14T09:00:00Z")
	repair := strings.Replace(strings.Replace(one, `"a"`, `"b"`, 1), `}]}`, `,"addendum":{"reason":"UPDATED_DATA","originalEventID":"a"}}]}`, 1)
	sameID := strings.Replace(one, `}]}`, `,"addendum":{"reason":"UPDATED_DATA","originalEventID":"a"}}]}`, 1)
	for name, files := range map[string][2]string{"after": {one, repair}, "before": {repair, one}, "one id": {one, sameID}, "one id, before": {sameID, one}} {
		dir, in := t.TempDir(), t.TempDir()
		logOf(t, in, "111122223333", "2026/03/14", "1", files[0])
		logOf(t, in, "111122223333", "2026/03/14", "2", files[1])
		ingest(t, dir, options(t, in))
		const both = "SELECT eventid, addendum.originaleventid FROM cloudtrail_logs ORDER BY 2"
		if a, b := ask(t, "", both, in), ask(t, dir, both); len(a) != 2 || !slices.Equal(a, b) {
			t.Errorf("%s: %v from the logs, %v from the lake", name, a, b)
		}
	}
}

// One file a partition is left, and the answers stay.
// inManyFiles is a lake of the logs in small files, open for writing.
func inManyFiles(t *testing.T) (dir string, l *lake.Lake) {
	t.Helper()
	dir = t.TempDir()
	o := options(t, logs)
	o.BatchBytes = 20_000
	ingest(t, dir, o)
	l, err := lake.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return dir, l
}

func TestCompactAndExpire(t *testing.T) {
	dir, l := inManyFiles(t)
	before := ask(t, dir, everything)
	if _, err := l.Compact(context.Background(), options(t)); err != nil {
		t.Fatal(err)
	}
	if s := l.Stats(); s.Files != s.Partitions {
		t.Errorf("%d files of %d partitions", s.Files, s.Partitions)
	}
	if after := ask(t, dir, everything); !slices.Equal(before, after) {
		t.Errorf("%d rows before, %d after", len(before), len(after))
	}
	files, _ := filepath.Glob(filepath.Join(dir, "data", "*", "*.parquet"))
	if len(files) != l.Stats().Files {
		t.Errorf("%d files lie there, %d belong to the lake", len(files), l.Stats().Files)
	}
	day := time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)
	if _, err := l.Expire(day, day); err != nil {
		t.Fatal(err)
	}
	if left := ask(t, dir, `SELECT count(*) FROM cloudtrail_logs WHERE "timestamp" < '2026/03/15'`); left[0] != "0" {
		t.Errorf("%s rows of expired days", left[0])
	}
}

// ingestVariable makes the test's program ingest into the lake that it names.
const ingestVariable = "TRAILWARDEN_TEST_LAKE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ingestVariable); dir != "" {
		l, err := lake.OpenForWriting(dir)
		if err == nil {
			_, err = l.Ingest(context.Background(), lake.Options{Program: os.Getenv(sandbox.EngineVariable), BatchBytes: 10_000,
				Listing: pipeline.List([]string{logs}, true), Limits: cloudtrail.DefaultLimits()})
		}
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Killed again and again, the ingest ends with every record there once.
func TestKilledIngestLosesAndDoublesNothing(t *testing.T) {
	dir, program := t.TempDir(), engine(t)
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 0))
	kills := 0
	for done := false; !done; {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), ingestVariable+"="+dir, sandbox.EngineVariable+"="+program)
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		wait := time.Duration(200+r.IntN(400)) * time.Millisecond
		if kills >= 8 {
			wait = time.Minute
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v: %s", err, said.String())
			}
			done = true
		case <-time.After(wait):
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-ended
			kills++
		}
	}
	t.Logf("killed %d times", kills)
	if a, b := ask(t, "", everything, logs), ask(t, dir, everything); !slices.Equal(a, b) {
		t.Errorf("%d rows in the logs, %d in the lake", len(a), len(b))
	}
	files, _ := filepath.Glob(filepath.Join(dir, "data", "*", "*.parquet"))
	l, err := lake.Open(dir)
	if err != nil || len(files) != len(l.Files()) {
		t.Errorf("%d files lie there, %d belong to the lake: %v", len(files), len(l.Files()), err)
	}
}

func TestCompactLeavesWhatMemoryIsTooSmallFor(t *testing.T) {
	dir, l := inManyFiles(t)
	before, files := ask(t, dir, everything), l.Stats().Files
	small := options(t)
	small.Memory = 32 << 20
	if p, err := l.Compact(context.Background(), small); err != nil || p.WrittenFiles != 0 {
		t.Fatalf("wrote %d files, error %v; want none and no error", p.WrittenFiles, err)
	}
	if after := ask(t, dir, everything); !slices.Equal(before, after) || l.Stats().Files != files {
		t.Errorf("%d rows before, %d after", len(before), len(after))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "staging", "*")); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
}
