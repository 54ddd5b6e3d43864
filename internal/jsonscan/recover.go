package jsonscan

// Skim passes over a value too large or too deep to check: it counts brackets
// only, and needs no more of the text than the part it is in.
type Skim struct {
	started bool
	quoted  bool // the value is a string
	depth   int
}

// Open tells whether the value has started and not ended yet.
func (s *Skim) Open() bool {
	if s.quoted {
		return s.depth < 2
	}
	return s.depth > 0
}

// Skim goes on from offset i, where the value starts or where the last call
// stopped. It returns the offset after the value and true, or how far it came
// and false; then the text must slide on to there.
func (x *Index) Skim(s *Skim, i int) (int, bool) {
	if !s.started {
		s.started = true
		if s.quoted = x.text[i] == '"'; !s.quoted && x.text[i] != '{' && x.text[i] != '[' {
			return skimScalar(x.text, i), true
		}
	}
	x.keep = i
	for {
		k := x.seek(i)
		for ; k < len(x.marks) && int(x.marks[k]) < len(x.text); k++ {
			at := int(x.marks[k])
			switch c := x.text[at]; {
			case c == '"' && s.quoted:
				if s.depth++; s.depth == 2 {
					return at + 1, true
				}
			case s.quoted:
			case c == '{' || c == '[':
				s.depth++
			case c == '}' || c == ']':
				if s.depth--; s.depth == 0 {
					return at + 1, true
				}
			}
		}
		i = max(i, x.done)
		x.keep = i
		if !x.extend(chunk) {
			return i, x.final
		}
	}
}

func skimScalar(b []byte, i int) int {
	for i < len(b) && b[i] != ',' && b[i] != ']' && b[i] != '}' && b[i] != '\n' {
		i++
	}
	return i
}

// Recover looks for the end of a value that Parse refused: the place where the
// brackets opened from text[i] on have closed, each with its own kind. It
// stops early, with found false, where starts says that the next value begins,
// and gives up after within bytes. The error is ErrMore, or nil with end -1 when
// the brackets do not match.
func (x *Index) Recover(i, within int, starts func(at int) bool) (end int, found bool, err error) {
	stack := make([]byte, 0, 16)
	from := i
	for {
		k := x.seek(from)
		for ; k < len(x.marks) && int(x.marks[k]) < len(x.text); k++ {
			at := int(x.marks[k])
			switch c := x.text[at]; c {
			case '{', '[':
				if at > i && c == '{' && starts(at) {
					return at, false, nil
				}
				stack = append(stack, c+2)
			case '}', ']':
				if len(stack) == 0 || stack[len(stack)-1] != c {
					return -1, false, nil
				}
				if stack = stack[:len(stack)-1]; len(stack) == 0 {
					return at + 1, true, nil
				}
			}
		}
		from = max(from, x.done)
		if from-i > within {
			return -1, false, nil
		}
		if !x.extend(x.step) {
			if x.final {
				return -1, false, nil
			}
			return 0, false, ErrMore
		}
	}
}
