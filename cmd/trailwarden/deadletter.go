package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/report"
)

// deadletterCommand is about messages that could not be delivered.
type deadletterCommand struct {
	List  deadletterListCommand  `cmd:"" help:"List them, with the reason."`
	Retry deadletterRetryCommand `cmd:"" help:"Try some again."`
	Drop  deadletterDropCommand  `cmd:"" help:"Forget some; who did it and why is kept."`
}

// deadletterListCommand lists dead letters.
type deadletterListCommand struct {
	deskFlags
	Sink   string `placeholder:"NAME" help:"Only those of this sink."`
	Limit  int    `default:"100" help:"At most so many."`
	Format string `short:"f" default:"table" enum:"table,json" help:"table or json."`
}

// Run prints them, the oldest first.
func (c *deadletterListCommand) Run(s *streams) error {
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		if c.Limit < 1 {
			return fmt.Errorf("--limit %d: want a number from 1", c.Limit)
		}
		all, err := d.dead(c.Sink, c.Limit+1) // one more tells that there are more
		if err != nil {
			return err
		}
		more := len(all) > c.Limit
		all = all[:min(len(all), c.Limit)]
		if c.Format == "json" {
			return writeJSON(s, all)
		}
		t := report.Table{Head: []string{"ID", "SINK", "KIND", "ALERT", "TRIES", "DIED", "REASON"}, Cut: []int{1}, Layout: layoutOf(s.out)}
		for _, x := range all {
			t.Rows = append(t.Rows, []string{x.ID, x.Sink, string(x.Kind), short(x.Alert), fmt.Sprint(x.Attempts), stamp(x.Died), visible.Text(x.LastError)})
		}
		sum := counted(len(all), "dead letter")
		if more {
			sum += ", and more: raise --limit"
		}
		return writeTable(s, &t, sum)
	})
}

// dead pages through the dead letters.
func (d *desk) dead(sink string, limit int) ([]alert.Delivery, error) {
	all := []alert.Delivery{}
	for after := ""; ; {
		page, next, err := d.store.Dead(d.ctx, sink, min(1000, limit-len(all)), after)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if next == "" || len(page) == 0 || len(all) >= limit {
			return all, nil
		}
		after = next
	}
}

// deadSelection says which dead letters are meant.
type deadSelection struct {
	Sink string   `placeholder:"NAME" help:"All of this sink."`
	All  bool     `help:"All of them."`
	IDs  []string `arg:"" optional:"" name:"id" help:"Ids, as list prints them."`
}

func (c *deadSelection) ids(d *desk) ([]string, error) {
	switch {
	case len(c.IDs) > 0 && (c.All || c.Sink != ""):
		return nil, errors.New("give ids, or --sink, or --all")
	case len(c.IDs) > 0:
		return c.IDs, nil
	case !c.All && c.Sink == "":
		return nil, errors.New("say which: ids, --sink NAME or --all")
	}
	all, err := d.dead(c.Sink, 1<<30)
	var ids []string
	for _, x := range all {
		ids = append(ids, x.ID)
	}
	return ids, err
}

// deadletterRetryCommand makes dead letters due again.
type deadletterRetryCommand struct {
	deskFlags
	deadSelection
	Deliver bool          `help:"Deliver them before the command ends; otherwise serve or notify flush does."`
	Wait    time.Duration `default:"1m" help:"With --deliver, how long to try."`
}

// Run retries them.
func (c *deadletterRetryCommand) Run(s *streams) error {
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		ids, err := c.ids(d)
		if err != nil {
			return err
		}
		n, err := d.store.Retry(d.ctx, ids, time.Now().UTC())
		if err != nil {
			return err
		}
		s.say("%s due again", counted(n, "message"))
		if n < len(ids) {
			s.say("%d of %s are no dead letters", len(ids)-n, counted(len(ids), "id"))
		}
		if c.Deliver {
			return d.deliver(c.Wait)
		}
		if n < len(ids) {
			return exit{exitFinding}
		}
		return nil
	})
}

// deadletterDropCommand forgets dead letters.
type deadletterDropCommand struct {
	deskFlags
	deadSelection
	By     string `placeholder:"NAME" help:"Who drops them. Default: the user of this machine."`
	Reason string `required:"" placeholder:"TEXT" help:"Why nobody needs to be told any more."`
}

// Run drops them.
func (c *deadletterDropCommand) Run(s *streams) error {
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		ids, err := c.ids(d)
		if err != nil {
			return err
		}
		n, err := d.store.Drop(d.ctx, ids, whoami(c.By), c.Reason, time.Now().UTC())
		if err != nil {
			return err
		}
		s.say("%s dropped", counted(n, "message"))
		if n < len(ids) {
			s.say("%d of %s are no dead letters", len(ids)-n, counted(len(ids), "id"))
			return exit{exitFinding}
		}
		return nil
	})
}
