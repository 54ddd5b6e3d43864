// Package servicenow tells alerts to ServiceNow: an alert is an incident, found
// again by its correlation id; repeats are work notes, and a resolved alert
// resolves its incident.
//
// The Table API has no upsert, so opening an incident is: ask the ledger, ask
// the instance, create, ask again, and when two workers created at once keep the
// oldest and cancel the other.
//
// Sources: ServiceNow, "Table API", "OAuth API response parameters", "Operators
// available for filters and queries", "Incident management: state model".
package servicenow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"text/template"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/egress"
)

// Grants and policies.
const (
	Basic             = "basic"
	ClientCredentials = "client_credentials"
	Password          = "password"

	Reopen  = "reopen"  // what is resolved becomes active again; what is closed gets a new incident
	NewOne  = "new"     // a new incident
	Comment = "comment" // a note on the inactive incident
)

// Config is an instance. Empty settings mean what the comments say.
type Config struct {
	Instance     string      // URL, https://example.service-now.com
	Table        string      // incident
	Auth         string      // Basic
	Username     sink.Secret // for Basic and Password
	Password     sink.Secret
	ClientID     sink.Secret // for the OAuth grants
	ClientSecret sink.Secret

	Fields   map[string]string // further fields by name; values may be Go templates of the message
	Required []string          // fields that must not come back empty
	// DisplayValues says that Fields holds names, not sys_ids, for references.
	DisplayValues bool
	Urgency       map[string]int // by severity, 1 to 3
	Impact        map[string]int // by severity, 1 to 3
	Inactive      string         // Reopen
	ReopenWithin  time.Duration  // 7 days: a resolved incident that is older gets a new one
	States        States
	CloseCode     string // Solved (Permanently)
	CloseNotes    string // Resolved in Trailwarden.
	Journal       string // work_notes, or comments

	// Ledger lets workers of several processes agree who opens an incident; nil
	// is one of this process alone, and races between processes are healed by
	// looking again.
	Ledger Ledger
	// Wait sleeps between looks at the instance's index; nil is a timer.
	Wait func(context.Context, time.Duration)
}

// States are the instance's values of the field state.
type States struct {
	New      string // 1
	Work     string // 2
	Resolved string // 6
	Closed   string // 7
	Canceled string // 8
}

// Sink is an instance.
type Sink struct {
	config    Config
	base      string
	client    *egress.Client
	now       func() time.Time
	templates map[string]*template.Template
	oauth     token
	pages     atomic.Pointer[time.Time] // since when web pages come where JSON was expected
}

var identifier = re2.Own(`^[A-Za-z][A-Za-z0-9_]{0,79}$`)

// New makes a sink. Errors name the setting.
func New(c Config, client *egress.Client, now func() time.Time) (*Sink, error) {
	c = withDefaults(c)
	base := strings.TrimSuffix(c.Instance, "/")
	if err := client.CheckURL(base); err != nil {
		return nil, fmt.Errorf("servicenow: instance: %w", err)
	}
	if u, err := url.Parse(base); err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, errors.New("servicenow: instance: expected a URL without a path, such as https://example.service-now.com")
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("servicenow: %w", err)
	}
	s := &Sink{config: c, base: base, client: client, now: now, templates: map[string]*template.Template{}}
	for name, text := range c.Fields {
		t, err := template.New(name).Option("missingkey=zero").Parse(text)
		if err != nil {
			return nil, fmt.Errorf("servicenow: fields: %s: %w", name, err)
		}
		s.templates[name] = t
	}
	return s, nil
}

