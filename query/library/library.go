// Package library is the questions that ship with the program.
package library

import (
	_ "embed" // the text of the questions
	"strings"

	"github.com/trailwarden/trailwarden/internal/embedded"
	"github.com/trailwarden/trailwarden/internal/nearest"
)

//go:embed library.sql
var text string

// Question is a query with parameters.
type Question struct {
	Name   string // such as root-sign-ins
	About  string // what it answers, a sentence
	Params []Param
	SQL    string
}

// Param is a parameter, written :name in the query.
type Param struct{ Name, Default string }

// All are the questions, in their order.
func All() []Question {
	var all []Question
	for part := range strings.SplitSeq(embedded.Text(text), "-- name: ") {
		name, body, ok := strings.Cut(part, "\n")
		if !ok || strings.HasPrefix(part, "--") {
			continue
		}
		all = append(all, parse(strings.TrimSpace(name), body))
	}
	return all
}

func parse(name, body string) Question {
	q := Question{Name: name}
	for {
		line, rest, _ := strings.Cut(body, "\n")
		if about, ok := strings.CutPrefix(line, "-- about: "); ok {
			q.About = about
		} else if param, ok := strings.CutPrefix(line, "-- param: "); ok {
			name, value, _ := strings.Cut(param, " = ")
			q.Params = append(q.Params, Param{name, value})
		} else {
			q.SQL = strings.TrimSpace(body)
			return q
		}
		body = rest
	}
}

// Find is the question of that name; when there is none, near is the one that
// was meant, if any.
func Find(name string) (q Question, near string, ok bool) {
	var names []string
	for _, q := range All() {
		if q.Name == name {
			return q, "", true
		}
		names = append(names, q.Name)
	}
	return Question{}, nearest.Of(name, names), false
}

// Defaults are the parameters' defaults, with those of given in their place.
func (q Question) Defaults(given map[string]string) map[string]string {
	all := map[string]string{}
	for _, p := range q.Params {
		all[p.Name] = p.Default
	}
	for name, value := range given {
		all[name] = value
	}
	return all
}
