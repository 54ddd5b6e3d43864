package main

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/trailwarden/trailwarden/query/sandbox"
)

// query runs the statement and sends its result.
func (e *engine) query(ctx context.Context, q *sandbox.Request, w *reply) (done sandbox.Done, err error) {
	err = e.conn.Raw(func(c any) error {
		done, err = e.run(ctx, c.(*duckdb.Conn), q, w)
		return err
	})
	if err != nil && (e.stream.begun.Load() > 1 || strings.Contains(err.Error(), errAgain.Error())) {
		return done, errAgain
	}
	return done, err
}

func (e *engine) run(ctx context.Context, c *duckdb.Conn, q *sandbox.Request, w *reply) (sandbox.Done, error) {
	r, err := prepare(ctx, c, q.SQL)
	if err != nil {
		return sandbox.Done{}, err
	}
	defer r.stmt.Close()
	rows, err := r.stmt.QueryContext(ctx, nil)
	if err != nil {
		return sandbox.Done{}, at("run", err)
	}
	defer rows.Close()
	if err := w.send(sandbox.FrameColumns, r.columns); err != nil {
		return sandbox.Done{}, err
	}
	return r.send(rows, q, w)
}

// result is a prepared statement and what its columns are.
type result struct {
	stmt    *duckdb.Stmt
	columns []sandbox.Column
}

// prepare prepares a query; values with parts, and JSON, are made to come as
// JSON text.
func prepare(ctx context.Context, c *duckdb.Conn, query string) (*result, error) {
	r := &result{}
	var err error
	if r.stmt, err = onlyQuery(ctx, c, query); err != nil {
		return nil, at("prepare", err)
	}
	if strings.HasPrefix(query, "EXPLAIN ") {
		r.columns = []sandbox.Column{{Name: "explain_key"}, {Name: "explain_value"}}
		return r, nil
	}
	if r.columns = plainColumns(r.stmt, query); r.columns != nil {
		return r, nil
	}
	if r.columns, err = describe(ctx, c, query); err == nil {
		err = r.flatten(ctx, c, query)
	}
	if err != nil {
		return nil, at("prepare", errors.Join(err, r.stmt.Close()))
	}
	return r, nil
}

// onlyQuery prepares the statement if it is a query.
func onlyQuery(ctx context.Context, c *duckdb.Conn, query string) (*duckdb.Stmt, error) {
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	stmt := prepared.(*duckdb.Stmt)
	if t, err := stmt.StatementType(); err != nil || t != duckdb.STATEMENT_TYPE_SELECT && t != duckdb.STATEMENT_TYPE_EXPLAIN {
		return nil, errors.Join(err, errors.New("only a query can be run"), stmt.Close())
	}
	return stmt, nil
}

// plainTypes are the types without parts, as DESCRIBE names them.
var plainTypes = map[duckdb.Type]string{
	duckdb.TYPE_VARCHAR: "VARCHAR", duckdb.TYPE_BIGINT: "BIGINT", duckdb.TYPE_INTEGER: "INTEGER", duckdb.TYPE_HUGEINT: "HUGEINT",
	duckdb.TYPE_DOUBLE: "DOUBLE", duckdb.TYPE_BOOLEAN: "BOOLEAN", duckdb.TYPE_DATE: "DATE", duckdb.TYPE_TIMESTAMP: "TIMESTAMP",
	duckdb.TYPE_TIMESTAMP_TZ: "TIMESTAMP WITH TIME ZONE",
}

// plainColumns are the columns of a prepared query, or nil when DESCRIBE must be
// asked, which opens the files of a lake once more: for types with parts, and
// where a text may be JSON, which the statement does not tell apart.
func plainColumns(stmt *duckdb.Stmt, query string) []sandbox.Column {
	n, err := stmt.ColumnCount()
	if err != nil || strings.Contains(strings.ToLower(query), "json") {
		return nil
	}
	all := make([]sandbox.Column, n)
	for i := range all {
		kind, err := stmt.ColumnType(i)
		name, plain := plainTypes[kind]
		if err != nil || !plain {
			return nil
		}
		if all[i].Name, err = stmt.ColumnName(i); err != nil {
			return nil
		}
		all[i].EngineType, all[i].Type = name, trinoType(name)
	}
	return all
}

// flatten prepares the query anew, as one whose columns have no parts.
func (r *result) flatten(ctx context.Context, c *duckdb.Conn, query string) error {
	list, names, nested := make([]string, len(r.columns)), make([]string, len(r.columns)), false
	for i, column := range r.columns {
		names[i] = fmt.Sprintf("c%d", i)
		list[i] = names[i]
		switch {
		case isNested(column.EngineType):
			list[i], nested = "CAST(to_json("+names[i]+") AS VARCHAR)", true
		case column.EngineType == "JSON":
			list[i], nested = "CAST("+names[i]+" AS VARCHAR)", true
		}
	}
	if !nested {
		return nil
	}
	query = "SELECT " + strings.Join(list, ", ") + " FROM (" + query + "\n) AS ct_result(" + strings.Join(names, ", ") + ")"
	stmt, err := onlyQuery(ctx, c, query)
	if err != nil {
		return err
	}
	err = r.stmt.Close()
	r.stmt = stmt
	return err
}

// describe asks for a query's columns without running it.
func describe(ctx context.Context, c *duckdb.Conn, query string) ([]sandbox.Column, error) {
	rows, err := c.QueryContext(ctx, "DESCRIBE "+query, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []sandbox.Column
	values := make([]driver.Value, len(rows.Columns()))
	for {
		err := rows.Next(values)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		kind := fmt.Sprint(values[1])
		all = append(all, sandbox.Column{Name: fmt.Sprint(values[0]), Type: trinoType(kind), EngineType: kind})
	}
}

// send sends the rows, up to the request's bounds.
func (r *result) send(rows driver.Rows, q *sandbox.Request, w *reply) (done sandbox.Done, err error) {
	b, values, sent := sandbox.NewBatch(len(r.columns)), make([]driver.Value, len(r.columns)), int64(0)
	for {
		err := rows.Next(values)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return done, at("run", err)
		}
		if done.Truncated = over(done.Rows, sent, q); done.Truncated != "" {
			break
		}
		done.Rows++
		sent += r.row(b, values, q.MaxCell)
		if b.Full() {
			if err := w.rows(b); err != nil {
				return done, err
			}
		}
	}
	if b.Rows() == 0 {
		return done, nil
	}
	return done, w.rows(b)
}

// row adds a row to the batch and returns its bytes.
func (r *result) row(b *sandbox.Batch, values []driver.Value, maxCell int) (bytes int64) {
	for i, v := range values {
		before := b.Texts()
		if v == nil {
			b.Cell(before, false)
			continue
		}
		text := appendCell(before, v, r.columns[i].EngineType)
		if maxCell > 0 && len(text)-len(before) > maxCell {
			text = append(text[:len(before)+maxCell], "…"...)
		}
		bytes += int64(len(text) - len(before))
		b.Cell(text, true)
	}
	b.EndRow()
	return bytes
}

// over says which bound of the request the result has reached.
func over(rows, bytes int64, q *sandbox.Request) string {
	switch {
	case q.MaxRows > 0 && rows >= q.MaxRows:
		return fmt.Sprintf("more than %d rows", q.MaxRows)
	case q.MaxBytes > 0 && bytes >= q.MaxBytes:
		return fmt.Sprintf("more than %d MB", q.MaxBytes/1_000_000)
	}
	return ""
}
