package securityhub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	api "github.com/aws/aws-sdk-go-v2/service/securityhub"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/securityhub"
)

const account = "123456789012"

func now() time.Time { return messagetest.Moment().Add(time.Hour) }

func must(t testing.TB, cfg securityhub.Config, aws aws.Config) sink.Sink {
	t.Helper()
	s, err := securityhub.New(cfg, securityhub.Deps{AWS: aws, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hub is a strict stand-in: it checks findings as Security Hub does, by the
// field rules of the format, and fails those that codes name, by title.
type hub struct {
	t     *testing.T
	codes map[string]string
	whole int // status of whole calls with more than one finding, if not 0
	calls []int
	got   []finding
}

func (h *hub) config() aws.Config {
	s := httptest.NewServer(h)
	h.t.Cleanup(s.Close)
	return aws.Config{Region: "eu-west-1", BaseEndpoint: &s.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")}
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ Findings []json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		h.t.Error(err)
	}
	h.calls = append(h.calls, len(in.Findings))
	w.Header().Set("Content-Type", "application/json")
	if h.whole != 0 && len(in.Findings) > 1 {
		w.Header().Set("X-Amzn-Errortype", "InvalidInputException")
		w.WriteHeader(h.whole)
		io.WriteString(w, `{"Message":"no"}`)
		return
	}
	if len(in.Findings) > 100 {
		h.t.Errorf("%d findings in one call", len(in.Findings))
	}
	failed := []map[string]string{}
	seen := map[string]bool{}
	for _, raw := range in.Findings {
		f := check(h.t, raw)
		if seen[f.ID] {
			h.t.Errorf("finding %s twice in one call", f.ID)
		}
		seen[f.ID] = true
		if code := h.codes[f.Title]; code != "" {
			failed = append(failed, map[string]string{"Id": f.ID, "ErrorCode": code, "ErrorMessage": "no"})
		} else {
			h.got = append(h.got, f)
		}
	}
	json.NewEncoder(w).Encode(map[string]any{"FailedCount": len(failed), "SuccessCount": len(in.Findings) - len(failed), "FailedFindings": failed})
}

func titled(titles ...string) []sink.Notification {
	var out []sink.Notification
	for _, t := range titles {
		m := messagetest.Opened()
		m.Headline, m.Key = t, fmt.Sprintf("%x", t)
		out = append(out, sink.Notification{Message: m})
	}
	return out
}

// Every message, hostile or large, is a finding by the field rules, with its
// key and link whole.
func TestFindingsFollowTheFormat(t *testing.T) {
	h := &hub{t: t}
	s := must(t, securityhub.Config{Account: account}, h.config()).(sink.Batcher)
	var ns []sink.Notification
	for i, c := range messagetest.All() {
		if !strings.Contains(c.Name, "payload") || i%3 == 0 {
			m := *c.Message
			m.Key = fmt.Sprintf("%064x", i)
			ns = append(ns, sink.Notification{Message: &m})
		}
	}
	for i, o := range s.DeliverBatch(context.Background(), ns) {
		if o.Class != alert.OK || !strings.Contains(string(o.Receipt), ns[i].Message.Key) {
			t.Errorf("message %d: %+v", i, o)
		}
	}
	for i, f := range h.got {
		m := ns[i].Message
		if f.ProductFields["trailwarden/key"] != m.Key || len(m.Links) > 0 && f.ProductFields["trailwarden/link"] != m.Links[0].URL {
			t.Errorf("finding %d: key %q, link %q", i, f.ProductFields["trailwarden/key"], f.ProductFields["trailwarden/link"])
		}
	}
}

// HTTP 200 with failed findings is read finding by finding.
func TestPartialFailures(t *testing.T) {
	h := &hub{t: t, codes: map[string]string{"b": "InvalidInput", "c": "InternalFailure", "d": "ThrottlingException", "e": "ConcurrentUpdateError"}}
	got := must(t, securityhub.Config{Account: account}, h.config()).(sink.Batcher).DeliverBatch(context.Background(), titled("a", "b", "c", "d", "e", "f"))
	for i, want := range []alert.Class{alert.OK, alert.Reject, alert.Retry, alert.Retry, alert.Retry, alert.OK} {
		if got[i].Class != want {
			t.Errorf("finding %d: %+v, want %s", i, got[i], want)
		}
	}
}

// Calls hold a hundred findings at most, and never two of one alert.
func TestCalls(t *testing.T) {
	h := &hub{t: t}
	var titles []string
	for i := range 150 {
		titles = append(titles, fmt.Sprint(i))
	}
	s := must(t, securityhub.Config{Account: account}, h.config()).(sink.Batcher)
	s.DeliverBatch(context.Background(), append(titled(titles...), titled("149", "x")...))
	if got := fmt.Sprint(h.calls); got != "[100 50 2]" {
		t.Errorf("calls of %s findings, want [100 50 2]", got)
	}
}

// A call that is refused for the sake of one finding does not take the others
// along.
func TestRefusedCallsAreTakenApart(t *testing.T) {
	h := &hub{t: t, whole: 400, codes: map[string]string{"b": "InvalidInput"}}
	got := must(t, securityhub.Config{Account: account}, h.config()).(sink.Batcher).DeliverBatch(context.Background(), titled("a", "b", "c"))
	for i, want := range []alert.Class{alert.OK, alert.Reject, alert.OK} {
		if got[i].Class != want {
			t.Errorf("finding %d: %+v, want %s", i, got[i], want)
		}
	}
}

// A first message sets severity and types; updates leave them to the finding
// provider's fields; a resolved alert is archived.
func TestLife(t *testing.T) {
	h := &hub{t: t}
	s := must(t, securityhub.Config{Account: account, Types: []string{"TTPs/Defense Evasion"}}, h.config())
	opened, resolved := messagetest.Opened(), messagetest.Opened()
	resolved.Kind, resolved.Status, resolved.Severity = alert.Closed, alert.Resolved, severity.Critical
	o := s.Deliver(context.Background(), sink.Notification{Message: opened})
	s.Deliver(context.Background(), sink.Notification{Message: resolved, Receipt: o.Receipt})
	first, last := h.got[0], h.got[1]
	if first.ID != last.ID || first.Severity == nil || first.Severity.Label != "HIGH" || first.Types[0] != "TTPs/Defense Evasion" || first.RecordState != "ACTIVE" {
		t.Errorf("first: %+v", first)
	}
	if last.Severity != nil || last.Types != nil || last.Provider.Severity.Label != "CRITICAL" || last.RecordState != "ARCHIVED" {
		t.Errorf("last: %+v", last)
	}
	if first.ProductARN != "arn:aws:securityhub:eu-west-1:"+account+":product/"+account+"/default" {
		t.Errorf("product ARN %s", first.ProductARN)
	}
}

// The default product's ARN and the resources name the region's partition.
func TestPartitions(t *testing.T) {
	for region, want := range map[string]string{"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-east-1": "aws", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b"} {
		p, err := must(t, securityhub.Config{Account: account}, aws.Config{Region: region}).Preview(titled("a")[0])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(p.Parts[0].Body), "arn:"+want+":securityhub:"+region+":") {
			t.Errorf("%s: no partition %s in\n%s", region, want, p.Parts[0].Body)
		}
	}
}

// Each error code of a whole call has its class.
func TestErrorClasses(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   alert.Class
	}{
		{500, "InternalException", alert.Retry}, {429, "LimitExceededException", alert.Retry}, {429, "TooManyRequestsException", alert.Retry},
		{401, "InvalidAccessException", alert.Auth}, {403, "AccessDeniedException", alert.Auth}, {403, "UnrecognizedClientException", alert.Auth},
		{400, "InvalidInputException", alert.Reject}, {413, "", alert.Reject},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Amzn-Errortype", c.code)
			w.WriteHeader(c.status)
			io.WriteString(w, `{"Message":"no"}`)
		}))
		cfg := (&hub{t: t}).config()
		cfg.BaseEndpoint = &s.URL
		if o := must(t, securityhub.Config{Account: account}, cfg).Deliver(context.Background(), titled("a")[0]); o.Class != c.want {
			t.Errorf("%d %s: %+v, want %s", c.status, c.code, o, c.want)
		}
		s.Close()
	}
}

