package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// synopsis shows how the command is typed.
func (manual) synopsis(p *roff, n *kong.Node) {
	words := []string{`\fB` + roffText(commandName(n)) + `\fR`}
	if n.Parent == nil || len(ownFlags(n)) > 0 {
		words = append(words, `[\fIOPTIONS\fR]`)
	}
	for _, f := range ownFlags(n) {
		if f.Required {
			words = append(words, flagTerm(f))
		}
	}
	if len(commandsOf(n)) > 0 {
		words = append(words, `\fICOMMAND\fR`)
	}
	for _, a := range n.Positional {
		words = append(words, argumentTerm(a))
	}
	p.WriteString(strings.Join(words, " ") + "\n")
}

// argumentTerm is an argument as the synopsis has it.
func argumentTerm(a *kong.Positional) string {
	term := `\fI` + roffText(a.Name) + `\fR`
	if a.IsCumulative() {
		term += `\ ...`
	}
	if !a.Required {
		term = "[" + term + "]"
	}
	return term
}

// exitCodes begins the paragraph of a help that has a section of its own.
const exitCodes = "Exit codes:"

// describe writes the help, paragraph by paragraph; what is indented there is
// shown as it is.
func (manual) describe(p *roff, n *kong.Node) {
	p.macro("SH", "DESCRIPTION")
	p.text(n.Help)
	for _, paragraph := range paragraphs(n.Detail) {
		if strings.HasPrefix(paragraph, exitCodes) {
			continue
		}
		if strings.HasPrefix(paragraph, "  ") {
			p.literal(strings.Split(paragraph, "\n"))
			continue
		}
		p.macro("PP")
		for _, line := range strings.Split(paragraph, "\n") {
			p.text(strings.TrimSpace(line))
		}
	}
}

func paragraphs(detail string) (out []string) {
	for _, s := range strings.Split(strings.Trim(detail, "\n"), "\n\n") {
		if strings.TrimSpace(s) != "" {
			out = append(out, strings.Trim(s, "\n"))
		}
	}
	return out
}

// commands lists what the command has below it.
func (manual) commands(p *roff, n *kong.Node) {
	if len(commandsOf(n)) == 0 {
		return
	}
	p.macro("SH", "COMMANDS")
	for _, c := range commandsOf(n) {
		p.macro("TP")
		p.WriteString(`\fB` + roffText(c.Name) + "\\fR\n")
		p.text(fmt.Sprintf("%s See %s(1).", c.Help, pageName(c)))
	}
}

// arguments explains the positional arguments.
func (manual) arguments(p *roff, n *kong.Node) {
	if len(n.Positional) == 0 {
		return
	}
	p.macro("SH", "ARGUMENTS")
	for _, a := range n.Positional {
		p.macro("TP")
		p.WriteString(`\fI` + roffText(a.Name) + "\\fR\n")
		p.text(aboutValue(a))
	}
}

// options explains the command's flags, and those of the commands above it.
func (manual) options(p *roff, n *kong.Node) {
	flags := ownFlags(n)
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			if !slices.Contains(flags, f) {
				flags = append(flags, f)
			}
		}
	}
	if len(flags) == 0 {
		return
	}
	p.macro("SH", "OPTIONS")
	for _, f := range flags {
		p.macro("TP")
		p.WriteString(flagTerm(f) + "\n")
		p.text(aboutValue(f.Value) + environment(f))
	}
}

func ownFlags(n *kong.Node) (out []*kong.Flag) {
	for _, f := range n.Flags {
		if !f.Hidden {
			out = append(out, f)
		}
	}
	return out
}

// flagTerm is a flag with the letter that stands for it and its value's name.
func flagTerm(f *kong.Flag) string {
	term := `\fB\-\-` + roffText(f.Name) + `\fR`
	if no := negated(f); no != "" {
		term += `, \fB` + roffText(no) + `\fR`
	}
	if f.Short != 0 {
		term = `\fB\-` + roffText(string(f.Short)) + `\fR, ` + term
	}
	if !f.IsBool() && !f.IsCounter() {
		term += `=\fI` + roffText(valueName(f)) + `\fR`
	}
	return term
}

// valueName is what the help calls a flag's value.
func valueName(f *kong.Flag) string {
	if f.PlaceHolder != "" {
		return f.PlaceHolder
	}
	return strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
}

// aboutValue is the help, with the words that may be given and what is taken
// without any, unless the help says so itself.
func aboutValue(v *kong.Value) string {
	about := v.Help
	if v.Enum != "" && !mentions(about, v.EnumSlice()) {
		about += " One of " + strings.Join(v.EnumSlice(), ", ") + "."
	}
	if v.HasDefault && v.Default != "" && !strings.Contains(about, "Default:") {
		about += " Default: " + v.Default + "."
	}
	return strings.TrimSpace(about)
}

func mentions(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

func environment(f *kong.Flag) string {
	if len(f.Envs) == 0 {
		return ""
	}
	return " Environment: " + strings.Join(f.Envs, ", ") + "."
}

// exits is the paragraph of the help on exit codes; the program's own page has
// them all.
func (manual) exits(p *roff, n *kong.Node) {
	for _, paragraph := range paragraphs(n.Detail) {
		if text, ok := strings.CutPrefix(paragraph, exitCodes); ok {
			p.macro("SH", "EXIT STATUS")
			p.text(strings.TrimSpace(strings.ReplaceAll(text, "\n", " ")))
			return
		}
	}
	if n.Parent != nil {
		return
	}
	p.macro("SH", "EXIT STATUS")
	for _, e := range []struct {
		code  int
		means string
	}{
		{exitDone, "Done."},
		{exitFinding, "A finding at or above --fail-on, no match, a warning, or a test that failed."},
		{exitUsage, "Bad usage, rule or configuration, or output that cannot be written."},
		{exitFault, "Some input could not be read; the rest was judged."},
		{exitUndelivered, "Some message could not be delivered; it waits in the store."},
		{exitInterrupted, "Interrupted."},
	} {
		p.macro("TP")
		fmt.Fprintf(p, "\\fB%d\\fR\n", e.code)
		p.text(e.means)
	}
}

// related names the pages above and beside this one.
func (manual) related(p *roff, n *kong.Node) {
	pages := commandsOf(n)
	if n.Parent != nil {
		pages = append(commandsOf(n.Parent), n.Parent)
	}
	var names []string
	for _, c := range pages {
		if c != n {
			names = append(names, pageName(c)+"(1)")
		}
	}
	slices.Sort(names)
	p.macro("SH", "SEE ALSO")
	p.text(strings.Join(names, ", "))
	p.macro("PP")
	p.text("https://github.com/trailwarden/trailwarden")
}
