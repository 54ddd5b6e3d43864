package plan

import (
	"strings"
	"unicode"
)

// Contested tells whether another stack has a parameter of the same name that
// means something else, so that one variable cannot stand for both.
func (p *Plan) Contested(q Parameter) bool {
	for _, s := range p.Stacks {
		if o := s.Parameter(q.Name); o != nil && (o.Default != q.Default || o.Required != q.Required || o.Type != q.Type || o.Pattern != q.Pattern) {
			return true
		}
	}
	return false
}

// Variable is the name, in lower case with underscores, of a parameter among
// those of all stacks.
func (p *Plan) Variable(s *Stack, q Parameter) string {
	if p.Contested(q) {
		return Snake(s.Name) + "_" + Snake(q.Name)
	}
	return Snake(q.Name)
}

// Snake is a name in lower case with underscores: SNSTopicARN is sns_topic_arn.
func Snake(name string) string {
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			b.WriteByte('_')
			continue
		}
		upper := unicode.IsUpper(r)
		begins := i > 0 && upper && (!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if begins && b.Len() > 0 && !strings.HasSuffix(b.String(), "_") {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
