package servicenow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/sink/egress"
)

// row is a record of the table. Active means that somebody still works on it: an
// instance keeps resolved incidents active until it closes them.
type row struct {
	ID, Number, State string
	Active            bool
	Created, Updated  time.Time
	Fields            map[string]string
}

// cell is a field's value in any of the forms that the API knows: a text, or an
// object with link, value and display_value.
type cell string

// UnmarshalJSON reads any of them.
func (c *cell) UnmarshalJSON(b []byte) error {
	var o struct {
		Value   json.RawMessage `json:"value"`
		Display json.RawMessage `json:"display_value"`
	}
	if json.Unmarshal(b, &o) == nil && len(o.Value)+len(o.Display) > 0 {
		if b = o.Value; len(b) == 0 {
			b = o.Display
		}
	}
	var s string
	switch {
	case json.Unmarshal(b, &s) == nil:
		*c = cell(s)
	case string(b) == "null" || string(b) == "{}":
	default:
		*c = cell(b)
	}
	return nil
}

func (s *Sink) rowOf(fields map[string]cell) row {
	r := row{Fields: map[string]string{}}
	for name, v := range fields {
		r.Fields[name] = string(v)
	}
	r.ID, r.Number, r.State = r.Fields["sys_id"], r.Fields["number"], r.Fields["state"]
	over := s.config.States
	r.Active = (r.Fields["active"] == "true" || r.Fields["active"] == "1") &&
		r.State != over.Resolved && r.State != over.Closed && r.State != over.Canceled
	r.Created, r.Updated = stamp(r.Fields["sys_created_on"]), stamp(r.Fields["sys_updated_on"])
	return r
}

// stamp reads a date-time as the API writes it, in UTC.
func stamp(s string) time.Time {
	t, err := time.ParseInLocation(time.DateTime, s, time.UTC)
	if err != nil {
		return time.Time{}
	}
	return t
}

// path is the address of the table or of one record, with the fields to return.
func (s *Sink) path(id, fields string) string {
	q := url.Values{"sysparm_fields": {fields}, "sysparm_exclude_reference_link": {"true"}, "sysparm_display_value": {"false"}}
	if id == "" || s.config.DisplayValues {
		q.Set("sysparm_input_display_value", fmt.Sprint(s.config.DisplayValues))
	}
	return s.table(id) + "?" + q.Encode()
}

func (s *Sink) table(id string) string {
	path := s.base + "/api/now/table/" + url.PathEscape(s.config.Table)
	if id != "" {
		path += "/" + url.PathEscape(id)
	}
	return path
}

const rowFields = "sys_id,number,state,active,sys_created_on,sys_updated_on"

// byID reads one record; it is nil when the instance shows none.
func (d *delivery) byID(id string) (*row, *alert.Outcome) {
	r, o := d.call(http.MethodGet, d.path(id, rowFields), nil)
	switch {
	case o.Class == alert.OK:
		return &r, nil
	case o.Class == alert.Reject && strings.Contains(o.Reason, "HTTP 404"):
		return nil, nil
	}
	return nil, &o
}

// byKey reads the oldest active record of the key, or else the newest of all.
func (d *delivery) byKey() (*row, *alert.Outcome) {
	active, resolved, o := d.standing()
	switch {
	case o != nil:
		return nil, o
	case len(active) > 0:
		return &active[0], nil
	case len(resolved) > 0:
		return &resolved[len(resolved)-1], nil
	}
	rows, o := d.query("correlation_id="+d.key+"^active=false^ORDERBYDESCsys_created_on", 1)
	if o != nil || len(rows) == 0 {
		return nil, o
	}
	return &rows[0], nil
}

