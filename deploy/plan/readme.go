package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Words are a renderer's commands.
type Words interface {
	// Make are the commands, lines of a POSIX shell, that make a stack.
	Make(*Stack) []string
	// Remove are those that take it away again.
	Remove(*Stack) []string
}

// Readme is the page that every renderer adds: what happens to a record, in
// which order the parts are made, what they cost and how they go away again.
func Readme(p *Plan, w Words) File {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nTopology `%s`. Made by `trailwarden deploy render`; change the configuration rather than these files.\n", p.Title, p.Topology)
	b.WriteString("\n## What happens\n\n")
	for i, s := range p.Flow {
		fmt.Fprintf(&b, "%d. %s\n", i+1, s)
	}
	b.WriteString("\n## Parts\n\n| stack | account | regions | what for |\n|---|---|---|---|\n")
	for _, s := range p.Stacks {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Name, s.Account, reach(p, s), s.Purpose)
	}
	parameters(&b, p)
	steps(&b, p, w)
	bullets(&b, "What is not watched, and what to know", p.Notes)
	bullets(&b, "What AWS charges for", p.Costs)
	removal(&b, p, w)
	return File{Name: "README.md", Text: []byte(b.String())}
}

func reach(p *Plan, s *Stack) string {
	if s.Reach == Every {
		return fmt.Sprintf("%d regions", len(p.Regions))
	}
	return p.Home
}

func parameters(b *strings.Builder, p *Plan) {
	head := false
	for _, s := range p.Stacks {
		for _, q := range s.Parameters {
			if !head {
				b.WriteString("\n## Parameters\n\n| stack | parameter | default | |\n|---|---|---|---|\n")
				head = true
			}
			def := "`" + q.Default + "`"
			if q.Required {
				def = "needed"
			} else if q.Default == "" {
				def = "–"
			}
			fmt.Fprintf(b, "| `%s` | `%s` | %s | %s |\n", s.Name, q.Name, def, q.Description)
		}
	}
}

func steps(b *strings.Builder, p *Plan, w Words) {
	b.WriteString("\n## Setup, in this order\n")
	for i, s := range p.Steps {
		fmt.Fprintf(b, "\n%d. **%s**\n", i+1, s.Title)
		commands := s.Commands
		if stack := p.Stack(s.Stack); stack != nil {
			fmt.Fprintf(b, "\n   %s\n", inAccount(stack))
			commands = slices.Concat(w.Make(stack), commands)
		}
		if s.Text != "" {
			fmt.Fprintf(b, "\n   %s\n", s.Text)
		}
		shell(b, commands)
	}
}

func inAccount(s *Stack) string {
	switch s.Account {
	case Management:
		return "With credentials of the organization's management account."
	case Members:
		return "In every account of the organization."
	}
	return "With credentials of the account that the watch runs in."
}

func shell(b *strings.Builder, commands []string) {
	if len(commands) == 0 {
		return
	}
	b.WriteString("\n   ```sh\n")
	for _, c := range commands {
		b.WriteString("   " + c + "\n")
	}
	b.WriteString("   ```\n")
}

func bullets(b *strings.Builder, title string, all []string) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n", title)
	for _, s := range all {
		fmt.Fprintf(b, "- %s\n", s)
	}
}

func removal(b *strings.Builder, p *Plan, w Words) {
	b.WriteString("\n## Taking it away\n\nIn the reverse order; buckets, tables, keys and log groups stay until they are deleted by hand.\n")
	var commands []string
	for _, s := range slices.Backward(p.Stacks) {
		commands = append(commands, w.Remove(s)...)
	}
	shell(b, commands)
	if len(p.Removal) > 0 {
		b.WriteByte('\n')
		for _, s := range p.Removal {
			fmt.Fprintf(b, "- %s\n", s)
		}
	}
}
