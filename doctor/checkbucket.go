package doctor

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/internal/iampolicy"
	"github.com/trailwarden/trailwarden/severity"
)

func bucketChecks() []Check {
	trails := "cloudtrail:DescribeTrails"
	return []Check{
		{ID: "bucket-policy", Title: "The bucket lets the trail deliver, and no other", Asks: "The bucket's policy is asked the two calls that CloudTrail makes, with this trail's ARN and keys, and once with a stranger's.",
			Severity: severity.Critical, Actions: []string{trails, "s3:ListBucket", "s3:GetBucketPolicy", "organizations:DescribeOrganization"}, Run: checkBucketPolicy},
		{ID: "bucket-private", Title: "Nobody else reads the logs", Asks: "Is public access blocked, by the bucket or by its account, and does the policy let nobody read who is not named?",
			Severity: severity.High, Actions: []string{trails, "s3:ListBucket", "s3:GetBucketPublicAccessBlock", "s3:GetAccountPublicAccessBlock", "s3:GetBucketPolicy"}, Run: checkBucketPrivate},
		{ID: "key-policy", Title: "The key lets CloudTrail encrypt", Asks: "Is the trail's key enabled, and does its policy let CloudTrail make data keys for this trail?",
			Severity: severity.Critical, Actions: []string{trails, "kms:DescribeKey", "kms:GetKeyPolicy", "organizations:DescribeOrganization"}, Run: checkKeyPolicy},
		{ID: "files-arrive", Title: "Log files arrive in the bucket", Asks: "How old is the newest file? CloudTrail delivers about every five minutes where something happens.",
			Severity: severity.Critical, Actions: []string{trails, "s3:ListBucket"}, Run: checkFilesArrive},
		{ID: "files-readable", Title: "Log files can be read", Asks: "May the caller read and decrypt the newest file, and is it what CloudTrail writes?",
			Severity: severity.High, Actions: []string{trails, "s3:ListBucket", "s3:GetObject", "kms:Decrypt"}, Run: checkFilesReadable},
	}
}

// stranger is an account that AWS documentation uses and nobody has.
const stranger = "999999999999"

func checkBucketPolicy(ctx context.Context, e *Env) []Result {
	return forTrails(ctx, e, func(t trail) []Result {
		if t.bucket == "" {
			return none("the trail has no bucket")
		}
		d, err := e.bucketPolicy(ctx, t.bucket)
		switch {
		case missing(err):
			return []Result{broken("s3://"+t.bucket, "there is no such bucket", "Make it, or have the trail deliver to another one.")}
		case err != nil:
			return []Result{unknown("s3://"+t.bucket, err)}
		}
		return e.deliveryByPolicy(ctx, t, d)
	})
}

func (e *Env) deliveryByPolicy(ctx context.Context, t trail, d *iampolicy.Document) (out []Result) {
	name, p := "s3://"+t.bucket, t.place()
	keys := []string{p.root() + t.owner + "/CloudTrail/"}
	org, err := e.organization(ctx)
	switch {
	case !t.organization():
	case err != nil:
		out = append(out, unknown(name, err))
	case org != "":
		keys = append(keys, p.root()+org+"/"+t.owner+"/CloudTrail/")
	}
	fix := "Let cloudtrail.amazonaws.com call s3:GetBucketAcl on the bucket and s3:PutObject below its AWSLogs folder, under the condition aws:SourceArn " + t.arn + "; trailwarden deploy render prints the policy."
	asks := func(what, action, resource string) {
		switch got := d.Decide(of(org, delivery(t, t.arn, action, resource))); {
		case got.Effect == iampolicy.Unsure:
			out = append(out, undecided(name, "whether CloudTrail may "+what, got))
		case !got.Allowed():
			out = append(out, broken(name, "CloudTrail may not "+what+": "+got.String(), fix))
		}
	}
	asks("look at the bucket's ACL", "s3:GetBucketAcl", p.arn())
	for _, k := range keys {
		asks("write to "+k, "s3:PutObject", p.arn()+"/"+k+"file.json.gz")
	}
	if len(out) > 0 {
		return out
	}
	other := "arn:aws:cloudtrail:us-east-1:" + stranger + ":trail/other"
	for _, owner := range []string{stranger, t.owner} {
		key := p.arn() + "/" + p.root() + owner + "/CloudTrail/file.json.gz"
		if got := d.Decide(delivery(t, other, "s3:PutObject", key)); got.Allowed() {
			return []Result{warn(name, "trails of any account may write here: "+got.String()+" without asking whose trail it is", "Add the condition aws:SourceArn "+t.arn+".")}
		}
	}
	return []Result{ok(name, "this trail may deliver and a stranger's may not")}
}

