package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

type queryCheckCommand struct {
	SQL string `arg:"" optional:"" name:"sql" help:"A query in Athena's SQL, unless -f or -e gives one."`
	querySource
	Accounts int `placeholder:"N" default:"1" help:"Accounts that deliver into the bucket, to say what is scanned."`
	Days     int `placeholder:"N" default:"365" help:"Days of logs in the bucket."`
}

// Run says what deserves a look; the exit code is 2 when the query cannot run
// and 1 when it deserves one.
func (c *queryCheckCommand) Run(s *streams) error {
	const most = 1_000_000 // of which the product is a number, too
	if c.Accounts < 1 || c.Accounts > most {
		return fmt.Errorf("--accounts %d: want a number from 1 to %d", c.Accounts, most)
	}
	if c.Days < 1 || c.Days > most {
		return fmt.Errorf("--days %d: want a number from 1 to %d", c.Days, most)
	}
	sql, err := c.text(s, c.SQL)
	if err != nil {
		return err
	}
	report, err := athenasql.Check(sql, athenasql.Options{Params: c.params(), Args: c.Arg, Now: time.Now()})
	var d diagnostic.Diagnostic
	if errors.As(err, &d) {
		printDiagnostic(s, d)
		return exit{exitUsage}
	}
	if err != nil {
		return err
	}
	for _, d := range report.List {
		printDiagnostic(s, d)
	}
	fmt.Fprintln(s.out, report.Describe(c.Accounts, c.Days))
	if len(report.List) > 0 {
		return exit{exitFinding}
	}
	return nil
}

func printDiagnostic(s *streams, d diagnostic.Diagnostic) {
	fmt.Fprintf(s.out, "%s: %v\n", d.Severity, d)
	if d.Why != "" {
		fmt.Fprintf(s.out, "    why: %s\n", d.Why)
	}
	if d.Fix != "" {
		fmt.Fprintf(s.out, "    try: %s\n", d.Fix)
	}
}
