package yamldoc

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// agree fails when the fast reader accepts text and differs from the library.
func agree(t *testing.T, text string) bool {
	t.Helper()
	n, ok := parseSimple([]byte(text))
	if !ok {
		return false
	}
	want, err := parseAny([]byte(text))
	if err != nil || len(want) != 1 {
		t.Fatalf("%q: accepted; the library gives %d documents, %v", text, len(want), err)
	}
	if d := cmp.Diff(want[0], n); d != "" {
		t.Fatalf("%q (library -, fast +):\n%s", text, d)
	}
	return true
}

func TestTheFastReaderTakesPlainRules(t *testing.T) {
	for _, text := range []string{
		"id: a\nmatch:\n  where:\n    all:\n      - eventSource: {equals: iam.amazonaws.com}\n      - eventName: {in: [CreateUser, 'x y', \"z\", 1, true, null]}\n      - not: {errorCode: {exists: true}}\n",
		"# comment\nrules:\n- id: a\n  severity: high\n\n- id: b\n  tags: [attack.t1078, x-y]\n  numbers: [1.5, -2, 010, 0x1F, 1e3, 2020-01-01]\n",
		"---\na: b\n",
		"a: arn:aws:iam::111122223333:role/x\nb: https://example.com/a?b=c\nc: x - y, z\n",
	} {
		if !agree(t, text) {
			t.Errorf("not taken: %q", text)
		}
	}
}

func TestTheFastReaderLeavesTheRest(t *testing.T) {
	for _, text := range []string{
		"a: &x 1\nb: *x\n", "a: |\n  text\n", "a: b # c\n", "a: b\n  c\n", "a:\n", "a: !!str 1\n", "? a\n: b\n", "a: \"x\\n\"\n",
		"a: 'it''s'\n", "a: {b: c\n  }\n", "é: x\n", "a: b\n---\nc: d\n", "a: x\na: y\n", "<<: x\n", "\ta: b\n", "a: b\r\n", "a: - b\n",
		"- - a\n", "a: [b]c\n", "a: {b}\n", "a: {b:c}\n", "- a: 1\n - b: 2\n", "a: b: c\n", "", "x\n", "%YAML 1.2\n---\na: b\n", "a: ~\n",
	} {
		if agree(t, text) {
			t.Errorf("taken: %q", text)
		}
	}
}

func TestTheFastReaderOnTheProjectsYAML(t *testing.T) {
	taken, all := 0, 0
	err := filepath.WalkDir("../..", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(p) != ".yaml" && filepath.Ext(p) != ".yml" {
			return err
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		all++
		if agree(t, string(text)) {
			taken++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d files taken", taken, all)
}

// TestTheFastReaderNeverDiffers makes YAML and near-YAML out of pieces.
func TestTheFastReaderNeverDiffers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 7))
	t.Logf("seed %d", seed)
	pieces := strings.Split("a|b: |c:|: |- |-|[|]|{|}|, |,|'|\"|#| #|\n|\n|\n  |\n    |\n- |\n  - |1|-1|1.5|.5|0x1|010|true|no|null|~|x y|é|\t|&a |*a|!!str |>|%|@|?|? |=|<<|---|...|\\|:|a.b|2020-01-01|12:30|a:b|//|1_0|+1|.inf|y|.", "|")
	taken := 0
	for range 60_000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		if agree(t, b.String()) {
			taken++
		}
	}
	if taken < 100 {
		t.Errorf("only %d texts taken; the test says little", taken)
	}
	t.Logf("%d taken", taken)
}

func FuzzSimple(f *testing.F) {
	f.Add("a:\n  - {b: [c, 'd'], e: \"f\"}\n  - g: -1\n    h: 0o7\n")
	f.Fuzz(func(t *testing.T, text string) { agree(t, text) })
}

func BenchmarkParse(b *testing.B) {
	text := []byte(fmt.Sprintf("id: rule-%d\ntitle: Rule\nseverity: high\nmatch:\n  where:\n    all:\n      - eventSource: {equals: iam.amazonaws.com}\n      - eventName: {in: [CreateUser, CreateAccessKey]}\n      - not: {errorCode: {exists: true}}\n", 1))
	b.Run("simple", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, ok := parseSimple(text); !ok {
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