// of is a request by something that belongs to an organization; empty for none.
func of(org string, r iampolicy.Request) iampolicy.Request {
	if org != "" {
		r.Context["aws:SourceOrgID"] = org
	}
	return r
}

// delivery is the call that CloudTrail makes (CloudTrail User Guide, "Amazon S3
// bucket policy for CloudTrail").
func delivery(t trail, source, action, resource string) iampolicy.Request {
	return iampolicy.Request{Principal: "cloudtrail.amazonaws.com", Action: action, Resource: resource, Context: map[string]string{
		"aws:SourceArn": source, "aws:SourceAccount": iampolicy.AccountOf(source), "s3:x-amz-acl": "bucket-owner-full-control",
		"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": "cloudtrail.amazonaws.com", "aws:SecureTransport": "true", "aws:SourceRegion": t.home,
		"s3:x-amz-server-side-encryption": "aws:kms", "s3:x-amz-server-side-encryption-aws-kms-key-id": aws.ToString(t.KmsKeyId),
	}}
}

func checkBucketPrivate(ctx context.Context, e *Env) []Result {
	return forPlaces(ctx, e, func(p place, client *s3.Client) (out []Result) {
		d, err := e.bucketPolicy(ctx, p.bucket)
		if err != nil {
			return []Result{unknown(p.name(), err)}
		}
		for _, q := range []iampolicy.Request{somebody("s3:GetObject", p.arn()+"/"+p.root()+"x"), somebody("s3:ListBucket", p.arn())} {
			switch got := d.Decide(q); got.Effect {
			case iampolicy.Allowed:
				out = append(out, broken(p.name(), "anybody may call "+q.Action+": "+got.String(), "Name who may read in place of *."))
			case iampolicy.Unsure:
				out = append(out, undecided(p.name(), "whether anybody may call "+q.Action, got))
			}
		}
		blocked, err := e.publicAccess(ctx, client, p.bucket)
		const what, fix = "public access is not blocked", "aws s3api put-public-access-block --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true --bucket "
		switch {
		case err != nil:
			out = append(out, unknown(p.name(), err))
		case blocked.all():
		case blocked.foreign:
			out = append(out, warn(p.name(), what+" by the bucket itself; whether its account blocks it, only that account can be asked", fix+p.bucket))
		default:
			out = append(out, warn(p.name(), what+", neither by the bucket nor by its account", fix+p.bucket))
		}
		return or(out, p.name(), "public access is blocked")
	})
}

// somebody is a call by whom nobody knows: of another account, of another
// organization, from anywhere.
func somebody(action, resource string) iampolicy.Request {
	name := "arn:aws:iam::" + stranger + ":user/somebody"
	return iampolicy.Request{Principal: name, Action: action, Resource: resource, Context: map[string]string{
		"aws:SecureTransport": "true", "aws:PrincipalAccount": stranger, "aws:PrincipalArn": name, "aws:PrincipalType": "User",
		"aws:PrincipalOrgID": "o-9999999999", "aws:PrincipalOrgPaths": "o-9999999999/r-9999/", "aws:PrincipalIsAWSService": "false", "aws:SourceIp": "203.0.113.99",
	}}
}

