package main

import "strings"

// The intruder's addresses.
const (
	hideout = "198.51.100.77"
	relay   = "203.0.113.200"
)

// incident is what the pipeline's leaked key is used for in one night: a look
// around, a user of the intruder's own, the guards switched off, machines in a
// region where nobody looks, a bucket opened and emptied, a key condemned, a
// step into the next account; and in the morning somebody notices.
func (d *day) incident() {
	leaked := iamUser(production, "ci-deploy", "AKIAIOSFODNN7EXAMPLE", hideout, intruderAgent)
	d.lookAround(leaked)
	d.settle(leaked)
	intruder := iamUser(production, "svc-backup", "AKIAI44QH8DHBEXAMPLE", relay, intruderAgent)
	console := intruder
	console.agent = browserAgent
	d.signIn(clock(2, 41, 9), console, "Success", "No")
	d.blind(intruder)
	d.hopRegion(intruder)
	d.openBucket(intruder)
	d.stepAside(intruder)
	d.respond()
}

// lookAround: with what the key allows, and much that it does not.
func (d *day) lookAround(who actor) {
	first := who
	first.agent = "TruffleHog"
	d.add(clock(2, 11, 4), first, call{service: "sts", name: "GetCallerIdentity", region: home, read: true})
	denied := func(at int, service, name string) {
		d.add(clock(2, 14, at), who, call{service: service, name: name, region: home, read: true,
			err: "AccessDenied", message: "User: arn:aws:iam::" + production + ":user/ci-deploy is not authorized to perform: " +
				service + ":" + name + " because no identity-based policy allows the action"})
	}
	d.add(clock(2, 13, 20), who, call{service: "s3", name: "ListBuckets", region: home, read: true})
	for i, name := range []string{"ListUsers", "ListRoles", "GetAccountAuthorizationDetails", "ListAccessKeys", "GetAccountSummary"} {
		denied(3*i, "iam", name)
	}
	denied(21, "secretsmanager", "ListSecrets")
	denied(25, "organizations", "ListAccounts")
	for i, region := range []string{home, second, "eu-west-1", far, "sa-east-1"} {
		d.add(clock(2, 16, 4*i), who, call{service: "ec2", name: "DescribeInstances", region: region, read: true,
			params: fields{"instancesSet": fields{}, "filterSet": fields{}}})
	}
	d.add(clock(2, 19, 2), who, call{service: "iam", name: "ListAttachedUserPolicies", region: home, read: true, params: fields{"userName": "ci-deploy"}})
}

// settle: the pipeline may manage users, as too many may.
func (d *day) settle(who actor) {
	d.add(clock(2, 24, 40), who, call{service: "iam", name: "CreateUser", region: home, params: fields{"userName": "svc-backup"},
		result: fields{"user": fields{"userName": "svc-backup", "arn": "arn:aws:iam::" + production + ":user/svc-backup", "userId": "AIDA" + pad("svc-backup"), "path": "/"}}})
	d.add(clock(2, 25, 11), who, call{service: "iam", name: "AttachUserPolicy", region: home,
		params: fields{"userName": "svc-backup", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}})
	d.add(clock(2, 25, 30), who, call{service: "iam", name: "CreateAccessKey", region: home, params: fields{"userName": "svc-backup"},
		result: fields{"accessKey": fields{"accessKeyId": "AKIAI44QH8DHBEXAMPLE", "status": "Active", "userName": "svc-backup"}}})
	d.add(clock(2, 26, 2), who, call{service: "iam", name: "CreateLoginProfile", region: home,
		params: fields{"userName": "svc-backup", "passwordResetRequired": false},
		result: fields{"loginProfile": fields{"userName": "svc-backup", "passwordResetRequired": false}}})
	// A policy too large for the record: CloudTrail leaves its text out.
	d.add(clock(2, 31, 47), who, call{service: "iam", name: "PutUserPolicy", region: home,
		params: fields{"omitted": true, "originalSize": 117203, "reason": "requestParameters too large"}})
}

