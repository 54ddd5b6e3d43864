package envelope_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/source/envelope"
)

// vector is one body and what must come out of it. Wanted fields that are
// absent are not compared.
type vector struct {
	Name     string
	JSON     json.RawMessage
	Text     *string
	Base64   []byte
	Shape    envelope.Shape
	Units    []string // IDs
	Want     []want
	AnyOrder bool
}

type want struct {
	Kind      string
	Record    string
	What      *string
	Reason    string
	Bucket    *string
	Key       *string
	Version   *string
	ETag      *string
	Size      *int64
	Region    *string
	Sequencer *string
	Requester *string
	Path      *[]string
}

func (v vector) body() []byte {
	switch {
	case v.Text != nil:
		return []byte(*v.Text)
	case v.Base64 != nil:
		return v.Base64
	}
	return v.JSON
}

func vectors(t testing.TB) (all []vector) {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// Every shape is recognized by itself and gives what it holds.
func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			batch := envelope.Open(v.body(), envelope.DefaultLimits())
			if batch.Shape != v.Shape {
				t.Errorf("shape %q, want %q", batch.Shape, v.Shape)
			}
			var items []envelope.Item
			var ids []string
			for _, u := range batch.Units {
				items = append(items, u.Items...)
				ids = append(ids, u.Hop.ID)
			}
			if v.Units != nil && !slices.Equal(ids, v.Units) {
				t.Errorf("units %q, want %q", ids, v.Units)
			}
			if v.AnyOrder {
				slices.SortStableFunc(items, func(a, b envelope.Item) int { return strings.Compare(b.Kind.String(), a.Kind.String()) })
				slices.SortStableFunc(v.Want, func(a, b want) int { return strings.Compare(b.Kind, a.Kind) })
			}
			if len(items) != len(v.Want) {
				t.Fatalf("%d items, want %d: %+v", len(items), len(v.Want), items)
			}
			for i, w := range v.Want {
				w.check(t, i, items[i])
			}
		})
	}
}

func (w want) check(t *testing.T, i int, it envelope.Item) {
	t.Helper()
	if it.Kind.String() != w.Kind {
		t.Fatalf("item %d is %s (%s), want %s", i, it.Kind, it.Reason, w.Kind)
	}
	for _, f := range []struct {
		name, got string
		want      *string
	}{
		{"what", it.What, w.What}, {"bucket", it.Object.Bucket, w.Bucket}, {"key", it.Object.Key, keyUnlessPoison(w)},
		{"version", it.Object.VersionID, w.Version}, {"etag", it.Object.ETag, w.ETag}, {"region", it.Object.Region, w.Region},
		{"sequencer", it.Object.Sequencer, w.Sequencer}, {"requester", it.Object.Requester, w.Requester},
	} {
		if f.want != nil && f.got != *f.want {
			t.Errorf("item %d: %s %q, want %q", i, f.name, f.got, *f.want)
		}
	}
	if w.Size != nil && it.Object.Size != *w.Size {
		t.Errorf("item %d: size %d, want %d", i, it.Object.Size, *w.Size)
	}
	if w.Record != "" && !sameJSON(string(it.Record), w.Record) {
		t.Errorf("item %d: record %s, want %s", i, it.Record, w.Record)
	}
	if !strings.Contains(it.Reason, w.Reason) {
		t.Errorf("item %d: reason %q, want it to say %q", i, it.Reason, w.Reason)
	}
	if w.Path != nil {
		var shapes []string
		for _, h := range it.Path {
			shapes = append(shapes, string(h.Shape))
		}
		if !slices.Equal(shapes, *w.Path) {
			t.Errorf("item %d: path %q, want %q", i, shapes, *w.Path)
		}
	}
}

func keyUnlessPoison(w want) *string {
	if w.Kind == "poison" {
		return nil
	}
	return w.Key
}

// sameJSON compares without the blanks of the file of vectors.
func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}
