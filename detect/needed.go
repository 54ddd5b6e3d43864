package detect

import "github.com/trailwarden/trailwarden/internal/re2"

// need is a text that an expression cannot match without.
type need struct {
	text string // folded with fold
	fold bool
}

// needed are texts of which every match of re contains one; nil when nothing
// useful is known.
func needed(re Searcher) []need {
	var found []re2.Need
	if knows, ok := re.(interface{ Needs() []re2.Need }); ok { // from when it was checked
		found = knows.Needs()
	} else {
		found = re2.Needs(re.String())
	}
	out := make([]need, len(found))
	for i, n := range found {
		if out[i] = (need{n.Text, n.Fold}); n.Fold {
			out[i].text = FoldText(n.Text)
		}
	}
	return out
}
