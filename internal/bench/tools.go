package main

import (
	"context"
	_ "embed" // for the scripts
	"os"
	"os/exec"
	"path/filepath"
)

// A tool is a reference that may be installed or not.
type tool struct {
	name    string
	install string   // the command that installs it
	args    []string // how to start it; empty: not installed
}

// The references, by the figures that need them.
type tools struct {
	libdeflate, jq, node, duckdb tool
}

//go:embed reference.mjs
var nodeScript string

//go:embed reference.py
var duckdbScript string

// findTools looks for the references on the path, and for DuckDB's Python
// package also in a virtual environment in the folder of the bench.
func findTools(ctx context.Context, dir string) tools {
	venv := filepath.Join(dir, "venv")
	t := tools{
		libdeflate: tool{name: "libdeflate-gunzip", install: "apt-get install libdeflate-tools"},
		jq:         tool{name: "jq", install: "apt-get install jq"},
		node:       tool{name: "node", install: "apt-get install nodejs"},
		duckdb:     tool{name: "duckdb", install: "python3 -m venv " + venv + " && " + venv + "/bin/pip install duckdb"},
	}
	for _, x := range []*tool{&t.libdeflate, &t.jq, &t.node} {
		if path, err := exec.LookPath(x.name); err == nil {
			x.args = []string{path}
		}
	}
	if path, err := exec.LookPath("duckdb"); err == nil {
		t.duckdb.args = []string{path}
		return t
	}
	for _, python := range []string{filepath.Join(venv, "bin", "python"), "python3"} {
		if exec.CommandContext(ctx, python, "-c", "import duckdb").Run() == nil {
			t.duckdb.args = []string{python, filepath.Join(dir, "reference.py")}
			return t
		}
	}
	return t
}

// writeScripts puts the programs that Node and Python run into dir.
func writeScripts(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "reference.mjs"), []byte(nodeScript), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "reference.py"), []byte(duckdbScript), 0o644)
}

// unpack is libdeflate-gunzip of all files to nowhere, one after the other.
func (t tools) unpack(c corpus) command {
	return command{name: "libdeflate-gunzip", args: append([]string{"xargs"}, append(t.libdeflate.args, "-c")...), stdin: c.list}
}

// outside is the question of the rule synth-write-outside, to jq.
const outside = `.Records[] | select((.readOnly | not) and .awsRegion != "us-east-1" and .awsRegion != "us-west-2")`

func (t tools) askJQ(c corpus, out string) command {
	cmd := shell("zcat and jq", `xargs zcat < "$1" | "$2" -c "$3"`, c.list, t.jq.args[0], outside)
	cmd.out = out
	return cmd
}

func (t tools) askNode(dir string, c corpus, out string) command {
	return command{name: "node", args: append(t.node.args, filepath.Join(dir, "reference.mjs"), c.list), out: out}
}

// askDuckDB puts the question of synth-write-outside to DuckDB on two threads.
func (t tools) askDuckDB(c corpus, out string) command {
	glob := filepath.Join(c.dir, "**", "*.json.gz")
	if len(t.duckdb.args) > 1 {
		return command{name: "DuckDB", args: append(t.duckdb.args, glob), out: out}
	}
	sql := `SET threads = 2; SELECT r.eventID, r.eventName, r.awsRegion FROM (SELECT unnest(Records) AS r FROM read_json('` + glob +
		`', columns = {Records: 'STRUCT(eventID VARCHAR, eventName VARCHAR, awsRegion VARCHAR, readOnly BOOLEAN)[]'}, maximum_object_size = 67108864))` +
		` WHERE NOT r.readOnly AND r.awsRegion NOT IN ('us-east-1', 'us-west-2')`
	return command{name: "DuckDB", args: append(t.duckdb.args, "-csv", "-noheader", "-c", sql), out: out}
}
