package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Names in the table.
const (
	indexName = "list"
	ttlName   = "ttl"
)

// client is a table in DynamoDB.
type client struct {
	api  *dynamodb.Client
	name string
}

type values = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func (k key) values() values { return values{"pk": text(k.pk), "sk": text(k.sk)} }

func (i *item) values() values {
	v := i.key.values()
	v["r"], v["t"] = number(i.rev), number(i.at)
	if i.ttl != 0 {
		v[ttlName] = number(i.ttl)
	}
	if len(i.data) > 0 {
		v["d"] = &types.AttributeValueMemberB{Value: i.data}
	}
	for name, s := range map[string]string{"l": i.list, "o": i.order, "w": i.words} {
		if s != "" {
			v[name] = text(s)
		}
	}
	return v
}

func itemOf(v values) item {
	str := func(name string) string {
		s, _ := v[name].(*types.AttributeValueMemberS)
		if s == nil {
			return ""
		}
		return s.Value
	}
	num := func(name string) int64 {
		n, _ := v[name].(*types.AttributeValueMemberN)
		if n == nil {
			return 0
		}
		i, _ := strconv.ParseInt(n.Value, 10, 64) // what is no number was not written by us: 0
		return i
	}
	it := item{key: key{str("pk"), str("sk")}, rev: num("r"), at: num("t"), ttl: num(ttlName), list: str("l"), order: str("o"), words: str("w")}
	if d, _ := v["d"].(*types.AttributeValueMemberB); d != nil {
		it.data = d.Value
	}
	return it
}

// maxGet is the most keys of a BatchGetItem.
const maxGet = 100

func (c *client) get(ctx context.Context, keys []key) (map[key]item, error) {
	found := make(map[key]item, len(keys))
	for some := range slices.Chunk(distinct(keys), maxGet) {
		if err := c.getSome(ctx, some, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func distinct(keys []key) []key {
	seen := make(map[key]bool, len(keys))
	return slices.DeleteFunc(slices.Clone(keys), func(k key) bool {
		was := seen[k]
		seen[k] = true
		return was
	})
}

func (c *client) getSome(ctx context.Context, keys []key, found map[key]item) error {
	asked := make([]values, len(keys))
	for i, k := range keys {
		asked[i] = k.values()
	}
	p := c.persist("BatchGetItem")
	for len(asked) > 0 {
		in := &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{c.name: {Keys: asked, ConsistentRead: aws.Bool(true)}}}
		var out *dynamodb.BatchGetItemOutput
		if err := p.do(ctx, func() (err error) { out, err = c.api.BatchGetItem(ctx, in); return err }); err != nil {
			return err
		}
		for _, v := range out.Responses[c.name] {
			it := itemOf(v)
			found[it.key] = it
		}
		left := out.UnprocessedKeys[c.name].Keys
		if err := p.progress(ctx, len(asked), len(left)); err != nil {
			return err
		}
		asked = left
	}
	return nil
}

func (c *client) query(ctx context.Context, q query, yield func(item) bool) error {
	hash, sort := "pk", "sk"
	in := &dynamodb.QueryInput{TableName: &c.name, ScanIndexForward: aws.Bool(!q.down)}
	if q.index {
		hash, sort, in.IndexName = "l", "o", aws.String(indexName)
	} else {
		in.ConsistentRead = aws.Bool(true)
	}
	if q.page > 0 {
		in.Limit = aws.Int32(int32(min(q.page, 1000)))
	}
	in.KeyConditionExpression = aws.String("#h = :h AND #s BETWEEN :from AND :to")
	in.ExpressionAttributeNames = map[string]string{"#h": hash, "#s": sort}
	in.ExpressionAttributeValues = values{":h": text(q.pk), ":from": text(q.from), ":to": text(q.to)}
	for {
		var out *dynamodb.QueryOutput
		if err := c.persist("Query").do(ctx, func() (err error) { out, err = c.api.Query(ctx, in); return err }); err != nil {
			return err
		}
		for _, v := range out.Items {
			if !yield(itemOf(v)) {
				return nil
			}
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return nil
		}
	}
}

func (c *client) scan(ctx context.Context, what []old, yield func(item) bool) error {
	in := &dynamodb.ScanInput{TableName: &c.name, ProjectionExpression: aws.String("pk, sk, #r, #t, w"),
		ExpressionAttributeNames: map[string]string{"#r": "r", "#t": "t"}, ExpressionAttributeValues: values{}}
	filter := ""
	for i, w := range what {
		n := strconv.Itoa(i)
		if i > 0 {
			filter += " OR "
		}
		filter += "(begins_with(pk, :p" + n + ") AND #t < :t" + n + ")"
		in.ExpressionAttributeValues[":p"+n], in.ExpressionAttributeValues[":t"+n] = text(w.prefix), number(w.before)
	}
	in.FilterExpression = &filter
	for len(what) > 0 {
		var out *dynamodb.ScanOutput
		if err := c.persist("Scan").do(ctx, func() (err error) { out, err = c.api.Scan(ctx, in); return err }); err != nil {
			return err
		}
		for _, v := range out.Items {
			if !yield(itemOf(v)) {
				return nil
			}
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return nil
		}
	}
	return nil
}

// write is one transaction. Its token makes a repeat of the same call, after an
// answer that was lost, succeed without doing it twice.
func (c *client) write(ctx context.Context, ops []op) error {
	if len(ops) == 0 {
		return nil
	}
	in := &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String(randomID() + randomID())}
	for i := range ops {
		in.TransactItems = append(in.TransactItems, c.transacted(&ops[i]))
	}
	return c.persist("TransactWriteItems").do(ctx, func() error {
		_, err := c.api.TransactWriteItems(ctx, in)
		return err
	})
}

func (c *client) transacted(o *op) types.TransactWriteItem {
	condition, of := o.condition()
	if o.check {
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: &c.name, Key: o.key.values(),
			ConditionExpression: condition, ExpressionAttributeValues: of}}
	}
	if o.del {
		return types.TransactWriteItem{Delete: &types.Delete{TableName: &c.name, Key: o.key.values(),
			ConditionExpression: condition, ExpressionAttributeValues: of}}
	}
	return types.TransactWriteItem{Put: &types.Put{TableName: &c.name, Item: o.values(),
		ConditionExpression: condition, ExpressionAttributeValues: of}}
}

