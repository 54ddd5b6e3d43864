package sqlite

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/severity"
)

// The documents that are written by hand are those of encoding/json, byte for
// byte, and what reads them reads what encoding/json does.
func TestDocumentsAreThoseOfEncodingJSON(t *testing.T) {
	seed := seeds.Of(t)
	m := maker{rand.New(rand.NewPCG(seed, 1))}
	var rules written
	var read rulesRead
	for range 2000 {
		a := m.alert()
		doc, err := rules.doc(nil, a)
		same(t, doc, err, struct {
			Rule *alert.Rule `json:"rule"`
			*alert.Alert
			Samples []alert.Sample `json:"samples,omitempty"`
			Told    []alert.Told   `json:"told,omitempty"`
		}{Rule: a.Rule, Alert: a})
		sameRead(t, doc, func(text []byte) (alert.Alert, error) {
			a, err := readAlert(text, &read)
			return *a, err
		})
		text, err := told(nil, a)
		same(t, text, err, a.Told)
		sameRead(t, text, readTold)
		text, err = samples(nil, a.Samples)
		same(t, text, err, a.Samples)
		sameRead(t, text, readSamples)
		d := m.delivery()
		text, err = delivery(nil, &d)
		same(t, text, err, &d)
		sameRead(t, text, readDelivery)
		old, err := json.Marshal(a) // as earlier versions wrote it
		if err != nil {
			t.Fatal(err)
		}
		sameRead(t, old, func(text []byte) (alert.Alert, error) {
			a, err := readAlert(text, &read)
			return *a, err
		})
	}
}

func sameRead[T any](t *testing.T, text []byte, read func([]byte) (T, error)) {
	t.Helper()
	var want T
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if got, err := read(text); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\ngot\n%+v, %v\nwant\n%+v", text, got, err, want)
	}
}

// What no version has written is an error and no alert that lacks something.
func TestOtherDocumentsAreNotRead(t *testing.T) {
	for _, doc := range []string{``, `[]`, `{}`, `{"rule":null}`, `{"rule":[]}`, `{"rule":{},"count":"1"}`, `{"rule":{},"created":"yesterday"}`, `{"rule":{},"group":{}}`,
		`{"rule":{},"tallies":[1]}`, `{"rule":{},"notes":1}`} {
		if a, err := readAlert([]byte(doc), &rulesRead{}); err == nil {
			t.Errorf("%s: got %+v", doc, a)
		}
	}
	for _, doc := range []string{``, `{}`, `[1]`, `[{"sequence":1.5}]`} {
		if all, err := readTold([]byte(doc)); err == nil {
			t.Errorf("told %s: got %+v", doc, all)
		}
	}
	for _, doc := range []string{`{}`, `[{"evidence":[]}]`, `[{"detection":1}]`} {
		if all, err := readSamples([]byte(doc)); err == nil {
			t.Errorf("samples %s: got %+v", doc, all)
		}
	}
	for _, doc := range []string{`[]`, `{"attempts":"x"}`, `{"died":1}`, `{"body":1}`} {
		if d, err := readDelivery([]byte(doc)); err == nil {
			t.Errorf("delivery %s: got %+v", doc, d)
		}
	}
}

