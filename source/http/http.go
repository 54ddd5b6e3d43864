// Package http receives deliveries over HTTP: from Amazon SNS topics, whose
// signatures it verifies, and from EventBridge API destinations and other
// clients, who show a key.
//
// An answer of 200 means that the delivery's effects are durable, or that it is
// kept on the source's Shelf to be tried again: SNS forgets a push after a few
// tries. While there is no room, or a handler fails and there is no Shelf, the
// answer is 503: SNS and EventBridge try again
// after it, but take any 4xx for their last word (SNS Developer Guide, message
// delivery retries). So 4xx is kept for what must never be accepted.
package http

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// Options say what is accepted.
type Options struct {
	Name string
	// Topics are the ARNs of the SNS topics whose messages are accepted.
	Topics []string
	// Key gives the key that clients other than SNS must show; nil or an empty
	// key accepts none. It is asked at each request, so that it can be rotated.
	Key func(ctx context.Context) (string, error)
	// Forget makes the next Key ask its keeper. It is called when another key is
	// shown, for that may be the new one; at most twice a minute, for it may be a
	// stranger's. nil where Key keeps nothing.
	Forget func()
	// KeyHeader is the header that it stands in; empty means X-Api-Key. The
	// password of HTTP basic authentication counts as well, for SNS with raw
	// delivery, which can send no header.
	KeyHeader string
	// MaxBody is the most bytes of a request; 0 means 8 MiB.
	MaxBody int64
	// Parallel is the most requests in hand; 0 means 16. Where there is a key, those
	// who do not show it have half of them: what SNS signs is known by its body only,
	// which a stranger can send for as long as Timeout.
	Parallel int
	// Timeout is how long a request may take; 0 means 14 s, for SNS waits 15.
	Timeout time.Duration
	// Shelf keeps what could not be handled; nil leaves it to its sender to try
	// again.
	Shelf source.Shelf
	// Denied is how long it is between two tries of what is on the shelf; 0 means
	// 30 s.
	Denied time.Duration
	// SNS says how signatures are verified.
	SNS    Verify
	Limits envelope.Limits // zero means the default
	Clock  source.Clock
}

// Source is an http.Handler, and a source.Source. Before Run and after it, it
// answers 503.
type Source struct {
	source.Monitor
	o      Options
	topics map[string]bool
	sns    *verifier
	slots  chan struct{} // requests in hand
	others chan struct{} // those of them that did not show the key; nil where there is none
	held   held

	mu    sync.Mutex
	state running
	lacks map[string]bool // what could not be had at the last try
	asked time.Time       // when Forget was last called
	busy  sync.WaitGroup
	began chan struct{} // closed by the first Run
	begin sync.Once
}

// beginning is how long a request waits for the first Run: a server listens a
// moment before its sources run.
const beginning = 2 * time.Second

// running is what a request needs of Run; the zero value when there is none.
type running struct {
	handler source.Handler
	taking  context.Context // while requests are taken in
	soft    context.Context // while they may be handled
}

var (
	_ source.Source = (*Source)(nil)
	_ http.Handler  = (*Source)(nil)
)

// New makes a Source.
func New(o Options) *Source {
	if o.KeyHeader == "" {
		o.KeyHeader = "X-Api-Key"
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 8 << 20
	}
	if o.Parallel <= 0 {
		o.Parallel = 16
	}
	if o.Timeout <= 0 {
		o.Timeout = 14 * time.Second
	}
	if o.Denied <= 0 {
		o.Denied = 30 * time.Second
	}
	if o.Limits == (envelope.Limits{}) {
		o.Limits = envelope.DefaultLimits()
	}
	s := &Source{o: o, topics: map[string]bool{}, lacks: map[string]bool{}, slots: make(chan struct{}, o.Parallel), began: make(chan struct{}), sns: newVerifier(o.SNS, o.Clock)}
	if o.Key != nil {
		s.others = make(chan struct{}, max(1, o.Parallel/2))
	}
	s.Now = o.Clock.Time
	for _, t := range o.Topics {
		s.topics[t] = true
	}
	return s
}

// Name is the source's name.
func (s *Source) Name() string { return s.o.Name }

// Run hands what comes in to h until ctx ends, and returns when the requests in
// hand are answered.
func (s *Source) Run(ctx context.Context, h source.Handler) error {
	soft, end := source.Graceful(ctx, s.o.Timeout)
	defer end()
	s.mu.Lock()
	if s.state.handler != nil {
		s.mu.Unlock()
		return &source.ConfigError{Source: s.o.Name, What: "it is running already", Do: "give each source a name and an address of its own"}
	}
	s.state = running{h, ctx, soft}
	s.mu.Unlock()
	s.begin.Do(func() { close(s.began) })
	if s.o.Shelf != nil {
		s.retry(ctx, soft, h)
	}
	<-ctx.Done()
	s.mu.Lock()
	s.state = running{}
	s.mu.Unlock()
	s.busy.Wait()
	return nil
}

// enter takes part in Run, if there is one.
func (s *Source) enter() (running, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.handler == nil {
		return running{}, false
	}
	s.busy.Add(1)
	return s.state, true
}

// refusal is an answer other than 200. The text goes to whoever asked, so it
// tells no secret and quotes nothing.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

func refuse(status int, reason string) error { return &refusal{status, reason} }

// busyNow is the answer when there is no room.
var busyNow = &refusal{http.StatusServiceUnavailable, "no room now; try again later"}

// ServeHTTP takes one request.
func (s *Source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.began:
	case <-r.Context().Done():
	case <-time.After(beginning):
	}
	run, ok := s.enter()
	if !ok {
		answer(w, busyNow)
		return
	}
	defer s.busy.Done()
	err := s.take(w, r, run)
	var ref *refusal
	if errors.As(err, &ref) && ref.status < 500 {
		s.Refuse(ref.reason)
	}
	answer(w, err)
}

