package plan_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// small is a valid plan: a queue that a rule may send to.
func small() *plan.Plan {
	send := &plan.Policy{Statements: []plan.Statement{{Sid: "RuleSends", Principals: []plan.Principal{plan.Service("events")}, Actions: []string{"sqs:SendMessage"},
		Resources: []plan.Value{plan.Attr{ID: "Queue", Name: "Arn"}}, Conditions: []plan.Condition{plan.Equals("aws:SourceArn", plan.ARN("events", "rule/", plan.Param{Name: "Rule"}))}, Why: "The rule sends."}}}
	s := &plan.Stack{Name: "stack", Purpose: "For tests.", Account: plan.Central, Reach: plan.Home,
		Parameters: []plan.Parameter{{Name: "Rule", Type: "String", Default: "some", Pattern: "[a-z]+", Description: "A rule."}},
		Resources: []*plan.Resource{
			{ID: "QueuePolicy", Type: "AWS::SQS::QueuePolicy", Why: "Lets the rule in.", Properties: plan.Fields("Queues", plan.List{plan.Ref{ID: "Queue"}}, "PolicyDocument", send)},
			{ID: "Queue", Type: "AWS::SQS::Queue", Why: "Keeps.", Properties: plan.Fields("QueueName", "q")},
		}}
	return &plan.Plan{Topology: "small", Title: "Small", Home: "eu-west-1", Regions: []string{"eu-west-1"}, Stacks: []*plan.Stack{s}, Steps: []plan.Step{{Title: "Make it", Stack: "stack"}}}
}

// Validate finds what breaks each of the promises.
func TestBrokenPlansAreFound(t *testing.T) {
	statement := func(p *plan.Plan) *plan.Statement {
		policy, _ := p.Stacks[0].Resources[0].Properties.Get("PolicyDocument").(*plan.Policy)
		return &policy.Statements[0]
	}
	for _, c := range []struct {
		name, want string
		change     func(*plan.Plan)
	}{
		{"a reference to nothing", `"Nobody"`, func(p *plan.Plan) { p.Stacks[0].Resources[1].DependsOn = []string{"Nobody"} }},
		{"a parameter that there is not", `"Other"`, func(p *plan.Plan) {
			p.Stacks[0].Resources[1].Properties = plan.Fields("QueueName", plan.Param{Name: "Other"})
		}},
		{"a parameter that nothing uses", "nothing uses it", func(p *plan.Plan) { statement(p).Conditions[0].Values = []plan.Value{plan.Text("x")} }},
		{"a default of another form", "does not match", func(p *plan.Plan) { p.Stacks[0].Parameters[0].Default = "9" }},
		{"an ID twice", "or another's", func(p *plan.Plan) { p.Stacks[0].Resources[0].ID = "Queue" }},
		{"a wildcard action", "has a wildcard", func(p *plan.Plan) { statement(p).Actions = []string{"sqs:*"} }},
		{"a confused deputy", "whoever it acts for", func(p *plan.Plan) {
			statement(p).Conditions = []plan.Condition{plan.Equals("aws:PrincipalTag/x", plan.Param{Name: "Rule"})}
		}},
		{"everybody", "everybody is allowed", func(p *plan.Plan) { statement(p).Principals = []plan.Principal{plan.Everybody()} }},
		{"a statement without a reason", "lacks a reason", func(p *plan.Plan) { statement(p).Why = "" }},
		{"a statement about nothing", "names no resource", func(p *plan.Plan) { statement(p).Resources = nil }},
		{"things that need each other", "need each other", func(p *plan.Plan) { p.Stacks[0].Resources[1].DependsOn = []string{"QueuePolicy"} }},
		{"a stack that no step makes", "no step makes it", func(p *plan.Plan) { p.Steps = nil }},
		{"a step for no stack", "there is no stack", func(p *plan.Plan) { p.Steps[0].Stack = "other" }},
		{"a key twice", "is there twice", func(p *plan.Plan) {
			p.Stacks[0].Resources[1].Properties = plan.Fields("QueueName", "a", "QueueName", "b")
		}},
		{"a value of no kind", "has no value", func(p *plan.Plan) { p.Stacks[0].Resources[1].Properties = plan.Fields("QueueName", 1.5) }},
		{"a permission without its source", "no SourceArn", func(p *plan.Plan) {
			p.Stacks[0].Resources[1] = &plan.Resource{ID: "Queue", Type: "AWS::Lambda::Permission", Why: "x", Properties: plan.Fields("Principal", "s3.amazonaws.com")}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := small()
			if err := p.Validate(); err != nil {
				t.Fatalf("before: %v", err)
			}
			c.change(p)
			if err := p.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("after: %v, want %q", err, c.want)
			}
		})
	}
}

// Resources come after those they need.
func TestOrder(t *testing.T) {
	var ids []string
	for _, r := range small().Stacks[0].Ordered() {
		ids = append(ids, r.ID)
	}
	if got := strings.Join(ids, " "); got != "Queue QueuePolicy" {
		t.Errorf("order %s", got)
	}
}

// A place fills everything in: names, ARNs, parameters and pseudo parameters.
func TestPlaceFillsIn(t *testing.T) {
	s := small().Stacks[0]
	at := plan.Place{Stack: s, Account: "222222222222", Region: "eu-west-1", Partition: "aws"}
	for _, c := range []struct {
		v    plan.Value
		want string
	}{
		{plan.Ref{ID: "Queue"}, "https://sqs.eu-west-1.amazonaws.com/222222222222/q"},
		{plan.Attr{ID: "Queue", Name: "Arn"}, "arn:aws:sqs:eu-west-1:222222222222:q"},
		{plan.Concat("a-", plan.AccountID, "-", plan.Param{Name: "Rule"}), "a-222222222222-some"},
		{plan.ARNIn("iam", plan.Text(""), plan.AccountID, "role/x"), "arn:aws:iam::222222222222:role/x"},
	} {
		if got, err := at.Text(c.v); err != nil || got != c.want {
			t.Errorf("%#v is %q, %v; want %q", c.v, got, err, c.want)
		}
	}
	if _, err := at.Text(plan.Ref{ID: "QueuePolicy"}); err == nil {
		t.Error("what has no name was named")
	}
}

// Explain and the page say every reason.
func TestReasonsAreSaid(t *testing.T) {
	var b bytes.Buffer
	if err := plan.Explain(&b, small()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Lets the rule in.", "The rule sends.", "RuleSends allows events.amazonaws.com sqs:SendMessage", "if aws:SourceArn is arn:<Partition>:events:<Region>:<AccountId>:rule/<Rule>"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}
