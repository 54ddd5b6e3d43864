package main

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/query/library"
)

type queryExamplesCommand struct {
	Name string `arg:"" optional:"" help:"Show this question; without it, list all."`
}

// Run lists the questions or shows one.
func (c *queryExamplesCommand) Run(s *streams) error {
	if c.Name != "" {
		q, err := findQuestion(c.Name)
		if err != nil {
			return err
		}
		showQuestion(s, q)
		return nil
	}
	width := 0
	for _, q := range library.All() {
		width = max(width, len(q.Name))
	}
	for _, q := range library.All() {
		fmt.Fprintf(s.out, "%-*s  %s\n", width, q.Name, q.About)
	}
	fmt.Fprintf(s.out, "\nRun one: trailwarden query -e NAME [-p PARAMETER=VALUE] PATH…\n")
	return nil
}

func showQuestion(s *streams, q library.Question) {
	fmt.Fprintf(s.out, "-- %s\n", q.About)
	for _, p := range q.Params {
		fmt.Fprintf(s.out, "-- parameter %s, for example %s\n", p.Name, p.Default)
	}
	fmt.Fprintln(s.out, q.SQL)
}

func findQuestion(name string) (library.Question, error) {
	q, near, ok := library.Find(name)
	if ok {
		return q, nil
	}
	if strings.ContainsAny(name, " \t\n") {
		return q, fmt.Errorf("%q is no name of a question; a query comes before the paths: trailwarden query SQL PATH", name)
	}
	if near != "" {
		return q, fmt.Errorf("no question is called %s; did you mean %s?", name, near)
	}
	return q, fmt.Errorf("no question is called %s; see trailwarden query examples", name)
}

// example is the text of the question that -e names.
func (c *querySource) example() (string, error) {
	q, err := findQuestion(c.Example)
	if err != nil {
		return "", err
	}
	for name := range c.Param {
		if !strings.Contains(q.SQL, ":"+name) {
			return "", fmt.Errorf("-p %s: the question %s has no such parameter", name, q.Name)
		}
	}
	for _, p := range q.Params {
		if _, ok := c.Param[p.Name]; !ok {
			return "", fmt.Errorf("the question %s wants -p %s=VALUE, for example %s=%s", q.Name, p.Name, p.Name, p.Default)
		}
	}
	return q.SQL, nil
}

// params are the values of the query's parameters.
func (c *querySource) params() map[string]string { return c.Param }
