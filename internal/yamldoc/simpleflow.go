package yamldoc

import "strings"

// flow reads the mapping or list in brackets, which may go on over lines.
func (s *simple) flow(depth int) *Node {
	if depth > MaxDepth-2 || s.bad {
		return s.fail()
	}
	kind, end := Map, byte('}')
	if s.text[s.at] == '[' {
		kind, end = List, ']'
	}
	n := s.node(kind, s.at)
	from := s.room.mark()
	s.at++
	for first := true; !s.bad; first = false {
		if s.skip(); s.take(end) {
			break
		}
		if !first {
			if !s.take(',') {
				return s.fail()
			}
			s.skip()
		}
		if kind == Map {
			s.member(from, depth)
		} else {
			s.room.push(s.flowValue(depth + 1))
		}
	}
	if s.bad {
		return s.fail()
	}
	if kind == Map {
		n.Keys, n.Values = s.room.pairs(from)
	} else {
		n.Values = s.room.items(from)
	}
	return n
}

// skip moves over blanks, comments and line ends to the next thing in brackets.
func (s *simple) skip() {
	for !s.bad {
		from := s.at
		for s.at < s.end && s.text[s.at] == ' ' {
			s.at++
		}
		if s.at < s.end && (s.text[s.at] != '#' || s.at == from) {
			return
		}
		if s.advance(); s.eof {
			s.bad = true
		}
	}
}

func (s *simple) take(c byte) bool {
	if !s.bad && s.at < s.end && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// member reads a key in brackets and its value.
func (s *simple) member(from, depth int) {
	if s.bad {
		return
	}
	var key *Node
	quoted := false
	switch s.text[s.at] {
	case '{', '[':
		s.bad = true
		return
	case '\'', '"':
		key, quoted = s.quoted(), true
	default:
		key = s.flowPlain(true)
	}
	if s.bad || key.Text == "<<" || len(key.Text) > maxSimpleKey || !s.take(':') ||
		!quoted && s.at < s.end && s.text[s.at] != ' ' || !s.room.fresh(from, key) {
		s.bad = true
		return
	}
	s.skip()
	s.room.push(key, s.flowValue(depth+1))
}

// flowValue reads one value in brackets.
func (s *simple) flowValue(depth int) *Node {
	if s.bad {
		return s.fail()
	}
	switch s.text[s.at] {
	case '{', '[':
		return s.flow(depth)
	case '\'', '"':
		return s.quoted()
	}
	return s.flowPlain(false)
}

// flowPlain reads a plain scalar in brackets: up to a comma or bracket or, of a
// key, the colon.
func (s *simple) flowPlain(key bool) *Node {
	rest := s.text[s.at:s.end]
	if !plainStart(rest) && !negative(rest) {
		return s.fail()
	}
	i := 0
scan:
	for ; i < len(rest); i++ {
		switch c := rest[i]; c {
		case ',', ']', '}':
			break scan
		case ':':
			if key && (i+1 == len(rest) || rest[i+1] == ' ') {
				break scan
			}
			if i+1 == len(rest) || strings.IndexByte(" ,[]{}?#", rest[i+1]) >= 0 {
				return s.fail()
			}
		case '{', '[', '?':
			return s.fail()
		case '#':
			if rest[i-1] == ' ' {
				break scan
			}
		}
	}
	text := strings.TrimRight(rest[:i], " ")
	if key && len(text) != i {
		return s.fail()
	}
	n := s.scalar(text, s.at)
	s.at += len(text)
	return n
}
