package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// manCommand prints manual pages, made of the grammar that parses the command
// line and of the help of its commands.
type manCommand struct {
	Command []string `arg:"" optional:"" help:"The command, such as rules lint. Without it, the page of trailwarden itself."`
	Output  string   `short:"o" placeholder:"DIR" help:"Write the pages of all commands to DIR, one file each."`
}

// Help shows both uses.
func (manCommand) Help() string {
	return `Read a page, or install them all:

    trailwarden man rules lint | man -l -
    trailwarden man -o ~/.local/share/man/man1`
}

// Run prints a page or writes all.
func (c *manCommand) Run(s *streams, ctx *kong.Context) error {
	m := manual{version: versionName(), date: manualDate()}
	if c.Output != "" {
		return m.write(c.Output, ctx.Model.Node)
	}
	n, err := commandAt(ctx.Model.Node, c.Command)
	if err != nil {
		return err
	}
	_, err = s.out.Write(m.page(n))
	return err
}

// commandAt finds a command by its words.
func commandAt(n *kong.Node, words []string) (*kong.Node, error) {
	for i, word := range words {
		child := childOf(n, word)
		if child == nil || child.Hidden {
			return nil, fmt.Errorf("there is no command %q", strings.Join(words[:i+1], " "))
		}
		n = child
	}
	return n, nil
}

// write makes the file of every command that is not hidden.
func (m manual) write(dir string, n *kong.Node) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, pageName(n)+".1"), m.page(n), 0o644); err != nil {
		return err
	}
	for _, c := range commandsOf(n) {
		if err := m.write(dir, c); err != nil {
			return err
		}
	}
	return nil
}

// manualDate is the day that the pages carry: SOURCE_DATE_EPOCH for builds that
// must be repeatable (reproducible-builds.org), or else that of the commit.
func manualDate() string {
	if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC().Format(time.DateOnly)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if day, _, ok := strings.Cut(s.Value, "T"); ok && s.Key == "vcs.time" {
				return day
			}
		}
	}
	return ""
}

// pageName is a page's name: the words of the command with hyphens.
func pageName(n *kong.Node) string {
	return strings.ReplaceAll(commandName(n), " ", "-")
}

// commandName is the command as it is typed.
func commandName(n *kong.Node) string {
	if n.Parent == nil {
		return n.Name
	}
	return commandName(n.Parent) + " " + n.Name
}

func commandsOf(n *kong.Node) (out []*kong.Node) {
	for _, c := range n.Children {
		if !c.Hidden && c.Type == kong.CommandNode {
			out = append(out, c)
		}
	}
	return out
}

// manual is what all pages share.
type manual struct{ version, date string }

// page is a command's page in the man macros of roff, as groff_man(7) and
// mandoc's man(7) describe them.
func (m manual) page(n *kong.Node) []byte {
	p := &roff{}
	p.title(strings.ToUpper(pageName(n)), m.date, "trailwarden "+m.version)
	p.macro("SH", "NAME")
	p.text(pageName(n) + " \x00 " + strings.TrimSuffix(summaryOf(n), "."))
	p.macro("SH", "SYNOPSIS")
	m.synopsis(p, n)
	m.describe(p, n)
	m.commands(p, n)
	m.arguments(p, n)
	m.options(p, n)
	m.exits(p, n)
	m.related(p, n)
	return p.Bytes()
}

// summaryOf is what the command is for, in a sentence.
func summaryOf(n *kong.Node) string {
	if n.Parent == nil {
		return "read AWS CloudTrail logs and say what in them deserves attention"
	}
	return n.Help
}

// roff is a page that is being written. No text can leave it as a request, and
// every character outside ASCII is written by its number.
type roff struct{ bytes.Buffer }

// macro writes a request and its arguments.
func (p *roff) macro(name string, args ...string) {
	p.WriteString("." + name)
	for _, a := range args {
		p.WriteString(` "` + strings.ReplaceAll(roffText(a), `"`, `\(dq`) + `"`)
	}
	p.WriteByte('\n')
}

// title begins the page. The day keeps its own hyphens: it is data, no text.
func (p *roff) title(name, day, release string) {
	fmt.Fprintf(p, ".TH \"%s\" \"1\" \"%s\" \"%s\" \"Trailwarden Manual\"\n", roffText(name), day, roffText(release))
}

// text writes one line of text; a NUL in it stands for the hyphen of a NAME.
func (p *roff) text(s string) {
	line := roffText(s)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		line = `\&` + line
	}
	p.WriteString(line + "\n")
}

// literal writes lines as they stand.
func (p *roff) literal(lines []string) {
	p.WriteString(".PP\n.RS 4\n.nf\n")
	for _, l := range lines {
		p.text(l)
	}
	p.WriteString(".fi\n.RE\n")
}

func roffText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == 0:
			b.WriteString(`\-`)
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '`':
			b.WriteString(`\(ga`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r > '~':
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
