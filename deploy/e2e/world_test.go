package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy"
	render "github.com/trailwarden/trailwarden/deploy/cloudformation"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/doctor"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/runtimeapi"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

// built is the bootstrap binary, made once.
var built = sync.OnceValues(runtimeapi.Bootstrap)

// world is an account in which a topology was made.
type world struct {
	t       *testing.T
	cfg     aws.Config
	account string
	logs    string // the bucket of log files
	conf    *config.Config
	text    string // of the configuration
	plan    *plan.Plan
	made    map[string]string // physical names, by STACK/LOGICAL
	handed  []string          // functions, by name
	records int               // made so far
}

var regionKey = regexp.MustCompile(`(?m)^  region: (\S+)$`)

// newWorld makes the sample of a topology. change may point its sinks to
// stand-ins.
func newWorld(t *testing.T, name string, change func(w *world)) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("makes stacks and runs the real binary")
	}
	text, err := os.ReadFile(filepath.Join("..", "samples", name, "trailwarden.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, cfg: awstest.Config(t), text: string(text), made: map[string]string{}}
	w.account = awstest.AccountID(t, w.cfg)
	w.cfg.Region = regionKey.FindStringSubmatch(w.text)[1]
	for _, number := range []string{"111122223333", "111111111111", "222222222222"} {
		w.replace(number, w.account)
	}
	w.logs = awstest.Name(t, "logs")
	w.replace("example-trail-logs", w.logs)
	change(w)
	file := filepath.Join(t.TempDir(), "trailwarden.yaml")
	w.must(os.WriteFile(file, []byte(w.text), 0o600))
	w.conf, err = config.Load(file)
	w.must(err)
	w.plan, err = deploy.Plan(w.conf, deploy.Options{})
	w.must(err)
	w.create()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// replace changes the sample, which must have what is replaced.
func (w *world) replace(before, after string) {
	w.text = strings.ReplaceAll(w.text, before, after)
}

// secret keeps a secret where the sample says.
func (w *world) secret(name, value string) {
	_, err := secretsmanager.NewFromConfig(w.cfg).CreateSecret(w.t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	w.must(err)
}

// create makes the stacks in the order of the plan's steps, from the files that
// render writes.
func (w *world) create() {
	files, err := render.Render(w.plan)
	w.must(err)
	templates := map[string]string{}
	for _, f := range files {
		templates[f.Name] = string(f.Text)
	}
	for _, step := range w.plan.Steps {
		if s := w.plan.Stack(step.Stack); s != nil {
			for _, region := range w.regionsOf(s) {
				w.stack(s, region, templates[s.Name+".yaml"])
			}
		}
		if strings.HasPrefix(step.Title, "Upload") {
			bucket := w.named("ArtifactBucket")
			w.put(bucket, "function.zip", []byte("PK"))
			w.put(bucket, "config/trailwarden.yaml", []byte(w.text))
		}
	}
}

// regionsOf are those in which a stack is made here: of many, two are enough.
func (w *world) regionsOf(s *plan.Stack) []string {
	if s.Reach != plan.Every {
		return []string{w.cfg.Region}
	}
	return slices.Compact([]string{w.cfg.Region, "us-east-1"})
}

func (w *world) stack(s *plan.Stack, region, template string) {
	w.t.Helper()
	if template == "" {
		w.t.Fatalf("render writes no template for the stack %s", s.Name)
	}
	cfg := w.cfg.Copy()
	cfg.Region = region
	client := cloudformation.NewFromConfig(cfg)
	in := &cloudformation.CreateStackInput{StackName: &s.Name, TemplateBody: &template, Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam}}
	for _, p := range s.Parameters {
		if p.Required {
			in.Parameters = append(in.Parameters, cfntypes.Parameter{ParameterKey: aws.String(p.Name), ParameterValue: aws.String(w.given(p.Name))})
		}
	}
	if _, err := client.CreateStack(w.t.Context(), in); err != nil {
		w.t.Fatalf("stack %s in %s: %v", s.Name, region, err)
	}
	out, err := client.DescribeStackResources(w.t.Context(), &cloudformation.DescribeStackResourcesInput{StackName: &s.Name})
	w.must(err)
	for _, r := range out.StackResources {
		id := aws.ToString(r.PhysicalResourceId)
		w.made[s.Name+"/"+region+"/"+aws.ToString(r.LogicalResourceId)] = id
		if aws.ToString(r.ResourceType) == "AWS::Lambda::Function" {
			w.handed = append(w.handed, id)
		}
	}
	w.beyond(s, region)
}

// given is the value of a parameter that has no default.
func (w *world) given(name string) string {
	w.t.Helper()
	value := map[string]string{"AlertEmail": "soc@example.com", "HomeRegion": w.cfg.Region, "CentralAccountId": w.account, "ManagementAccountId": w.account, "OrganizationId": "o-exampleorgid", "LogBucketName": w.logs}[name]
	if value == "" {
		w.t.Fatalf("nothing is known to give to the parameter %s", name)
	}
	return value
}

// named is the physical name of a resource; there must be one.
func (w *world) named(logical string) string {
	w.t.Helper()
	for k, v := range w.made {
		if strings.HasSuffix(k, "/"+w.cfg.Region+"/"+logical) {
			return v
		}
	}
	w.t.Fatalf("no stack made %s", logical)
	return ""
}

func (w *world) put(bucket, key string, body []byte) {
	w.t.Helper()
	w.open(bucket)
	_, err := awstest.S3(w.cfg).PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	w.must(err)
}

// open takes a bucket's policy away once it has been judged: the emulator denies
// by statements whatever their conditions say, here that there is no TLS.
func (w *world) open(bucket string) {
	_, err := awstest.S3(w.cfg).DeleteBucketPolicy(w.t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &bucket})
	w.must(err)
}

// examined holds what was made to checks of the doctor: each is about something
// here, and says that nothing is broken.
func (w *world) examined(checks ...string) {
	w.t.Helper()
	target := doctor.TargetOf(w.conf, "")
	target.Regions = slices.Compact([]string{w.cfg.Region, "us-east-1"})
	catalogue := slices.DeleteFunc(doctor.Catalogue(), func(c doctor.Check) bool { return !slices.Contains(checks, c.ID) })
	if len(catalogue) != len(checks) {
		w.t.Fatalf("not all of %v are checks", checks)
	}
	report := doctor.Run(w.t.Context(), doctor.New(target, doctor.Options{AWS: w.cfg}), catalogue)
	for _, r := range report.Results {
		if r.State == doctor.Broken || r.State == doctor.Unknown {
			w.t.Errorf("%s is %s: %s: %s", r.Check, r.State, r.Object, r.Cause)
		}
	}
	for _, c := range checks {
		if !slices.ContainsFunc(report.Of(c), func(r doctor.Result) bool { return r.State == doctor.OK || r.State == doctor.Warn }) {
			w.t.Errorf("%s is about nothing here: %+v", c, report.Of(c))
		}
	}
}

// start runs the real binary with the environment that the stack gave the
// function.
func (w *world) start() *runtimeapi.Function {
	w.t.Helper()
	binary, err := built()
	w.must(err)
	if len(w.handed) != 1 {
		w.t.Fatalf("functions %v, want one", w.handed)
	}
	out, err := lambda.NewFromConfig(w.cfg).GetFunctionConfiguration(w.t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &w.handed[0]})
	w.must(err)
	env := append(awstest.Env(w.t, w.cfg), "AWS_REGION="+w.cfg.Region, "AWS_DEFAULT_REGION="+w.cfg.Region)
	if out.Environment == nil || out.Environment.Variables["TRAILWARDEN_CONFIG"] == "" {
		w.t.Fatalf("the function has no TRAILWARDEN_CONFIG: %+v", out.Environment)
	}
	for name, value := range out.Environment.Variables {
		env = append(env, name+"="+value)
	}
	f, err := runtimeapi.Start(binary, env)
	w.must(err)
	w.t.Cleanup(func() { _ = f.Close() })
	return f
}

