package lint_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/infra/lint"
	"github.com/trailwarden/trailwarden/internal/publicdata"
)

// Of the filters that people publish most are the benchmark's in other blanks,
// quotes and orders, and one is about something else: nothing is said of these.
// Two have more clauses, which a note names.
func TestPublishedFiltersAreTakenForWhatTheyAre(t *testing.T) {
	text, err := os.ReadFile(publicdata.Path(t, "filters/real.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	filters := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, f := range filters {
		template, err := json.Marshal(map[string]any{"Resources": map[string]any{"Filter": map[string]any{
			"Type": "AWS::Logs::MetricFilter", "Properties": map[string]any{"LogGroupName": "trail", "FilterPattern": f}}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range lint.Files([]lint.File{{Name: "t.json", Text: template}}, now()).Findings {
			if strings.HasPrefix(d.Code, "CIS-") {
				got = append(got, d.Severity.String()+" "+d.Message)
			}
		}
	}
	want := []string{
		`note the filter is nearly that of CIS 4.10 and Security Hub's CloudWatch.10: with $.eventName = "ModifySecurityGroupRules" besides`,
		`note the filter is nearly that of CIS 4.15: with $.eventName = "CancelHandshake", $.eventName = "CreateOrganization", $.eventName = "EnableAllFeatures" besides`,
	}
	if d := cmp.Diff(want, got); d != "" || len(filters) < 16 {
		t.Errorf("of %d filters: %s", len(filters), d)
	}
}
