package detect_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

var counts = []int{1, 10, 100, 1000, 10_000, 50_000}

// logFile is one log file's JSON: the shared real records when they are there,
// made ones otherwise.
func logFile(b *testing.B) []byte {
	if dir := sharedData(); dir != "" {
		files, _ := filepath.Glob(filepath.Join(dir, "cloudtrail", "invictus", "*.json.gz"))
		if out := joinFiles(b, files); out != nil {
			return out
		}
	}
	return madeFile(1000)
}

// sharedData is the data folder beside the checkout, or "".
func sharedData() string {
	dir, _ := os.Getwd()
	for range 6 {
		if p := filepath.Join(dir, "shared", "data"); isDir(p) {
			return p
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

func isDir(p string) bool {
	st, err := os.Stat(p)
	return err == nil && st.IsDir()
}

func joinFiles(b *testing.B, files []string) []byte {
	var all [][]byte
	for _, f := range files {
		z, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		r, err := gzip.NewReader(bytes.NewReader(z))
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			b.Fatal(err)
		}
		text = bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(text), []byte(`{"Records":[`)), []byte("]}"))
		all = append(all, text)
	}
	if all == nil {
		return nil
	}
	return []byte(`{"Records":[` + string(bytes.Join(all, []byte(","))) + "]}")
}

var benchServices = strings.Fields(`sts kms ec2 s3 logs ssm monitoring dynamodb elasticloadbalancing secretsmanager autoscaling cloudformation iam lambda signin rds cloudtrail config health eks ecr guardduty route53 acm athena backup batch bedrock braket chime cloud9 cloudfront codebuild cognito-idp comprehend connect datasync dax detective dms ds efs elasticache es events firehose fsx glacier glue greengrass inspector iot kafka kinesis lex macie2 mq neptune organizations polly qldb ram redshift robomaker sagemaker ses shield sns sqs states swf textract transcribe waf workspaces xray`)

