package sigma

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// matchSet gathers the alternatives for one field, plain texts of the same kind
// into one detect.Text, which the engine looks up at once.
type matchSet struct {
	keyword bool
	list    []detect.Match
	texts   map[textClass]int // index in list
}

type textClass struct {
	op    detect.TextOp
	fold  bool
	kinds detect.Kinds
}

func (m *matchSet) add(x detect.Match) { m.list = append(m.list, x) }

// match is any of the alternatives; nil when there are none.
func (m *matchSet) match() detect.Match {
	switch len(m.list) {
	case 0:
		return nil
	case 1:
		return m.list[0]
	}
	return detect.MatchAny(m.list)
}

func (m *matchSet) addValue(v value) {
	if m.keyword {
		v = asText(v)
	}
	switch v.kind {
	case textValue:
		m.addText(v)
	case numberValue:
		m.add(detect.Num{Op: detect.NumEqual, Value: v.number, Kinds: detect.Numbers | detect.Strings, Wide: true})
	case boolValue:
		m.addPlain(textClass{detect.Equal, true, detect.Bools | detect.Strings}, v.String())
	case compareValue:
		m.add(detect.Num{Op: v.op, Value: v.number, Kinds: detect.Numbers | detect.Strings, Wide: true})
	case timePartValue:
		m.addTimePart(v)
	case networkValue:
		m.add(detect.CIDR{Prefix: v.prefix.Masked(), Kinds: detect.Strings})
	case existsValue:
		m.add(detect.Exists)
	case regexpValue:
		// checked when it was read
		if re, err := compileRegexp(source(v.pieces), v.flags); err == nil {
			m.add(detect.Regexp{Re: re, Kinds: textKinds})
		}
	}
}

// addText tests a text. Within an object's compact JSON the texts have escapes, so
// what has to be escaped is looked for in both spellings there.
func (m *matchSet) addText(v value) {
	pieces := joinPieces(nil, v.pieces)
	if m.keyword {
		pieces = surround(pieces, true, true)
	}
	pieces = collapse(pieces)
	m.addPieces(pieces, !v.cased, kindsOf(pieces))
	if within := escaped(pieces); len(pieces) > 0 && pieces[0].kind == anyRun && !slices.Equal(within, pieces) {
		m.addPieces(within, !v.cased, detect.Containers)
	}
}

// escaped spells literals as they stand within a JSON string.
func escaped(pieces []piece) []piece {
	out := slices.Clone(pieces)
	for i, p := range out {
		if p.kind == literal {
			text := jsonscan.AppendString(nil, []byte(p.text))
			out[i].text = string(text[1 : len(text)-1])
		}
	}
	return out
}

// addPieces chooses the plainest test that says what the pieces say.
func (m *matchSet) addPieces(pieces []piece, fold bool, kinds detect.Kinds) {
	if len(pieces) == 1 && pieces[0].kind == anyRun {
		m.add(detect.Is(textKinds))
		return
	}
	core := pieces
	before := len(core) > 0 && core[0].kind == anyRun
	if before {
		core = core[1:]
	}
	after := len(core) > 0 && core[len(core)-1].kind == anyRun
	if after {
		core = core[:len(core)-1]
	}
	text, plain := value{pieces: core}.plain()
	if !plain {
		m.add(detect.Glob{Pieces: globPieces(pieces), Fold: fold, Kinds: kinds})
		return
	}
	op := detect.Equal
	switch {
	case before && after:
		op = detect.Contains
	case before:
		op = detect.HasSuffix
	case after:
		op = detect.HasPrefix
	}
	m.addPlain(textClass{op, fold, kinds}, text)
}

func (m *matchSet) addPlain(c textClass, text string) {
	if i, ok := m.texts[c]; ok {
		t := m.list[i].(detect.Text)
		t.Values = append(t.Values, text)
		m.list[i] = t
		return
	}
	if m.texts == nil {
		m.texts = map[textClass]int{}
	}
	m.texts[c] = len(m.list)
	m.add(detect.Text{Op: c.op, Values: []string{text}, Fold: c.fold, Kinds: c.kinds})
}

// kindsOf leaves objects and arrays out where their text, which begins with a
// bracket, cannot match.
func kindsOf(pieces []piece) detect.Kinds {
	if len(pieces) == 0 {
		return detect.Strings
	}
	if pieces[0].kind == literal && !strings.HasPrefix(pieces[0].text, "{") && !strings.HasPrefix(pieces[0].text, "[") {
		return detect.Scalars
	}
	return textKinds
}

// collapse makes runs of "*" one.
func collapse(pieces []piece) []piece {
	out := make([]piece, 0, len(pieces))
	for _, p := range pieces {
		if p.kind == anyRun && len(out) > 0 && out[len(out)-1].kind == anyRun {
			continue
		}
		out = append(out, p)
	}
	return out
}

func globPieces(pieces []piece) []detect.Piece {
	out := make([]detect.Piece, len(pieces))
	for i, p := range pieces {
		switch p.kind {
		case anyRun:
			out[i] = detect.Piece{Kind: detect.AnyRun}
		case anyChar:
			out[i] = detect.Piece{Kind: detect.AnyChar}
		default:
			out[i] = detect.Piece{Kind: detect.Literal, Text: p.text}
		}
	}
	return out
}

// timeBounds are the least and the most that each part of a time can be.
// CloudTrail began in 2013; time stamps outside these years are no time of any event.
var timeBounds = [...][2]int{
	detect.Minute: {0, 59}, detect.Hour: {0, 23}, detect.Day: {1, 31}, detect.Week: {1, 53}, detect.Month: {1, 12}, detect.Year: {1970, 2199},
}

// addTimePart spells a comparison out, as parts of a time are few.
func (m *matchSet) addTimePart(v value) {
	if !v.within {
		m.add(detect.TimePart{Unit: v.unit, Value: int(v.number.Value)})
		return
	}
	parts := v.timeParts()
	any := make(detect.MatchAny, len(parts))
	for i, n := range parts {
		any[i] = detect.TimePart{Unit: v.unit, Value: n}
	}
	m.add(any)
}

// timeParts are the values that v asks for and a time can have.
func (v value) timeParts() []int {
	var parts []int
	n := int(v.number.Value)
	for i := timeBounds[v.unit][0]; i <= timeBounds[v.unit][1]; i++ {
		if !v.within && i == n || v.within && (v.op == detect.NumLess && i < n || v.op == detect.NumLessEqual && i <= n ||
			v.op == detect.NumGreater && i > n || v.op == detect.NumGreaterEqual && i >= n) {
			parts = append(parts, i)
		}
	}
	return parts
}
