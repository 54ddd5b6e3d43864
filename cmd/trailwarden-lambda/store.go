package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/dynamodb"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/assemble/home/table"
)

// opener opens the store of the configuration: its table, or the memory of this
// environment.
func opener(log *slog.Logger) func(context.Context, *assemble.Assembly, func() *alert.Policy) (alert.Store, error) {
	return func(ctx context.Context, a *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
		switch c := a.Config.Store; {
		case c.SQLite != nil:
			return nil, errors.New("store.sqlite: a Lambda function has no disk that lasts; use store: {dynamodb: {table: NAME}}, or no store")
		case c.DynamoDB == nil:
			log.Warn("there is no store: this environment remembers for itself, and an alert may be told by several")
			return dynamodb.NewMemory(dynamodb.Options{Policy: policy, Keeping: a.Keeping()}), nil
		}
		s, err := table.Open(ctx, a, policy)
		if err != nil {
			return nil, err
		}
		for _, note := range s.Notes() {
			log.Warn(note)
		}
		return s, nil
	}
}

// keeper keeps the last good configuration in a table, which is opened when it
// is needed.
type keeper struct {
	cfg   aws.Config
	table string
	store *dynamodb.Store
}

func (k *keeper) open(ctx context.Context) (s *dynamodb.Store, err error) {
	if k.store == nil {
		k.store, err = dynamodb.Open(ctx, k.cfg, k.table, dynamodb.Options{})
	}
	return k.store, err
}

// Load implements lambda.Keeper.
func (k *keeper) Load(ctx context.Context, name string) ([]byte, error) {
	s, err := k.open(ctx)
	if err != nil {
		return nil, err
	}
	return s.Load(ctx, name)
}

// Save implements lambda.Keeper.
func (k *keeper) Save(ctx context.Context, name string, data []byte) error {
	s, err := k.open(ctx)
	if err != nil {
		return err
	}
	return s.Save(ctx, name, data)
}
