package sqlite

import (
	"encoding/json"

	"github.com/trailwarden/trailwarden/alert"
)

// written are rules as JSON, for the documents of their alerts: most of each is
// its rule, and all alerts of a rule have the same. A rule never changes.
type written map[*alert.Rule][]byte

// mostWritten bounds the rules that are kept written: those of a set, and those
// of alerts that were read from the file, which are each its own.
const mostWritten = 1024

func (w *written) rule(r *alert.Rule) ([]byte, error) {
	if text := (*w)[r]; text != nil {
		return text, nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(*w) >= mostWritten || *w == nil {
		*w = written{}
	}
	(*w)[r] = text
	return text, nil
}

// remainder is an alert without what is written apart.
type remainder struct {
	*alert.Alert
	Rule    *alert.Rule    `json:"rule,omitempty"`
	Samples []alert.Sample `json:"samples,omitempty"`
}

// doc is an alert as JSON, without its samples.
func (w *written) doc(a *alert.Alert) ([]byte, error) {
	rule, err := w.rule(a.Rule)
	if err != nil {
		return nil, err
	}
	rest, err := json.Marshal(remainder{Alert: a})
	if err != nil {
		return nil, err
	}
	doc := make([]byte, 0, len(rule)+len(rest)+len(`"rule":,`))
	doc = append(append(append(doc, `{"rule":`...), rule...), ',')
	return append(doc, rest[1:]...), nil // there always is more: the ID
}
