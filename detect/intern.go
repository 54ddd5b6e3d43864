package detect

import (
	"encoding/binary"
	"fmt"
)

// The functions here write paths and matches as bytes, so that equal ones are
// found by a map lookup. Every part carries its length or has a fixed one.

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendPath(b []byte, p Path) []byte {
	b = append(b, byte(p.Root), flag(p.Cross), byte(p.Dotted), flag(p.Fold), byte(p.End))
	b = binary.AppendUvarint(b, uint64(len(p.Steps)))
	for _, st := range p.Steps {
		b = append(b, byte(st.Kind))
		switch st.Kind {
		case StepKey:
			b = appendText(b, st.Key)
		case StepIndex:
			b = binary.AppendVarint(b, int64(st.Index))
		}
	}
	return b
}

func appendMatches(b []byte, kind byte, ms []Match) []byte {
	b = binary.AppendUvarint(append(b, kind), uint64(len(ms)))
	for _, m := range ms {
		b = appendMatch(b, m)
	}
	return b
}

func appendMatch(b []byte, m Match) []byte {
	switch m := m.(type) {
	case MatchAll:
		return appendMatches(b, 'a', m)
	case MatchAny:
		return appendMatches(b, 'o', m)
	case MatchNot:
		return appendMatch(append(b, 'n'), m.X)
	case Is:
		return append(b, 'k', byte(m))
	case Text:
		b = append(b, 't', byte(m.Op), flag(m.Fold), byte(m.Kinds), flag(m.Raw))
		b = binary.AppendUvarint(b, uint64(len(m.Values)))
		for _, v := range m.Values {
			b = appendText(b, v)
		}
		return b
	case Glob:
		b = append(b, 'g', flag(m.Fold), byte(m.Kinds))
		b = binary.AppendUvarint(b, uint64(len(m.Pieces)))
		for _, p := range m.Pieces {
			b = appendText(append(b, byte(p.Kind)), p.Text)
		}
		return b
	case Regexp:
		return appendText(append(b, 'r', byte(m.Kinds), flag(m.Raw)), m.Re.String())
	case Num:
		return appendText(append(b, '#', byte(m.Op), byte(m.Kinds), flag(m.Wide), flag(m.Value.Exact)), m.Value.Text)
	case CIDR:
		return appendText(append(b, 'c', byte(m.Kinds), flag(m.Padded)), m.Prefix.String())
	case TimePart:
		return binary.AppendVarint(append(b, '@', byte(m.Unit)), int64(m.Value))
	}
	panic(fmt.Sprintf("detect: unknown match %T", m))
}
