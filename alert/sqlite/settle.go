package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/crash"
)

var _ alert.Settler = (*Store)(nil)

// Settle records how a delivery ended.
func (s *Store) Settle(ctx context.Context, d alert.Delivery, o alert.Outcome, now time.Time) error {
	lost, err := s.SettleAll(ctx, []alert.Settled{{Delivery: d, Outcome: o}}, now)
	if err == nil && lost[0] {
		err = alert.ErrLost
	}
	if err != nil {
		return fmt.Errorf("delivery %s: %w", d.ID, err)
	}
	return nil
}

// SettleAll records how deliveries ended.
func (s *Store) SettleAll(ctx context.Context, all []alert.Settled, now time.Time) (lost []bool, err error) {
	err = s.write(ctx, func(t *tx) error {
		crash.Point("settle begun")
		lost = make([]bool, len(all))
		env, err := t.env(s.policy(), now)
		if err != nil {
			return err
		}
		for i := range all {
			if lost[i], err = t.settle(env, &all[i]); err != nil {
				return err
			}
		}
		err = t.saveSinks(env)
		crash.Point("settle written")
		return err
	})
	if err != nil {
		return nil, err
	}
	crash.Point("settled")
	return lost, nil
}

func (t *tx) settle(env *alert.Env, s *alert.Settled) (lost bool, err error) {
	kept, found, err := t.leased(s)
	if err != nil || !found {
		return true, err
	}
	kept.Count = s.Delivery.Count
	var a *alert.Alert
	if kept.Alert != "" {
		if a, err = t.bare(kept.Alert); err != nil {
			return false, err
		}
	}
	if err := t.addSink(env, kept.Sink); err != nil {
		return false, err
	}
	return false, t.conclude(a, alert.Settle(a, kept, s.Outcome, env))
}

// leased is a delivery as it was claimed, while its lease holds. What arrived
// goes, and the holder knows all of it that still matters: it is not read again.
func (t *tx) leased(s *alert.Settled) (d alert.Delivery, found bool, err error) {
	if s.Delivery.Lease == "" {
		return d, false, nil
	}
	if s.Outcome.Class == alert.OK {
		n, err := t.changed("DELETE FROM outbox WHERE id = ? AND lease = ? AND dead = 0", s.Delivery.ID, s.Delivery.Lease)
		return s.Delivery, n > 0, err
	}
	rows, err := load(t, outbox, "id = ? AND lease = ? AND dead = 0", s.Delivery.ID, s.Delivery.Lease)
	if err != nil || len(rows) == 0 {
		return d, false, err
	}
	return rows[0].Delivery, true, nil
}

// conclude writes what a settlement says.
func (t *tx) conclude(a *alert.Alert, s alert.Settlement) error {
	r := row{Delivery: s.After}
	r.Lease = ""
	if s.Dead {
		r.dead = 1
	}
	var err error
	if !s.Done { // what is done is gone
		err = t.saveDelivery(r)
	}
	if err == nil && a != nil {
		err = t.settleAlert(a)
	}
	if err != nil {
		return err
	}
	return t.saveAll(s.Out)
}