func madeFile(n int) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:s%d","arn":"arn:aws:sts::111122223333:assumed-role/r%d/s","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111122223333:role/r","accountId":"111122223333","userName":"r%d"},"attributes":{"creationDate":"2024-01-01T00:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2024-01-01T00:%02d:00Z","eventSource":"%s.amazonaws.com","eventName":"%s","awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.%d","userAgent":"aws-cli/2.15 Python/3.11 Linux/6.1","requestParameters":{"bucketName":"b%d","userName":"u%d","Host":"s3.eu-west-1.amazonaws.com"},"responseElements":null,"requestID":"r%d","eventID":"e%d","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}`,
			i, i%7, i%7, i%60, benchServices[r.IntN(23)], benchName(r), i%250, i%50, i%40, i, i)
	}
	return []byte(b.String() + "]}")
}

func benchName(r *rand.Rand) string {
	verbs := strings.Fields("Create Delete Put Update Attach Detach Stop Disable Modify Remove Terminate Run Authorize Revoke Assume Register Get List Describe")
	nouns := strings.Fields("User Role Policy AccessKey Trail Bucket Key Instance Instances Group Function LoginProfile MFADevice Snapshot Image Volume SecurityGroupIngress RolePolicy Secret Parameter Cluster")
	return verbs[r.IntN(len(verbs))] + nouns[r.IntN(len(nouns))]
}

// benchRules are shaped like rules in use: a service, some API names, a prefix
// of them or an expression, and a test of something below.
func benchRules(n int) []detect.Node {
	r := rand.New(rand.NewPCG(5, uint64(n)))
	rules := make([]detect.Node, n)
	for i := range rules {
		rules[i] = benchRule(r)
	}
	return rules
}

var benchPaths = strings.Fields("requestParameters.userName requestParameters.roleName requestParameters.bucketName userIdentity.type userIdentity.sessionContext.attributes.mfaAuthenticated requestParameters.groupId additionalEventData.MFAUsed userIdentity.sessionContext.sessionIssuer.userName requestParameters.instanceType userIdentity.arn sourceIPAddress errorCode awsRegion")

func benchRule(r *rand.Rand) detect.Node {
	service := benchServices[r.IntN(len(benchServices))]
	if r.IntN(2) == 0 {
		service = benchServices[r.IntN(23)]
	}
	path := detect.Keys(strings.Split(benchPaths[r.IntN(len(benchPaths))], ".")...)
	switch r.IntN(3) { // as event patterns, as Sigma rules, as neither
	case 0:
		path.Cross, path.Dotted, path.End = true, detect.DottedUnion, detect.EndLeaves
	case 1:
		path.Cross, path.Dotted, path.End, path.Fold = true, detect.DottedLiteralFirst, detect.EndScalars, true
	}
	value := fmt.Sprintf("value-%d", r.IntN(5000))
	if r.IntN(50) == 0 {
		value = []string{"us-east-1", "IAMUser", "Root", "false", "AccessDenied"}[r.IntN(5)]
	}
	below := detect.Test{Path: path, Match: detect.Text{Values: []string{value}, Kinds: detect.Scalars, Fold: path.Fold}}
	return detect.All{
		detect.Test{Path: detect.Keys("eventSource"), Match: detect.Text{Values: []string{service + ".amazonaws.com"}, Kinds: detect.Strings}},
		detect.Test{Path: detect.Keys("eventName"), Match: benchNames(r)},
		below,
	}
}

func benchNames(r *rand.Rand) detect.Match {
	switch q := r.IntN(20); {
	case q < 12:
		t := detect.Text{Kinds: detect.Strings, Fold: q < 4}
		for range 1 + r.IntN(4) {
			t.Values = append(t.Values, benchName(r))
		}
		return t
	case q < 17:
		return detect.Text{Op: detect.HasPrefix, Values: []string{benchName(r)[:4]}, Kinds: detect.Strings}
	}
	return detect.Regexp{Re: regexp.MustCompile(fmt.Sprintf("^(%s|%s).*(Policy|User)$", benchName(r)[:3], benchName(r)[:3])), Kinds: detect.Strings}
}

// BenchmarkMatch judges records whose own fields are already found.
func BenchmarkMatch(b *testing.B) {
	var recs []*cloudtrail.Record
	eachRecord(b, logFile(b), func(rec *cloudtrail.Record) {
		own, err := cloudtrail.ParseRecord(bytes.Clone(rec.Raw()))
		if err != nil {
			b.Fatal(err)
		}
		recs = append(recs, own)
	})
	for _, n := range counts {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			m := detect.Compile(benchRules(n)).NewMatcher()
			hits := 0
			hit := func(int) { hits++ }
			for _, rec := range recs {
				m.Match(rec, hit)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				m.Match(recs[i%len(recs)], hit)
			}
			b.ReportMetric(float64(hits)/float64(b.N+len(recs)), "hits/record")
		})
	}
}

// BenchmarkDecodeAndMatch reads records from a file's JSON and judges them: the
// cost of rules beside the cost of reading.
func BenchmarkDecodeAndMatch(b *testing.B) {
	text := logFile(b)
	for _, n := range counts {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			m := detect.Compile(benchRules(n)).NewMatcher()
			hit := func(int) {}
			records := 0
			count := func(rec *cloudtrail.Record) { records++; m.Match(rec, hit) }
			eachRecord(b, text, count)
			records = 0
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			b.ResetTimer()
			for range b.N {
				eachRecord(b, text, count)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
		})
	}
}

func eachRecord(b *testing.B, text []byte, visit func(*cloudtrail.Record)) {
	d := cloudtrail.NewDecoder(cloudtrail.DefaultLimits())
	_, err := d.Decode(context.Background(), "bench.json", bytes.NewReader(text), int64(len(text)), func(rec *cloudtrail.Record, _ int) error {
		visit(rec)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCompile compiles rules into an engine.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{1000, 50_000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			rules := benchRules(n)
			b.ReportAllocs()
			for b.Loop() {
				detect.Compile(rules)
			}
		})
	}
}
