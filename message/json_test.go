package message_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/severity"
)

// Every message is written as encoding/json writes it.
func TestAppendJSONIsMarshal(t *testing.T) {
	for _, c := range messagetest.All() {
		same(t, c.Name, c.Message)
	}
}

// So is one in which every field that there is holds anything, or nothing.
func TestAppendJSONWritesEveryField(t *testing.T) {
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 2_000 {
		var m message.Message
		fill(r, reflect.ValueOf(&m).Elem(), i%4)
		if !same(t, "made", &m) {
			t.Fatalf("seed %d, message %d", seed, i)
		}
	}
}

// What encoding/json refuses is refused.
func TestAppendJSONRefuses(t *testing.T) {
	for name, m := range map[string]*message.Message{
		"no JSON":        {Events: []message.Event{{Raw: json.RawMessage(`{"a":`)}}},
		"more than one":  {Events: []message.Event{{Raw: json.RawMessage(`{} {}`)}}},
		"white space":    {Events: []message.Event{{Raw: json.RawMessage(" \n ")}}},
		"a distant year": {Opened: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"no year":        {Events: []message.Event{{Time: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)}}},
	} {
		same(t, name, m)
		if got, _, err := m.AppendJSON([]byte("x")); err == nil || string(got) != "x" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func same(t *testing.T, name string, m *message.Message) bool {
	t.Helper()
	want, err := json.Marshal(m)
	got, _, err2 := m.AppendJSON([]byte("before"))
	if (err == nil) != (err2 == nil) || string(got) != "before"+string(want) {
		t.Errorf("%s: %v, %v\n got %.3000s\nwant %.3000s", name, err2, err, got, want)
		return false
	}
	return true
}

var (
	texts = []string{"", "DeleteTrail", "<script>&amp;", "a \"quoted\\ path\"", "line\nbreak\ttab", "é 日本 \U0001f600", "\xff\xfe", "\u2028", "arn:aws:iam::111122223333:user/alice"}
	raws  = []string{"", "{}", "null", ` { "a" : [ 1 , "<b> \u00e9 \"" ] } `, "{\"b\":\"\u2029\xff\",\"c\":[[],{}]}", `"text"`, "12"}
	times = []time.Time{{}, time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC), time.Date(2026, 3, 14, 9, 0, 0, 1500, time.FixedZone("east", 3600))}
)

// fill puts something into every field below v: nothing where much is 0.
func fill(r *rand.Rand, v reflect.Value, much int) {
	switch {
	case much == 0 || r.IntN(8) == 0:
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(times[r.IntN(len(times))]))
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		v.SetBytes([]byte(raws[r.IntN(len(raws))]))
	case v.Type() == reflect.TypeFor[severity.Level]():
		v.SetUint(uint64(r.IntN(6)))
	default:
		fillKind(r, v, much)
	}
}

func fillKind(r *rand.Rand, v reflect.Value, much int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(texts[r.IntN(len(texts))] + texts[r.IntN(len(texts))])
	case reflect.Int, reflect.Int64:
		v.SetInt(r.Int64N(5) - 1)
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i), much)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem(), much)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(much+1), much+1))
		for i := range v.Len() {
			fill(r, v.Index(i), much)
		}
	default:
		panic("no value for " + v.Type().String())
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	m := messagetest.Kinds()[0].Message
	var room []byte
	b.ReportAllocs()
	for b.Loop() {
		room, _, _ = m.AppendJSON(room[:0])
	}
	b.SetBytes(int64(len(room)))
}

func BenchmarkMarshal(b *testing.B) {
	m := messagetest.Kinds()[0].Message
	b.ReportAllocs()
	for b.Loop() {
		if text, err := json.Marshal(m); err == nil {
			b.SetBytes(int64(len(text)))
		}
	}
}
