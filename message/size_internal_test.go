package message

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// full is a value of a type with text in every field and as many elements in
// every list: a field that is new is in it too.
func full(t reflect.Type, text string, elements int) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 3, 14, 15, 9, 26, 123456789, time.FixedZone("", 3600))))
	case t == reflect.TypeFor[json.RawMessage]():
		raw, _ := json.Marshal(text)
		v.SetBytes(raw)
	case t.Kind() == reflect.String:
		v.SetString(text)
	case t.Kind() == reflect.Int64, t.Kind() == reflect.Int:
		v.SetInt(-1 << 62)
	case t.Kind() == reflect.Bool:
		v.SetBool(true)
	case t.Kind() == reflect.Pointer:
		v.Set(full(t.Elem(), text, elements).Addr())
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			v.Field(i).Set(full(t.Field(i).Type, text, elements))
		}
	case t.Kind() == reflect.Slice:
		for range elements {
			v.Set(reflect.Append(v, full(t.Elem(), text, elements)))
		}
	}
	return v
}

// What a message takes at most is never less than what it takes, whatever it
// holds; a field that counting forgets shows here.
func TestMostIsNeverLess(t *testing.T) {
	for _, text := range []string{"", "x", "\x00\x1f\x7f\"\\<>&", "é\u2028\xff", "a plain text of some length that nothing has to be done about"} {
		for elements := range 5 {
			m := full(reflect.TypeFor[Message](), text, elements).Interface().(Message)
			written, err := json.Marshal(&m)
			if err != nil {
				t.Fatal(err)
			}
			if m.most() < len(written) {
				t.Errorf("%q, lists of %d: at most %d, and it takes %d", text, elements, m.most(), len(written))
			}
		}
	}
}

// That holds for records with any mixture of what is escaped and what is not.
func TestMostIsNeverLessOfARecord(t *testing.T) {
	for _, text := range []string{"<", ">", "&", "\u2028", "\u2029", "\u202a", "é", "a", "<>&\u2028", `\u003c`} {
		raw := []byte(`"` + strings.Repeat(text, 10_000) + `"`)
		m := Message{Events: []Event{{Raw: raw}}}
		written, err := json.Marshal(&m)
		if err != nil {
			t.Fatal(err)
		}
		if m.most() < len(written) {
			t.Errorf("%q: at most %d, and it takes %d", text, m.most(), len(written))
		}
	}
	record := []byte(`{"a":"` + strings.Repeat("plain", 10_000) + `"}`)
	if n := mostOfRaw(record); n > len(record)+100 {
		t.Errorf("a record of %d bytes counts as up to %d", len(record), n)
	}
}
