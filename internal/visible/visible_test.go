package visible_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/visible"
)

func TestTextShowsWhatATerminalWouldObey(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "CreateUser 10.0.0.1", "CreateUser 10.0.0.1"},
		{"other scripts stay", "Zürich 東京", "Zürich 東京"},
		{"colour", "\x1b[31mred", `\x1b[31mred`},
		{"C1 control", "a\u009b2Jb", `a\u009b2Jb`},
		{"reading order", "a\u202eb", `a\u202eb`},
		{"zero width", "a\u200bb", `a\u200bb`},
		{"line break", "a\nb", `a\x0ab`},
		{"invalid UTF-8", "a\xffb", `a\xffb`},
		{"real replacement character", "a\uFFFDb", "a\uFFFDb"},
		{"tag", "a\U000e0041b", `a\U000e0041b`},
		{"blank letter", "a\u3164b", `a\u3164b`},
	} {
		if got := visible.Text(c.in); got != c.want {
			t.Errorf("%s: Text(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func TestLinesKeepsBreaksAndTabsOnly(t *testing.T) {
	if got := visible.Lines("a\tb\n\x1bc"); got != "a\tb\n\\x1bc" {
		t.Errorf("Lines = %q", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b[0m\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		out := visible.Text(s)
		if !utf8.ValidString(out) {
			t.Fatalf("Text(%q) = %q: not UTF-8", s, out)
		}
		for _, r := range out {
			if r != utf8.RuneError && !unicode.IsPrint(r) {
				t.Fatalf("Text(%q) = %q holds %U", s, out, r)
			}
		}
	})
}
