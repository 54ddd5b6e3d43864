package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
)

// rows is what both a transaction and the reading side can do.
type rows interface {
	one(query string, args []any, dest ...any) (found bool, err error)
	query(query string, args ...any) (*sql.Rows, error)
}

// reader reads outside of any transaction.
type reader struct {
	ctx context.Context
	s   *Store
}

func (r reader) one(query string, args []any, dest ...any) (bool, error) {
	stmt, err := r.s.prepared(query)
	if err != nil {
		return false, err
	}
	return scanOne(stmt.QueryRowContext(r.ctx, args...), dest...)
}

func (r reader) query(query string, args ...any) (*sql.Rows, error) {
	return r.s.read.QueryContext(r.ctx, query, args...)
}

const alertColumns = "id, rule, status, last_seen, updated, words, doc, sum, samples, samples_sum"

// alertRow is a row of the table alert: the alert without its samples, the
// columns that queries need, and the samples on their own, because they change
// seldom and are most of the bytes.
type alertRow struct {
	id, rule, status, words string
	lastSeen, updated       int64
	doc, samples            []byte
	sum, samplesSum         int64
}

func (r *alertRow) fields() []any {
	return []any{&r.id, &r.rule, &r.status, &r.lastSeen, &r.updated, &r.words, &r.doc, &r.sum, &r.samples, &r.samplesSum}
}

func (r *alertRow) docSum() int64 {
	return sum("alert", r.id, r.rule, r.status, r.lastSeen, r.updated, r.words, r.doc)
}

// check holds the row to its checksums.
func (r *alertRow) check() error {
	if r.docSum() != r.sum || sum("samples", r.id, r.samples) != r.samplesSum {
		return damaged("alert", r.id)
	}
	return nil
}

func (r *alertRow) alert() (*alert.Alert, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	a := &alert.Alert{}
	if err := json.Unmarshal(r.doc, a); err != nil {
		return nil, fmt.Errorf("alert %s: %w", r.id, err)
	}
	if err := json.Unmarshal(r.samples, &a.Samples); err != nil {
		return nil, fmt.Errorf("alert %s: samples: %w", r.id, err)
	}
	return a, nil
}

// loadAlert reads an alert, nil when there is none.
func loadAlert(q rows, id string) (*alert.Alert, error) {
	var r alertRow
	found, err := q.one("SELECT "+alertColumns+" FROM alert WHERE id = ?", []any{id}, r.fields()...)
	if err != nil || !found {
		return nil, err
	}
	return r.alert()
}

// loadBare reads an alert without its samples, nil when there is none.
func loadBare(q rows, id string) (*alert.Alert, error) {
	r := alertRow{id: id}
	found, err := q.one("SELECT rule, status, last_seen, updated, words, doc, sum FROM alert WHERE id = ?",
		[]any{id}, &r.rule, &r.status, &r.lastSeen, &r.updated, &r.words, &r.doc, &r.sum)
	if err != nil || !found {
		return nil, err
	}
	if r.docSum() != r.sum {
		return nil, damaged("alert", id)
	}
	a := &alert.Alert{}
	if err := json.Unmarshal(r.doc, a); err != nil {
		return nil, fmt.Errorf("alert %s: %w", id, err)
	}
	return a, nil
}

// saveAlert writes an alert; its samples only when withSamples says so.
func (t *tx) saveAlert(a *alert.Alert, withSamples bool) error {
	doc, err := t.w.rules.doc(a)
	if err != nil {
		return fmt.Errorf("alert %s: %w", a.ID, err)
	}
	r := alertRow{
		id: a.ID, rule: a.Rule.ID, status: string(a.Status), words: words(a),
		lastSeen: millis(a.LastSeen), updated: millis(a.Updated), doc: doc,
	}
	r.sum = r.docSum()
	if !withSamples {
		return t.exec("UPDATE alert SET status = ?, rule = ?, last_seen = ?, updated = ?, words = ?, doc = ?, sum = ? WHERE id = ?",
			r.status, r.rule, r.lastSeen, r.updated, r.words, r.doc, r.sum, r.id)
	}
	if r.samples, err = json.Marshal(a.Samples); err != nil {
		return fmt.Errorf("alert %s: samples: %w", a.ID, err)
	}
	r.samplesSum = sum("samples", r.id, r.samples)
	t.w.kept.keep(a)
	return t.exec("INSERT OR REPLACE INTO alert ("+alertColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		r.id, r.rule, r.status, r.lastSeen, r.updated, r.words, r.doc, r.sum, r.samples, r.samplesSum)
}

