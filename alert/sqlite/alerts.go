package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
)

// rows is what both a transaction and the reading side can do.
type rows interface {
	one(query string, args []any, dest ...any) (found bool, err error)
	query(query string, args ...any) (*sql.Rows, error)
	rulesRead() *rulesRead
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

func (r reader) rulesRead() *rulesRead { return &r.s.w.read }

// What is read of an alert whole. Alerts of stores of earlier versions may have
// no row in told.
const (
	bareColumns  = "id, rule, status, last_seen, updated, words, a.doc, a.sum, told"
	alertColumns = bareColumns + ", samples, samples_sum, coalesce(t.alert, ''), coalesce(t.version, 0), t.doc, coalesce(t.sum, 0)"
	alertTables  = "alert a LEFT JOIN told t ON t.n = a.told"
)

// alertRow is a row of the table alert: the alert without its samples, the
// columns that queries need, and the samples on their own, because they change
// seldom and are most of the bytes; with its row of told.
type alertRow struct {
	id, rule, status, words string
	lastSeen, updated       int64
	doc, samples            []byte
	sum, samplesSum         int64
	told                    toldRow
}

// toldRow is a row of the table told; without one, n is 0.
type toldRow struct {
	n, version, sum int64
	alert           string
	doc             []byte
}

func (r *toldRow) docSum() int64 { return sum("told", r.n, r.alert, r.version, r.doc) }

// of gives an alert what the row says.
func (r *toldRow) of(a *alert.Alert) error {
	if r.n == 0 {
		return nil
	}
	if r.alert != a.ID || r.docSum() != r.sum {
		return damaged("told", r.n)
	}
	a.Version = max(a.Version, r.version)
	told, err := readTold(r.doc)
	a.Told = told
	return err
}

func (r *alertRow) bareFields() []any {
	return []any{&r.id, &r.rule, &r.status, &r.lastSeen, &r.updated, &r.words, &r.doc, &r.sum, &r.told.n}
}

// fields are those of alertColumns.
func (r *alertRow) fields() []any {
	return append(r.bareFields(), &r.samples, &r.samplesSum, &r.told.alert, &r.told.version, &r.told.doc, &r.told.sum)
}

func (r *alertRow) docSum() int64 {
	columns := []any{r.id, r.rule, r.status, r.lastSeen, r.updated, r.words, r.doc}
	if r.told.n > 0 {
		columns = append(columns, r.told.n)
	}
	return sum("alert", columns...)
}

// bare is the alert without its samples.
func (r *alertRow) bare(rules *rulesRead) (*alert.Alert, error) {
	if r.docSum() != r.sum {
		return nil, damaged("alert", r.id)
	}
	a, err := readAlert(r.doc, rules)
	if err != nil {
		return nil, fmt.Errorf("alert %s: %w", r.id, err)
	}
	if err := r.told.of(a); err != nil {
		return nil, fmt.Errorf("alert %s: %w", r.id, err)
	}
	return a, nil
}

func (r *alertRow) alert(rules *rulesRead) (*alert.Alert, error) {
	a, err := r.bare(rules)
	if err != nil {
		return nil, err
	}
	if sum("samples", r.id, r.samples) != r.samplesSum {
		return nil, damaged("alert", r.id)
	}
	if a.Samples, err = readSamples(r.samples); err != nil {
		return nil, fmt.Errorf("alert %s: samples: %w", r.id, err)
	}
	return a, nil
}

// loadAlert reads an alert, nil when there is none.
func loadAlert(q rows, id string) (*alert.Alert, error) {
	var r alertRow
	return load1(q, id, &r, bareColumns+", samples, samples_sum", append(r.bareFields(), &r.samples, &r.samplesSum), r.alert)
}

// loadBare reads an alert without its samples, nil when there is none.
func loadBare(q rows, id string) (*alert.Alert, error) {
	var r alertRow
	return load1(q, id, &r, bareColumns, r.bareFields(), r.bare)
}

// load1 reads columns of an alert into r, and its row of told with a second
// question: a join costs SQLite a plan for each.
func load1(q rows, id string, r *alertRow, columns string, fields []any, read func(*rulesRead) (*alert.Alert, error)) (*alert.Alert, error) {
	found, err := q.one("SELECT "+columns+" FROM alert a WHERE id = ?", []any{id}, fields...)
	if err != nil || !found {
		return nil, err
	}
	if r.told.n > 0 {
		t := &r.told
		_, err = q.one("SELECT alert, version, doc, sum FROM told WHERE n = ?", []any{t.n}, &t.alert, &t.version, &t.doc, &t.sum)
		if err != nil {
			return nil, err
		}
	}
	return read(q.rulesRead())
}

// saveAlert writes an alert; its samples only when withSamples says so, which it
// does of a new one.
func (t *tx) saveAlert(a *alert.Alert, withSamples bool) error {
	doc, err := t.w.rules.doc(t.w.rooms.doc, a)
	if err != nil {
		return fmt.Errorf("alert %s: %w", a.ID, err)
	}
	t.w.rooms.doc = again(doc)
	r := alertRow{
		id: a.ID, rule: a.Rule.ID, status: string(a.Status), words: words(a),
		lastSeen: millis(a.LastSeen), updated: millis(a.Updated), doc: doc,
	}
	if r.told.n, err = t.saveTold(a); err != nil {
		return err
	}
	r.sum = r.docSum()
	if !withSamples {
		return t.exec("UPDATE alert SET status = ?, rule = ?, last_seen = ?, updated = ?, words = ?, doc = ?, sum = ?, told = ? WHERE id = ?",
			r.status, r.rule, r.lastSeen, r.updated, r.words, r.doc, r.sum, r.told.n, r.id)
	}
	if r.samples, err = samples(t.w.rooms.samples, a.Samples); err != nil {
		return fmt.Errorf("alert %s: samples: %w", a.ID, err)
	}
	t.w.rooms.samples = again(r.samples)
	r.samplesSum = sum("samples", r.id, r.samples)
	t.w.kept.keep(a)
	return t.exec(`INSERT INTO alert (id, rule, status, last_seen, updated, words, doc, sum, samples, samples_sum, told) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, rule = excluded.rule, last_seen = excluded.last_seen, updated = excluded.updated,
		words = excluded.words, doc = excluded.doc, sum = excluded.sum, samples = excluded.samples, samples_sum = excluded.samples_sum, told = excluded.told`,
		r.id, r.rule, r.status, r.lastSeen, r.updated, r.words, r.doc, r.sum, r.samples, r.samplesSum, r.told.n)
}

// settleAlert writes an alert of which only what sinks were told has changed.
func (t *tx) settleAlert(a *alert.Alert) error {
	n, err := t.toldAt(a)
	switch {
	case err != nil:
		return err
	case n == 0: // its document holds it
		return t.saveAlert(a, false)
	}
	_, err = t.saveTold(a)
	return err
}

// saveTold writes what sinks were told of an alert, and gives the number of its
// row.
func (t *tx) saveTold(a *alert.Alert) (n int64, err error) {
	r := toldRow{alert: a.ID, version: a.Version}
	if r.doc, err = told(t.w.rooms.told, a); err != nil {
		return 0, fmt.Errorf("alert %s: %w", a.ID, err)
	}
	t.w.rooms.told = again(r.doc)
	if r.n, err = t.toldAt(a); err != nil {
		return 0, err
	}
	if r.n == 0 {
		if r.n, err = t.nextTold(); err != nil {
			return 0, err
		}
		t.w.kept.place(a.ID, r.n)
	}
	return r.n, t.exec("INSERT INTO told (n, alert, version, doc, sum) VALUES (?, ?, ?, ?, ?) ON CONFLICT (n) DO UPDATE SET version = excluded.version, doc = excluded.doc, sum = excluded.sum",
		r.n, r.alert, r.version, r.doc, r.docSum())
}

// toldAt is the number of the alert's row in told, 0 when there is none.
func (t *tx) toldAt(a *alert.Alert) (n int64, err error) {
	if n, known := t.w.kept.places[a.ID]; known {
		return n, nil
	}
	n, _, err = t.toldOf(a.ID)
	if err == nil && n > 0 {
		t.w.kept.place(a.ID, n)
	}
	return n, err
}

// toldOf reads that number, and tells whether there is such an alert.
func (t *tx) toldOf(id string) (n int64, found bool, err error) {
	found, err = t.one("SELECT told FROM alert WHERE id = ?", []any{id}, &n)
	return n, found, err
}

// nextTold is the number of the next row of told.
func (t *tx) nextTold() (int64, error) {
	k := &t.w.kept
	if k.lastTold == 0 {
		if _, err := t.one("SELECT coalesce(max(n), 0) FROM told", nil, &k.lastTold); err != nil {
			return 0, err
		}
	}
	k.lastTold++
	return k.lastTold, nil
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

// Alert reads one alert. An unambiguous beginning of the ID will do.
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
	if len(begin) < alert.ShortestID {
		return "", fmt.Errorf("alert %q: give at least %d characters of the ID: %w", begin, alert.ShortestID, alert.ErrNotFound)
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
		return "", fmt.Errorf("alert %s: %w", begin, alert.ErrAmbiguous)
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
	rs, err := s.read.QueryContext(ctx, "SELECT "+alertColumns+" FROM "+alertTables+" WHERE "+where+
		" ORDER BY a.last_seen DESC, a.id DESC LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, "", s.sort(err)
	}
	defer rs.Close()
	for rs.Next() {
		var r alertRow
		if err := rs.Scan(r.fields()...); err != nil {
			return nil, "", s.sort(err)
		}
		a, err := r.alert(&s.w.read)
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
		parts = append(parts, "a.status IN ("+marks+")")
		for _, st := range q.Status {
			args = append(args, string(st))
		}
	}
	if q.Rule != "" {
		add("a.rule = ?", q.Rule)
	}
	if !q.From.IsZero() {
		add("a.last_seen >= ?", millis(q.From))
	}
	if !q.To.IsZero() {
		add("a.last_seen <= ?", millis(q.To))
	}
	if q.Text != "" {
		add("instr(a.words, ?) > 0", strings.ToLower(q.Text))
	}
	if q.After != "" {
		at, id, ok := strings.Cut(q.After, ".")
		ms, err := strconv.ParseInt(at, 10, 64)
		if err != nil || !ok {
			return "", nil, fmt.Errorf("page %q: not a cursor that a listing returned", q.After)
		}
		add("(a.last_seen, a.id) < (?, ?)", ms, id)
	}
	return strings.Join(parts, " AND "), args, nil
}
