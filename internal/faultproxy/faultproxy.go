// Package faultproxy stands between a client and an HTTP server in tests and
// does to their conversations what networks and busy services do: it answers in
// the server's place, resets connections in the middle of a body, stalls, drips,
// and lies about lengths. What it does is decided request by request.
package faultproxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Fault is what happens to one request. The zero Fault lets it pass.
type Fault struct {
	// Status and Code answer in the server's place, with the XML of an S3 error;
	// JSON answers with the JSON of an AWS error instead. Header is added.
	Status int
	Code   string
	JSON   bool
	Header map[string]string
	// Lost lets the server act and then resets the connection, so that the
	// client never learns about it.
	Lost bool
	// Then is what happens once After bytes of the body went through.
	After int64
	Then  Then
	// Rate drips the body, bytes a second, in small pieces; 0 means full speed.
	Rate int
	// Longer is added to the Content-Length that the client is told.
	Longer int64
}

// Then is what happens in the middle of a body.
type Then uint8

// What may happen.
const (
	Pass  Then = iota
	Reset      // the connection is reset
	Cut        // the connection is closed, as if the body ended
	Stall      // nothing more comes, and the connection stays open
)

// Request is one that came through.
type Request struct {
	Method, Path, Range, IfMatch, Target, Action string
	At                                           time.Time
	Fault                                        Fault
}

// Proxy is a proxy in a test.
type Proxy struct {
	URL    string
	target *url.URL
	client *http.Transport
	end    chan struct{}

	mu       sync.Mutex
	decide   func(r *http.Request, n int) Fault
	requests []Request
}

// New starts a proxy in front of target that ends with the test. decide is
// called for each request, never twice at once, with its number from 0; nil lets
// all pass.
func New(t testing.TB, target string, decide func(r *http.Request, n int) Fault) *Proxy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: u, client: &http.Transport{DisableCompression: true}, end: make(chan struct{}), decide: decide}
	srv := httptest.NewServer(p)
	p.URL = srv.URL
	t.Cleanup(func() {
		close(p.end)
		srv.CloseClientConnections()
		srv.Close()
		p.client.CloseIdleConnections()
	})
	return p
}

// Decide changes what happens from now on.
func (p *Proxy) Decide(decide func(r *http.Request, n int) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decide = decide
}

// Requests are those that came so far.
func (p *Proxy) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Request(nil), p.requests...)
}

func (p *Proxy) fault(r *http.Request) (f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.decide != nil {
		f = p.decide(r, len(p.requests))
	}
	p.requests = append(p.requests, Request{Method: r.Method, Path: r.URL.Path, Range: r.Header.Get("Range"), IfMatch: r.Header.Get("If-Match"),
		Target: r.Header.Get("X-Amz-Target"), Action: r.URL.Query().Get("Action"), At: time.Now(), Fault: f})
	return f
}

// ServeHTTP handles one request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := p.fault(r)
	if f.Status != 0 {
		p.answer(w, r, f)
		return
	}
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.RequestURI = p.target.Scheme, p.target.Host, ""
	resp, err := p.client.RoundTrip(out)
	if err != nil {
		reset(w)
		return
	}
	defer resp.Body.Close()
	if f.Lost {
		_, _ = io.Copy(io.Discard, resp.Body)
		reset(w)
		return
	}
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	if f.Longer != 0 && resp.ContentLength >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(resp.ContentLength+f.Longer, 10))
	}
	w.WriteHeader(resp.StatusCode)
	p.body(w, r, resp.Body, f)
}

// answer is an AWS error.
func (p *Proxy) answer(w http.ResponseWriter, r *http.Request, f Fault) {
	_, _ = io.Copy(io.Discard, r.Body)
	for k, v := range f.Header {
		w.Header().Set(k, v)
	}
	if f.JSON {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-Errortype", f.Code)
		w.WriteHeader(f.Status)
		fmt.Fprintf(w, `{"__type":%q,"message":"injected"}`, f.Code)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(f.Status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>injected</Message></Error>`, f.Code)
	}
}

// body passes a body on as the fault says.
func (p *Proxy) body(w http.ResponseWriter, r *http.Request, from io.Reader, f Fault) {
	if f.Then != Pass {
		from = io.LimitReader(from, f.After)
	}
	if f.Rate > 0 {
		p.drip(w, r, from, f.Rate)
	} else {
		_, _ = io.Copy(w, from)
	}
	_ = http.NewResponseController(w).Flush()
	switch f.Then {
	case Reset:
		reset(w)
	case Cut:
		panic(http.ErrAbortHandler)
	case Stall:
		select {
		case <-p.end:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}
}

func (p *Proxy) drip(w http.ResponseWriter, r *http.Request, from io.Reader, rate int) {
	const pieces = 20 // a second
	for {
		n, err := io.CopyN(w, from, int64(max(1, rate/pieces)))
		_ = http.NewResponseController(w).Flush()
		if n == 0 || err != nil {
			return
		}
		select {
		case <-time.After(time.Second / pieces):
		case <-p.end:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// reset closes the connection so that the client's system sees a reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}
