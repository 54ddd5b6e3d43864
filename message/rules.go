package message

import (
	"slices"
	"strings"
	"sync"

	"github.com/trailwarden/trailwarden/alert"
)

// mostRules bounds the rules whose words are remembered.
const mostRules = 1024

// rules remembers what messages say of rules: all alerts of a rule say the same.
type rules struct {
	mu   sync.Mutex
	said map[string]saidRule // by ID
}

// saidRule is what is said of a rule as it was.
type saidRule struct {
	was  alert.Rule
	said Rule
}

// rule says what r says; what it returns is not to be changed.
func (b *Builder) rule(r *alert.Rule) Rule {
	if r == nil {
		return Rule{}
	}
	b.rules.mu.Lock()
	known, ok := b.rules.said[r.ID]
	b.rules.mu.Unlock()
	if ok && sameWords(&known.was, r) {
		return known.said
	}
	known = saidRule{*r, b.sayRule(r)}
	known.was.Tags, known.was.References, known.was.FalsePositives = slices.Clone(r.Tags), slices.Clone(r.References), slices.Clone(r.FalsePositives)
	b.rules.mu.Lock()
	defer b.rules.mu.Unlock()
	if len(b.rules.said) >= mostRules || b.rules.said == nil {
		b.rules.said = map[string]saidRule{}
	}
	b.rules.said[r.ID] = known
	return known.said
}

// sameWords tells whether messages say the same of two rules.
func sameWords(x, y *alert.Rule) bool {
	return x.ID == y.ID && x.Version == y.Version && x.Title == y.Title && x.Description == y.Description && x.Author == y.Author &&
		x.Link == y.Link && x.Place == y.Place && slices.Equal(x.Tags, y.Tags) && slices.Equal(x.References, y.References) &&
		slices.Equal(x.FalsePositives, y.FalsePositives)
}

func (b *Builder) sayRule(r *alert.Rule) Rule {
	return Rule{
		ID: own(r.ID, 256), Title: own(r.Title, 256), Explanation: own(r.Description, 4096), Attack: slices.Clip(b.attacks.of(r.Tags)),
		References: slices.Clip(webLinks(r.References)), FalsePositives: slices.Clip(ownAll(r.FalsePositives, 20)), Author: own(r.Author, 256),
		Link: strings.Join(webLinks([]string{r.Link}), ""), Version: own(r.Version, 64), Place: own(r.Place, 512),
	}
}
