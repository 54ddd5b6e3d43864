package servicenow

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
)

// delivery is one message on its way.
type delivery struct {
	*Sink
	ctx context.Context
	m   *message.Message
	key string // correlation id, hex
}

// known finds the alert's incident: by receipt, then by key, an active one
// first. After an attempt without an answer it looks several times, because an
// instance's index may lag behind its table.
func (d *delivery) known(r receipt) (*row, *alert.Outcome) {
	if r.ID != "" {
		found, o := d.byID(r.ID)
		if o != nil || found != nil && found.Active {
			return found, o
		}
	}
	looks := 1
	if d.m.MayRepeat {
		looks = mostLooks
	}
	for i := range looks {
		if i > 0 {
			d.config.Wait(d.ctx, pause(i))
		}
		found, o := d.byKey()
		if o != nil || found != nil {
			return found, o
		}
	}
	return nil, nil
}

// mostLooks and pause bound the looking: about six seconds.
const mostLooks = 6

func pause(i int) time.Duration { return min(200*time.Millisecond<<i, 2*time.Second) }

// tell opens an incident, or adds to the one there is.
func (d *delivery) tell(found *row) alert.Outcome {
	switch {
	case found == nil:
		return d.open(d.key)
	case found.Active || d.config.Inactive == Comment:
		return d.patch(*found, d.change(d.m))
	case d.config.Inactive == Reopen && d.reopens(*found):
		return d.patch(*found, d.reopening())
	}
	return d.open(d.key + "-" + found.ID)
}

// reopens tells whether an inactive incident may become active again: it is
// resolved, not closed, and not for too long.
func (d *delivery) reopens(r row) bool {
	return r.State == d.config.States.Resolved && (r.Updated.IsZero() || d.now().Sub(r.Updated) <= d.config.ReopenWithin)
}

func (d *delivery) reopening() map[string]string {
	f := d.change(d.m)
	f["state"] = d.config.States.Work
	return f
}

func (d *delivery) acknowledge(found *row) alert.Outcome {
	switch {
	case found == nil:
		return d.open(d.key)
	case !found.Active:
		return ok(*found)
	}
	return d.patch(*found, d.change(d.m))
}

// resolve closes the incident; without one, or when it is inactive already,
// there is nothing to do.
func (d *delivery) resolve(found *row) alert.Outcome {
	switch {
	case found == nil:
		return alert.Outcome{Class: alert.OK}
	case !found.Active:
		return ok(*found)
	}
	return d.patch(*found, d.change(d.m))
}

// patch changes an incident. After an attempt without an answer a note that is
// there already is not written again.
func (d *delivery) patch(r row, fields map[string]string) alert.Outcome {
	if d.m.MayRepeat && d.noted(r) {
		delete(fields, d.config.Journal)
	}
	if len(fields) == 0 {
		return ok(r)
	}
	_, o := d.call(http.MethodPatch, d.path(r.ID, "sys_id,number,state,active"), fields)
	if o.Class == alert.OK {
		return ok(r)
	}
	return o
}

// lease is how long a worker may take to open an incident.
const lease = time.Minute

// open creates an incident under the ledger's claim and makes sure that it is
// the only active one of the key.
func (d *delivery) open(claim string) alert.Outcome {
	record, mine, err := d.claim(claim)
	switch {
	case err != nil:
		return alert.Outcome{Class: alert.Retry, Reason: "servicenow: the ledger cannot be asked: " + err.Error()}
	case record != "":
		return d.opened(claim, record)
	case !mine:
		return alert.Outcome{Class: alert.Retry, Reason: "servicenow: another worker is opening the incident"}
	}
	fields := d.incident(d.m)
	created, o := d.call(http.MethodPost, d.path("", strings.Join(append([]string{"sys_id,number,state,active,sys_created_on"}, d.config.Required...), ",")), fields)
	if o.Class != alert.OK {
		d.release(claim)
		return o
	}
	kept := d.heal(created)
	if err := d.config.Ledger.Opened(d.ctx, claim, kept.ID); err != nil {
		d.release(claim) // the receipt knows it all the same
	}
	o = ok(kept)
	if kept.ID == created.ID {
		o.Reason = d.missing(created, fields)
	}
	return o
}

// claim asks the ledger, several times while another worker is at it.
func (d *delivery) claim(key string) (record string, mine bool, err error) {
	for i := range mostLooks {
		if i > 0 {
			d.config.Wait(d.ctx, pause(i))
		}
		record, mine, err = d.config.Ledger.Claim(d.ctx, key, lease)
		if err != nil || mine || record != "" || d.ctx.Err() != nil {
			break
		}
	}
	return record, mine, err
}

// release lets others try; a claim that cannot be released ends with its lease.
func (d *delivery) release(claim string) { _ = d.config.Ledger.Release(d.ctx, claim) }

// opened is the incident that another worker opened meanwhile. The message is
// told by it when it was the first one; otherwise it becomes a note. One that is
// gone from the instance, as somebody deleted it, gets a successor.
func (d *delivery) opened(claim, record string) alert.Outcome {
	found, o := d.byID(record)
	successor := d.key + "-" + record
	switch {
	case o != nil:
		return *o
	case found == nil && successor != claim:
		return d.open(successor)
	case found == nil:
		return alert.Outcome{Class: alert.Retry, Reason: "servicenow: the incident that the ledger knows cannot be read"}
	case d.m.Kind == alert.Opened || d.m.Kind == alert.Test:
		return ok(*found)
	}
	return d.patch(*found, d.change(d.m))
}

// heal looks until the new incident is in the index, so that an older one of
// another worker is too, keeps the oldest of all active ones and cancels the
// others.
func (d *delivery) heal(created row) row {
	for i := range mostLooks {
		if i > 0 {
			d.config.Wait(d.ctx, pause(i))
		}
		rows, _, o := d.standing()
		if o != nil || len(rows) == 0 {
			continue
		}
		if !slices.ContainsFunc(rows, func(r row) bool { return r.ID == created.ID }) {
			if own, _ := d.byID(created.ID); own == nil || own.Active {
				continue
			} // another worker has canceled it for an older one
			return rows[0]
		}
		for _, r := range rows[1:] {
			d.cancel(r, rows[0])
		}
		return rows[0]
	}
	return created
}

// cancel takes a duplicate back. When it fails the next look tries again.
func (d *delivery) cancel(r, kept row) {
	d.call(http.MethodPatch, d.path(r.ID, "sys_id"), map[string]string{
		"state": d.config.States.Canceled, "close_code": d.config.CloseCode,
		"close_notes":    "Opened twice at once; see " + kept.Number + ".",
		d.config.Journal: "Trailwarden opened this incident twice at once and keeps " + kept.Number + ".",
	})
}

// missing names the required fields that the instance stored empty, and says so
// in the incident.
func (d *delivery) missing(created row, given map[string]string) string {
	var names []string
	for _, f := range d.config.Required {
		if given[f] != "" && created.Fields[f] == "" {
			names = append(names, f)
		}
	}
	if len(names) == 0 {
		return ""
	}
	reason := "servicenow: " + created.Number + " was stored without " + strings.Join(names, ", ") + ": the instance knows no such value"
	d.call(http.MethodPatch, d.path(created.ID, "sys_id"), map[string]string{d.config.Journal: "Trailwarden: " + reason})
	return reason
}
