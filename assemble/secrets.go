package assemble

import (
	"context"
	"fmt"

	"github.com/trailwarden/trailwarden/config"
)

// tellMissing tells of secrets that should be on this machine and cannot be read,
// before a message or a request needs them. Those that AWS keeps may be had later.
func (a *Assembly) tellMissing(ctx context.Context) {
	for i := range a.Config.Sources {
		if s := &a.Config.Sources[i]; s.Enabled {
			a.tellMissingIn(ctx, "sources."+s.Name, s)
		}
	}
	for i := range a.Config.Sinks {
		if s := &a.Config.Sinks[i]; s.Enabled {
			a.tellMissingIn(ctx, "sinks."+s.Name, s)
		}
	}
}

func (a *Assembly) tellMissingIn(ctx context.Context, where string, part any) {
	for _, ref := range config.SecretsIn(part) {
		if s := ref.Scheme(); s != config.SchemeEnv && s != config.SchemeFile {
			continue
		}
		if _, err := a.Secret(ref)(ctx); err != nil {
			a.report(fmt.Errorf("%s: %w", where, err))
		}
	}
}
