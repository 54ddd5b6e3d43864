package message

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/message/mask"
)

// Accounts knows the names of accounts and their place in the organization,
// "Root/Workloads/Production". It answers from what it has and never waits.
type Accounts interface {
	Account(id string) (name, unit string, ok bool)
}

// Addresses knows where internet addresses are: country as ISO 3166 alpha-2,
// city, and autonomous system as "AS64500 Example Net"; each may be empty.
type Addresses interface {
	Address(a netip.Addr) (country, city, asn string, ok bool)
}

// Options say what a Builder knows beside the alert. The zero Options are fine.
type Options struct {
	Catalog   *catalog.Catalog // nil means catalog.Default
	Accounts  Accounts         // nil leaves accounts without names
	Addresses Addresses        // nil leaves addresses without places
	// Fields are the dotted paths of the record that Event.Fields shows; nil
	// means DefaultFields. An object stands for everything in it.
	Fields []string
	// Table is the table or view that the SQL asks; empty means
	// cloudtrail_logs.
	Table  string
	Limits Limits // zero fields mean those of DefaultLimits
}

// Limits bound a Message.
type Limits struct {
	Raw        mask.Limits // of each Event.Raw
	Text       int         // characters of any one text
	Events     int         // records shown
	Parameters int         // of one call
	Fields     int         // of one event
	Rows       int         // of a table
	Total      int         // bytes of the message as JSON, more or less
}

// DefaultLimits show all that matters of nearly every alert.
func DefaultLimits() Limits {
	return Limits{Raw: mask.DefaultLimits(), Text: 1024, Events: alert.MaxSamples, Parameters: 24, Fields: 48, Rows: 200, Total: 256 << 10}
}

func (l Limits) orDefaults() Limits {
	d := DefaultLimits()
	if l.Raw == (mask.Limits{}) {
		l.Raw = d.Raw
	}
	for _, f := range []struct {
		have *int
		or   int
	}{{&l.Text, d.Text}, {&l.Events, d.Events}, {&l.Parameters, d.Parameters}, {&l.Fields, d.Fields}, {&l.Rows, d.Rows}, {&l.Total, d.Total}} {
		if *f.have <= 0 {
			*f.have = f.or
		}
	}
	return l
}

// Builder makes messages. It says the same at any time and is safe for concurrent
// use.
type Builder struct {
	Options
	words   *words
	attacks *attacks
	keys    [][]string // of Fields
	paths   *paths     // the same
	kits    *sync.Pool // of *kit
	rules   *rules
	clients *clients
	calm    *mask.Calm
}

var tableName = re2.Own(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,2}$`)

// NewBuilder makes a Builder. It refuses a table name that is none, and fields
// that CloudTrail does not document but whose names are near to one that it does.
func NewBuilder(o Options) (*Builder, error) {
	if o.Catalog == nil {
		o.Catalog = catalog.Default()
	}
	if o.Table == "" {
		o.Table = "cloudtrail_logs"
	}
	if !tableName.MatchString(o.Table) {
		return nil, fmt.Errorf("the table %q is not a table's name: expected letters, digits and underscores, with a database before a dot if need be", o.Table)
	}
	if o.Fields == nil {
		o.Fields = DefaultFields()
	}
	for _, f := range o.Fields {
		if known, _, meant := o.Catalog.Field(f); !known && meant != "" {
			return nil, fmt.Errorf("messages cannot show the field %q, which CloudTrail does not document; did you mean %s?", f, meant)
		}
	}
	o.Limits = o.Limits.orDefaults()
	b := &Builder{Options: o, words: loadWords(), attacks: loadAttacks(), kits: &sync.Pool{}, rules: &rules{}, clients: &clients{}, calm: &mask.Calm{}}
	for _, f := range o.Fields {
		b.keys = append(b.keys, strings.Split(f, "."))
	}
	b.paths = newPaths(b.keys)
	return b, nil
}

// ErrNoAlert is returned for a delivery of an alert without the alert.
var ErrNoAlert = errors.New("the delivery tells of an alert, and there is none")

// Build says a in words for the delivery d. The message depends on the contents
// of a and on d only, not on the order in which findings came. Messages of kind
// Storm, Health and Test, and reports without an alert, are made of d.Body.
//
// What a record holds never makes Build fail: what cannot be read is said to be
// so. Errors are a missing alert, a Body that is not a Body, and ctx's own.
func (b *Builder) Build(ctx context.Context, a *alert.Alert, d alert.Delivery) (*Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	body, err := readBody(d)
	if err != nil {
		return nil, err
	}
	var m *Message
	switch {
	case ofBody(d.Kind) || a == nil && d.Kind == alert.Report:
		m = b.fromBody(body, d)
	case a == nil:
		return nil, fmt.Errorf("delivery %s to %s: %w", d.ID, d.Sink, ErrNoAlert)
	default:
		m = b.fromAlert(a, d, body)
	}
	m.Kind, m.Sequence, m.MayRepeat = d.Kind, d.Sequence, d.MayRepeat
	b.bound(m)
	return m, nil
}

func ofBody(k alert.Kind) bool { return k == alert.Storm || k == alert.Health || k == alert.Test }

func readBody(d alert.Delivery) (Body, error) {
	if len(d.Body) == 0 {
		return Body{}, nil
	}
	var b Body
	if err := json.Unmarshal(d.Body, &b); err != nil {
		return b, fmt.Errorf("delivery %s to %s: its body cannot be read: %w", d.ID, d.Sink, err)
	}
	return b, nil
}

// own is text by people who run the program, valid and not too long.
func own(s string, limit int) string { return mask.Cut(strings.ToValidUTF8(s, "\ufffd"), limit) }

// clean is text from a record: valid, masked and not too long.
func (b *Builder) clean(s string) string {
	out, _ := b.calm.TextUpTo(s, b.Limits.Text)
	return out
}

func (b *Builder) cleanLabels(all []alert.Label, limit int) []alert.Label {
	if len(all) == 0 {
		return nil
	}
	out := make([]alert.Label, 0, min(len(all), limit))
	for _, l := range all[:min(len(all), limit)] {
		value := b.clean(l.Value)
		if mask.SecretKey(l.Name) && l.Value != "" {
			value = mask.Shown
		}
		out = append(out, alert.Label{Name: b.clean(l.Name), Value: value})
	}
	return out
}
