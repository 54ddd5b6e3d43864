// Package table opens the DynamoDB table that a configuration names. It is
// apart from package home so that the Lambda function does not carry SQLite.
package table

import (
	"context"
	"fmt"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/dynamodb"
	"github.com/trailwarden/trailwarden/assemble"
)

// Open opens the table of a configuration that has one. The policy is asked for
// each decision.
func Open(ctx context.Context, a *assemble.Assembly, policy func() *alert.Policy) (*dynamodb.Store, error) {
	c := a.Config.Store.DynamoDB
	cfg, err := a.AWS(ctx, c.Client)
	if err != nil {
		return nil, fmt.Errorf("store.dynamodb: %w", err)
	}
	s, err := dynamodb.Open(ctx, cfg, c.Table, dynamodb.Options{Policy: policy, Keeping: a.Keeping(), Create: c.Create})
	if err != nil {
		return nil, fmt.Errorf("store.dynamodb: %w", err)
	}
	return s, nil
}
