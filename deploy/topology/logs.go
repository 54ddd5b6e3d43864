package topology

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// logBucket makes the bucket of the log files with its key and policy, unless it
// is there already; then a step says what has to be in its policy.
func (s *stack) logBucket() error {
	if s.b.d.Bucket == "" && !s.b.open {
		return need("bucket", "names of buckets are unique over all of AWS, so that only you can choose it")
	}
	if s.b.reuses("bucket") {
		return s.existingPolicy()
	}
	encryption := sseS3()
	switch {
	case s.b.d.Key != "":
		encryption = sseKMS(s.keyAlias())
	case s.b.d.Encryption == "kms":
		s.key()
		encryption = sseKMS(plan.Attr{ID: "LogKey", Name: "Arn"})
	}
	s.privateBucket("LogBucket", "Log files of the trail, their digests beside them.", s.bucket(), s.lifecycle(), encryption)
	s.add("LogBucketPolicy", "AWS::S3::BucketPolicy", "Only our trail writes, only where its files belong.",
		"Bucket", plan.Ref{ID: "LogBucket"}, "PolicyDocument", s.bucketPolicy())
	s.output("LogBucketName", plan.Ref{ID: "LogBucket"}, "Where log files are.")
	s.b.plan.Removal = append(s.b.plan.Removal, "The log bucket stays with its files: they are evidence. Empty and delete it by hand when nobody needs them any more.")
	return nil
}

// existingPolicy writes down what the policy of a bucket that is there needs for a
// trail that is not yet; a policy is one document, so that only its owner can
// put it in.
func (s *stack) existingPolicy() error {
	if s.b.reuses("trail") || s.b.open {
		return nil
	}
	own := cmp.Or(s.b.d.Account, "ACCOUNT-ID")
	beside := &stack{&plan.Stack{Account: s.Account, Reach: s.Reach}, s.b} // its parameters are none of the template's
	at := plan.Place{Stack: beside.Stack, Account: own, Region: s.b.d.Region, Partition: s.b.cat.PartitionOf(s.b.d.Region)}
	policy := beside.bucketPolicy()
	filled, err := at.Fill(policy)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(filled, "", "  ")
	if err != nil {
		return err
	}
	s.b.plan.Files = append(s.b.plan.Files, plan.File{Name: "bucket-policy.json", Text: append(text, '\n')})
	s.b.step("Let the trail into the bucket that is there", "Add the statements of bucket-policy.json to the bucket's policy, beside those that it has.",
		"aws s3api get-bucket-policy --bucket "+s.b.d.Bucket+" --query Policy --output text > policy-as-it-was.json")
	return nil
}

// lifecycle moves log files to colder storage, and deletes them.
func (s *stack) lifecycle() plan.Map {
	return plan.Fields("Rules", plan.List{plan.Fields(
		"Id", "log-files", "Status", "Enabled",
		"Transitions", plan.List{plan.Fields("StorageClass", "GLACIER_IR", "TransitionInDays", s.b.d.Cold)},
		"ExpirationInDays", s.b.d.Expire,
		"NoncurrentVersionExpiration", plan.Fields("NoncurrentDays", 30),
		"AbortIncompleteMultipartUpload", plan.Fields("DaysAfterInitiation", 7))})
}

// prefix is what keys begin with before AWSLogs, with its slash.
func (b *builder) prefix() string {
	if p := strings.Trim(b.d.Prefix, "/"); p != "" {
		return p + "/"
	}
	return ""
}

// bucketPolicy lets our trail in (CloudTrail User Guide, Amazon S3 bucket policy
// for CloudTrail): the trail's ARN names the account that owns it, which for an
// organization's trail is the management account, not the bucket's.
func (s *stack) bucketPolicy() *plan.Policy {
	trail := []plan.Condition{plan.Equals("aws:SourceArn", s.trailARN())}
	put := append(trail, plan.Equals("s3:x-amz-acl", plan.Text("bucket-owner-full-control")))
	cloudtrail := []plan.Principal{plan.Service("cloudtrail")}
	at := func(folder plan.Value) []plan.Value {
		return []plan.Value{plan.Concat(s.bucketARN(), "/"+s.b.prefix()+"AWSLogs/", folder, "/*")}
	}
	p := &plan.Policy{Statements: []plan.Statement{
		{Sid: "TrailLooksAtTheBucket", Principals: cloudtrail, Actions: []string{"s3:GetBucketAcl"}, Resources: []plan.Value{s.bucketARN()}, Conditions: trail,
			Why: "CloudTrail looks whether it may write before it does; only for our trail."},
		{Sid: "TrailWritesItsOwnAccount", Principals: cloudtrail, Actions: []string{"s3:PutObject"}, Resources: at(s.owner()), Conditions: put,
			Why: "Log files of the account that owns the trail."},
	}}
	if s.b.organized() {
		p.Statements = append(p.Statements, plan.Statement{Sid: "TrailWritesTheOrganization", Principals: cloudtrail, Actions: []string{"s3:PutObject"},
			Resources: at(s.organization()), Conditions: put, Why: "Log files of the organization's other accounts."})
	}
	p.Statements = append(p.Statements, onlyTLS(s.bucketARN()))
	return p
}

