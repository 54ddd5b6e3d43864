package template

import (
	"context"
	"fmt"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
)

// bait is a link that an attacker might leave in every text of a record.
const bait = "https://bait-of-trailwarden.example/x"

// clickable is an attribute that a mail client follows or loads.
var clickable = re2.Own(`(?i)\s(?:href|src|srcset|action|formaction|background|poster|data|cite|ping|xlink:href)\s*=\s*(?:"[^"]*|'[^']*|[^\s>"']*)bait-of-trailwarden`)

// try runs the templates on a message of every kind and on hostile ones. One
// error of each template is enough.
func (s *Set) try() []error {
	cases := append(messagetest.Kinds(), messagetest.Case{Name: "empty", Message: &message.Message{}})
	for _, c := range messagetest.Kinds() {
		cases = append(cases, messagetest.Case{Name: c.Name + " with links in its texts", Message: messagetest.Poisoned(c.Message, bait)})
	}
	var errs []error
	for _, o := range s.all() {
		for _, c := range cases {
			if err := o.try(c, s.limits); err != nil {
				errs = append(errs, err)
				break
			}
		}
	}
	return errs
}

func (o *one) try(c messagetest.Case, l Limits) error {
	text, err := o.run(context.Background(), c.Message, l)
	if err != nil {
		return fmt.Errorf("%w (tried on a message of kind %s)", err, c.Name)
	}
	if o.what == "html" && clickable.MatchString(text) {
		return fmt.Errorf("%s:%d: template of html: text from records is put into a link; write it as text, and link only .Links", o.source.File, max(o.source.Line, 1))
	}
	return nil
}

func (s *Set) all() []*one {
	var all []*one
	for _, o := range append([]*one{s.headline, s.text, s.html}, s.fields...) {
		if o != nil {
			all = append(all, o)
		}
	}
	return all
}
