package yamldoc

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/internal/seeds"
)

// agree fails when the fast reader accepts text and differs from the library.
func agree(t *testing.T, text string) bool {
	t.Helper()
	docs, ok := new(Reader).parseSimple(text, 1)
	if !ok {
		return false
	}
	want, err := parseAny([]byte(text))
	if err != nil {
		t.Fatalf("%q: accepted; the library says %v", text, err)
	}
	if !reflect.DeepEqual(want, docs) {
		t.Fatalf("%q (library -, fast +):\n%s", text, cmp.Diff(want, docs))
	}
	return true
}

func TestTheFastReaderTakesRules(t *testing.T) {
	for _, text := range []string{
		"id: a\nmatch:\n  where:\n    all:\n      - eventSource: {equals: iam.amazonaws.com}\n      - eventName: {in: [CreateUser, 'x y', \"z\", 1, true, null]}\n      - not: {errorCode: {exists: true}}\n",
		"# comment\nrules:\n- id: a\n  severity: high\n\n- id: b\n  tags: [attack.t1078, x-y, -trim]\n  numbers: [1.5, -2, 010, 0x1F, 1e3, 2020-01-01]\n",
		"---\na: b\n", "--- # comment\na: b\n", "", "# nothing\n\n", "\n  # c\na: b",
		"a: arn:aws:iam::111122223333:role/x\nb: https://example.com/a?b=c\nc: x - y, z\nd: [arn:aws:s3:::b/*, ec2:Run*]\n",
		"a: b # c\nc: 'd' # e\nf: [g, # h\n  i # j\n  ,\n\n  k\n] # l\nm: # n\n  o: p\n",
		"a: |\n  one\n   two\n\n  three\n\n\nb: >-\n\n  folded\n  text\n\n   deeper\n  back\nc: |+\n  kept\n\n# end\n", "a: |-\n  no break", "- |\n a\n- >\n b\n",
		"a: first\n  second\n\n  third - x\nb: c\n", "- a\n  b\n- c\n", "a:\n  below\n  it\nb:\n  'quoted'\nc:\n  |\n  text\n",
		"a:\nb:\n  c:\nd:\n- e:\n- f\n", "'a b': 1\n\"c\": {\"d\":1, 'e': 2}\n", "a: 'it''s'\nb: \"x\\n\\\"y\\\" \\\\ \\t\"\n",
		"é: {ü: x, ö: 'ß', b: [日本, c]}\nd: — e\n- ", "a: {b: {c: [d, {e: f}]},\n  g: [],\n  h: {}}\n", "a|b: c\nx[0]: y\n",
	} {
		if !agree(t, text) && text[len(text)-1] != ' ' {
			t.Errorf("not taken: %q", text)
		}
	}
}

func TestTheFastReaderLeavesTheRest(t *testing.T) {
	for _, text := range []string{
		"a: &x 1\nb: *x\n", "a: !!str 1\n", "? a\n: b\n", "a: \"\\x41\"\n", "a: \"\\/\"\n", "a: \"b\n  c\"\n", "a: |2\n   x\n", "a: |\n", "a: | # c\n  x\n",
		"a: b\n---\nc: d\n", "a: x\na: y\n", "<<: x\n", "\ta: b\n", "a: b\r\n", "a: - b\n", "a: b\n...\n", "a: b # c\n  d\n", "a: b\n  # c\n  d\n",
		"- - a\n", "-\n  a\n", "a: [b]c\n", "a: {b}\n", "a: {b:c}\n", "a: [b: c]\n", "- a: 1\n - b: 2\n", "a: b: c\n", "x\n", "[x]\n", "%YAML 1.2\n---\na: b\n", "a: ~\n",
		"a: \u2028b\n", "a: \u0085\n", "\ufeffa: b\n", "a: \x7f\n", "a: \xff\n", "---\n", "a: {b: [c\n", "a: |\n    \n  x\n",
	} {
		if agree(t, text) {
			t.Errorf("taken: %q", text)
		}
	}
}

// ruleFiles are the project's own YAML and the published rules.
func ruleFiles(t *testing.T) (texts []string) {
	t.Helper()
	for _, dir := range []string{"../..", "../../../shared/data"} {
		_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(p) != ".yaml" && filepath.Ext(p) != ".yml" {
				return nil // the published rules may not be there
			}
			text, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range split(text) {
				texts = append(texts, string(d.Text))
			}
			return nil
		})
	}
	return texts
}

func TestTheFastReaderOnRuleFiles(t *testing.T) {
	taken, rules := 0, 0
	for _, text := range ruleFiles(t) {
		if strings.Contains(text, "!Ref") || strings.Contains(text, "!Sub") {
			continue // CloudFormation
		}
		rules++
		if agree(t, text) {
			taken++
		}
	}
	if t.Logf("%d of %d documents taken", taken, rules); taken < rules*9/10 {
		t.Error("the fast reader no longer reads what rules are written in")
	}
}

