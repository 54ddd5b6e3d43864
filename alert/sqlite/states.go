package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"

	"github.com/trailwarden/trailwarden/alert"
)

// statements are those of the readers, each made at its first use.
type statements struct {
	mu  sync.Mutex
	all map[string]*sql.Stmt
}

// prepared is the readers' statement of a query, whose text is one of the few in
// this package.
func (s *Store) prepared(query string) (*sql.Stmt, error) {
	s.reads.mu.Lock()
	defer s.reads.mu.Unlock()
	if stmt := s.reads.all[query]; stmt != nil {
		return stmt, nil
	}
	// Not under the caller's context: what it called off would stay called off.
	stmt, err := s.read.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	if s.reads.all == nil {
		s.reads.all = map[string]*sql.Stmt{}
	}
	s.reads.all[query] = stmt
	return stmt, nil
}

// together is how many pieces of state one statement asks for.
const together = 32

// States gives those of the named pieces of state that are there, in any order.
func (s *Store) States(ctx context.Context, names []string) (found []alert.Position, err error) {
	for some := range slices.Chunk(names, together) {
		if found, err = s.states(ctx, found, some); err != nil {
			return nil, s.sort(err)
		}
	}
	return found, nil
}

// states appends the pieces with some names, at most together.
func (s *Store) states(ctx context.Context, found []alert.Position, names []string) ([]alert.Position, error) {
	room := 1 // of the statement: there are few, so that each is prepared once
	for room < len(names) {
		room *= 2
	}
	stmt, err := s.prepared("SELECT name, data, sum FROM state WHERE name IN (?" + strings.Repeat(",?", room-1) + ")")
	if err != nil {
		return nil, err
	}
	args := make([]any, room)
	for i := range args {
		args[i] = names[min(i, len(names)-1)] // what is left over asks for the last again
	}
	rs, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	for rs.Next() {
		var p alert.Position
		var check int64
		if err := rs.Scan(&p.Name, &p.Data, &check); err != nil {
			return nil, err
		}
		if sum("state", p.Name, p.Data) != check {
			return nil, damaged("state", p.Name)
		}
		p.Version, p.Data = unversioned(p.Data)
		found = append(found, p)
	}
	return found, rs.Err()
}
