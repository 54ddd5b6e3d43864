package sigma

import (
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

type valueKind uint8

const (
	textValue valueKind = iota
	numberValue
	boolValue
	nullValue
	regexpValue
	networkValue
	compareValue
	timePartValue
	fieldValue
	existsValue
)

var valueKindNames = [...]string{
	"text", "a number", "a boolean", "null", "a regular expression", "a network",
	"a comparison", "a part of a time", "a field reference", "an existence test",
}

func (k valueKind) String() string { return valueKindNames[k] }

// value is one operand of a detection item after its modifiers were applied.
type value struct {
	kind   valueKind
	pieces []piece // text, and a regular expression's source
	cased  bool    // text, field reference
	flags  string  // regular expression: of "ims"
	truth  bool    // boolean, existence
	number detect.Decimal
	op     detect.NumOp
	unit   detect.TimeUnit // part of a time
	within bool            // comparison: of a part of a time
	prefix netip.Prefix
	field  string
	starts bool // field reference: the other field's text stands at the start,
	ends   bool // at the end, or with both anywhere
}

type pieceKind uint8

const (
	literal pieceKind = iota
	anyRun
	anyChar
	placeholder // text is its name
)

type piece struct {
	kind pieceKind
	text string
}

// newValue reads one YAML scalar. With placeholders, %name% stands for
// configured values; with verbatim, as for regular expressions, text has
// neither wildcards nor escapes.
func newValue(n *yamldoc.Node, placeholders, verbatim bool) value {
	switch {
	case n.Kind == yamldoc.Null:
		return value{kind: nullValue}
	case verbatim:
		return value{kind: textValue, pieces: parseVerbatim(n.Text, placeholders)}
	case n.Kind == yamldoc.Bool:
		return value{kind: boolValue, truth: n.Bool(), pieces: literalPieces(n.Text)}
	case n.Kind == yamldoc.Number:
		if d, ok := yamlNumber(n.Text); ok {
			return value{kind: numberValue, number: d, pieces: literalPieces(n.Text)}
		}
	}
	return value{kind: textValue, pieces: parseText(n.Text, placeholders)}
}

func literalPieces(s string) []piece {
	if s == "" {
		return nil
	}
	return []piece{{literal, s}}
}

// parseText reads wildcards and escapes: a backslash escapes only "*", "?" and
// "\" (and "%" where placeholders are read) and is itself before anything else.
func parseText(s string, placeholders bool) []piece {
	var out []piece
	var lit strings.Builder
	add := func(p piece) {
		if lit.Len() > 0 {
			out = append(out, piece{literal, lit.String()})
			lit.Reset()
		}
		if p.kind != literal {
			out = append(out, p)
		}
	}
	for i := 0; i < len(s); i++ {
		name := ""
		if placeholders && s[i] == '%' {
			name = placeholderName(s[i:])
		}
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && escapable(s[i+1], placeholders):
			i++
			lit.WriteByte(s[i])
		case c == '*':
			add(piece{kind: anyRun})
		case c == '?':
			add(piece{kind: anyChar})
		case name != "":
			add(piece{placeholder, name})
			i += len(name) + 1
		default:
			lit.WriteByte(c)
		}
	}
	add(piece{})
	return out
}

func escapable(c byte, placeholders bool) bool {
	return c == '*' || c == '?' || c == '\\' || placeholders && c == '%'
}

// parseVerbatim reads placeholders only; "\%" stays, being a literal percent
// sign in a regular expression too.
func parseVerbatim(s string, placeholders bool) []piece {
	if !placeholders {
		return literalPieces(s)
	}
	var out []piece
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '%':
			if name := placeholderName(s[i:]); name != "" {
				out = append(append(out, literalPieces(s[start:i])...), piece{placeholder, name})
				i += len(name) + 1
				start = i + 1
			}
		}
	}
	return append(out, literalPieces(s[start:])...)
}

// placeholderName is the name in "%name%…", or "" when s does not start so.
func placeholderName(s string) string {
	end := strings.IndexByte(s[1:], '%')
	if end <= 0 || strings.ContainsAny(s[1:1+end], "\\*?") {
		return ""
	}
	return s[1 : 1+end]
}

// yamlNumber reads a number in any of YAML's spellings. A literal with leading
// zeros is none: it is an account number that lost its quotes.
func yamlNumber(s string) (detect.Decimal, bool) {
	if d, ok := detect.ParseDecimal(s); ok {
		return d, true
	}
	plain := strings.TrimPrefix(strings.ReplaceAll(s, "_", ""), "+")
	if d, ok := detect.ParseDecimal(plain); ok {
		return d, true
	}
	if len(plain) > 2 && plain[0] == '0' && strings.ContainsRune("xob", rune(plain[1])) {
		n, err := strconv.ParseInt(plain, 0, 64)
		return detect.Int(n), err == nil
	}
	if len(plain) > 1 && plain[0] == '0' && plain[1] != '.' {
		return detect.Decimal{}, false
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return detect.Decimal{}, false
	}
	return detect.ParseDecimal(strconv.FormatFloat(f, 'g', -1, 64))
}

// plain is a text without wildcards or placeholders.
func (v value) plain() (string, bool) {
	switch {
	case len(v.pieces) == 0:
		return "", true
	case len(v.pieces) == 1 && v.pieces[0].kind == literal:
		return v.pieces[0].text, true
	}
	return "", false
}

func (v value) hasPlaceholder() bool {
	return v.holdsPlaceholder(func(string) bool { return true })
}

// holdsPlaceholder tells whether v has a placeholder of such a name.
func (v value) holdsPlaceholder(such func(name string) bool) bool {
	for _, p := range v.pieces {
		if p.kind == placeholder && such(p.text) {
			return true
		}
	}
	return false
}

// written is the text of pieces as Sigma spells it.
func written(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		switch p.kind {
		case anyRun:
			b.WriteByte('*')
		case anyChar:
			b.WriteByte('?')
		case placeholder:
			b.WriteString("%" + p.text + "%")
		default:
			b.WriteString(escapeText(p.text))
		}
	}
	return b.String()
}

// escapeText writes s so that parseText reads it back as one literal.
func escapeText(s string) string { return escapes.Replace(s) }

var (
	escapes      = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)
	plainEscapes = strings.NewReplacer(`*`, `\*`, `?`, `\?`)
)
