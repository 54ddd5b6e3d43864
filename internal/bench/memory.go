package main

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/rule"
)

// frequent are calls of internal/synth's table, most frequent first.
var frequent = strings.Fields(`AssumeRole Decrypt DescribeInstances GetBucketAcl GenerateDataKey DescribeLogStreams
	DescribeSecurityGroups UpdateInstanceInformation DescribeAlarms GetCallerIdentity DescribeTable CreateLogStream ListBuckets
	DescribeTargetHealth DescribeVolumes GetSecretValue GetParameter DescribeAutoScalingGroups DescribeStacks GetRole`)

// memoryRules are fifty rules that remember, of every kind, as files by name.
// Their limits are those of rules in use: some are met, most are not.
func memoryRules() map[string]string {
	files := map[string]string{}
	n := 0
	add := func(format string, args ...any) {
		n++
		files[fmt.Sprintf("remember-%02d.yaml", n)] = fmt.Sprintf("id: remember-%02d\ntitle: Rule %d that remembers\nseverity: low\n", n, n) + fmt.Sprintf(format, args...)
	}
	called := func(name string) string { return "match: {where: {eventName: {equals: " + name + "}}}\n" }
	by := []string{"[account, actor]", "[account, userIdentity.accessKeyId]", "[account, principal]", "[account, sourceIPAddress, eventName]"}
	for i, name := range frequent[:12] {
		add(called(name)+"threshold: {count: 150, within: 5m, by: %s}\n", by[i%4])
	}
	for i, name := range frequent[4:10] {
		add(called(name)+"threshold: {distinct: 6, over: %s, within: 10m, by: %s}\n", []string{"sourceIPAddress", "userAgent"}[i%2], by[i%3])
	}
	for i, name := range []string{"GetObject", "PutObject", "GetBucketAcl", "ListBuckets"} {
		add(called(name)+"threshold: {sum: 90000000, over: additionalEventData.bytesTransferredOut, within: 1h, by: %s}\n", by[i%3])
	}
	for i, name := range frequent[:8] {
		add("sequence: {within: 10m, by: %s, steps: [{match: {where: {eventName: {equals: %s}, errorCode: {exists: true}}}, count: 4}, {match: {where: {eventName: {equals: %s}}}}]}\n",
			by[i%3], name, frequent[i+8])
	}
	for i, pair := range [][2]string{{"CreateUser", "CreateAccessKey"}, {"StopLogging", "StartLogging"}, {"RunInstances", "TerminateInstances"}, {"CreateRole", "PutRolePolicy"}} {
		add(called(pair[0])+"absence: {of: {where: {eventName: {equals: %s}}}, within: %dh, by: [account]}\n", pair[1], 1+i)
	}
	for i, value := range []string{"awsRegion", "eventSource", "network", "eventName"} {
		add("match: {where: {readOnly: {equals: false}}}\nfirst_seen: {value: %s, by: %s, within: 30d, warm_up: 6d}\n", value, []string{"account", by[2]}[i/2])
	}
	for i, at := range []string{"account", by[2]} {
		add("match: {where: {readOnly: {equals: false}}}\nrate: {per: 1h, least: 30, factor: 5, by: %s, warm_up: %dd}\n", at, 2+i)
	}
	addCorrelations(files)
	addAlarms(files)
	return files
}

// addCorrelations adds eight correlations of Sigma's.
func addCorrelations(files map[string]string) {
	var b strings.Builder
	for _, name := range frequent[:8] {
		fmt.Fprintf(&b, "title: %s failed\nname: failed_%s\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  selection: {eventName: %s, errorCode|exists: true}\n  condition: selection\n---\n", name, name, name)
	}
	for i, kind := range []string{
		"type: event_count\n  rules: [failed_AssumeRole]\n  condition: {gte: 60}",
		"type: event_count\n  rules: [failed_Decrypt, failed_DescribeInstances]\n  condition: {gte: 60}",
		"type: event_count\n  rules: [failed_DescribeLogStreams]\n  condition: {gte: 60}",
		"type: value_count\n  rules: [failed_AssumeRole]\n  condition: {field: sourceIPAddress, gte: 40}",
		"type: value_count\n  rules: [failed_GetBucketAcl]\n  condition: {field: userAgent, gte: 40}",
		"type: temporal\n  rules: [failed_DescribeInstances, failed_GetBucketAcl, failed_DescribeLogStreams]",
		"type: temporal_ordered\n  rules: [failed_AssumeRole, failed_DescribeInstances, failed_DescribeLogStreams]",
		"type: temporal_ordered\n  rules: [failed_GetBucketAcl, failed_DescribeInstances, failed_AssumeRole]",
	} {
		fmt.Fprintf(&b, "title: Correlation %d\nid: 5f2d1c1e-0000-4000-8000-00000000000%d\ncorrelation:\n  %s\n  group-by: [recipientAccountId, userIdentity.arn]\n  timespan: 5m\nlevel: low\n---\n", i, i, kind)
	}
	files["correlations.yml"] = strings.TrimSuffix(b.String(), "---\n")
}

