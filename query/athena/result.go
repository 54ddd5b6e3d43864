package athena

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsathena "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/trailwarden/trailwarden/query"
)

// result reads the pages of a result, one at a time.
type result struct {
	e       *Engine
	ctx     context.Context
	id      string
	dml     bool
	columns []query.Column
	page    []types.Row
	next    *string // token of the page to come
	cells   []query.Cell
	stats   query.Stats
	began   time.Time
	err     error
	ended   bool
}

// open reads the first page.
func (e *Engine) open(ctx context.Context, x *types.QueryExecution, began time.Time) (query.Result, error) {
	r := &result{e: e, ctx: ctx, id: aws.ToString(x.QueryExecutionId), dml: x.StatementType == types.StatementTypeDml, began: began}
	r.stats.ReadsTrail = r.dml
	if x.Statistics != nil {
		r.stats.Bytes = aws.ToInt64(x.Statistics.DataScannedInBytes)
	}
	meta, err := r.fetch(nil)
	if err != nil {
		return nil, err
	}
	for _, c := range meta {
		r.columns = append(r.columns, query.Column{Name: aws.ToString(c.Name), Type: aws.ToString(c.Type)})
	}
	if r.dml && len(r.page) > 0 && r.isHeader(r.page[0]) {
		r.page = r.page[1:]
	}
	return r, nil
}

// isHeader tells whether a row holds the columns' names, as the first one of a
// SELECT does.
func (r *result) isHeader(row types.Row) bool {
	if len(row.Data) != len(r.columns) {
		return false
	}
	for i, d := range row.Data {
		if aws.ToString(d.VarCharValue) != r.columns[i].Name {
			return false
		}
	}
	return true
}

// fetch reads a page.
func (r *result) fetch(next *string) (columns []types.ColumnInfo, err error) {
	in := &awsathena.GetQueryResultsInput{QueryExecutionId: &r.id, NextToken: next, MaxResults: aws.Int32(1000)}
	err = r.e.try(r.ctx, "read the result", func() error {
		out, err := r.e.client.GetQueryResults(r.ctx, in)
		if err != nil {
			return err
		}
		r.page, r.next = nil, out.NextToken
		if out.ResultSet != nil {
			r.page = out.ResultSet.Rows
			if out.ResultSet.ResultSetMetadata != nil {
				columns = out.ResultSet.ResultSetMetadata.ColumnInfo
			}
		}
		return nil
	})
	return columns, err
}

// Columns are the result's columns.
func (r *result) Columns() []query.Column { return r.columns }

// Next is the next row.
func (r *result) Next() []query.Cell {
	for len(r.page) == 0 {
		if r.ended || !r.more() {
			return nil
		}
	}
	if r.e.o.Rows > 0 && r.stats.Rows >= r.e.o.Rows {
		r.stats.Truncated = fmt.Sprintf("%d rows", r.e.o.Rows)
		r.end()
		return nil
	}
	row := r.page[0]
	r.page = r.page[1:]
	r.stats.Rows++
	r.cells = r.cells[:0]
	for i := range r.columns {
		c := query.Cell{Null: true}
		if i < len(row.Data) && row.Data[i].VarCharValue != nil {
			c = query.Cell{Text: []byte(*row.Data[i].VarCharValue)}
		}
		r.cells = append(r.cells, c)
	}
	return r.cells
}

func (r *result) more() bool {
	if r.next == nil {
		r.end()
		return false
	}
	if _, r.err = r.fetch(r.next); r.err != nil {
		r.end()
	}
	return r.err == nil
}

func (r *result) end() {
	r.ended, r.page = true, nil
	r.stats.Seconds = r.e.o.Now().Sub(r.began).Seconds()
}

// Err is what went wrong.
func (r *result) Err() error { return r.err }

// Stats say what the query cost.
func (r *result) Stats() query.Stats { return r.stats }

// Close has nothing to stop: the query is over.
func (r *result) Close() error {
	if !r.ended {
		r.end()
	}
	return nil
}
