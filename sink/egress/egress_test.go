package egress_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/sink/egress"
)

// names is a resolver whose names may change their mind: each lookup takes the
// next group of addresses, the last one stays.
type names struct {
	mu     sync.Mutex
	groups map[string][][]netip.Addr
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	g := n.groups[host]
	if len(g) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(g) > 1 {
		n.groups[host] = g[1:]
	}
	return g[0], nil
}

func (n *names) add(host, text string) {
	for _, group := range strings.Split(text, "|") {
		var addrs []netip.Addr
		for _, a := range strings.Split(group, ",") {
			addrs = append(addrs, netip.MustParseAddr(a))
		}
		n.groups[host] = append(n.groups[host], addrs)
	}
}

// F72: no connection is made for any of the addresses, whatever the resolver says.
func TestNoConnectionToWhatIsNotPublic(t *testing.T) {
	text, err := os.ReadFile("testdata/ssrf.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for i, l := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if strings.HasPrefix(l, "#") {
			continue
		}
		cases++
		raw, addrs, _ := strings.Cut(l, "\t")
		dns := &names{groups: map[string][][]netip.Addr{}}
		if u, err := url.Parse(raw); err == nil && addrs != "" {
			dns.add(u.Hostname(), addrs)
		}
		var dialled atomic.Int32
		c := egress.New(egress.Options{Resolver: dns, Dial: func(_ context.Context, _, a string) (net.Conn, error) {
			dialled.Add(1)
			return nil, errors.New("dialled " + a)
		}})
		if c.CheckURL(raw) == nil { // as New of a sink would see it; names pass here
			req, err := http.NewRequest("POST", raw, strings.NewReader("{}"))
			if err != nil {
				continue
			}
			if _, err := c.Send(req); !errors.Is(err, egress.ErrBlocked) {
				t.Errorf("line %d: %s: %v, want a refusal", i+1, raw, err)
			}
		}
		if req, err := http.NewRequest("POST", raw, nil); err == nil { // nor when a sink forgets to check
			c.Send(req)
		}
		if dialled.Load() > 0 && !strings.Contains(addrs, "|") {
			t.Errorf("line %d: %s: a connection was tried", i+1, raw)
		}
	}
	if cases < 60 {
		t.Errorf("%d URLs, want at least 60", cases)
	}
}

// DNS rebinding: the address that was judged is the one that is dialled, and
// each new connection is judged again.
func TestRebindingMeetsTheSamePolicy(t *testing.T) {
	dns := &names{groups: map[string][][]netip.Addr{}}
	dns.add("rebind.example", "93.184.216.34|169.254.169.254")
	var dialled []string
	c := egress.New(egress.Options{Resolver: dns, Dial: func(_ context.Context, _, a string) (net.Conn, error) {
		dialled = append(dialled, a)
		return nil, errors.New("refused")
	}})
	for range 3 {
		req, _ := http.NewRequest("POST", "https://rebind.example/hook", nil)
		c.Send(req)
	}
	if len(dialled) != 1 || dialled[0] != "93.184.216.34:443" {
		t.Errorf("dialled %q, want the public address once", dialled)
	}
}

// silent is a connection on which nothing comes or goes any more once it is dead,
// as when a device on the way has forgotten it.
type silent struct {
	net.Conn
	dead *atomic.Bool
}

func (s silent) Read(b []byte) (n int, err error) {
	for {
		if n, err = s.Conn.Read(b); err != nil || !s.dead.Load() {
			return n, err
		}
	}
}

func (s silent) Write(b []byte) (int, error) {
	if s.dead.Load() {
		return len(b), nil
	}
	return s.Conn.Write(b)
}

// A connection that died in silence is given up, also where HTTP/2 keeps it for
// further requests.
func TestDeadConnectionsAreGivenUp(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	var last atomic.Pointer[atomic.Bool]
	c := egress.New(egress.Options{Allow: loopback(), Roots: roots, Connect: 500 * time.Millisecond,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			last.Store(&atomic.Bool{})
			return silent{conn, last.Load()}, err
		}})
	defer c.Close()
	send := func() (string, error) {
		req, err := http.NewRequest("POST", server.URL, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		a, err := c.Send(req)
		return string(a.Body), err
	}
	if proto, err := send(); err != nil || proto != "HTTP/2.0" {
		t.Fatalf("%s, %v", proto, err)
	}
	last.Load().Store(true)
	for range 20 {
		if _, err := send(); err == nil {
			return
		}
	}
	t.Error("twenty requests in a row waited on a connection that is dead")
}

