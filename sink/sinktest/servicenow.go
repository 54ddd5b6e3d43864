package sinktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/sink"
)

// ServiceNow stands in for an instance with a table of incidents.
type ServiceNow struct {
	Server
	User, Password         string
	ClientID, ClientSecret string

	// Lag is how many queries it takes until the index shows the n-th record;
	// nil shows each at once.
	Lag func(n int) int
	// Groups are the names of assignment groups and their sys_ids.
	Groups map[string]string
	// Objects makes answers hold each field as {display_value, value}.
	Objects bool
	// ResolvedActive keeps resolved incidents active, as instances do until they
	// close them.
	ResolvedActive bool
	DenyWrites     bool
	Hidden         bool // records cannot be read by their sys_id

	records []*Incident
	deleted int
	queries int
	tokens  map[string]bool
	issued  int
}

// Incident is a record.
type Incident struct {
	Fields  map[string]string
	Journal []string // work_notes and comments, newest first
	born    int
	lag     int
}

// Live tells whether somebody still works on it.
func (i *Incident) Live() bool { return slices.Contains([]string{"1", "2", "3"}, i.Fields["state"]) }

// NewServiceNow starts a stand-in.
func NewServiceNow(t testing.TB) *ServiceNow {
	s := &ServiceNow{User: "trailwarden", Password: Secret("servicenow password"), ClientID: "trailwarden-oauth",
		ClientSecret: Secret("servicenow client secret"), tokens: map[string]bool{}, ResolvedActive: true,
		Groups: map[string]string{"Cloud Security": "d625dccec0a8016700a222a0f7900d06"}}
	s.serve(t, s.handle)
	return s
}

// Incidents are copies of the records of a key, oldest first; all without one.
func (s *ServiceNow) Incidents(key string) []Incident {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Incident
	for _, r := range s.records {
		if key == "" || r.Fields["correlation_id"] == key {
			out = append(out, Incident{Fields: maps.Clone(r.Fields), Journal: slices.Clone(r.Journal)})
		}
	}
	return out
}

// Set changes a field of the n-th record, as a person would.
func (s *ServiceNow) Set(n int, field, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[n].Fields[field] = value
	s.settle(s.records[n])
}

// Delete removes all records, as a person would.
func (s *ServiceNow) Delete() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deleted += len(s.records)
	s.records = nil
}

// Expire makes all tokens invalid.
func (s *ServiceNow) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = map[string]bool{}
}

func (s *ServiceNow) handle(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.URL.Path == "/oauth_token.do" {
		s.token(w, body)
		return
	}
	id, ours := strings.CutPrefix(r.URL.Path, "/api/now/table/incident")
	id = strings.TrimPrefix(id, "/")
	var status int
	var result any
	switch {
	case !s.authorized(r):
		status, result = failure(401, "User Not Authenticated", "Required to provide Auth information")
	case !ours:
		status, result = failure(400, "Invalid table", "")
	case r.Header.Get("Accept") != "application/json":
		status, result = failure(406, "Accept", "")
	case r.Method == http.MethodGet && id == "":
		status, result = s.query(r.URL.Query())
	case r.Method == http.MethodGet:
		status, result = s.read(id, r.URL.Query())
	case r.Method == http.MethodPost && id == "" || r.Method == http.MethodPatch && id != "":
		status, result = s.write(id, r.URL.Query(), body)
	default:
		status, result = failure(405, "Method not supported", "")
	}
	text, err := json.Marshal(result)
	if err != nil {
		status = 500
	}
	answer(w, status, "application/json;charset=UTF-8", string(text))
}

func failure(status int, message, detail string) (int, any) {
	return status, map[string]any{"error": map[string]string{"message": message, "detail": detail}, "status": "failure"}
}

