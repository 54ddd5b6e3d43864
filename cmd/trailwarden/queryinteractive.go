package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/peterh/liner"
	"golang.org/x/term"

	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/query/library"
	"github.com/trailwarden/trailwarden/query/schema"
)

// converse asks for queries until the input ends. A query ends with ; and may
// have several lines. Whoever sends them through a pipe cannot read what went
// wrong: then the last needs no ; and the exit code tells.
func (j *queryJob) converse(ctx context.Context) error {
	if err := j.setLogs(ctx, j.cmd.Paths, reachOf(j.scope)); err != nil {
		return err
	}
	line := liner.NewLiner()
	defer line.Close()
	line.SetCtrlCAborts(true)
	line.SetMultiLineMode(true)
	words := completions()
	line.SetWordCompleter(func(text string, at int) (string, []string, string) { return complete(words, text, at) })
	history := historyFile()
	if f, err := os.Open(history); err == nil {
		_, _ = line.ReadHistory(f)
		f.Close()
	}
	defer saveHistory(line, history)
	fmt.Fprintln(j.out, "Ask in Athena's SQL; end a query with ; . Also: .examples, .columns, .quit")
	var text strings.Builder
	failed, typed := false, term.IsTerminal(int(os.Stdin.Fd()))
	ask := func() {
		sql := strings.TrimSpace(text.String())
		text.Reset()
		line.AppendHistory(strings.ReplaceAll(sql, "\n", " "))
		if err := j.answer(ctx, sql); err != nil {
			failed = true
			j.say("%v", withFix(err))
		}
	}
	for ctx.Err() == nil {
		prompt := "trail> "
		if text.Len() > 0 {
			prompt = "   ... "
		}
		input, err := line.Prompt(prompt)
		if errors.Is(err, liner.ErrPromptAborted) {
			text.Reset()
			continue
		}
		if errors.Is(err, io.EOF) {
			if !typed && strings.TrimSpace(text.String()) != "" {
				ask()
			}
			break
		}
		if err != nil {
			return err
		}
		if text.Len() == 0 && strings.HasPrefix(input, ".") {
			if j.dot(strings.TrimSpace(input)) {
				break
			}
			continue
		}
		text.WriteString(input + "\n")
		if !strings.HasSuffix(strings.TrimSpace(input), ";") {
			continue
		}
		ask()
	}
	if failed && !typed && ctx.Err() == nil {
		return exit{exitUsage}
	}
	return j.exit(ctx, nil)
}

// dot obeys a command that is no query; it tells whether to end.
func (j *queryJob) dot(command string) (quit bool) {
	name, arg, _ := strings.Cut(command, " ")
	switch name {
	case ".quit", ".exit":
		return true
	case ".columns":
		for _, c := range schema.Columns() {
			if c.Class != schema.Extra {
				fmt.Fprintf(j.out, "%-30s %s\n", c.Name, c.SQLType())
			}
		}
	case ".examples":
		if err := (&queryExamplesCommand{Name: strings.TrimSpace(arg)}).Run(j.streams); err != nil {
			j.say("%v", err)
		}
	default:
		fmt.Fprintln(j.out, ".examples [NAME]  the questions that ship with the program\n.columns          the table's columns\n.quit             end")
	}
	return false
}

// completions are the words that Tab offers.
func completions() []string {
	words := strings.Fields("SELECT FROM WHERE GROUP BY ORDER HAVING LIMIT DISTINCT COUNT BETWEEN LIKE INTERVAL CROSS JOIN UNNEST cloudtrail_logs")
	for _, c := range schema.Columns() {
		if c.Class == schema.Extra {
			continue
		}
		words = append(words, c.Name)
		for _, f := range c.Fields {
			words = append(words, c.Name+"."+f.Name)
		}
	}
	words = append(words, athenasql.FunctionNames()...)
	for _, q := range library.All() {
		words = append(words, q.Name)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// complete finds the words that the one before the cursor may become. The cursor
// stands after so many characters, as liner counts.
func complete(words []string, text string, characters int) (head string, found []string, tail string) {
	at := len(string([]rune(text)[:characters]))
	start := strings.LastIndexAny(text[:at], " \t(,=<>") + 1
	begun := strings.ToLower(text[start:at])
	if begun == "" {
		return text[:at], nil, text[at:]
	}
	for _, w := range words {
		if strings.HasPrefix(strings.ToLower(w), begun) {
			found = append(found, w)
		}
	}
	return text[:start], found, text[at:]
}

func historyFile() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "trailwarden", "query_history")
}

// saveHistory keeps what was asked, for this user only.
func saveHistory(line *liner.State, path string) {
	if path == "" || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = line.WriteHistory(f)
}