// Every address of the special networks is refused, every neighbour outside is not.
func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "9.255.255.255": true, "11.0.0.0": true, "100.63.255.255": true, "100.128.0.0": true,
		"172.15.255.255": true, "172.32.0.0": true, "192.167.255.255": true, "223.255.255.255": true,
		"2606:4700::1111": true, "2a00:1450::1": true, "::ffff:8.8.8.8": true,
		"10.0.0.0": false, "::ffff:10.0.0.1": false, "fe80::1": false, "fd00:ec2::254": false, "64:ff9b::808:808": false,
		"1fff::1": false, "4000::1": false,
	} {
		if got := egress.Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("Public(%s) = %v", text, got)
		}
	}
}

func loopback() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

func post(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// A refusal names the key of the configuration that would allow the address, and
// the address as people write it.
func TestARefusalNamesTheKeyThatAllows(t *testing.T) {
	inside := &names{groups: map[string][][]netip.Addr{"inside.example": {{netip.MustParseAddr("::ffff:10.1.2.3")}}}}
	c := egress.New(egress.Options{Resolver: inside})
	for url, want := range map[string]string{
		"https://inside.example/hook": "10.1.2.3 is not a public address; a receiver inside needs its network in the sink's allow_private",
		"https://10.1.2.3/hook":       "10.1.2.3 is not a public address; a receiver inside needs its network in the sink's allow_private",
		"http://inside.example/hook":  "http:// is for networks in the sink's allow_private",
	} {
		if _, err := c.Send(post(t, url)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "::ffff") {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}

// The allow-list is an explicit way to receivers inside, by HTTP too.
func TestAllowedNetworkIsReached(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }))
	defer s.Close()
	c := egress.New(egress.Options{Allow: loopback()})
	defer c.Close()
	if a, err := c.Send(post(t, s.URL+"/x")); err != nil || string(a.Body) != "ok" {
		t.Errorf("Send = %+v, %v", a, err)
	}
	req := post(t, "http://93.184.216.34/")
	if _, err := c.Send(req); !errors.Is(err, egress.ErrBlocked) {
		t.Errorf("plain HTTP to a public address: %v, want a refusal", err)
	}
}

// A redirect is an answer; nothing is asked where it points to.
func TestRedirectIsNotFollowed(t *testing.T) {
	var followed atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		followed.Store(followed.Load() || r.URL.Path == "/private")
		http.Redirect(w, r, "/private", http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	c := egress.New(egress.Options{Allow: loopback()})
	defer c.Close()
	a, err := c.Send(post(t, s.URL+"/hook"))
	if o := egress.Outcome(a, err, time.Now()); o.Class != alert.Reject || followed.Load() {
		t.Errorf("outcome %+v, followed %v", o, followed.Load())
	}
}

// The environment's proxy is not used.
func TestProxyOfTheEnvironmentIsIgnored(t *testing.T) {
	var proxied atomic.Bool
	p := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied.Store(true) }))
	defer p.Close()
	t.Setenv("HTTP_PROXY", p.URL)
	t.Setenv("HTTPS_PROXY", p.URL)
	dns := &names{groups: map[string][][]netip.Addr{}}
	dns.add("hooks.example", "127.0.0.1")
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	c := egress.New(egress.Options{Allow: loopback(), Resolver: dns})
	defer c.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	if _, err := c.Send(post(t, "http://hooks.example:"+port+"/")); err != nil || proxied.Load() {
		t.Errorf("err %v, proxied %v", err, proxied.Load())
	}
}

