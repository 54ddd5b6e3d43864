// Package template lets users say in their own words what a sink shows: the
// headline, the text, the HTML, and fields of their own, written in the syntax of
// Go's text/template over message.Message.
//
//	{{.Severity | upper}}: {{.Headline}}
//	{{range .Events}}{{date "02.01. 15:04" "Europe/Berlin" .Time}} {{.Who}} {{.Action}}
//	{{end}}
//
// Templates see the message only, which is masked already; they cannot read files
// or environment, define or include other templates, or call methods that change
// anything. Length, steps and time are bounded. HTML is escaped for its context by
// html/template, and text from records is refused in links.
package template

import (
	"context"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strconv"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/message"
)

// Source is the text of one template and where it was written.
type Source struct {
	File string // for errors
	Line int    // line of File on which Text starts, from 1; 0 counts as 1
	Text string // empty means that there is no such template
}

// Field is a template of a field that the sink's target knows by Name.
type Field struct {
	Name string
	Source
}

// Sources are a user's templates for one sink; those without text change nothing.
type Sources struct {
	Headline, Text, HTML Source
	Fields               []Field
}

// Limits bound what one template may cost.
type Limits struct {
	Source int           // bytes of template text
	Output int           // bytes written
	Steps  int           // actions and turns of loops
	Time   time.Duration // of one execution
}

// DefaultLimits are far above what a message needs.
func DefaultLimits() Limits {
	return Limits{Source: 64 << 10, Output: 256 << 10, Steps: 100_000, Time: time.Second}
}

// executor is a text or an HTML template.
type executor interface {
	Execute(w io.Writer, data any) error
}

// one is a template ready to run.
type one struct {
	what   string // "headline", "field priority"
	source Source
	exec   executor
}

// Set is the templates of one sink. It is immutable and safe for concurrent use.
type Set struct {
	headline, text, html *one
	fields               []*one
	names                []string // of the fields
	limits               Limits
}

// name stands for the file in errors of the template packages.
const name = "t"

// Parse reads templates and tries each on a message of every kind, and on hostile
// ones, so that a mistake is found when the configuration is read and not when an
// alert comes. Errors name file and line; all of them are returned, joined.
func Parse(s Sources, l Limits) (*Set, error) {
	set := &Set{limits: l}
	var errs []error
	add := func(what string, src Source, html bool) *one {
		if src.Text == "" {
			return nil
		}
		o := &one{what: what, source: src}
		var err error
		if o.exec, err = compile(src.Text, html, l); err != nil {
			errs = append(errs, o.place(err))
			return nil
		}
		return o
	}
	set.headline = add("headline", s.Headline, false)
	set.text = add("text", s.Text, false)
	set.html = add("html", s.HTML, true)
	for _, f := range s.Fields {
		if o := add("field "+f.Name, f.Source, false); o != nil {
			set.fields, set.names = append(set.fields, o), append(set.names, f.Name)
		}
	}
	if errs == nil {
		errs = set.try()
	}
	return set, errors.Join(errs...)
}

func compile(text string, html bool, l Limits) (executor, error) {
	if len(text) > l.Source {
		return nil, fmt.Errorf("the template has %d bytes; the limit is %d", len(text), l.Source)
	}
	if html {
		t, err := htmltemplate.New(name).Funcs(functions()).Parse(text)
		if err == nil {
			err = confine(t.Tree, len(t.Templates()))
		}
		return t, err
	}
	t, err := texttemplate.New(name).Funcs(functions()).Parse(text)
	if err == nil {
		err = confine(t.Tree, len(t.Templates()))
	}
	return t, err
}

// Apply is m with what the templates say in place of its own words. m stays as it
// is. When a template fails, m's own words are kept for it and the error, which
// names file and line, is returned beside a message that can be sent. A headline
// that comes out empty stays m's own, too.
func (s *Set) Apply(ctx context.Context, m *message.Message) (*message.Message, error) {
	out := *m
	var errs []error
	run := func(o *one, to *string) {
		if o == nil {
			return
		}
		text, err := o.run(ctx, m, s.limits)
		if err != nil {
			errs = append(errs, err)
			return
		}
		*to = text
	}
	run(s.headline, &out.Headline)
	if out.Headline = oneLine(out.Headline); out.Headline == "" {
		out.Headline = m.Headline // targets refuse a message without one
	}
	run(s.text, &out.Text)
	run(s.html, &out.HTML)
	for i, o := range s.fields {
		l := alert.Label{Name: s.names[i]}
		run(o, &l.Value)
		if l.Value = strings.TrimSpace(l.Value); l.Value != "" {
			out.Custom = append(out.Custom[:len(out.Custom):len(out.Custom)], l)
		}
	}
	return &out, errors.Join(errs...)
}

func (o *one) run(ctx context.Context, m *message.Message, l Limits) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, l.Time)
	defer cancel()
	r := &running{Message: m, ctx: ctx, limits: l}
	if err := o.exec.Execute(r, r); err != nil {
		return "", o.place(err)
	}
	return strings.ToValidUTF8(r.out.String(), "\ufffd"), nil
}

var located = re2.Own(`(?s)^(?:html/)?template: ?` + name + `:(\d+)(?::\d+)?: (?:executing "` + name + `" )?(.*)$`)

// place says where in the user's file a template went wrong.
func (o *one) place(err error) error {
	line, text := max(o.source.Line, 1), err.Error()
	if p := located.FindStringSubmatch(text); p != nil {
		n, _ := strconv.Atoi(p[1]) // digits
		line, text = line+n-1, p[2]
	}
	return fmt.Errorf("%s:%d: template of %s: %s", o.source.File, line, o.what, text)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
