package ddl_test

import (
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/needs"
)

// The parser is sqlglot's, which nobody here wrote, in an environment of its own.
const sqlglot = "sqlglot==30.30.0"

//go:embed testdata/parse.py
var parseScript string

// parser is an interpreter with sqlglot; the test is skipped where it cannot be
// had, unless "sqlglot" is in TRAILWARDEN_NEEDS.
func parser(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		needs.Missing(t, "sqlglot", err)
	}
	home := filepath.Join(cache, "trailwarden", strings.ReplaceAll(sqlglot, "==", "-"))
	python := filepath.Join(home, "bin", "python")
	if _, err := os.Stat(filepath.Join(home, "ready")); err == nil {
		return python
	}
	for _, args := range [][]string{{"python3", "-m", "venv", home}, {python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", sqlglot}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			needs.Missing(t, "sqlglot", err, ": ", string(out))
		}
	}
	if err := os.WriteFile(filepath.Join(home, "ready"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return python
}

// parsed is what the parser says of a statement.
type parsed struct {
	Kind       string            `json:"kind"`
	Table      string            `json:"table"`
	Columns    [][2]string       `json:"columns"`
	Partitions [][2]string       `json:"partitions"`
	Properties map[string]string `json:"properties"`
	Location   string            `json:"location"`
	SQL        string            `json:"sql"`
}

func parse(t *testing.T, sql string) parsed {
	t.Helper()
	cmd := exec.Command(parser(t), "-c", parseScript)
	cmd.Stdin = strings.NewReader(sql)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the parser refuses it: %v\n%s\n%s", err, err.(*exec.ExitError).Stderr, sql)
	}
	var p parsed
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	return p
}
