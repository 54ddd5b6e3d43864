package serve

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/trailwarden/trailwarden/assemble"
)

// endpoints are the listeners of a server.
type endpoints struct {
	servers []*http.Server
	address string // of health and metrics
	grace   time.Duration
}

// listen opens the health endpoint and those of HTTP sources. A source's
// listener stays as it was made: a changed address needs a restart.
func (s *Server) listen() (*endpoints, error) {
	p := s.parts.Load()
	e := &endpoints{grace: p.Config.Serve.Stop.Std() / wholeStop}
	address, err := e.open(s, p.Config.Serve.Listen, s.operations(), "", "")
	if err != nil {
		return nil, fmt.Errorf("serve.listen: %w", err)
	}
	e.address = address
	byListen := map[string]*http.ServeMux{}
	first := map[string]*assemble.Endpoint{}
	for _, m := range p.Sources {
		at := m.Endpoint
		if at == nil {
			continue
		}
		if byListen[at.Listen] == nil {
			byListen[at.Listen], first[at.Listen] = http.NewServeMux(), at
		}
		byListen[at.Listen].Handle(at.Path, s.latest(m.Name()))
	}
	for listen, mux := range byListen {
		if _, err := e.open(s, listen, mux, first[listen].Certificate, first[listen].Key); err != nil {
			return nil, errors.Join(fmt.Errorf("an HTTP source: %w", err), e.close())
		}
	}
	return e, nil
}

// latest hands requests to the source of that name as it is after reloads.
func (s *Server) latest(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		run := s.running[name]
		s.mu.Unlock()
		if run == nil || run.made.Endpoint == nil {
			http.Error(w, "this source is not running", http.StatusServiceUnavailable)
			return
		}
		run.made.Endpoint.Handler.ServeHTTP(w, r)
	})
}

func (e *endpoints) open(s *Server, listen string, h http.Handler, certificate, key string) (string, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	e.servers = append(e.servers, srv)
	if certificate != "" {
		pair := &keyPair{certificate: certificate, key: key, log: s.log}
		if err := pair.load(); err != nil {
			return "", errors.Join(err, l.Close())
		}
		srv.TLSConfig = &tls.Config{GetCertificate: pair.get, MinVersion: tls.VersionTLS12}
	}
	go func() {
		var err error
		if certificate != "" {
			err = srv.ServeTLS(l, "", "")
		} else {
			err = srv.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("listening on %s: %w", listen, err))
		}
	}()
	return l.Addr().String(), nil
}

func (e *endpoints) close() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), e.grace)
	defer cancel()
	for _, srv := range e.servers {
		if srv.Shutdown(ctx) != nil {
			err = errors.Join(err, srv.Close())
		}
	}
	return err
}

// operations is what those who run the server ask: is it alive, is it ready,
// how is it doing.
func (s *Server) operations() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"status": "alive"})
	})
	mux.HandleFunc("GET /readyz", s.readiness)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	if s.parts.Load().Config.Serve.Pprof && loopback(s.parts.Load().Config.Serve.Listen) {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	}
	return mux
}

func loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// sourceStatus is a source in the answer of /readyz.
type sourceStatus struct {
	Received     int64     `json:"received"`
	Acknowledged int64     `json:"acknowledged"`
	InFlight     int64     `json:"inFlight"`
	Held         int       `json:"held,omitempty"`
	Refused      int64     `json:"refused,omitempty"`
	Refusal      string    `json:"refusal,omitempty"`
	LastDelivery time.Time `json:"lastDelivery,omitzero"`
	Fault        string    `json:"fault,omitempty"`
	Since        time.Time `json:"since,omitzero"`
}

// readiness answers 200 while the server takes in and judges, 503 while it
// starts, stops or no source can reach upstream.
func (s *Server) readiness(w http.ResponseWriter, _ *http.Request) {
	sources := map[string]sourceStatus{}
	failing := 0
	for name, h := range s.statuses() {
		st := sourceStatus{Received: h.Received, Acknowledged: h.Acknowledged, InFlight: h.InFlight, Held: h.Held, Refused: h.Refused, Refusal: h.Refusal, LastDelivery: h.LastDelivery, Since: h.Since}
		if h.Fault != nil {
			st.Fault = h.Fault.Error()
			failing++
		}
		sources[name] = st
	}
	sinks := map[string]any{}
	for _, st := range s.deliver.Status() {
		sinks[st.Sink] = map[string]any{"paused": st.Paused, "sent": st.Sent, "retried": st.Retried, "dead": st.Dead, "reason": st.Reason}
	}
	s.mu.Lock()
	broken, restart := s.broken, s.restart
	s.mu.Unlock()
	rules := s.parts.Load().Rules
	ready := !s.stopped.Load() && (len(sources) == 0 || failing < len(sources))
	code, status := http.StatusOK, "ready"
	if !ready {
		code, status = http.StatusServiceUnavailable, "not ready"
	}
	answer(w, code, map[string]any{"status": status, "rules": rules.Len(), "rulesVersion": rules.Version,
		"sources": sources, "sinks": sinks, "refusedConfiguration": broken, "needsRestart": restart})
}

func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the other side is gone if it fails
}
