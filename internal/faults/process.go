package faults

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Build builds a program of this module into a folder of the test and gives its
// path.
func Build(t testing.TB, dir, pkg string, flags ...string) string {
	t.Helper()
	out := filepath.Join(dir, filepath.Base(pkg))
	cmd := exec.Command("go", append(append([]string{"build", "-o", out}, flags...), pkg)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, text)
	}
	return out
}

// Server is a running `trailwarden serve`.
type Server struct {
	Address string        // of health and metrics
	Ready   time.Duration // from its start until it answered
	cmd     *exec.Cmd
	done    chan error
	log     *tail
}

// tail keeps the end of a log.
type tail struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() > 64<<10 {
		l.text.Next(32 << 10)
	}
	return l.text.Write(p)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Serve starts the program with the configuration in dir. It does not wait until
// it is ready: see Wait.
func Serve(t testing.TB, program, dir string, env []string, wrap ...string) *Server {
	t.Helper()
	args := append(append([]string{}, wrap...), program, "serve", "--config", filepath.Join(dir, "trailwarden.yaml"))
	s := &Server{cmd: exec.Command(args[0], args[1:]...), done: make(chan error, 1), log: new(tail)}
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Dir = dir
	out, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadString('\n')
			_, _ = io.WriteString(s.log, line)
			var entry map[string]any
			if json.Unmarshal([]byte(line), &entry) == nil && entry["msg"] == "watching" {
				address, _ := entry["health"].(string)
				ready <- address
			}
			if err != nil {
				break
			}
		}
		s.done <- s.cmd.Wait()
	}()
	select {
	case s.Address = <-ready:
		s.Ready = time.Since(began)
	case err := <-s.done:
		t.Fatalf("the server ended: %v\n%s", err, s.log)
	case <-time.After(2 * time.Minute):
		_ = s.cmd.Process.Kill()
		t.Fatalf("the server did not become ready\n%s", s.log)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() }) // in vain when it has ended
	return s
}

// Log is the end of what it logged.
func (s *Server) Log() string { return s.log.String() }

// Kill ends it as a power cut would, and waits until it is gone.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	if err := <-s.done; err == nil {
		_, _ = io.WriteString(s.log, "it had ended by itself\n")
	}
}

// Stop asks it to stop and gives the time that it took.
func (s *Server) Stop() (time.Duration, error) {
	began := time.Now()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-s.done:
		return time.Since(began), err
	case <-time.After(time.Minute):
		s.Kill()
		return time.Since(began), fmt.Errorf("it did not stop in a minute\n%s", s.log)
	}
}

// Reload sends SIGHUP.
func (s *Server) Reload() { _ = s.cmd.Process.Signal(syscall.SIGHUP) }

// Metrics are the counters and gauges, by name with labels: those named, or all.
func (s *Server) Metrics(ctx context.Context, names ...string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Address+"/metrics?"+url.Values{"name[]": names}.Encode(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "identity") // packing the answer is none of what a test is about
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	all := map[string]float64{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		i := strings.LastIndexByte(lines.Text(), ' ')
		var v float64
		if i < 0 || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		if _, err := fmt.Sscan(lines.Text()[i+1:], &v); err == nil {
			all[lines.Text()[:i]] = v
		}
	}
	return all, lines.Err()
}

// Place writes objects below a folder, each whole at once.
func Place(t testing.TB, dir string, objects []Object) {
	t.Helper()
	for _, o := range objects {
		path := filepath.Join(dir, filepath.FromSlash(o.Key))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".part", o.Body, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".part", path); err != nil {
			t.Fatal(err)
		}
	}
}
