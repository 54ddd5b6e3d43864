package plan

import "fmt"

// A kind says how a type of resource is identified (AWS CloudFormation Template
// Reference, Return values): the property with its name, its ARN with %s for it,
// and what Ref gives: name, arn or url.
type kind struct{ name, service, arn, ref string }

// kinds are the types that a plan may refer to.
func kinds() map[string]kind {
	return map[string]kind{
		"AWS::S3::Bucket":             {"BucketName", "s3", "%s", "name"},
		"AWS::IAM::Role":              {"RoleName", "iam", "role/%s", "name"},
		"AWS::Lambda::Function":       {"FunctionName", "lambda", "function:%s", "name"},
		"AWS::SNS::Topic":             {"TopicName", "sns", "%s", "arn"},
		"AWS::SQS::Queue":             {"QueueName", "sqs", "%s", "url"},
		"AWS::DynamoDB::Table":        {"TableName", "dynamodb", "table/%s", "name"},
		"AWS::Logs::LogGroup":         {"LogGroupName", "logs", "log-group:%s:*", "name"},
		"AWS::CloudTrail::Trail":      {"TrailName", "cloudtrail", "trail/%s", "name"},
		"AWS::Events::EventBus":       {"Name", "events", "event-bus/%s", "name"},
		"AWS::Events::Rule":           {"Name", "events", "rule/%s", "name"},
		"AWS::Athena::WorkGroup":      {"Name", "athena", "workgroup/%s", "name"},
		"AWS::CloudWatch::Alarm":      {"AlarmName", "cloudwatch", "alarm:%s", "name"},
		"AWS::SES::EmailIdentity":     {"EmailIdentity", "ses", "identity/%s", "name"},
		"AWS::KMS::Key":               {"", "kms", "key/%s", "name"},
		"AWS::KMS::Alias":             {"AliasName", "kms", "%s", "name"},
		"AWS::Glue::Database":         {"", "glue", "database/%s", "name"},
		"AWS::Glue::Table":            {"", "glue", "table/%s", "name"},
		"AWS::Logs::MetricFilter":     {"FilterName", "", "", "name"},
		"AWS::SNS::TopicPolicy":       {},
		"AWS::SQS::QueuePolicy":       {},
		"AWS::S3::BucketPolicy":       {},
		"AWS::Lambda::Permission":     {},
		"AWS::SNS::Subscription":      {},
		"AWS::Events::EventBusPolicy": {},
	}
}

// Name is the name of a resource as a value, or nil for those that have none of
// their own.
func (r *Resource) Name() Value {
	switch r.Type {
	case "AWS::KMS::Key":
		return Text("00000000-0000-4000-8000-000000000000")
	case "AWS::Glue::Database", "AWS::Glue::Table":
		in, _ := r.Properties.Get(map[string]string{"AWS::Glue::Database": "DatabaseInput", "AWS::Glue::Table": "TableInput"}[r.Type]).(Map)
		return in.Get("Name")
	}
	k, ok := kinds()[r.Type]
	if !ok || k.name == "" {
		return nil
	}
	return r.Properties.Get(k.name)
}

// ARN is the ARN of a resource of the stack.
func (p Place) ARN(id string) (string, error) { return p.of(id, "Arn") }

// of is what Ref (attr empty) or GetAtt gives.
func (p Place) of(id, attr string) (string, error) {
	r := p.Stack.Resource(id)
	if r == nil {
		return "", fmt.Errorf("there is no resource %s", id)
	}
	k, ok := kinds()[r.Type]
	n := r.Name()
	if !ok || n == nil {
		return "", fmt.Errorf("%s (%s) has no name", id, r.Type)
	}
	name, err := p.Text(n)
	if err != nil {
		return "", err
	}
	switch {
	case attr == "Arn" || attr == "TopicArn" || attr == "" && k.ref == "arn":
		return p.arn(k, name, r), nil
	case attr == "" && k.ref == "url":
		return fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", p.Region, p.Account, name), nil
	case attr == "", attr == "QueueName", attr == "TopicName":
		return name, nil
	}
	return "", fmt.Errorf("%s has no attribute %s", id, attr)
}

func (p Place) arn(k kind, name string, r *Resource) string {
	region, account := p.Region, p.Account
	switch k.service {
	case "s3":
		region, account = "", ""
	case "iam":
		region = ""
	}
	if bus := r.Properties.Get("EventBusName"); r.Type == "AWS::Events::Rule" && bus != nil {
		if b, err := p.Text(bus); err == nil && b != "default" {
			name = b + "/" + name
		}
	}
	return fmt.Sprintf("arn:%s:%s:%s:%s:"+k.arn, p.Partition, k.service, region, account, name)
}
