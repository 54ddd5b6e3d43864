package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/report"
)

// intakeCommand is about what came in.
type intakeCommand struct {
	Deadletter letterCommand `cmd:"" help:"List, show and drop what could not be judged."`
}

// letterCommand is about the dead letters of the intake.
type letterCommand struct {
	List letterListCommand `cmd:"" help:"List them, the latest first, with the reason."`
	Show letterShowCommand `cmd:"" help:"Show one, with the beginning of what could not be read."`
	Drop letterDropCommand `cmd:"" help:"Forget some; who did it and why is kept."`
}

// letterListCommand lists dead letters.
type letterListCommand struct {
	deskFlags
	Source string `placeholder:"NAME" help:"Only those of this source."`
	Limit  int    `default:"100" help:"At most so many."`
	Format string `short:"f" default:"table" enum:"table,json" help:"table or json."`
}

// Run prints them.
func (c *letterListCommand) Run(s *streams) error {
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		if c.Limit < 1 {
			return fmt.Errorf("--limit %d: want a number from 1", c.Limit)
		}
		all, err := d.letters(c.Source)
		if err != nil {
			return err
		}
		total := len(all)
		all = all[:min(total, c.Limit)]
		if c.Format == "json" {
			return writeJSON(s, all)
		}
		t := report.Table{Head: []string{"ID", "TIME", "SOURCE", "FROM", "REASON"}, Cut: []int{2, 3}, Layout: layoutOf(s.out)}
		for _, l := range all {
			t.Rows = append(t.Rows, []string{short(l.ID), stamp(l.Time), l.Source, visible.Text(recordPlace(l.From, l.Record)), visible.Text(l.Reason)})
		}
		sum := counted(total, "dead letter")
		if total > len(all) {
			sum = fmt.Sprintf("%d of %s; --limit shows more", len(all), sum)
		}
		return writeTable(s, &t, sum)
	})
}

// recordPlace is a record's place in a file, an object or a message; a negative record
// stands for all of it.
func recordPlace(file string, record int) string {
	if record < 0 {
		return file
	}
	return fmt.Sprintf("%s[%d]", file, record)
}

// letters are all of a source, or of all sources, the latest first.
func (d *desk) letters(from string) ([]alert.Letter, error) {
	all := []alert.Letter{}
	for after := ""; ; {
		page, next, err := d.store.Letters(d.ctx, 1000, after)
		if err != nil {
			return nil, err
		}
		for _, l := range page {
			if from == "" || l.Source == from {
				all = append(all, l)
			}
		}
		if next == "" || len(page) == 0 {
			break
		}
		after = next
	}
	slices.SortStableFunc(all, func(a, b alert.Letter) int { return b.Time.Compare(a.Time) })
	return all, nil
}

// letterOf is the one of all with this id, or the only one whose id begins so.
func letterOf(all []alert.Letter, id string) (found alert.Letter, err error) {
	n := 0
	for _, l := range all {
		if id != "" && strings.HasPrefix(l.ID, id) {
			found, n = l, n+1
		}
	}
	if n == 1 {
		return found, nil
	}
	return found, fmt.Errorf("%s begin with %q: intake deadletter list has their ids", counted(n, "dead letter"), id)
}

// letterShowCommand shows one.
type letterShowCommand struct {
	deskFlags
	Format string `short:"f" default:"text" enum:"text,json" help:"text or json."`
	ID     string `arg:"" name:"id" help:"The dead letter's id, or its first digits."`
}

// Run prints it.
func (c *letterShowCommand) Run(s *streams) error {
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		all, err := d.letters("")
		if err != nil {
			return err
		}
		l, err := letterOf(all, c.ID)
		if err != nil {
			return err
		}
		if c.Format == "json" {
			return writeJSON(s, l)
		}
		return showLetter(s.out, l)
	})
}

// showLetter writes a dead letter for a person.
func showLetter(w io.Writer, l alert.Letter) error {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-10s  %s\n", name, visible.Text(text))
		}
	}
	line("id", l.ID)
	line("time", stamp(l.Time))
	line("source", l.Source)
	line("from", recordPlace(l.From, l.Record))
	if l.Offset > 0 {
		line("offset", fmt.Sprintf("byte %d, unpacked", l.Offset))
	}
	line("reason", l.Reason)
	if len(l.Excerpt) > 0 {
		fmt.Fprintf(&b, "\n%s\n", visible.Lines(string(l.Excerpt)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// letterDropCommand forgets dead letters.
type letterDropCommand struct {
	deskFlags
	Source string   `placeholder:"NAME" help:"All of this source."`
	All    bool     `help:"All of them."`
	IDs    []string `arg:"" optional:"" name:"id" help:"Ids, or their first digits, as list prints them."`
	By     string   `placeholder:"NAME" help:"Who drops them. Default: the user of this machine."`
	Reason string   `required:"" placeholder:"TEXT" help:"Why nobody needs them any more."`
}

// Run drops them.
func (c *letterDropCommand) Run(s *streams) error {
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		ids, err := c.ids(d)
		if err != nil {
			return err
		}
		n, err := d.store.DropLetters(d.ctx, ids, whoami(c.By), c.Reason, time.Now().UTC())
		if err == nil {
			s.say("%s dropped", counted(n, "dead letter"))
		}
		return err
	})
}

func (c *letterDropCommand) ids(d *desk) (ids []string, err error) {
	switch {
	case len(c.IDs) > 0 && (c.All || c.Source != ""):
		return nil, errors.New("give ids, or --source, or --all")
	case len(c.IDs) == 0 && !c.All && c.Source == "":
		return nil, errors.New("say which: ids, --source NAME or --all")
	}
	all, err := d.letters(c.Source)
	if err != nil {
		return nil, err
	}
	if len(c.IDs) == 0 {
		for _, l := range all {
			ids = append(ids, l.ID)
		}
		return ids, nil
	}
	for _, id := range c.IDs {
		l, err := letterOf(all, id)
		if err != nil {
			return nil, err
		}
		ids = append(ids, l.ID)
	}
	return ids, nil
}
