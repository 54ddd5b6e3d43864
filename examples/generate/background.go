package main

import (
	"fmt"
	"time"
)

// habit is a call that somebody makes again and again.
type habit struct {
	who   actor
	calls []call
	times int
	from  int // hours of the day
	until int
}

// background is an ordinary day: services at work, a pipeline, a monitor,
// administrators who look and sometimes change things.
func (d *day) background() {
	for _, h := range habits() {
		span := time.Duration(h.until-h.from) * time.Hour
		for range h.times {
			at := time.Duration(h.from)*time.Hour + time.Duration(d.rand.Int64N(int64(span/time.Second)))*time.Second
			d.add(at, h.who, h.calls[d.rand.IntN(len(h.calls))])
		}
	}
	d.signIns()
}

func habits() []habit {
	pipeline := iamUser(production, "ci-deploy", "AKIAIOSFODNN7EXAMPLE", "192.0.2.10", cliAgent)
	return []habit{
		{service(production, "ec2"), []call{assumed("ec2", "app-server", home), assumed("ec2", "app-server", second)}, 44, 0, 24},
		{service(production, "lambda"), []call{assumed("lambda", "image-resize", home), assumed("lambda", "report-builder", second)}, 36, 0, 24},
		{service(development, "lambda"), []call{assumed("lambda", "nightly-tests", home)}, 14, 0, 24},
		{service(audit, "config"), []call{assumed("config", "AWSServiceRoleForConfig", home)}, 10, 0, 24},
		{session(production, "app-server", "i-0a1b2c3d4e5f60718", "10.20.1.15", "aws-sdk-java/2.30.31"), appCalls(), 64, 0, 24},
		{session(production, "monitoring", "collector", "192.0.2.40", "Botocore/1.37.9"), watchCalls(), 52, 0, 24},
		{session(development, "monitoring", "collector", "192.0.2.40", "Botocore/1.37.9"), watchCalls(), 20, 0, 24},
		{pipeline, deployCalls(), 26, 8, 18},
		{session(development, "terraform", "plan-4711", "192.0.2.10", terraformAgent), planCalls(), 34, 9, 17},
		{employee(development, "Developer", "dana@example.com", "2001:db8:20::15"), devCalls(), 18, 9, 18},
		{employee(management, "Billing", "fin@example.com", "192.0.2.77"), billCalls(), 10, 10, 16},
	}
}

// assumed is a service taking its role.
func assumed(service, role, region string) call {
	return call{service: "sts", name: "AssumeRole", region: region, read: true, params: fields{
		"roleArn":         "arn:aws:iam::" + production + ":role/" + role,
		"roleSessionName": service + "-" + role, "durationSeconds": 3600,
	}, result: fields{"credentials": fields{
		"accessKeyId": "ASIA" + pad(role), "expiration": "Mar 14, 2026, 11:59:59 PM",
		"sessionToken": "IQoJb3JpZ2luEXAMPLE",
	}}}
}

