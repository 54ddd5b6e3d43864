package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/trailwarden/trailwarden/alert"
)

var errNoTable = errors.New("there is no such table in this account and region")

// version of the layout that the package comment describes.
const version = 1

func schemaKey() key { return key{"schema", "schema"} }

// prepare makes sure that the table is ours and as it must be. A table that was
// found good once says so itself, so that most programs ask for one item only.
func (c *client) prepare(ctx context.Context, create bool) (notes []string, err error) {
	found, err := c.get(ctx, []key{schemaKey()})
	if errors.Is(err, errNoTable) && create {
		if err := c.create(ctx); err != nil {
			return nil, err
		}
		return nil, c.mark(ctx)
	}
	switch mark, ok := found[schemaKey()]; {
	case errors.Is(err, errNoTable):
		return nil, fmt.Errorf("%w; make it with the template of the documentation, or let the program make it with store: {dynamodb: {create: true}}", err)
	case err != nil && !isInvalid(err): // another key is invalid, and check says so
		return nil, err
	case ok && mark.rev > version:
		return nil, fmt.Errorf("table %s: it has version %d, this program knows up to %d: %w", c.name, mark.rev, version, alert.ErrNewer)
	case ok:
		return nil, nil
	}
	if notes, err = c.check(ctx); err != nil {
		return nil, err
	}
	return notes, c.mark(ctx)
}

func isInvalid(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationException"
}

func (c *client) mark(ctx context.Context) error {
	err := c.write(ctx, []op{{item: item{key: schemaKey(), rev: version}, when: ifAbsent}})
	if errors.Is(err, errChanged) {
		return nil // another process did
	}
	return err
}

// check holds an existing table to the schema and says everything that is wrong
// with it.
func (c *client) check(ctx context.Context) (notes []string, err error) {
	out, err := c.api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &c.name})
	if err != nil {
		return nil, c.describe("DescribeTable", err)
	}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if got := schemaText(out.Table.KeySchema, out.Table.AttributeDefinitions); got != "pk S HASH, sk S RANGE" {
		fault("its key is %q, and must be pk (string, partition) and sk (string, sort)", got)
	}
	i := slices.IndexFunc(out.Table.GlobalSecondaryIndexes, func(g types.GlobalSecondaryIndexDescription) bool {
		return aws.ToString(g.IndexName) == indexName
	})
	if i < 0 {
		fault("it has no index %q with partition key l and sort key o (strings) that projects w", indexName)
	} else {
		g := out.Table.GlobalSecondaryIndexes[i]
		if got := schemaText(g.KeySchema, out.Table.AttributeDefinitions); got != "l S HASH, o S RANGE" {
			fault("the key of its index %q is %q, and must be l (string, partition) and o (string, sort)", indexName, got)
		}
		if p := g.Projection; p == nil || p.ProjectionType != types.ProjectionTypeAll && !slices.Contains(p.NonKeyAttributes, "w") {
			fault("its index %q does not project the attribute w", indexName)
		}
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("table %s is not one for this program: %w", c.name, errors.Join(faults...))
	}
	ttl, err := c.api.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &c.name})
	if err == nil && (ttl.TimeToLiveDescription == nil || aws.ToString(ttl.TimeToLiveDescription.AttributeName) != ttlName) {
		notes = append(notes, fmt.Sprintf("table %s has no time to live on the attribute %s: turn it on, or old identities stay until serve purges them", c.name, ttlName))
	}
	return notes, nil
}

// schemaText is a key schema in words: "pk S HASH, sk S RANGE".
func schemaText(keys []types.KeySchemaElement, of []types.AttributeDefinition) string {
	var parts []string
	for _, k := range keys {
		kind := "?"
		for _, a := range of {
			if aws.ToString(a.AttributeName) == aws.ToString(k.AttributeName) {
				kind = string(a.AttributeType)
			}
		}
		parts = append(parts, fmt.Sprintf("%s %s %s", aws.ToString(k.AttributeName), kind, k.KeyType))
	}
	return strings.Join(parts, ", ")
}

// create makes the table, on demand, and waits until it can be used.
func (c *client) create(ctx context.Context) error {
	_, err := c.api.CreateTable(ctx, definition(c.name))
	var there *types.ResourceInUseException // another process was faster
	if err != nil && !errors.As(err, &there) {
		return c.describe("CreateTable", err)
	}
	w := dynamodb.NewTableExistsWaiter(c.api, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay, o.MaxDelay = time.Second, 5*time.Second })
	if err := w.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &c.name}, 3*time.Minute); err != nil {
		return c.describe("waiting for the new table", err)
	}
	_, err = c.api.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: &c.name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(ttlName), Enabled: aws.Bool(true)}})
	if err != nil && !strings.Contains(err.Error(), "already enabled") {
		return c.describe("UpdateTimeToLive", err)
	}
	return nil
}

func definition(name string) *dynamodb.CreateTableInput {
	schema := func(hash, sort string) []types.KeySchemaElement {
		return []types.KeySchemaElement{{AttributeName: &hash, KeyType: types.KeyTypeHash}, {AttributeName: &sort, KeyType: types.KeyTypeRange}}
	}
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest, KeySchema: schema("pk", "sk"),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{IndexName: aws.String(indexName), KeySchema: schema("l", "o"),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: []string{"w"}}}}}
	for _, a := range []string{"pk", "sk", "l", "o"} {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &a, AttributeType: types.ScalarAttributeTypeS})
	}
	return in
}
