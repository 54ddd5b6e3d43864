package sinktest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"testing"

	"github.com/trailwarden/trailwarden/sink/egress"
)

// Canned is an answer that a stand-in gives in place of its own.
type Canned struct {
	Status int
	Header map[string]string
	Body   string
	Lost   bool // do the work, then drop the connection without an answer
	Cut    bool // drop the connection without doing the work
	Short  bool // announce a longer body than there is, and drop the connection behind it
}

// Request is one that a stand-in has received.
type Request struct {
	Method, Path, Query string
	Header              http.Header
	Body                []byte
}

// Server is what all stand-ins are: a receiver on the loopback interface that
// keeps what it was sent and can be told what to answer next.
type Server struct {
	URL string

	mu       sync.Mutex
	script   []Canned
	requests []Request
	faults   []string
}

// serve starts a stand-in that ends with the test.
func (s *Server) serve(t testing.TB, handle func(http.ResponseWriter, *http.Request, []byte)) {
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		c, ok := s.next(r, body)
		switch {
		case !ok:
			handle(w, r, body)
		case c.Lost:
			handle(httptest.NewRecorder(), r, body)
			drop(w)
		case c.Cut:
			drop(w)
		default:
			for name, v := range c.Header {
				w.Header().Set(name, v)
			}
			if c.Short {
				w.Header().Set("Content-Length", strconv.Itoa(len(c.Body)+1))
			}
			w.WriteHeader(c.Status)
			fmt.Fprint(w, c.Body)
		}
	}))
	s.URL = h.URL
	t.Cleanup(h.Close)
}

func drop(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

func (s *Server) next(r *http.Request, body []byte) (Canned, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Clone(), body})
	if len(s.script) == 0 {
		return Canned{}, false
	}
	c := s.script[0]
	s.script = s.script[1:]
	return c, true
}

// Then makes the next requests get these answers.
func (s *Server) Then(answers ...Canned) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, answers...)
}

// Requests are those received so far, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// fault records something that the vendor would refuse or that must not be sent.
func (s *Server) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// Faults are the limits, rules of escaping and queries that were violated.
func (s *Server) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.faults...)
}

// Client is a client that may reach the stand-ins, and nothing else inside.
func Client(t testing.TB) *egress.Client {
	c := egress.New(egress.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(c.Close)
	return c
}

func answer(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}
