package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"pgregory.net/rapid"

	"github.com/trailwarden/trailwarden/internal/needs"
)

// completionShells drive the script of each shell as the shell does when Tab is
// pressed. Each reads a command line and prints what could follow, one a line.
var completionShells = map[string]struct{ program, harness string }{
	"bash": {"bash", `
eval "$(trailwarden completion bash)"
IFS='|' read -ra COMP_WORDS <<< "$2"
[[ $2 == *'|' ]] && COMP_WORDS+=('')
COMP_LINE=$1 COMP_POINT=${#1} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_trailwarden
printf '%s\n' "${COMPREPLY[@]}"`},
	"zsh": {"zsh", `
compdef() { true }
_describe() { print -rl -- "${${(@P)@[-1]}[@]%%:*}" }
compset() { [[ $1 == -P ]] && PREFIX=${PREFIX#*=} }
_files() { if [[ $1 == -/ ]]; then print -rl -- $PREFIX*(N/); else print -rl -- $PREFIX*(N); fi }
source <(trailwarden completion zsh)
words=(${(z)1}); [[ $1 == *' ' ]] && words+=('')
CURRENT=${#words} PREFIX=${words[-1]}
_trailwarden`},
	"fish": {"fish", `
trailwarden completion fish | source
complete -C "$argv[1]" | string replace -r '\t.*' ''`},
	"powershell": {"pwsh", `
trailwarden completion powershell | Out-String | Invoke-Expression
(TabExpansion2 -inputScript $args[0] -cursorColumn $args[0].Length).CompletionMatches | ForEach-Object CompletionText`},
}

// TestShellsComplete runs each shell that is installed; bash is everywhere.
func TestShellsComplete(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "lake"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "log file.json"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for shell := range completionShells {
		t.Run(shell, func(t *testing.T) {
			program := needs.Program(t, completionShells[shell].program)
			for _, c := range completionCases {
				t.Run(c.name, func(t *testing.T) { c.run(t, shell, program, dir) })
			}
		})
	}
}

type completionCase struct {
	name, line string
	// split is the line as bash splits it, with bars between the words.
	split, want, not string
}

var completionCases = []completionCase{
	{"commands", "trailwarden ", "trailwarden|", "scan rules verify", "complete lake/"},
	{"the beginning of a command", "trailwarden rules li", "trailwarden|rules|li", "list lint", "test"},
	{"a flag", "trailwarden rules lint --fo", "trailwarden|rules|lint|--fo", "--format", "--config"},
	{"values of a flag", "trailwarden rules lint --format s", "trailwarden|rules|lint|--format|s", "sarif", "json"},
	{"values after an equals sign", "trailwarden rules lint --format=s", "trailwarden|rules|lint|--format|=|s", "sarif", "json"},
	{"ids of rules", "trailwarden rules explain root-s", "trailwarden|rules|explain|root-s", "root-sign-in", "root-activity"},
	{"files", "trailwarden scan lo", "trailwarden|scan|lo", "log file.json", "lake"},
	{"files after an equals sign", "trailwarden scan --output=lo", "trailwarden|scan|--output|=|lo", "log file.json", "lake"},
	{"folders", "trailwarden lake status --lake l", "trailwarden|lake|status|--lake|l", "lake", "log file.json"},
}

// run asks the shell. Whether a value has its flag before it, and a folder its
// slash after it, is the shell's own business.
func (c completionCase) run(t *testing.T, shell, program, dir string) {
	args := map[string][]string{
		"bash":       {"--norc", "-c", completionShells[shell].harness, "bash", c.line, c.split},
		"zsh":        {"-f", "-c", completionShells[shell].harness, "zsh", c.line},
		"fish":       {"--no-config", "-c", completionShells[shell].harness, c.line},
		"powershell": {"-NoProfile", "-CommandWithArgs", completionShells[shell].harness, c.line},
	}[shell]
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatalf("%s: %v", shell, err)
	}
	got := map[string]bool{}
	for _, line := range strings.Split(string(out), "\n") {
		got[regexp.MustCompile(`^--[a-z]+=|[/'"]$|^'|\\`).ReplaceAllString(line, "")] = true
	}
	for _, want := range wordsOrName(c.want) {
		if !got[want] {
			t.Errorf("%q does not offer %q but\n%s", c.line, want, out)
		}
	}
	for _, not := range wordsOrName(c.not) {
		if got[not] {
			t.Errorf("%q offers %q", c.line, not)
		}
	}
}

// wordsOrName splits a list of words; the file with a space in its name is one.
func wordsOrName(s string) []string {
	if strings.HasSuffix(s, ".json") {
		return []string{s}
	}
	return strings.Fields(s)
}

// TestValuesAreOfTheGrammar asks for values at every flag and argument of every
// command: each takes words, files or neither, and none goes wrong. The names by
// which kinds of values are known must be in the grammar.
func TestValuesAreOfTheGrammar(t *testing.T) {
	t.Chdir(t.TempDir())
	kinds := map[string]int{}
	eachCommand(commandTree(t), func(n *kong.Node) {
		w := &walk{node: n, values: map[string]string{}}
		for _, f := range n.Flags {
			w.valuesOf(f.Value)
			kinds[valueKind(n, f.Value)]++
		}
		for _, a := range n.Positional {
			w.valuesOf(a)
			kinds[valueKind(n, a)]++
		}
	})
	for _, kind := range []string{"rule", "pack", "sink", "scheduled", "question", "region", "severity", "format", "sample"} {
		if kinds[kind] == 0 {
			t.Errorf("no flag and no argument takes a %s any more", kind)
		}
	}
}

// commandTree is the command line's grammar.
func commandTree(t *testing.T) *kong.Node {
	t.Helper()
	parser, err := grammar(&commandLine{})
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Node
}

func eachCommand(n *kong.Node, visit func(*kong.Node)) {
	visit(n)
	for _, c := range n.Children {
		eachCommand(c, visit)
	}
}

// TestAnyWordsComplete holds the walk to any words in any order: it ends, and
// offers nothing that does not begin as the word under the cursor. (A fuzz target
// would have all that the program is made of built again, for CI minutes.)
func TestAnyWordsComplete(t *testing.T) {
	t.Chdir(t.TempDir())
	tree := commandTree(t)
	words := []string{"", "-", "--", "---", "--=", "-=", "-é", "=", "--no-such", "-o", "-fjson", "-vvv", "--output=", "\"", "é", "x"}
	var commands [][]string
	eachCommand(tree, func(n *kong.Node) {
		commands = append(commands, strings.Fields(commandName(n))[1:])
		words = append(words, n.Name)
		for _, f := range n.Flags {
			words = append(words, "--"+f.Name, "--"+f.Name+"=x")
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		before := slices.Concat(rapid.SampledFrom(commands).Draw(t, "command"), rapid.SliceOfN(rapid.SampledFrom(words), 0, 5).Draw(t, "before"))
		cur := rapid.SampledFrom(words).Draw(t, "cur")
		for _, s := range underCursor(tree, before, cur).words {
			if !strings.HasPrefix(s.word, cur) {
				t.Errorf("%q is offered for %q", s.word, cur)
			}
		}
	})
}
