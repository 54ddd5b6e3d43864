package assemble

import (
	"context"
	"errors"
	"fmt"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/template"
)

// Templates parses the templates of the configuration and tries each; the error
// joins what is wrong with all of them, by file and line.
func Templates(cfg *config.Config) (map[string]*template.Set, error) {
	out := map[string]*template.Set{}
	var faults []error
	for _, t := range cfg.Messages.Templates {
		set, err := template.Parse(sources(cfg, t), template.DefaultLimits())
		if err != nil {
			faults = append(faults, fmt.Errorf("messages.templates.%s: %w", t.Name, err))
			continue
		}
		out[t.Name] = set
	}
	return out, errors.Join(faults...)
}

// sources are the texts of a template with their places.
func sources(cfg *config.Config, t config.Template) template.Sources {
	at := func(text string, key ...any) template.Source {
		return template.Source{File: cfg.File, Line: cfg.LineOfText(append([]any{"messages", "templates", t.Name}, key...)...), Text: text}
	}
	s := template.Sources{Headline: at(t.Headline, "headline"), Text: at(t.Text, "text"), HTML: at(t.HTML, "html")}
	for _, name := range sortedKeys(t.Fields) {
		s.Fields = append(s.Fields, template.Field{Name: name, Source: at(t.Fields[name], "fields", name)})
	}
	return s
}

// dressed is a builder whose messages say what the sink's template says. A
// template that fails leaves the message's own words, and is reported.
func (a *Assembly) dressed(b *message.Builder) deliver.Build {
	return func(ctx context.Context, about *alert.Alert, d alert.Delivery) (*message.Message, error) {
		m, err := b.Build(ctx, about, d)
		c := a.Config.Sink(d.Sink)
		if err != nil || c == nil || c.Template == "" {
			return m, err
		}
		set := a.templates[c.Template]
		if set == nil {
			return m, nil
		}
		out, err := set.Apply(ctx, m)
		if err != nil {
			a.report(fmt.Errorf("sinks.%s: %w", d.Sink, err))
		}
		if out == nil {
			return m, nil
		}
		return out, nil
	}
}