func (o *op) condition() (expression *string, of values) {
	switch o.when {
	case ifAbsent:
		return aws.String("attribute_not_exists(pk)"), nil
	case ifRev:
		return aws.String("r = :was"), values{":was": number(o.was)}
	}
	return nil, nil
}

// maxPut is the most items of a BatchWriteItem.
const maxPut = 25

func (c *client) put(ctx context.Context, ops []op) error {
	for some := range slices.Chunk(ops, maxPut) {
		asked := make([]types.WriteRequest, len(some))
		for i := range some {
			if some[i].del {
				asked[i].DeleteRequest = &types.DeleteRequest{Key: some[i].key.values()}
			} else {
				asked[i].PutRequest = &types.PutRequest{Item: some[i].values()}
			}
		}
		if err := c.putSome(ctx, asked); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) putSome(ctx context.Context, asked []types.WriteRequest) error {
	p := c.persist("BatchWriteItem")
	for len(asked) > 0 {
		in := &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{c.name: asked}}
		var out *dynamodb.BatchWriteItemOutput
		if err := p.do(ctx, func() (err error) { out, err = c.api.BatchWriteItem(ctx, in); return err }); err != nil {
			return err
		}
		left := out.UnprocessedItems[c.name]
		if err := p.progress(ctx, len(asked), len(left)); err != nil {
			return err
		}
		asked = left
	}
	return nil
}

// describe wraps an error with what was done to which table.
func (c *client) describe(what string, err error) error {
	var gone *types.ResourceNotFoundException
	if errors.As(err, &gone) {
		return fmt.Errorf("table %s: %s: %w: %w", c.name, what, errNoTable, err)
	}
	return fmt.Errorf("table %s: %s: %w", c.name, what, err)
}
