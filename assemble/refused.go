package assemble

import (
	"context"
	"crypto/sha256"
	"strconv"
	"strings"
	"sync"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/sink"
)

// secretsOf are the references in a sink's block.
func secretsOf(c *config.Sink) []config.Secret { return config.SecretsIn(c) }

// withSecrets makes a sink ask for its secrets anew after its target refused
// them, because they may have been rotated: with others than those the message
// is sent once more, and a sink that is paused learns of them later. No sink
// that takes batches has secrets; the dispatcher would refuse such a one.
func withSecrets(s sink.Sink, known *config.Secrets, refs []config.Secret) sink.Sink {
	if len(refs) == 0 {
		return s
	}
	return &refreshing{Sink: s, known: known, refs: refs}
}

type refreshing struct {
	sink.Sink
	known *config.Secrets
	refs  []config.Secret

	mu      sync.Mutex
	refused [sha256.Size]byte // the secrets that were refused last
}

// Deliver implements sink.Sink.
func (r *refreshing) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	used, _ := r.secrets(ctx)
	o := r.Sink.Deliver(ctx, n)
	if o.Class != alert.Auth {
		return o
	}
	for _, s := range r.refs {
		r.known.Forget(s)
	}
	now, ok := r.secrets(ctx)
	if ok {
		r.mu.Lock()
		r.refused = now
		r.mu.Unlock()
	}
	if ok && now != used {
		o = r.Sink.Deliver(ctx, n)
	}
	return o
}

// Renewed implements sink.Renewer.
func (r *refreshing) Renewed(ctx context.Context) bool {
	now, ok := r.secrets(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	return ok && now != r.refused
}

// secrets stands for the secrets as they are now; it is not ok where one of them
// cannot be had.
func (r *refreshing) secrets(ctx context.Context) (sum [sha256.Size]byte, ok bool) {
	var all strings.Builder
	for _, ref := range r.refs {
		s, err := r.known.Secret(ctx, ref)
		if err != nil {
			return sum, false
		}
		all.WriteString(strconv.Quote(s))
	}
	return sha256.Sum256([]byte(all.String())), true
}

var _ sink.Renewer = (*refreshing)(nil)
