package timeline

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
)

// Options of a timeline.
type Options struct {
	Records pipeline.RecordOptions // what is read, twice: not the standard input
	Subject Subject
	// Most bounds the events that are kept whole; the earliest stay and all are
	// counted. 0 means DefaultMost.
	Most int
	// MostKeys bounds the keys handed out, by whomever, that are followed; those
	// beyond are told. 0 means DefaultMostKeys.
	MostKeys int
}

// DefaultMost events take some 100 MB.
const DefaultMost = 100_000

// DefaultMostKeys take some 400 MB; an organization hands out some hundred thousand
// a day.
const DefaultMostKeys = 1_000_000

// The most that is remembered otherwise. What is beyond is told.
const (
	maxKeys  = 200_000 // keys of the subject's own, and values of one field
	maxTexts = 100_000 // different calls and roles that are kept once
)

// Event is one record of a timeline.
type Event struct {
	Time     time.Time `json:"time"`
	ID       string    `json:"eventID"`
	Who      string    `json:"who"`
	Key      string    `json:"accessKey,omitempty"`
	Service  string    `json:"service"`
	Action   string    `json:"action"`
	Account  string    `json:"account"`
	Region   string    `json:"region"`
	IP       string    `json:"ip,omitempty"`
	Agent    string    `json:"userAgent,omitempty"`
	Error    string    `json:"error,omitempty"`
	Resource string    `json:"resource,omitempty"`
	ReadOnly bool      `json:"readOnly"`
	// Through is the chain of keys that leads from the subject to the caller:
	// empty for what the subject did itself.
	Through []string `json:"through,omitempty"`
	Gave    string   `json:"gave,omitempty"` // key that the call handed out
	File    string   `json:"file"`
	order   string
	service string // that called on behalf of Who
}

