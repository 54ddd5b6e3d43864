package intake

import (
	"bytes"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Own tells the records of Trailwarden's own calls: reading a watched bucket or
// publishing an alert makes records, too, which must not make alerts in turn.
// It is safe for concurrent use and counts what it recognized. A nil Own
// recognizes nothing.
//
// A record is our own when one of our principals made one of the calls that we
// make, by our own user agent or by a service on its behalf: whoever takes our
// credentials for something else is still seen.
type Own struct {
	principals map[string]bool // principal's form
	count      atomic.Int64
}

// NewOwn is for principals by ARN: roles, sessions of roles, or users. Others,
// such as an account's root, are never our own.
func NewOwn(arns []string) *Own {
	o := &Own{principals: map[string]bool{}}
	for _, a := range arns {
		if p := principal(a); p != "" {
			o.principals[p] = true
		}
	}
	return o
}

// principal is an ARN of a user, a role or its session as account, kind and
// name, without the path: a session's ARN does not have it.
func principal(text string) string {
	a, err := arn.Parse(text)
	if err != nil {
		return ""
	}
	kind, name, ok := strings.Cut(a.Resource, "/")
	switch {
	case !ok:
		return ""
	case kind == "assumed-role":
		kind = "role"
		name, _, _ = strings.Cut(name, "/")
	case kind == "role" || kind == "user":
		name = name[strings.LastIndexByte(name, '/')+1:]
	default:
		return ""
	}
	return a.AccountID + " " + kind + " " + name
}

// Principals is how many principals are known to be ours.
func (o *Own) Principals() int { return len(o.principals) }

// Count is how many records were recognized.
func (o *Own) Count() int64 { return o.count.Load() }

// Is tells whether rec is of a call of ours, and counts it.
func (o *Own) Is(rec *cloudtrail.Record) bool {
	if o == nil || len(o.principals) == 0 || !made(rec) || !o.mine(rec) {
		return false
	}
	o.count.Add(1)
	return true
}

// made tells whether the call may be one of the program's, from what costs
// least to what costs most.
func made(rec *cloudtrail.Record) bool {
	agent := bytes.Contains(rec.Field(cloudtrail.UserAgent).Raw(), []byte("trailwarden/"))
	keys := !agent && string(rec.Field(cloudtrail.EventSource).Raw()) == `"kms.amazonaws.com"`
	if !agent && !keys {
		return false
	}
	if keys && rec.Field(cloudtrail.UserIdentity).Get("invokedBy").Str() == "" {
		return false // a service decrypts on our behalf; we never do ourselves
	}
	source := strings.TrimSuffix(rec.Field(cloudtrail.EventSource).Str(), ".amazonaws.com")
	return strings.Contains(calls, " "+source+":"+rec.Field(cloudtrail.EventName).Str()+" ")
}

// calls are what the program calls while it watches, and what services call on
// its behalf.
const calls = " s3:GetObject s3:HeadObject s3:ListObjects s3:ListObjectVersions s3:GetBucketLocation" +
	" sqs:ReceiveMessage sqs:DeleteMessage sqs:DeleteMessageBatch sqs:ChangeMessageVisibility sqs:ChangeMessageVisibilityBatch sqs:GetQueueAttributes sqs:SendMessage" +
	" sts:AssumeRole sts:GetCallerIdentity secretsmanager:GetSecretValue ssm:GetParameter kms:Decrypt kms:GenerateDataKey" +
	" logs:FilterLogEvents logs:DescribeLogStreams logs:DescribeLogGroups logs:CreateLogStream cloudtrail:LookupEvents ec2:DescribeRegions account:ListRegions" +
	" organizations:ListAccounts organizations:ListRoots organizations:ListParents organizations:ListAccountsForParent" +
	" organizations:ListOrganizationalUnitsForParent organizations:DescribeOrganizationalUnit organizations:DescribeOrganization" +
	" sns:Publish sns:GetTopicAttributes sns:ConfirmSubscription ses:SendEmail events:PutEvents securityhub:BatchImportFindings" +
	" dynamodb:GetItem dynamodb:BatchGetItem dynamodb:Query dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:BatchWriteItem" +
	" dynamodb:TransactWriteItems dynamodb:DescribeTable "

// mine tells whether one of our principals acted.
func (o *Own) mine(rec *cloudtrail.Record) bool {
	who := rec.Field(cloudtrail.UserIdentity)
	if issuer := who.Get("sessionContext").Get("sessionIssuer").Get("arn").Str(); issuer != "" && who.Get("type").Str() == "AssumedRole" {
		return o.principals[principal(issuer)]
	}
	return o.principals[principal(who.Get("arn").Str())]
}

// LeaveOut has the set judge none of the records that own recognizes.
func (s *Rules) LeaveOut(own *Own) { s.own = own }

// Own is what recognizes our own records; nil when they are judged.
func (s *Rules) Own() *Own { return s.own }
