package assemble

import (
	"context"
	"slices"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
)

// Builder makes messages as the configuration says. It opens the files with
// names and places, and tries the templates.
func (a *Assembly) Builder(ctx context.Context) (*message.Builder, error) {
	known, err := a.enrichment(ctx)
	if err != nil {
		return nil, err
	}
	if a.templates, err = Templates(a.Config); err != nil {
		return nil, err
	}
	o := message.Options{Table: a.Config.Messages.Athena, Limits: message.Limits{Text: a.Config.Limits.Shown}}
	known.options(&o)
	return message.NewBuilder(o)
}

// Targets are the sinks as the dispatcher takes them, in the configuration's
// order.
func (a *Assembly) Targets(sinks map[string]sink.Sink) []deliver.Target {
	var out []deliver.Target
	for _, c := range a.Config.Sinks {
		if s := sinks[c.Name]; s != nil {
			out = append(out, deliver.Target{Name: c.Name, Sink: s, Timeout: c.Timeout.Std()})
		}
	}
	return out
}

// Policy is the policy of alerts for these sinks. Routes by name or unit of an
// account go by the accounts that are known now: call it after Builder.
func (a *Assembly) Policy(sinks map[string]sink.Sink) *alert.Policy {
	return Policy(a.Config, a.accounts(), func(name string) bool {
		s := sinks[name]
		return s == nil || s.Traits().Lifecycle
	})
}

// Dispatcher is what the dispatcher is told of the configuration; the caller
// adds the store and what watches it.
func (a *Assembly) Dispatcher(sinks map[string]sink.Sink, b *message.Builder) deliver.Options {
	health := slices.DeleteFunc(slices.Clone(a.Config.Serve.Health), func(name string) bool { return sinks[name] == nil })
	return deliver.Options{
		Build: a.dressed(b), Targets: a.Targets(sinks), Health: health, Now: a.o.Now,
		GiveUp: a.Config.Alerts.GiveUp.Std(), Ahead: a.Config.Alerts.Warn.Std(), Backlog: int64(a.Config.Limits.Backlog),
	}
}

// Keeping is how long the store keeps things.
func (a *Assembly) Keeping() alert.Keeping {
	return alert.Keeping{Findings: a.Config.Limits.Remember.Std(), Alerts: a.Config.Alerts.Retention.Std()}
}
