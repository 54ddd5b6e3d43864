package athena_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsathena "github.com/aws/aws-sdk-go-v2/service/athena"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/athena"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

func soon(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

// all reads a result; NULL is "NULL".
func all(t *testing.T, r query.Result) (rows []string) {
	t.Helper()
	defer r.Close()
	for cells := r.Next(); cells != nil; cells = r.Next() {
		var texts []string
		for _, c := range cells {
			if c.Null {
				texts = append(texts, "NULL")
			} else {
				texts = append(texts, string(c.Text))
			}
		}
		rows = append(rows, strings.Join(texts, "|"))
	}
	return rows
}

// queue has the emulator give a result to the next execution.
func queue(t *testing.T, cfg aws.Config, result string) {
	t.Helper()
	body := fmt.Sprintf(`{"account_id":%q,"region":%q,"results":[%s]}`, awstest.AccountID(t, cfg), cfg.Region, result)
	resp, err := http.Post(awstest.Endpoint(t)+"/moto-api/static/athena/query-results", "application/json", strings.NewReader(body))
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("queueing a result: %v %v", resp, err)
	}
	resp.Body.Close()
}

// A query runs on the emulator to its end; the header is left out, an absent
// value is NULL, an empty one is not.
func TestQueryOnTheEmulator(t *testing.T) {
	cfg := awstest.Config(t)
	queue(t, cfg, `{"rows":[{"Data":[{"VarCharValue":"eventname"},{"VarCharValue":"errorcode"}]},
		{"Data":[{"VarCharValue":"DeleteTrail"},{}]},{"Data":[{"VarCharValue":""},{"VarCharValue":"AccessDenied"}]}],
		"column_info":[{"Name":"eventname","Type":"varchar","CatalogName":"hive","SchemaName":"","TableName":"","Label":"eventname","Precision":0,"Scale":0,"Nullable":"UNKNOWN","CaseSensitive":true},
		{"Name":"errorcode","Type":"varchar"}]}`)
	var id string
	e := athena.New(athena.Options{Config: cfg, Output: "s3://results/here/", Sleep: soon, Now: noon, Started: func(s string) { id = s }})
	r, err := e.Query(context.Background(), query.Statement{SQL: "SELECT eventname, errorcode FROM cloudtrail_logs WHERE eventname <> :x", Params: map[string]string{"x": "it's"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Columns(); len(got) != 2 || got[1].Name != "errorcode" || got[0].Type != "varchar" {
		t.Errorf("columns %+v", got)
	}
	if got := strings.Join(all(t, r), "\n"); got != "DeleteTrail|NULL\n|AccessDenied" {
		t.Errorf("rows:\n%s", got)
	}
	x, err := awsathena.NewFromConfig(cfg).GetQueryExecution(context.Background(), &awsathena.GetQueryExecutionInput{QueryExecutionId: &id})
	if err != nil {
		t.Fatal(err)
	}
	q := x.QueryExecution
	if got := aws.ToString(q.Query); got != "SELECT eventname, errorcode FROM cloudtrail_logs WHERE eventname <> 'it''s'" {
		t.Errorf("sent %s", got)
	}
	if aws.ToString(q.QueryExecutionContext.Database) != "default" || !strings.HasPrefix(aws.ToString(q.ResultConfiguration.OutputLocation), "s3://results/here/") {
		t.Errorf("context %+v %+v", q.QueryExecutionContext, q.ResultConfiguration)
	}
}

// The workgroup arrives, and a statement with no rows gives none.
func TestWorkgroupOnTheEmulator(t *testing.T) {
	cfg := awstest.Config(t)
	client := awsathena.NewFromConfig(cfg)
	if _, err := client.CreateWorkGroup(context.Background(), &awsathena.CreateWorkGroupInput{Name: aws.String("soc")}); err != nil {
		t.Fatal(err)
	}
	e := athena.New(athena.Options{Config: cfg, Workgroup: "soc", Sleep: soon})
	r, err := e.Query(context.Background(), query.Statement{SQL: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, r); got != nil {
		t.Errorf("rows %q", got)
	}
	list, err := client.ListQueryExecutions(context.Background(), &awsathena.ListQueryExecutionsInput{WorkGroup: aws.String("soc")})
	if err != nil || len(list.QueryExecutionIds) != 1 {
		t.Errorf("executions of the workgroup: %v %v", list, err)
	}
}

// script is a stand-in that answers what a case needs and the emulator cannot:
// failures, several pages, throttling.
type script struct {
	mu      sync.Mutex
	t       *testing.T
	answers map[string][]string // by operation, one after the other; the last stays
	calls   map[string][]string // bodies
	faults  map[string][]string // error codes that come before the answers
	on      func(operation string)
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	if s.on != nil {
		s.on(op)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[op] = append(s.calls[op], body.String())
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if f := s.faults[op]; len(f) > 0 {
		s.faults[op] = f[1:]
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"__type":%q,"Message":"said the stand-in"}`, f[0])
		return
	}
	a := s.answers[op]
	if len(a) == 0 {
		fmt.Fprint(w, "{}")
		return
	}
	if len(a) > 1 {
		s.answers[op] = a[1:]
	}
	fmt.Fprint(w, a[0])
}

func (s *script) engine(o athena.Options) *athena.Engine {
	server := httptest.NewServer(s)
	s.t.Cleanup(server.Close)
	o.Config = aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("A", "B", "")}
	if o.Sleep == nil {
		o.Sleep = soon
	}
	return athena.New(o)
}

func newScript(t *testing.T) *script {
	return &script{t: t, calls: map[string][]string{}, faults: map[string][]string{}, answers: map[string][]string{
		"StartQueryExecution": {`{"QueryExecutionId":"x-1"}`},
		"GetQueryExecution":   {state("QUEUED", ""), state("RUNNING", ""), state("SUCCEEDED", "")},
	}}
}

func state(s, more string) string {
	return `{"QueryExecution":{"QueryExecutionId":"x-1","StatementType":"DML","Statistics":{"DataScannedInBytes":3000000},"Status":{"State":"` + s + `"` + more + `}}}`
}

func page(next string, rows ...string) string {
	var data []string
	for _, r := range rows {
		data = append(data, `{"Data":[{"VarCharValue":"`+r+`"}]}`)
	}
	if next != "" {
		next = `,"NextToken":"` + next + `"`
	}
	return `{"ResultSet":{"Rows":[` + strings.Join(data, ",") + `],"ResultSetMetadata":{"ColumnInfo":[{"Name":"n","Type":"varchar"}]}}` + next + `}`
}

// All pages are read, an empty one among them; only the first row of the first
// page is the header; what was scanned is said.
func TestPages(t *testing.T) {
	s := newScript(t)
	s.answers["GetQueryResults"] = []string{page("a", "n", "1"), page("b"), page("", "n", "3")}
	r, err := s.engine(athena.Options{}).Query(context.Background(), query.Statement{SQL: "SELECT n FROM t"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(all(t, r), " "); got != "1 n 3" {
		t.Errorf("rows %q", got)
	}
	if st := r.Stats(); st.Bytes != 3000000 || st.Rows != 3 {
		t.Errorf("stats %+v", st)
	}
	for i, want := range []string{`"MaxResults":1000`, `"NextToken":"a"`, `"NextToken":"b"`} {
		if !strings.Contains(s.calls["GetQueryResults"][i], want) {
			t.Errorf("call %d: %s", i, s.calls["GetQueryResults"][i])
		}
	}
}

func TestRowsAreBounded(t *testing.T) {
	s := newScript(t)
	s.answers["GetQueryResults"] = []string{page("a", "n", "1", "2", "3")}
	r, err := s.engine(athena.Options{Rows: 2}).Query(context.Background(), query.Statement{SQL: "SELECT n FROM t"})
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, r); len(got) != 2 || r.Stats().Truncated != "2 rows" {
		t.Errorf("rows %q, %+v", got, r.Stats())
	}
}

// What Athena says against a query is told with its reason, sorted by who can do
// something about it.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		more, state string
		class       athena.Class
		has         string
	}{
		"user":      {`,"StateChangeReason":"SYNTAX_ERROR: line 1","AthenaError":{"ErrorCategory":2,"ErrorType":1006}`, "FAILED", athena.User, "SYNTAX_ERROR: line 1"},
		"system":    {`,"AthenaError":{"ErrorCategory":1,"ErrorMessage":"node lost"}`, "FAILED", athena.System, "node lost"},
		"cancelled": {`,"StateChangeReason":"by the user"`, "CANCELLED", athena.Cancelled, "by the user"},
		"limit":     {`,"StateChangeReason":"Bytes scanned limit was exceeded"`, "CANCELLED", athena.Cancelled, "narrow the partitions"},
		"table":     {`,"StateChangeReason":"TABLE_NOT_FOUND: line 1:15"`, "FAILED", athena.Setup, "athena sync"},
		"denied":    {`,"StateChangeReason":"Access Denied (Service: Amazon S3)"`, "FAILED", athena.Denied, "s3:GetObject"},
		"unsaid":    {``, "FAILED", athena.Other, "x-1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.answers["GetQueryExecution"] = []string{state(c.state, c.more)}
			_, err := s.engine(athena.Options{}).Query(context.Background(), query.Statement{SQL: "SELECT n FROM t"})
			var f *athena.Failure
			if !errors.As(err, &f) || f.Class != c.class || !strings.Contains(err.Error(), c.has) || f.Scanned != 3000000 {
				t.Errorf("%v (%+v), want class %s with %q", err, f, c.class, c.has)
			}
			if n := len(s.calls["StartQueryExecution"]); n != 1 {
				t.Errorf("started %d times", n)
			}
		})
	}
}

// A failure that Athena calls retryable is run again with a fresh token, a call
// that was throttled is made again with the same.
func TestTryingAgain(t *testing.T) {
	s := newScript(t)
	s.faults["StartQueryExecution"] = []string{"TooManyRequestsException", "InternalServerException"}
	s.answers["GetQueryExecution"] = []string{state("FAILED", `,"AthenaError":{"ErrorCategory":1,"Retryable":true}`), state("SUCCEEDED", "")}
	s.answers["GetQueryResults"] = []string{page("", "n")}
	if _, err := s.engine(athena.Options{}).Query(context.Background(), query.Statement{SQL: "SELECT n FROM t"}); err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for _, b := range s.calls["StartQueryExecution"] {
		var in struct{ ClientRequestToken string }
		if err := json.Unmarshal([]byte(b), &in); err != nil || len(in.ClientRequestToken) < 32 {
			t.Errorf("%v: %s", err, b)
		}
		tokens = append(tokens, in.ClientRequestToken)
	}
	if len(tokens) != 4 || tokens[0] != tokens[2] || tokens[2] == tokens[3] {
		t.Errorf("tokens %q", tokens)
	}
}

func TestRefusedStart(t *testing.T) {
	for code, class := range map[string]athena.Class{"AccessDeniedException": athena.Denied, "InvalidRequestException": athena.Other, "TooManyRequestsException": athena.Busy} {
		s := newScript(t)
		for range 10 {
			s.faults["StartQueryExecution"] = append(s.faults["StartQueryExecution"], code)
		}
		_, err := s.engine(athena.Options{}).Query(context.Background(), query.Statement{SQL: "SELECT 1"})
		var f *athena.Failure
		if !errors.As(err, &f) || f.Class != class || f.ID != "" {
			t.Errorf("%s: %v (%+v), want %s", code, err, f, class)
		}
	}
}

// When the caller gives up, the query is stopped, and paid for no longer.
func TestCancelStopsTheQuery(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := newScript(t)
	s.answers["GetQueryExecution"] = []string{state("RUNNING", "")}
	asked := 0
	s.on = func(op string) {
		if op == "GetQueryExecution" {
			if asked++; asked == 3 {
				cancel(errors.New("enough"))
			}
		}
	}
	sleeps := func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }
	_, err := s.engine(athena.Options{Sleep: sleeps}).Query(ctx, query.Statement{SQL: "SELECT n FROM t"})
	if err == nil || err.Error() != "enough" {
		t.Errorf("error %v", err)
	}
	if stops := s.calls["StopQueryExecution"]; len(stops) != 1 || !strings.Contains(stops[0], "x-1") {
		t.Errorf("stops %q", stops)
	}
}

// A mistake in the text is found before anything is sent.
func TestMistakesCostNothing(t *testing.T) {
	s := newScript(t)
	for _, sql := range []string{"SELEC 1", "SELECT :missing", "DROP TABLE cloudtrail_logs", "SELECT 1; SELECT 2"} {
		_, err := s.engine(athena.Options{}).Query(context.Background(), query.Statement{SQL: sql})
		if d := (diagnostic.Diagnostic{}); !errors.As(err, &d) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if len(s.calls) != 0 {
		t.Errorf("calls %v", s.calls)
	}
}

// The scope bounds every place that reads the trail, and only those.
func TestText(t *testing.T) {
	scope := query.Scope{From: time.Date(2026, 3, 13, 23, 50, 0, 0, time.UTC), To: noon(), Accounts: []string{"111122223333"}, Regions: []string{"eu-west-1", "it's"}}
	where := `"timestamp" <= '2026/03/15' AND "timestamp" >= '2026/03/13' AND coalesce(try(from_iso8601_timestamp(eventtime)) >= from_iso8601_timestamp('2026-03-13T23:50:00.000Z'), true) AND ` +
		`coalesce(try(from_iso8601_timestamp(eventtime)) < from_iso8601_timestamp('2026-03-14T12:00:00.000Z'), true) AND "account" IN ('111122223333') AND "region" IN ('eu-west-1', 'it''s')`
	trail := func(name string) string { return "(SELECT * FROM " + name + " WHERE " + where + ")" }
	for _, c := range []struct {
		name, sql, want string
		params          map[string]string
		args            []string
		o               athena.Options
		open            bool
	}{
		{name: "plain", sql: "SELECT 1 FROM cloudtrail_logs;", want: "SELECT 1 FROM " + trail("cloudtrail_logs") + ` AS "cloudtrail_logs"`},
		{name: "alias and schema", sql: `SELECT a.eventname FROM "default"."cloudtrail_logs" AS a`, want: "SELECT a.eventname FROM " + trail(`"default"."cloudtrail_logs"`) + " AS a"},
		{name: "a query of that name", sql: "WITH cloudtrail_logs AS (SELECT eventname FROM cloudtrail_logs) SELECT eventname FROM cloudtrail_logs",
			want: "WITH cloudtrail_logs AS (SELECT eventname FROM " + trail("cloudtrail_logs") + ` AS "cloudtrail_logs") SELECT eventname FROM cloudtrail_logs`},
		{name: "twice", sql: "SELECT a.eventname FROM t a JOIN t b ON a.eventid = b.eventid",
			want: "SELECT a.eventname FROM " + trail("t") + " a JOIN " + trail("t") + " b ON a.eventid = b.eventid"},
		{name: "no table", sql: "SELECT 1", want: "SELECT 1"},
		{name: "parameters", sql: "SELECT ? || :a || ':a' || ? -- :b", params: map[string]string{"a": "x' OR 1=1 --"}, args: []string{"1", "2"},
			want: "SELECT '1' || 'x'' OR 1=1 --' || ':a' || '2' -- :b"},
		{name: "other table", sql: "SELECT eventname FROM cloudtrail_logs", o: athena.Options{Table: "org_trail"}, open: true,
			want: `SELECT eventname FROM "org_trail" AS "cloudtrail_logs"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Now = noon
			s := query.Statement{SQL: c.sql, Params: c.params, Args: c.args, Scope: scope}
			if c.open {
				s.Scope = query.Scope{}
			}
			got, err := athena.New(c.o).Text(s)
			if err != nil || got != c.want {
				t.Errorf("%v\n got %s\nwant %s", err, got, c.want)
			}
		})
	}
}

func TestCost(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0.000000", 1: "0.000048", 10 << 20: "0.000048", 10<<20 + 1: "0.000052", 1 << 40: "5.000000"} {
		if got := fmt.Sprintf("%.6f", athena.Cost(bytes)); got != want {
			t.Errorf("%d bytes cost %s, want %s", bytes, got, want)
		}
	}
}
