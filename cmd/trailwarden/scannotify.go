package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/pipeline/intake"
)

// notifying are scan's flags about alerts.
type notifying struct {
	Notify bool          `help:"Make alerts of the findings and tell the sinks of the configuration before the command ends."`
	Alerts bool          `help:"Make alerts of the findings and tell nobody: for logs of long ago."`
	Store  string        `placeholder:"FILE" help:"With --notify or --alerts: SQLite file to keep alerts in, in place of the configuration's store."`
	Wait   time.Duration `default:"1m" help:"With --notify: how long to try to deliver. What is left goes out with the next notify flush, scan --notify or serve."`
}

func (n *notifying) on() bool { return n.Notify || n.Alerts }

// notifier makes alerts of what a scan finds.
type notifier struct {
	*desk
	flags  *notifying
	keeper *intake.Keeper
	cut    []byte // lines without their records, for the report
}

// newNotifier opens the store. Without --notify the policy has no routes, so
// that nothing is queued for anybody.
func newNotifier(j *scanJob, cfg *config.Config) (*notifier, error) {
	flags := &j.cmd.notifying
	switch {
	case flags.Notify && flags.Alerts:
		return nil, errors.New("--notify and --alerts: want one of them")
	case flags.Notify && len(cfg.Sinks) == 0:
		return nil, errors.New("--notify: the configuration has no sinks to tell; give --config, or --alerts to keep alerts without telling anyone")
	}
	storeAt(cfg, flags.Store)
	if flags.Alerts {
		quiet := *cfg
		quiet.Sinks, quiet.Routes = nil, nil
		cfg = &quiet
	}
	d, err := newDesk(context.Background(), j.streams, cfg)
	if err != nil {
		return nil, err
	}
	if flags.Notify && len(d.sinks) == 0 {
		d.sayUnmade()
		return nil, errors.New("--notify: none of the sinks can be used; see above")
	}
	if flags.Notify {
		d.Refresh(d.ctx)
	}
	if err := d.open(false); err != nil {
		return nil, err
	}
	return &notifier{desk: d, flags: flags, keeper: intake.NewKeeper(d.store, j.set.Rules, assemble.Adjust(cfg))}, nil
}

// findings makes alerts of lines with records, and hands them on to the report,
// with the records only when they are wanted there.
func (n *notifier) findings(lines []byte, withEvent bool, report func([]byte) error) error {
	if err := n.keeper.Findings(n.ctx, lines); err != nil {
		return err
	}
	if withEvent {
		return report(lines)
	}
	n.cut = n.cut[:0]
	for line := range bytes.Lines(lines) {
		n.cut = appendWithoutEvent(n.cut, line)
	}
	return report(n.cut)
}

// appendWithoutEvent appends a finding without its last key, event. No text
// before it can hold the key as it is written: quotes in texts are escaped.
func appendWithoutEvent(dst, line []byte) []byte {
	if i := bytes.Index(line, []byte(`,"event":`)); i >= 0 {
		return append(append(dst, line[:i]...), '}', '\n')
	}
	return append(dst, line...)
}

// finish commits the rest, delivers, and says what became of the findings.
func (n *notifier) finish(ctx context.Context) error {
	n.ctx = ctx
	defer n.close()
	sum, err := n.keeper.Close(context.WithoutCancel(ctx)) // what was found is kept also after Ctrl-C
	n.say("%s", keptText(sum))
	if err != nil || n.flags.Alerts {
		return err
	}
	if ctx.Err() != nil {
		n.say("messages stay in the store; trailwarden notify flush or serve delivers them")
		return nil
	}
	failed, err := n.drain(n.flags.Wait)
	if err != nil {
		return err
	}
	left, err := n.store.Backlog(n.ctx)
	if err != nil {
		return err
	}
	for _, count := range left {
		failed = failed || count > 0
	}
	if failed && n.ctx.Err() == nil {
		return exit{exitUndelivered}
	}
	return nil
}

// keptText says what became of the findings of a scan.
func keptText(c alert.Committed) string {
	text := fmt.Sprintf("%s opened, %s joined to them", counted(c.New, "alert"), counted(c.Repeated, "more finding"))
	for _, x := range []struct {
		n    int
		what string
	}{{c.Known, "known from before"}, {c.Excepted, "ended by exceptions"}, {c.Silenced, "silenced"}} {
		if x.n > 0 {
			text += fmt.Sprintf(", %d %s", x.n, x.what)
		}
	}
	return text + fmt.Sprintf("; %s to deliver", counted(c.Queued, "message"))
}
