package sqlite_test

import (
	"path/filepath"
	"slices"
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

// Positions are read by the beginning of their names, each of them as it was saved.
func TestPositionsByPrefix(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{})
	defer s.Close()
	for _, name := range []string{"source/folder/a_b/1", "source/folder/a_b/2\U0010FFFF", "source/folder/axb/1", "source/folder/a_c", "source/Folder/a_b/1"} {
		if err := s.Save(t.Context(), name, []byte("of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	err := s.Positions(t.Context(), "source/folder/a_b/", func(p alert.Position) error {
		got = append(got, p.Name+": "+string(p.Data))
		return nil
	})
	want := []string{"source/folder/a_b/1: of source/folder/a_b/1", "source/folder/a_b/2\U0010FFFF: of source/folder/a_b/2\U0010FFFF"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v: %q, want %q", err, got, want)
	}
}