func withDefaults(c Config) Config {
	or := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	or(&c.Table, "incident")
	or(&c.Auth, Basic)
	or(&c.Inactive, Reopen)
	or(&c.States.New, "1")
	or(&c.States.Work, "2")
	or(&c.States.Resolved, "6")
	or(&c.States.Closed, "7")
	or(&c.States.Canceled, "8")
	or(&c.CloseCode, "Solved (Permanently)")
	or(&c.CloseNotes, "Resolved in Trailwarden.")
	or(&c.Journal, "work_notes")
	if c.ReopenWithin == 0 {
		c.ReopenWithin = 7 * 24 * time.Hour
	}
	if c.Ledger == nil {
		c.Ledger = newMemory()
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	return c
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (c Config) check() error {
	switch {
	case !slices.Contains([]string{Basic, ClientCredentials, Password}, c.Auth):
		return fmt.Errorf("auth %q: expected basic, client_credentials or password", c.Auth)
	case !slices.Contains([]string{Reopen, NewOne, Comment}, c.Inactive):
		return fmt.Errorf("inactive %q: expected reopen, new or comment", c.Inactive)
	case c.Auth != ClientCredentials && (c.Username == nil || c.Password == nil):
		return fmt.Errorf("auth %s needs username and password", c.Auth)
	case c.Auth != Basic && (c.ClientID == nil || c.ClientSecret == nil):
		return fmt.Errorf("auth %s needs client_id and client_secret", c.Auth)
	case c.Journal != "work_notes" && c.Journal != "comments":
		return fmt.Errorf("journal %q: expected work_notes or comments", c.Journal)
	}
	names := append(slices.Collect(maps.Keys(c.Fields)), append(slices.Clone(c.Required), c.Table)...)
	for _, name := range names {
		if !identifier.MatchString(name) {
			return fmt.Errorf("%q is not the name of a table or field: expected letters, digits and _", name)
		}
	}
	for _, levels := range []map[string]int{c.Urgency, c.Impact} {
		for level, n := range levels {
			if n < 1 || n > 3 {
				return fmt.Errorf("urgency and impact: %s is %d: expected 1, 2 or 3", level, n)
			}
		}
	}
	return nil
}

// Traits implements sink.Sink: a repeated message finds its incident, and a
// repeated note is recognized by its number.
func (s *Sink) Traits() sink.Traits {
	return sink.Traits{Idempotent: true, PerSecond: 5, Lifecycle: true}
}

// Preview implements sink.Sink.
func (s *Sink) Preview(n sink.Notification) (sink.Preview, error) {
	fields := s.incident(n.Message)
	switch n.Message.Kind {
	case alert.Repeated, alert.Acked, alert.Closed, alert.Reopened:
		fields = s.change(n.Message)
	}
	text, err := json.MarshalIndent(fields, "", "  ")
	return sink.Preview{Parts: []sink.Part{{Name: "body", ContentType: "application/json", Body: text}}}, err
}

// receipt says which incident an alert has.
type receipt struct {
	ID     string `json:"sys_id"`
	Number string `json:"number"`
}

var sysID = re2.Own(`^[0-9a-zA-Z]{1,64}$`)

func readReceipt(b []byte) (r receipt) {
	if json.Unmarshal(b, &r) != nil || !sysID.MatchString(r.ID) {
		return receipt{}
	}
	return r
}

// ok is the outcome of a message that r has.
func ok(r row) alert.Outcome {
	b, err := json.Marshal(receipt{r.ID, r.Number})
	if err != nil {
		b = nil // two strings always have a JSON form
	}
	return alert.Outcome{Class: alert.OK, Receipt: b}
}

// Deliver implements sink.Sink.
func (s *Sink) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	d := &delivery{Sink: s, ctx: ctx, m: n.Message, key: correlation(n.Message)}
	found, o := d.known(readReceipt(n.Receipt))
	if o != nil {
		return *o
	}
	switch n.Message.Kind {
	case alert.Closed:
		return d.resolve(found)
	case alert.Acked:
		return d.acknowledge(found)
	case alert.Opened, alert.Test:
		if found != nil && found.Active {
			return ok(*found)
		}
	}
	return d.tell(found)
}

var _ sink.Sink = (*Sink)(nil)
