package sinktest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// Webhook stands in for an endpoint that checks signatures and knows the keys
// that it has seen.
type Webhook struct {
	Server
	Hook string
	seen map[string]int
}

// NewWebhook starts a stand-in.
func NewWebhook(t testing.TB) *Webhook {
	s := &Webhook{seen: map[string]int{}}
	s.serve(t, s.handle)
	s.Hook = s.URL + "/hooks/" + Secret("webhook url token")
	return s
}

// Accepted counts the messages by their idempotency keys.
func (s *Webhook) Accepted() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for k, n := range s.seen {
		out[k] = n
	}
	return out
}

func (s *Webhook) handle(w http.ResponseWriter, r *http.Request, body []byte) {
	mac := hmac.New(sha256.New, []byte(Secret("webhook hmac key")))
	mac.Write([]byte(r.Header.Get("Trailwarden-Timestamp") + "."))
	mac.Write(body)
	key := r.Header.Get("Idempotency-Key")
	switch {
	case r.URL.Path != "/hooks/"+Secret("webhook url token"):
		answer(w, 404, "text/plain", "not found")
	case !hmac.Equal([]byte(r.Header.Get("Trailwarden-Signature")), []byte("v1="+hex.EncodeToString(mac.Sum(nil)))):
		s.fault("wrong signature")
		answer(w, 401, "text/plain", "wrong signature")
	case !json.Valid(body) || !utf8.Valid(body) || key == "" || !strings.Contains(r.Header.Get("Content-Type"), "json"):
		s.fault("no JSON, or no key")
		answer(w, 400, "text/plain", "bad request")
	case s.count(key) > 1:
		answer(w, 409, "text/plain", "seen")
	default:
		answer(w, 200, "application/json", "{}")
	}
}

func (s *Webhook) count(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[key]++
	if s.seen[key] == 1 {
		return 1
	}
	s.seen[key] = 1 // a repeat is recognized, not counted
	return 2
}