// words are what a Query's Text is looked for in: the group's values and the
// rule's title, in lower case.
func words(a *alert.Alert) string {
	var b strings.Builder
	b.WriteString(a.Rule.Title)
	for _, l := range a.Group {
		b.WriteByte('\n')
		b.WriteString(l.Value)
	}
	return strings.ToLower(b.String())
}

// Alert reads one alert. An unambiguous beginning of the ID, of eight characters
// or more, will do.
func (s *Store) Alert(ctx context.Context, id string) (*alert.Alert, error) {
	q := reader{ctx, s}
	id, err := fullID(q, id)
	if err != nil {
		return nil, s.sort(err)
	}
	a, err := loadAlert(q, id)
	if err == nil && a == nil {
		err = fmt.Errorf("alert %s: %w", id, alert.ErrNotFound)
	}
	return a, s.sort(err)
}

// fullID is the ID that begins as given.
func fullID(q rows, begin string) (string, error) {
	if len(begin) >= 64 {
		return begin, nil
	}
	if len(begin) < 8 {
		return "", fmt.Errorf("alert %q: give at least 8 characters of the ID: %w", begin, alert.ErrNotFound)
	}
	var n int64
	var id sql.NullString
	_, err := q.one("SELECT count(*), max(id) FROM (SELECT id FROM alert WHERE id >= ? AND id < ? LIMIT 2)", []any{begin, begin + "g"}, &n, &id)
	switch {
	case err != nil:
		return "", err
	case n == 0:
		return "", fmt.Errorf("alert %s: %w", begin, alert.ErrNotFound)
	case n > 1:
		return "", fmt.Errorf("alert %s: several begin so; give more of the ID: %w", begin, alert.ErrNotFound)
	}
	return id.String, nil
}

// Alerts lists alerts, the latest event first.
func (s *Store) Alerts(ctx context.Context, q alert.Query) (page []*alert.Alert, next string, err error) {
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	where, args, err := conditions(q)
	if err != nil {
		return nil, "", err
	}
	rs, err := s.read.QueryContext(ctx, "SELECT "+alertColumns+" FROM alert WHERE "+where+
		" ORDER BY last_seen DESC, id DESC LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, "", s.sort(err)
	}
	defer rs.Close()
	for rs.Next() {
		var r alertRow
		if err := rs.Scan(r.fields()...); err != nil {
			return nil, "", s.sort(err)
		}
		a, err := r.alert()
		if err != nil {
			return nil, "", err
		}
		page = append(page, a)
		next = fmt.Sprintf("%d.%s", r.lastSeen, r.id)
	}
	if len(page) < limit {
		next = ""
	}
	return page, next, s.sort(rs.Err())
}

// conditions turns a Query into SQL.
func conditions(q alert.Query) (where string, args []any, err error) {
	parts := []string{"1"}
	add := func(part string, values ...any) {
		parts, args = append(parts, part), append(args, values...)
	}
	if len(q.Status) > 0 {
		marks := strings.TrimSuffix(strings.Repeat("?,", len(q.Status)), ",")
		parts = append(parts, "status IN ("+marks+")")
		for _, st := range q.Status {
			args = append(args, string(st))
		}
	}
	if q.Rule != "" {
		add("rule = ?", q.Rule)
	}
	if !q.From.IsZero() {
		add("last_seen >= ?", millis(q.From))
	}
	if !q.To.IsZero() {
		add("last_seen <= ?", millis(q.To))
	}
	if q.Text != "" {
		add("instr(words, ?) > 0", strings.ToLower(q.Text))
	}
	if q.After != "" {
		at, id, ok := strings.Cut(q.After, ".")
		ms, err := strconv.ParseInt(at, 10, 64)
		if err != nil || !ok {
			return "", nil, fmt.Errorf("page %q: not a cursor that a listing returned", q.After)
		}
		add("(last_seen, id) < (?, ?)", ms, id)
	}
	return strings.Join(parts, " AND "), args, nil
}
