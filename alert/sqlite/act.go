package sqlite

import (
	"context"
	"fmt"

	"github.com/trailwarden/trailwarden/alert"
)

// Act does what a person wants with an alert. An unambiguous beginning of the
// ID will do.
func (s *Store) Act(ctx context.Context, id string, act alert.Action) (a *alert.Alert, err error) {
	err = s.write(ctx, func(t *tx) error {
		if id, err = fullID(t, id); err != nil {
			return err
		}
		if a, err = t.alert(id); err != nil {
			return err
		}
		if a == nil {
			return fmt.Errorf("alert %s: %w", id, alert.ErrNotFound)
		}
		if err := t.perform(a, act, s.policy()); err != nil {
			return err
		}
		a = copied(a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (t *tx) perform(a *alert.Alert, act alert.Action, p *alert.Policy) error {
	env, err := t.env(p, act.Now)
	if err != nil {
		return err
	}
	if err := t.waiting(env, a); err != nil {
		return err
	}
	out, withdraw, err := alert.Perform(a, act, env)
	if err != nil {
		return err
	}
	if err := t.withdraw(withdraw); err != nil {
		return err
	}
	if err := t.saveAlert(a, false); err != nil {
		return err
	}
	return t.finish(env, out)
}