func appCalls() []call {
	const bucket = "example-prod-customer-exports"
	return []call{
		{service: "s3", name: "GetObject", region: home, read: true, data: true, bucket: bucket, params: fields{"bucketName": bucket, "key": "daily/2026-03-13.csv"}},
		{service: "s3", name: "PutObject", region: home, data: true, bucket: bucket, params: fields{"bucketName": bucket, "key": "daily/2026-03-14.csv"}},
		{service: "kms", name: "Decrypt", region: home, read: true, params: fields{"encryptionAlgorithm": "SYMMETRIC_DEFAULT", "keyId": "arn:aws:kms:us-east-1:" + production + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"}},
		{service: "secretsmanager", name: "GetSecretValue", region: second, read: true, params: fields{"secretId": "prod/app/database"}},
		{service: "dynamodb", name: "DescribeTable", region: second, read: true, params: fields{"tableName": "orders"}},
	}
}

func watchCalls() []call {
	return []call{
		{service: "ec2", name: "DescribeInstances", region: home, read: true, params: fields{"instancesSet": fields{}, "filterSet": fields{}}},
		{service: "ec2", name: "DescribeInstanceStatus", region: second, read: true, params: fields{"includeAllInstances": true}},
		{service: "rds", name: "DescribeDBInstances", region: home, read: true},
		{service: "monitoring", name: "DescribeAlarms", region: home, read: true, params: fields{"maxRecords": 100}},
		{service: "elasticloadbalancing", name: "DescribeTargetHealth", region: second, read: true},
	}
}

func deployCalls() []call {
	return []call{
		{service: "ecr", name: "GetAuthorizationToken", region: home, read: true},
		{service: "lambda", name: "UpdateFunctionCode20150331v2", region: home, params: fields{"functionName": "image-resize", "publish": true, "dryRun": false}},
		{service: "lambda", name: "GetFunction20150331v2", region: home, read: true, params: fields{"functionName": "image-resize"}},
		{service: "ecs", name: "RegisterTaskDefinition", region: home, params: fields{"family": "shop", "networkMode": "awsvpc"}},
		{service: "ecs", name: "UpdateService", region: home, params: fields{"cluster": "prod", "service": "shop", "desiredCount": 4}},
	}
}

func planCalls() []call {
	return []call{
		{service: "iam", name: "GetRole", region: home, read: true, params: fields{"roleName": "app-server"}},
		{service: "iam", name: "ListAttachedRolePolicies", region: home, read: true, params: fields{"roleName": "app-server"}},
		{service: "s3", name: "GetBucketVersioning", region: home, read: true, params: fields{"bucketName": "example-dev-state"}},
		{service: "ec2", name: "DescribeVpcs", region: second, read: true},
		{service: "ec2", name: "CreateTags", region: second, params: fields{"resourcesSet": fields{"items": []fields{{"resourceId": "i-0f9e8d7c6b5a43210"}}}}},
	}
}

func devCalls() []call {
	return []call{
		{service: "logs", name: "DescribeLogGroups", region: home, read: true},
		{service: "logs", name: "StartQuery", region: home, read: true, params: fields{"logGroupName": "/aws/lambda/nightly-tests"}},
		{service: "lambda", name: "ListFunctions20150331", region: home, read: true},
		{service: "cloudformation", name: "DescribeStacks", region: second, read: true},
		{service: "ssm", name: "PutParameter", region: second, params: fields{"name": "/dev/feature/dark-mode", "type": "String", "overwrite": true}},
	}
}

func billCalls() []call {
	return []call{
		{service: "ce", name: "GetCostAndUsage", region: home, read: true},
		{service: "organizations", name: "ListAccounts", region: home, read: true},
		{service: "budgets", name: "ViewBudget", region: home, read: true},
	}
}

// signIns are people arriving through Identity Center, whose provider asked for
// the second factor, and one who mistyped a password.
func (d *day) signIns() {
	for i, p := range []actor{
		employee(development, "Developer", "dana@example.com", "2001:db8:20::15"),
		employee(management, "Billing", "fin@example.com", "192.0.2.77"),
		employee(audit, "SecurityAudit", "sam@example.com", "192.0.2.91"),
	} {
		d.signIn(clock(8, 40+7*i, 12), p, "Success", "No")
	}
	operator := iamUser(production, "olga", "", "192.0.2.60", browserAgent)
	d.signIn(clock(7, 58, 30), operator, "Failure", "Yes")
	d.signIn(clock(7, 58, 51), operator, "Success", "Yes")
}

func (d *day) signIn(at time.Duration, who actor, outcome, mfa string) {
	r := d.add(at, who, call{service: "signin", name: "ConsoleLogin", region: home})
	r.EventType, r.RequestID = "AwsConsoleSignIn", ""
	r.ResponseElements = fields{"ConsoleLogin": outcome}
	r.AdditionalEventData = fields{
		"LoginTo":       fmt.Sprintf("https://console.aws.amazon.com/console/home?region=%s", home),
		"MobileVersion": "No", "MFAUsed": mfa,
	}
	if outcome == "Failure" {
		r.ErrorMessage = "Failed authentication"
	}
}
