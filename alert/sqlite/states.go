package sqlite

import (
	"context"
	"database/sql"
	"sync"

	"github.com/trailwarden/trailwarden/alert"
)

// prepared is a statement of the readers that is made at its first use.
type prepared struct {
	once sync.Once
	stmt *sql.Stmt
	err  error
}

func (p *prepared) get(db *sql.DB, query string) (*sql.Stmt, error) {
	// Not under the caller's context: what it called off would stay called off.
	p.once.Do(func() { p.stmt, p.err = db.PrepareContext(context.Background(), query) })
	return p.stmt, p.err
}

// States gives those of the named pieces of state that are there, in any order.
func (s *Store) States(ctx context.Context, names []string) (found []alert.Position, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	stmt, err := s.state.get(s.read, "SELECT data, sum FROM state WHERE name = ?")
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
