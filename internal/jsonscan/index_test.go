package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/seeds"
)

// samples are texts near everything that the scanner has to tell apart.
var samples = []string{
	``, ` `, `{}`, `[]`, `{"a":1}`, ` { "a" : [ 1 , 2.5e-3 , -0 , true , false , null ] } `,
	`{"a":"\"","b":"\\","c":"\\\"","d":"\u00e9\ud83d\ude00"}`, `"\ud800"`, `"\u12"`, `"\x"`, `"a` + "\n" + `b"`,
	`{"a":{"b":{"c":[[[]]]}},"d":"}{]["}`, `{"event\u004eame":1}`, `{"a":1,"a":2}`, `[1,]`, `[,1]`, `{,}`, `{"a":1,}`,
	`{"a"}`, `{"a":}`, `{"a" 1}`, `{1:2}`, `[1 2]`, `[1:2]`, `{"a":1]`, `[1}`, `tru`, `nul`, `falsee`, `01`, `1.`, `1e`, `1e+`, `-`, `--1`,
	`.5`, `+1`, `1a`, `"`, `"\`, `"\"`, `{"`, `{"a`, `{"a"`, `{"a":`, `\"a"`, `{\"a":1}`, `[\]`, `[1]\`, "\xff", "\"\xff\"", "\"\u2028\"",
	strings.Repeat("[", 300) + strings.Repeat("]", 300), `["` + strings.Repeat(`\\`, 100) + `"]`, `["` + strings.Repeat(`\\`, 99) + `\"]`,
	`{"policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\"}]}"}`, "[1]\x00", "[\x00]", "[1\t,\r\n2]", "[1\v]",
}

var forms = []Form{Fastest, AVX2, Plain}

func newIndex(form Form) *Index {
	x := &Index{MaxDepth: 10_000, MaxKeys: 1 << 30}
	x.SetForm(form)
	return x
}

// allMarks lists the marks of text, step bytes at a time at most.
func allMarks(form Form, text []byte) []uint32 {
	x := newIndex(form)
	x.Reset(text, 0, true)
	for x.extend(1) {
		x.keep = 0
	}
	return slices.Clone(x.marks)
}

// marksByDefinition lists marks one byte after the other.
func marksByDefinition(b []byte) (marks []uint32) {
	in, escaped := false, false
	for i, c := range b {
		starts := c == '\\' && !escaped
		switch {
		case c == '"' && !escaped:
			marks = append(marks, uint32(i))
			in = !in
		case in && (c < ' ' || starts && !escapeSound(b, i)), !in && isBracket(c):
			marks = append(marks, uint32(i))
		}
		escaped = starts
	}
	for range sentinels {
		marks = append(marks, uint32(len(b)))
	}
	return marks
}

// checkASCII holds what the index says about bytes above 0x7f, with a text indexed
// step by step, to looking at each.
func checkASCII(t *testing.T, form Form, text []byte) {
	t.Helper()
	x := newIndex(form)
	x.Reset(text, 0, true)
	sound := func(b []byte) bool { return bytes.IndexFunc(b, func(r rune) bool { return r > 0x7f }) < 0 }
	for from := 0; x.extend(1); from = x.done {
		if got, want := x.ASCII(from, x.done), sound(text[from:x.done]); got != want {
			t.Fatalf("form %v: ASCII of %q is %v", form, text[from:x.done], got)
		}
	}
	if got, want := x.ASCII(0, len(text)), sound(text); got != want {
		t.Fatalf("form %v: ASCII of %q is %v", form, text, got)
	}
}

func checkMarks(t *testing.T, text []byte) {
	t.Helper()
	want := marksByDefinition(text)
	for _, form := range forms {
		if got := allMarks(form, text); !slices.Equal(got, want) {
			t.Fatalf("form %v: marks of %q:\n%v\nwant\n%v", form, text, got, want)
		}
		checkASCII(t, form, text)
	}
}

// checkParse holds Parse to encoding/json, and the members found to its.
func checkParse(t *testing.T, text []byte) {
	t.Helper()
	for _, form := range forms {
		x := newIndex(form)
		x.Reset(text, 0, true)
		at := SkipSpace(text, 0)
		end, mark, err := x.Parse(at)
		got := err == nil && SkipSpace(text, end) == len(text)
		if want := json.Valid(text); got != want {
			t.Fatalf("form %v: %q: valid %v (%v), encoding/json says %v", form, text, got, err, want)
		}
		if !got {
			continue
		}
		checkFields(t, x, text[at:end], at)
		checkInside(t, x, text[at:end], mark)
		var compact bytes.Buffer
		json.Compact(&compact, text)
		if got := Compact(nil, text[at:end]); string(got) != compact.String() {
			t.Fatalf("%q compact is %q", text, got)
		}
	}
}

// checkFields compares the members that Parse noted with the plain walk.
func checkFields(t *testing.T, x *Index, raw []byte, at int) {
	t.Helper()
	var got, want []string
	if raw[0] == '{' {
		EachMember(raw, func(k, v []byte) bool { want = append(want, fmt.Sprintf("%q=%s", k, v)); return true })
	}
	for _, f := range x.Fields() {
		if x.marks[f.Key] != f.KeyAt || int(f.KeyAt) < at {
			t.Fatalf("%q: mark %d of a key is at %d, the key at %d", raw, f.Key, x.marks[f.Key], f.KeyAt)
		}
		got = append(got, fmt.Sprintf("%q=%s", x.text[f.KeyAt+1:f.KeyEnd-1], x.text[f.At:f.End]))
	}
	if !slices.Equal(got, want) {
		t.Fatalf("members of %q:\n%q\nwant\n%q", raw, got, want)
	}
}

// checkInside compares what Cursor finds with the plain walk, all the way down.
func checkInside(t *testing.T, x *Index, raw []byte, mark int) {
	var it Item
	var got, want []string
	c := Cursor{}
	var next func() bool
	switch raw[0] {
	case '{':
		EachMember(raw, func(k, v []byte) bool { want = append(want, string(k)+"="+string(v)); return true })
		next = func() bool { return c.Member(&it) }
	case '[':
		EachElement(raw, func(v []byte) bool { want = append(want, "="+string(v)); return true })
		next = func() bool { return c.Element(&it) }
	default:
		return
	}
	for c = x.Inside(mark); next(); {
		got = append(got, string(it.Key)+"="+string(it.Val))
		if string(x.Text()[it.At:it.At+len(it.Val)]) != string(it.Val) {
			t.Fatalf("%q is not at %d", it.Val, it.At)
		}
		checkInside(t, x, it.Val, it.Mark)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("inside %q:\n%q\nwant\n%q", raw, got, want)
	}
}

func TestMarksAndParseAgreeWithTheirDefinitions(t *testing.T) {
	for _, s := range samples {
		for _, pad := range []int{0, 1, 31, 32, 55, 61, 62, 63, 64, 127} {
			text := []byte(strings.Repeat(" ", pad) + s)
			checkMarks(t, text)
			checkParse(t, text)
		}
	}
}

// Each of the 256 bytes is told apart from its neighbours, inside and outside a
// string, behind a backslash and not, at the ends of vectors and blocks.
func TestMarksOfEveryByte(t *testing.T) {
	for c := range 256 {
		for _, place := range []int{0, 1, 14, 15, 16, 30, 31, 32, 47, 48, 62, 63, 64} {
			for _, before := range []string{"", `\`, `"`, `"\`} {
				text := append([]byte(strings.Repeat("a", place)+before), byte(c))
				checkMarks(t, append(text, strings.Repeat("a", blockSize)...))
			}
		}
	}
}

// randomText strings together pieces that matter to the scanner.
func randomText(r *rand.Rand) []byte {
	pieces := []string{`"`, `\`, `\"`, `\\`, `\n`, `\u00e9`, `\u00`, `{`, `}`, `[`, `]`, `,`, `:`, ` `, "\n", "\x01", "a", "é", "12", "true", `"key":"value",`, strings.Repeat("x", 60)}
	var b []byte
	for range r.IntN(60) {
		b = append(b, pieces[r.IntN(len(pieces))]...)
	}
	return b
}

func TestMarksAgreeOnRandomText(t *testing.T) {
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 20_000 {
		text := randomText(r)
		t.Run("", func(t *testing.T) {
			t.Logf("seed %d", seed)
			checkMarks(t, text)
			checkParse(t, text)
		})
	}
}

// Members are noted whatever their number, and counted whatever their kind and
// depth: an object of exactly as many keys as allowed is sound, one more is too many.
func TestManyMembers(t *testing.T) {
	for _, n := range []int{1, 2, 30, 31, 32, 33, 63, 64, 65, 100, 1000, 5000} {
		for kind, value := range []string{`"v"`, `7`, `{}`, `["v",{"w":"x"}]`} {
			var members []string
			for i := range n {
				v := `"v"`
				if i%7 == 3 {
					v = value
				}
				members = append(members, fmt.Sprintf(`"key%d":%s`, i, v))
			}
			object := "{" + strings.Join(members, ",") + "}"
			for _, text := range []string{object, `{"a":"b","c":` + object + `,"d":"e"}`} {
				checkParse(t, []byte(text))
				checkLimit(t, text, strings.Count(text, `":`), fmt.Sprintf("%d members of kind %d", n, kind))
			}
		}
	}
}

// checkLimit parses a text of so many keys where so many are allowed, and one fewer.
func checkLimit(t *testing.T, text string, keys int, what string) {
	t.Helper()
	for _, form := range forms {
		for _, allowed := range []int{keys, keys - 1} {
			x := newIndex(form)
			x.MaxKeys = allowed
			x.Reset([]byte(text), 0, true)
			_, _, err := x.Parse(0)
			var limit *LimitError
			if tooMany := errors.As(err, &limit); tooMany != (allowed < keys) || !tooMany && err != nil {
				t.Fatalf("%s, %d keys of at most %d: %v", what, keys, allowed, err)
			}
		}
	}
}

// randomValue is JSON as CloudTrail writes it: without white space, mostly objects of
// strings, true, false, null and objects.
func randomValue(r *rand.Rand, depth int) string {
	kinds := 9
	if depth == 0 {
		kinds = 6
	}
	switch r.IntN(kinds) {
	case 0:
		return "true"
	case 1:
		return "false"
	case 2:
		return "null"
	case 3:
		return strconv.Itoa(r.IntN(200))
	case 4, 5:
		return []string{`""`, `"v"`, `"some value"`, `"a\"b"`, `"{}"`, `"true"`}[r.IntN(6)]
	case 6:
		var elements []string
		for range r.IntN(4) {
			elements = append(elements, randomValue(r, depth-1))
		}
		return "[" + strings.Join(elements, ",") + "]"
	}
	var members []string
	for i := range r.IntN(6) {
		members = append(members, fmt.Sprintf(`"k%d":%s`, i, randomValue(r, depth-1)))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// Members of every kind, in objects in objects, are passed, noted and counted as they
// should be, also where the text comes in pieces; and one wrong byte anywhere is seen.
func TestMembersOfEveryKind(t *testing.T) {
	seed := seeds.Of(t)
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	const odd = `"{}[],:\ 0truefalsn`
	for range 4000 {
		text := `{"first":` + randomValue(r, 5) + `,"second":` + randomValue(r, 5) + `}`
		checkParse(t, []byte(text))
		checkLimit(t, text, keysIn(text), text)
		wrong := []byte(text)
		wrong[r.IntN(len(wrong))] = odd[r.IntN(len(odd))]
		checkParse(t, wrong)
		at := r.IntN(len(text))
		checkParse(t, []byte(text[:at]+text[at+1:]))
		checkParse(t, []byte(text[:at]+odd[r.IntN(len(odd)):][:1]+text[at:]))
		checkParse(t, []byte(strings.ReplaceAll(text, ",", ", ")))
		for _, form := range forms {
			size := 8 + r.IntN(len(text))
			if got := parseWindows(t, []byte(text+text+"\n"+text), size, form); got != 3 {
				t.Fatalf("form %v, window %d: %d values of three times %s", form, size, got, text)
			}
		}
	}
}

// Objects in objects are as deep as allowed, and one more is too deep.
func TestDeepObjects(t *testing.T) {
	for _, form := range forms {
		x := newIndex(form)
		for _, more := range []int{0, 1} {
			n := x.MaxDepth - 1 + more
			x.Reset([]byte(strings.Repeat(`{"k":`, n)+`{"k":"v"}`+strings.Repeat(`,"m":"v"}`, n)), 0, true)
			_, _, err := x.Parse(0)
			var limit *LimitError
			if tooDeep := errors.As(err, &limit); tooDeep != (more > 0) || !tooDeep && err != nil {
				t.Errorf("form %v, %d objects where %d may be: %v", form, n+1, x.MaxDepth, err)
			}
		}
	}
}

// keysIn counts keys, at all depths.
func keysIn(text string) (n int) {
	for i := 0; i+1 < len(text); i++ {
		if text[i] == '"' && text[i+1] == ':' {
			n++
		}
	}
	return n
}

// TestSlidingChangesNothing parses the values of a text through windows of
// every small size.
func TestSlidingChangesNothing(t *testing.T) {
	text := []byte(`{"a":"x\\\"y","b":[1,2,{"c":"` + strings.Repeat(`\u0041`, 50) + `"}]} [true,"` + strings.Repeat("z", 300) + `"] {"last":null}`)
	for _, form := range forms {
		for size := 10; size < 400; size += 7 {
			if got := parseWindows(t, text, size, form); got != 3 {
				t.Fatalf("form %v, window %d: %d values, want 3", form, size, got)
			}
		}
	}
}

func parseWindows(t *testing.T, text []byte, size int, form Form) (values int) {
	x := newIndex(form)
	lo, hi := 0, min(size, len(text))
	x.Reset(text[:hi], 0, hi == len(text))
	pos := 0
	for {
		pos = SkipSpace(text[lo:hi], pos)
		if lo+pos == len(text) {
			return values
		}
		x.Release(pos)
		end, _, err := x.Parse(pos)
		switch {
		case err == nil:
			values++
			pos = end
		case errors.Is(err, ErrMore):
			n := min(pos, x.Indexed())
			lo, hi, pos = lo+n, min(hi+size, len(text)), pos-n
			x.Slide(text[lo:hi], n, hi == len(text))
		default:
			t.Fatal(err)
		}
	}
}

func FuzzIndex(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkMarks(t, text)
		checkParse(t, text)
		for _, k := range []string{"a", "eventName", "\ufffd", ""} {
			want := string(Unescape(nil, text)) == k
			if KeyIs(text, k) != want {
				t.Fatalf("KeyIs(%q, %q) is %v", text, k, !want)
			}
		}
	})
}
