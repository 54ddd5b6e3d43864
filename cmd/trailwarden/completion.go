package main

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/trailwarden/trailwarden/internal/visible"
)

// completionCommand prints the script that makes a shell complete our commands.
// The scripts know no command: they ask completeCommand, which walks the same
// grammar that parses the command line, so they never go stale.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish,powershell" help:"bash, zsh, fish or powershell."`
}

// Help says where each script goes.
func (completionCommand) Help() string {
	return `Load it for this session, or put it where the shell looks:

    bash:        source <(trailwarden completion bash)
    zsh:         trailwarden completion zsh > "${fpath[1]}/_trailwarden"
    fish:        trailwarden completion fish > ~/.config/fish/completions/trailwarden.fish
    powershell:  trailwarden completion powershell | Out-String | Invoke-Expression

The packages install the first three.`
}

//go:embed completion/trailwarden.bash
var bashCompletion string

//go:embed completion/_trailwarden
var zshCompletion string

//go:embed completion/trailwarden.fish
var fishCompletion string

//go:embed completion/trailwarden.ps1
var powershellCompletion string

// Run prints the script.
func (c completionCommand) Run(s *streams) error {
	script := map[string]string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion, "powershell": powershellCompletion}[c.Shell]
	_, err := fmt.Fprint(s.out, script)
	return err
}

// completeCommand is what the scripts ask: what could stand in the place of the
// word under the cursor. The first argument is that word as far as it is
// written, after a colon, so that no shell drops it when it is empty; the others
// are the words before it.
//
// The first line of the answer says what else the shell should offer: files,
// dirs or nothing. Each other line is a word, a tab and what it means.
type completeCommand struct {
	Words []string `arg:"" optional:"" passthrough:"" help:"A colon and the word to complete, then the words before it."`
}

// Run answers; what cannot be completed is no error.
func (c *completeCommand) Run(s *streams, ctx *kong.Context) error {
	if len(c.Words) == 0 || !strings.HasPrefix(c.Words[0], ":") {
		return fmt.Errorf("complete is for the scripts that trailwarden completion prints")
	}
	var b strings.Builder
	answer := underCursor(ctx.Model.Node, c.Words[1:], c.Words[0][1:])
	fmt.Fprintln(&b, answer.files)
	for _, x := range answer.words {
		if shellSafe(x.word) {
			fmt.Fprintf(&b, "%s\t%s\n", x.word, visible.Text(x.about))
		}
	}
	_, err := fmt.Fprint(s.out, b.String())
	return err
}

// shellSafe tells whether a shell takes the word as it is. Ids and names come from
// files that others wrote; a word that a shell would read as a command must not
// get onto somebody's command line.
func shellSafe(word string) bool {
	return word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("._-:/@+,=%", r)
	})
}
