// Command trailwarden-engine is the SQL engine that trailwarden query starts. It
// is a program of its own because it is written in C++, because only a process
// can be held to a bound of memory, and because it is given up on by killing it.
//
// It reads one request and the rows to work on from its standard input, answers
// on its standard output, and ends; package query/sandbox describes the frames.
// Before it reads anything it gives up memory beyond its bound, all files but
// those it is told of, and the network.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/trailwarden/trailwarden/query/sandbox/confine"
)

// confined marks the environment of the second life of the process: what was
// given up holds for a whole process only when it was before the program began.
const confined = "TRAILWARDEN_CONFINED="

// reserve is what a Go program and the engine reserve of addresses and do not
// use, in bytes.
const reserve = 3 << 30

type paths []string

func (p *paths) String() string { return strings.Join(*p, " ") }

func (p *paths) Set(s string) error {
	*p = append(*p, s)
	return nil
}

func main() {
	memory := flag.Int64("memory", 1<<30, "most `bytes` of memory")
	var read, write paths
	flag.Var(&read, "read", "`path` that may be read; may be repeated")
	flag.Var(&write, "write", "`folder` that may be written to; may be repeated")
	flag.Parse()
	if kept, ok := strings.CutPrefix(firstOr(os.Environ(), ""), confined); ok {
		debug.SetMemoryLimit(*memory / 4)
		os.Exit(serve(os.Stdin, os.Stdout, permissions{kept: kept, write: len(write) > 0}))
	}
	if err := confineSelf(confine.Limits{Memory: uint64(*memory), AddressSpace: uint64(*memory) + reserve, Read: read, Write: write}); err != nil {
		fmt.Fprintln(os.Stderr, "trailwarden-engine:", err)
		os.Exit(2)
	}
}

func firstOr(all []string, otherwise string) string {
	if len(all) == 0 {
		return otherwise
	}
	return all[0]
}

// confineSelf gives everything up that l does not keep and starts the program
// anew.
func confineSelf(l confine.Limits) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	runtime.LockOSThread() // the limits are this thread's until it becomes the process
	report, err := confine.Apply(l)
	if err != nil {
		return fmt.Errorf("the sandbox could not be set up, so nothing is run: %w", err)
	}
	env := []string{fmt.Sprintf("%s%t,%t,%t", confined, report.Memory, report.Files, report.Network)}
	if len(l.Write) > 0 {
		// What a file needed is needed by the next one, so nothing is given back.
		env = append(env, "DUCKDB_JE_MALLOC_CONF=dirty_decay_ms:-1")
	}
	return syscall.Exec(self, os.Args, env)
}
