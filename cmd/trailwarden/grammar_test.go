package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"pgregory.net/rapid"

	"github.com/trailwarden/trailwarden/internal/seeds"
)

func init() { seeds.Rapid() }

// A command's own grammar reads arguments as the whole one does: the same values
// and commands, the same help, the same refusals in the same words.
func TestOneCommandIsReadAsAllAre(t *testing.T) {
	eachCommand(commandTree(t), func(n *kong.Node) {
		command := strings.Fields(commandName(n))[1:]
		for _, words := range [][]string{{}, {"--help"}, {"x", "y"}, {"lst", "-h"}, {"--no-such", "x"}} {
			sameReading(t, append(command, words...))
		}
		for _, f := range n.Flags {
			sameReading(t, append(command, "--"+f.Name+"=1", "x"))
		}
	})
}

// The same with words in any order, of all commands, among them some that are none.
func TestAnyWordsAreReadAlike(t *testing.T) {
	words := []string{"", "-", "--", "--help", "-h", "x", "1", "7d", "json", "-fjson", "-vvv", "--from=x", "skan", "é", "--é=", "-é"}
	var commands []string
	eachCommand(commandTree(t), func(n *kong.Node) {
		commands = append(commands, n.Name)
		for _, f := range n.Flags {
			words = append(words, "--"+f.Name)
		}
	})
	words = append(words, commands...)
	rapid.Check(t, func(r *rapid.T) {
		sameReading(t, append(
			rapid.SliceOfN(rapid.SampledFrom(commands), 1, 3).Draw(r, "commands"),
			rapid.SliceOfN(rapid.SampledFrom(words), 0, 5).Draw(r, "words")...))
	})
}

// Which commands are read alone: all but those that ask about the others.
func TestWhichCommandsAreReadAlone(t *testing.T) {
	var whole []string
	for _, n := range commandTree(t).Children {
		if commandNamed(new(commandLine), n.Name) == nil {
			whole = append(whole, n.Name)
		}
	}
	if want := []string{"complete", "man"}; !slices.Equal(whole, want) {
		t.Errorf("%q are read with all others; want %q", whole, want)
	}
	for _, word := range []string{"", "--help", "-h", "Scan", "lintinfra", "skan", "--", "--output=x"} {
		if commandNamed(new(commandLine), word) != nil {
			t.Errorf("%q is taken for a command's name", word)
		}
	}
}

// reading is what a grammar makes of arguments; values are the command's own.
type reading struct {
	values             any
	command, said, err string
	exits              []int
}

// sameReading holds the grammar that is chosen for the arguments to the whole one.
func sameReading(t *testing.T, args []string) {
	t.Helper()
	args = spellOut(guardSQL(slices.Clone(args)))
	got := read(t, args, func(cli *commandLine, more ...kong.Option) (*kong.Kong, error) { return grammarFor(args, cli, more...) })
	want := read(t, args, func(cli *commandLine, more ...kong.Option) (*kong.Kong, error) { return grammar(cli, more...) })
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q is read as\n%+v; with all commands as\n%+v", args, got, want)
	}
}

// read parses, without running anything.
func read(t *testing.T, args []string, grammar func(*commandLine, ...kong.Option) (*kong.Kong, error)) reading {
	t.Helper()
	var cli commandLine
	r := reading{values: valuesOf(&cli, args)}
	var said bytes.Buffer
	parser, err := grammar(&cli, kong.Writers(&said, &said), kong.Exit(func(code int) { r.exits = append(r.exits, code) }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(args)
	r.said = said.String()
	if err != nil {
		r.err = err.Error()
		return r
	}
	r.command = ctx.Command()
	return r
}

// Names of files may have bytes that are no UTF-8.
func TestArgumentsAreTakenAsTheyAre(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "n\xff\xfe")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Skip("the file system has no such names: ", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "log.json"), []byte(`{"Records":[{"eventID":"1","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	if code := run([]string{"scan", "-f", "ndjson", dir}, nil, &out, &said); code != 0 || strings.Count(out.String(), "cloudtrail-stopped") == 0 {
		t.Errorf("exit %d: %s%s", code, out.String(), said.String())
	}
}

// run is the whole program on these streams.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	return start(&streams{in: in, out: out, err: errOut}, args)
}

// valuesOf is where the values of the command go that the first argument names.
func valuesOf(cli *commandLine, args []string) any {
	fields := reflect.ValueOf(cli).Elem()
	for i := range fields.NumField() {
		if len(args) > 0 && commandWord(fields.Type().Field(i)) == args[0] {
			return fields.Field(i).Addr().Interface()
		}
	}
	return cli
}
