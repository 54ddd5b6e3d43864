package lint

import (
	"strings"

	"github.com/trailwarden/trailwarden/infra/policy"
	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// notification judges what a bucket tells, and whom.
func (l *linter) notification(r *resource) {
	c := firstOf(r.get("NotificationConfiguration"), r.body)
	for i, k := range c.Keys {
		if k.Name == "CloudFunctionConfiguration" || k.Name == "QueueConfiguration" || k.Name == "TopicConfiguration" {
			l.add("S2.D12-obsolete-notification", diagnostic.Warning, r.place(&value.Value{Line: k.Line, Column: k.Column}),
				k.Name+" is the obsolete form of a notification configuration", "put-bucket-notification-configuration does not know it.", currentForm(k.Name, c.Items[i]))
		}
	}
	for _, n := range []string{"LambdaFunctionConfigurations", "LambdaConfigurations", "LambdaFunction", "CloudFunctionConfiguration"} {
		for _, t := range c.Get(n).Each() {
			if t.Kind != value.Map {
				continue
			}
			r.functions = append(r.functions, firstOf(t.Get("LambdaFunctionArn"), t.Get("Function"), t.Get("CloudFunction")))
			if t.Get("Filter") == nil && t.Get("FilterPrefix") == nil && t.Get("FilterSuffix") == nil {
				l.unfiltered(r, t)
			}
		}
	}
}

func currentForm(name string, v *value.Value) string {
	if name != "CloudFunctionConfiguration" {
		return `"` + name + `s": [{…, "Events": ["s3:ObjectCreated:*"]}]`
	}
	return `{"LambdaFunctionConfigurations": [{"Id": "trail-files", "LambdaFunctionArn": "` + firstOf(v.Get("CloudFunction"), &value.Value{}).String() +
		`", "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "AWSLogs/"}, {"Name": "suffix", "Value": ".json.gz"}]}}}]}`
}

func (l *linter) unfiltered(r *resource, t *value.Value) {
	l.add("S2.D2-notification-without-filter", diagnostic.Warning, r.place(t), "every object of the bucket starts the function",
		"Digest files, a configuration file in the same bucket and anything else that is put there start it too; code that expects a log fails on them.",
		`"Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "AWSLogs/"}, {"Name": "suffix", "Value": ".json.gz"}]}}`)
}

// replaced says of several notification resources for one bucket: the last one
// that is applied takes the others away.
func (l *linter) replaced() {
	var seen []*resource
	for _, r := range l.resources {
		if r.kind != notification || r.get("Bucket") == nil || strings.Contains(r.address, "AWS::S3::Bucket") || r.script {
			continue
		}
		for _, s := range seen {
			if same(s, s.get("Bucket"), r, r.get("Bucket")) {
				l.add("S2.D10-notification-replaced", diagnostic.Error, r.place(nil), "a second notification configuration for the bucket of "+s.address,
					"A bucket has one configuration: whichever is applied last takes the other away.", "one resource with all targets")
			}
		}
		seen = append(seen, r)
	}
}

// permission judges who may invoke a function.
func (l *linter) permission(r *resource) {
	p := r.get("Principal")
	if !strings.HasSuffix(p.String(), ".amazonaws.com") || r.get("SourceArn") != nil || r.get("SourceAccount") != nil || r.get("PrincipalOrgID", "PrincipalOrgId") != nil {
		return
	}
	l.add(policy.CodeDeputy, diagnostic.Warning, r.place(p), p.String()+" may invoke the function whoever sets it to work (confused deputy)",
		"Somebody else's bucket or rule could start it with events of their making.", "SourceArn of the bucket or rule, and SourceAccount")
}
