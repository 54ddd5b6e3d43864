package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// WriteText writes the diagnostics for a person: place, severity, code and what
// is wrong, then why it matters and the corrected text. Text that came from a
// rule file is shown with its control characters escaped.
func WriteText(w io.Writer, list diagnostic.List) error {
	shown := ""
	for _, d := range list {
		if d.Fix != "" && len(d.Fix) > longFix && d.Fix == shown {
			d.Fix = "the same text as above"
		} else if d.Fix != "" {
			shown = d.Fix
		}
		if _, err := io.WriteString(w, textOf(d)); err != nil {
			return err
		}
	}
	return nil
}

// longFix is the length, in bytes, beyond which a correction that several
// warnings share is shown once.
const longFix = 100

func textOf(d diagnostic.Diagnostic) string {
	var b strings.Builder
	if d.File != "" {
		fmt.Fprintf(&b, "%s:", visible.Text(d.File))
		if d.Line > 0 {
			fmt.Fprintf(&b, "%d:", d.Line)
		}
		if d.Line > 0 && d.Column > 0 {
			fmt.Fprintf(&b, "%d:", d.Column)
		}
		b.WriteByte(' ')
	}
	fmt.Fprintf(&b, "%s %s: ", d.Severity, d.Code)
	if d.Rule != "" {
		fmt.Fprintf(&b, "%s: ", brief(d.Rule, maxRule))
	}
	fmt.Fprintf(&b, "%s\n", brief(d.Message, maxMessage))
	if d.Why != "" {
		fmt.Fprintf(&b, "    why: %s\n", visible.Text(d.Why))
	}
	if d.Fix != "" {
		fmt.Fprintf(&b, "    instead: %s\n", strings.ReplaceAll(visible.Lines(d.Fix), "\n", "\n             "))
	}
	return b.String()
}

// What a person is shown at most, in bytes: rule files quote texts of any length, and
// what is wrong is said behind them.
const (
	maxRule    = 256
	maxMessage = 4000
)

// brief is s made visible, without its middle where it is too long.
func brief(s string, most int) string {
	if len(s) > most {
		half := most / 2
		s = strings.ToValidUTF8(s[:half], "") + "…" + strings.ToValidUTF8(s[len(s)-half:], "")
	}
	return visible.Text(s)
}

// jsonDiagnostic is a diagnostic's JSON form.
type jsonDiagnostic struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Rule     string `json:"rule,omitempty"`
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Why      string `json:"why,omitempty"`
	Fix      string `json:"fix,omitempty"`
}

// WriteJSON writes the diagnostics as one JSON array.
func WriteJSON(w io.Writer, list diagnostic.List) error {
	out := make([]jsonDiagnostic, 0, len(list))
	for _, d := range list {
		out = append(out, jsonDiagnostic{d.File, d.Line, d.Column, d.Rule, d.Code, d.Severity.String(), d.Message, d.Why, d.Fix})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}
