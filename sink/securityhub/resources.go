package securityhub

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/page"
)

// resources are the targets, the identity that acted, and the account, which
// is always there because a finding needs one.
func (h *hub) resources(m *message.Message, caller string) []types.Resource {
	region := regionOf(m.Where.Region, h.region)
	var out []types.Resource
	seen := map[string]bool{}
	add := func(kind, id, role string) {
		id = sink.ASFFID.Cut(line(id))
		if id == "" || seen[id] || len(out) == sink.ASFFResources.Max() {
			return
		}
		seen[id] = true
		r := types.Resource{Type: &kind, Id: &id, Partition: partition(region), Region: &region}
		if role != "" {
			r.ResourceRole = &role
		}
		out = append(out, r)
	}
	for i, r := range m.What.Resources {
		if i < sink.ASFFResources.Max()-2 {
			add(typeOf(r), r, "Target")
		}
	}
	if m.Who.ARN != "" {
		add(typeOf(m.Who.ARN), m.Who.ARN, "Actor")
	}
	account := caller
	if isAccount.MatchString(m.Where.Account) {
		account = m.Where.Account
	}
	add("AwsAccount", "AWS::::Account:"+account, "")
	return out
}

var isRegion = re2.Own(`^[a-z0-9-]{1,16}$`)

func regionOf(recorded, own string) string {
	if isRegion.MatchString(recorded) {
		return recorded
	}
	return own
}

// typeOf is the ASFF type of an ARN; Other for what is not in the table.
func typeOf(r string) string {
	a, err := arn.Parse(r)
	if err != nil {
		return "Other"
	}
	kind, _, _ := strings.Cut(strings.ReplaceAll(a.Resource, ":", "/"), "/")
	if t, ok := resourceTypes()[a.Service+"/"+kind]; ok {
		return t
	}
	if t, ok := resourceTypes()[a.Service]; ok {
		return t
	}
	return "Other"
}

// resourceTypes are resource types by service and kind of resource ("Resources ASFF
// object" of the user guide).
func resourceTypes() map[string]string {
	return map[string]string{
		"s3": "AwsS3Bucket", "iam/user": "AwsIamUser", "iam/role": "AwsIamRole", "iam/policy": "AwsIamPolicy",
		"iam/group": "AwsIamGroup", "ec2/instance": "AwsEc2Instance", "ec2/security-group": "AwsEc2SecurityGroup",
		"ec2/vpc": "AwsEc2Vpc", "ec2/volume": "AwsEc2Volume", "ec2/subnet": "AwsEc2Subnet",
		"lambda/function": "AwsLambdaFunction", "rds/db": "AwsRdsDbInstance", "rds/cluster": "AwsRdsDbCluster",
		"kms/key": "AwsKmsKey", "sns": "AwsSnsTopic", "sqs": "AwsSqsQueue", "dynamodb/table": "AwsDynamoDbTable",
		"cloudtrail/trail": "AwsCloudTrailTrail", "secretsmanager/secret": "AwsSecretsManagerSecret",
		"eks/cluster": "AwsEksCluster", "ecs/cluster": "AwsEcsCluster", "ecr/repository": "AwsEcrRepository",
		"cloudformation/stack": "AwsCloudFormationStack", "guardduty/detector": "AwsGuardDutyDetector",
	}
}

// productFields say what the format has no place for. Security Hub takes 50.
func productFields(m *message.Message) map[string]string {
	out := map[string]string{}
	add := func(name, value string) {
		name = sink.ASFFProductKey.Cut("trailwarden/" + strings.ReplaceAll(line(name), " ", "_"))
		value = sink.ASFFProductValue.Cut(line(value))
		if _, taken := out[name]; value != "" && !taken && len(out) < sink.ASFFProductFields.Max() {
			out[name] = value
		}
	}
	if link := m.Links; len(link) > 0 && page.Web(link[0].URL) && len(link[0].URL) <= sink.ASFFProductValue.Max() {
		out["trailwarden/link"] = link[0].URL
	}
	add("key", m.Key)
	add("kind", string(m.Kind))
	add("status", string(m.Status))
	add("sequence", strconv.FormatInt(m.Sequence, 10))
	add("count", strconv.FormatInt(m.Count, 10))
	add("rule", m.Rule.ID)
	add("ruleTitle", m.Rule.Title)
	add("ruleVersion", m.Rule.Version)
	for i, t := range m.Rule.Attack {
		add(fmt.Sprintf("attack/%d", i), t.ID+" "+t.Name)
	}
	who(m, add)
	for i, e := range m.Events {
		add(fmt.Sprintf("event/%d", i), strings.TrimSpace(fmt.Sprintf("%s %s %s", page.When(e.Time), e.Action, eventID(e))))
	}
	for _, l := range m.Group {
		add("group/"+l.Name, l.Value)
	}
	for _, l := range append(m.Facts[:len(m.Facts):len(m.Facts)], m.What.Parameters...) {
		add("parameter/"+l.Name, l.Value)
	}
	return out
}

func eventID(e message.Event) string {
	if e.ID != "" {
		return e.ID
	}
	return e.Evidence.EventID
}

func who(m *message.Message, add func(name, value string)) {
	add("actor", m.Who.Name)
	add("actorType", m.Who.Type)
	add("session", m.Who.Session)
	add("accessKey", m.Who.AccessKey)
	add("mfa", m.Who.MFA)
	add("account", m.Where.Account)
	add("accountName", m.Where.AccountName)
	add("region", m.Where.Region)
	add("sourceIPAddress", m.From.IP)
	add("userAgent", m.From.UserAgent)
	add("errorCode", m.What.ErrorCode)
	add("errorMessage", m.What.Error)
}