// key makes the key of the log files.
func (s *stack) key() {
	r := s.add("LogKey", "AWS::KMS::Key", "Encrypts log files: who may read them is said twice, by the bucket and by the key.",
		"Description", "Log files of "+s.b.d.Name,
		"EnableKeyRotation", true,
		"PendingWindowInDays", 30,
		"KeyPolicy", s.keyPolicy())
	r.Retain = true
	s.add("LogKeyAlias", "AWS::KMS::Alias", "A name for the key, by which the trail's account knows it.",
		"AliasName", "alias/"+s.b.name("logs"), "TargetKeyId", plan.Ref{ID: "LogKey"})
	s.b.costs("A KMS key: 1 USD a month, and 0.03 USD for 10,000 requests; a bucket key keeps them few.")
}

func (s *stack) keyPolicy() *plan.Policy {
	all := []plan.Value{plan.Text("*")}
	account := []plan.Principal{{Type: "AWS", ID: plan.Concat("arn:", plan.Partition, ":iam::", plan.AccountID, ":root")}}
	cloudtrail := []plan.Principal{plan.Service("cloudtrail")}
	ours := plan.Equals("aws:SourceArn", s.trailARN())
	p := &plan.Policy{Statements: []plan.Statement{
		{Sid: "AccountAdministers", Principals: account, Resources: all, Why: "The account's IAM policies say who administers the key; without it nobody could.",
			Actions: []string{"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:EnableKey", "kms:EnableKeyRotation", "kms:DisableKeyRotation",
				"kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant",
				"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription"}},
		{Sid: "AccountDecrypts", Principals: account, Resources: all, Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"},
			Why: "The account's IAM policies say who decrypts: the function does, by its role."},
		{Sid: "TrailEncrypts", Principals: cloudtrail, Resources: all, Actions: []string{"kms:GenerateDataKey", "kms:Decrypt"},
			Conditions: []plan.Condition{ours, {Operator: "StringLike", Key: "kms:EncryptionContext:aws:cloudtrail:arn", Values: []plan.Value{plan.Concat("arn:", plan.Partition, ":cloudtrail:*:", s.owner(), ":trail/*")}}},
			Why:        "CloudTrail encrypts log files, for our trail only."},
		{Sid: "TrailEncryptsThroughTheBucket", Principals: cloudtrail, Resources: all, Actions: []string{"kms:GenerateDataKey", "kms:Decrypt"},
			Conditions: []plan.Condition{ours, {Operator: "StringLike", Key: "kms:EncryptionContext:aws:s3:arn", Values: []plan.Value{s.bucketARN(), plan.Concat(s.bucketARN(), "/*")}}},
			Why:        "With a bucket key Amazon S3 asks for data keys of the whole bucket, on CloudTrail's behalf."},
		{Sid: "TrailLooksAtTheKey", Principals: cloudtrail, Resources: all, Actions: []string{"kms:DescribeKey"}, Conditions: []plan.Condition{ours},
			Why: "CloudTrail looks at the key when the trail is made."},
	}}
	if s.b.plan.Topology == Alarms {
		p.Statements = append(p.Statements, plan.Statement{Sid: "AlarmsEncrypt", Principals: []plan.Principal{plan.Service("cloudwatch")}, Resources: all, Actions: []string{"kms:GenerateDataKey", "kms:Decrypt"},
			Conditions: []plan.Condition{plan.Equals("aws:SourceAccount", plan.AccountID)}, Why: "Alarms of this account publish to the topic, which encrypts with this key."})
	}
	return p
}
