package jsontext_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/internal/jsontext"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

// pieces are what texts are made of here: all that one writer or another escapes.
func pieces() []string {
	all := []string{"", "plain text", "<a href='x'>&amp;", "\u2028", "\u2029", "\u202a", "\xe2\x80", "\xe2", "é", "日本", "\U0001f600", "\xff", "\xed\xa0\x80", "\ufffd", `\`, `"`, "12345678", "abcdefg<", "=>?"}
	for c := range 0x81 {
		all = append(all, string(rune(c)))
	}
	return all
}

func made(r *rand.Rand, pieces []string) string {
	var b strings.Builder
	for range r.IntN(9) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// Every text, in every form, is written as encoding/json writes it.
func TestWritesAsMarshal(t *testing.T) {
	seed := seeds.Of(t)
	r, all := rand.New(rand.NewPCG(seed, 0)), pieces()
	for range 50_000 {
		s := made(r, all)
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := jsontext.String(nil, s); string(got) != string(want) {
			t.Fatalf("seed %d: %q: %s, want %s", seed, s, got, want)
		}
		if got := jsontext.String([]byte("x"), []byte(s)); string(got[1:]) != string(want) {
			t.Fatalf("seed %d: %q as bytes: %s, want %s", seed, s, got, want)
		}
		if got := jsontext.Plain(s); got != (string(want) == `"`+s+`"` && !strings.ContainsFunc(s, beyondASCII)) {
			t.Fatalf("seed %d: %q plain: %t", seed, s, got)
		}
	}
}

func beyondASCII(r rune) bool { return r >= 0x80 }

// Valid JSON within other JSON is written as encoding/json writes it.
func TestRawAsMarshal(t *testing.T) {
	seed := seeds.Of(t)
	r, all := rand.New(rand.NewPCG(seed, 0)), pieces()
	for range 20_000 {
		raw := document(r, all, 0)
		want, err := json.Marshal(json.RawMessage(raw))
		if err != nil {
			t.Fatalf("seed %d: %q: %v", seed, raw, err)
		}
		if got, ok := jsontext.Raw(nil, []byte(raw)); !ok || string(got) != string(want) {
			t.Fatalf("seed %d: %q:\n%s, want\n%s", seed, raw, got, want)
		}
	}
}

// What is no JSON is refused: exactly what encoding/json refuses.
func FuzzRaw(f *testing.F) {
	for _, s := range []string{"", " ", "{}", "[]", "{} ", " []x", `{"a":1,}`, `[1,]`, `{"a"}`, `{a:1}`, `"\u12g4"`, `"\x"`, `"`, "\"\t\"", "-", "01", "1.", ".5", "1e", "1e+", "-0.5E-7", "nul", "nulL", "truefalse", "\x00", "[1\x00]", "\"\x7f\"", "1 2", `[1 2]`, "{\"a\" 1}", "[[[[", "]"} {
		f.Add([]byte(s))
	}
	r, all := rand.New(rand.NewPCG(1, 2)), pieces()
	for range 50 {
		f.Add([]byte(document(r, all, 0)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		want, err := json.Marshal(json.RawMessage(raw))
		got, ok := jsontext.Raw([]byte("x"), raw)
		switch deep := strings.Count(string(raw), "[")+strings.Count(string(raw), "{") > jsontext.MaxDepth; {
		case deep && !ok:
		case ok != (err == nil):
			t.Fatalf("%q: %t, want %v", raw, ok, err)
		case ok && string(got) != "x"+string(want), !ok && string(got) != "x":
			t.Fatalf("%q: %s, want %s", raw, got, want)
		}
	})
}

// Objects within objects end somewhere.
func TestRawRefusesDepth(t *testing.T) {
	for depth, want := range map[int]bool{jsontext.MaxDepth: true, jsontext.MaxDepth + 1: false, 1_000_000: false} {
		if _, ok := jsontext.Raw(nil, []byte(strings.Repeat("[", depth)+strings.Repeat("]", depth))); ok != want {
			t.Errorf("depth %d: %t", depth, ok)
		}
	}
}

// document is some JSON, with white space here and there.
func document(r *rand.Rand, pieces []string, depth int) string {
	space := []string{"", "", " ", "\n\t", "\r\n "}[r.IntN(5)]
	switch n := r.IntN(8); {
	case n < 2 && depth < 4:
		var all []string
		for range r.IntN(4) {
			all = append(all, space+text(r, pieces)+space+":"+document(r, pieces, depth+1))
		}
		return "{" + strings.Join(all, ",") + space + "}"
	case n < 4 && depth < 4:
		var all []string
		for range r.IntN(4) {
			all = append(all, document(r, pieces, depth+1)+space)
		}
		return "[" + strings.Join(all, ","+space) + space + "]"
	case n < 5:
		return space + []string{"true", "false", "null", "-0", "1e400", "12.50", "111122223333"}[r.IntN(7)]
	}
	return text(r, pieces)
}

// text is a JSON string that escapes as Marshal does, or nothing that it need not.
func text(r *rand.Rand, pieces []string) string {
	s := made(r, pieces)
	if r.IntN(2) == 0 {
		b, _ := json.Marshal(s)
		return string(b)
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			b.WriteString(`\u0041\/`)
		} else {
			b.WriteByte(c)
		}
	}
	return `"` + b.String() + `"`
}

// Times are written as they are by themselves, and refused where they are.
func TestTimeAsMarshal(t *testing.T) {
	at := time.Date(2026, 3, 14, 9, 0, 0, 120_000_000, time.UTC)
	for _, when := range []time.Time{
		{}, at, at.Truncate(time.Second), at.Add(123_456_789), at.In(time.FixedZone("east", 5*3600+1800)), at.In(time.FixedZone("odd", -3601)),
		at.In(time.FixedZone("far", 24*3600)), at.In(time.FixedZone("far", -24*3600)), at.In(time.FixedZone("", 24*3600-1)), at.In(time.FixedZone("", -24*3600+1)),
		at.AddDate(8000, 0, 0), at.AddDate(-3000, 0, 0), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		want, err := json.Marshal(when)
		got, ok := jsontext.Time(nil, when)
		if ok != (err == nil) || ok && string(got) != string(want) {
			t.Errorf("%v: %s, %t; want %s, %v", when, got, ok, want, err)
		}
	}
}
