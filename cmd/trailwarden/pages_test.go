package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// Every command line that a page shows is one that the program takes: commands,
// flags and their values are those there are. docs/console_test.go runs the ones
// that need no account; this reads the others, too. In a line of text a command
// may stand without its arguments.
func TestPagesShowCommandsThatAreThere(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, page := range append(pages, "../../README.md", "../../CONTRIBUTING.md", "../../ARCHITECTURE.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range commandsShown(string(text)) {
			shown++
			if err := c.read(t); err != nil {
				t.Errorf("%s:%d: trailwarden %s: %v", filepath.Base(page), c.line, strings.Join(c.words, " "), err)
			}
		}
	}
	if shown < 150 {
		t.Errorf("%d commands found in the pages; has their form changed?", shown)
	}
}

// shownCommand is a command line of a page.
type shownCommand struct {
	words   []string // behind the program's name
	line    int      // of the page, 1-based
	partial bool     // in running text, which may leave out arguments
}

var codeSpan = regexp.MustCompile("`(?:\\$ )?trailwarden ([^`]+)`")

func commandsShown(page string) (all []shownCommand) {
	fence, pending, n := "", "", 0
	for line := range strings.Lines(page) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if info, ok := strings.CutPrefix(line, "```"); ok {
			if fence == "" {
				fence = "fence " + info
			} else {
				fence = ""
			}
			continue
		}
		switch {
		case fence == "":
			for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
				all = append(all, shownCommand{shellWords(m[1]), n, true})
			}
		case strings.HasPrefix(fence, "fence sh") || strings.HasPrefix(fence, "fence console"):
			if before, ok := strings.CutSuffix(line, `\`); ok {
				pending += before
				continue
			}
			line, pending = pending+line, ""
			if command, ok := strings.CutPrefix(strings.TrimPrefix(line, "$ "), "trailwarden "); ok && (strings.HasPrefix(line, "$ ") || strings.HasPrefix(fence, "fence sh")) {
				all = append(all, shownCommand{shellWords(command), n, false})
			}
		}
	}
	return all
}

// What a shell puts the output of a command in the place of, and what a reader may
// leave out.
var (
	substituted = regexp.MustCompile(`\$\([^)]*\)`)
	optional    = regexp.MustCompile(`\[(--[^\]]*)\]`)
)

// shellWords are the words of the first command of a line, as a shell takes them
// apart; the pages use no more of a shell's language than this.
func shellWords(line string) (words []string) {
	line = optional.ReplaceAllString(substituted.ReplaceAllString(line, "output"), "$1")
	var word strings.Builder
	begun, quote := false, rune(0)
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, begun = c, true
		case c == ' ':
			end()
		case strings.ContainsRune("|;&>", c) || c == '#' && !begun:
			if c == '>' && word.String() == "2" { // 2>file
				begun = false
			}
			end()
			return words
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	end()
	return words
}

// unfinished is what the grammar says of a command that lacks something, or has a
// word in capitals in its place.
var unfinished = regexp.MustCompile(`^expected |^missing flags: |but got "[A-Z]+"$`)

// read has the grammar read the command.
func (c *shownCommand) read(t *testing.T) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(exit); !ok { // --help leaves
				panic(p)
			}
		}
	}()
	args := spellOut(guardSQL(c.words))
	parser, err := grammarFor(args, new(commandLine), kong.Writers(io.Discard, io.Discard), kong.Exit(func(code int) { panic(exit{code}) }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = parser.Parse(args); err != nil && c.partial && unfinished.MatchString(err.Error()) {
		return nil
	}
	return err
}
