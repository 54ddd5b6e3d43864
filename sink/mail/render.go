// Package mail renders messages as e-mail: subject, plain text and HTML, in
// one MIME message with headers that let mail programs thread an alert's
// messages. The sinks ses and smtp send it.
package mail

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/fit"
	"github.com/trailwarden/trailwarden/sink/page"
)

// Limits of our own. Mail programs clip HTML at about 100 kilobytes; the text
// part may hold more rows of a report.
const (
	MaxSubject = 150 // characters
	MaxText    = 256 * 1024
	MaxHTML    = 96 * 1024
)

// Body is a message rendered for mail.
type Body struct {
	Subject string // one line, UTF-8
	Text    string // lines ended by LF
	HTML    string
}

//go:embed page.html
var pageHTML string

// Renderer renders mails; it may be used by several goroutines.
type Renderer struct{ page *template.Template }

// NewRenderer makes a Renderer.
func NewRenderer() *Renderer {
	// Functions, because the function's binary is built without the methods
	// that only a template calls.
	funcs := template.FuncMap{"heads": (*page.Table).Heads, "tops": (*page.Table).Tops}
	return &Renderer{template.Must(template.New("page").Funcs(funcs).Parse(pageHTML))}
}

// Render lays m out as text and HTML within the limits. Text and HTML of a
// user's template come in place of ours; HTML that is too long does not, as it
// cannot be cut.
func (r *Renderer) Render(m *message.Message) (Body, error) {
	b := Body{Subject: Subject(m), Text: page.Text(m, MaxText)}
	if m.HTML != "" && len(m.HTML) <= MaxHTML {
		b.HTML = strings.ToValidUTF8(m.HTML, "\uFFFD")
		return b, nil
	}
	if m.Text != "" {
		return b, r.plain(&b)
	}
	var err error
	fit.To(m, func(c *message.Message) bool {
		b.HTML, err = r.html(view(page.Of(c)))
		return err == nil && len(b.HTML) <= MaxHTML
	})
	return b, err
}

// plain shows a user's text in the HTML part too.
func (r *Renderer) plain(b *Body) (err error) {
	text := sink.Cut(b.Text, MaxHTML/8, sink.Bytes) // one byte becomes up to five when it is escaped
	b.HTML, err = r.html(pageView{Width: 720, Page: page.Page{Title: b.Subject, Sections: []page.Section{{Text: []string{text}}}}})
	return err
}

func (r *Renderer) html(v pageView) (string, error) {
	var b bytes.Buffer
	if err := r.page.Execute(&b, v); err != nil {
		return "", fmt.Errorf("rendering the mail's HTML: %w", err)
	}
	return b.String(), nil
}

// pageView is a page with what only HTML needs.
type pageView struct {
	page.Page
	Level  string
	Colour template.CSS
	Tint   template.CSS
	Width  int // of the card, in pixels
}

func view(p page.Page) pageView {
	c := colours()[min(int(p.Severity), int(severity.Critical))]
	return pageView{Page: p, Level: p.Severity.String(), Colour: c[0], Tint: c[1], Width: width(p)}
}

// width leaves room for the columns of a report.
func width(p page.Page) int {
	for _, s := range p.Sections {
		if s.Title == page.Rows && len(s.Table.Columns) > 4 {
			return 1080
		}
	}
	return 720
}

// colours are the bar and the badge by severity, dark enough for white text
// (contrast 4.5 to 1 or better).
func colours() [5][2]template.CSS {
	return [5][2]template.CSS{
		{"#4b5563", "#f3f4f6"}, {"#1d5fb4", "#e8f1fc"}, {"#8a5a00", "#fdf3dc"}, {"#b3400a", "#fdeadf"}, {"#a3122a", "#fde8eb"},
	}
}

// Subject is one line that says how bad, what and, after the first message,
// what became of it. A repeat has the first one's subject, so that mail
// programs keep them together.
func Subject(m *message.Message) string {
	s := "[" + strings.ToUpper(m.Severity.String()) + "] "
	switch m.Kind {
	case alert.Repeated:
		s = "Re: " + s
	case alert.Acked, alert.Closed, alert.Reopened:
		s += string(m.Kind) + ": "
	case alert.Test:
		s = "[TEST] "
	case alert.Report:
		s = ""
	}
	return sink.Cut(s+page.Header(m.Headline), MaxSubject, sink.Characters)
}
