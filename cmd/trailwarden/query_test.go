package main

import (
	"context"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

// The query and lake commands as a user types them. The engine is found before,
// because a script has no home folder to build it in.
func TestQueryScripts(t *testing.T) {
	engine, err := sandbox.FindEngine(context.Background(), func(string) {})
	if err != nil {
		needs.Missing(t, "engine", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/queryscript",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("EXAMPLES", examples(t))
			e.Setenv(sandbox.EngineVariable, engine)
			return nil
		},
	})
}

// A query that begins with a comment is no flag.
func TestGuardSQL(t *testing.T) {
	for arg, want := range map[string]string{
		"-- a comment\nSELECT 1": " -- a comment\nSELECT 1", "--format": "--format", "--param=a=b c": "--param=a=b c", "SELECT 1": "SELECT 1",
	} {
		if got := guardSQL([]string{arg})[0]; got != want {
			t.Errorf("%q became %q; want %q", arg, got, want)
		}
	}
}

// A path may be called as a command of query is, where a flag says that a
// question is asked.
func TestSpellOut(t *testing.T) {
	for args, want := range map[string]string{
		"query -e regions examples": "query run -e regions examples", "query --lake check SELECT": "query run --lake check SELECT",
		"query examples": "query examples", "query check SELECT": "query check SELECT", "query --help": "query --help", "query": "query",
		"scan -f json examples": "scan -f json examples",
	} {
		if got := strings.Join(spellOut(strings.Fields(args)), " "); got != want {
			t.Errorf("%q became %q; want %q", args, got, want)
		}
	}
}
