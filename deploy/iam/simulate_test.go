package iam_test

import (
	"maps"
	"testing"

	"github.com/trailwarden/trailwarden/deploy/iam"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/internal/iampolicy"
)

// ARNs of the samples, as they stand in the tests' accounts.
const (
	function  = "arn:aws:lambda:eu-west-1:222222222222:function:trailwarden-watch"
	watchRole = "arn:aws:iam::222222222222:role/trailwarden-watch-eu-west-1"
	bucket    = "arn:aws:s3:::example-trail-logs"
	artifacts = "arn:aws:s3:::trailwarden-artifacts-222222222222-eu-west-1"
	results   = "arn:aws:s3:::trailwarden-results-222222222222-eu-west-1"
	table     = "arn:aws:dynamodb:eu-west-1:222222222222:table/trailwarden-alerts"
	logGroup  = "arn:aws:logs:eu-west-1:222222222222:log-group:/aws/lambda/trailwarden-watch:*"
	key       = "arn:aws:kms:eu-west-1:222222222222:key/00000000-0000-4000-8000-000000000000"
	dead      = "arn:aws:sqs:eu-west-1:222222222222:trailwarden-dead-letters"
	health    = "arn:aws:sns:eu-west-1:222222222222:trailwarden-health"
	alerts    = "arn:aws:sns:eu-west-1:222222222222:trailwarden-alerts"
	schedule  = "arn:aws:events:eu-west-1:222222222222:rule/trailwarden-schedule"
	slack     = "arn:aws:secretsmanager:eu-west-1:222222222222:secret:trailwarden/slack-a1B2c3"
	file      = "/AWSLogs/111111111111/CloudTrail/eu-west-1/2026/03/14/111111111111_CloudTrail_eu-west-1_20260314T0900Z_abc.json.gz"
	orgFile   = "/AWSLogs/o-exampleorgid/333333333333/CloudTrail/eu-west-1/2026/03/14/333333333333_CloudTrail_eu-west-1_20260314T0900Z_abc.json.gz"
)

// call is a request and what should become of it.
type call struct {
	who, action, on string
	context         map[string]string
	ok              bool
}

func may(who, action, on string, context ...string) call {
	return call{who, action, on, with(context...), true}
}

func mayNot(who, action, on string, context ...string) call {
	return call{who, action, on, with(context...), false}
}

// with are condition keys and values in turn; requests come over TLS unless they
// say otherwise.
func with(context ...string) map[string]string {
	m := map[string]string{"aws:SecureTransport": "true"}
	for i := 0; i+1 < len(context); i += 2 {
		m[context[i]] = context[i+1]
	}
	return m
}

// own is the account that a trail of the sample belongs to.
func trailOf(account string) string {
	return "arn:aws:cloudtrail:eu-west-1:" + account + ":trail/trailwarden"
}

const acl = "bucket-owner-full-control"