// TestTheFastReaderNeverDiffers makes YAML and near-YAML out of pieces, and out
// of rule files by small changes.
func TestTheFastReaderNeverDiffers(t *testing.T) {
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 7))
	t.Logf("seed %d", seed)
	pieces := strings.Split("a|b: |c:|: |- |-|[|]|{|}|, |,|'|\"|#| #|\n|\n|\n  |\n    |\n- |\n  - |1|-1|1.5|.5|0x1|010|true|no|null|~|x y|é|\t|&a |*a|!!str |>|%|@|?|? |=|<<|---|...|\\|:|a.b|2020-01-01|12:30|a:b|//|1_0|+1|.inf|y|.", "|")
	pieces = append(pieces, "|\n", ": |\n  ", ": >-\n  ", "|+", "\n\n", "\n\n  ", "\n   ", "''", "\\n", " \n", "  # c\n", "k: ", "\nk2: ", "\n  k3: ", "{x: ", "['y']", "\u2028")
	files := ruleFiles(t)
	taken := 0
	for i := range 40_000 {
		text := ""
		if i%4 == 0 {
			text = changed(r, files[r.IntN(len(files))], pieces)
		} else {
			for range 1 + r.IntN(12) {
				text += pieces[r.IntN(len(pieces))]
			}
		}
		if agree(t, text) {
			taken++
		}
	}
	if taken < 1000 {
		t.Errorf("only %d texts taken; the test says little", taken)
	}
	t.Logf("%d taken", taken)
}

// changed is some lines of text, in which a piece was put in place of something.
func changed(r *rand.Rand, text string, pieces []string) string {
	lines := strings.SplitAfter(text, "\n")
	from := r.IntN(len(lines))
	text = strings.Join(lines[from:min(len(lines), from+12)], "")
	for range 1 + r.IntN(2) {
		at := r.IntN(len(text) + 1)
		end := min(len(text), at+r.IntN(3))
		text = text[:at] + pieces[r.IntN(len(pieces))] + text[end:]
	}
	return text
}

// TestTheFastReaderIsLinear reads two megabytes of what would take for ever if a
// line, a list or a text were looked at again for each of its parts.
func TestTheFastReaderIsLinear(t *testing.T) {
	for name, text := range map[string]string{
		"wide line":   "é: [" + strings.Repeat("a,", MaxNodes/2) + "b]\n",
		"wide text":   "a: é" + strings.Repeat(" b", MaxBytes/2-10) + "\n",
		"plain lines": "a: b\n" + strings.Repeat(" c\n", MaxBytes/3-10),
		"block text":  "a: |\n" + strings.Repeat(" c\n", MaxBytes/3-10),
		"quotes":      "a: '" + strings.Repeat("''", MaxBytes/2-10) + "'\n",
		"items":       strings.Repeat("- a\n", MaxNodes-10),
	} {
		if !agree(t, text) {
			t.Errorf("%s: not taken", name)
		}
	}
	for name, text := range map[string]string{
		"open quotes": strings.Repeat("- 'a\n", MaxBytes/5), "brackets": "a: " + strings.Repeat("[", MaxBytes-10), "many": "é: [" + strings.Repeat("a,", MaxBytes/2-10) + "b]\n",
		"keys": strings.Repeat("a:b", MaxBytes/3), "spaces": "a: |\n" + strings.Repeat(strings.Repeat(" ", 1000)+"\n", MaxBytes/1001-1),
	} {
		if _, ok := new(Reader).parseSimple(text, 1); ok {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzSimple(f *testing.F) {
	f.Add("a: |\n  b\n\n c\n  d: >-\n  e # f\n")
	f.Add("- a\n  b\n- 'c'': d'\n-  \"e\\n\": [f,\n  g] # h\n")
	f.Add("a:\n  - {b: [c, 'd'], e: \"f\"}\n  - g: -1\n    h: 0o7\n")
	f.Fuzz(func(t *testing.T, text string) { agree(t, text) })
}

func BenchmarkParse(b *testing.B) {
	text := []byte(fmt.Sprintf("id: rule-%d\ntitle: Rule\nseverity: high\nmatch:\n  where:\n    all:\n      - eventSource: {equals: iam.amazonaws.com}\n      - eventName: {in: [CreateUser, CreateAccessKey]}\n      - not: {errorCode: {exists: true}}\n", 1))
	b.Run("simple", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, ok := new(Reader).parseSimple(string(text), 1); !ok {
				b.Fatal("not taken")
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := parseAny(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
