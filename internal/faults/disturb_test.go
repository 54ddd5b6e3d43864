package faults_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/faults"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/source"
)

// F8, P1: asked to stop in the middle of files, the server ends within 10 s,
// and nothing is told twice, not even where nobody would notice.
func TestStoppedInMidFile(t *testing.T) {
	stops := count(5, 100)
	objects := faults.Deliver(faults.Corpus{Seed: 9, Records: 3_000, Incidents: 4, Span: 55 * time.Minute}.Make(), nil)
	want := golden(t, objects, "")
	r := random(t)
	slowest, n := time.Duration(0), 0
	for n < stops {
		b := newBench(t, watched, "")
		faults.Place(t, filepath.Join(b.dir, "logs"), objects)
		for range min(10, stops-n) {
			s := faults.Serve(t, program(t), b.dir, b.env)
			time.Sleep(time.Duration(r.Int64N(int64(400 * time.Millisecond))))
			took, err := s.Stop()
			if err != nil {
				t.Error(err)
			}
			slowest = max(slowest, took)
			n++
		}
		s := faults.Serve(t, program(t), b.dir, b.env)
		b.drained(len(want), 20*time.Second)
		if _, err := s.Stop(); err != nil {
			t.Error(err)
		}
		if missing, extra := b.verdict(t, want, 0); missing+extra > 0 {
			t.Errorf("%d missing, %d too many", missing, extra)
		}
		t.Logf("%d of %d stops, slowest %s so far", n, stops, slowest)
	}
	if slowest > 10*time.Second {
		t.Errorf("the slowest stop took %s, want at most 10 s", slowest)
	}
	figure(t, "F8", "%d stops: 0 missing, 0 twice, slowest %s", n, slowest.Round(10*time.Millisecond))
}

// F8: a receiver that never answers does not keep the server from stopping.
func TestStoppedWhileAReceiverHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts by the kernel, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b := newBench(t, watched, "")
	b.smtp = l.Addr().String()
	b.configure(t, watched, "")
	faults.Place(t, filepath.Join(b.dir, "logs"), faults.Deliver(faults.Corpus{Seed: 9, Records: 300}.Make(), nil)[:20])
	text, _ := os.ReadFile(filepath.Join(b.dir, "trailwarden.yaml"))
	text = bytes.ReplaceAll(text, []byte("timeout: 3s"), []byte("timeout: 60s"))
	if err := os.WriteFile(filepath.Join(b.dir, "trailwarden.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := faults.Serve(t, program(t), b.dir, b.env)
	time.Sleep(2 * time.Second)
	took, err := s.Stop()
	if err != nil || took > 10*time.Second {
		t.Errorf("stopped after %s: %v", took, err)
	}
	figure(t, "F8 hang", "a receiver that hangs: stopped in %s", took.Round(10*time.Millisecond))
}

// F4, P1, P5, P6: on a disk without room intake pauses, health and metrics go on
// answering, and everything is told once there is room.
func TestDiskFull(t *testing.T) {
	objects := faults.Deliver(faults.Corpus{Seed: 10, Records: 400, Incidents: 2, Span: 50 * time.Minute}.Make(), nil)
	want := golden(t, objects, "")
	rounds := count(1, 5)
	var slowest time.Duration
	for range rounds {
		b := newBench(t, watched, "")
		state := filepath.Join(b.dir, "state")
		if err := os.Mkdir(state, 0o700); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", state).CombinedOutput(); err != nil {
			needs.Missing(t, "mount", err, ": ", string(out))
		}
		t.Cleanup(func() { _ = exec.Command("umount", "-l", state).Run() })
		s := faults.Serve(t, program(t), b.dir, b.env)
		filler := filepath.Join(state, "filler")
		fill(t, filler)
		faults.Place(t, filepath.Join(b.dir, "logs"), objects)
		until(t, 30*time.Second, "the log to say that there is no room", func() bool { return strings.Contains(s.Log(), "no room") })
		m, err := s.Metrics(t.Context())
		if err != nil {
			t.Fatal("metrics while full: ", err)
		}
		resp, err := http.Get("http://" + s.Address + "/readyz")
		if err != nil {
			t.Fatal("readiness while full: ", err)
		}
		resp.Body.Close()
		before := m[`trailwarden_messages_total{outcome="acknowledged",source="logs"}`]
		time.Sleep(time.Second)
		if m, err = s.Metrics(t.Context()); err != nil || m[`trailwarden_messages_total{outcome="acknowledged",source="logs"}`] > before+2 {
			t.Errorf("acknowledged while full: %v, before %v (%v)", m[`trailwarden_messages_total{outcome="acknowledged",source="logs"}`], before, err)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		freed := time.Now()
		until(t, 30*time.Second, "intake to go on", func() bool { return strings.Contains(s.Log(), "room again") })
		slowest = max(slowest, time.Since(freed))
		b.drained(len(want), 20*time.Second)
		if _, err := s.Stop(); err != nil {
			t.Error(err)
		}
		if missing, _ := b.verdict(t, want, 0); missing > 0 {
			out, _ := exec.Command("ls", "-la", state).CombinedOutput()
			t.Logf("%s\n%s", out, s.Log())
		}
		_ = exec.Command("umount", "-l", state).Run()
	}
	figure(t, "F4", "%d full disks of 4 MB: intake paused, metrics answered, went on %s after there was room, 0 lost", rounds, slowest.Round(10*time.Millisecond))
}

// fill leaves no room.
func fill(t testing.TB, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for piece := make([]byte, 4096); ; {
		if _, err := f.Write(piece); err != nil {
			return
		}
	}
}

func until(t testing.TB, most time.Duration, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(most); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %s for %s", most, what)
		}
	}
}