// everywhere is what holds in every topology.
func everywhere() []call {
	return []call{
		may("lambda.amazonaws.com", "sts:AssumeRole", watchRole, "aws:SourceAccount", central),
		may(watchRole, "logs:CreateLogStream", logGroup), may(watchRole, "logs:PutLogEvents", logGroup),
		may(watchRole, "s3:GetObject", artifacts+"/config/trailwarden.yaml"), may(watchRole, "s3:GetObject", artifacts+"/config/rules/mine.yaml"),
		may(watchRole, "s3:ListBucket", artifacts, "s3:prefix", "config/rules"),
		may(watchRole, "sqs:SendMessage", dead),
		may("cloudwatch.amazonaws.com", "sns:Publish", health, "aws:SourceAccount", central, "aws:SourceArn", "arn:aws:cloudwatch:eu-west-1:222222222222:alarm:trailwarden-silence"),

		mayNot("lambda.amazonaws.com", "sts:AssumeRole", watchRole, "aws:SourceAccount", "999999999999"),
		mayNot("ec2.amazonaws.com", "sts:AssumeRole", watchRole, "aws:SourceAccount", central),
		mayNot(watchRole, "logs:CreateLogGroup", logGroup),
		mayNot(watchRole, "logs:DeleteLogGroup", logGroup),
		mayNot(watchRole, "logs:PutLogEvents", "arn:aws:logs:eu-west-1:222222222222:log-group:/aws/lambda/other:*"),
		mayNot(watchRole, "s3:GetObject", artifacts+"/function.zip"),
		mayNot(watchRole, "s3:PutObject", artifacts+"/config/trailwarden.yaml"),
		mayNot(watchRole, "s3:ListBucket", artifacts, "s3:prefix", ""),
		mayNot(watchRole, "s3:GetObject", artifacts+"/config/trailwarden.yaml", "aws:SecureTransport", "false"),
		mayNot(watchRole, "s3:GetObject", "arn:aws:s3:::other-bucket/AWSLogs/x"),
		mayNot(watchRole, "s3:PutObject", bucket+file), mayNot(watchRole, "s3:DeleteObject", bucket+file), mayNot(watchRole, "s3:PutBucketPolicy", bucket),
		mayNot(watchRole, "cloudtrail:StopLogging", trailOf(central)),
		mayNot(watchRole, "iam:PassRole", watchRole), mayNot(watchRole, "sts:AssumeRole", "arn:aws:iam::333333333333:role/admin"),
		mayNot(watchRole, "kms:ScheduleKeyDeletion", key), mayNot(watchRole, "kms:Decrypt", key),
		mayNot(watchRole, "dynamodb:DeleteTable", table), mayNot(watchRole, "dynamodb:GetItem", table+"-other"),
		mayNot(watchRole, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:222222222222:secret:other-a1B2c3"),
		mayNot(watchRole, "ssm:GetParameter", "arn:aws:ssm:eu-west-1:222222222222:parameter/other"),
		mayNot(watchRole, "sqs:ReceiveMessage", dead), mayNot(watchRole, "sqs:PurgeQueue", dead),
		mayNot(watchRole, "sns:Publish", health), mayNot(watchRole, "ses:SendEmail", "arn:aws:ses:eu-west-1:222222222222:identity/other@example.com"),
		mayNot(watchRole, "lambda:UpdateFunctionCode", function),
		mayNot("cloudwatch.amazonaws.com", "sns:Publish", health, "aws:SourceAccount", "999999999999", "aws:SourceArn", "arn:aws:cloudwatch:eu-west-1:999999999999:alarm:trailwarden-silence"),
		mayNot("cloudwatch.amazonaws.com", "sns:Publish", health, "aws:SourceAccount", central, "aws:SourceArn", "arn:aws:cloudwatch:eu-west-1:222222222222:alarm:other"),
		mayNot("s3.amazonaws.com", "lambda:InvokeFunction", function, "aws:SourceArn", "arn:aws:s3:::other-bucket", "aws:SourceAccount", central),
		mayNot("s3.amazonaws.com", "lambda:InvokeFunction", function, "aws:SourceArn", bucket, "aws:SourceAccount", "999999999999"),
		mayNot("events.amazonaws.com", "lambda:InvokeFunction", function, "aws:SourceArn", "arn:aws:events:eu-west-1:222222222222:rule/other", "aws:SourceAccount", central),
		mayNot("arn:aws:iam::999999999999:role/anybody", "lambda:InvokeFunction", function),
		mayNot("arn:aws:iam::999999999999:role/anybody", "s3:GetObject", bucket+file),
	}
}

// delivery is what the trail of an account needs, and what others must not do.
func delivery(owner string) []call {
	mine := []string{"aws:SourceArn", trailOf(owner), "aws:SourceAccount", owner}
	with := func(more ...string) []string { return append(append([]string{}, mine...), more...) }
	ours, prefix := "/AWSLogs/"+owner+"/CloudTrail/x.json.gz", "arn:aws:cloudtrail:eu-west-1:"
	return []call{
		may("cloudtrail.amazonaws.com", "s3:GetBucketAcl", bucket, mine...),
		may("cloudtrail.amazonaws.com", "s3:PutObject", bucket+ours, with("s3:x-amz-acl", acl)...),
		may("cloudtrail.amazonaws.com", "kms:GenerateDataKey", key, with("kms:EncryptionContext:aws:cloudtrail:arn", trailOf(owner))...),
		may("cloudtrail.amazonaws.com", "kms:DescribeKey", key, mine...),

		mayNot("cloudtrail.amazonaws.com", "s3:PutObject", bucket+ours, mine...),
		mayNot("cloudtrail.amazonaws.com", "s3:PutObject", bucket+"/AWSLogs/999999999999/CloudTrail/x.json.gz", with("s3:x-amz-acl", acl)...),
		mayNot("cloudtrail.amazonaws.com", "s3:PutObject", bucket+ours, "aws:SourceArn", prefix+"999999999999:trail/trailwarden", "s3:x-amz-acl", acl),
		mayNot("cloudtrail.amazonaws.com", "s3:PutObject", bucket+ours, "aws:SourceArn", prefix+owner+":trail/other", "s3:x-amz-acl", acl),
		mayNot("cloudtrail.amazonaws.com", "s3:PutObject", bucket+"/config/trailwarden.yaml", with("s3:x-amz-acl", acl)...),
		mayNot("cloudtrail.amazonaws.com", "s3:DeleteObject", bucket+ours, mine...),
		mayNot("cloudtrail.amazonaws.com", "kms:GenerateDataKey", key, "aws:SourceArn", prefix+"999999999999:trail/x", "kms:EncryptionContext:aws:cloudtrail:arn", trailOf(owner)),
		mayNot("cloudtrail.amazonaws.com", "kms:ScheduleKeyDeletion", key, mine...),
		mayNot("logging.s3.amazonaws.com", "s3:PutObject", bucket+ours, with("s3:x-amz-acl", acl)...),
	}
}

// organized is delivery for the whole organization.
func organized() []call {
	return append(delivery(management),
		may("cloudtrail.amazonaws.com", "s3:PutObject", bucket+orgFile, "aws:SourceArn", trailOf(management), "s3:x-amz-acl", acl),
		mayNot("cloudtrail.amazonaws.com", "s3:PutObject", bucket+orgFile, "aws:SourceArn", trailOf(central), "s3:x-amz-acl", acl),
		mayNot("cloudtrail.amazonaws.com", "s3:PutObject", bucket+"/AWSLogs/o-otherorgaid/x", "aws:SourceArn", trailOf(management), "s3:x-amz-acl", acl))
}

// reading is what the function needs of the log files.
func reading() []call {
	return []call{
		may(watchRole, "s3:GetObject", bucket+file), may(watchRole, "s3:GetObject", bucket+orgFile), may(watchRole, "s3:GetObjectVersion", bucket+file),
		may(watchRole, "kms:Decrypt", key, "kms:ViaService", "s3.eu-west-1.amazonaws.com"),
		mayNot(watchRole, "kms:Decrypt", key, "kms:ViaService", "secretsmanager.eu-west-1.amazonaws.com"),
		mayNot(watchRole, "kms:Encrypt", key, "kms:ViaService", "s3.eu-west-1.amazonaws.com"),
		mayNot(watchRole, "s3:GetObject", bucket+"/elsewhere/x"),
		mayNot(watchRole, "s3:GetObject", bucket+file, "aws:SecureTransport", "false"),
	}
}

// keeping is what the store of alerts needs.
func keeping() []call {
	out := []call{may(watchRole, "dynamodb:Query", table+"/index/list")}
	for _, a := range []string{"GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem", "DescribeTable", "DescribeTimeToLive"} {
		out = append(out, may(watchRole, "dynamodb:"+a, table))
	}
	for _, a := range []string{"CreateTable", "UpdateTable", "Scan", "UpdateTimeToLive", "ExportTableToPointInTime", "PutResourcePolicy"} {
		out = append(out, mayNot(watchRole, "dynamodb:"+a, table))
	}
	return out
}

// clockwork is the schedule.
func clockwork() []call {
	return []call{may("events.amazonaws.com", "lambda:InvokeFunction", function, "aws:SourceArn", schedule, "aws:SourceAccount", central)}
}

// filesInvoke is Amazon S3 that invokes the function.
func filesInvoke() []call {
	return []call{may("s3.amazonaws.com", "lambda:InvokeFunction", function, "aws:SourceArn", bucket, "aws:SourceAccount", central)}
}

// forwarding is what the forwarders do, in every account.
func forwarding() []call {
	bus, role := "arn:aws:events:eu-west-1:222222222222:event-bus/trailwarden-events", "arn:aws:iam::222222222222:role/trailwarden-forward"
	far := "arn:aws:iam::333333333333:role/trailwarden-forward"
	rule := "arn:aws:events:us-east-1:222222222222:rule/trailwarden-forward-01"
	undelivered := "arn:aws:sqs:eu-west-1:222222222222:trailwarden-undelivered"
	return []call{
		may("events.amazonaws.com", "sts:AssumeRole", role, "aws:SourceAccount", central, "aws:SourceArn", rule),
		may(role, "events:PutEvents", bus, "aws:PrincipalOrgID", "o-exampleorgid", "aws:PrincipalArn", role),
		may("events.amazonaws.com", "sqs:SendMessage", undelivered, "aws:SourceArn", "arn:aws:events:eu-west-1:222222222222:rule/trailwarden-forward-01"),

		mayNot("events.amazonaws.com", "sts:AssumeRole", role, "aws:SourceAccount", "999999999999", "aws:SourceArn", rule),
		mayNot("events.amazonaws.com", "sts:AssumeRole", role, "aws:SourceAccount", central, "aws:SourceArn", "arn:aws:events:us-east-1:222222222222:rule/other"),
		mayNot(role, "events:PutEvents", "arn:aws:events:eu-west-1:222222222222:event-bus/default"),
		mayNot(role, "events:PutRule", bus), mayNot(role, "events:PutPermission", bus),
		mayNot(far, "events:PutEvents", bus, "aws:PrincipalOrgID", "o-otherorgaid", "aws:PrincipalArn", far),
		mayNot("arn:aws:iam::333333333333:role/admin", "events:PutEvents", bus, "aws:PrincipalOrgID", "o-exampleorgid", "aws:PrincipalArn", "arn:aws:iam::333333333333:role/admin"),
		mayNot("events.amazonaws.com", "sqs:SendMessage", undelivered, "aws:SourceArn", "arn:aws:events:eu-west-1:222222222222:rule/other"),
		mayNot("sns.amazonaws.com", "sqs:SendMessage", undelivered, "aws:SourceArn", alerts),
	}
}

// asking is what questions to Athena need.
func asking() []call {
	group, catalog := "arn:aws:athena:eu-west-1:222222222222:workgroup/trailwarden-questions", "arn:aws:glue:eu-west-1:222222222222:"
	out := []call{
		may(watchRole, "glue:GetTable", catalog+"table/trailwarden/cloudtrail_logs"), may(watchRole, "glue:GetDatabase", catalog+"database/trailwarden"), may(watchRole, "glue:GetDatabase", catalog+"database/default"), may(watchRole, "glue:GetTable", catalog+"catalog"),
		may(watchRole, "s3:GetBucketLocation", bucket), may(watchRole, "s3:GetBucketLocation", results), may(watchRole, "s3:ListBucket", results), may(watchRole, "s3:ListBucket", bucket, "s3:prefix", "AWSLogs/o-exampleorgid/"),
		may(watchRole, "s3:PutObject", results+"/x.csv"), may(watchRole, "s3:GetObject", results+"/x.csv"), may(watchRole, "s3:AbortMultipartUpload", results+"/x.csv"), may(watchRole, "s3:ListMultipartUploadParts", results+"/x.csv"),
		mayNot(watchRole, "s3:DeleteObject", results+"/x.csv"), mayNot(watchRole, "s3:ListBucket", bucket, "s3:prefix", "elsewhere/"),
		mayNot(watchRole, "athena:StartQueryExecution", "arn:aws:athena:eu-west-1:222222222222:workgroup/primary"),
		mayNot(watchRole, "athena:UpdateWorkGroup", group), mayNot(watchRole, "athena:CreateNamedQuery", group),
		mayNot(watchRole, "glue:UpdateTable", catalog+"table/trailwarden/cloudtrail_logs"), mayNot(watchRole, "glue:DeleteTable", catalog+"table/trailwarden/cloudtrail_logs"), mayNot(watchRole, "glue:GetTable", catalog+"table/other/secrets"),
	}
	for _, a := range []string{"StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution"} {
		out = append(out, may(watchRole, "athena:"+a, group))
	}
	return out
}

// calls are what each topology's parts do, and what is near that.
func calls() map[string][]call {
	secret := []call{may(watchRole, "secretsmanager:GetSecretValue", slack), mayNot(watchRole, "secretsmanager:PutSecretValue", slack), mayNot(watchRole, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:222222222222:secret:trailwarden/slack-admin-a1B2c3")}
	files, queue := "arn:aws:sns:eu-west-1:222222222222:trailwarden-files", "arn:aws:sqs:eu-west-1:222222222222:trailwarden-files"
	forwarded := "arn:aws:events:eu-west-1:222222222222:rule/trailwarden-events/trailwarden-forwarded"
	group := "arn:aws:logs:eu-west-1:222222222222:log-group:trailwarden-trail"
	trailRole := "arn:aws:iam::222222222222:role/trailwarden-trail-log-eu-west-1"
	mail := "arn:aws:ses:eu-west-1:222222222222:identity/alerts@example.com"
	publish := []call{
		may(watchRole, "sns:Publish", alerts), may(watchRole, "kms:GenerateDataKey", key, "kms:ViaService", "sns.eu-west-1.amazonaws.com"), may(watchRole, "kms:Decrypt", key, "kms:ViaService", "sns.eu-west-1.amazonaws.com"),
		mayNot(watchRole, "sns:Subscribe", alerts), mayNot(watchRole, "sns:Publish", alerts+"-other"), mayNot(watchRole, "sns:SetTopicAttributes", alerts),
	}
	return map[string][]call{
		topology.ServiceNow: join(delivery(central), reading(), keeping(), filesInvoke(), []call{
			may(watchRole, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:222222222222:secret:trailwarden/servicenow-a1B2c3"),
			mayNot(watchRole, "sns:Publish", alerts), mayNot(watchRole, "secretsmanager:ListSecrets", "*")}),
		topology.SNS: join(delivery(central), reading(), filesInvoke(), publish, []call{mayNot(watchRole, "dynamodb:GetItem", table)}),
		topology.Slack: join(organized(), keeping(), clockwork(), forwarding(), secret, []call{
			may("events.amazonaws.com", "lambda:InvokeFunction", function, "aws:SourceArn", forwarded, "aws:SourceAccount", central),
			may("events.amazonaws.com", "sqs:SendMessage", dead, "aws:SourceArn", forwarded),
			mayNot("events.amazonaws.com", "sqs:SendMessage", dead, "aws:SourceArn", "arn:aws:events:eu-west-1:222222222222:rule/other"),
			mayNot(watchRole, "s3:GetObject", bucket+file)}),
		topology.Alarms: join(delivery(central), clockwork(), publish, []call{
			may("cloudtrail.amazonaws.com", "sts:AssumeRole", trailRole), // it gives no source
			may(trailRole, "logs:CreateLogStream", group+":log-stream:222222222222_CloudTrail_eu-west-1"), may(trailRole, "logs:PutLogEvents", group+":log-stream:222222222222_CloudTrail_eu-west-1_2"),
			may("logs.amazonaws.com", "lambda:InvokeFunction", function, "aws:SourceArn", group+":*", "aws:SourceAccount", central),
			may("cloudwatch.amazonaws.com", "sns:Publish", alerts, "aws:SourceAccount", central, "aws:SourceArn", "arn:aws:cloudwatch:eu-west-1:222222222222:alarm:trailwarden-rule-root-sign-in"),
			may("cloudwatch.amazonaws.com", "kms:GenerateDataKey", key, "aws:SourceAccount", central),
			mayNot("logs.amazonaws.com", "sts:AssumeRole", trailRole, "aws:SourceAccount", central),
			mayNot(trailRole, "logs:PutLogEvents", group+":log-stream:other"), mayNot(trailRole, "logs:DeleteLogStream", group+":log-stream:222222222222_CloudTrail_eu-west-1"),
			mayNot("logs.amazonaws.com", "lambda:InvokeFunction", function, "aws:SourceArn", "arn:aws:logs:eu-west-1:222222222222:log-group:other:*", "aws:SourceAccount", central),
			mayNot("cloudwatch.amazonaws.com", "kms:GenerateDataKey", key, "aws:SourceAccount", "999999999999"), mayNot(watchRole, "s3:GetObject", bucket+file)}),
		topology.Athena: join(organized(), reading(), keeping(), clockwork(), asking(), secret, []call{
			may(watchRole, "ses:SendRawEmail", mail, "ses:FromAddress", "alerts@example.com"), may(watchRole, "ses:SendEmail", mail, "ses:FromAddress", "alerts@example.com"),
			mayNot(watchRole, "ses:SendEmail", mail, "ses:FromAddress", "ceo@example.com"), mayNot(watchRole, "ses:DeleteEmailIdentity", mail)}),
		topology.Recommended: join(organized(), reading(), keeping(), clockwork(), forwarding(), []call{
			may(watchRole, "secretsmanager:GetSecretValue", slack), may(watchRole, "ssm:GetParameter", "arn:aws:ssm:eu-west-1:222222222222:parameter/trailwarden/pagerduty"),
			may("s3.amazonaws.com", "sns:Publish", files, "aws:SourceArn", bucket, "aws:SourceAccount", central), may("sns.amazonaws.com", "sqs:SendMessage", queue, "aws:SourceArn", files),
			may(watchRole, "sqs:ReceiveMessage", queue), may(watchRole, "sqs:DeleteMessage", queue), may(watchRole, "sqs:GetQueueAttributes", queue), may("events.amazonaws.com", "sqs:SendMessage", queue, "aws:SourceArn", forwarded),
			mayNot("s3.amazonaws.com", "sns:Publish", files, "aws:SourceArn", bucket, "aws:SourceAccount", "999999999999"), mayNot("s3.amazonaws.com", "sns:Publish", files, "aws:SourceArn", "arn:aws:s3:::other", "aws:SourceAccount", central),
			mayNot("sns.amazonaws.com", "sqs:SendMessage", queue, "aws:SourceArn", alerts), mayNot(watchRole, "sqs:SendMessage", queue), mayNot(watchRole, "sqs:PurgeQueue", queue), mayNot(watchRole, "ssm:PutParameter", "arn:aws:ssm:eu-west-1:222222222222:parameter/trailwarden/pagerduty")}),
	}
}

func join(all ...[]call) (out []call) {
	for _, c := range all {
		out = append(out, c...)
	}
	return append(out, everywhere()...)
}

// In every topology each action that its parts make is allowed, and at least
// twenty nearby ones are denied.
func TestNeededIsAllowedAndNearbyDenied(t *testing.T) {
	for name, all := range calls() {
		t.Run(name, func(t *testing.T) {
			w := world(t, sample(t, name))
			denied := 0
			for _, c := range all {
				got := w.Allowed(iampolicy.Request{Principal: c.who, Action: c.action, Resource: c.on, Context: c.context})
				if got != c.ok {
					t.Errorf("%s %s on %s with %v: allowed is %t", c.who, c.action, c.on, c.context, got)
				}
				if !c.ok {
					denied++
				}
			}
			if denied < 20 {
				t.Errorf("only %d nearby calls are denied", denied)
			}
		})
	}
}

func world(t *testing.T, p *plan.Plan) *iam.World {
	t.Helper()
	var places []plan.Place
	for _, s := range p.Stacks {
		places = append(places, place(s))
	}
	w, err := iam.NewWorld(places...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Each allowed statement of a role is there for some call: nothing is permitted
// that nothing needs.
func TestNothingIsPermittedInVain(t *testing.T) {
	for name, all := range calls() {
		t.Run(name, func(t *testing.T) {
			for _, s := range sample(t, name).Stacks {
				for _, r := range s.Resources {
					r.Policies(func(where string, p *plan.Policy) {
						if r.Type == "AWS::IAM::Role" && where == "PolicyDocument" {
							vain(t, place(s), p, all)
						}
					})
				}
			}
		})
	}
}

// vain says which actions of a role's policy no call makes.
func vain(t *testing.T, at plan.Place, p *plan.Policy, all []call) {
	t.Helper()
	made := map[string]bool{}
	for _, c := range all {
		if c.ok {
			made[c.action] = true
		}
	}
	// Athena makes these as the function, beside those that are listed.
	maps.Copy(made, map[string]bool{"glue:GetPartition": true, "glue:GetPartitions": true, "s3:ListBucketMultipartUploads": true})
	for _, s := range p.Statements {
		for _, a := range s.Actions {
			if !made[a] {
				t.Errorf("stack %s: statement %s permits %s, which nothing needs", at.Stack.Name, s.Sid, a)
			}
		}
	}
}
