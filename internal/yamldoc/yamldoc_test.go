package yamldoc_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

func TestLiteralsAndLinesAreKept(t *testing.T) {
	docs, err := yamldoc.Parse([]byte("a: 010\nb: [1.50, 'x', null, 2020-01-01]\n---\nc: true\n"))
	if err != nil || len(docs) != 2 {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	b := docs[0].Get("b")
	if b.Values[0].Text != "1.50" || b.Values[0].Kind != yamldoc.Number || b.Values[3].Kind != yamldoc.String || b.Line != 2 {
		t.Errorf("b = %+v", b)
	}
	if got := string(docs[0].AppendJSON(nil)); got != `{"a":"010","b":[1.50,"x",null,"2020-01-01"]}` {
		t.Error(got)
	}
	if !docs[1].Get("c").Bool() {
		t.Error("c is not true")
	}
}

func TestJSONKeepsTheLinesOfTheYAML(t *testing.T) {
	docs, err := yamldoc.Parse([]byte("match:\n  a:\n    - x\n    - {prefix: y}\n  b: |\n    text\n"))
	if err != nil {
		t.Fatal(err)
	}
	m := docs[0].Get("match")
	if got, want := string(m.AppendJSONAtLines(nil, m.Line)), "{\"a\": \n[\"x\",\n{\"prefix\": \"y\"}],\n\"b\": \"text\\n\"}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !m.Get("b").Block || m.Get("a").Block {
		t.Error("only b is a block scalar")
	}
}

func TestRefusesWhatNoRuleNeeds(t *testing.T) {
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 10; i++ {
		bomb += strings.NewReplacer("J", string(rune('0'+i)), "I", string(rune('0'+i-1))).Replace("aJ: &aJ [*aI,*aI,*aI,*aI,*aI,*aI,*aI,*aI,*aI,*aI]\n")
	}
	for name, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"alias bomb":    {bomb, 0, "aliases are expanded"},
		"deep":          {strings.Repeat("[", 100) + strings.Repeat("]", 100), 1, "deeper"},
		"duplicate key": {"a: 1\na: 2\n", 2, "already given in line 1"},
		"syntax":        {"a: 1\nb: [\n", 0, "not valid YAML"},
		"huge":          {strings.Repeat("a", yamldoc.MaxBytes+1), 0, "at most"},
		"self alias":    {"a: &a [*a]\n", 0, ""},
	} {
		_, err := yamldoc.Parse([]byte(c.text))
		var e *yamldoc.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, c.want) || c.line != 0 && e.Line != c.line {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a: &x [1, *x]\n---\n? [a]\n: b\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		docs, err := yamldoc.Parse(b)
		if err == nil {
			for _, d := range docs {
				d.AppendJSON(nil)
			}
		}
	})
}

