package cloudtrail_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

func record(t testing.TB, text string) *cloudtrail.Record {
	t.Helper()
	r, err := cloudtrail.ParseRecord([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// checkRecord holds what a Record answers to what encoding/json reads, field by
// field and all the way down.
func checkRecord(t *testing.T, r *cloudtrail.Record) {
	t.Helper()
	checkValue(t, r.Value(), r.Raw())
	var own map[string]json.RawMessage
	if err := json.Unmarshal(r.Raw(), &own); err != nil {
		t.Fatalf("%q: %v", r.Raw(), err)
	}
	for k, want := range own {
		if got := r.Get(k).Raw(); string(got) != string(want) {
			t.Fatalf("%q: field %q is %q, want %q", r.Raw(), k, got, want)
		}
	}
	for f := cloudtrail.EventVersion; f <= cloudtrail.SummaryDetails; f++ {
		got, want := r.Field(f).Raw(), own[f.String()]
		if string(got) != string(want) {
			t.Fatalf("%q: field %s is %q, want %q", r.Raw(), f, got, want)
		}
		checkValue(t, r.Field(f), want)
	}
}

func checkValue(t *testing.T, v cloudtrail.Value, raw []byte) {
	t.Helper()
	switch v.Kind() {
	case cloudtrail.Missing:
		if raw != nil {
			t.Fatalf("%q is missing", raw)
		}
	case cloudtrail.String:
		var s string
		if err := json.Unmarshal(raw, &s); err != nil || v.Str() != s {
			t.Fatalf("%q is %q, want %q (%v)", raw, v.Str(), s, err)
		}
	case cloudtrail.Object:
		var m map[string]json.RawMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		for k, want := range m {
			got := v.Get(k)
			if string(got.Raw()) != string(want) {
				t.Fatalf("member %q of %q is %q, want %q", k, raw, got.Raw(), want)
			}
			checkValue(t, got, want)
		}
		seen := map[string]string{}
		v.Members(func(k []byte, x cloudtrail.Value) bool { seen[unquoted(k)] = string(x.Raw()); return true })
		if len(seen) != len(m) {
			t.Fatalf("%q has members %q", raw, seen)
		}
	case cloudtrail.Array:
		var a []json.RawMessage
		if err := json.Unmarshal(raw, &a); err != nil {
			t.Fatal(err)
		}
		n := 0
		v.Elements(func(i int, x cloudtrail.Value) bool {
			if i != n || string(x.Raw()) != string(a[i]) {
				t.Fatalf("element %d of %q is %q", i, raw, x.Raw())
			}
			checkValue(t, x, a[i])
			n++
			return true
		})
		if n != len(a) {
			t.Fatalf("%q has %d elements, want %d", raw, n, len(a))
		}
	default:
		if string(v.Raw()) != string(raw) {
			t.Fatalf("%q, want %q", v.Raw(), raw)
		}
	}
}

func unquoted(raw []byte) string {
	var s string
	json.Unmarshal([]byte(`"`+string(raw)+`"`), &s)
	return s
}

var recordTexts = []string{
	event(1),
	`{}`,
	`{ "eventName" : "A" , "x" : [ ] , "y" : { } }`,
	`{"eventName":"A","eventName":"B"}`,
	`{"event\u004eame":"A"}`,
	`{"eventName":"A","event\u004eame":"B"}`,
	`{"event\u004eame":"A","eventName":"B"}`,
	`{"EVENTNAME":"A","eventname":"B"}`,
	`{"eventName":"A","requestParameters":{"eventName":"B","a\"b":1,"a":{"a":2},"a":{"b":3}}}`,
	`{"requestParameters":"{\"eventName\":\"X\"}","eventName":"\"}],{\"eventName\":\"Y"}`,
	`{"errorMessage":"\ud83d\ude00 \ud83d \ude00\ud83d x \u0000 \/ \b\f\n\r\t","userAgent":"é\u00e9"}`,
	"{\"userAgent\":\"\xff\xc0\xaf\xed\xa0\x80\",\"k\xff\":1}",
	`{"readOnly":true,"managementEvent":false,"apiVersion":null,"resources":[1e400,-0,9223372036854775808,123456789012,1.50]}`,
	`{"eventId":"a","eventID":"b","accountId":"c","summary":{},"timeWindow":[]}`,
	`{"":1,"\u0000":2,"` + strings.Repeat("k", 300) + `":3}`,
}

func TestRecordAnswersAsEncodingJSON(t *testing.T) {
	for _, text := range recordTexts {
		checkRecord(t, record(t, text))
		d := cloudtrail.NewDecoder(cloudtrail.DefaultLimits())
		_, err := d.Decode(t.Context(), "x", strings.NewReader(`{"Records":[`+event(0)+`,`+text+`]}`), -1, func(r *cloudtrail.Record, _ int) error {
			checkRecord(t, r)
			return r.Valid()
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestWrongTypesAreJudged puts every type of JSON value into every field.
func TestWrongTypesAreJudged(t *testing.T) {
	d := cloudtrail.NewDecoder(cloudtrail.DefaultLimits())
	for f := cloudtrail.EventVersion; f <= cloudtrail.SummaryDetails; f++ {
		for _, v := range []string{`null`, `true`, `-1.5e3`, `"text"`, `[]`, `[{"a":1}]`, `{}`, `{"type":7,"state":[],"accountId":{}}`, `""`} {
			text := strings.TrimSuffix(event(1), "}") + fmt.Sprintf(`,%q:%s}`, f, v)
			n := 0
			sum, err := d.Decode(t.Context(), "x", strings.NewReader(text), -1, func(r *cloudtrail.Record, _ int) error {
				n++
				if got := string(r.Field(f).Raw()); got != v {
					t.Errorf("%s: %q", text, got)
				}
				r.Actor()
				r.Account()
				r.Time()
				r.Supersedes()
				if r.Key() != record(t, text).Key() {
					t.Errorf("%s: the key changes", text)
				}
				return nil
			})
			if err != nil || n != 1 || len(sum.Faults) != 0 {
				t.Errorf("%s: %d records, %v, %v", text, n, sum.Faults, err)
			}
		}
	}
}

func TestParseRecordRefuses(t *testing.T) {
	for _, text := range []string{``, ` `, `[]`, `"x"`, `{`, `{"a":1}x`, `{"a":1}{}`, `{"a":01}`, `{"a":"` + "\n" + `"}`, strings.Repeat(`{"a":`, 300) + `1` + strings.Repeat(`}`, 300)} {
		if r, err := cloudtrail.ParseRecord([]byte(text)); err == nil {
			t.Errorf("%q is a record: %q", text, r.Raw())
		}
	}
}

func TestNotesSayWhatDeservesALook(t *testing.T) {
	tests := []struct{ name, text, note string }{
		{"other case", `{"eventVersion":"1.08","eventID":"1","eventName":"A","EVENTNAME":"B"}`, "EVENTNAME"},
		{"key twice", `{"eventVersion":"1.08","eventID":"1","eventName":"A","eventName":"B"}`, "twice"},
		{"invalid UTF-8", "{\"eventVersion\":\"1.08\",\"eventID\":\"1\",\"userAgent\":\"\xff\"}", "UTF-8"},
		{"version 2", `{"eventVersion":"2.0","eventID":"1"}`, "eventVersion"},
		{"nothing", `{"eventVersion":"1.99","eventID":"1","newField":"é"}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asUsed(t, logFile(test.text+","+test.text), func(t *testing.T, g got) {
				if g.Records != 2 || len(g.Faults) != 0 {
					t.Errorf("%+v", g.Summary)
				}
				if test.note == "" && len(g.Notes) == 0 {
					return
				}
				if len(g.Notes) != 1 || !strings.Contains(g.Notes[0].Reason, test.note) || g.Notes[0].Record != 0 {
					t.Errorf("notes %v", g.Notes)
				}
			})
		})
	}
}

// FuzzDecode holds the paths through the Decoder to each other, and every record
// that comes out to encoding/json.
func FuzzDecode(f *testing.F) {
	for _, text := range recordTexts {
		f.Add([]byte(text))
		f.Add([]byte(`{"Records":[` + text + `,` + event(2) + `]}`))
	}
	for _, text := range []string{events(0, 3, "\n"), gz(logFile(event(1))), `[1,"{}",` + event(1) + `]`,
		"eventversion,eventname,useridentity\n1.08,A,\"{type=Root}\"\n", `{"Events":[{"CloudTrailEvent":"{}"}]}`} {
		f.Add([]byte(text))
	}
	small := cloudtrail.DefaultLimits()
	small.Record, small.Depth, small.Keys = 4096, 20, 100
	streamed := small
	streamed.Whole = 1
	// Decoders are used again, as in a scan: their buffers are megabytes.
	decoders := []*cloudtrail.Decoder{cloudtrail.NewDecoder(small), cloudtrail.NewDecoder(streamed)}
	f.Fuzz(func(t *testing.T, text []byte) {
		var results []string
		for _, file := range [][]byte{text, []byte(gz(string(text)))} {
			for _, d := range decoders {
				g := decode(t, d, file)
				g.Bytes = 0
				results = append(results, fmt.Sprintf("%q %v %+v", g.raw, g.indexes, g.Summary))
				for _, raw := range g.raw {
					checkRecord(t, record(t, raw))
				}
			}
		}
		if bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
			return
		}
		for _, r := range results[1:] {
			if r != results[0] {
				t.Fatalf("%q:\n%s\n%s", text, r, results[0])
			}
		}
	})
}

// TestNamesAreFoundExactly holds every documented field to its name: with any
// one of its characters changed, or one more or less, it is another field.
func TestNamesAreFoundExactly(t *testing.T) {
	for f := cloudtrail.EventVersion; f <= cloudtrail.SummaryDetails; f++ {
		name := f.String()
		near := []string{name + "s", name[1:], name[:len(name)-1]}
		for i := range name {
			near = append(near, name[:i]+"#"+name[i+1:])
		}
		for _, n := range near {
			checkOnlyField(t, n, cloudtrail.FieldIDOf(n))
		}
		checkOnlyField(t, name, f)
	}
}

// checkOnlyField holds a record whose only key is name to having field f and no
// other.
func checkOnlyField(t *testing.T, name string, f cloudtrail.FieldID) {
	t.Helper()
	rec, err := cloudtrail.ParseRecord([]byte(`{"` + name + `":1}`))
	if err != nil {
		t.Fatal(err)
	}
	for g := cloudtrail.EventVersion; g <= cloudtrail.SummaryDetails; g++ {
		if rec.Has(g) != (g == f) {
			t.Fatalf("a record with %q: has %s is %v", name, g, rec.Has(g))
		}
	}
	if got := rec.Get(name); string(got.Raw()) != "1" {
		t.Fatalf("a record with %q: Get gives %q", name, got.Raw())
	}
}
