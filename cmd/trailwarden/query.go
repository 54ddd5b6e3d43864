package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

type queryCommand struct {
	Args []string `arg:"" optional:"" name:"sql-or-path" help:"A query in Athena's SQL (without -f), then log files and folders."`

	File string `short:"f" placeholder:"FILE" help:"Read the query from FILE, or - for standard input."`
}

// Run answers the query.
func (c *queryCommand) Run(s *streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(c.Args) == 0 {
		return errors.New("no query")
	}
	engine, err := sandbox.FindEngine(ctx, func(m string) { s.say("%s", m) })
	if err != nil {
		return err
	}
	l := &query.Local{Program: engine, Listing: pipeline.List(c.Args[1:], false), Bounds: query.DefaultBounds(), Limits: cloudtrail.DefaultLimits(),
		Report: query.Reporter{Fault: func(f cloudtrail.Fault) { s.say("%v", f) }}}
	began := time.Now()
	r, err := l.Query(ctx, query.Statement{SQL: c.Args[0]})
	if err != nil {
		return err
	}
	defer r.Close()
	for row := r.Next(); row != nil; row = r.Next() {
		var all []string
		for _, c := range row {
			all = append(all, string(c.Text))
		}
		fmt.Fprintln(s.out, strings.Join(all, " | "))
	}
	s.say("%+v %v", r.Stats(), time.Since(began))
	return r.Err()
}