func checkKeyPolicy(ctx context.Context, e *Env) []Result {
	return forTrails(ctx, e, func(t trail) []Result {
		id := aws.ToString(t.KmsKeyId)
		if id == "" {
			return none("the trail names no key; files are encrypted by the bucket's default")
		}
		k, err := e.key(ctx, id)
		switch {
		case missing(err):
			return []Result{broken(id, "there is no such key", "aws cloudtrail update-trail --kms-key-id ARN with a key that exists in the bucket's region.")}
		case err != nil:
			return []Result{unknown(id, err)}
		case k.state != "Enabled":
			return []Result{broken(k.arn, "the key is "+k.state+": CloudTrail can deliver nothing, and nobody can read what it delivered", "aws kms enable-key, or cancel-key-deletion.")}
		}
		org, _ := e.organization(ctx) // only policies that ask for it are decided by it
		got := k.policy.Decide(of(org, encryption(t, t.arn, k.arn)))
		if got.Effect == iampolicy.Unsure {
			return []Result{undecided(k.arn, "whether CloudTrail may make data keys for this trail", got)}
		}
		if !got.Allowed() {
			return []Result{broken(k.arn, "CloudTrail may not make data keys for this trail: "+got.String(), "Let cloudtrail.amazonaws.com call kms:GenerateDataKey* and kms:DescribeKey under the conditions aws:SourceArn and kms:EncryptionContext:aws:cloudtrail:arn of this trail.")}
		}
		if k.policy.Decide(encryption(t, "arn:aws:cloudtrail:us-east-1:"+stranger+":trail/other", k.arn)).Allowed() {
			return []Result{warn(k.arn, "trails of any account may use the key", "Add the condition aws:SourceArn "+t.arn+".")}
		}
		return []Result{ok(k.arn, "the key is enabled and CloudTrail may use it for this trail")}
	})
}

func encryption(t trail, source, key string) iampolicy.Request {
	return iampolicy.Request{Principal: "cloudtrail.amazonaws.com", Action: "kms:GenerateDataKey", Resource: key, Context: map[string]string{
		"aws:SourceArn": source, "aws:SourceAccount": iampolicy.AccountOf(source), "kms:EncryptionContext:aws:cloudtrail:arn": source,
		"aws:PrincipalServiceName": "cloudtrail.amazonaws.com", "aws:PrincipalIsAWSService": "true",
	}}
}

// quiet is after how long without a file something is probably wrong, and dead
// after how long it surely is.
const (
	quiet = 2 * time.Hour
	dead  = 24 * time.Hour
)

func checkFilesArrive(ctx context.Context, e *Env) []Result {
	return forPlaces(ctx, e, func(p place, _ *s3.Client) []Result {
		const fix = "See trail-logging and bucket-policy; files lie under [PREFIX/]AWSLogs/[ORGANIZATION/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/."
		found, err := e.delivering(ctx, p)
		if err != nil && actionOf(err) == "" {
			return []Result{broken(p.name()+"/"+p.root(), err.Error(), fix)}
		}
		if err != nil {
			return []Result{unknown(p.name(), err)}
		}
		n, err := e.newest(ctx, p)
		age := e.now().Sub(n.at).Round(time.Minute)
		switch {
		case err != nil:
			return []Result{unknown(p.name(), err)}
		case n.key == "" || age > dead:
			return []Result{broken(p.name()+"/"+p.root(), "no log file of "+e.aws.Region+" or us-east-1 has come today or yesterday", fix)}
		case age > quiet:
			return []Result{warn(p.name()+"/"+n.key, fmt.Sprintf("the newest file came %s ago", age), "Where little happens this may be so; otherwise: "+fix)}
		}
		return []Result{ok(p.name()+"/"+n.key, fmt.Sprintf("the newest file came %s ago; %d accounts deliver", age, len(found.Accounts)))}
	})
}

func checkFilesReadable(ctx context.Context, e *Env) []Result {
	return forPlaces(ctx, e, func(p place, client *s3.Client) []Result {
		n, err := e.newest(ctx, p)
		if err != nil || n.key == "" {
			return none("there is no file to read; see files-arrive")
		}
		name := p.name() + "/" + n.key
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.bucket, Key: &n.key, Range: aws.String("bytes=0-1")})
		if err != nil {
			r := unknown(name, err)
			r.Fix += " Files that are encrypted with a key also need kms:Decrypt on it."
			return []Result{r}
		}
		defer out.Body.Close()
		magic, err := io.ReadAll(io.LimitReader(out.Body, 2))
		if err != nil || string(magic) != "\x1f\x8b" {
			return []Result{warn(name, "the file is not compressed as CloudTrail's files are", "Something rewrote it, or a proxy unpacked it; trailwarden verify tells whether it is CloudTrail's.")}
		}
		return []Result{ok(name, "the file can be read")}
	})
}
