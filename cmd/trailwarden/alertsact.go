package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/severity"
)

// acting is what the commands that change alerts have in common.
type acting struct {
	deskFlags
	By      string        `placeholder:"NAME" help:"Who acts. Default: the user of this machine."`
	Text    string        `short:"m" placeholder:"TEXT" help:"A note on why."`
	Deliver bool          `help:"Tell the sinks before the command ends; otherwise serve or notify flush does."`
	Wait    time.Duration `default:"1m" help:"With --deliver, how long to try."`
	IDs     []string      `arg:"" name:"id" help:"Alerts, by id or its first digits."`
}

// act does one thing with every alert that is named; one that cannot be found
// or changed does not stop the others.
func (c *acting) act(s *streams, did string) error {
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		bad := false
		for _, id := range c.IDs {
			a, err := d.find(id)
			if err == nil {
				a, err = d.store.Act(d.ctx, a.ID, alert.Action{Did: did, By: whoami(c.By), Text: c.Text, Now: time.Now().UTC()})
			}
			if err != nil {
				s.say("%v", err)
				bad = true
				continue
			}
			became := ""
			if string(a.Status) != did {
				became = fmt.Sprintf(", now %s", a.Status)
			}
			fmt.Fprintf(s.out, "%s %s%s\n", short(a.ID), did, became)
		}
		if c.Deliver {
			if err := d.deliver(c.Wait); err != nil {
				return err
			}
		}
		if bad {
			return exit{exitFinding}
		}
		return nil
	})
}

type (
	alertsAckCommand     struct{ acting }
	alertsResolveCommand struct{ acting }
	alertsReopenCommand  struct{ acting }
	alertsNoteCommand    struct{ acting }
)

// Run acknowledges.
func (c *alertsAckCommand) Run(s *streams) error { return c.act(s, alert.DidAcknowledge) }

// Run resolves.
func (c *alertsResolveCommand) Run(s *streams) error { return c.act(s, alert.DidResolve) }

// Run reopens.
func (c *alertsReopenCommand) Run(s *streams) error { return c.act(s, alert.DidReopen) }

// Run writes a note.
func (c *alertsNoteCommand) Run(s *streams) error {
	if strings.TrimSpace(c.Text) == "" {
		return errors.New("-m TEXT is missing: a note says something")
	}
	return c.act(s, alert.DidNote)
}

// alertsSilenceCommand makes a silence.
type alertsSilenceCommand struct {
	deskFlags
	Match  []string `arg:"" name:"name=value" help:"What alerts must be, all of it: rule, severity, tag, account, region, actor or a field they are grouped by; * stands for any characters."`
	For    string   `placeholder:"LENGTH" help:"How long, such as 2h or 7d."`
	Until  string   `placeholder:"TIME" help:"Until when: 2026-12-31 (its end, UTC) or 2026-12-31T18:00:00Z."`
	Owner  string   `placeholder:"NAME" help:"Who answers for it. Default: the user of this machine."`
	Reason string   `required:"" placeholder:"TEXT" help:"Why nobody needs to be told."`
}

func (c *alertsSilenceCommand) silence(now time.Time) (alert.Silence, error) {
	sil := alert.Silence{Owner: whoami(c.Owner), Reason: c.Reason, From: now}
	for _, m := range c.Match {
		name, value, ok := strings.Cut(m, "=")
		if !ok || name == "" || value == "" {
			return sil, fmt.Errorf("%s: want name=value, such as rule=root-login or account=111122223333", m)
		}
		sil.Match = append(sil.Match, alert.Label{Name: name, Value: value})
	}
	var err error
	switch {
	case (c.For == "") == (c.Until == ""):
		return sil, errors.New("a silence ends: give --for LENGTH or --until TIME")
	case c.For != "":
		var length time.Duration
		if length, err = config.ParseDuration(c.For); err != nil {
			return sil, fmt.Errorf("--for: %w", err)
		}
		sil.To = now.Add(length)
	default:
		if sil.To, err = config.ParseDate(c.Until); err != nil {
			return sil, fmt.Errorf("--until: %w", err)
		}
	}
	return sil, nil
}

