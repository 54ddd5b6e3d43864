package terraform_test

import (
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/deploy/terraform"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/infra/read"
	"github.com/trailwarden/trailwarden/internal/deploytest"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

// The module of the pack cis has each pattern byte for byte, with an alarm on its
// metric, and the provider takes it.
func TestBenchmarkAlarmsAreFound(t *testing.T) {
	files, err := terraform.Render(deploytest.SampleWithPack(t, topology.Alarms, "cis"))
	if err != nil {
		t.Fatal(err)
	}
	module := map[string][]byte{}
	for _, f := range files {
		if filepath.Ext(f.Name) == ".tf" {
			module[f.Name] = f.Text
		}
	}
	blocks, faults := read.Terraform(module)
	for name, err := range faults {
		t.Errorf("%s: %v", name, err)
	}
	metric, told := map[string]string{}, map[string]bool{}
	for _, all := range blocks {
		for _, b := range all {
			if b.Type != "resource" || len(b.Labels) != 2 {
				continue
			}
			switch b.Labels[0] {
			case "aws_cloudwatch_log_metric_filter":
				metric[b.Body.Get("pattern").String()] = b.Body.Get("metric_transformation").Each()[0].Get("name").String()
			case "aws_cloudwatch_metric_alarm":
				told[b.Body.Get("metric_name").String()] = len(b.Body.Get("alarm_actions").Each()) == 1
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
	dir := t.TempDir()
	deploytest.Write(t, dir, files)
	validate(t, settings(t), dir)
}