// F9, P3: a clock that jumps by hours and days, forwards and backwards, changes
// no alert.
func TestClockJumps(t *testing.T) {
	records := faults.Corpus{Seed: 11, Records: 1_500, Incidents: 3, Span: 2 * time.Hour}.Make()
	end := later(records)
	objects := append(faults.Deliver(records, nil), end)
	want := scanned(t, starter(t), objects)
	jumps := []time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour, 10 * time.Minute, -10 * time.Minute}
	for _, jump := range jumps[:count(4, len(jumps))] {
		t.Run(jump.String(), func(t *testing.T) {
			var calls atomic.Int64
			var calm atomic.Bool
			noon := records[len(records)-1].At.Add(4 * time.Hour)
			now := func() time.Time { // jumps there and back again and again, until the end
				if calm.Load() {
					return noon
				}
				return noon.Add(time.Duration(calls.Add(1)/7%2) * jump)
			}
			s := open(t)
			p := start(t, s, bucket{}.put(objects), func(o *live.Options) { o.Now, o.Pulse = now, new(live.Pulse) })
			var ds []source.Delivery
			for _, o := range objects {
				ds = append(ds, announce(o.Key))
			}
			abreast(t, p, ds[:len(ds)-1])
			calm.Store(true) // a time far ahead of the clock would not be believed
			feed(t, p, ds[len(ds)-1:], 1)
			p.Close()
			same(t, "with a jumping clock", alerts(t, s), want)
		})
	}
	figure(t, "F9", "%d kinds of jump: identical alerts", count(4, len(jumps)))
}

