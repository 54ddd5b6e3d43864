package assemble

import (
	"context"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/sink"
)

// secretsOf are the references in a sink's block.
func secretsOf(c *config.Sink) []config.Secret { return config.SecretsIn(c) }

// withSecrets makes a sink ask for its secrets anew after its target refused
// them: they may have been rotated.
func withSecrets(s sink.Sink, known *config.Secrets, refs []config.Secret) sink.Sink {
	if len(refs) == 0 {
		return s
	}
	r := refreshing{s, known, refs}
	if b, ok := s.(sink.Batcher); ok {
		return refreshingBatcher{r, b}
	}
	return r
}

type refreshing struct {
	sink.Sink
	known *config.Secrets
	refs  []config.Secret
}

// Deliver implements sink.Sink.
func (r refreshing) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	o := r.Sink.Deliver(ctx, n)
	r.look(o)
	return o
}

func (r refreshing) look(o alert.Outcome) {
	if o.Class != alert.Auth {
		return
	}
	for _, s := range r.refs {
		r.known.Forget(s)
	}
}

type refreshingBatcher struct {
	refreshing
	batcher sink.Batcher
}

// DeliverBatch implements sink.Batcher.
func (r refreshingBatcher) DeliverBatch(ctx context.Context, ns []sink.Notification) []alert.Outcome {
	out := r.batcher.DeliverBatch(ctx, ns)
	for _, o := range out {
		r.look(o)
	}
	return out
}