// blind: the trail and the detector.
func (d *day) blind(who actor) {
	trail := "arn:aws:cloudtrail:us-east-1:" + production + ":trail/prod-trail"
	d.add(clock(2, 48, 15), who, call{service: "cloudtrail", name: "DescribeTrails", region: home, read: true})
	d.add(clock(2, 49, 1), who, call{service: "guardduty", name: "ListDetectors", region: home, read: true})
	d.add(clock(2, 49, 33), who, call{service: "guardduty", name: "DeleteDetector", region: home, params: fields{"detectorId": "12abc34d567e8fa901bc2d34e56789f0"}})
	d.add(clock(2, 52, 18), who, call{service: "cloudtrail", name: "StopLogging", region: home, params: fields{"name": trail}})
}

// hopRegion: large machines, a key pair and an open port where nobody works.
func (d *day) hopRegion(who actor) {
	d.add(clock(3, 2, 7), who, call{service: "ec2", name: "DescribeImages", region: far, read: true})
	d.add(clock(3, 3, 40), who, call{service: "ec2", name: "CreateKeyPair", region: far, params: fields{"keyName": "backup-key", "keyType": "rsa"}})
	d.add(clock(3, 4, 2), who, call{service: "ec2", name: "CreateSecurityGroup", region: far, params: fields{"groupName": "backup-sg", "groupDescription": "backup"},
		result: fields{"groupId": "sg-0123456789abcdef0", "_return": true}})
	d.add(clock(3, 4, 21), who, call{service: "ec2", name: "AuthorizeSecurityGroupIngress", region: far, params: fields{
		"groupId": "sg-0123456789abcdef0",
		"ipPermissions": fields{"items": []fields{{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22,
			"ipRanges": fields{"items": []fields{{"cidrIp": "0.0.0.0/0"}}}, "groups": fields{}, "ipv6Ranges": fields{}, "prefixListIds": fields{}}}},
	}})
	run := call{service: "ec2", name: "RunInstances", region: far, params: fields{
		"instancesSet": fields{"items": []fields{{"imageId": "ami-0abcdef1234567890", "minCount": 8, "maxCount": 8, "keyName": "backup-key"}}},
		"instanceType": "p3.16xlarge",
	}}
	refused := run
	refused.err = "Client.VcpuLimitExceeded"
	refused.message = "You have requested more vCPU capacity than your current vCPU limit of 64 allows for the instance bucket that the specified instance type belongs to."
	d.add(clock(3, 6, 11), who, refused)
	run.result = fields{"reservationId": "r-0598c7d356eba48d7", "ownerId": production,
		"instancesSet": fields{"items": []fields{{"instanceId": "i-02573cafcfEXAMPLE"}, {"instanceId": "i-0a9f1c2b3dEXAMPLE"}}}}
	d.add(clock(3, 6, 50), who, run)
	d.add(clock(3, 9, 33), who, run)
}

