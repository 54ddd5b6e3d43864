package sqlite

import (
	"context"
	"database/sql"
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

// States gives those of the named pieces of state that are there, in any order.
func (s *Store) States(ctx context.Context, names []string) (found []alert.Position, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	stmt, err := s.prepared("SELECT data, sum FROM state WHERE name = ?")
	if err != nil {
		return nil, s.sort(err)
	}
	for _, name := range names {
		p := alert.Position{Name: name}
		var check int64
		there, err := scanOne(stmt.QueryRowContext(ctx, name), &p.Data, &check)
		switch {
		case err != nil:
			return nil, s.sort(err)
		case !there:
		case sum("state", name, p.Data) != check:
			return nil, damaged("state", name)
		default:
			p.Version, p.Data = unversioned(p.Data)
			found = append(found, p)
		}
	}
	return found, nil
}
