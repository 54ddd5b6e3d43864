package topology

import (
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"slices"

	"github.com/trailwarden/trailwarden/assemble"
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
	file := filepath.Base(cmp.Or(b.cfg.File, "trailwarden.yaml"))
	b.step("Upload code and configuration", "The zip file is built as docs/lambda.md says. Secrets stay in Secrets Manager or the Parameter Store. Configuration and rules may be uploaded again at any time: they are in force a minute later, and a broken set is not put in force.",
		slices.Concat(commands, []string{"trailwarden config check " + file, `aws s3 cp ` + file + ` "s3://$ARTIFACTS/` + configPrefix + `trailwarden.yaml"`}, b.ruleUploads())...)
}

// ruleUploads bring rule files and folders to the place beside the configuration
// that they have here.
func (b *builder) ruleUploads() (out []string) {
	for _, p := range b.cfg.RuleSettings.Paths {
		if b.cfg.Published || assemble.IsPack(p) {
			continue
		}
		p = path.Clean(filepath.ToSlash(p))
		recursive := ""
		if ext := path.Ext(p); ext != ".yaml" && ext != ".yml" && ext != ".json" {
			recursive = "--recursive "
		}
		out = append(out, "aws s3 cp "+recursive+p+` "s3://$ARTIFACTS/`+configPrefix+p+`"`)
	}
	return out
}

// beside refuses what the configuration names and a function cannot have: it takes
// rules from beside its configuration, and no other files.
func (b *builder) beside() error {
	for _, p := range b.cfg.RuleSettings.Paths {
		if !b.cfg.Published && !assemble.IsPack(p) && !filepath.IsLocal(p) {
			return fmt.Errorf("%s: rules: %q lies outside of the folder of the configuration, where the function cannot take it from", b.cfg.PlaceOf("rules"), p)
		}
	}
	for _, q := range b.cfg.Queries {
		if q.Enabled && q.File != "" {
			return fmt.Errorf("%s: queries.%s.file: a function takes rules from beside its configuration and no other files; put the query under its key sql", b.cfg.PlaceOf("queries", q.Name), q.Name)
		}
	}
	e := b.cfg.Enrich
	if e.GeoIP != nil || e.Accounts != nil && e.Accounts.File != "" {
		return fmt.Errorf("%s: enrich names files, which a function cannot take from beside its configuration; ask Organizations for names of accounts, and leave places to a server", b.cfg.PlaceOf("enrich"))
	}
	return nil
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
