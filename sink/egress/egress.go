// Package egress is the one way out of the program to receivers that are not
// AWS: one dialer whose address policy judges the address that is dialled, one
// HTTP client without redirects, and errors that never repeat a URL, because
// the URL of a webhook is a secret.
package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of one exchange.
const (
	// MaxAnswer is how many bytes of an answer are read.
	MaxAnswer = 64 << 10
	// ConnectTimeout bounds connecting, sending and waiting for the headers.
	ConnectTimeout = 10 * time.Second
	// TotalTimeout bounds the whole exchange.
	TotalTimeout = 30 * time.Second
)

// Resolver looks names up; net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options of a Client; the zero value is the strictest.
type Options struct {
	// Allow are networks that may be dialled although they are not public, also
	// by plain HTTP: receivers inside, and tests.
	Allow []netip.Prefix
	// Proxy names the proxy of a request; nil means none, whatever the
	// environment says. What a proxy dials is the proxy's to judge: only
	// literal addresses are still refused.
	Proxy func(*http.Request) (*url.URL, error)
	// Roots are the certificate authorities; nil means the system's.
	Roots *x509.CertPool
	// Certificate is the client's certificate for receivers that ask for one.
	Certificate func() (*tls.Certificate, error)
	// Resolver is net.DefaultResolver when nil.
	Resolver Resolver
	// Dial connects to an address that the policy has admitted; nil means TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Connect and Total replace the timeouts when they are not 0.
	Connect, Total time.Duration
}

// Client sends requests. It may be used by several goroutines.
type Client struct {
	options        Options
	allow          []netip.Prefix
	resolver       Resolver
	dialer         func(ctx context.Context, network, address string) (net.Conn, error)
	connect, total time.Duration
	transport      *http.Transport
	proxies        sync.Map // host:port of proxies that were used
}

type plainKey struct{}

// New makes a client.
func New(o Options) *Client {
	c := &Client{options: o, resolver: o.Resolver, dialer: o.Dial, connect: o.Connect, total: o.Total}
	for _, p := range o.Allow {
		c.allow = append(c.allow, p.Masked())
	}
	if c.resolver == nil {
		c.resolver = net.DefaultResolver
	}
	if c.dialer == nil {
		c.dialer = (&net.Dialer{}).DialContext
	}
	if c.connect == 0 {
		c.connect = ConnectTimeout
	}
	if c.total == 0 {
		c.total = TotalTimeout
	}
	c.transport = &http.Transport{
		DialContext:            c.dial,
		TLSClientConfig:        tlsConfig(o),
		TLSHandshakeTimeout:    c.connect,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: MaxAnswer,
		// A request that got no answer leaves a connection of HTTP/2 in use, and
		// the next one would wait on it too: one that is dead has to be noticed.
		HTTP2: &http.HTTP2Config{SendPingTimeout: c.connect, PingTimeout: c.connect / 2},
	}
	if o.Proxy != nil {
		c.transport.Proxy = c.proxy
	}
	return c
}

func tlsConfig(o Options) *tls.Config {
	t := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots}
	if o.Certificate != nil {
		t.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return o.Certificate() }
	}
	return t
}

// WithCertificate is a client with the same policy that shows a certificate of
// its own to receivers that ask for one.
func (c *Client) WithCertificate(f func() (*tls.Certificate, error)) *Client {
	o := c.options
	o.Certificate = f
	return New(o)
}

// proxy remembers the proxy's address: it is trusted because it was configured.
func (c *Client) proxy(r *http.Request) (*url.URL, error) {
	u, err := c.options.Proxy(r)
	if u != nil {
		port := u.Port()
		if port == "" {
			port = map[string]string{"https": "443", "socks5": "1080"}[u.Scheme]
		}
		if port == "" {
			port = "80"
		}
		c.proxies.Store(net.JoinHostPort(u.Hostname(), port), true)
	}
	return u, err
}

// Close drops idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Answer is what a receiver answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // at most MaxAnswer bytes
	Cut    bool   // the body went on, or should have
	hide   []string
}

// Error is why there is no answer. Its text names the host, never the URL.
type Error struct {
	Host    string
	Sent    bool // the receiver may have the request
	Blocked bool // by the address policy: nothing was dialled
	text    string
	err     error
}

func (e *Error) Error() string {
	if e.Host == "" { // there is no address to speak of
		return e.text
	}
	return e.Host + ": " + e.text
}

// Is lets errors.Is see the end of a context and the policy behind the error.
// There is no Unwrap: the text of what is behind it may hold the URL.
func (e *Error) Is(target error) bool {
	switch target {
	case context.Canceled, context.DeadlineExceeded, ErrBlocked:
		return errors.Is(e.err, target)
	}
	return false
}

// errSlow ends an exchange whose headers did not come in time.
var errSlow = errors.New("no answer in time")

// Send sends a request once and reads the answer, whatever its status.
// Redirects are answers. What came of an answer that broke off is returned with
// the error. Secrets are hidden in errors and excerpts, beside
// those that Send finds itself in the URL and the headers.
func (c *Client) Send(req *http.Request, secrets ...string) (Answer, error) {
	hide := append(secretsOf(req), secrets...)
	if err := c.check(req.URL); err != nil {
		return Answer{}, c.failure(req, err, false, hide)
	}
	ctx, end := context.WithTimeout(req.Context(), c.total)
	defer end()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	ctx = context.WithValue(ctx, plainKey{}, req.URL.Scheme == "http")
	slow := time.AfterFunc(c.connect, func() { cancel(errSlow) })
	resp, err := c.transport.RoundTrip(req.WithContext(ctx))
	slow.Stop()
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, ErrBlocked) {
			err = cause
		}
		return Answer{}, c.failure(req, err, sent.Load(), hide)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	if err != nil {
		err = c.failure(req, fmt.Errorf("the answer broke off: %w", err), true, hide)
	}
	a := Answer{Status: resp.StatusCode, Header: resp.Header, Body: body, Cut: err != nil, hide: hide}
	if len(body) > MaxAnswer {
		a.Body, a.Cut = body[:MaxAnswer], true
	}
	return a, err
}

func (c *Client) failure(req *http.Request, err error, sent bool, hide []string) error {
	return &Error{
		Host: line(redact(req.URL.Hostname(), hide)), Sent: sent, Blocked: errors.Is(err, ErrBlocked),
		text: line(redact(err.Error(), hide)), err: err,
	}
}

// Do is Send for the clients of vendors, which want an http.Client. The body of
// what it returns is in memory.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	a, err := c.Send(req)
	if err != nil {
		return nil, err
	}
	return a.Response(req), nil
}

// Response is a as an http.Response.
func (a Answer) Response(req *http.Request) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)), StatusCode: a.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)), ContentLength: int64(len(a.Body)), Request: req,
	}
}

// Recorder is a client for one exchange through a vendor's library. It keeps
// the answer, because libraries throw parts of it away.
type Recorder struct {
	Answer Answer
	Err    error // of the exchange
	Asked  bool  // whether anything was tried
	client *Client
	hide   []string
}

// Recorder is a fresh recorder; secrets are those that the library puts into
// request bodies.
func (c *Client) Recorder(secrets ...string) *Recorder { return &Recorder{client: c, hide: secrets} }

// Do sends one request of the library.
func (r *Recorder) Do(req *http.Request) (*http.Response, error) {
	r.Asked = true
	if r.Answer, r.Err = r.client.Send(req, r.hide...); r.Err != nil {
		return nil, r.Err
	}
	return r.Answer.Response(req), nil
}
