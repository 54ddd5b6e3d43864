package topology

import (
	"github.com/trailwarden/trailwarden/deploy/plan"
)

// trail makes the trail: in this stack for one account, in the management
// account's for an organization. It records every region, also those that are
// enabled later, and with them global services exactly once.
func (b *builder) trail(watch *stack, more ...any) error {
	if b.reuses("trail") {
		b.step("Look at the trail that is there", "It has to record every region, management events read and write, with validation of log files.",
			"aws cloudtrail describe-trails --region "+b.d.Region+" --trail-name-list "+b.d.Trail, "aws cloudtrail get-event-selectors --region "+b.d.Region+" --trail-name "+b.d.Trail)
		return nil
	}
	b.costs("The first copy of management events is free with CloudTrail; a second trail costs 2 USD for 100,000 events. Data events (0.10 USD for 100,000) and Insights are off: with busy buckets they may cost more than all else.")
	if !b.organized() {
		r := watch.trailResource(more...)
		if !b.reuses("bucket") {
			r.DependsOn = []string{"LogBucketPolicy"}
		}
		return nil
	}
	if b.d.Account == "" && !b.open {
		return need("account", "the trail is made in the management account and delivers to a bucket of this one")
	}
	if b.d.Management == "" && !b.open {
		return need("management_account", "the bucket lets in the trail of that account only")
	}
	s := b.stack("trail", plan.Management, plan.Home, "The organization's trail: every account, every region, into the one bucket.")
	s.trailResource(more...)
	b.step("Let CloudTrail know the organization", "Once, with credentials of the management account. The trail of a delegated administrator belongs to the management account as well.",
		"aws organizations enable-aws-service-access --service-principal cloudtrail.amazonaws.com")
	s.step("Make the organization's trail", "The bucket has to be there first: CloudTrail tries to write to it.")
	return nil
}

func (s *stack) trailResource(more ...any) *plan.Resource {
	r := s.add("Trail", "AWS::CloudTrail::Trail", "Records what happens, in every region, and signs it.",
		"TrailName", s.b.d.Trail,
		"S3BucketName", s.bucket(),
		"IsLogging", true,
		"IsMultiRegionTrail", true,
		"IncludeGlobalServiceEvents", true,
		"EnableLogFileValidation", true,
		"IsOrganizationTrail", s.b.organized(),
		"AdvancedEventSelectors", plan.List{plan.Fields("Name", "Management events, read and write",
			"FieldSelectors", plan.List{plan.Fields("Field", "eventCategory", "Equals", []string{"Management"})})})
	if p := s.b.prefix(); p != "" {
		set(r, "S3KeyPrefix", p[:len(p)-1])
	}
	switch {
	case s.b.reuses("bucket") && s.b.d.Key == "":
	case s.b.d.Key != "" || s.b.organized() && s.b.d.Encryption == "kms":
		set(r, "KMSKeyId", s.keyAlias())
	case s.b.d.Encryption == "kms":
		set(r, "KMSKeyId", plan.Attr{ID: "LogKey", Name: "Arn"})
	}
	set(r, more...)
	s.output("TrailArn", s.trailARN(), "The trail.")
	return r
}
