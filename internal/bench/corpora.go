package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A corpus is a folder of logs.
type corpus struct {
	name string
	dir  string
	list string // file that lists its files, one a line
}

// A need is a corpus or a set of rules as the arguments of the generator that
// makes it.
type need struct {
	name string
	args []string
}

// needs are all corpora, full size and for -quick.
func needs(quick bool) []need {
	if quick {
		return []need{
			{"large", []string{"-seed", "1", "-bytes", "60000000"}},
			{"small", []string{"-seed", "2", "-bytes", "20000000"}},
			{"many", []string{"-seed", "3", "-files", "1400", "-per-file", "5"}},
			{"few", []string{"-seed", "4", "-files", "7", "-per-file", "1000"}},
			{"million", []string{"-seed", "5", "-files", "1", "-per-file", "50000"}},
			{"tiny", []string{"-seed", "7", "-files", "1", "-per-file", "1"}},
			{"remembered", []string{"-seed", "8", "-records", "50000"}},
		}
	}
	return []need{
		{"large", []string{"-seed", "1", "-bytes", "1074000000"}},
		{"small", []string{"-seed", "2", "-bytes", "110000000"}},
		{"many", []string{"-seed", "3", "-files", "14028", "-per-file", "5"}},
		{"few", []string{"-seed", "4", "-files", "16", "-per-file", "5000"}},
		{"million", []string{"-seed", "5", "-files", "1", "-per-file", "1000000"}},
		{"tiny", []string{"-seed", "7", "-files", "1", "-per-file", "1"}},
		{"remembered", []string{"-seed", "8", "-records", "1000000"}},
	}
}

// realSize is the size of the corpus of real records, in bytes of JSON.
func realSize(quick bool) int {
	if quick {
		return 20_000_000
	}
	return 1_074_000_000
}

// ruleCounts are the sizes of the sets of made-up rules.
func ruleCounts(quick bool) []int {
	if quick {
		return []int{1, 100, 1000, 2000, 5000}
	}
	return []int{1, 100, 1000, 10000, 50000}
}

// make runs the generator for n unless the folder holds what the same arguments
// gave. The generator is a process of its own, as this one must stay small.
func (n need) make(ctx context.Context, generator, dir string) (string, error) {
	out := filepath.Join(dir, n.name)
	marker := out + ".made"
	want := strings.Join(n.args, " ")
	if made, err := os.ReadFile(marker); err == nil && string(made) == want {
		return out, nil
	}
	if err := errors.Join(os.RemoveAll(out), os.RemoveAll(marker)); err != nil {
		return "", err
	}
	fmt.Fprintf(os.Stderr, "making %s (%s)\n", out, want)
	cmd := exec.CommandContext(ctx, generator, append([]string{"-out", out}, n.args...)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", cmd, err, text)
	}
	return out, os.WriteFile(marker, []byte(want), 0o644)
}

// listFiles writes the list of the log files below a folder.
func listFiles(dir string) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b.WriteString(path + "\n")
		}
		return err
	})
	if err != nil {
		return "", err
	}
	list := dir + ".list"
	return list, os.WriteFile(list, []byte(b.String()), 0o644)
}
