package sigma

import (
	"fmt"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// reporter collects what there is to say about one document.
type reporter struct {
	file, rule string
	list       diagnostic.List
}

func (r *reporter) errorf(code string, at *yamldoc.Node, format string, args ...any) {
	r.add(diagnostic.Diagnostic{Code: code, Severity: diagnostic.Error, Message: fmt.Sprintf(format, args...)}, at)
}

func (r *reporter) add(d diagnostic.Diagnostic, at *yamldoc.Node) {
	d.File, d.Rule = r.file, r.rule
	if at != nil {
		d.Line, d.Column = at.Line, at.Column
	}
	r.list = append(r.list, d)
}

// quote is text in quotes, cut where it would flood a message.
func quote(s string) string {
	const most = 80
	if len(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return fmt.Sprintf("%q…", s[:cut])
}
