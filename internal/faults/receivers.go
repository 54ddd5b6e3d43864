package faults

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// Ledger is what receivers took, in the order of arrival.
type Ledger struct {
	mu     sync.Mutex
	opened map[string]int  // first messages by the key of the alert
	key    map[string]bool // idempotency keys that were seen
	// Mark, when set before the first message, is looked for in bodies; Marked
	// tells when each of its matches came first.
	Mark   *regexp.Regexp
	marked map[string]time.Time
}

// Marked is when each match of Mark came first.
func (l *Ledger) Marked() map[string]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.marked)
}

func (l *Ledger) mark(body []byte) {
	if l.Mark == nil {
		return
	}
	now, found := time.Now(), string(l.Mark.Find(body))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.marked == nil {
		l.marked = map[string]time.Time{}
	}
	if _, ok := l.marked[found]; !ok && found != "" {
		l.marked[found] = now
	}
}

func (l *Ledger) took(key, kind string) {
	if kind != "opened" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.opened == nil {
		l.opened = map[string]int{}
	}
	l.opened[key]++
}

// fresh tells whether an idempotency key is new.
func (l *Ledger) fresh(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.key == nil {
		l.key = map[string]bool{}
	}
	if l.key[key] {
		return false
	}
	l.key[key] = true
	return true
}

// Opened counts the first messages by the alert's key.
func (l *Ledger) Opened() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.opened)
}

// Len is the number of alerts told of.
func (l *Ledger) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.opened)
}

// Keyed starts an HTTP receiver that passes over what it has seen, by the
// Idempotency-Key of the webhook sink.
func Keyed(t testing.TB, to *Ledger) (url string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		to.mark(body)
		var m struct{ Message map[string]json.RawMessage }
		if err != nil || json.Unmarshal(body, &m) != nil {
			http.Error(w, "no JSON", http.StatusBadRequest)
			return
		}
		if !to.fresh(r.Header.Get("Idempotency-Key")) {
			w.WriteHeader(http.StatusConflict)
			return
		}
		var key, kind string
		_ = json.Unmarshal(m.Message["key"], &key)
		_ = json.Unmarshal(m.Message["kind"], &kind)
		to.took(key, kind)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// Mail starts an SMTP server, which takes the same mail as often as it is sent.
func Mail(t testing.TB, to *Ledger) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go converse(conn, to)
		}
	}()
	return l.Addr().String()
}

// converse speaks as much SMTP (RFC 5321) as a client needs.
func converse(conn net.Conn, to *Ledger) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(conn)
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	say("220 mail.example.com ready")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.ToUpper(verb) {
		case "DATA":
			say("354 go on")
			header, err := letter(in)
			if err != nil {
				return // cut off: it was never taken
			}
			to.took(header["x-trailwarden-key"], header["x-trailwarden-kind"])
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

// letter reads a mail up to the dot and gives its header.
func letter(in *bufio.Reader) (map[string]string, error) {
	header, body, last := map[string]string{}, false, ""
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = strings.TrimRight(line, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		switch {
		case line == ".":
			return maps.Clone(header), nil
		case line == "":
			body = true
		case body:
		case line[0] == ' ' || line[0] == '\t':
			header[last] = strings.TrimSpace(header[last] + line)
		case ok:
			last = strings.ToLower(name)
			header[last] = strings.TrimSpace(value)
		}
	}
}