// answer writes the response.
func answer(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	var ref *refusal
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
		return
	case !errors.As(err, &ref):
		ref = &refusal{http.StatusServiceUnavailable, "the delivery could not be handled now; try again later"}
	}
	switch ref.status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	case http.StatusUnauthorized: // without it SNS does not send the password of its subscription's URL
		w.Header().Set("WWW-Authenticate", `Basic realm="trailwarden"`)
	}
	w.WriteHeader(ref.status)
	_, _ = io.WriteString(w, ref.reason+"\n")
}

// take reads, checks and handles a request.
func (s *Source) take(w http.ResponseWriter, r *http.Request, run running) error {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch: // an API destination may have any; these carry the event
	default:
		w.Header().Set("Allow", "POST, PUT, PATCH")
		return refuse(http.StatusMethodNotAllowed, "only POST, PUT and PATCH are accepted: others carry no event")
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.o.Timeout)
	defer cancel()
	defer context.AfterFunc(run.soft, cancel)()
	stranger := s.authorize(ctx, r)
	if stranger != nil && s.others != nil {
		select {
		case s.others <- struct{}{}:
			defer func() { <-s.others }()
		default:
			return busyNow
		}
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return busyNow
	}
	body, err := s.body(w, r, run.taking)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return refuse(http.StatusRequestEntityTooLarge, "the body is too large")
	case err != nil:
		return refuse(http.StatusServiceUnavailable, "the body did not arrive whole")
	}
	if m, ok := parseSNS(body); ok {
		return s.message(ctx, m, run.handler)
	}
	if stranger != nil {
		return stranger
	}
	return s.keyed(ctx, r, body, run.handler)
}

// body reads the body. One that is still to come when no more is taken in is not
// waited for: its sender tries again.
func (s *Source) body(w http.ResponseWriter, r *http.Request, taking context.Context) ([]byte, error) {
	until := func(t time.Time) { _ = http.NewResponseController(w).SetReadDeadline(t) } // where the server can
	until(time.Now().Add(s.o.Timeout))
	ended := make(chan struct{})
	stop := context.AfterFunc(taking, func() { defer close(ended); until(time.Now()) })
	defer func() {
		if !stop() {
			<-ended // HTTP/2 has no response to give a deadline to when the request is over
		}
	}()
	return io.ReadAll(http.MaxBytesReader(w, r.Body, s.o.MaxBody))
}

// keyed handles a body of a client who showed the key.
func (s *Source) keyed(ctx context.Context, r *http.Request, body []byte, h source.Handler) error {
	sum := sha256.Sum256(body)
	p := parcel{ID: hex.EncodeToString(sum[:16]), Body: body, Arrived: s.o.Clock.Time()}
	if id := r.Header.Get("x-amz-sns-message-id"); id != "" && r.Header.Get("x-amz-sns-rawdelivery") == "true" {
		p.ID, p.Hop = id, &envelope.Hop{Shape: envelope.ShapeSNS, ID: id, Origin: r.Header.Get("x-amz-sns-topic-arn")}
		if !s.topics[p.Hop.Origin] {
			return refuse(http.StatusForbidden, "the topic is not among those that are accepted")
		}
	}
	return s.handle(ctx, h, s.delivery(p), &p)
}

// handle calls the handler and turns its error into an answer. What fails is kept
// as p, when that is given.
func (s *Source) handle(ctx context.Context, h source.Handler, d source.Delivery, p *parcel) error {
	err := s.Handle(ctx, h, d)
	switch {
	case source.Done(err), p != nil && s.hold(ctx, p, err):
		return nil
	case errors.Is(err, source.ErrOverloaded):
		return busyNow
	}
	return err
}

// went notes how it went with what the source needs of others: the key, or what
// Amazon SNS has. It is well again as soon as nothing is lacking.
func (s *Source) went(what string, err error) {
	s.mu.Lock()
	if delete(s.lacks, what); err != nil {
		s.lacks[what] = true
	}
	well := len(s.lacks) == 0
	s.mu.Unlock()
	switch {
	case err != nil:
		s.Failed(err)
	case well:
		s.Reached()
	}
}

// authorize checks the key in constant time.
func (s *Source) authorize(ctx context.Context, r *http.Request) error {
	denied := refuse(http.StatusUnauthorized, "a valid key or a valid SNS signature is needed")
	got := r.Header.Get(s.o.KeyHeader)
	if _, password, ok := r.BasicAuth(); ok && got == "" {
		got = password
	}
	got = strings.TrimSpace(got)
	if s.o.Key == nil || got == "" {
		return denied
	}
	right, err := s.right(ctx, got)
	if err == nil && !right && s.askAgain() {
		right, err = s.right(ctx, got)
	}
	switch {
	case err != nil:
		return busyNow
	case !right:
		return denied
	}
	return nil
}

// right compares a key with the one that is wanted.
func (s *Source) right(ctx context.Context, got string) (bool, error) {
	want, err := s.o.Key(ctx)
	if s.went("key", err); err != nil {
		return false, err
	}
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && want != "", nil
}

// forgetEvery is the least time between two calls of Forget.
const forgetEvery = 30 * time.Second

// askAgain makes the next Key ask its keeper, unless it just did.
func (s *Source) askAgain() bool {
	if s.o.Forget == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Clock.Time()
	if since := now.Sub(s.asked); since >= 0 && since < forgetEvery {
		return false
	}
	s.asked = now
	s.o.Forget()
	return true
}
