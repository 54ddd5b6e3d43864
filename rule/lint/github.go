package lint

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// WriteGitHub writes the diagnostics as the workflow commands by which GitHub
// Actions shows them at their lines ("Workflow commands for GitHub Actions",
// setting an error message). Nothing in a rule file can end a command or begin
// another.
func WriteGitHub(w io.Writer, list diagnostic.List) error {
	for _, d := range list {
		if _, err := fmt.Fprintln(w, annotation(d)); err != nil {
			return err
		}
	}
	return nil
}

// annotation is one workflow command.
func annotation(d diagnostic.Diagnostic) string {
	command := map[diagnostic.Severity]string{diagnostic.Error: "error", diagnostic.Warning: "warning", diagnostic.Note: "notice"}[d.Severity]
	var where []string
	add := func(name, value string) { where = append(where, name+"="+property(value)) }
	if d.File != "" {
		add("file", d.File)
	}
	if d.Line > 0 {
		add("line", fmt.Sprint(d.Line))
		if d.Column > 0 {
			add("col", fmt.Sprint(d.Column))
		}
	}
	if title := strings.TrimSpace(d.Code + " " + brief(d.Rule, maxRule)); title != "" {
		add("title", title)
	}
	return strings.TrimSuffix(fmt.Sprintf("::%s %s", command, strings.Join(where, ",")), " ") + "::" + message(d)
}

func message(d diagnostic.Diagnostic) string {
	text := brief(cmp.Or(d.Message, d.Code), maxMessage)
	if d.Why != "" {
		text += "\n" + visible.Text(d.Why)
	}
	if d.Fix != "" {
		text += "\nInstead: " + visible.Lines(d.Fix)
	}
	return commandData(text)
}

// commandData escapes a command's text as the runner's toolkit does.
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes a command's property as the runner's toolkit does.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandData(visible.Text(s)))
}
