// Package query answers SQL questions about the trail: the same Athena query
// over raw logs on this machine, over the lake, or on Athena itself.
package query

import (
	"context"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Statement is a question.
type Statement struct {
	SQL string // one query in Athena's dialect
	// Params are the values of :name parameters; Args those of ?, in order. All
	// are texts.
	Params map[string]string
	Args   []string
	Scope  Scope
}

// Scope bounds the records that a statement may see, besides what it says itself.
type Scope struct {
	// From and To bound the records by eventTime: From ≤ eventTime < To; zero
	// times set no bound.
	From, To time.Time
	// Accounts and Regions are those of the partition columns; none means all.
	Accounts, Regions []string
}

// Engine runs statements somewhere.
type Engine interface {
	// Query starts the statement and returns when its columns are known. The
	// result must be closed.
	Query(ctx context.Context, s Statement) (Result, error)
}

// Result is the rows of an answer, in order.
type Result interface {
	Columns() []Column
	// Next is the next row, valid until the next call; nil at the end or at an
	// error, which Err then is.
	Next() []Cell
	Err() error
	// Stats says what the query cost; complete only after the last row.
	Stats() Stats
	Close() error
}

// Column is a column of a result.
type Column struct {
	Name string
	Type string // as Trino names it
	// EngineType is the type in the embedded engine; empty elsewhere.
	EngineType string
	// Narrowest is the width, in characters, below which a table for people
	// does not cut the column's texts; 0 is for any column.
	Narrowest int
	// Spare has a table that is too wide leave the column out, the highest
	// first; 0 is never left out. Other formats have every column.
	Spare int
}

// Cell is one value as text. Values with parts are JSON.
type Cell struct {
	Text []byte
	Null bool
}

// Stats say what a query read and found.
type Stats struct {
	Rows         int64   // in the result
	ReadsTrail   bool    // the statement reads the trail at all
	Truncated    string  // which bound cut the result short, or empty
	Files        int64   // log files opened
	Skipped      int64   // log files that the partition filters ruled out
	Records      int64   // records read from log files
	Bytes        int64   // read, as stored; on Athena what is paid for
	Decompressed int64   // of the log files read
	Faults       int64   // of the log files read
	Seconds      float64 // from the start to the last row
}

// Reporter is told what deserves a look while a query runs. Each function may be
// nil; they are never called two at a time.
type Reporter struct {
	Fault func(cloudtrail.Fault)
	Note  func(diagnostic.Diagnostic)
}
