package packs_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
	"github.com/trailwarden/trailwarden/rule/lint"
)

// cis is the pack of the CIS AWS Foundations Benchmark.
func cis(t *testing.T) *rule.Set {
	t.Helper()
	pack, ok := packs.Named("cis")
	if !ok {
		t.Fatal("there is no pack cis")
	}
	set, list := pack.Rules(rule.Options{})
	for _, d := range list {
		t.Error(d)
	}
	return set
}

// published are the patterns as the Security Hub User Guide prints them ("Security
// Hub CSPM controls for Amazon CloudWatch"), by the number of the control, and as
// the benchmark prints those that Security Hub has no control for.
func published() map[string]string {
	return map[string]string{
		"CloudWatch.1":  `{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}`,
		"CloudWatch.2":  `{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}`,
		"CloudWatch.3":  `{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }`,
		"CloudWatch.4":  `{($.eventName=DeleteGroupPolicy) || ($.eventName=DeleteRolePolicy) || ($.eventName=DeleteUserPolicy) || ($.eventName=PutGroupPolicy) || ($.eventName=PutRolePolicy) || ($.eventName=PutUserPolicy) || ($.eventName=CreatePolicy) || ($.eventName=DeletePolicy) || ($.eventName=CreatePolicyVersion) || ($.eventName=DeletePolicyVersion) || ($.eventName=AttachRolePolicy) || ($.eventName=DetachRolePolicy) || ($.eventName=AttachUserPolicy) || ($.eventName=DetachUserPolicy) || ($.eventName=AttachGroupPolicy) || ($.eventName=DetachGroupPolicy)}`,
		"CloudWatch.5":  `{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) || ($.eventName=StartLogging) || ($.eventName=StopLogging)}`,
		"CloudWatch.6":  `{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}`,
		"CloudWatch.7":  `{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}`,
		"CloudWatch.8":  `{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy) || ($.eventName=PutBucketCors) || ($.eventName=PutBucketLifecycle) || ($.eventName=PutBucketReplication) || ($.eventName=DeleteBucketPolicy) || ($.eventName=DeleteBucketCors) || ($.eventName=DeleteBucketLifecycle) || ($.eventName=DeleteBucketReplication))}`,
		"CloudWatch.9":  `{($.eventSource=config.amazonaws.com) && (($.eventName=StopConfigurationRecorder) || ($.eventName=DeleteDeliveryChannel) || ($.eventName=PutDeliveryChannel) || ($.eventName=PutConfigurationRecorder))}`,
		"CloudWatch.10": `{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) || ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) || ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup)}`,
		"CloudWatch.11": `{($.eventName=CreateNetworkAcl) || ($.eventName=CreateNetworkAclEntry) || ($.eventName=DeleteNetworkAcl) || ($.eventName=DeleteNetworkAclEntry) || ($.eventName=ReplaceNetworkAclEntry) || ($.eventName=ReplaceNetworkAclAssociation)}`,
		"CloudWatch.12": `{($.eventName=CreateCustomerGateway) || ($.eventName=DeleteCustomerGateway) || ($.eventName=AttachInternetGateway) || ($.eventName=CreateInternetGateway) || ($.eventName=DeleteInternetGateway) || ($.eventName=DetachInternetGateway)}`,
		"CloudWatch.13": `{($.eventName=CreateRoute) || ($.eventName=CreateRouteTable) || ($.eventName=ReplaceRoute) || ($.eventName=ReplaceRouteTableAssociation) || ($.eventName=DeleteRouteTable) || ($.eventName=DeleteRoute) || ($.eventName=DisassociateRouteTable)}`,
		"CloudWatch.14": `{($.eventName=CreateVpc) || ($.eventName=DeleteVpc) || ($.eventName=ModifyVpcAttribute) || ($.eventName=AcceptVpcPeeringConnection) || ($.eventName=CreateVpcPeeringConnection) || ($.eventName=DeleteVpcPeeringConnection) || ($.eventName=RejectVpcPeeringConnection) || ($.eventName=AttachClassicLinkVpc) || ($.eventName=DetachClassicLinkVpc) || ($.eventName=DisableVpcClassicLink) || ($.eventName=EnableVpcClassicLink)}`,

		"5.0/4.1":  `{ ($.errorCode ="*UnauthorizedOperation") || ($.errorCode ="AccessDenied*") && ($.sourceIPAddress!="delivery.logs.amazonaws.com") && ($.eventName!="HeadBucket") }`,
		"5.0/4.15": `{ ($.eventSource = organizations.amazonaws.com) && (($.eventName = "AcceptHandshake") || ($.eventName = "AttachPolicy") || ($.eventName = "CreateAccount") || ($.eventName = "CreateOrganizationalUnit") || ($.eventName= "CreatePolicy") || ($.eventName = "DeclineHandshake") || ($.eventName = "DeleteOrganization") || ($.eventName = "DeleteOrganizationalUnit") || ($.eventName = "DeletePolicy") || ($.eventName = "DetachPolicy") || ($.eventName = "DisablePolicyType") || ($.eventName = "EnablePolicyType") || ($.eventName = "InviteAccountToOrganization") || ($.eventName = "LeaveOrganization") || ($.eventName = "MoveAccount") || ($.eventName = "RemoveAccountFromOrganization") || ($.eventName = "UpdatePolicy") || ($.eventName ="UpdateOrganizationalUnit")) }`,
	}
}

