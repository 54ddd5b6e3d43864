package sqlite_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
)

// open opens a store that the test closes.
func open(t *testing.T, path string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The suite that every store passes.
func TestStore(t *testing.T) {
	var paths sync.Map
	storetest.Run(t, storetest.Harness{
		Races: 200,
		Open: func(t *testing.T, policy func() *alert.Policy) alert.Store {
			path := filepath.Join(t.TempDir(), "state", "alerts.db")
			s := open(t, path, sqlite.Options{Policy: policy})
			paths.Store(s, path)
			return s
		},
		Again: func(t *testing.T, s alert.Store, policy func() *alert.Policy) alert.Store {
			path, _ := paths.Load(s)
			again := open(t, path.(string), sqlite.Options{Policy: policy})
			t.Cleanup(func() { _ = again.Close() })
			return again
		},
	})
}

// A deferred Close after an explicit one ends at once.
func TestCloseTwice(t *testing.T) {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