// Run makes the silence and says how to end it.
func (c *alertsSilenceCommand) Run(s *streams) error {
	sil, err := c.silence(time.Now().UTC())
	if err != nil {
		return err
	}
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		if err := d.known(sil.Match); err != nil {
			return err
		}
		id, err := d.store.Silence(d.ctx, sil)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "silence %s until %s; alerts go on to be counted\n", id, stamp(sil.To))
		return err
	})
}

// known refuses names that no alert has a value for: a silence by such a one
// would hold nothing back.
func (d *desk) known(match []alert.Label) error {
	for _, m := range match {
		if m.Name == "severity" && !strings.ContainsAny(m.Value, "*?") {
			if _, err := severity.Parse(strings.TrimSpace(strings.TrimPrefix(m.Value, ">="))); err != nil {
				return err
			}
		}
		if slices.Contains(alert.Names(), m.Name) {
			continue
		}
		names, err := d.groups()
		if err != nil {
			return err
		}
		if !slices.Contains(names, m.Name) {
			hint := ""
			if near := nearest.Of(m.Name, names); near != "" {
				hint = "; did you mean " + near + "?"
			}
			return fmt.Errorf("%s: alerts have no such name%s; they have %s", m.Name, hint, strings.Join(names, ", "))
		}
	}
	return nil
}

// maxGrouped is of how many alerts the store is asked what they are grouped by.
const maxGrouped = 10_000

// groups are all names that alerts have: those of every alert, what the rules of
// the configuration group by, and what alerts in the store are grouped by.
func (d *desk) groups() ([]string, error) {
	names := slices.Concat(alert.Names(), d.Config.Alerts.GroupBy)
	set, _ := assemble.Rules(d.Config.Rules, d.Config) // rules that cannot be read have no alerts
	for _, r := range assemble.KnownRules(set) {
		names = append(names, r.Groups...)
	}
	for _, q := range d.Config.Queries {
		names = append(names, q.GroupBy...)
	}
	all, _, err := d.alerts(alert.Query{}, maxGrouped)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		for _, l := range a.Group {
			names = append(names, l.Name)
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(names, func(n string) bool {
		twice := seen[n]
		seen[n] = true
		return twice
	}), nil
}

// alertsSilencesCommand lists silences.
type alertsSilencesCommand struct {
	deskFlags
	All    bool   `help:"Those that have ended, too."`
	Format string `short:"f" default:"table" enum:"table,json" help:"table or json."`
}

// Run prints them.
func (c *alertsSilencesCommand) Run(s *streams) error {
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		all, err := d.store.Silences(d.ctx)
		if err != nil {
			return err
		}
		now := time.Now()
		kept := []alert.Silence{}
		for _, x := range all {
			if c.All || x.To.After(now) {
				kept = append(kept, x)
			}
		}
		if c.Format == "json" {
			return writeJSON(s, kept)
		}
		t := report.Table{Head: []string{"SILENCE", "UNTIL", "OWNER", "MATCH", "REASON"}, Cut: []int{2, 3}, Layout: layoutOf(s.out)}
		for _, x := range kept {
			t.Rows = append(t.Rows, []string{x.ID, stamp(x.To), visible.Text(x.Owner), labelsText(x.Match), visible.Text(x.Reason)})
		}
		return writeTable(s, &t, counted(len(kept), "silence"))
	})
}

// alertsUnsilenceCommand ends a silence.
type alertsUnsilenceCommand struct {
	deskFlags
	ID string `arg:"" name:"id" help:"The silence, as silences prints it."`
}

// Run ends it.
func (c *alertsUnsilenceCommand) Run(s *streams) error {
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		err := d.store.EndSilence(d.ctx, c.ID, time.Now().UTC())
		if errors.Is(err, alert.ErrNotFound) {
			return fmt.Errorf("there is no silence %s", c.ID)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "silence %s has ended\n", c.ID)
		return err
	})
}
