// Package sink is the contract that every receiver of alerts fulfils: a Sink
// renders a message for one target, within the target's limits and escaped for
// it, sends it, and says how that ended. Each sink has a folder of its own.
package sink

import (
	"context"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
)

// Notification is one message on its way to one sink.
type Notification struct {
	Message *message.Message
	// Receipt is what this sink returned for an earlier message of the same
	// alert; nil for the first.
	Receipt []byte
}

// Sink delivers messages. Implementations may be called by several goroutines.
type Sink interface {
	// Deliver sends n once. It never retries by itself, except as part of one
	// exchange (a refreshed token, a lookup before a second create); it ends
	// with ctx, and the outcome then is Retry and Unsure if anything was sent.
	Deliver(ctx context.Context, n Notification) alert.Outcome
	// Preview renders n without sending it.
	Preview(n Notification) (Preview, error)
	// Traits are what the dispatcher needs to know of the target.
	Traits() Traits
}

// Preview is a rendered message, as it would go over the wire.
type Preview struct {
	Parts []Part
}

// Part is one piece of a rendered message.
type Part struct {
	Name        string // subject, text, html, body
	ContentType string
	Body        []byte
}

// Traits of a target.
type Traits struct {
	// Idempotent targets recognize a repeated message by its key.
	Idempotent bool
	// PerSecond bounds messages per second; 0 means no bound.
	PerSecond float64
	// Batch is how many messages one call may carry; 0 means 1. A sink with
	// more implements Batcher.
	Batch int
	// Lifecycle tells whether acknowledge, resolve and reopen mean something to
	// the target.
	Lifecycle bool
}

// Renewer is a sink whose credentials may become others while it is paused
// because they were refused.
type Renewer interface {
	// Renewed tells whether the credentials are others than those that were
	// refused last, so that another attempt makes sense.
	Renewed(ctx context.Context) bool
}

// Batcher delivers several messages in one call; the outcomes are in order.
type Batcher interface {
	DeliverBatch(ctx context.Context, ns []Notification) []alert.Outcome
}
