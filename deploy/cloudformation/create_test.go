package cloudformation_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/deploy"
	render "github.com/trailwarden/trailwarden/deploy/cloudformation"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/deploytest"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

// values are what a test gives the parameters that have no default.
func values(cfg aws.Config, account string) map[string]string {
	return map[string]string{
		"LogBucketName": "trail-logs-of-" + account, "AlertEmail": "soc@example.com", "OrganizationId": "o-exampleorgid",
		"ManagementAccountId": account, "CentralAccountId": account, "HomeRegion": cfg.Region, "SenderMailAddress": "alerts@example.com",
	}
}

// Every stack of every topology is made by CloudFormation of an emulator, in the
// order of the page, with all that the template names.
func TestStacksAreMade(t *testing.T) {
	for _, name := range topology.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := awstest.Config(t)
			account := awstest.AccountID(t, cfg)
			p := deploytest.Sample(t, name, deploy.Options{Open: true})
			for _, step := range p.Steps {
				if s := p.Stack(step.Stack); s != nil {
					create(t, cfg, s, values(cfg, account))
				}
				if step.Title == "Upload code and configuration" {
					upload(t, cfg, "trailwarden-artifacts-"+account+"-"+cfg.Region)
				}
			}
		})
	}
}

func upload(t *testing.T, cfg aws.Config, bucket string) {
	t.Helper()
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("function.zip"), Body: bytes.NewReader([]byte("PK"))}); err != nil {
		t.Fatal(err)
	}
}

// create makes a stack, and looks whether all of it is there.
func create(t *testing.T, cfg aws.Config, s *plan.Stack, given map[string]string) {
	t.Helper()
	client := cloudformation.NewFromConfig(cfg)
	in := &cloudformation.CreateStackInput{StackName: &s.Name, TemplateBody: aws.String(string(render.Template(s))), Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam}}
	for _, p := range s.Parameters {
		if p.Required {
			in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: aws.String(p.Name), ParameterValue: aws.String(given[p.Name])})
		}
	}
	if _, err := client.CreateStack(t.Context(), in); err != nil {
		t.Fatalf("stack %s: %v", s.Name, err)
	}
	out, err := client.DescribeStackResources(t.Context(), &cloudformation.DescribeStackResourcesInput{StackName: &s.Name})
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, r := range out.StackResources {
		made[aws.ToString(r.LogicalResourceId)] = true
	}
	for _, r := range s.Resources {
		if !made[r.ID] && !unknown(r.Type) {
			t.Errorf("stack %s: %s (%s) was not made", s.Name, r.ID, r.Type)
		}
	}
}

// unknown are types that the emulator's CloudFormation does not make; cfn-lint
// looks at their properties.
func unknown(typ string) bool {
	switch typ {
	case "AWS::Athena::WorkGroup", "AWS::CloudTrail::Trail", "AWS::CloudWatch::Alarm", "AWS::Events::EventBusPolicy", "AWS::Glue::Database", "AWS::Glue::Table",
		"AWS::Lambda::EventInvokeConfig", "AWS::Logs::MetricFilter", "AWS::Logs::SubscriptionFilter", "AWS::S3::BucketPolicy", "AWS::SES::EmailIdentity",
		"AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy":
		return true
	}
	return false
}
