package topology

import (
	"github.com/trailwarden/trailwarden/deploy/plan"
)

// configPrefix is where the configuration and its rules lie among the artifacts.
const configPrefix = "config/"

// artifacts is the bucket of code and configuration, apart from the log files:
// what is uploaded there must not trigger the function.
func (s *stack) artifacts() plan.Value {
	if s.b.d.Artifacts != "" {
		return s.own("ArtifactBucketName", s.b.d.Artifacts, bucketForm, "Bucket of the function's code and configuration.")
	}
	return plan.Concat(s.b.name("artifacts-"), s.central(), "-", s.home())
}

func (s *stack) artifactsARN() plan.Join {
	return plan.Concat("arn:", plan.Partition, ":s3:::", s.artifacts())
}

// artifactStack makes the bucket that the others take code and configuration
// from, and the steps that fill it.
func (b *builder) artifactStack() {
	variable := "ARTIFACTS=" + b.d.Artifacts
	if b.d.Artifacts == "" {
		s := b.stack("artifacts", plan.Central, plan.Home, "Bucket of the function's code, the configuration and its rules; apart from the log files.")
		s.privateBucket("ArtifactBucket", "Versions of code and configuration; no secret is among them.", s.artifacts(),
			plan.Fields("Rules", plan.List{plan.Fields("Id", "old-versions", "Status", "Enabled",
				"NoncurrentVersionExpiration", plan.Fields("NoncurrentDays", 90), "AbortIncompleteMultipartUpload", plan.Fields("DaysAfterInitiation", 7))}),
			sseS3())
		s.add("ArtifactBucketPolicy", "AWS::S3::BucketPolicy", "Nobody reads or writes code without TLS.",
			"Bucket", plan.Ref{ID: "ArtifactBucket"},
			"PolicyDocument", &plan.Policy{Statements: []plan.Statement{onlyTLS(s.artifactsARN())}})
		s.output("ArtifactBucketName", plan.Ref{ID: "ArtifactBucket"}, "Where code and configuration go.")
		s.step("Make the bucket of code and configuration", "")
		variable = `ARTIFACTS="` + b.name("artifacts-") + `$(aws sts get-caller-identity --query Account --output text)-` + b.d.Region + `"`
	}
	commands := []string{variable}
	if b.d.Image == "" {
		commands = append(commands, `aws s3 cp function.zip "s3://$ARTIFACTS/function.zip"`)
	}
	b.step("Upload code and configuration", "The zip file is built as docs/lambda.md says. Secrets stay in Secrets Manager or the Parameter Store. Configuration and rules may be uploaded again at any time: they are in force a minute later, and a broken set is not put in force.",
		append(commands, "trailwarden config check trailwarden.yaml",
			`aws s3 cp trailwarden.yaml "s3://$ARTIFACTS/`+configPrefix+`trailwarden.yaml"`,
			`aws s3 cp --recursive rules "s3://$ARTIFACTS/`+configPrefix+`rules" # where the configuration has such a folder`)...)
}

// privateBucket is a bucket that is nobody's but the account's, with versions.
func (s *stack) privateBucket(id, why string, name plan.Value, lifecycle plan.Map, encryption plan.Map) *plan.Resource {
	r := s.add(id, "AWS::S3::Bucket", why,
		"BucketName", name,
		"BucketEncryption", encryption,
		"PublicAccessBlockConfiguration", plan.Fields("BlockPublicAcls", true, "BlockPublicPolicy", true, "IgnorePublicAcls", true, "RestrictPublicBuckets", true),
		"OwnershipControls", plan.Fields("Rules", plan.List{plan.Fields("ObjectOwnership", "BucketOwnerEnforced")}),
		"VersioningConfiguration", plan.Fields("Status", "Enabled"),
		"LifecycleConfiguration", lifecycle)
	r.Retain = true
	return r
}

func sseS3() plan.Map {
	return plan.Fields("ServerSideEncryptionConfiguration", plan.List{plan.Fields(
		"ServerSideEncryptionByDefault", plan.Fields("SSEAlgorithm", "AES256"))})
}

func sseKMS(key plan.Value) plan.Map {
	return plan.Fields("ServerSideEncryptionConfiguration", plan.List{plan.Fields(
		"BucketKeyEnabled", true,
		"ServerSideEncryptionByDefault", plan.Fields("SSEAlgorithm", "aws:kms", "KMSMasterKeyID", key))})
}

// onlyTLS denies what comes unencrypted.
func onlyTLS(bucket plan.Join) plan.Statement {
	return plan.Statement{Sid: "DenyWithoutTLS", Deny: true, Principals: []plan.Principal{plan.Everybody()},
		Actions: []string{"s3:*"}, Resources: []plan.Value{bucket, plan.Concat(bucket, "/*")},
		Conditions: []plan.Condition{{Operator: "Bool", Key: "aws:SecureTransport", Values: []plan.Value{plan.Text("false")}}},
		Why:        "Nothing is read or written without TLS, whatever else is allowed."}
}