// Findings imported are read back; the account is asked of AWS; the same
// message twice is one finding.
func TestImportToAnEmulator(t *testing.T) {
	cfg := awstest.Config(t)
	client := api.NewFromConfig(cfg)
	if _, err := client.EnableSecurityHub(context.Background(), &api.EnableSecurityHubInput{}); err != nil {
		t.Fatal(err)
	}
	s := must(t, securityhub.Config{}, cfg)
	for range 2 {
		for _, o := range s.(sink.Batcher).DeliverBatch(context.Background(), titled("a", "b")) {
			if o.Class != alert.OK {
				t.Fatalf("%+v", o)
			}
		}
	}
	out, err := client.GetFindings(context.Background(), &api.GetFindingsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Findings) != 2 {
		t.Fatalf("%d findings, want 2", len(out.Findings))
	}
	f := out.Findings[0]
	if aws.ToString(f.AwsAccountId) != awstest.AccountID(t, cfg) || aws.ToString(f.Title) != "a" || aws.ToString(f.Action.AwsApiCallAction.Api) != "DeleteTrail" {
		t.Errorf("got account %s, title %s", aws.ToString(f.AwsAccountId), aws.ToString(f.Title))
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	for want, cfg := range map[string]securityhub.Config{
		"want 12 digits": {Account: "1"},
		"want Software":  {Types: []string{"Tactics"}},
	} {
		if _, err := securityhub.New(cfg, securityhub.Deps{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
