package awscli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// A variable of the script stands in texts between two letters that nothing
// else uses, until the text is written as shell; JSON leaves them as they are.
const (
	opening = "\uE000"
	closing = "\uE001"
)

func variable(name string) string { return opening + name + closing }

// text is a value as one text.
func (g *script) text(v plan.Value) string {
	switch v := v.(type) {
	case plan.Join:
		var b strings.Builder
		for _, part := range v {
			b.WriteString(g.text(part))
		}
		return b.String()
	case plan.Ref:
		return g.reference(v.ID, v)
	case plan.Attr:
		return g.reference(v.ID, v)
	case nil:
		return ""
	}
	return g.filled(v)
}

// reference is what identifies another resource. AWS gives keys their ids, so
// those are looked up by their alias.
func (g *script) reference(id string, v plan.Value) string {
	r := g.stack.Resource(id)
	if r == nil || r.Type != "AWS::KMS::Key" {
		return g.filled(v)
	}
	key := variable(keyVariable(r))
	if _, ok := v.(plan.Attr); ok {
		return g.filled(plan.ARN("kms", "key/")) + key
	}
	return key
}

func keyVariable(r *plan.Resource) string { return strings.ToUpper(plan.Snake(r.ID)) + "_ID" }

func (g *script) filled(v plan.Value) string {
	s, err := g.place.Text(v)
	if err != nil {
		g.fail("%v", err)
	}
	return s
}

// json is a value as JSON text, in its order.
func (g *script) json(v plan.Value) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(g.compact(v)), "", "  "); err != nil {
		g.fail("%v", err)
	}
	return strings.NewReplacer(raw+`"`, "", `"`+raw, "").Replace(b.String())
}

// raw marks a number that a variable stands for: the quotes around it go when the
// JSON is done.
const raw = "\uE002"

// compact is a value as JSON text on one line.
func (g *script) compact(v plan.Value) string {
	switch v := v.(type) {
	case plan.Map:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = encoded(e.Key) + ":" + g.compact(e.Value)
		}
		return "{" + strings.Join(parts, ",") + "}"
	case plan.List:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = g.compact(x)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case plan.Bool, plan.Int:
		return fmt.Sprint(v)
	case *plan.Policy:
		return g.compact(v.Document())
	case plan.Param:
		if p := g.stack.Parameter(v.Name); p != nil && p.Type == "Number" {
			return `"` + raw + g.text(v) + raw + `"`
		}
	}
	return encoded(g.text(v))
}

func encoded(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text can always be encoded
	return strings.TrimSuffix(b.String(), "\n")
}

// quoted is a text as one word of the shell, with its variables.
func quoted(s string) string {
	if !strings.Contains(s, opening) {
		if s != "" && strings.Trim(s, plainLetters) == "" {
			return s
		}
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return `"` + expanded(strings.ReplaceAll(escaped(s), `"`, `\"`)) + `"`
}

const plainLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:,@+="

// document is a text of several lines as one word.
func document(s string) string {
	end := "JSON"
	for strings.Contains("\n"+s+"\n", "\n"+end+"\n") {
		end += "_"
	}
	if !strings.Contains(s, opening) {
		return "\"$(\n    cat <<'" + end + "'\n" + s + "\n" + end + "\n  )\""
	}
	return "\"$(\n    cat <<" + end + "\n" + expanded(escaped(s)) + "\n" + end + "\n  )\""
}

// escaped is a text in which the shell expands nothing.
func escaped(s string) string {
	return strings.NewReplacer(`\`, `\\`, "$", `\$`, "`", "\\`").Replace(s)
}

func expanded(s string) string {
	return strings.NewReplacer(opening, "${", closing, "}").Replace(s)
}