// openBucket: the exports become public and are fetched without a name, and
// the key that protects the backups is to be deleted.
func (d *day) openBucket(who actor) {
	const bucket = "example-prod-customer-exports"
	d.add(clock(3, 20, 5), who, call{service: "s3", name: "DeleteBucketPublicAccessBlock", region: home, bucket: bucket, params: fields{"bucketName": bucket, "publicAccessBlock": ""}})
	d.add(clock(3, 20, 48), who, call{service: "s3", name: "PutBucketPolicy", region: home, bucket: bucket, params: fields{
		"bucketName": bucket, "policy": "", "bucketPolicy": fields{"Version": "2012-10-17", "Statement": []fields{{
			"Effect": "Allow", "Principal": "*", "Action": []string{"s3:GetObject", "s3:ListBucket"},
			"Resource": []string{"arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*"}}}}}})
	nobody := actor{production, fields{"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}, relay, "curl/8.5.0"}
	for i := range 14 {
		key := "daily/2026-03-" + string([]byte{'0' + byte(i/10), '0' + byte(i%10)}) + ".csv"
		d.add(clock(3, 24, 3*i), nobody, call{service: "s3", name: "GetObject", region: home, read: true, data: true, bucket: bucket, params: fields{"bucketName": bucket, "key": key}})
	}
	d.add(clock(3, 31, 16), who, call{service: "kms", name: "ScheduleKeyDeletion", region: home, params: fields{
		"keyId": "arn:aws:kms:us-east-1:" + production + ":key/1234abcd-12ab-34cd-56ef-1234567890ab", "pendingWindowInDays": 7}})
}

// stepAside: the role that every member account trusts leads to the next one.
func (d *day) stepAside(who actor) {
	target := "arn:aws:iam::" + development + ":role/OrganizationAccountAccessRole"
	assume := call{service: "sts", name: "AssumeRole", region: home, read: true, params: fields{"roleArn": target, "roleSessionName": "svc-backup"}}
	assume.err, assume.message = "AccessDenied", "User: arn:aws:iam::"+production+":user/svc-backup is not authorized to perform: sts:AssumeRole on resource: "+target
	for i, account := range []string{management, audit, development} {
		assume.params = fields{"roleArn": strings.Replace(target, development, account, 1), "roleSessionName": "svc-backup"}
		if account == development {
			assume.err, assume.message = "", ""
			assume.result = fields{"credentials": fields{"accessKeyId": "ASIAIOSFODNN7EXAMPLE", "expiration": "Mar 14, 2026, 4:40:12 AM", "sessionToken": "IQoJb3JpZ2luEXAMPLE"}}
		}
		d.add(clock(3, 40, 2+9*i), who, assume)
	}
	moved := session(development, "OrganizationAccountAccessRole", "svc-backup", relay, intruderAgent)
	moved.identity["accessKeyId"] = "ASIAIOSFODNN7EXAMPLE"
	d.add(clock(3, 42, 30), moved, call{service: "ssm", name: "DescribeParameters", region: second, read: true})
	d.add(clock(3, 44, 12), moved, call{service: "ec2", name: "CreateSnapshot", region: second, params: fields{"volumeId": "vol-0a1b2c3d4e5f67890"}})
	d.add(clock(3, 47, 55), moved, call{service: "ec2", name: "ModifySnapshotAttribute", region: second, params: fields{
		"snapshotId": "snap-066877671789bd71b", "attributeType": "CREATE_VOLUME_PERMISSION",
		"createVolumePermission": fields{"add": fields{"items": []fields{{"userId": "999988887777"}}}}}})
}

// respond: the security team, at half past eight.
func (d *day) respond() {
	sam := employee(production, "SecurityResponse", "sam@example.com", "192.0.2.91")
	d.add(clock(9, 2, 14), sam, call{service: "iam", name: "UpdateAccessKey", region: home, params: fields{"userName": "ci-deploy", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "status": "Inactive"}})
	d.add(clock(9, 3, 1), sam, call{service: "cloudtrail", name: "StartLogging", region: home, params: fields{"name": "arn:aws:cloudtrail:us-east-1:" + production + ":trail/prod-trail"}})
	d.add(clock(9, 4, 22), sam, call{service: "kms", name: "CancelKeyDeletion", region: home, params: fields{"keyId": "arn:aws:kms:us-east-1:" + production + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"}})
	d.add(clock(9, 6, 40), sam, call{service: "iam", name: "DeleteLoginProfile", region: home, params: fields{"userName": "svc-backup"}})
	d.add(clock(9, 12, 9), sam, call{service: "ec2", name: "TerminateInstances", region: far, params: fields{
		"instancesSet": fields{"items": []fields{{"instanceId": "i-02573cafcfEXAMPLE"}, {"instanceId": "i-0a9f1c2b3dEXAMPLE"}}}}})
}
