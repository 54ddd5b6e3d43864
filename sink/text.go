package sink

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/trailwarden/trailwarden/internal/defang"
	"github.com/trailwarden/trailwarden/internal/visible"
	"golang.org/x/text/unicode/norm"
)

// Meter says how much of a limit one code point uses up in a target's unit.
type Meter func(rune) int

// Bytes counts octets of UTF-8.
func Bytes(r rune) int { return utf8.RuneLen(r) }

// Characters counts code points.
func Characters(rune) int { return 1 }

// UTF16 counts UTF-16 code units, the characters of JavaScript and Java.
func UTF16(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// Len is the length of s as m counts it.
func (m Meter) Len(s string) int {
	n := 0
	for _, r := range s {
		n += m(r)
	}
	return n
}

// Cut shortens s so that m counts at most limit, and says at the end how many
// code points are gone: "abc… (12 more characters)". It cuts between graphemes
// where their clusters are of a sane length, and always between code points;
// invalid UTF-8 becomes U+FFFD. A meter of escaped lengths lets a text be cut
// before it is escaped, so that no escape is cut in two.
func Cut(s string, limit int, m Meter) string {
	return cut(s, limit, m, func(n int) string { return fmt.Sprintf("… (%d more characters)", n) })
}

func cut(s string, limit int, m Meter, mark func(int) string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if fit(s, limit, m) == len(s) {
		return s
	}
	total := utf8.RuneCountInString(s)
	keep := limit - m.Len(mark(total))
	if keep <= 0 {
		return s[:boundary(s, fit(s, limit, m))]
	}
	i := boundary(s, fit(s, keep, m))
	return s[:i] + mark(total-utf8.RuneCountInString(s[:i]))
}

// fit is the length in bytes of the longest prefix of s that m counts as at
// most limit.
func fit(s string, limit int, m Meter) int {
	n := 0
	for i, r := range s {
		if n += m(r); n > limit {
			return i
		}
	}
	return len(s)
}

// longestCluster bounds the bytes of a grapheme that is kept in one piece.
const longestCluster = 128

// boundary is the last grapheme boundary at or before i, a code point boundary
// of s; i itself when the grapheme there is absurdly long.
func boundary(s string, i int) int {
	if i == 0 || i == len(s) {
		return i
	}
	start := max(i-longestCluster, 0)
	for start > 0 && !utf8.RuneStart(s[start]) {
		start--
	}
	for j := i; j > start; j-- { // two ASCII characters always have a boundary between them
		if s[j] < utf8.RuneSelf && s[j-1] < utf8.RuneSelf && s[j] != '\n' {
			start = j
			break
		}
	}
	for at := start; at < i; {
		cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(s[at:min(len(s), i+longestCluster)], -1)
		if at+len(cluster) > i {
			if at == start && start > 0 && i-at >= longestCluster/2 {
				return i
			}
			return at
		}
		at += len(cluster)
	}
	return i
}

// Clean is s as valid UTF-8 in which characters that hide, move the cursor or
// turn the reading order are written out (\u202e); line breaks and tabs stay,
// CR LF becomes LF.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.Contains(s, "\r\n") {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	return visible.Lines(s)
}

// Line is Clean on one line: every run of white space becomes one space.
func Line(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return visible.Text(strings.Join(strings.Fields(s), " "))
}

// Subject is s on one line of printable ASCII that starts with a letter, a
// number or punctuation and has at most limit characters: what every mail
// client shows. Accents go; what has no ASCII form becomes a question mark.
func Subject(s string, limit int) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(Line(s)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		default:
			b.WriteByte('?')
		}
	}
	return cut(strings.TrimSpace(b.String()), limit, Characters,
		func(n int) string { return fmt.Sprintf("... (+%d)", n) })
}

// Defang writes links in s so that no program makes them clickable:
// https://evil.example becomes hxxps[:]//evil[.]example. S3 locations, mail
// addresses and the names of AWS services stay as they are.
func Defang(s string) string { return defang.Text(s) }

// SlackText escapes s for any text object of Slack: exactly the three
// characters that its documentation on formatting names.
func SlackText(s string) string { return slackText.Replace(s) }

var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// SlackEscaped counts what a code point becomes under SlackText, in UTF-16 units.
func SlackEscaped(r rune) int {
	switch r {
	case '&':
		return 5
	case '<', '>':
		return 4
	}
	return UTF16(r)
}

const markdown = "\\`*_{}[]()#<>&~|!"

// Markdown escapes s, one line, for the Markdown subset of Adaptive Cards: a
// backslash before everything that could start a construct.
func Markdown(s string) string {
	var b strings.Builder
	for i, r := range s {
		if strings.ContainsRune(markdown, r) || i == 0 && (r == '-' || r == '+') || listed(s, i, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// listed tells the dot of "1." at the start of s, which would start a list.
func listed(s string, i int, r rune) bool {
	return r == '.' && i > 0 && i < 10 && strings.Trim(s[:i], "0123456789") == ""
}

// MarkdownEscaped counts what a code point becomes under Markdown at most, in bytes.
func MarkdownEscaped(r rune) int {
	if strings.ContainsRune(markdown+"-+.", r) {
		return 2
	}
	return Bytes(r)
}
