package synth

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// accountIDs are account numbers that AWS's own documentation uses.
var accountIDs = [...]string{
	"111122223333", "444455556666", "777788889999", "123456789012", "111111111111", "222222222222", "333333333333",
	"444444444444", "555555555555", "666666666666", "777777777777", "888888888888", "999999999999", "210987654321",
}

// regions carry their share of the traffic, in percent.
var regions = [...]struct {
	name  string
	share float64
}{
	{"us-east-1", 48}, {"us-west-2", 28}, {"eu-west-1", 7}, {"eu-central-1", 4}, {"us-east-2", 3}, {"ap-southeast-2", 2},
	{"ap-northeast-1", 2}, {"us-west-1", 1}, {"eu-west-2", 1}, {"eu-west-3", .6}, {"eu-north-1", .6}, {"ap-south-1", .6},
	{"ap-southeast-1", .6}, {"ap-northeast-2", .4}, {"ca-central-1", .4}, {"sa-east-1", .4}, {"ap-northeast-3", .4},
}

// addressBlocks are the networks that RFC 5737 reserves for documentation.
var addressBlocks = [...]string{"192.0.2.", "198.51.100.", "203.0.113."}

var userAgents = []string{
	"aws-sdk-go-v2/1.36.3 os/linux lang/go#1.24.1 md/GOOS#linux md/GOARCH#arm64 api/ec2#1.211.0 ft/ec2-imds",
	"Boto3/1.37.11 md/Botocore#1.37.11 ua/2.0 os/linux#6.1.128 md/arch#aarch64 lang/python#3.13.2 md/pyimpl#CPython exec-env/AWS_Lambda_python3.13 cfg/retry-mode#legacy Botocore/1.37.11",
	"APN/1.0 HashiCorp/1.0 Terraform/1.11.2 (+https://www.terraform.io) terraform-provider-aws/5.90.1 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3 os/linux lang/go#1.23.7",
	"aws-cli/2.24.22 md/awscrt#0.23.8 ua/2.1 os/macos#24.3.0 md/arch#arm64 lang/python#3.12.9 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/command#ec2.describe-instances",
	"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
	"[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.780 Linux/5.10.234 OpenJDK_64-Bit_Server_VM/25.442-b06 java/1.8.0_442 vendor/Oracle_Corporation cfg/retry-mode/standard]",
	"aws-sdk-java/2.30.38 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.128 lang/java#21.0.6 md/OpenJDK_64-Bit_Server_VM#21.0.6 md/vendor#Amazon.com_Inc. cfg/auth-source#imds",
	"kubelet/v1.32.1 (linux/arm64) kubernetes/f7cb5e3 aws-sdk-go-v2/1.36.0",
	"example-inventory/4.2 (+https://example.com/bot) Boto3/1.36.5 md/Botocore#1.36.5 lang/python#3.11.11",
}

// callingServices are principals of calls that AWS makes by itself.
var callingServices = []string{
	"lambda", "ec2", "autoscaling", "config", "cloudtrail", "ecs-tasks", "elasticloadbalancing", "eks", "guardduty", "rds", "ssm", "cloudformation",
}

var words = strings.Fields(`orders payments billing search ingest audit catalog session notify export import
	report media thumb ledger fraud risk profile gateway edge worker batch metrics trace config deploy build
	release backup archive`)

// An account owns the things that its records speak of.
type account struct {
	id                                        string
	roles, users, buckets, functions, teams   []string
	instances, groups, subnets, vpcs, secrets []string
	kmsKeys, addresses                        []string
	homes                                     map[string]string // the address from which a user works
}

func newAccount(id string, r *rand.Rand) *account {
	a := &account{id: id}
	word := func() string { return words[r.IntN(len(words))] }
	fill := func(list *[]string, n int, name func() string) {
		for range n {
			*list = append(*list, name())
		}
	}
	fill(&a.roles, 40, func() string { return word() + "-" + word() + "-role" })
	a.roles = append(a.roles, "AWSReservedSSO_AdministratorAccess_"+from(r, hexDigits, 16), "OrganizationAccountAccessRole")
	fill(&a.users, 12, func() string { return word() + "." + from(r, "abcdefghijklmnop", 6) })
	fill(&a.buckets, 25, func() string { return word() + "-" + word() + "-" + from(r, hexDigits, 8) })
	fill(&a.functions, 25, func() string { return word() + "-" + word() + "-fn" })
	fill(&a.teams, 25, func() string { return word() + "-" + word() })
	fill(&a.instances, 200, func() string { return "i-0" + from(r, hexDigits, 16) })
	fill(&a.groups, 25, func() string { return "sg-0" + from(r, hexDigits, 16) })
	fill(&a.subnets, 25, func() string { return "subnet-0" + from(r, hexDigits, 16) })
	fill(&a.vpcs, 4, func() string { return "vpc-0" + from(r, hexDigits, 16) })
	fill(&a.secrets, 25, func() string { return "prod/" + word() + "/" + word() + "-" + from(r, alphanumeric[:52], 6) })
	fill(&a.kmsKeys, 25, func() string { return string(appendUUID(nil, r)) })
	fill(&a.addresses, 60, func() string { return fmt.Sprint(addressBlocks[r.IntN(len(addressBlocks))], 1+r.IntN(254)) })
	a.homes = map[string]string{}
	for _, user := range a.users {
		a.homes[user] = favourite(r, a.addresses)
	}
	return a
}

// pickRegion picks one of the first n regions by its share.
func pickRegion(r *rand.Rand, n int) string {
	total := 0.0
	for _, region := range regions[:n] {
		total += region.share
	}
	x := r.Float64() * total
	for _, region := range regions[:n-1] {
		if x -= region.share; x < 0 {
			return region.name
		}
	}
	return regions[n-1].name
}
