// Package home opens the store that a configuration names. It is apart from
// package assemble so that a program with one kind of store does not carry the
// others.
package home

import (
	"context"
	"errors"
	"fmt"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/assemble/home/table"
)

// ErrNone is returned when the configuration has no store.
var ErrNone = errors.New("there is no store: give store in trailwarden.yaml, such as store: {sqlite: {path: alerts.db}}; commands about alerts take --store FILE")

// Open opens the store of the configuration. The policy is asked for each
// decision.
func Open(ctx context.Context, a *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
	c := a.Config.Store
	switch {
	case c.SQLite != nil:
		s, err := sqlite.Open(ctx, c.SQLite.Path, sqlite.Options{Policy: policy})
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		a.Share(s)
		return s, nil
	case c.DynamoDB != nil:
		s, err := table.Open(ctx, a, policy)
		if err != nil {
			return nil, err
		}
		a.Share(s)
		return s, nil
	}
	return nil, ErrNone
}