// addAlarms adds two CloudWatch alarms with their metric filters.
func addAlarms(files map[string]string) {
	var filters, alarms []string
	for i, test := range []string{
		`($.errorCode = \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\")`,
		`($.eventName = ConsoleLogin) && ($.errorMessage = \"Failed authentication\")`,
	} {
		filters = append(filters, fmt.Sprintf(`{"filterName": "filter-%d", "logGroupName": "trail", "filterPattern": "{ %s }",
  "metricTransformations": [{"metricName": "Metric%d", "metricNamespace": "Bench", "metricValue": "1", "defaultValue": 0}]}`, i, test, i))
		alarms = append(alarms, fmt.Sprintf(`{"AlarmName": "alarm-%d", "Namespace": "Bench", "MetricName": "Metric%d", "Statistic": "Sum", "Period": 300,
  "EvaluationPeriods": 1, "Threshold": 60, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching"}`, i, i))
	}
	files["filters.json"] = `{"metricFilters": [` + strings.Join(filters, ",\n") + "]}\n"
	files["alarms.json"] = `{"MetricAlarms": [` + strings.Join(alarms, ",\n") + "]}\n"
}

// makeMemory writes the rules that remember, and counts by a process of its own
// what they find in the records, once.
func (b *bench) makeMemory(ctx context.Context) error {
	b.memory = filepath.Join(b.dir, "rules-memory")
	if err := os.MkdirAll(b.memory, 0o755); err != nil {
		return err
	}
	var all []byte
	for name, text := range memoryRules() {
		if err := os.WriteFile(filepath.Join(b.memory, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	c := b.corpora["remembered"]
	known := b.memory + ".census"
	want := fmt.Sprintln(c.dir, memoryRules())
	if text, err := os.ReadFile(known); err == nil && bytes.HasPrefix(text, []byte(want)) {
		all = text[len(want):]
	} else {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		if all, err = exec.CommandContext(ctx, self, "-census", b.memory, c.dir).Output(); err != nil {
			return fmt.Errorf("counting hits and groups: %w", err)
		}
		if err := os.WriteFile(known, append([]byte(want), all...), 0o644); err != nil {
			return err
		}
	}
	b.census = strings.TrimSpace(string(all))
	return nil
}

// census says how many records there are below a folder, how many hits of rules
// that remember, and how many groups these are of.
func census(ctx context.Context, rules, logs string) (string, error) {
	set, list := rule.Load([]string{rules}, rule.Options{})
	if err := list.Err(); err != nil {
		return "", fmt.Errorf("%s: %w", rules, err)
	}
	specs, owners := rule.Specs(set.Rules)
	c := &counting{specs: specs, engine: memory.CompileInputs(specs), seed: maphash.MakeSeed(), groups: map[uint64]struct{}{}}
	o := pipeline.RecordOptions{Listing: pipeline.List([]string{logs}, false), Limits: cloudtrail.DefaultLimits()}
	totals, err := pipeline.Records(ctx, o, func() pipeline.RecordVisitor {
		return &counter{counting: c, watch: memory.NewWatch(specs, c.engine), groups: map[uint64]struct{}{}}
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d rules, %d records, %.1f hits a record, %d groups", len(owners), totals.Records, float64(c.hits)/float64(max(totals.Records, 1)), len(c.groups)), nil
}

// counting is what the counters of all goroutines add up to.
type counting struct {
	specs  []*memory.Spec
	engine *detect.Engine
	seed   maphash.Seed
	mu     sync.Mutex
	hits   int
	groups map[uint64]struct{}
}

type counter struct {
	*counting
	watch  *memory.Watch
	hits   int
	groups map[uint64]struct{} // by hash of the Spec and the group
}

func (c *counter) Record(_ string, rec *cloudtrail.Record) error {
	c.watch.Hits(rec, nil, func(h *memory.Hit) {
		c.hits++
		c.groups[maphash.Bytes(c.seed, h.Group)+uint64(h.Spec)] = struct{}{}
	})
	return nil
}

func (c *counter) File(string, cloudtrail.Summary) error { return nil }

func (c *counter) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counting.hits += c.hits
	for g := range c.groups {
		c.counting.groups[g] = struct{}{}
	}
	return nil
}
