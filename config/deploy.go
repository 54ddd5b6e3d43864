package config

// Deploy is what trailwarden deploy makes infrastructure of; nothing that runs
// reads it.
type Deploy struct {
	Topology     string   `key:"topology" enum:"s3-lambda-servicenow,eventbridge-lambda-slack,s3-lambda-sns,logs-alarms-sns,trail-athena-ses-slack,recommended" doc:"The architecture; see docs/deploy.md."`
	Name         string   `key:"name" default:"trailwarden" doc:"What the names of stacks and resources begin with: lower-case letters, digits and hyphens."`
	Region       string   `key:"region" doc:"Region of all that stands in one region; without it, aws.region, else us-east-1."`
	Regions      []string `key:"regions" doc:"Regions to watch, as approved_regions has them; without it, all that need no enabling."`
	Bucket       string   `key:"bucket" doc:"Bucket of the log files."`
	Prefix       string   `key:"prefix" doc:"What its keys begin with, before AWSLogs."`
	Trail        string   `key:"trail" doc:"Name of the trail; without it, that of name."`
	Topic        string   `key:"topic" doc:"ARN of the SNS topic that is told of new log files, when there is one."`
	Key          string   `key:"kms_key" doc:"ARN of the KMS key that log files are encrypted with, when there is one."`
	Artifacts    string   `key:"artifacts" doc:"Bucket of the function's code and of this configuration, when there is one."`
	Bus          string   `key:"bus" doc:"Name of the central EventBridge bus, which is not the default one; without it, one of name."`
	Reuse        []string `key:"reuse" enum:"bucket,trail,log_group,table,bus" doc:"What exists and is used as it is."`
	LogGroup     string   `key:"log_group" doc:"CloudWatch Logs group that the trail delivers to; without it, one of name."`
	Organization string   `key:"organization" doc:"Id of the organization, o-…; without it, one account is watched."`
	Management   string   `key:"management_account" doc:"Id of the organization's management account, 12 digits."`
	Account      string   `key:"account" doc:"Id of the account that the watch runs in, 12 digits."`
	Accounts     []string `key:"accounts" doc:"Ids of the accounts that deliver, for Athena's table; with none, or more than 50, queries name the accounts they ask about."`
	Encryption   string   `key:"encryption" default:"kms" enum:"kms,s3" doc:"How log files are encrypted: with a KMS key of their own, or by Amazon S3."`
	Email        []string `key:"email" doc:"Addresses that are told when the watch itself fails."`
	Architecture string   `key:"architecture" default:"arm64" enum:"arm64,x86_64" doc:"Of the function's code."`
	Image        string   `key:"image" doc:"URI of a container image in Amazon ECR, in place of the zip file."`
	Memory       int      `key:"memory" default:"512" min:"128" max:"10240" doc:"The function's memory, MB."`
	Retention    int      `key:"log_retention" default:"90" min:"1" max:"3653" doc:"Days that the function's own log is kept, one of the values that CloudWatch Logs knows."`
	Cold         int      `key:"cold_after" default:"90" min:"30" doc:"Days after which log files move to colder storage."`
	Expire       int      `key:"expire_after" default:"730" min:"90" doc:"Days after which log files are deleted; Amazon S3's clock."`
	ScanLimit    Bytes    `key:"scan_limit" default:"100GiB" min:"10000000" doc:"Most bytes that one Athena query may scan."`
}