func (w *world) invoke(f *runtimeapi.Function, event any) []byte {
	w.t.Helper()
	text, err := json.Marshal(event)
	w.must(err)
	out, err := f.Invoke(text, 3*time.Minute)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, f.Log())
	}
	return out
}

type object = map[string]any

// record is one of CloudTrail's.
func (w *world) record(region, source, name string) object {
	w.records++
	return object{"eventVersion": "1.11", "eventTime": time.Now().UTC().Format("2006-01-02T15:04:05Z"), "eventSource": source, "eventName": name, "awsRegion": region,
		"sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.15.0", "eventID": fmt.Sprintf("00000000-0000-4000-8000-%012d", w.records), "eventType": "AwsApiCall",
		"readOnly": false, "managementEvent": true, "eventCategory": "Management", "recipientAccountId": w.account, "requestParameters": object{"name": "everything"},
		"userIdentity": object{"type": "IAMUser", "userName": "mallory", "accountId": w.account, "arn": "arn:aws:iam::" + w.account + ":user/mallory", "principalId": "AIDAEXAMPLE"}}
}

// deliver writes a log file into the bucket as CloudTrail does, and returns its
// key.
func (w *world) deliver(bucket string, records ...object) string {
	w.t.Helper()
	text, err := json.Marshal(object{"Records": records})
	w.must(err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(text)
	_ = z.Close()
	now := time.Now().UTC()
	key := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_endtoendendtoend.json.gz", w.account, w.cfg.Region, now.Format("2006/01/02"), w.account, w.cfg.Region, now.Format("20060102T1504Z"))
	w.put(bucket, key, b.Bytes())
	return key
}

// created is the event by which a bucket tells of a new file.
func created(bucket, key string) object {
	return object{"Records": []object{{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": time.Now().UTC().Format(time.RFC3339),
		"s3": object{"bucket": object{"name": bucket}, "object": object{"key": key}}}}}
}

// schedule is the event by which the clock invokes the function.
func (w *world) schedule() object {
	return object{"source": "aws.events", "detail-type": "Scheduled Event", "detail": object{}, "time": time.Now().UTC().Format(time.RFC3339), "region": w.cfg.Region, "account": w.account}
}

// told waits until something was told. Mostly it was before; a message that did
// not get through at once is sent again by the schedule, as when deployed.
func (w *world) told(f *runtimeapi.Function, is func() bool) {
	w.t.Helper()
	for range 40 {
		if is() {
			return
		}
		time.Sleep(3 * time.Second)
		w.invoke(f, w.schedule())
	}
	w.t.Errorf("nothing was told\n%s", f.Log())
}
