package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/query"
)

// row is a row of a result.
type row struct {
	cells   []alert.Label
	time    time.Time // of the event, if the row tells
	eventID string
	event   string // identity of the event, if the row tells
	id      identity
}

// identity tells rows apart: a hash.
type identity [16]byte

func (i identity) String() string { return hex.EncodeToString(i[:]) }

// maxCell bounds a cell that is kept, in bytes.
const maxCell = 4096

// answer is what a run came to know.
type answer struct {
	columns []string
	rows    []row // that no run told
	all     int   // rows of the result that were looked at: these and those told before
	more    int64 // rows that no run told and that were too many
}

// read takes up to most rows of a result that are not known, and counts the
// others. Rows that were told before take no place: else a window in which much
// was told would leave none for what is new.
func (q *Query) read(r query.Result, known map[identity]bool, most int) (a answer, err error) {
	for _, c := range r.Columns() {
		a.columns = append(a.columns, c.Name)
	}
	times := map[string]int{} // rows of an event
	for cells := r.Next(); cells != nil; cells = r.Next() {
		row := makeRow(a.columns, cells)
		times[row.event]++
		switch {
		case q.knows(known, &row, times[row.event]):
			a.all++
		case len(a.rows) >= most:
			a.more++
		default:
			a.all++
			a.rows = append(a.rows, row)
		}
	}
	q.identify(a.rows, times)
	a.rows = slices.DeleteFunc(a.rows, func(row row) bool {
		was := known[row.id]
		known[row.id] = true
		return was
	})
	return a, r.Err()
}

// knows tells whether a row was told: by its key, by its values, or as the first
// row of an event that was told.
func (q *Query) knows(known map[identity]bool, r *row, nth int) bool {
	return known[q.identity(r, 1)] && nth == 1 || known[q.identity(r, 2)]
}

func makeRow(columns []string, cells []query.Cell) row {
	var r row
	account := ""
	for i, c := range cells {
		text := cut(string(c.Text))
		r.cells = append(r.cells, alert.Label{Name: columns[i], Value: text})
		switch strings.ToLower(columns[i]) {
		case "eventtime":
			if t, ok := cloudtrail.ParseTime(text); ok {
				r.time = t.UTC()
			}
		case "eventid":
			r.eventID = text
		case "recipientaccountid":
			account = text
		}
	}
	if r.eventID != "" {
		r.event = r.eventID + "\x00" + account
	}
	return r
}

// cut is s with at most maxCell bytes.
func cut(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) <= maxCell {
		return s
	}
	n := maxCell - len("…")
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// identify gives each row its identity.
func (q *Query) identify(rows []row, times map[string]int) {
	for i := range rows {
		rows[i].id = q.identity(&rows[i], times[rows[i].event])
	}
}

// identity is that of a row whose event gives so many rows. An event that gives
// several is told by each of them, so there the values count, too.
func (q *Query) identity(r *row, times int) identity {
	switch {
	case len(q.Key) > 0:
		return hash("key", r.texts(q.Key)...)
	case r.event != "" && times == 1:
		return hash("event", r.event)
	}
	return hash("row", r.texts(nil)...)
}

// texts are the names and values of columns; all when none is named.
func (r *row) texts(names []string) (out []string) {
	for _, c := range r.cells {
		if names == nil || slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, c.Name) }) {
			out = append(out, strings.ToLower(c.Name), c.Value)
		}
	}
	return out
}

func hash(kind string, texts ...string) (id identity) {
	b := []byte(kind)
	for _, t := range texts {
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
	}
	sum := sha256.Sum256(b)
	copy(id[:], sum[:])
	return id
}

// finding is the row as a finding; arrived stands in for a time that the row
// does not tell.
func (q *Query) finding(r *row, slot, arrived time.Time, mode string) alert.Finding {
	at := r.time
	if at.IsZero() {
		at = slot
	}
	return alert.Finding{Rule: q.Rule, Record: []byte("{}"), Identity: r.id.String(), Time: at, Arrived: arrived, Mode: mode,
		Evidence: alert.Evidence{File: "query " + q.Rule.ID, Record: -1, EventID: r.eventID}, Row: r.cells}
}