func TestParseJSONKeepsLinesAndTheLastDuplicate(t *testing.T) {
	n, err := yamldoc.ParseJSON([]byte("{\n\t\"a\": 1.0,\n\t\"b\": [true,\n null, \"\\ud83d\\ude00\"],\n\t\"a\": 2\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(n.AppendJSON(nil)); got != `{"a":2,"b":[true,null,"😀"]}` {
		t.Error(got)
	}
	if n.Get("a").Line != 5 || n.Get("b").Values[1].Line != 4 {
		t.Errorf("lines %d and %d", n.Get("a").Line, n.Get("b").Values[1].Line)
	}
	for text, line := range map[string]int{"{\n\"a\": x}": 2, "{\n": 2, "1\n2": 2, "": 1, strings.Repeat("[", 100): 1} {
		_, err := yamldoc.ParseJSON([]byte(text))
		var e *yamldoc.Error
		if !errors.As(err, &e) || e.Line != line {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	f.Add([]byte("{\"a\": [1, {\"b\": null}]}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, err := yamldoc.ParseJSON(b); err == nil {
			n.AppendJSON(nil)
		}
	})
}

func TestTooManyDocumentsAreRefused(t *testing.T) {
	docs := yamldoc.Documents([]byte(strings.Repeat("---\n", yamldoc.MaxDocuments+1)))
	if len(docs) != 1 || docs[0].Err == nil || docs[0].Err.Line != yamldoc.MaxDocuments+1 {
		t.Errorf("%d documents", len(docs))
	}
}

func TestDocumentsStandAlone(t *testing.T) {
	docs := yamldoc.Documents([]byte("# head\na: 1\n---\nb: [\n--- # third\nc: |\n  text\n  --- inside\n---\n---\nd: 4\n"))
	if len(docs) != 4 {
		t.Fatalf("%d documents", len(docs))
	}
	if docs[1].Err == nil || docs[1].Err.Line < 3 || docs[1].Err.Line > 5 || docs[1].Node != nil {
		t.Errorf("the broken document: %+v", docs[1])
	}
	for i, want := range map[int]struct {
		key  string
		line int
	}{0: {"a", 2}, 2: {"c", 6}, 3: {"d", 11}} {
		n := docs[i].Node.Get(want.key)
		if docs[i].Err != nil || n == nil || n.Line != want.line {
			t.Errorf("document %d: %+v", i, docs[i])
		}
	}
	if got := docs[2].Node.Get("c").Text; got != "text\n--- inside\n" {
		t.Errorf("block text %q", got)
	}
}

func TestItemsOfAListStandAlone(t *testing.T) {
	items, ok := yamldoc.Items(yamldoc.Document{Line: 10, Text: []byte("# pack\nrules:\n  - id: a\n    text: |\n      - not an item\n  # between\n  - id: [\n  -\n    id: c\n")}, "rules")
	if !ok || len(items) != 3 {
		t.Fatal(ok, items)
	}
	if a := items[0].Node; a.Get("id").Text != "a" || a.Get("text").Text != "- not an item\n" || a.Line != 12 {
		t.Errorf("%+v", a)
	}
	if items[1].Err == nil || items[1].Err.Line < 16 || items[2].Node.Get("id").Line != 18 {
		t.Errorf("%+v %+v", items[1], items[2])
	}
	for name, text := range map[string]string{
		"a mapping": "id: a\n", "another key": "name: x\nrules:\n- id: a\n", "a key after": "rules:\n- id: a\nname: x\n",
		"flow": "rules: [{id: a}]\n", "nothing": "", "text": "hello\n",
	} {
		if items, ok := yamldoc.Items(yamldoc.Document{Line: 1, Text: []byte(text)}, "rules"); ok {
			t.Errorf("%s: %+v", name, items)
		}
	}
}

func TestTextsAreWrittenAsPackageJSONWritesThem(t *testing.T) {
	for r := range rune(0x180) {
		text := "a" + string(r) + "b"
		want, err := json.Marshal(text)
		n := yamldoc.Node{Kind: yamldoc.String, Text: text}
		if got := string(n.AppendJSON(nil)); err != nil || got != string(want) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// What is no YAML is named by the line at fault, with what usually is wrong there.
func TestBrokenTextIsNamedByItsLine(t *testing.T) {
	for _, c := range []struct {
		name, text string
		line       int
		want       string
	}{
		{"a line indented otherwise", "a: 1\nb:\n  c:\n    d: 1\n   e: 2\nf: 3\n", 5, "indented like the others"},
		{"one indented too far", "a: 1\n   b: 2\nc: 3\n", 2, "indented too far"},
		{"a tab", "a:\n\tb: 1\nc: 2\n", 2, "a tab indents this line: write spaces"},
		{"a sign that means something", "a: 1\nb: @x\n", 2, "in quotes"},
		{"no colon", "a: 1\nb\nc: 2\n", 2, "KEY: VALUE"},
		{"an open quote", "a: 1\nb: \"x\nc: 2\n", 2, "never closed"},
		{"an open bracket", "a: 1\nb: [x,\n  y\nc: 2\n", 2, "bracket"},
		{"a list that goes on as a mapping", "a:\n  - x\n  y: 1\n", 3, "indented like the others"},
		{"a closed bracket before", "a: [x,\n  y]\nb:\n  c: 1\n d: 2\n", 5, "indented like the others"},
	} {
		_, err := yamldoc.Parse([]byte(c.text))
		var e *yamldoc.Error
		if !errors.As(err, &e) || e.Line != c.line || !strings.Contains(e.Message, c.want) {
			t.Errorf("%s: %v, want line %d and %q", c.name, err, c.line, c.want)
		}
	}
}
