package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/trailwarden/trailwarden/query/sandbox"
)

// engine is an open database in memory.
type engine struct {
	conn   *sql.Conn
	stream *stream
}

// openEngine opens a database.
func openEngine(ctx context.Context) (*engine, error) {
	connector, err := duckdb.NewConnector(opening, nil)
	if err != nil {
		return nil, at("lock", err)
	}
	conn, err := sql.OpenDB(connector).Conn(ctx)
	if err != nil {
		return nil, at("lock", err)
	}
	e := &engine{conn: conn, stream: newStream()}
	if err := e.exec(ctx, basics()...); err != nil {
		return nil, at("lock", err)
	}
	return e, at("setup", e.functions())
}

// prepare sets the database's bounds, gives it its views, and locks it.
func (e *engine) prepare(ctx context.Context, q *sandbox.Request, may permissions) error {
	if err := e.exec(ctx, bounds(q)...); err != nil {
		return at("lock", err)
	}
	if !may.write {
		if err := e.shut(ctx, q.Folders); err != nil {
			return at("lock", err)
		}
	}
	if err := e.views(ctx, q); err != nil {
		return err
	}
	return at("lock", e.lock(ctx, may))
}

func (e *engine) exec(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := e.conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%w (in %.200s)", err, s)
		}
	}
	return nil
}

// opening are the settings that the engine would otherwise ask the system for,
// which it may not.
const opening = "?threads=1&memory_limit=32MiB"

// bounds are the settings that the request gives.
//
// A stream is read by one thread. The engine's thread that waits for the others
// does so by asking them again and again, which would take a core away from those
// who make the rows; so there is one thread as long as rows come.
func bounds(q *sandbox.Request) []string {
	all := []string{fmt.Sprintf("SET memory_limit = '%dMiB'", max(q.Memory>>20, 32))}
	if len(q.Stream) == 0 && q.Threads > 1 {
		all = append(all, fmt.Sprintf("SET threads = %d", q.Threads))
	}
	if slices.ContainsFunc(append(slices.Clone(q.Setup), q.SQL), func(text string) bool { return strings.Contains(text, "TRY(") }) {
		// What comes twice is computed before all else, and outside of the TRY that is
		// to catch its error.
		all = append(all, "SET disabled_optimizers = 'common_subexpressions'")
	}
	return all
}

// basics are the settings that make the engine's answers those of Athena and
// keep it within its memory.
func basics() []string {
	return []string{
		"SET TimeZone = 'UTC'",
		"SET integer_division = true",
		"SET preserve_insertion_order = false",
		"SET enable_external_file_cache = false", // no file is read twice
		"SET temp_directory = ''",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_community_extensions = false",
		"SET allow_persistent_secrets = false",
		"SET enable_progress_bar = false",
		"SET errors_as_json = false",
	}
}

// functions adds what Trino has and DuckDB lacks.
func (e *engine) functions() error {
	source := duckdb.ChunkTableFunction{BindArguments: func(map[string]any, ...any) (duckdb.ChunkTableSource, error) {
		return e.stream, nil
	}}
	if err := duckdb.RegisterTableUDF(e.conn, "ct_stream", source); err != nil {
		return err
	}
	return registerScalars(e.conn)
}

// shut takes away files and network; what folders hold stays readable.
func (e *engine) shut(ctx context.Context, folders []string) error {
	if len(folders) > 0 {
		quoted := make([]string, len(folders))
		for i, f := range folders {
			quoted[i] = literal(f)
		}
		return e.exec(ctx, "SET allowed_directories = ["+strings.Join(quoted, ", ")+"]", "SET enable_external_access = false")
	}
	// In this order: the other one fails.
	return e.exec(ctx, "SET enable_external_access = false", "SET disabled_filesystems = 'LocalFileSystem'")
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (e *engine) views(ctx context.Context, q *sandbox.Request) error {
	rows := []string{"CREATE VIEW ct_rows AS SELECT * FROM ct_stream()"}
	if q.Keep {
		rows = []string{"CREATE TABLE ct_rows AS SELECT * FROM ct_stream()", fmt.Sprintf("SET threads = %d", max(q.Threads, 1))}
	}
	if err := e.exec(ctx, rows...); err != nil {
		return at("run", err)
	}
	return at("setup", e.exec(ctx, slices.Concat(macros(append(slices.Clone(q.Setup), q.SQL)...), q.Setup)...))
}

// lock freezes the settings and reads them back: were one not what it should be,
// nothing is run.
func (e *engine) lock(ctx context.Context, may permissions) error {
	if err := e.exec(ctx, "SET lock_configuration = true"); err != nil {
		return err
	}
	want := []string{"lock_configuration=true", "autoload_known_extensions=false", "autoinstall_known_extensions=false",
		"allow_community_extensions=false", "allow_persistent_secrets=false", "temp_directory="}
	if !may.write {
		want = append(want, "enable_external_access=false")
	}
	list := make([]string, len(want)) // in one query, because each of them costs a millisecond
	for i, setting := range want {
		name, _, _ := strings.Cut(setting, "=")
		list[i] = "'" + name + "=' || CAST(current_setting('" + name + "') AS VARCHAR)"
	}
	var is string
	err := e.conn.QueryRowContext(ctx, "SELECT concat_ws(',', "+strings.Join(list, ", ")+")").Scan(&is)
	if all := strings.Join(want, ","); err != nil || is != all {
		return fmt.Errorf("the sandbox is not closed: %s; want %s: %w", is, all, errors.Join(err, errOpen))
	}
	return nil
}

var errOpen = errors.New("nothing was run")
