package deliver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
)

// What a receiver took in part counts as delivered, and another sink is told
// once a day.
func TestTakenInPartIsTold(t *testing.T) {
	part := &receiver{answer: func(int, *message.Message) alert.Outcome {
		return alert.Outcome{Class: alert.OK, Reason: "1 of 2 recipients refused"}
	}}
	other := &receiver{}
	inWorld(t, map[string]*receiver{"mail": part, "other": other}, nil, func(w *world) {
		w.find("1", "a")
		w.find("2", "b")
		pass(2 * time.Minute)
		told := only(other.ledger(), alert.Health)
		if len(only(part.ledger(), alert.Opened)) != 2 || len(told) != 1 || !strings.Contains(told[0].m.Summary, "in part") {
			t.Errorf("%d delivered, told %+v", len(part.ledger()), told)
		}
	})
}
