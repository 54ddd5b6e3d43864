package topology

import (
	"slices"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// stack is a stack in the making.
type stack struct {
	*plan.Stack
	b *builder
}

func (b *builder) stack(name string, account plan.Account, reach plan.Reach, purpose string) *stack {
	s := &plan.Stack{Name: b.name(name), Purpose: purpose, Account: account, Reach: reach}
	b.plan.Stacks = append(b.plan.Stacks, s)
	return &stack{s, b}
}

// add adds a resource and gives it back for what few have.
func (s *stack) add(id, typ, why string, keysAndValues ...any) *plan.Resource {
	r := &plan.Resource{ID: id, Type: typ, Why: why, Properties: plan.Fields(keysAndValues...)}
	s.Resources = append(s.Resources, r)
	return r
}

// set adds a property.
func set(r *plan.Resource, keysAndValues ...any) {
	r.Properties = append(r.Properties, plan.Fields(keysAndValues...)...)
}

func (s *stack) output(name string, v plan.Value, why string) {
	s.Outputs = append(s.Outputs, plan.Output{Name: name, Value: v, Why: why})
}

// param is a parameter of the stack, which is added with its first use. Its
// default is what the configuration says; where that is nothing, or left open,
// it has none.
func (s *stack) param(p plan.Parameter) plan.Param {
	if !slices.ContainsFunc(s.Parameters, func(q plan.Parameter) bool { return q.Name == p.Name }) {
		if p.Type == "" {
			p.Type = "String"
		}
		s.Parameters = append(s.Parameters, p)
	}
	return plan.Param{Name: p.Name}
}

// own is a parameter of something that belongs to one installation.
func (s *stack) own(name, value, form, why string) plan.Param {
	if s.b.open {
		value = ""
	}
	return s.param(plan.Parameter{Name: name, Default: value, Required: value == "", Pattern: form, Description: why})
}

func (s *stack) bucket() plan.Value {
	return s.own("LogBucketName", s.b.d.Bucket, bucketForm, "Bucket of the log files; names of buckets are unique over all of AWS.")
}

func (s *stack) bucketARN() plan.Join {
	return plan.Concat("arn:", plan.Partition, ":s3:::", s.bucket())
}

func (s *stack) organization() plan.Value {
	return s.own("OrganizationId", s.b.d.Organization, organizationForm, "Id of the organization.")
}

// owner is the account that the trail belongs to.
func (s *stack) owner() plan.Value {
	if !s.b.organized() || s.Account == plan.Management {
		return plan.AccountID
	}
	return s.own("ManagementAccountId", s.b.d.Management, accountForm, "Account that the organization's trail belongs to.")
}

// central is the account that the watch runs in.
func (s *stack) central() plan.Value {
	if s.Account == plan.Central {
		return plan.AccountID
	}
	return s.own("CentralAccountId", s.b.d.Account, accountForm, "Account that the watch runs in.")
}

func (s *stack) trailARN() plan.Join {
	return plan.ARNIn("cloudtrail", s.home(), s.owner(), "trail/"+s.b.d.Trail)
}

// home is the region of what stands in one region. A template for everybody takes
// it from where it is put.
func (s *stack) home() plan.Value {
	switch {
	case !s.b.open:
		return plan.Text(s.b.d.Region)
	case s.Reach == plan.Home && s.Account != plan.Members:
		return plan.Region
	}
	return s.own("HomeRegion", "", `[a-z]{2,5}(-[a-z]{2,12}){1,3}-[0-9]{1,2}`, "Region of the watch.")
}

// ours is the ARN of something in the account and region of the watch.
func (s *stack) ours(service string, resource ...any) plan.Join {
	return plan.ARNIn(service, s.home(), s.central(), resource...)
}

// keyARN is the ARN of the key of the log files by its alias, or of the one that
// is there already.
func (s *stack) keyAlias() plan.Value {
	if s.b.d.Key != "" {
		return s.own("KeyArn", s.b.d.Key, keyForm, "Key that log files are encrypted with.")
	}
	return s.ours("kms", "alias/"+s.b.name("logs"))
}

// step adds a step that makes the stack.
func (s *stack) step(title, text string, after ...string) {
	s.b.plan.Steps = append(s.b.plan.Steps, plan.Step{Title: title, Text: text, Stack: s.Name, Commands: after})
}

func (b *builder) step(title, text string, commands ...string) {
	b.plan.Steps = append(b.plan.Steps, plan.Step{Title: title, Text: text, Commands: commands})
}
