package lint

import (
	"path"
	"strings"

	"github.com/trailwarden/trailwarden/infra/policy"
	"github.com/trailwarden/trailwarden/infra/read"
	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// script judges a shell script, or the commands in an article.
func (l *linter) script(f File, text string) {
	if l.tooLong(f) {
		return
	}
	s := &shell{linter: l, file: f.Name, text: text, script: read.Shell(text), used: map[string]bool{}, seen: map[string]bool{}}
	for _, c := range s.script.Commands {
		s.command(c)
		s.seen[c.Service+" "+c.Operation] = true
	}
	for _, name := range s.script.Order {
		if v := s.script.Documents[name]; !s.used[name] && strings.HasPrefix(strings.TrimSpace(v.Text), "{") {
			l.document(f.Name, name, l.documentOf(place{f.Name, name, v}, v))
		}
	}
}

// shell is one script.
type shell struct {
	*linter
	file   string
	text   string
	script read.Script
	used   map[string]bool // documents that were judged with the command they are for
	seen   map[string]bool // commands that came before
}

// argument is what an option was given, a document of the script included.
func (s *shell) argument(p place, v *value.Value) *value.Value {
	if v == nil || v.Kind != value.Text {
		return v
	}
	if name, ok := strings.CutPrefix(v.Text, "file://"); ok {
		doc := s.named(p, v, name)
		if doc == nil {
			return &value.Value{Refs: []string{v.Text}, Line: v.Line, Column: v.Column}
		}
		p.object = path.Base(name)
		v = doc
	}
	if jsonText.MatchString(v.Text) {
		if doc := s.documentOf(p, v); doc != nil {
			return doc
		}
	}
	return v
}

// named is the document that a command names by file://, of the script or of the
// files that are judged with it; nil where there is none.
func (s *shell) named(p place, v *value.Value, name string) *value.Value {
	if doc := s.script.Documents[path.Base(name)]; doc != nil {
		return doc
	}
	f := s.beside(name)
	switch {
	case f != nil && len(f.Text) <= value.MaxBytes:
		return &value.Value{Kind: value.Text, Text: string(f.Text), File: f.Name, Line: 1, Column: 1, Lines: true}
	case f == nil && isScript(s.file) && v.Known() && !s.makes(name):
		p.at = v
		s.add("unread", diagnostic.Note, p, name+" is not among the files that were given, so what the command does with it is not judged", "It may hold a policy, a pattern or settings.", "trailwarden lint-infra with that file, too")
	}
	return nil
}

// makes tells whether the script seems to write a file itself: its name stands
// elsewhere, too.
func (s *shell) makes(name string) bool {
	return strings.Count(s.text, path.Base(name)) > strings.Count(s.text, "file://"+name)
}

// beside is the file that a script means by a path: from the script's folder, from
// where lint-infra was called, or the only one of that name.
func (s *shell) beside(name string) *File {
	var only *File
	found := 0
	for i := range s.given {
		f := &s.given[i]
		switch {
		case f.Name == path.Join(path.Dir(s.file), name), path.Clean(f.Name) == path.Clean(name):
			return f
		case path.Base(f.Name) == path.Base(name):
			only, found = f, found+1
		}
	}
	if found != 1 {
		return nil
	}
	return only
}

// judged notes that the documents of a command need not be judged by themselves.
func (s *shell) judged(c read.Command) {
	for _, v := range c.Options.Items {
		name, ok := strings.CutPrefix(v.String(), "file://")
		if !ok {
			continue
		}
		if s.used[path.Base(name)] = true; s.script.Documents[path.Base(name)] != nil {
			continue
		}
		if f := s.beside(name); f != nil {
			s.taken[f.Name] = true
		}
	}
}

// jsonText is how JSON begins, and filter patterns of CloudWatch Logs do not.
var jsonText = re2.Own(`^[\s\x{a0}]*(?:\[[\s\x{a0}]*)?\{[\s\x{a0}]*["}]`)

// command takes a command for the resource that it makes.
func (s *shell) command(c read.Command) {
	name := c.Service + " " + c.Operation
	r := &resource{file: s.file, address: "aws " + name, script: true, region: c.Options.Get("region").String(), body: &value.Value{Kind: value.Map, Line: c.Line, Column: c.Column}}
	for i, k := range c.Options.Keys {
		r.body.Keys = append(r.body.Keys, value.Key{Name: camel(k.Name), Line: k.Line, Column: k.Column})
		r.body.Items = append(r.body.Items, shorthand(s.argument(r.place(nil), c.Options.Items[i])))
	}
	r.name = r.get("Name", "FunctionName").String()
	s.obsolete(name, r)
	if c.Open || !r.input() {
		return // what is not there may still be given
	}
	if k, ok := commandKinds()[name]; ok {
		s.judged(c)
		r.kind = k
		switch k {
		case policyOf:
			s.policyCommand(name, r)
		case notification:
			s.notificationCommand(name, r)
		case function:
			r.body.Keys = append(r.body.Keys, value.Key{Name: "Command"})
			r.body.Items = append(r.body.Items, &value.Value{Kind: value.Text, Text: name})
			if strings.HasPrefix(c.Operation, "update") && r.get("Runtime") == nil && r.get("Timeout") == nil && r.get("Environment") == nil {
				return
			}
			s.take(r, name)
		case eventTarget:
			s.resources = append(s.resources, r)
			for _, t := range r.get("Targets").Each() {
				if t.Kind == value.Map {
					s.target(r, t)
				}
			}
		default:
			s.take(r, name)
		}
		return
	}
	s.otherCommand(name, r, c)
}

// input takes the fields that a command has as one document; false when they are
// not known.
func (r *resource) input() bool {
	if r.get("CliInputYaml") != nil {
		return false
	}
	doc := r.get("CliInputJson")
	if doc == nil {
		return true
	}
	if doc.Kind != value.Map {
		return false
	}
	r.body.Keys, r.body.Items = append(r.body.Keys, doc.Keys...), append(r.body.Items, doc.Items...)
	return true
}

// commandKinds are the commands that make what is judged.
func commandKinds() map[string]kind {
	return map[string]kind{
		"cloudtrail create-trail": trail, "cloudtrail update-trail": trail, "cloudtrail create-subscription": trail, "cloudtrail update-subscription": trail,
		"s3api put-bucket-policy": policyOf, "sns set-topic-attributes": policyOf, "sns create-topic": policyOf, "sqs set-queue-attributes": policyOf, "sqs create-queue": policyOf,
		"kms put-key-policy": policyOf, "kms create-key": policyOf, "iam create-role": policyOf, "iam update-assume-role-policy": policyOf,
		"iam put-role-policy": policyOf, "iam create-policy": policyOf, "iam create-policy-version": policyOf,
		"events put-permission":         busGrant,
		"s3api put-bucket-notification": notification, "s3api put-bucket-notification-configuration": notification,
		"logs put-metric-filter":       metricFilter,
		"cloudwatch put-metric-alarm":  alarmOf,
		"logs put-subscription-filter": subscription,
		"events put-rule":              eventRule,
		"events put-targets":           eventTarget,
		"lambda create-function":       function, "lambda update-function-configuration": function,
		"lambda put-function-event-invoke-config": invokeConfig,
		"lambda add-permission":                   permission,
	}
}

// shorthand is the AWS CLI's Key=Value,Key=Value as a map; any other value stays.
func shorthand(v *value.Value) *value.Value {
	if v != nil && v.Kind == value.List {
		c := *v
		c.Items = nil
		for _, x := range v.Items {
			c.Items = append(c.Items, shorthand(x))
		}
		return &c
	}
	if v == nil || v.Kind != value.Text || !shorthandText.MatchString(v.Text) || len(v.Text) > 4096 {
		return v
	}
	given := strings.ReplaceAll(v.Text, `"`, "")
	out := &value.Value{Kind: value.Map, Line: v.Line, Column: v.Column}
	for _, pair := range strings.Split(inner(given), ",") {
		key, text, ok := strings.Cut(pair, "=")
		if !ok {
			return v
		}
		out.Keys = append(out.Keys, value.Key{Name: key, Line: v.Line, Column: v.Column})
		out.Items = append(out.Items, &value.Value{Kind: value.Text, Text: text, Refs: refsOf(text, v.Refs), Line: v.Line, Column: v.Column})
	}
	if strings.HasPrefix(given, "Variables={") {
		return &value.Value{Kind: value.Map, Keys: []value.Key{{Name: "Variables"}}, Items: []*value.Value{out}, Line: v.Line, Column: v.Column}
	}
	return out
}

var shorthandText = re2.Own(`^"?[A-Za-z]+"?=[^\s]+$`)

// inner takes the outer name of Variables={…} away.
func inner(s string) string {
	if v, ok := strings.CutPrefix(s, "Variables={"); ok {
		return strings.TrimSuffix(v, "}")
	}
	return s
}

func refsOf(text string, refs []string) []string {
	var in []string
	for _, r := range refs {
		if strings.Contains(text, "${"+r+"}") {
			in = append(in, r)
		}
	}
	return in
}

// obsolete are commands that the AWS CLI no longer has, or only for old scripts.
func (s *shell) obsolete(name string, r *resource) {
	instead := map[string]string{
		"cloudtrail create-subscription": "aws s3api create-bucket, put-bucket-policy; aws cloudtrail create-trail --is-multi-region-trail; aws cloudtrail start-logging",
		"cloudtrail update-subscription": "aws cloudtrail update-trail --is-multi-region-trail",
		"s3api put-bucket-notification":  "aws s3api put-bucket-notification-configuration",
		"s3api get-bucket-notification":  "aws s3api get-bucket-notification-configuration",
		"lambda upload-function":         "aws lambda create-function",
		"lambda invoke-async":            "aws lambda invoke --invocation-type Event",
		"lambda add-event-source":        "aws lambda create-event-source-mapping",
	}[name]
	if instead != "" {
		s.add("S2.D12-obsolete-command", diagnostic.Warning, r.place(nil), "aws "+name+" is obsolete", "It is kept for old scripts only, knows none of what came later, and may go.", instead)
	}
}

// policyCommand takes the policy that a command attaches.
func (s *shell) policyCommand(name string, r *resource) {
	attach := func(k policy.Kind, v *value.Value) {
		if v != nil && v.Kind == value.Map {
			s.policy(k, r, v)
		}
	}
	s.resources = append(s.resources, r)
	policyText := firstOf(r.get("PolicyDocument"), r.get("Policy"))
	switch service, _, _ := strings.Cut(name, " "); service {
	case "s3api":
		attach(policy.Bucket, policyText)
	case "kms":
		attach(policy.Key, policyText)
	case "iam":
		attach(policy.Trust, r.get("AssumeRolePolicyDocument"))
		if name == "iam update-assume-role-policy" {
			attach(policy.Trust, policyText)
			return
		}
		attach(policy.Identity, policyText)
	case "sns":
		attach(policy.Topic, firstOf(r.get("AttributeValue"), r.get("Attributes").Get("Policy")))
	case "sqs":
		if v := r.get("Attributes").Get("Policy"); v != nil {
			attach(policy.Queue, s.documentOf(r.place(v), v))
		}
	}
}

// notificationCommand is about the command that replaces all of a bucket's
// notifications.
func (s *shell) notificationCommand(name string, r *resource) {
	if !s.seen["s3api get-bucket-notification-configuration"] && !s.seen["s3api get-bucket-notification"] {
		s.add("S2.D10-notification-replaced", diagnostic.Warning, r.place(nil), "aws "+name+" replaces all notifications that the bucket has", "Other consumers of the bucket get nothing from then on.",
			"read the configuration with get-bucket-notification-configuration first, and add to it")
	}
	if c := r.get("NotificationConfiguration"); c != nil && c.Kind == value.Map {
		body := &resource{kind: notification, file: r.file, address: r.address, script: true, body: c}
		s.take(body, "")
	}
}

// otherCommand is about commands that make nothing to judge by itself.
func (s *shell) otherCommand(name string, r *resource, c read.Command) {
	switch name {
	case "cloudtrail put-event-selectors":
		for _, n := range []string{"EventSelectors", "AdvancedEventSelectors"} {
			if v := s.list(r, n); v != nil {
				s.selectors(r.file, r.address, &value.Value{Kind: value.Map, Keys: []value.Key{{Name: n}}, Items: []*value.Value{v}})
			}
		}
	case "athena start-query-execution":
		if r.get("WorkGroup") == nil {
			s.noWorkgroup(r.place(nil))
		}
		s.namedQuery(r)
	case "athena create-named-query":
		s.namedQuery(r)
	case "athena create-work-group":
		s.workgroup(r)
	case "s3 cp", "s3api put-object":
		s.upload(r, c)
	}
}

func (s *shell) list(r *resource, name string) *value.Value {
	v := r.get(name)
	if v == nil || v.Kind == value.Unknown {
		return nil
	}
	return s.documentOf(r.place(v), v)
}

func (l *linter) noWorkgroup(p place) {
	l.add("S4.D9-no-workgroup", diagnostic.Warning, p, "the query runs in the primary workgroup", "There is no limit on what it reads, and its cost is nobody's.", "--work-group (WorkGroup) of one with a limit on bytes scanned")
}

// upload takes an object that a script puts into a bucket, when it is no log.
func (s *shell) upload(r *resource, c read.Command) {
	bucket := r.get("Bucket")
	if bucket == nil && len(c.Arguments) == 2 {
		to := c.Arguments[1]
		rest, ok := strings.CutPrefix(to.String(), "s3://")
		if !ok || strings.HasSuffix(rest, ".gz") || strings.HasSuffix(rest, ".zip") || strings.HasSuffix(rest, ".yaml") && strings.Contains(rest, "template") {
			return
		}
		name, _, _ := strings.Cut(rest, "/")
		bucket = &value.Value{Kind: value.Text, Text: name, Refs: refsOf(name, to.Refs), Line: to.Line, Column: to.Column}
		if len(bucket.Refs) == 1 && name == "${"+bucket.Refs[0]+"}" {
			bucket = &value.Value{Refs: bucket.Refs, Line: to.Line, Column: to.Column}
		}
	}
	if bucket == nil {
		return
	}
	s.take(&resource{kind: object, file: r.file, address: r.address, script: true, body: &value.Value{Kind: value.Map, Line: c.Line, Column: c.Column,
		Keys: []value.Key{{Name: "Bucket"}}, Items: []*value.Value{bucket}}}, "")
}