// An enabled proxy is dialled although it is inside; literal private targets stay refused.
func TestEnabledProxy(t *testing.T) {
	var asked atomic.Value
	p := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked.Store(r.Host) }))
	defer p.Close()
	u, _ := url.Parse(p.URL)
	c := egress.New(egress.Options{Allow: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16")}, Proxy: http.ProxyURL(u)})
	defer c.Close()
	if _, err := c.Send(post(t, "http://hooks.example/")); err != nil || asked.Load() != "hooks.example" {
		t.Errorf("err %v, asked %v", err, asked.Load())
	}
	if _, err := c.Send(post(t, "https://169.254.169.254/")); !errors.Is(err, egress.ErrBlocked) {
		t.Errorf("private target through the proxy: %v", err)
	}
}

// TLS below 1.2 and unknown authorities are refused.
func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	s.StartTLS()
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	old := egress.New(egress.Options{Allow: loopback(), Roots: pool})
	if _, err := old.Send(post(t, s.URL)); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("TLS 1.1: %v", err)
	}
	modern := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	modern.Config.ErrorLog = log.New(io.Discard, "", 0)
	modern.StartTLS()
	defer modern.Close()
	if _, err := egress.New(egress.Options{Allow: loopback()}).Send(post(t, modern.URL)); err == nil {
		t.Error("an unknown authority was accepted")
	}
	pool.AddCert(modern.Certificate())
	c := egress.New(egress.Options{Allow: loopback(), Roots: pool})
	defer c.Close()
	if _, err := c.Send(post(t, modern.URL)); err != nil {
		t.Errorf("known authority: %v", err)
	}
}

// At most 64 KiB of an answer are read.
func TestAnswerIsBounded(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, 1<<20))
	}))
	defer s.Close()
	c := egress.New(egress.Options{Allow: loopback()})
	defer c.Close()
	if a, err := c.Send(post(t, s.URL)); err != nil || len(a.Body) != egress.MaxAnswer || !a.Cut {
		t.Errorf("%d bytes, cut %v, %v", len(a.Body), a.Cut, err)
	}
}

// A receiver that never answers, or never ends, is given up; what was sent is unsure.
func TestTimeouts(t *testing.T) {
	block := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.(http.Flusher).Flush()
		}
		<-block
	}))
	defer s.Close()
	defer close(block)
	c := egress.New(egress.Options{Allow: loopback(), Connect: 50 * time.Millisecond, Total: 100 * time.Millisecond})
	defer c.Close()
	for _, path := range []string{"/headers", "/body"} {
		a, err := c.Send(post(t, s.URL+path))
		if o := egress.Outcome(a, err, time.Now()); o.Class != alert.Retry || !o.Unsure {
			t.Errorf("%s: %+v", path, o)
		}
	}
}

// Nothing was sent when nobody listens: the attempt is not unsure.
func TestRefusedConnectionIsSure(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	l.Close()
	c := egress.New(egress.Options{Allow: loopback()})
	_, err := c.Send(post(t, "http://"+l.Addr().String()+"/services/secretsecretsecret"))
	if o := egress.Outcome(egress.Answer{}, err, time.Now()); o.Class != alert.Retry || o.Unsure {
		t.Errorf("%+v", o)
	}
}

// Neither errors nor excerpts repeat the URL or the credentials, whatever the
// receiver sends back.
func TestErrorsHideURLAndCredentials(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		echo := r.URL.RequestURI() + " " + url.QueryEscape(r.URL.RequestURI()) + " " + r.Header.Get("Authorization") + " " + r.Header.Get("X-Token")
		if r.URL.Path != "/services/T0/B0/hooksecretpath0001" {
			http.Error(w, echo, http.StatusBadRequest)
			return
		}
		conn, _, _ := w.(http.Hijacker).Hijack()
		fmt.Fprintf(conn, "garbage %s\r\n\r\n", echo)
		conn.Close()
	}))
	defer s.Close()
	c := egress.New(egress.Options{Allow: loopback()})
	defer c.Close()
	for _, path := range []string{"/services/T0/B0/hooksecretpath0001", "/x/hooksecretpath0001", "/?sig=querysecret01"} {
		req := post(t, s.URL+path)
		req.SetBasicAuth("user", "basicsecret01")
		req.Header.Set("X-Token", "headersecret01")
		a, err := c.Send(req)
		text := egress.Outcome(a, err, time.Now()).Reason + fmt.Sprintf("%v %+v %#v", err, err, egress.Outcome(a, err, time.Now()))
		if strings.Contains(text, "secret01") || strings.Contains(text, "hooksecret") || strings.Contains(text, "dXNlcj") {
			t.Errorf("%s: %s", path, text)
		}
		if len(text) == 0 {
			t.Error("no reason")
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                              -1,
		"0":                             0,
		"30":                            30 * time.Second,
		"Sat, 01 Aug 2026 12:00:45 GMT": 45 * time.Second,
		"Sat, 01 Aug 2026 11:00:00 GMT": -1,
		"Sat, 01 Aug 2096 12:00:00 GMT": time.Hour,
		"999999":                        time.Hour,
		"99999999999999999999999999":    time.Hour,
		"-5":                            -1,
		"soon":                          -1,
		"1e3":                           -1,
	} {
		got := egress.RetryAfter(http.Header{"Retry-After": {text}}, now)
		if want < 0 && !got.IsZero() || want >= 0 && !got.Equal(now.Add(want)) {
			t.Errorf("Retry-After %q: %v", text, got)
		}
	}
}