// Auditors compare texts: each pattern is the published one byte for byte, and
// CloudWatch Logs takes it.
func TestBenchmarkPatternsAreThePublishedOnes(t *testing.T) {
	want := published()
	for _, r := range cis(t).Rules {
		pattern, ok := r.Source.(*filterpattern.Pattern)
		if !ok {
			t.Errorf("%s is no filter pattern", r.ID)
			continue
		}
		control := "5.0/" + strings.TrimSuffix(r.Title[strings.LastIndex(r.Title, " ")+1:], ")")
		for _, tag := range r.Tags {
			if number, ok := strings.CutPrefix(tag, "securityhub."); ok {
				control = number
			}
		}
		if text := pattern.Text(); text != want[control] || len(text) > 1024 {
			t.Errorf("%s, %s: %d characters\ngot  %s\nwant %s", r.ID, control, len(text), text, want[control])
		}
		delete(want, control)
	}
	for control := range want {
		t.Errorf("no rule is for %s", control)
	}
}

// Every alarm of the benchmark's monitoring section is there, in every version
// that it says: 4.16 is about Security Hub being on, and no alarm.
func TestEveryAlarmOfTheBenchmarkIsThere(t *testing.T) {
	answered := map[string]int{}
	for _, r := range cis(t).Rules {
		for _, tag := range r.Tags {
			if control, ok := strings.CutPrefix(tag, "cis."); ok {
				answered[control]++
			}
		}
	}
	section := func(version string, section, first, last int) {
		for n := first; n <= last; n++ {
			control := fmt.Sprintf("%s/%d.%d", version, section, n)
			if answered[control] != 1 {
				t.Errorf("%s is answered by %d rules", control, answered[control])
			}
		}
	}
	section("1.2", 3, 1, 14)
	section("1.4", 4, 2, 15) // its 4.1 joins two != by ||, which is true of every record
	for _, version := range []string{"3.0", "4.0", "5.0"} {
		section(version, 4, 1, 15)
	}
}

// What the linter says of a benchmark's text, the rule answers by name, and
// names nothing that the linter does not say.
func TestRulesAnswerTheLinter(t *testing.T) {
	rules := cis(t).Rules
	said := map[string][]string{}
	for _, d := range lint.Rules(rules, catalog.Default(), func(string) []byte { return nil }) {
		if d.Severity == diagnostic.Error {
			t.Error(d)
		}
		said[d.Rule] = append(said[d.Rule], d.Code)
	}
	code := regexp.MustCompile(`\bFPW[0-9]+\b`)
	total := 0
	for _, r := range rules {
		want := said[r.ID]
		slices.Sort(want)
		got := code.FindAllString(r.Description, -1)
		slices.Sort(got)
		if total += len(want); !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("%s: the linter says %v, and the rule answers %v", r.ID, want, got)
		}
	}
	if total == 0 {
		t.Error("the linter says nothing of any text")
	}
}

// A rule of the starter pack that a benchmark's rule names is there.
func TestNamedStarterRulesExist(t *testing.T) {
	known := map[string]bool{}
	for _, r := range slices.Concat(starter(t, rule.Options{}).Rules, cis(t).Rules) {
		known[r.ID] = true
	}
	id := regexp.MustCompile(`\b[a-z0-9]+(?:-[a-z0-9]+)+\b`)
	words := map[string]bool{"egress-only": true, "sign-in": true, "sign-ins": true, "sign-on": true, "us-east-1": true}
	named := 0
	for _, r := range cis(t).Rules {
		for _, word := range id.FindAllString(r.Description, -1) {
			if named++; !known[word] && !words[word] {
				t.Errorf("%s names %s, which is no rule", r.ID, word)
			}
		}
	}
	if named < 16 {
		t.Errorf("only %d rules are named", named)
	}
}
