package cloudformation_test

import (
	"path/filepath"
	"testing"

	render "github.com/trailwarden/trailwarden/deploy/cloudformation"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/infra/read"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/deploytest"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

// The template of the pack cis has what Security Hub looks for: each pattern byte
// for byte on the trail's log group, and on its metric an alarm of one record in
// five minutes that tells a topic.
func TestBenchmarkAlarmsAreFound(t *testing.T) {
	files, err := render.Render(deploytest.SampleWithPack(t, topology.Alarms, "cis"))
	if err != nil {
		t.Fatal(err)
	}
	metric := map[string]string{} // by pattern
	told := map[string]bool{}     // metrics
	var templates []string
	dir := t.TempDir()
	deploytest.Write(t, dir, files)
	for _, f := range files {
		if filepath.Ext(f.Name) != ".yaml" {
			continue
		}
		templates = append(templates, filepath.Join(dir, f.Name))
		docs, err := read.YAML(f.Text)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range read.CloudFormation(docs[0]) {
			text := func(name string) string { return r.Properties.Get(name).String() }
			switch r.Type {
			case "AWS::Logs::MetricFilter":
				m := r.Properties.Get("MetricTransformations").Each()[0]
				if m.Get("MetricValue").String() != "1" {
					t.Errorf("%s counts %v", r.Name, m.Get("MetricValue"))
				}
				metric[text("FilterPattern")] = m.Get("MetricNamespace").String() + " " + m.Get("MetricName").String()
			case "AWS::CloudWatch::Alarm":
				if text("Statistic") == "Sum" && text("Period") == "300" && text("EvaluationPeriods") == "1" && text("Threshold") == "1" &&
					text("ComparisonOperator") == "GreaterThanOrEqualToThreshold" && len(r.Properties.Get("AlarmActions").Each()) == 1 {
					told[text("Namespace")+" "+text("MetricName")] = true
				}
			}
		}
	}
	pack, _ := packs.Named("cis")
	set, _ := pack.Rules(rule.Options{})
	for _, r := range set.Rules {
		m, ok := metric[r.Source.(*filterpattern.Pattern).Text()]
		if !ok {
			t.Errorf("%s: no metric filter has its pattern", r.ID)
		} else if !told[m] {
			t.Errorf("%s: no alarm is on its metric %s", r.ID, m)
		}
	}
	cfnLint(t, awstest.PythonWith(t, "cfn-lint", requirements), templates)
}
