package topology_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy"
	"github.com/trailwarden/trailwarden/deploy/cloudformation"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/topology"
)

// made is the plan of a sample after a change of its configuration.
func made(t testing.TB, name string, change func(*config.Config)) (*plan.Plan, error) {
	t.Helper()
	cfg, err := config.Load(filepath.Join("..", "samples", name, "trailwarden.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(cfg)
	}
	return deploy.Plan(cfg, deploy.Options{})
}

func mustMake(t testing.TB, name string, change func(*config.Config)) *plan.Plan {
	t.Helper()
	p, err := made(t, name, change)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// resource is a resource of a plan, or nil.
func resource(p *plan.Plan, id string) *plan.Resource {
	for _, s := range p.Stacks {
		if r := s.Resource(id); r != nil {
			return r
		}
	}
	return nil
}

// statements are those of the function's role.
func statements(p *plan.Plan) map[string]plan.Statement {
	out := map[string]plan.Statement{}
	resource(p, "FunctionRole").Policies(func(where string, q *plan.Policy) {
		if where == "PolicyDocument" {
			for _, s := range q.Statements {
				out[s.Sid] = s
			}
		}
	})
	return out
}

// X6: what the role may do follows from what is enabled.
func TestPermissionsFollowFromTheConfiguration(t *testing.T) {
	for _, c := range []struct {
		name, sid string
		change    func(*config.Config)
		gone      bool
	}{
		{"a secret's sink is off", "FetchSecrets", func(c *config.Config) { c.Sinks[0].Enabled = false }, true},
		{"the other kind stays", "FetchParameters", func(c *config.Config) { c.Sinks[0].Enabled = false }, false},
		{"a topic", "PublishMore", func(c *config.Config) {
			c.Sinks = append(c.Sinks, config.Sink{Name: "more", Enabled: true, SNS: &config.SNS{Topic: "arn:aws:sns:us-east-1:333333333333:x"}})
		}, false},
		{"a role of another account", "AssumeForHub", func(c *config.Config) {
			c.Sinks = append(c.Sinks, config.Sink{Name: "hub", Enabled: true, SecurityHub: &config.SecurityHub{Client: config.Client{Role: "arn:aws:iam::333333333333:role/hub"}}})
		}, false},
		{"names of accounts", "NameAccounts", func(c *config.Config) {
			c.Enrich.Accounts = &config.AccountNames{Organizations: &config.Organizations{}}
		}, false},
		{"a bus", "PutEventsBus", func(c *config.Config) {
			c.Sinks = append(c.Sinks, config.Sink{Name: "bus", Enabled: true, EventBridge: &config.EventBridge{Bus: "findings", Source: "trailwarden"}})
		}, false},
		{"no questions by the clock", "Ask", func(*config.Config) {}, true},
		{"encryption by Amazon S3", "DecryptLogFiles", func(c *config.Config) { c.Deploy.Encryption = "s3" }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, there := statements(mustMake(t, topology.Recommended, c.change))[c.sid]
			if there == c.gone {
				t.Errorf("statement %s is there: %t", c.sid, there)
			}
		})
	}
}

// S0.7, S0.D5, X4: no secret gets into a template, and none that a function could
// have from there only is accepted. Other contradictions are named as well.
func TestConfigurationsThatCannotRunAreRefused(t *testing.T) {
	secret, err := config.ParseSecret("env:SLACK_WEBHOOK")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, topology, want string
		change               func(*config.Config)
	}{
		{"a secret in the environment", topology.Slack, "Secrets Manager", func(c *config.Config) { c.Sinks[0].Slack.Webhook = secret }},
		{"no sink of the kind", topology.Slack, "no slack sink", func(c *config.Config) { c.Sinks[0].Enabled = false }},
		{"no bucket", topology.ServiceNow, "deploy.bucket", func(c *config.Config) { c.Deploy.Bucket = "" }},
		{"no account of the watch", topology.Recommended, "deploy.account", func(c *config.Config) { c.Deploy.Account = "" }},
		{"no management account", topology.Athena, "deploy.management_account", func(c *config.Config) { c.Deploy.Management = "" }},
		{"no store", topology.Recommended, "store: {dynamodb", func(c *config.Config) { c.Store.DynamoDB = nil }},
		{"no questions", topology.Athena, "queries:", func(c *config.Config) { c.Queries = nil }},
		{"a file", topology.SNS, "no disk that lasts", func(c *config.Config) {
			c.Sinks = append(c.Sinks, config.Sink{Name: "f", Enabled: true, File: &config.File{Path: "x"}})
		}},
		{"a bucket that cannot be", topology.SNS, "deploy.bucket", func(c *config.Config) { c.Deploy.Bucket = "Not_A_Bucket" }},
		{"a region that is not", topology.SNS, "no region", func(c *config.Config) { c.Deploy.Region = "mars-east-1" }},
		{"an organization's log group elsewhere", topology.Alarms, "management account only", func(c *config.Config) {
			c.Deploy.Organization, c.Deploy.Management, c.Deploy.Account = "o-exampleorgid", "111111111111", "111122223333"
		}},
		{"a retention that is none", topology.SNS, "deploy.log_retention", func(c *config.Config) { c.Deploy.Retention = 91 }},
		{"files that expire before they are cold", topology.SNS, "deploy.expire_after", func(c *config.Config) { c.Deploy.Cold = 800 }},
		{"the default bus in the middle", topology.Slack, "deploy.bus", func(c *config.Config) { c.Deploy.Bus = "default" }},
		{"rules elsewhere", topology.SNS, "outside of the folder", func(c *config.Config) { c.RuleSettings.Paths = []string{"../rules"} }},
		{"a query in a file", topology.Athena, "put the query under its key sql", func(c *config.Config) { c.Queries[0].File = "query.sql" }},
		{"places of addresses", topology.SNS, "enrich names files", func(c *config.Config) { c.Enrich.GeoIP = &config.GeoIP{City: "city.mmdb"} }},
		{"a key by its alias", topology.SNS, "an alias", func(c *config.Config) { c.Deploy.Key = "arn:aws:kms:us-west-2:111122223333:alias/logs" }},
		{"another topology", "sideways", "no topology", func(c *config.Config) { c.Deploy.Topology = "sideways" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := c.topology
			if !slices.Contains(topology.Names(), from) {
				from = topology.SNS
			}
			if _, err := made(t, from, c.change); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// S2.D10: a bucket that exists keeps its policy and notifications; ours is added
// to them.
func TestExistingPiecesAreReused(t *testing.T) {
	p := mustMake(t, topology.SNS, func(c *config.Config) { c.Deploy.Reuse = []string{"bucket", "trail"} })
	for _, id := range []string{"LogBucket", "LogBucketPolicy", "LogKey", "Trail"} {
		if resource(p, id) != nil {
			t.Errorf("%s is made although it is there", id)
		}
	}
	if n := resource(p, "FilesNotification"); n == nil || n.Type != "Custom::BucketNotification" || n.Properties.Get("FunctionArn") == nil {
		t.Error("the notification is not merged")
	}
	p = mustMake(t, topology.SNS, func(c *config.Config) { c.Deploy.Reuse = []string{"bucket"} })
	if len(p.Files) != 1 || !strings.Contains(string(p.Files[0].Text), `"arn:aws:cloudtrail:us-west-2:ACCOUNT-ID:trail/trailwarden"`) {
		t.Errorf("what the bucket's policy needs is not written down: %s", p.Files)
	}
	p = mustMake(t, topology.Recommended, func(c *config.Config) {
		c.Deploy.Topic, c.Deploy.Bus = "arn:aws:sns:eu-west-1:222222222222:files", "shared"
		c.Deploy.Reuse = []string{"bucket", "table", "bus"}
	})
	if resource(p, "Bus") != nil || resource(p, "Forwarded").Properties.Get("EventBusName") != plan.Value(plan.Text("shared")) {
		t.Error("the bus that is there is not used")
	}
	if resource(p, "FilesTopic") != nil || resource(p, "Table") != nil || resource(p, "FilesSubscription") == nil {
		t.Error("the topic or the table that is there is not used")
	}
}

// S4.D1: an organization's trail is let in by the management account's ARN and
// writes below the organization's id; S0.D3, S4.1: one trail for every region,
// with validation.
func TestOrganizationTrail(t *testing.T) {
	p := mustMake(t, topology.Recommended, nil)
	trail := p.Stack("trailwarden-trail")
	if trail == nil || trail.Account != plan.Management {
		t.Fatal("no trail in the management account")
	}
	for _, key := range []string{"IsMultiRegionTrail", "IsOrganizationTrail", "EnableLogFileValidation", "IncludeGlobalServiceEvents", "IsLogging"} {
		if trail.Resource("Trail").Properties.Get(key) != plan.Value(plan.Bool(true)) {
			t.Errorf("%s is not on", key)
		}
	}
	var order []string
	for _, s := range p.Steps {
		if s.Stack != "" {
			order = append(order, strings.TrimPrefix(s.Stack, "trailwarden-"))
		}
	}
	if got := strings.Join(order, " "); got != "artifacts watch trail forward-role forward" {
		t.Errorf("order of setup: %s", got)
	}
}

// S1.D3, S1.D6, S1.D7, S1.9: rules stand in every region with us-east-1 among
// them, see sign-in, get reads where a rule wants them, and keep what fails.
func TestForwarders(t *testing.T) {
	p := mustMake(t, topology.Slack, nil)
	s := p.Stack("trailwarden-forward")
	if s.Reach != plan.Every || s.Account != plan.Members || !slices.Contains(p.Regions, "us-east-1") || len(p.Regions) < 15 {
		t.Errorf("rules stand in %v of %s", p.Regions, s.Account)
	}
	states := map[plan.Value]int{}
	for _, r := range s.Resources {
		if r.Type != "AWS::Events::Rule" {
			continue
		}
		states[r.Properties.Get("State")]++
		pattern, _ := r.Properties.Get("EventPattern").(plan.Map)
		types, _ := pattern.Get("detail-type").(plan.List)
		if !slices.Contains(types, plan.Value(plan.Text("AWS Console Sign In via CloudTrail"))) {
			t.Errorf("%s does not see sign-in", r.ID)
		}
		target, _ := r.Properties.Get("Targets").(plan.List)[0].(plan.Map)
		if target.Get("DeadLetterConfig") == nil || target.Get("RetryPolicy") == nil || target.Get("RoleArn") == nil {
			t.Errorf("%s has no dead letters, retries or role", r.ID)
		}
	}
	if states[plan.Text("ENABLED")] == 0 || states[plan.Text("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")] == 0 {
		t.Errorf("states %v", states)
	}
}

// S3.4, S3.5, S3.D1: filters and alarms as the write-up means them.
func TestAlarms(t *testing.T) {
	p := mustMake(t, topology.Alarms, nil)
	f := resource(p, "FilterUnapprovedRegionWrite")
	text, _ := f.Properties.Get("FilterPattern").(plan.Text)
	if !strings.Contains(string(text), `($.awsRegion != "us-east-1" && $.awsRegion != "us-west-2")`) || strings.Contains(string(text), "$.region") {
		t.Errorf("pattern %s", text)
	}
	a := resource(p, "AlarmUnapprovedRegionWrite").Properties
	for key, want := range map[string]plan.Value{"Statistic": plan.Text("Sum"), "Period": plan.Int(300), "Threshold": plan.Int(1), "TreatMissingData": plan.Text("notBreaching"), "ComparisonOperator": plan.Text("GreaterThanOrEqualToThreshold")} {
		if a.Get(key) != want {
			t.Errorf("%s is %v", key, a.Get(key))
		}
	}
	if resource(p, "FollowUp") == nil {
		t.Error("no follow-up says who and what")
	}
}

// S4.4, S4.D3, S4.D9: the table knows every region, and no question scans more
// than its limit.
func TestQuestions(t *testing.T) {
	p := mustMake(t, topology.Athena, nil)
	in, _ := resource(p, "LogTable").Properties.Get("TableInput").(plan.Map)
	parameters, _ := in.Get("Parameters").(plan.Map)
	regions, _ := parameters.Get("projection.region.values").(plan.Text)
	if n := len(strings.Split(string(regions), ",")); n < 30 {
		t.Errorf("%d regions: %s", n, regions)
	}
	group, _ := resource(p, "Workgroup").Properties.Get("WorkGroupConfiguration").(plan.Map)
	if group.Get("BytesScannedCutoffPerQuery") != plan.Value(plan.Int(100<<30)) {
		t.Errorf("limit %v", group.Get("BytesScannedCutoffPerQuery"))
	}
	if got := resource(p, "Schedule").Properties.Get("ScheduleExpression"); got != plan.Value(plan.Text("rate(1 hour)")) {
		t.Errorf("schedule %v", got)
	}
}

// ruleFile writes rules for the configuration to name.
func ruleFile(t *testing.T, text string) func(*config.Config) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(c *config.Config) { c.Rules, c.RuleSettings.Overrides = []string{path}, nil }
}

// However many patterns the rules make, each template of those that forward has
// room in a StackSet, and none of them is left out.
func TestForwardersHaveRoom(t *testing.T) {
	const rules = 400
	var text strings.Builder
	for i := range rules {
		fmt.Fprintf(&text, "---\nid: rule-%d\ntitle: Things of service %d\nmatch:\n  where:\n    eventSource: {equals: service%d.amazonaws.com}\n    eventName: {in: [CreateThing%d, DeleteThing%d]}\n", i, i, i, i, i)
	}
	p := mustMake(t, topology.Slack, ruleFile(t, text.String()))
	files, err := cloudformation.Render(p)
	if err != nil {
		t.Fatal(err)
	}
	forwarded, stacks, names := map[string]int{}, map[string]bool{}, map[plan.Value]bool{}
	for _, s := range p.Stacks {
		for _, r := range s.Resources {
			if !strings.HasPrefix(r.ID, "Forward") || r.Type != "AWS::Events::Rule" || r.ID == "Forwarded" {
				continue
			}
			stacks[s.Name] = true
			if name := r.Properties.Get("Name"); names[name] {
				t.Errorf("two rules are named %v", name)
			} else {
				names[name] = true
			}
			for _, id := range strings.Split(strings.TrimSuffix(strings.TrimPrefix(r.Why, "For "), "."), ", ") {
				forwarded[id]++
			}
		}
	}
	if len(forwarded) != rules || len(stacks) < 2 {
		t.Errorf("%d rules are forwarded in %d stacks, want %d in several", len(forwarded), len(stacks), rules)
	}
	for _, f := range files {
		if strings.Contains(f.Name, "forward") && len(f.Text) > plan.MaxTemplate {
			t.Errorf("%s has %d bytes, and %d are the most", f.Name, len(f.Text), plan.MaxTemplate)
		}
	}
}

// Where no rule wants events from the fast path nothing is forwarded, and nobody
// is let in for it.
func TestNothingIsForwardedForRulesThatRemember(t *testing.T) {
	p := mustMake(t, topology.Recommended, ruleFile(t, "id: many\ntitle: Many refusals\nmatch: {where: {errorCode: {equals: AccessDenied}}}\nthreshold: {count: 5, within: 5m}\n"))
	for _, s := range p.Stacks {
		if strings.Contains(s.Name, "forward") {
			t.Errorf("stack %s has nothing to do", s.Name)
		}
	}
	if !slices.ContainsFunc(p.Notes, func(n string) bool { return strings.HasPrefix(n, "Nothing is forwarded") }) {
		t.Errorf("nobody says so: %q", p.Notes)
	}
}

// A function that runs alone is held back whenever more is to do, and more copies
// are no help: no alarm asks for them. In every watch an alarm says that things
// wait too long.
func TestAlarmsOfAFunctionThatRunsAlone(t *testing.T) {
	for _, name := range topology.Names() {
		p := mustMake(t, name, nil)
		f := resource(p, "Function")
		alone := f.Properties.Get("ReservedConcurrentExecutions") != nil
		if throttles := resource(p, "FunctionThrottles") != nil; throttles == alone {
			t.Errorf("%s: one copy at a time: %v, an alarm that asks for more: %v", name, alone, throttles)
		}
		if resource(p, "QueueAge") == nil && resource(p, "EventsAge") == nil {
			t.Errorf("%s: nobody is told of what waits", name)
		}
	}
}
