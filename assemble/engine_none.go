//go:build function

package assemble

import (
	"context"
	"errors"
	"time"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/schedule"
)

// ownEngine is refused: the SQL engine is a program of its own, which a Lambda
// function has not beside it.
func (a *Assembly) ownEngine(context.Context, *config.ScheduledQuery, time.Time) (query.Engine, error) {
	return nil, errors.New("a Lambda function has no SQL engine of its own; say query: {engine: athena}, or leave this query to a server")
}

// answerable leaves the question to ownEngine, which refuses every query.
func answerable(*schedule.Query) error { return nil }
