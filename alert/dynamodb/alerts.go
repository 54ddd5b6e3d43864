package dynamodb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// wordsOf are what a Query chooses by, as the index holds it: status, rule, and
// in lower case what Text is looked for in, cut to keep the index small.
func wordsOf(a *alert.Alert) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(a.Rule.Title))
	for _, l := range a.Group {
		b.WriteByte('\n')
		b.WriteString(strings.ToLower(l.Value))
	}
	return string(a.Status) + "\x1f" + a.Rule.ID + "\x1f" + strings.ToValidUTF8(b.String()[:min(b.Len(), 8<<10)], "")
}

// chosen tells whether a listed alert fits a query, as far as words tell.
func chosen(q *alert.Query, words string) bool {
	parts := strings.SplitN(words, "\x1f", 3)
	if len(parts) != 3 {
		return false
	}
	return (len(q.Status) == 0 || slices.Contains(q.Status, alert.Status(parts[0]))) &&
		(q.Rule == "" || q.Rule == parts[1]) && strings.Contains(parts[2], strings.ToLower(q.Text))
}

// Alert reads one alert. An unambiguous beginning of the ID will do.
func (s *Store) Alert(ctx context.Context, id string) (*alert.Alert, error) {
	id, err := s.fullID(ctx, id)
	if err != nil {
		return nil, err
	}
	as, err := s.whole(ctx, []string{id})
	if err == nil && len(as) == 0 {
		return nil, notFound("alert", id)
	}
	if err != nil {
		return nil, err
	}
	return as[0], nil
}

// readTries is how often an alert is read whose samples change meanwhile; what is
// missing then is lost.
const readTries = 5

// whole reads alerts with their samples, in the order of ids, without those that
// are gone.
func (s *Store) whole(ctx context.Context, ids []string) ([]*alert.Alert, error) {
	for n := 1; ; n++ {
		t := &tx{ctx: ctx, s: s, env: &alert.Env{Now: time.Time{}}, holders: map[key]*holder{}}
		keys := make([]key, len(ids))
		for i, id := range ids {
			keys[i] = alertKey(id)
		}
		if err := t.load(keys...); err != nil {
			return nil, err
		}
		there := slices.DeleteFunc(t.order, func(h *holder) bool { return h.doc.Alert == nil })
		missing, err := s.withSamples(ctx, there...)
		if err != nil {
			return nil, err
		}
		if missing && n < readTries {
			continue
		}
		as := make([]*alert.Alert, len(there))
		for i, h := range there {
			as[i] = h.doc.Alert
		}
		return as, nil
	}
}

// fullID is the ID that begins as given.
func (s *Store) fullID(ctx context.Context, begin string) (string, error) {
	if len(begin) >= 64 {
		return begin, nil
	}
	if len(begin) < alert.ShortestID {
		return "", fmt.Errorf("alert %q: give at least %d characters of the ID: %w", begin, alert.ShortestID, alert.ErrNotFound)
	}
	first, err := s.nextID(ctx, begin, begin)
	if err != nil {
		return "", err
	}
	if first == "" {
		return "", notFound("alert", begin)
	}
	second, err := s.nextID(ctx, begin, first+"~")
	if second != "" {
		return "", fmt.Errorf("alert %s: %w", begin, alert.ErrAmbiguous)
	}
	return first, err
}

// nextID is the first alert's, from a sort key on, whose ID begins as given.
func (s *Store) nextID(ctx context.Context, begin, from string) (id string, err error) {
	err = s.t.query(ctx, query{pk: alertPart(begin), from: from, to: begin + last, page: 1}, func(it item) bool {
		id, _, _ = strings.Cut(it.sk, "#")
		return false
	})
	return id, err
}

// Alerts lists alerts, the latest event first. It reads the index, which may be
// some milliseconds behind.
func (s *Store) Alerts(ctx context.Context, q alert.Query) (page []*alert.Alert, next string, err error) {
	limit := cmp.Or(max(q.Limit, 0), 100)
	from, to := "0", last
	if !q.From.IsZero() {
		from = fmt.Sprintf("%015d", sinceZero(q.From))
	}
	if !q.To.IsZero() {
		to = fmt.Sprintf("%015d", sinceZero(q.To)) + last
	}
	after := ""
	if q.After != "" {
		var ok bool
		if after, ok = cursorOf(q.After); !ok {
			return nil, "", fmt.Errorf("page %q: not a cursor that a listing returned", q.After)
		}
		to = min(to, after)
	}
	var orders []string
	for n := range listShards {
		some, err := s.listed(ctx, &q, fmt.Sprintf("alerts#%x", n), from, to, after, limit)
		if err != nil {
			return nil, "", err
		}
		orders = append(orders, some...)
	}
	slices.SortFunc(orders, func(a, b string) int { return cmp.Compare(b, a) })
	orders = orders[:min(limit, len(orders))]
	if len(orders) == limit {
		next = orders[limit-1]
	}
	ids := make([]string, len(orders))
	for i, o := range orders {
		_, ids[i], _ = strings.Cut(o, "#")
	}
	page, err = s.whole(ctx, ids)
	return page, next, err
}

// listed are the last alerts of one piece of the list that a query chooses.
func (s *Store) listed(ctx context.Context, q *alert.Query, list, from, to, after string, limit int) (orders []string, err error) {
	if from > to {
		return nil, nil
	}
	err = s.t.query(ctx, query{index: true, pk: list, from: from, to: to, down: true, page: limit + 1}, func(it item) bool {
		if it.order != after && chosen(q, it.words) {
			orders = append(orders, it.order)
		}
		return len(orders) < limit
	})
	return orders, err
}