// single are rules on single records: rules that remember need a store that all
// servers share.
func single(t testing.TB) string {
	t.Helper()
	var paths []string
	for _, name := range []string{"root-sign-in", "kms-key-deletion", "guardduty-disabled", "iam-user-created", "config-disabled", "access-denied"} {
		path, err := filepath.Abs(filepath.Join("..", "..", "packs", "starter", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, strconv.Quote(path))
	}
	return "rules: [" + strings.Join(paths, ", ") + "]"
}

// F11, P2: two servers on one queue and one store tell everything once; with a
// store for each, nothing is missing and an alert is told once more at most.
func TestTwoServers(t *testing.T) {
	objects := faults.Deliver(faults.Corpus{Seed: 12, Records: 1_000, Incidents: 3, Span: 50 * time.Minute}.Make(), nil)
	for name, more := range map[string]string{"one store": "", "two stores": single(t)} {
		t.Run(name, func(t *testing.T) {
			want := golden(t, objects, more)
			cfg := awstest.Config(t)
			block := "sources: {q: {sqs: {queue: \"" + announced(t, cfg, objects) + "\", visibility: 20s}}}"
			a, b := newBench(t, block, more), newBench(t, block, more)
			a.env = append(a.env, awstest.Env(t, cfg)...)
			b.smtp = a.smtp
			if b.configure(t, block, more); more == "" {
				b.dir = a.dir
			}
			one, two := faults.Serve(t, program(t), a.dir, a.env), faults.Serve(t, program(t), b.dir, a.env)
			a.drained(len(want), 25*time.Second)
			for _, s := range []*faults.Server{one, two} {
				if _, err := s.Stop(); err != nil {
					t.Error(err)
				}
			}
			_, extra := a.verdict(t, want, 1)
			if more == "" && extra > 0 {
				t.Errorf("%d mailed once more although the store is one", extra)
			}
			figure(t, "F11", "two servers, %s: %d alerts, 0 missing, %d mailed once more", name, len(want), extra)
		})
	}
}

// F21, P3, P6: of records that come two hours late, every finding is told, and
// windows that they missed are counted.
func TestLateRecords(t *testing.T) {
	records := faults.Corpus{Seed: 13, Records: 3_000, Incidents: 4, Span: 6 * time.Hour}.Make()
	r := random(t)
	objects := faults.Deliver(records, func(int) time.Duration {
		if r.IntN(100) == 0 {
			return 2 * time.Hour
		}
		return 0
	})
	want := scanned(t, starter(t), objects)
	s := open(t)
	p := start(t, s, bucket{}.put(objects), nil)
	var ds []source.Delivery
	for _, o := range objects {
		ds = append(ds, announce(o.Key))
	}
	feed(t, p, ds, 2)
	p.Close()
	got, single := alerts(t, s), 0
	for id, text := range want {
		if text != "windows" {
			single++
			if got[id] != text {
				t.Errorf("%s: %q, want %q", id, got[id], text)
			}
		}
	}
	if p.Late.Load() == 0 {
		t.Error("no late record was counted")
	}
	figure(t, "F21", "%d alerts on single records all told; %d late records counted", single, p.Late.Load())
}

// F91, P1: the configuration is broken and mended while files come in: every
// record is judged, by the old set or the new.
func TestReloadUnderLoad(t *testing.T) {
	objects := faults.Deliver(faults.Corpus{Seed: 14, Records: 2_000, Incidents: 4, Span: 50 * time.Minute}.Make(), nil)
	want := golden(t, objects, "")
	b := newBench(t, watched, "")
	path := filepath.Join(b.dir, "trailwarden.yaml")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := faults.Serve(t, program(t), b.dir, b.env)
	reloads := count(6, 60)
	go func() { faults.Place(t, filepath.Join(b.dir, "logs"), objects) }()
	for i := range reloads {
		text := good
		if i%2 == 0 {
			text = append([]byte("rules: [no-such-folder]\nnonsense: 1\n"), good...)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s.Reload()
		time.Sleep(100 * time.Millisecond)
	}
	b.drained(len(want), 20*time.Second)
	m, err := s.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stop(); err != nil {
		t.Error(err)
	}
	b.verdict(t, want, 0)
	refused := m[`trailwarden_reloads_total{result="refused"}`]
	if refused == 0 || m[`trailwarden_records_total{outcome="received"}`] != m[`trailwarden_records_total{outcome="judged"}`]+m[`trailwarden_records_total{outcome="duplicate"}`] {
		t.Errorf("%v refused; %v", refused, fmt.Sprint(m[`trailwarden_records_total{outcome="received"}`], m[`trailwarden_records_total{outcome="judged"}`]))
	}
	figure(t, "F91", "%d reloads under load, %v refused: every record judged, 0 alerts lost", reloads, refused)
}
