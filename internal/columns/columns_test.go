package columns_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/columns"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"東京都", 6, "東京都"},
		{"東京都", 5, "東京…"},
		{"東京都", 4, "東…"},
		{"Ze\u0301ro", 4, "Ze\u0301ro"},
		{"Ze\u0301ros", 4, "Ze\u0301r…"},
		{"ü", 1, "ü"},
		{"üx", 1, "…"},
		{"x", 0, "…"},
		{"", 0, ""},
	} {
		got := columns.Cut(c.in, c.width)
		if got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
	if got := columns.Cut("a"+strings.Repeat("\u0301", 1<<20), 20); utf8.RuneCountInString(got) > 100 {
		t.Errorf("a letter with a million marks gives %d characters", utf8.RuneCountInString(got))
	}
}

func FuzzCut(f *testing.F) {
	f.Add("Zürich 東京 e\u0301", 7)
	f.Fuzz(func(t *testing.T, s string, width int) {
		width = 1 + width&63
		got := columns.Cut(s, width)
		if columns.Width(got) > width {
			t.Errorf("Cut(%q, %d) = %q takes %d columns", s, width, got, columns.Width(got))
		}
		if head, cut := strings.CutSuffix(got, "…"); got != s && (!cut || !strings.HasPrefix(s, head)) {
			t.Errorf("Cut(%q, %d) = %q", s, width, got)
		}
	})
}