func same(t *testing.T, got []byte, err error, of any) {
	t.Helper()
	want, e := json.Marshal(of)
	if err != nil || e != nil {
		t.Fatal(err, e)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

// A time that JSON has no form for is an error, and no broken document.
func TestATimeOutOfRangeIsAnError(t *testing.T) {
	var rules written
	if _, err := rules.doc(nil, &alert.Alert{Rule: &alert.Rule{}, Created: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		t.Error("no error")
	}
}

// maker makes up alerts, with all that JSON has to escape.
type maker struct{ r *rand.Rand }

func (m maker) text() string {
	all := []string{"plain", "", `a"b\c`, "<&>", "tab\tnew\nline\x00\x7f", "gr\u00fc\u00df", "\u2028\u2029", "broken \xff\xc3", "\U0001f512"}
	return all[m.r.IntN(len(all))]
}

func (m maker) time() time.Time {
	switch at := time.Date(2026, 3, m.r.IntN(28), 1, 2, 3, m.r.IntN(2)*m.r.IntN(1e9), time.UTC); m.r.IntN(4) {
	case 0:
		return time.Time{}
	case 1:
		return at.In(time.FixedZone("", 3600))
	default:
		return at
	}
}

func (m maker) number() int64 { return int64(m.r.IntN(3)) * m.r.Int64() }

// list makes up to two of something.
func list[T any](m maker, one func() T) []T {
	out := make([]T, 0, 2)
	for range m.r.IntN(3) {
		out = append(out, one())
	}
	return out
}

func (m maker) label() alert.Label { return alert.Label{Name: m.text(), Value: m.text()} }

func (m maker) alert() *alert.Alert {
	a := &alert.Alert{
		ID: m.text(), Rule: &alert.Rule{ID: m.text(), Title: m.text(), Severity: severity.High, Tags: []string{m.text()}},
		Group: list(m, m.label), Bucket: m.time(), Status: alert.Status(m.text()), Count: m.number(),
		FirstSeen: m.time(), LastSeen: m.time(), Created: m.time(), Updated: m.time(), Mode: m.text(),
		Samples: list(m, m.sample), Tallies: list(m, m.tally), Told: list(m, m.told),
		Silence: m.text(), Owner: m.text(), Version: m.number(),
		Notes: list(m, func() alert.Note { return alert.Note{Time: m.time(), By: m.text(), Did: m.text(), Text: m.text()} }),
	}
	if m.r.IntN(4) == 0 {
		a.Group = nil
	}
	return a
}

func (m maker) sample() alert.Sample {
	records := []string{`{"eventName":"CreateUser","n":[1,2.5e3,null,true],"empty":{}}`, `{}`, ""}
	s := alert.Sample{
		Record: json.RawMessage(records[m.r.IntN(len(records))]), Identity: m.text(), Time: m.time(),
		Evidence: alert.Evidence{File: m.text(), Version: m.text(), Record: int(m.number()), EventID: m.text(), Integrity: m.text()},
		Row:      list(m, m.label),
	}
	if len(s.Record) == 0 {
		s.Record = nil
	}
	if m.r.IntN(2) == 0 {
		s.Detection = &alert.Detection{ID: m.text(), Summary: m.text(), From: m.time(), Count: m.number()}
	}
	return s
}

func (m maker) tally() alert.Tally {
	return alert.Tally{Field: m.text(), Others: m.number(), Values: list(m, func() alert.TalliedText { return alert.TalliedText{Text: m.text(), Count: m.number()} })}
}

func (m maker) told() alert.Told {
	return alert.Told{
		Sink: m.text(), Count: m.number(), At: m.time(), Sequence: m.number(), Pending: m.text(), Dead: m.time(),
		Reopened: m.time(), Storm: m.text(), Summed: m.number(), Receipt: []byte(m.text()),
	}
}

func (m maker) delivery() alert.Delivery {
	return alert.Delivery{
		ID: m.text(), Sink: m.text(), Alert: m.text(), Kind: alert.Kind(m.text()), Sequence: m.number(), Created: m.time(), NotUntil: m.time(),
		Attempts: int(m.number()), MayRepeat: m.r.IntN(2) == 0, Body: []byte(m.text()), Receipt: []byte(m.text()), LastError: m.text(),
		Count: m.number(), FirstTry: m.time(), Since: m.time(), Died: m.time(), Lease: "never written", Of: &alert.Alert{},
	}
}

// What is written over in part is read as it was last.
func TestToldIsReadFromItsOwnRow(t *testing.T) {
	a := &alert.Alert{ID: "x", Version: 3, Told: []alert.Told{{Sink: "old"}}}
	r := toldRow{n: 7, alert: "x", version: 5, doc: []byte(`[{"sink":"new","count":2,"sequence":1}]`)}
	r.sum = r.docSum()
	if err := r.of(a); err != nil || a.Version != 5 || !slices.ContainsFunc(a.Told, func(x alert.Told) bool { return x.Sink == "new" }) || len(a.Told) != 1 {
		t.Errorf("got %+v, %v", a, err)
	}
	r.alert = "another"
	r.sum = r.docSum()
	if err := r.of(a); err == nil {
		t.Error("a row of another alert was taken")
	}
}
