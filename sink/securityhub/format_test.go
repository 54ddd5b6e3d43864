package securityhub_test

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/sink/internal/inert"
)

// finding is what the format's rules are about.
type finding struct {
	SchemaVersion, Title, Description, AwsAccountId, RecordState, SourceUrl string //nolint:revive // the format's names
	CreatedAt, UpdatedAt, FirstObservedAt, LastObservedAt                   string
	GeneratorID                                                             string `json:"GeneratorId"`
	ID                                                                      string `json:"Id"`
	ProductARN                                                              string `json:"ProductArn"`
	Severity                                                                *struct{ Label, Original string }
	Types                                                                   []string
	Resources                                                               []struct{ Type, Id, Region, Partition, ResourceRole string } //nolint:revive // the format's names
	ProductFields                                                           map[string]string
	Action                                                                  *struct {
		ActionType string
		Call       struct {
			Api, ServiceName, CallerType string //nolint:revive // the format's names
			RemoteIpDetails              *struct{ IpAddressV4 string }
			DomainDetails                *struct{ Domain string }
		} `json:"AwsApiCallAction"`
	}
	Network *struct {
		Source string `json:"SourceIpV6"`
	}
	Remediation *struct {
		Recommendation struct{ Text, Url string } //nolint:revive // the format's names
	}
	Provider struct {
		Severity struct{ Label, Original string }
		Types    []string
	} `json:"FindingProviderFields"`
}

var (
	isStamp   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	isProduct = regexp.MustCompile(`^arn:aws[a-z-]*:securityhub:[a-z0-9-]+:\d{12}:product/\d{12}/default$`)
	isLabel   = regexp.MustCompile(`^(INFORMATIONAL|LOW|MEDIUM|HIGH|CRITICAL)$`)
	isState   = regexp.MustCompile(`^(ACTIVE|ARCHIVED)$`)
	forbidden = []string{"Note", "UserDefinedFields", "VerificationState", "Workflow", "WorkflowState", "Confidence", "Criticality"}
)

// check holds a finding to the rules of "AWS Security Finding Format (ASFF)":
// what is required, lengths in characters, patterns, and what an import may
// not set.
func check(t *testing.T, raw json.RawMessage) finding {
	t.Helper()
	var f finding
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &f) != nil || json.Unmarshal(raw, &all) != nil || len(raw) > 240*1024 || !utf8.Valid(raw) {
		t.Fatalf("%d bytes, or not a finding: %.200s", len(raw), raw)
	}
	for _, name := range forbidden {
		if _, ok := all[name]; ok {
			t.Errorf("an import sets %s", name)
		}
	}
	length := func(name, s string, most int) {
		if n := utf8.RuneCountInString(s); n < 1 || n > most {
			t.Errorf("%s has %d characters, want 1 to %d", name, n, most)
		}
		if bad := inert.Text(s); len(bad) > 0 && !strings.HasPrefix(s, "https://") {
			t.Errorf("%s: %s", name, bad)
		}
	}
	pattern := func(name, s string, re *regexp.Regexp) {
		if !re.MatchString(s) {
			t.Errorf("%s %q does not match %s", name, s, re)
		}
	}
	length("Id", f.ID, 512)
	length("GeneratorId", f.GeneratorID, 512)
	length("Title", f.Title, 256)
	length("Description", f.Description, 1024)
	pattern("ProductArn", f.ProductARN, isProduct)
	pattern("RecordState", f.RecordState, isState)
	pattern("CreatedAt", f.CreatedAt, isStamp)
	pattern("UpdatedAt", f.UpdatedAt, isStamp)
	if f.SchemaVersion != "2018-10-08" || len(f.AwsAccountId) != 12 || !strings.Contains(f.ProductARN, f.AwsAccountId) {
		t.Errorf("version %q, account %q", f.SchemaVersion, f.AwsAccountId)
	}
	if f.UpdatedAt < f.CreatedAt {
		t.Errorf("updated %s before created %s", f.UpdatedAt, f.CreatedAt)
	}
	pattern("FindingProviderFields.Severity.Label", f.Provider.Severity.Label, isLabel)
	length("FindingProviderFields.Severity.Original", f.Provider.Severity.Original, 64)
	checkParts(t, f, length)
	return f
}

func checkParts(t *testing.T, f finding, length func(name, s string, most int)) {
	t.Helper()
	if n := len(f.Resources); n < 1 || n > 32 {
		t.Errorf("%d resources, want 1 to 32", n)
	}
	for _, r := range f.Resources {
		length("Resources.Id", r.Id, 512)
		length("Resources.Type", r.Type, 256)
		length("Resources.Region", r.Region, 16)
	}
	if n := len(f.ProductFields); n > 50 {
		t.Errorf("%d product fields, want 50 at most", n)
	}
	for k, v := range f.ProductFields {
		length("key of ProductFields", k, 128)
		length("ProductFields "+k, v, 2048)
		if strings.HasPrefix(k, "aws/") {
			t.Errorf("ProductFields %s: the namespace is AWS's own", k)
		}
	}
	if a := f.Action; a != nil {
		length("Api", a.Call.Api, 128)
		length("ServiceName", a.Call.ServiceName, 128)
		if d := a.Call.RemoteIpDetails; d != nil {
			if ip, err := netip.ParseAddr(d.IpAddressV4); err != nil || !ip.Is4() {
				t.Errorf("IpAddressV4 %q", d.IpAddressV4)
			}
		}
		if d := a.Call.DomainDetails; d != nil {
			length("Domain", d.Domain, 128)
		}
	}
	if f.Remediation != nil {
		length("Recommendation.Text", f.Remediation.Recommendation.Text, 512)
	}
	for _, stamp := range []string{f.FirstObservedAt, f.LastObservedAt} {
		if _, err := time.Parse(time.RFC3339, stamp); stamp != "" && err != nil {
			t.Error(err)
		}
	}
}
