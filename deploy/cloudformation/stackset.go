package cloudformation

import (
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// stackSet is a template of a StackSet that puts the stack into every account of
// the organization, also those that join later (AWS CloudFormation User Guide,
// StackSets with service-managed permissions).
func stackSet(p *plan.Plan, s *plan.Stack) []byte {
	regions := []string{p.Home}
	if s.Reach == plan.Every {
		regions = p.Regions
	}
	set := &plan.Resource{ID: "StackSet", Type: "AWS::CloudFormation::StackSet",
		Why: "One instance in each account and region, made by itself where an account joins.",
		Properties: plan.Fields(
			"StackSetName", s.Name,
			"Description", s.Purpose,
			"PermissionModel", "SERVICE_MANAGED",
			"CallAs", plan.Param{Name: "CallAs"},
			"AutoDeployment", plan.Fields("Enabled", true, "RetainStacksOnAccountRemoval", false),
			"Capabilities", plan.Texts("CAPABILITY_NAMED_IAM"),
			"OperationPreferences", plan.Fields("RegionConcurrencyType", "PARALLEL", "MaxConcurrentPercentage", 100, "FailureTolerancePercentage", 50),
			"StackInstancesGroup", plan.List{plan.Fields(
				"DeploymentTargets", plan.Fields("OrganizationalUnitIds", plan.List{plan.Param{Name: "OrganizationalUnits"}}),
				"Regions", plan.Texts(regions...),
			)},
			"TemplateBody", withoutComments(Template(s)),
		)}
	return Template(&plan.Stack{Name: "stackset-" + s.Name, Purpose: "StackSet of " + s.Name + ": " + s.Purpose,
		Parameters: []plan.Parameter{
			{Name: "OrganizationalUnits", Type: "String", Required: true, Pattern: `(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})`, Description: "Root (r-…) or unit (ou-…) whose accounts get the stack."},
			{Name: "CallAs", Type: "String", Default: "SELF", Values: []string{"SELF", "DELEGATED_ADMIN"}, Description: "SELF as the management account, DELEGATED_ADMIN as an account that it delegated StackSets to."},
		},
		Resources: []*plan.Resource{set}})
}

// withoutComments takes whole-line comments out: a template within a template is
// for the machine.
func withoutComments(text []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(strings.TrimSpace(line), "# ") {
			b.WriteString(line)
		}
	}
	return b.String()
}