func (s *ServiceNow) authorized(r *http.Request) bool {
	if user, password, ok := r.BasicAuth(); ok {
		return user == s.User && password == s.Password
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
}

func (s *ServiceNow) token(w http.ResponseWriter, body []byte) {
	form, err := url.ParseQuery(string(body))
	person := form.Get("username") == s.User && form.Get("password") == s.Password
	grant := form.Get("grant_type")
	if err != nil || form.Get("client_id") != s.ClientID || form.Get("client_secret") != s.ClientSecret ||
		grant != "client_credentials" && (grant != "password" || !person) {
		answer(w, 401, "application/json", `{"error_description":"access_denied","error":"server_error"}`)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued++
	bearer := fmt.Sprintf("%s-%d", Secret("servicenow bearer"), s.issued)
	s.tokens[bearer] = true
	answer(w, 200, "application/json", `{"access_token":"`+bearer+`","scope":"useraccount","token_type":"Bearer","expires_in":1799}`)
}

// Issued counts the tokens.
func (s *ServiceNow) Issued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issued
}

var term = regexp.MustCompile(`^(?:correlation_id=([0-9a-f]{1,100})|active=(true|false)|(ORDERBY(?:DESC)?)sys_created_on)$`)

// query takes the terms that a careful client needs and calls all others an
// injection.
func (s *ServiceNow) query(q url.Values) (int, any) {
	var key, active, order string
	for _, t := range strings.Split(q.Get("sysparm_query"), "^") {
		m := term.FindStringSubmatch(t)
		if m == nil {
			s.fault("query term %q", t)
			return failure(400, "Invalid query", t)
		}
		key, active, order = key+m[1], active+m[2], order+m[3]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries++
	list := []any{}
	for _, r := range s.records {
		if s.queries-r.born > r.lag && r.Fields["correlation_id"] == key && (active == "" || r.Fields["active"] == active) {
			list = append(list, s.shown(r, q))
		}
	}
	if order == "ORDERBYDESC" {
		slices.Reverse(list)
	}
	var limit int
	if _, err := fmt.Sscan(q.Get("sysparm_limit"), &limit); err == nil && len(list) > limit {
		list = list[:limit]
	}
	return 200, map[string]any{"result": list}
}

func (s *ServiceNow) shown(r *Incident, q url.Values) map[string]any {
	out := map[string]any{}
	for _, name := range strings.Split(q.Get("sysparm_fields"), ",") {
		v := r.Fields[name]
		if (name == "work_notes" || name == "comments") && q.Get("sysparm_display_value") == "true" {
			v = strings.Join(r.Journal, "\n\n")
		}
		out[name] = v
		if s.Objects {
			out[name] = map[string]string{"display_value": "shown " + v, "value": v, "link": "https://instance/x"}
		}
	}
	return out
}

func (s *ServiceNow) find(id string) *Incident {
	for _, r := range s.records {
		if r.Fields["sys_id"] == id {
			return r
		}
	}
	return nil
}

func (s *ServiceNow) read(id string, q url.Values) (int, any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r == nil || s.Hidden {
		return failure(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
	}
	return 200, map[string]any{"result": s.shown(r, q)}
}

// lengths are those of the fields by default; an instance cuts what is longer
// without a word, the stand-in counts it as a fault.
var lengths = map[string]sink.Bound{
	"short_description": sink.ServiceNowShort, "description": sink.ServiceNowDescription, "work_notes": sink.ServiceNowJournal,
	"comments": sink.ServiceNowJournal, "close_notes": sink.ServiceNowJournal,
	"correlation_id": sink.ServiceNowCorrelation, "correlation_display": sink.ServiceNowCorrelation,
}

func (s *ServiceNow) write(id string, q url.Values, body []byte) (int, any) {
	var fields map[string]string
	if err := json.Unmarshal(body, &fields); err != nil || !utf8.Valid(body) {
		return failure(400, "Exception while reading request", "The payload is not valid JSON")
	}
	for name, v := range fields {
		if b, ok := lengths[name]; ok && b.Meter().Len(v) > b.Max() {
			s.fault("%s has %d characters", name, b.Meter().Len(v))
		}
		if low := strings.ToLower(v); strings.Contains(low, "[code]") || strings.Contains(low, "[/code]") || strings.Contains(v, "@[") || strings.Contains(low, "javascript:") {
			s.fault("%s is active: %.100q", name, v)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.DenyWrites {
		return failure(403, "Operation Failed", "ACL Exception Insert Failed due to security constraints")
	}
	r := s.find(id)
	switch {
	case id == "":
		r = s.create(fields)
	case r == nil:
		return failure(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
	case r.Fields["state"] == "7":
		return failure(403, "Operation Failed", "Operation against file 'incident' was aborted by Business Rule 'Closed incidents'")
	case fields["state"] == "6" && (fields["close_code"] == "" || fields["close_notes"] == ""):
		return failure(403, "Operation Failed", "Data Policy Exception: The following fields are mandatory: Resolution code, Resolution notes")
	}
	s.apply(r, fields, q.Get("sysparm_input_display_value") == "true")
	status := 200
	if id == "" {
		status = 201
	}
	return status, map[string]any{"result": s.shown(r, q)}
}

// create makes a record; two at a time get the same second.
func (s *ServiceNow) create(fields map[string]string) *Incident {
	n := s.deleted + len(s.records)
	r := &Incident{Fields: map[string]string{"state": "1"}, born: s.queries}
	if s.Lag != nil {
		r.lag = s.Lag(n)
	}
	at := time.Date(2026, 8, 1, 12, 0, n/2, 0, time.UTC).Format(time.DateTime)
	r.Fields["sys_id"] = fmt.Sprintf("%032x", (n+1)*0x9E3779B1%0xFFFFFFFF) // not in the order of creation
	r.Fields["number"] = fmt.Sprintf("INC%07d", n+1)
	r.Fields["sys_created_on"], r.Fields["sys_updated_on"] = at, at
	r.Fields["correlation_id"] = fields["correlation_id"]
	s.records = append(s.records, r)
	return r
}

func (s *ServiceNow) apply(r *Incident, fields map[string]string, names bool) {
	for name, v := range fields {
		switch name {
		case "work_notes", "comments":
			r.Journal = append([]string{"2026-08-01 12:00:00 - trailwarden (" + name + ")\n" + v}, r.Journal...)
		case "assignment_group":
			if names {
				v = s.Groups[v]
			}
			if !slices.Contains(slices.Collect(maps.Values(s.Groups)), v) {
				v = "" // a wrong reference is stored empty without a word
			}
			r.Fields[name] = v
		default:
			r.Fields[name] = v
		}
	}
	s.settle(r)
}

func (s *ServiceNow) settle(r *Incident) {
	state := r.Fields["state"]
	r.Fields["active"] = fmt.Sprint(state != "7" && state != "8" && (state != "6" || s.ResolvedActive))
}
