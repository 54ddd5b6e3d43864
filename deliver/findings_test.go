package deliver_test

import (
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/severity"
)

func rule(id string, level severity.Level) *alert.Rule { return storetest.Rule(id, level) }

func finding(r *alert.Rule, id, role string) alert.Finding {
	return storetest.Finding(r, storetest.Event{ID: r.ID + id, Role: role, At: time.Now().Truncate(24 * time.Hour)})
}
