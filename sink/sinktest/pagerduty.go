package sinktest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/sink"
)

// PagerDuty stands in for the Events API v2.
type PagerDuty struct {
	Server
	RoutingKey string
	incidents  map[string][]string
}

// NewPagerDuty starts a stand-in.
func NewPagerDuty(t testing.TB) *PagerDuty {
	p := &PagerDuty{RoutingKey: Secret("pagerduty routing key"), incidents: map[string][]string{}}
	p.serve(t, p.handle)
	return p
}

// Incidents are the states of the incidents of a key, oldest first.
func (p *PagerDuty) Incidents(key string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.incidents[key])
}

type pdEvent struct {
	RoutingKey string `json:"routing_key"`
	Action     string `json:"event_action"`
	Key        string `json:"dedup_key"`
	Payload    *struct {
		Summary   string         `json:"summary"`
		Source    string         `json:"source"`
		Severity  string         `json:"severity"`
		Timestamp string         `json:"timestamp"`
		Details   map[string]any `json:"custom_details"`
	} `json:"payload"`
	Links []struct {
		Href string `json:"href"`
		Text string `json:"text"`
	} `json:"links"`
}

func (p *PagerDuty) handle(w http.ResponseWriter, r *http.Request, body []byte) {
	var e pdEvent
	var errs []string
	bad := func(when bool, text string) {
		if when {
			errs = append(errs, text)
		}
	}
	if r.URL.Path != "/v2/enqueue" || r.Method != http.MethodPost {
		answer(w, 404, "application/json", `{"status":"not found"}`)
		return
	}
	if len(body) > sink.PagerDutyRequest.Max() {
		p.fault("a request of %d bytes", len(body))
		answer(w, 413, "application/json", `{"status":"invalid event","message":"too large","errors":["request is larger than 512 KB"]}`)
		return
	}
	bad(json.Unmarshal(body, &e) != nil || !utf8.Valid(body), "the body is not JSON")
	bad(len(e.RoutingKey) != 32, "Length of 'routing_key' is incorrect (should be 32 characters)")
	bad(len(e.RoutingKey) == 32 && e.RoutingKey != p.RoutingKey, "Invalid routing key")
	bad(!slices.Contains([]string{"trigger", "acknowledge", "resolve"}, e.Action), "'event_action' is invalid")
	bad(utf8.RuneCountInString(e.Key) > 255 || e.Key == "", "'dedup_key' is missing or too long")
	if e.Action == "trigger" {
		bad(e.Payload == nil, "'payload' is missing")
		if e.Payload != nil {
			_, err := time.Parse(time.RFC3339, e.Payload.Timestamp)
			bad(e.Payload.Timestamp != "" && err != nil, "'payload.timestamp' is invalid")
			bad(e.Payload.Summary == "" || utf8.RuneCountInString(e.Payload.Summary) > 1024, "'payload.summary' is missing or too long")
			bad(e.Payload.Source == "", "'payload.source' is missing")
			bad(!slices.Contains([]string{"critical", "error", "warning", "info"}, e.Payload.Severity), "'payload.severity' is invalid")
		}
	}
	for _, l := range e.Links {
		bad(!strings.HasPrefix(l.Href, "https://") || strings.Contains(strings.ToLower(l.Href), EvilHost), "'links' lead elsewhere")
	}
	if len(errs) > 0 {
		p.fault("%s", strings.Join(errs, "; "))
		text, _ := json.Marshal(map[string]any{"status": "invalid event", "message": "Event object is invalid", "errors": errs}) // cannot fail
		answer(w, 400, "application/json", string(text))
		return
	}
	p.apply(e)
	answer(w, 202, "application/json", `{"status":"success","message":"Event processed","dedup_key":"`+e.Key+`"}`)
}

func (p *PagerDuty) apply(e pdEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.incidents[e.Key]
	last := len(list) - 1
	switch {
	case e.Action == "trigger" && (last < 0 || list[last] == "resolved"):
		p.incidents[e.Key] = append(list, "triggered")
	case e.Action == "acknowledge" && last >= 0 && list[last] == "triggered":
		list[last] = "acknowledged"
	case e.Action == "resolve" && last >= 0:
		list[last] = "resolved"
	}
}