// Seen counts a value with the times when it was first and last seen.
type Seen struct {
	Value  string    `json:"value"`
	Count  int64     `json:"count"`
	Failed int64     `json:"failed"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
}

// Session is what one access key did, or a caller without one, or an AWS service
// on behalf of a caller.
type Session struct {
	Key    string `json:"accessKey,omitempty"`
	From   string `json:"from,omitempty"` // key that asked for it
	By     string `json:"by,omitempty"`   // call that gave it out
	Role   string `json:"role,omitempty"` // that was asked for
	Opened string `json:"opened,omitempty"`
	// Service is who called, when an AWS service did so on behalf of the subject,
	// and Keys how many keys it was given for that: most live for one call.
	Service string `json:"service,omitempty"`
	Keys    int    `json:"keys,omitempty"`
	Seen           // Value is who used it
	itself  bool   // some call was not a service's
}

// Timeline is what a subject did.
type Timeline struct {
	Subject  string    `json:"subject"`
	Events   []Event   `json:"events"` // in order of time
	More     int64     `json:"more"`   // events that are counted only
	Sessions []Session `json:"sessions"`
	Actors   []Seen    `json:"actors"`
	Actions  []Seen    `json:"actions"`
	Services []Seen    `json:"services"`
	Regions  []Seen    `json:"regions"`
	Accounts []Seen    `json:"accounts"`
	IPs      []Seen    `json:"ips"`
	Errors   []Seen    `json:"errors"`
	Total    Seen      `json:"total"`
	// Unfollowed is how many keys were handed out beyond those that can be
	// followed, and Uncounted how often a value was met beyond those that can be
	// counted.
	Unfollowed int64                 `json:"unfollowed,omitempty"`
	Uncounted  int64                 `json:"uncounted,omitempty"`
	Totals     pipeline.RecordTotals `json:"-"`
}

// Make reads the records twice: for the keys that were handed out, and for the
// events. The result does not depend on the order of files.
func Make(ctx context.Context, o Options) (*Timeline, error) {
	if err := o.Subject.prepare(); err != nil {
		return nil, err
	}
	for in := range o.Records.Listing.Each {
		if in.Path() == pipeline.Stdin {
			return nil, errors.New("the standard input cannot be read twice; want files or folders")
		}
	}
	m := &maker{o: &o, edges: map[string]grant{}, own: map[string]bool{}, texts: map[string]string{}}
	quiet := o.Records
	quiet.Fault, quiet.Note, quiet.Ignored, quiet.From, quiet.To = nil, nil, nil, time.Time{}, time.Time{}
	if _, err := pipeline.Records(ctx, quiet, m.visitor(m.learn)); err != nil {
		return nil, err
	}
	m.follow()
	m.line = newCounter()
	totals, err := pipeline.Records(ctx, o.Records, m.visitor(m.take))
	if err != nil {
		return nil, err
	}
	t := m.timeline()
	t.Totals = totals
	return t, nil
}

// grant is how a temporary key came to be.
type grant struct {
	from, by, role string
	at             int64 // milliseconds of Unix time; 0 when the record does not tell
}

// compare orders grants, so that which of two counts does not depend on which was
// read first.
func (g grant) compare(h grant) int {
	return cmp.Or(cmp.Compare(g.at, h.at), strings.Compare(g.from, h.from), strings.Compare(g.by, h.by), strings.Compare(g.role, h.role))
}

// maker collects under one lock; records are read on several goroutines.
type maker struct {
	o       *Options
	mu      sync.Mutex
	edges   map[string]grant // by the key that was given out
	handed  int              // of edges, those from a key
	own     map[string]bool  // keys that the subject used itself
	texts   map[string]string
	beyond  int64 // keys that were too many to remember
	through map[string][]string
	events  []Event
	more    int64
	line    *counter
}

type visitor struct {
	m  *maker
	do func(file string, rec *cloudtrail.Record)
}

func (m *maker) visitor(do func(string, *cloudtrail.Record)) func() pipeline.RecordVisitor {
	return func() pipeline.RecordVisitor { return &visitor{m, do} }
}

func (v *visitor) Record(file string, rec *cloudtrail.Record) error {
	v.do(file, rec)
	return nil
}

func (v *visitor) File(string, cloudtrail.Summary) error { return nil }
func (v *visitor) Close() error                          { return nil }

// learn notes keys that are handed out, and those of the subject.
func (m *maker) learn(_ string, rec *cloudtrail.Record) {
	key := rec.Field(cloudtrail.UserIdentity).Get("accessKeyId").Str()
	gave := given(rec)
	acts := key != "" && m.o.Subject.acts(rec)
	if gave == "" && !acts {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if acts {
		m.mine(key)
	}
	if gave == "" {
		return
	}
	if key == "" && m.o.Subject.acts(rec) { // by an address or a principal without a key
		m.mine(gave)
	}
	m.grant(gave, grant{from: key, by: m.once(rec.Field(cloudtrail.EventName).Str()), role: m.once(rec.Field(cloudtrail.RequestParameters).Get("roleArn").Str()), at: instant(rec)})
}

// mine notes a key of the subject.
func (m *maker) mine(key string) {
	switch {
	case m.own[key]:
	case len(m.own) < maxKeys:
		m.own[key] = true
	default:
		m.beyond++
	}
}

// grant notes how a key came to be. Of those that services get, which lead to
// nobody, fewer are kept: only to say of a session how it began.
func (m *maker) grant(gave string, g grant) {
	old, known := m.edges[gave]
	switch {
	case known && g.compare(old) >= 0:
		return
	case known:
	case g.from != "" && m.handed >= cmp.Or(m.o.MostKeys, DefaultMostKeys):
		m.beyond++
		return
	case g.from == "" && len(m.edges)-m.handed >= maxKeys:
		return
	}
	if g.from != "" {
		m.handed++
	}
	if old.from != "" {
		m.handed--
	}
	m.edges[gave] = g
}

// once is a text that many grants have.
func (m *maker) once(text string) string {
	if kept, ok := m.texts[text]; ok {
		return kept
	}
	if len(m.texts) < maxTexts {
		m.texts[text] = text
	}
	return text
}

func (g grant) time() time.Time {
	if g.at == 0 {
		return time.Time{}
	}
	return time.UnixMilli(g.at)
}

// instant is a record's time in milliseconds of Unix time, 0 when it has none.
func instant(rec *cloudtrail.Record) int64 {
	at, ok := rec.Time()
	if !ok {
		return 0
	}
	return at.UnixMilli()
}

// given is the key that a call handed out: of a session, not a user's own, which
// CreateAccessKey makes.
func given(rec *cloudtrail.Record) string {
	if rec.Field(cloudtrail.EventSource).Str() != "sts.amazonaws.com" {
		if rec.Field(cloudtrail.EventName).Str() != "CreateAccessKey" {
			return ""
		}
		return rec.Lookup("responseElements", "accessKey", "accessKeyId").Str()
	}
	return rec.Lookup("responseElements", "credentials", "accessKeyId").Str()
}

// maxChain bounds the length of a chain of keys.
const maxChain = 64

// follow finds the chain from the subject to every key.
func (m *maker) follow() {
	m.through = map[string][]string{}
	for _, key := range m.o.Subject.Keys {
		m.own[key] = true
	}
	for key := range m.edges {
		if m.own[key] {
			continue
		}
		var chain []string
		at := key
		for range maxChain {
			chain = append(chain, at)
			g, ok := m.edges[at]
			if !ok || g.from == "" || slices.Contains(chain, g.from) {
				break
			}
			if m.own[g.from] {
				slices.Reverse(chain)
				m.through[key] = append([]string{g.from}, chain...)
				break
			}
			at = g.from
		}
	}
}

// take keeps an event that the subject did, itself or through keys.
func (m *maker) take(file string, rec *cloudtrail.Record) {
	key := rec.Field(cloudtrail.UserIdentity).Get("accessKeyId").Str()
	through, ok := m.through[key]
	if m.o.Subject.acts(rec) || key != "" && m.own[key] {
		through, ok = nil, true
	}
	if !ok && !m.o.Subject.concerns(rec) {
		return
	}
	e := event(file, rec)
	e.Through = through
	m.mu.Lock()
	defer m.mu.Unlock()
	m.line.add(&e)
	m.events = append(m.events, e)
	if most := cmp.Or(m.o.Most, DefaultMost); len(m.events) > 2*most {
		m.bound(most)
	}
}

// bound keeps the earliest events.
func (m *maker) bound(most int) {
	slices.SortFunc(m.events, compare)
	if len(m.events) > most {
		m.more += int64(len(m.events) - most)
		m.events = slices.Clip(m.events[:most])
	}
}

func compare(a, b Event) int {
	return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.order, b.order))
}

func event(file string, rec *cloudtrail.Record) Event {
	at, _ := rec.Time()
	who := rec.Field(cloudtrail.UserIdentity)
	code := cmp.Or(rec.Field(cloudtrail.ErrorCode).Str(), rec.Field(cloudtrail.ErrorMessage).Str())
	key := rec.Key()
	return Event{Time: at.UTC(), ID: rec.Field(cloudtrail.EventID).Str(), Who: rec.Actor(), Key: who.Get("accessKeyId").Str(),
		Service: strings.TrimSuffix(rec.Field(cloudtrail.EventSource).Str(), ".amazonaws.com"), Action: rec.Field(cloudtrail.EventName).Str(),
		service: who.Get("invokedBy").Str(), Account: rec.Account(), Region: rec.Field(cloudtrail.AWSRegion).Str(), IP: rec.Field(cloudtrail.SourceIPAddress).Str(),
		Agent: rec.Field(cloudtrail.UserAgent).Str(), Error: code, Resource: resource(rec), Gave: given(rec), File: file,
		ReadOnly: string(rec.FieldRaw(cloudtrail.ReadOnly)) == "true" || rec.Field(cloudtrail.ReadOnly).Str() == "true", order: hex.EncodeToString(key[:])}
}

// resource is what the call is about, as far as the record says so in one text.
func resource(rec *cloudtrail.Record) (text string) {
	rec.Field(cloudtrail.Resources).Elements(func(_ int, v cloudtrail.Value) bool {
		text = v.Get("ARN").Str()
		return text == ""
	})
	params := rec.Field(cloudtrail.RequestParameters)
	for _, k := range []string{"roleArn", "userName", "roleName", "bucketName", "instanceId", "functionName", "secretId", "keyId", "name", "groupId", "policyArn", "detectorId", "trailName"} {
		if text == "" {
			text = params.Get(k).Str()
		}
	}
	return text
}
