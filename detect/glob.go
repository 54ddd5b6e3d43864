package detect

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Pattern is g as text: * is any run and ? any character, and a backslash makes
// them, and itself, literal.
func (g Glob) Pattern() string {
	escapes := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)
	var b strings.Builder
	for _, p := range g.Pieces {
		switch p.Kind {
		case AnyRun:
			b.WriteByte('*')
		case AnyChar:
			b.WriteByte('?')
		default:
			b.WriteString(escapes.Replace(p.Text))
		}
	}
	return b.String()
}

// globber is a compiled Glob: runs of literals and single characters, with any
// run of characters between them. It looks for each run at its leftmost place,
// which never loses a match, so it does not backtrack over earlier runs.
type globber struct {
	runs       [][]globPiece
	start, end bool // the first run starts the text, the last one ends it
}

// globPiece is a literal, or one character of any kind when text is nil.
type globPiece struct{ text []byte }

func newGlobber(pieces []Piece) *globber {
	g := &globber{start: true, end: true, runs: [][]globPiece{nil}}
	for i, p := range pieces {
		if p.Kind != AnyRun {
			last := len(g.runs) - 1
			q := globPiece{}
			if p.Kind == Literal {
				q.text = append([]byte{}, p.Text...)
			}
			g.runs[last] = append(g.runs[last], q)
			continue
		}
		if i == 0 {
			g.start = false
		}
		if len(g.runs[len(g.runs)-1]) > 0 {
			g.runs = append(g.runs, nil)
		}
	}
	if last := len(g.runs) - 1; last > 0 && len(g.runs[last]) == 0 {
		g.runs, g.end = g.runs[:last], false
	}
	if len(pieces) > 0 && pieces[len(pieces)-1].Kind == AnyRun {
		g.end = false
	}
	return g
}

func (g *globber) match(s []byte) bool {
	runs := g.runs
	if g.start {
		n := runAt(runs[0], s)
		if n < 0 {
			return false
		}
		s, runs = s[n:], runs[1:]
		if len(runs) == 0 {
			return !g.end || len(s) == 0
		}
	}
	for i, run := range runs {
		if i == len(runs)-1 && g.end {
			return runEnds(run, s)
		}
		at, n := findRun(run, s)
		if at < 0 {
			return false
		}
		s = s[at+n:]
	}
	return true
}

// runAt is the number of bytes that run takes at the start of s, or -1.
func runAt(run []globPiece, s []byte) int {
	n := 0
	for _, p := range run {
		if p.text == nil {
			if n == len(s) {
				return -1
			}
			_, w := utf8.DecodeRune(s[n:])
			n += w
			continue
		}
		if !bytes.HasPrefix(s[n:], p.text) {
			return -1
		}
		n += len(p.text)
	}
	return n
}

// findRun is the first place where a character of s starts and run fits.
func findRun(run []globPiece, s []byte) (at, n int) {
	var lead []byte
	if len(run) > 0 {
		lead = run[0].text
	}
	for i := 0; i <= len(s); i++ {
		if len(lead) > 0 {
			j := bytes.Index(s[i:], lead)
			if j < 0 {
				return -1, 0
			}
			i += j
		}
		if i < len(s) && !utf8.RuneStart(s[i]) {
			continue
		}
		if n := runAt(run, s[i:]); n >= 0 {
			return i, n
		}
	}
	return -1, 0
}

// runEnds tells whether run fits so that it ends with s.
func runEnds(run []globPiece, s []byte) bool {
	least, chars := 0, 0
	for _, p := range run {
		least += len(p.text)
		if p.text == nil {
			chars++
		}
	}
	for i := max(0, len(s)-least-chars*utf8.UTFMax); i <= len(s)-least-chars; i++ {
		if i < len(s) && !utf8.RuneStart(s[i]) {
			continue
		}
		if runAt(run, s[i:]) == len(s)-i {
			return true
		}
	}
	return false
}