// standing reads the records of the key that the instance calls active, oldest
// first, the same for every worker: those still worked on, and those resolved.
func (d *delivery) standing() (active, resolved []row, o *alert.Outcome) {
	rows, o := d.query("correlation_id="+d.key+"^active=true^ORDERBYsys_created_on", 50)
	slices.SortStableFunc(rows, func(a, b row) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	for _, r := range rows {
		if r.Active {
			active = append(active, r)
		} else {
			resolved = append(resolved, r)
		}
	}
	return active, resolved, o
}

// query asks the table. Nothing but our hex keys ever stands in a query.
func (d *delivery) query(query string, limit int) ([]row, *alert.Outcome) {
	q := url.Values{"sysparm_query": {query}, "sysparm_limit": {fmt.Sprint(limit)}, "sysparm_fields": {rowFields},
		"sysparm_display_value": {"false"}, "sysparm_exclude_reference_link": {"true"}}
	a, o := d.exchange(http.MethodGet, d.table("")+"?"+q.Encode(), nil)
	if o.Class != alert.OK {
		return nil, &o
	}
	var got struct {
		Result []map[string]cell `json:"result"`
	}
	if err := json.Unmarshal(a.Body, &got); err != nil {
		o = d.strange(a, false)
		return nil, &o
	}
	rows := make([]row, 0, len(got.Result))
	for _, r := range got.Result {
		if r := d.rowOf(r); r.ID != "" {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// call is an exchange about one record.
func (d *delivery) call(method, address string, fields map[string]string) (row, alert.Outcome) {
	var body []byte
	if fields != nil {
		var err error
		if body, err = json.Marshal(fields); err != nil {
			return row{}, alert.Outcome{Class: alert.Reject, Reason: "servicenow: the message cannot be written as JSON"}
		}
	}
	a, o := d.exchange(method, address, body)
	if o.Class != alert.OK {
		return row{}, o
	}
	var got struct {
		Result map[string]cell `json:"result"`
	}
	if err := json.Unmarshal(a.Body, &got); err != nil || got.Result["sys_id"] == "" {
		return row{}, d.strange(a, method != http.MethodGet)
	}
	return d.rowOf(got.Result), o
}

// exchange asks once, and once more with a fresh token when an OAuth token is
// refused.
func (d *delivery) exchange(method, address string, body []byte) (egress.Answer, alert.Outcome) {
	for first := true; ; first = false {
		a, o := d.ask(method, address, body)
		if a.Status != http.StatusUnauthorized || d.config.Auth == Basic || !first {
			return a, o
		}
		d.oauth.forget()
	}
}

func (d *delivery) ask(method, address string, body []byte) (egress.Answer, alert.Outcome) {
	req, err := http.NewRequestWithContext(d.ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return egress.Answer{}, alert.Outcome{Class: alert.Auth, Reason: "servicenow: the instance's URL is not one"}
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	secrets, o := d.authorize(d.ctx, req)
	if o != nil {
		return egress.Answer{}, *o
	}
	a, err := d.client.Send(req, secrets...)
	return a, d.judge(a, err, method != http.MethodGet)
}

// judge classifies an answer: JSON is expected of everything that succeeds.
func (s *Sink) judge(a egress.Answer, err error, writes bool) alert.Outcome {
	o := egress.Outcome(a, err, s.now())
	o.Unsure = o.Unsure && writes
	switch {
	case err != nil:
	case o.Class == alert.OK && (!a.JSON() || a.Cut):
		return s.strange(a, writes)
	case a.Status == http.StatusNotFound && strings.Contains(strings.ToLower(string(a.Body)), "invalid table"):
		o.Class = alert.Auth
	}
	if o.Class == alert.OK || a.JSON() {
		s.pages.Store(nil)
	}
	if o.Reason != "" {
		o.Reason = "servicenow: " + o.Reason
	}
	return o
}

// patience is how long web pages count as those of an instance that wakes up or is
// looked after; what goes on longer is a sign-in page, which only people can mend.
const patience = 15 * time.Minute

func (s *Sink) strange(a egress.Answer, writes bool) alert.Outcome {
	o := alert.Outcome{Class: alert.Retry, Unsure: writes, Reason: "servicenow: an answer that is not the Table API's: " + a.Reason()}
	now := s.now()
	s.pages.CompareAndSwap(nil, &now)
	if first := s.pages.Load(); first != nil && now.Sub(*first) > patience {
		o.Class = alert.Auth
		o.Reason += "; the instance sleeps, or single sign-on stands before its API"
	}
	return o
}