// Section 0 of the sinks' contract, by status.
func TestOutcomeByStatus(t *testing.T) {
	for status, want := range map[int]alert.Outcome{
		200: {Class: alert.OK}, 202: {Class: alert.OK}, 204: {Class: alert.OK},
		301: {Class: alert.Reject}, 302: {Class: alert.Reject}, 307: {Class: alert.Reject},
		400: {Class: alert.Reject}, 404: {Class: alert.Reject}, 410: {Class: alert.Reject}, 413: {Class: alert.Reject}, 422: {Class: alert.Reject},
		401: {Class: alert.Auth}, 403: {Class: alert.Auth},
		408: {Class: alert.Retry, Unsure: true}, 425: {Class: alert.Retry}, 429: {Class: alert.Retry},
		500: {Class: alert.Retry, Unsure: true}, 502: {Class: alert.Retry, Unsure: true}, 503: {Class: alert.Retry}, 504: {Class: alert.Retry, Unsure: true}, 599: {Class: alert.Retry, Unsure: true},
	} {
		got := egress.Outcome(egress.Answer{Status: status, Body: []byte("why\nnot\x1b")}, nil, time.Now())
		if got.Class != want.Class || got.Unsure != want.Unsure {
			t.Errorf("HTTP %d: %+v", status, got)
		}
		if got.Class != alert.OK && !strings.HasPrefix(got.Reason, fmt.Sprintf(`HTTP %d: why not\x1b`, status)) {
			t.Errorf("HTTP %d: reason %q", status, got.Reason)
		}
	}
}

// Mutual TLS: the certificate is asked for at each connection, so a renewed one is used.
func TestClientCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, len(r.TLS.PeerCertificates))
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	without := egress.New(egress.Options{Allow: loopback(), Roots: pool})
	defer without.Close()
	if _, err := without.Send(post(t, s.URL)); err == nil {
		t.Error("the server took a client without a certificate")
	}
	asked := 0
	with := without.WithCertificate(func() (*tls.Certificate, error) { asked++; return &s.TLS.Certificates[0], nil })
	defer with.Close()
	if a, err := with.Send(post(t, s.URL)); err != nil || string(a.Body) != "1" || asked != 1 {
		t.Errorf("%s, %v, asked %d times", a.Body, err, asked)
	}
}

// Whatever the text, checking it and asking for it makes no connection inside.
func FuzzURL(f *testing.F) {
	text, err := os.ReadFile("testdata/ssrf.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, l := range strings.Split(string(text), "\n") {
		raw, _, _ := strings.Cut(l, "\t")
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		c := egress.New(egress.Options{Resolver: &names{}, Dial: func(_ context.Context, _, a string) (net.Conn, error) {
			host, _, _ := net.SplitHostPort(a)
			if ip, err := netip.ParseAddr(host); err != nil || !egress.Public(ip) {
				t.Errorf("%q: dialled %s", raw, a)
			}
			return nil, errors.New("refused")
		}})
		if err := c.CheckURL(raw); err != nil && len(raw) > 20 && strings.Contains(err.Error(), raw) {
			t.Errorf("the error repeats the URL: %v", err)
		}
		if req, err := http.NewRequest("POST", raw, nil); err == nil {
			c.Send(req)
		}
	})
}
