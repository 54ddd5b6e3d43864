package dynamodb

import (
	"testing"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/storetest"
)

// The suite that every store passes, on the table in memory.
func TestMemory(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Races: 200,
		Open: func(_ *testing.T, policy func() *alert.Policy) alert.Store {
			return NewMemory(Options{Policy: policy})
		},
		Again: func(_ *testing.T, s alert.Store, policy func() *alert.Policy) alert.Store {
			return newStore(s.(*Store).t, Options{Policy: policy})
		},
	})
}
